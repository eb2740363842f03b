/* SPDX-License-Identifier: BSD-2-Clause */
/* QEMU as a back end; see tenonctrl/qemu.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/qemu.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "qemu_jail.h"
#include "tail.h"

#define START_SECONDS 60
#define STOP_MS	      20000
#define NAP_NS	      20000000
#define ARGS_MAX      32
#define LOG_PATH      256
#define SOCKET	      "/run/xen/qmp-libxl-%u"

/* Where Debian has it, and others. */
static const char *const programs[] = { "/usr/libexec/xen-qemu-system-i386",
	"/usr/lib/xen-4.17/bin/qemu-system-i386", "/usr/bin/qemu-system-i386" };

static void model_path(uint32_t domid, const char *name, char path[64])
{
	snprintf(path, 64, "/local/domain/0/device-model/%u%s", domid, name);
}

static void pid_path(uint32_t domid, char path[64])
{
	snprintf(path, 64, "/local/domain/%u/image/device-model-pid", domid);
}

/* Whether the process is a QEMU for this domain: its number may be another's.
 */
static bool is_for(pid_t pid, uint32_t domid)
{
	char path[32], text[4096], number[16];
	size_t len = (size_t)snprintf(number, sizeof(number), "%u", domid) + 1;
	static const char option[] = "-xen-domid";
	ssize_t got = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		got = read(fd, text, sizeof(text));
		close(fd);
	}
	for (ssize_t at = 0; at + (ssize_t)(sizeof(option) + len) <= got;
		at++) {
		if (!memcmp(text + at, option, sizeof(option)) &&
			!memcmp(text + at + sizeof(option), number, len))
			return true;
	}
	return false;
}

int qemu_find(struct xs *xs, uint32_t domid)
{
	char path[64];
	uint64_t pid;
	int fd;

	pid_path(domid, path);
	if (xs_read_u64(xs, 0, path, &pid) || !pid || pid > INT32_MAX)
		return -ESRCH;
	fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (fd < 0)
		return -ESRCH;
	/* Asked while the descriptor holds the number. */
	if (is_for((pid_t)pid, domid))
		return fd;
	close(fd);
	return -ESRCH;
}

int qemu_stop(struct xs *xs, uint32_t domid)
{
	int fd = qemu_find(xs, domid), ret = 0;
	char path[64];

	if (fd >= 0) {
		struct pollfd end = { .fd = fd, .events = POLLIN };

		/* Asked to end it writes what it holds back. */
		(void)syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0);
		if (poll(&end, 1, STOP_MS) <= 0) {
			(void)syscall(
				SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
			ret = poll(&end, 1, STOP_MS) > 0 ? 0 : -EBUSY;
		}
		close(fd);
	}
	model_path(domid, "", path);
	(void)xs_rm(xs, 0, path);
	snprintf(path, sizeof(path), SOCKET, domid);
	(void)unlink(path);
	return ret;
}

static const char *find_program(void)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (!access(programs[i], X_OK))
			return programs[i];
	}
	return NULL;
}

static void log_path(const char *name, char path[LOG_PATH])
{
	snprintf(path, LOG_PATH, QEMU_LOG_DIR "/qemu-dm-%s.log", name);
}

/* What the new process needs; it may do no more than exec. */
struct launch {
	const char *argv[ARGS_MAX];
	char domid[16], monitor[96], log[LOG_PATH];
	int hold[2]; /* it begins when a byte comes */
};

static void describe(struct launch *l, const char *program, uint32_t domid,
	const char *name, const char *vnc)
{
	const char *const argv[] = { program, "-xen-domid", l->domid,
		"-no-shutdown", "-chardev", l->monitor, "-mon",
		"chardev=libxl-cmd,mode=control", "-nodefaults",
		"-no-user-config", "-xen-attach", "-name", name, "-vnc",
		vnc ? vnc : "none", "-display", "none", "-monitor", "none",
		"-machine", "xenpv", "-m", "32", NULL };

	snprintf(l->domid, sizeof(l->domid), "%u", domid);
	snprintf(l->monitor, sizeof(l->monitor),
		"socket,id=libxl-cmd,path=" SOCKET ",server=on,wait=off",
		domid);
	log_path(name, l->log);
	memcpy(l->argv, argv, sizeof(argv));
}

static void become(
	const struct launch *l, const struct qemu_paths *paths, int log)
{
	int null = open("/dev/null", O_RDONLY), ret;
	const char *step;
	char byte;

	close(l->hold[1]);
	if (read(l->hold[0], &byte, 1) != 1)
		_exit(1);
	setsid();
	(void)dup2(null, 0);
	(void)dup2(log, 1);
	(void)dup2(log, 2);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	(void)chdir("/");
	ret = qemu_jail_enter(paths, &step);
	if (ret) {
		dprintf(2, "its %s cannot be shut: %s\n", step, strerror(-ret));
		_exit(126);
	}
	execv(l->argv[0], (char **)(uintptr_t)l->argv);
	dprintf(2, "%s: %s\n", l->argv[0], strerror(errno));
	_exit(127);
}

