/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the worker gives up: the user, and all system calls but those of its
 * loop. It opens nothing: its descriptors come from the keeper.
 */
#include "keeper.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "xen_dev.h"

/* The user that owns nothing, where no name says another. */
#define NOBODY 65534

static int drop_user(const char *name)
{
	const struct passwd *pw = name ? getpwnam(name) : NULL;
	uid_t uid = pw ? pw->pw_uid : NOBODY;
	gid_t gid = pw ? pw->pw_gid : NOBODY;

	if (name && !pw) {
		log_line(true, "there is no user %s", name);
		return -ENOENT;
	}
	if (geteuid())
		return 0;
	if (setgroups(0, NULL) || setresgid(gid, gid, gid) ||
		setresuid(uid, uid, uid))
		return -errno;
	return 0;
}

#ifndef TENON_SANITIZED
static const int allowed[] = {
	/* sockets, lines, events */
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(close),
	/* memory, and the journal's files */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(fallocate),
	SCMP_SYS(ftruncate),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(fdatasync),
	SCMP_SYS(pwrite64),
	SCMP_SYS(fstatfs),
	SCMP_SYS(fcntl),
	/* the C library's */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(getrandom),
	SCMP_SYS(futex),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(tgkill),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

static const unsigned int ioctls[] = { EVTCHN_NOTIFY, PRIVCMD_MAP_FRAMES };

static int filter(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	size_t i;
	int rc = ctx ? 0 : -ENOMEM;

	for (i = 0; !rc && i < sizeof(allowed) / sizeof(allowed[0]); i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
	for (i = 0; !rc && i < sizeof(ioctls) / sizeof(ioctls[0]); i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
			SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, ioctls[i]));
	/* No memory that holds code. */
	if (!rc)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (!rc)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect),
			1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (!rc)
		rc = seccomp_load(ctx);
	if (ctx)
		seccomp_release(ctx);
	return rc;
}
#endif

int sandbox_enter(const char *user, bool without_filter)
{
	pid_t keeper = getppid();
	int rc = 0;

	if (!without_filter)
		rc = drop_user(user);
	if (rc)
		return rc;
	/* Nobody is left to work for without a keeper. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != keeper)
		return -errno;
	if (without_filter)
		return 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
#ifdef TENON_SANITIZED
	/* The sanitizers' own system calls are beyond any list. */
	return 0;
#else
	return filter();
#endif
}
