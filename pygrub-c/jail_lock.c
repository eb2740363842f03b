/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a jail may ask of the kernel: lists of system calls, each including
 * those before it that it names. Our own processes die by a call that is not
 * listed; foreign programs are told that it does not exist.
 */
#include <asm/termbits.h>
#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "jail.h"

static const int base_calls[] = { SCMP_SYS(read), SCMP_SYS(readv),
	SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg),
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(close), SCMP_SYS(brk),
	SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(exit),
	SCMP_SYS(exit_group), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(futex), SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday),
	SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(getpid),
	SCMP_SYS(restart_syscall),
#ifdef TENON_SANITIZED
	SCMP_SYS(openat), SCMP_SYS(readlink), SCMP_SYS(sigaltstack),
	SCMP_SYS(gettid), SCMP_SYS(sched_yield), SCMP_SYS(mmap),
	SCMP_SYS(mprotect), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
	SCMP_SYS(ioctl), SCMP_SYS(lseek), SCMP_SYS(prctl),
#endif
	-1 };

static const int menu_calls[] = { SCMP_SYS(select), SCMP_SYS(pselect6),
	SCMP_SYS(fstat), SCMP_SYS(lseek), SCMP_SYS(fcntl), -1 };

static const int disk_calls[] = { SCMP_SYS(pread64), SCMP_SYS(pwrite64),
	SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
	SCMP_SYS(copy_file_range), SCMP_SYS(sendfile), SCMP_SYS(ftruncate),
	SCMP_SYS(fadvise64), SCMP_SYS(getuid), SCMP_SYS(geteuid),
	SCMP_SYS(getgid), SCMP_SYS(getegid), -1 };

static const int reader_calls[] = { SCMP_SYS(pread64), SCMP_SYS(pwrite64),
	SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
	SCMP_SYS(copy_file_range), SCMP_SYS(sendfile), SCMP_SYS(fadvise64),
	SCMP_SYS(getdents64), SCMP_SYS(fcntl), SCMP_SYS(wait4), -1 };

/* What GRUB's tools, libfuse and the C library's start use. */
static const int grub_calls[] = { SCMP_SYS(execve), SCMP_SYS(openat),
	SCMP_SYS(open), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
	SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
	SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(access),
	SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(getcwd),
	SCMP_SYS(chdir), SCMP_SYS(fchdir), SCMP_SYS(getdents64),
	SCMP_SYS(lseek), SCMP_SYS(pread64), SCMP_SYS(dup), SCMP_SYS(dup2),
	SCMP_SYS(dup3), SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(fcntl),
	SCMP_SYS(mmap), SCMP_SYS(mprotect), SCMP_SYS(arch_prctl),
	SCMP_SYS(set_tid_address), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
	SCMP_SYS(prlimit64), SCMP_SYS(getuid), SCMP_SYS(geteuid),
	SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getppid),
	SCMP_SYS(gettid), SCMP_SYS(setsid), SCMP_SYS(umask), SCMP_SYS(vfork),
	SCMP_SYS(wait4), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(sigaltstack),
	SCMP_SYS(tgkill), SCMP_SYS(kill), SCMP_SYS(ioctl), -1 };

/* And what QEMU's event loop and its FUSE export need. */
static const int qemu_calls[] = { SCMP_SYS(eventfd2), SCMP_SYS(signalfd4),
	SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime),
	SCMP_SYS(timerfd_gettime), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(preadv),
	SCMP_SYS(fdatasync), SCMP_SYS(fsync), SCMP_SYS(prctl),
	SCMP_SYS(rt_sigtimedwait), SCMP_SYS(clock_getres),
	SCMP_SYS(setpriority), SCMP_SYS(umount2), SCMP_SYS(socketpair),
	SCMP_SYS(socket), SCMP_SYS(fallocate), SCMP_SYS(io_uring_setup),
	SCMP_SYS(splice), SCMP_SYS(membarrier), SCMP_SYS(rt_sigpending),
	SCMP_SYS(unlink), SCMP_SYS(ftruncate), SCMP_SYS(sched_setaffinity),
	SCMP_SYS(rmdir), -1 };

static int allow(scmp_filter_ctx ctx, const int *calls)
{
	int ret = 0;

	for (; *calls != -1 && !ret; calls++)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, *calls, 0);
	return ret;
}

