/* SPDX-License-Identifier: BSD-2-Clause */
/* What a jail keeps its processes from, tried from inside. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <tenonctrl/why.h>
#include "jail.h"
#include "wire.h"

#define MIB	  (1ULL << 20)
#define ANSWER_MS 30000

/* One thing to try, behind a filter or before any. */
struct act {
	const char *name;
	/* 0: it was kept from it, or it was not there. */
	int (*act)(void);
	bool is_locked;
	enum jail_filter filter;
};

static int run_act(void *arg)
{
	const struct act *act = arg;
	struct wire_message m = { 0 };
	int ret = act->is_locked ? jail_lock(act->filter) : 0;

	if (ret)
		_exit(9);
	m.a = (uint64_t)act->act();
	return wire_answer(JAIL_SOCK, &m, 0, NULL, 0) ? 1 : 0;
}

static struct jail_spec spec_of(struct act *act)
{
	struct jail_spec spec = {
		.name = act->name,
		.user = { .uid = geteuid(), .gid = getegid() },
		.memory = 256 * MIB,
		.file_size = MIB,
		.cpu_seconds = 1,
		.run = run_act,
		.arg = act,
	};

	if (!geteuid())
		spec.user = (struct jail_user){ .uid = 65534, .gid = 65534 };
	return spec;
}

/* What the act returned; -EPIPE: the jail died of it. */
static int try_act(struct act *act)
{
	struct jail_spec spec = spec_of(act);
	struct jail jail = { 0 };
	struct wire_message m;
	struct why why;
	char *payload;
	int ret = jail_start(&spec, &jail, &why);

	if (ret) {
		print_message("%s\n", why.text);
		skip();
	}
	ret = wire_receive(jail.sock, &m, &payload, NULL, ANSWER_MS);
	jail_end(&jail);
	if (!ret) {
		ret = m.status ? m.status : (int)m.a;
		free(payload);
	}
	return ret;
}

static int do_nothing(void)
{
	return 0;
}

static int do_open(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0;
}

static int do_write(void)
{
	return open("/x", O_RDWR | O_CREAT, 0600) >= 0;
}

static int do_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static int do_fork(void)
{
	return syscall(SYS_fork) >= 0;
}

static int do_exec(void)
{
	char *const argv[] = { "sh", NULL };

	return execve("/bin/sh", argv, NULL) ? 0 : 1;
}

static int do_kill(void)
{
	return !syscall(SYS_kill, -1, 0);
}

static int do_ptrace(void)
{
	return !ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int do_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static int do_mount(void)
{
	return !mount("x", "/", "tmpfs", 0, NULL);
}

static int do_unshare(void)
{
	return !unshare(CLONE_NEWUSER);
}

static int do_ioctl(void)
{
	char c = 'x';

	/* Types into the terminal as if a person had. */
	return !syscall(SYS_ioctl, 0, 0x5412 /* TIOCSTI */, &c);
}

static void our_filters_kill(void **state)
{
	static const enum jail_filter filters[] = { JAIL_PARSER, JAIL_MENU,
		JAIL_DISK, JAIL_READER };
	static const struct act acts[] = {
		{ .name = "socket", .act = do_socket },
		{ .name = "fork", .act = do_fork },
		{ .name = "exec", .act = do_exec },
		{ .name = "kill", .act = do_kill },
		{ .name = "ptrace", .act = do_ptrace },
		{ .name = "mount", .act = do_mount },
		{ .name = "unshare", .act = do_unshare },
		{ .name = "write", .act = do_write },
		{ .name = "open", .act = do_open },
		{ .name = "code", .act = do_code },
		{ .name = "ioctl", .act = do_ioctl },
	};
#ifdef TENON_SANITIZED
	/* The sanitizers' runtime needs what the last four try. */
	const size_t left_out = 4;
#else
	const size_t left_out = 0;
#endif

	(void)state;
	for (size_t f = 0; f < sizeof(filters) / sizeof(*filters); f++) {
		for (size_t i = 0; i < sizeof(acts) / sizeof(*acts) - left_out;
			i++) {
			struct act act = acts[i];
			int ret;

			act.is_locked = true;
			act.filter = filters[f];
			ret = try_act(&act);
			/* libblkid may ask, and gets no. */
			if (filters[f] == JAIL_DISK &&
				(act.act == do_open || act.act == do_write ||
					act.act == do_ioctl))
				assert_int_equal(ret, 0);
			else if (ret != -EPIPE)
				fail_msg("%s, filter %d: %d", act.name,
					(int)filters[f], ret);
		}
	}
}

static void a_filter_lets_work_through(void **state)
{
	static const enum jail_filter filters[] = { JAIL_PARSER, JAIL_MENU,
		JAIL_DISK, JAIL_READER, JAIL_GRUB, JAIL_QEMU };

	(void)state;
	for (size_t f = 0; f < sizeof(filters) / sizeof(*filters); f++) {
		struct act act = { .name = "nothing",
			.act = do_nothing,
			.is_locked = true,
			.filter = filters[f] };

		assert_int_equal(try_act(&act), 0);
	}
}

static int do_bind(void)
{
	return !mount("/", "/x", NULL, MS_BIND, NULL) || errno != ENOSYS;
}

static int do_clone_ns(void)
{
	return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) >= 0;
}

