/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which way a device is plugged in, and the way by a script: stock tools'
 * arguments and environment (xl-network-configuration(5), block-scripts).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <tenonctrl/device.h>
#include <tenonctrl/hotplug.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "tail.h"

#define SCRIPT_SECONDS 40

extern char **environ;

/* A script's argument list and what its environment has more. */
struct script {
	const char *path;
	const char *argv[4];
	char vars[5][DEVICE_PATH_MAX + 32];
	size_t var_count;
};

static char *read_node(struct xs *xs, const char *base, const char *name)
{
	char path[DEVICE_PATH_MAX + 32], *value;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", base, name);
	return xs_read(xs, 0, path, &value, &len) ? NULL : value;
}

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

/* The store's path of the back end as scripts get it: without its domain. */
static void describe(struct script *s, struct xs *xs, const struct device *d,
	const char *back, bool is_add)
{
	bool is_net = d->class == DEVICE_VIF;
	char *vifname;

	s->argv[0] = s->path;
	s->argv[1] = is_net ? (is_add ? "online" : "offline")
			    : (is_add ? "add" : "remove");
	s->argv[2] = is_net ? "type_if=vif" : NULL;
	set_var(s, "script=%s", s->path);
	set_var(s, "XENBUS_TYPE=%s", device_class_name(d->class));
	set_var(s, "XENBUS_PATH=%s", strstr(back, "backend/"));
	set_var(s, "XENBUS_BASE_PATH=backend");
	if (!is_net)
		return;
	vifname = read_node(xs, back, "vifname");
	if (vifname)
		set_var(s, "vif=%s", vifname);
	else
		set_var(s, "vif=vif%u.%u", d->domid, d->id);
	free(vifname);
}

static void exec_script(const struct script *s, int out)
{
	int null = open("/dev/null", O_RDONLY);

	if (null >= 0)
		(void)dup2(null, 0);
	(void)dup2(out, 1);
	(void)dup2(out, 2);
	setsid();
	for (size_t i = 0; i < s->var_count; i++)
		putenv((char *)(uintptr_t)s->vars[i]);
	execve(s->path, (char **)(uintptr_t)s->argv, environ);
	dprintf(2, "%s: %s\n", s->path, strerror(errno));
	_exit(127);
}

/* Waits for the child, kills its group when time is up; wait status. */
static int wait_child(pid_t pid, int *status)
{
	const struct timespec nap = { 0, 10000000 };

	for (int i = 0; i < SCRIPT_SECONDS * 100; i++) {
		pid_t done = waitpid(pid, status, WNOHANG);

		if (done == pid)
			return 0;
		nanosleep(&nap, NULL);
	}
	kill(-pid, SIGKILL);
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	return -ETIMEDOUT;
}

static int run_script(const struct script *s, struct why *why)
{
	char tail[TAIL_BYTES] = "";
	int log, ret, status = 0;
	off_t from;
	pid_t pid;

	(void)mkdir("/var/log/xen", 0755);
	log = open(HOTPLUG_LOG, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (log < 0)
		return why_set(
			why, -errno, "%s: %s", HOTPLUG_LOG, strerror(errno));
	from = lseek(log, 0, SEEK_END);
	pid = fork();
	if (pid == 0)
		exec_script(s, log);
	if (pid < 0)
		ret = why_set(why, -errno, "fork: %s", strerror(errno));
	else
		ret = wait_child(pid, &status);
	tail_read(log, from, tail);
	close(log);
	if (ret == -ETIMEDOUT)
		return why_set(why, ret,
			"%s %s did not end within %d s; see " HOTPLUG_LOG,
			s->path, s->argv[1], SCRIPT_SECONDS);
	if (!ret && (!WIFEXITED(status) || WEXITSTATUS(status)))
		ret = why_set(why, -EIO, "%s %s failed: %s", s->path,
			s->argv[1], *tail ? tail : "it says nothing");
	return ret;
}

/* A script tells by the store how it went. */
static int check_status(struct xs *xs, const struct script *s, const char *back,
	struct why *why)
{
	char *status = read_node(xs, back, "hotplug-status");
	char *error = read_node(xs, back, "hotplug-error");
	int ret = 0;

	if (!status || strcmp(status, "connected") != 0)
		ret = why_set(why, -EIO, "%s %s: %s", s->path, s->argv[1],
			error ? error : "it has not set hotplug-status");
	free(status);
	free(error);
	return ret;
}

/* Whether the device's script is a standard one that is not needed. */
static bool is_built_in(const struct device *d, const char *script)
{
	if (d->class == DEVICE_VBD)
		return !strcmp(script, HOTPLUG_BLOCK);
	return !strcmp(script, HOTPLUG_BRIDGE) && !hotplug_net_needs_script();
}

int hotplug_add(struct xs *xs, const struct device *d, struct why *why)
{
	struct script s = { 0 };
	char back[DEVICE_PATH_MAX], *script;
	int ret;

	device_back_path(d, back);
	script = read_node(xs, back, "script");
	if (!script)
		return why_set(why, -ENOENT,
			"%s %u of domain %u names no script in the store",
			device_class_name(d->class), d->id, d->domid);
	if (is_built_in(d, script)) {
		ret = d->class == DEVICE_VBD
			      ? hotplug_disk_add(xs, d, back, why)
			      : hotplug_net_add(xs, d, back, why);
	} else {
		s.path = script;
		describe(&s, xs, d, back, true);
		ret = run_script(&s, why);
		if (!ret)
			ret = check_status(xs, &s, back, why);
	}
	free(script);
	return ret;
}

int hotplug_remove(struct xs *xs, const struct device *d, struct why *why)
{
	struct script s = { 0 };
	char back[DEVICE_PATH_MAX], *script, *status;
	int ret = 0;

	device_back_path(d, back);
	/* Only what was plugged in; the node may be gone with its domain. */
	status = read_node(xs, back, "hotplug-status");
	script = read_node(xs, back, "script");
	if (script && status && *status) {
		if (!is_built_in(d, script)) {
			s.path = script;
			describe(&s, xs, d, back, false);
			ret = run_script(&s, why);
		} else if (d->class == DEVICE_VBD) {
			ret = hotplug_disk_remove(xs, back);
			if (ret)
				ret = why_set(why, ret,
					"the loop device of vbd %u of domain "
					"%u stays: %s",
					d->id, d->domid, strerror(-ret));
		}
	}
	free(script);
	free(status);
	return ret;
}