/* The last line that it wrote. */
static void read_tail(const char *path, char tail[TAIL_BYTES])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*tail = '\0';
	if (fd < 0)
		return;
	tail_read(fd, 0, tail);
	close(fd);
}

void qemu_last_words(struct xs *xs, uint32_t domid, char words[QEMU_WORDS])
{
	char path[LOG_PATH], tail[TAIL_BYTES], *name;

	snprintf(words, QEMU_WORDS, "it has no log");
	if (dom_name(xs, domid, &name))
		return;
	log_path(name, path);
	free(name);
	read_tail(path, tail);
	snprintf(words, QEMU_WORDS, "%.199s (%.110s)",
		*tail ? tail : "it says nothing", path);
}

static int await(struct xs *xs, uint32_t domid, pid_t pid, bool *ended)
{
	const struct timespec nap = { 0, NAP_NS };
	char path[64], *state;
	size_t len;

	model_path(domid, "/state", path);
	for (long i = 0; i < START_SECONDS * (1000000000L / NAP_NS); i++) {
		bool runs;

		*ended = waitpid(pid, NULL, WNOHANG) != 0;
		if (*ended)
			return -EIO;
		if (!xs_read(xs, 0, path, &state, &len)) {
			runs = !strcmp(state, "running");
			free(state);
			if (runs)
				return 0;
		}
		nanosleep(&nap, NULL);
	}
	return -ETIMEDOUT;
}

/* Notes the process, lets it begin, and waits until it serves. */
static int run(struct xs *xs, uint32_t domid, const struct launch *l, pid_t pid,
	struct why *why)
{
	char path[64], tail[TAIL_BYTES];
	bool ended = false;
	int ret;

	pid_path(domid, path);
	ret = xs_printf(xs, 0, path, "%d", pid);
	if (!ret && write(l->hold[1], "x", 1) != 1)
		ret = -errno;
	if (ret) {
		kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		return why_set(why, ret, "cannot note QEMU in the store: %s",
			strerror(-ret));
	}
	ret = await(xs, domid, pid, &ended);
	if (!ret)
		return 0;
	if (!ended) {
		kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
	read_tail(l->log, tail);
	return why_set(why, ret, "QEMU %s: %s; see %s",
		ended ? "ended" : "does not answer",
		*tail ? tail : "it says nothing", l->log);
}

/* What has come since it began. */
static int let_write(struct xs *xs, uint32_t domid,
	const struct qemu_paths *paths, struct why *why)
{
	char path[64];
	uint64_t pid;
	int ret;

	pid_path(domid, path);
	ret = xs_read_u64(xs, 0, path, &pid);
	if (!ret)
		ret = qemu_jail_open((pid_t)pid, paths);
	return ret ? why_set(why, ret,
			     "the QEMU of domain %u cannot be given an image "
			     "or folder: %s",
			     domid, strerror(-ret))
		   : 0;
}

static int launch(struct xs *xs, uint32_t domid, struct launch *l,
	const struct qemu_paths *paths, struct why *why)
{
	char path[64];
	int log, ret;
	pid_t pid;

	(void)mkdir(QEMU_LOG_DIR, 0755);
	(void)mkdir("/run/xen", 0755);
	log = open(l->log,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (log < 0)
		return why_set(why, -errno, "%s: %s", l->log, strerror(errno));
	if (pipe2(l->hold, O_CLOEXEC)) {
		close(log);
		return why_set(why, -errno, "no pipe: %s", strerror(errno));
	}
	/* It would find the word of one before it. */
	model_path(domid, "/state", path);
	(void)xs_rm(xs, 0, path);
	pid = fork();
	if (pid == 0)
		become(l, paths, log);
	close(l->hold[0]);
	close(log);
	ret = pid < 0 ? why_set(why, -EAGAIN, "fork: %s", strerror(errno))
		      : run(xs, domid, l, pid, why);
	close(l->hold[1]);
	return ret;
}

int qemu_start(struct xs *xs, uint32_t domid, const char *name, const char *vnc,
	struct why *why)
{
	const char *program = find_program();
	struct qemu_paths paths;
	struct launch l = { 0 };
	int fd, ret;

	ret = qemu_paths_read(xs, domid, &paths);
	if (ret)
		return why_set(why, ret,
			"the images and folders of domain %u: %s", domid,
			strerror(-ret));
	fd = qemu_find(xs, domid);
	if (fd >= 0) {
		close(fd);
		ret = let_write(xs, domid, &paths, why);
	} else if (!program) {
		ret = why_set(why, -ENOENT,
			"there is no QEMU for Xen, which serves this device; "
			"apt install qemu-system-xen");
	} else {
		describe(&l, program, domid, name, vnc);
		ret = launch(xs, domid, &l, &paths, why);
	}
	qemu_paths_free(&paths);
	return ret;
}
