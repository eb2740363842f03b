/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The jail in which a guest's QEMU runs, from within: what it can still reach,
 * and what not. Needs root with the right to mount.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "qemu_jail.h"

static char root[] = "/tmp/tenon-jail-XXXXXX";

static char *path_to(const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%s", root, name) > 0);
	return path;
}

static int make_files(void **state)
{
	char command[256];

	(void)state;
	if (!mkdtemp(root))
		return -1;
	snprintf(command, sizeof(command),
		"cd %s && mkdir share && touch own other later read share/old",
		root);
	return system(command);
}

static int remove_files(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

/* 0, or the errno of opening it to write. */
static int try_open(const char *name)
{
	char *path = *name == '/' ? strdup(name) : path_to(name);
	int fd = open(path, O_RDWR | O_CREAT, 0600), error = errno;

	free(path);
	if (fd < 0)
		return error;
	close(fd);
	return 0;
}

static bool can_mount(void)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(unshare(CLONE_NEWNS) ||
			mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
			mount(root, root, NULL, MS_BIND, NULL) ||
			mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr,
				sizeof(attr)));
	return waitpid(pid, &status, 0) == pid && !status;
}

/* The number of the first thing that is not as it should be, or 0. */
static int look_around(int go, int ready)
{
	char byte;

	if (try_open("own") || try_open("share/old") || try_open("share/new"))
		return 1;
	if (try_open("other") != EROFS || try_open("new") != EROFS ||
		try_open("read") != EROFS || try_open("later") != EROFS)
		return 2;
	if (try_open("/dev/null") || try_open("/dev/full") != EACCES)
		return 3;
	if (kill(getppid(), 0) != -1 || errno != EPERM)
		return 4;
	if (syscall(SYS_tgkill, getppid(), getppid(), 0) != -1 ||
		errno != EPERM)
		return 5;
	if (ptrace(PTRACE_SEIZE, getppid(), 0, 0) != -1 || errno != EPERM ||
		process_vm_readv(getppid(), NULL, 0, NULL, 0, 0) != -1 ||
		errno != EPERM)
		return 5;
	if (syscall(SYS_tgkill, getpid(), getpid(), 0))
		return 6;
	/* privcmd's hypercall and dm_op, and its mapping, of no file. */
	if (ioctl(-1, 0x305000UL, 0) != -1 || errno != EPERM ||
		ioctl(-1, 0x105005UL, 0) != -1 || errno != ENOTTY ||
		ioctl(-1, 0x205004UL, 0) != -1 || errno != EBADF)
		return 7;
	/* As root after exec: the bounding set is what there is. */
	if (prctl(PR_CAPBSET_READ, 21 /* CAP_SYS_ADMIN */, 0, 0, 0) ||
		prctl(PR_CAPBSET_READ, 5 /* CAP_KILL */, 0, 0, 0) ||
		prctl(PR_CAPBSET_READ, 27 /* CAP_MKNOD */, 0, 0, 0) ||
		prctl(PR_CAPBSET_READ, 1 /* CAP_DAC_OVERRIDE */, 0, 0, 0) != 1)
		return 8;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 9;
	if (write(ready, "x", 1) != 1 || read(go, &byte, 1) != 1)
		return 10;
	return try_open("later") ? 11 : try_open("other") != EROFS ? 12 : 0;
}

static void jail(void **state)
{
	struct qemu_paths paths = {
		.at = { { path_to("own"), true }, { path_to("share"), true },
			{ path_to("read"), false }, { path_to("none"), true } },
		.count = 4
	};
	struct qemu_paths later = { .at = { { path_to("own"), true },
					    { path_to("later"), true } },
		.count = 2 };
	int go[2], ready[2], status;
	const char *step = "";
	char byte;
	pid_t pid;

	(void)state;
	if (!can_mount()) {
		qemu_paths_free(&paths);
		qemu_paths_free(&later);
		print_message("needs the right to mount\n");
		skip();
	}
	assert_int_equal(pipe(go) | pipe(ready), 0);
	pid = fork();
	if (!pid) {
		if (qemu_jail_enter(&paths, &step)) {
			fprintf(stderr, "%s: %s\n", step, strerror(errno));
			_exit(99);
		}
		_exit(look_around(go[0], ready[1]));
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) == 1) {
		assert_int_equal(qemu_jail_open(pid, &later), 0);
		/* What is open already is not mounted again. */
		assert_int_equal(qemu_jail_open(pid, &later), 0);
	}
	assert_int_equal(write(go[1], "x", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	/* Nothing of it is seen outside. */
	assert_int_equal(try_open("other"), 0);
	close(go[0]);
	close(go[1]);
	close(ready[0]);
	qemu_paths_free(&paths);
	qemu_paths_free(&later);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(jail) };

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
