/* SPDX-License-Identifier: BSD-2-Clause */
/* Hotplug by a script; see hotplug_script.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <tenonctrl/device.h>
#include <tenonctrl/hotplug.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "hotplug_private.h"
#include "hotplug_script.h"
#include "tail.h"

#define NAP_NS 10000000

const char *hotplug_script_log = HOTPLUG_LOG;
unsigned int hotplug_script_seconds = 40;

extern char **environ;

/* A script's argument list and what its environment has more. */
struct script {
	const char *path;
	const char *argv[4];
	char vars[6][DEVICE_PATH_MAX + 256];
	size_t var_count;
};

static void set_var(struct script *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void set_var(struct script *s, const char *fmt, ...)
{
	char *text = s->vars[s->var_count++];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(s->vars[0]), fmt, args);
	va_end(args);
}

/*
 * The store's path of the back end as scripts get it: without its domain. A
 * card's interface has the kernel's name: scripts rename it.
 */
static void describe(struct script *s, struct xs *xs, const struct device *d,
	const char *back, const char *path, bool is_add)
{
	bool is_net = d->class == DEVICE_VIF;
	char *gateway;

	s->path = path;
	s->argv[0] = path;
	s->argv[1] = is_net ? (is_add ? "online" : "offline")
			    : (is_add ? "add" : "remove");
	s->argv[2] = is_net ? "type_if=vif" : NULL;
	set_var(s, "script=%s", path);
	set_var(s, "XENBUS_TYPE=%s", device_class_name(d->class));
	set_var(s, "XENBUS_PATH=%s", strstr(back, "backend/"));
	set_var(s, "XENBUS_BASE_PATH=backend");
	if (!is_net)
		return;
	gateway = hotplug_read(xs, back, "gatewaydev");
	set_var(s, "vif=vif%u.%u", d->domid, d->id);
	set_var(s, "netdev=%s", gateway ? gateway : "");
	free(gateway);
}

static void exec_script(const struct script *s, int out)
{
	static const int usual[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	if (null >= 0)
		(void)dup2(null, 0);
	(void)dup2(out, 1);
	(void)dup2(out, 2);
	setsid();
	/* Tools ignore some, and programs inherit that. */
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		signal(usual[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (size_t i = 0; i < s->var_count; i++)
		putenv((char *)(uintptr_t)s->vars[i]);
	execve(s->path, (char **)(uintptr_t)s->argv, environ);
	dprintf(2, "%s: %s\n", s->path, strerror(errno));
	_exit(127);
}

/* Waits for the child, kills its group when time is up; wait status. */
static int wait_child(pid_t pid, int *status)
{
	const struct timespec nap = { 0, NAP_NS };
	struct timespec begin, now;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		if (waitpid(pid, status, WNOHANG) == pid)
			return 0;
		nanosleep(&nap, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - begin.tv_sec <= (time_t)hotplug_script_seconds);
	kill(-pid, SIGKILL);
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	return -ETIMEDOUT;
}

/* Where its words go; into memory where there is no room for a log. */
static int open_log(void)
{
	int fd;

	(void)mkdir("/var/log/xen", 0755);
	fd = open(hotplug_script_log,
		O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	return fd >= 0 ? fd : memfd_create("hotplug", MFD_CLOEXEC);
}

static int run(const struct script *s, char tail[TAIL_BYTES], struct why *why)
{
	int log = open_log(), ret, status = 0;
	off_t from;
	pid_t pid;

	*tail = '\0';
	if (log < 0)
		return why_set(why, -errno, "%s: %s", hotplug_script_log,
			strerror(errno));
	from = lseek(log, 0, SEEK_END);
	pid = fork();
	if (pid == 0)
		exec_script(s, log);
	ret = pid < 0 ? why_set(why, -errno, "fork: %s", strerror(errno))
		      : wait_child(pid, &status);
	tail_read(log, from, tail);
	close(log);
	if (ret == -ETIMEDOUT)
		return why_set(why, ret, "%s %s did not end within %u s%s%s",
			s->path, s->argv[1], hotplug_script_seconds,
			*tail ? "; its last words: " : "", tail);
	if (!ret && (!WIFEXITED(status) || WEXITSTATUS(status)))
		ret = why_set(why, -EIO, "%s %s failed: %s", s->path,
			s->argv[1], *tail ? tail : "it says nothing");
	return ret;
}

/* A script tells by the store how it went. */
static int check_status(struct xs *xs, const struct script *s, const char *back,
	int ret, const char *tail, struct why *why)
{
	char *status = hotplug_read(xs, back, "hotplug-status");
	char *error = hotplug_read(xs, back, "hotplug-error");

	if (error && (ret == -EIO || !status || strcmp(status, "connected")))
		ret = why_set(why, -EIO, "%s %s: %s%s%s%s", s->path, s->argv[1],
			error, *tail ? " (" : "", tail, *tail ? ")" : "");
	else if (!ret && (!status || strcmp(status, "connected") != 0))
		ret = why_set(why, -EIO,
			"%s %s: it has not set hotplug-status%s%s", s->path,
			s->argv[1], *tail ? ", but said: " : "", tail);
	free(status);
	free(error);
	return ret;
}

static void note_path(const struct device *d, char path[DEVICE_PATH_MAX + 16])
{
	device_record_path(d, path);
	strcat(path, "/" HOTPLUG_SCRIPT_NOTE);
}

int hotplug_script_add(struct xs *xs, const struct device *d, const char *back,
	const char *script, struct why *why)
{
	char tail[TAIL_BYTES], path[DEVICE_PATH_MAX + 16];
	struct script s = { 0 };
	int ret;

	note_path(d, path);
	ret = xs_write(xs, 0, path, "1", 1);
	if (ret)
		return why_set(why, ret, "cannot note that %s is begun: %s",
			script, strerror(-ret));
	describe(&s, xs, d, back, script, true);
	ret = run(&s, tail, why);
	return ret == -ETIMEDOUT ? ret
				 : check_status(xs, &s, back, ret, tail, why);
}

int hotplug_script_begun(struct xs *xs, const struct device *d)
{
	char path[DEVICE_PATH_MAX + 16], *note;
	size_t len;
	int ret;

	note_path(d, path);
	ret = xs_read(xs, 0, path, &note, &len);
	if (ret)
		return ret;
	ret = !strcmp(note, "1");
	free(note);
	return ret;
}

int hotplug_script_remove(struct xs *xs, const struct device *d,
	const char *back, const char *script, struct why *why)
{
	struct script s = { 0 };
	char tail[TAIL_BYTES];

	describe(&s, xs, d, back, script, false);
	return run(&s, tail, why);
}