static void programs_are_told_no(void **state)
{
	static const struct act acts[] = {
		{ .name = "socket", .act = do_socket },
		{ .name = "ptrace", .act = do_ptrace },
		{ .name = "unshare", .act = do_unshare },
		{ .name = "bind", .act = do_bind },
		{ .name = "clone", .act = do_clone_ns },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
		struct act act = acts[i];

		act.is_locked = true;
		act.filter = JAIL_GRUB;
		if (try_act(&act))
			fail_msg("%s", act.name);
	}
}

/* The rest needs no filter: there is nothing that it could hide. */

static int see_network(void)
{
	struct if_nameindex *all = if_nameindex();
	int n = 0;

	for (struct if_nameindex *i = all; i && i->if_index; i++)
		n += strcmp(i->if_name, "lo") != 0;
	if_freenameindex(all);
	return n;
}

static int see_processes(void)
{
	return getpid() != 1 || !access("/proc", F_OK) || getppid() != 0;
}

static int see_descriptors(void)
{
	int n = 0;

	for (int fd = JAIL_SOCK + 1; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int have_privileges(void)
{
	return setuid(0) || !prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) ||
	       prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1;
}

static int take_memory(void)
{
#ifdef TENON_SANITIZED
	return 0;
#else
	return mmap(NULL, 300 * MIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0) != MAP_FAILED;
#endif
}

static void nothing_is_seen(void **state)
{
	static const struct act acts[] = {
		{ .name = "files", .act = do_open },
		{ .name = "network", .act = see_network },
		{ .name = "processes", .act = see_processes },
		{ .name = "descriptors", .act = see_descriptors },
		{ .name = "privileges", .act = have_privileges },
		{ .name = "memory", .act = take_memory },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
		struct act act = acts[i];
		int ret = try_act(&act);

		if (ret)
			fail_msg("%s: %d", act.name, ret);
	}
}

static int spin(void)
{
	volatile unsigned int i = 1;

	while (i)
		i |= 1;
	return 0;
}

static void time_ends(void **state)
{
	struct act act = { .name = "spin", .act = spin };

	(void)state;
	assert_int_equal(try_act(&act), -EPIPE);
}

static int wait_for_ever(void)
{
	while (pause())
		;
	return 0;
}

/* A process of another user: 0 when it is there. */
static bool is_there(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return !access(path, F_OK);
}

static void it_dies_with_its_broker(void **state)
{
	static struct act act = { .name = "wait", .act = wait_for_ever };
	pid_t broker, inside = 0;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	broker = fork();
	if (!broker) {
		struct jail_spec spec = spec_of(&act);
		struct jail jail = { 0 };
		struct why why;

		if (jail_start(&spec, &jail, &why))
			_exit(1);
		/* It has set itself up when it stops to use the CPU. */
		usleep(200000);
		if (write(ends[1], &jail.pid, sizeof(jail.pid)) < 0)
			_exit(1);
		wait_for_ever();
	}
	close(ends[1]);
	if (read(ends[0], &inside, sizeof(inside)) != sizeof(inside))
		inside = 0;
	close(ends[0]);
	kill(broker, SIGKILL);
	waitpid(broker, NULL, 0);
	if (!inside)
		skip();
	for (int i = 0; i < 100 && is_there(inside); i++)
		usleep(50000);
	assert_false(is_there(inside));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_filter_lets_work_through),
		cmocka_unit_test(our_filters_kill),
		cmocka_unit_test(programs_are_told_no),
		cmocka_unit_test(nothing_is_seen),
		cmocka_unit_test(time_ends),
		cmocka_unit_test(it_dies_with_its_broker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