/* Memory that holds no code. */
static int allow_memory(scmp_filter_ctx ctx)
{
	int ret = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
		SCMP_A2(SCMP_CMP_MASKED_EQ, 4 /* PROT_EXEC */, 0));

	if (!ret)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect),
			1, SCMP_A2(SCMP_CMP_MASKED_EQ, 4, 0));
	return ret;
}

static int allow_terminal(scmp_filter_ctx ctx)
{
	static const unsigned long requests[] = { TCGETS, TCSETS, TCSETSW,
		TCSETSF, TIOCGWINSZ, TCFLSH };
	int ret = 0;

	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests) && !ret;
		i++)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
			SCMP_A1(SCMP_CMP_EQ, requests[i], 0));
	return ret;
}

/* Files are opened for reading, below a directory that is open. */
static int allow_open(scmp_filter_ctx ctx)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 2,
		SCMP_A0(SCMP_CMP_LE, 255, 0),
		SCMP_A2(SCMP_CMP_MASKED_EQ,
			O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND, O_RDONLY));
}

/* What libfuse asks for: no bind, no remount, no move, no propagation. */
static int allow_mount(scmp_filter_ctx ctx)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mount), 1,
		SCMP_A3(SCMP_CMP_MASKED_EQ,
			~(unsigned long)(MS_RDONLY | MS_NOSUID | MS_NODEV), 0));
}

/* Processes and threads, but no namespaces; clone3 hides its flags. */
static int allow_clone(scmp_filter_ctx ctx)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
		SCMP_A0(SCMP_CMP_MASKED_EQ,
			CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET |
				CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
				CLONE_NEWCGROUP,
			0));
}

static int fill(scmp_filter_ctx ctx, enum jail_filter filter)
{
	int ret = allow(ctx, base_calls);

	if (!ret && filter != JAIL_GRUB && filter != JAIL_QEMU)
		ret = allow_memory(ctx);
	if (ret)
		return ret;
	switch (filter) {
	case JAIL_PARSER:
		return 0;
	case JAIL_MENU:
		ret = allow(ctx, menu_calls);
		return ret ? ret : allow_terminal(ctx);
	case JAIL_DISK:
		/* libblkid asks sysfs about block devices, in vain. */
		ret = seccomp_rule_add(
			ctx, SCMP_ACT_ERRNO(ENOENT), SCMP_SYS(openat), 0);
		if (!ret)
			ret = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOTTY),
				SCMP_SYS(ioctl), 0);
#ifdef TENON_SANITIZED
		ret = 0;
#endif
		return ret ? ret : allow(ctx, disk_calls);
	case JAIL_READER:
		ret = allow(ctx, reader_calls);
		return ret ? ret : allow_open(ctx);
	case JAIL_QEMU:
		ret = allow(ctx, qemu_calls);
		/* fall through */
	case JAIL_GRUB:
		if (!ret)
			ret = allow(ctx, grub_calls);
		if (!ret)
			ret = allow_clone(ctx);
		return ret ? ret : allow_mount(ctx);
	}
	return -EINVAL;
}

static int drop_capabilities(bool may_mount)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { 0 };

	for (unsigned int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		if (may_mount && cap == CAP_SYS_ADMIN)
			continue;
		/* Headers may be newer than the kernel. */
		if (prctl(PR_CAPBSET_DROP, cap) && errno != EINVAL)
			return -errno;
	}
	if (may_mount) {
		data[CAP_SYS_ADMIN / 32].effective |= 1U << CAP_SYS_ADMIN % 32;
		data[CAP_SYS_ADMIN / 32].permitted = data[0].effective;
	}
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

int jail_lock(enum jail_filter filter)
{
	bool is_foreign = filter == JAIL_GRUB || filter == JAIL_QEMU;
	scmp_filter_ctx ctx;
	int ret = drop_capabilities(is_foreign);

	if (ret)
		return ret;
	ctx = seccomp_init(
		is_foreign ? SCMP_ACT_ERRNO(ENOSYS) : SCMP_ACT_KILL_PROCESS);
	if (!ctx)
		return -ENOMEM;
	ret = fill(ctx, filter);
	if (!ret)
		ret = seccomp_load(ctx);
	seccomp_release(ctx);
	return ret;
}
