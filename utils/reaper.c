/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tenon-reaper: supervises guests of ours: ends, keeps or starts again those
 * that powered off, rebooted or crashed, as their configuration says, removes
 * the records of those that are gone, and destroys those whose maker was
 * killed together with its guardian. It tells of a guest's QEMU that has ended
 * under it. Guests of other tools are left alone. It keeps nothing in memory:
 * started again it finds everything in the store, the hypervisor and the files
 * of common/kept.h.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/qemu.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "common/args.h"
#include "common/daemon.h"
#include "common/err.h"
#include "common/guardian.h"
#include "common/kept.h"
#include "common/pace.h"
#include "common/progress.h"
#include "common/session.h"
#include "reaper_qemus.h"
#include "restart.h"

static const struct args_option options[] = {
	{ 'i', "interactive", NULL, "stay in the foreground" },
	{ 'm', "most", "COUNT",
		"restarts of a guest in a row, each within a minute (5); 0: "
		"any" },
	{ 'p', "pid-file", "FILE", "write the process's number there" },
	{ 0, NULL, NULL, NULL },
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static const struct xen_domctl_getdomaininfo *
find(const struct xen_domctl_getdomaininfo *list, size_t count, uint32_t domid)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].domain == domid)
			return &list[i];
	}
	return NULL;
}

/* Puts the wish to do it; true if the domain is not to be touched. */
static bool again(uint32_t domid, enum dom_action action)
{
	int ret = kept_again(domid, action);

	if (ret)
		err_say("domain %u: %s is not done: its configuration is not "
			"in " DOM_KEPT_DIR " (%s)",
			domid, dom_action_name(action), strerror(-ret));
	return !ret || action == DOM_RENAME_RESTART;
}

static void reap(struct session *s, uint32_t domid,
	const struct xen_domctl_getdomaininfo *info)
{
	enum dom_action action;
	struct why why;

	/* Its worker does all. */
	if (kept_is_again(domid))
		return;
	if (info && !(info->flags & XEN_DOMINF_dying)) {
		unsigned int reason = info->flags >> XEN_DOMINF_shutdownshift &
				      XEN_DOMINF_shutdownmask;

		if (!(info->flags & XEN_DOMINF_shutdown) ||
			dom_action_for(s->xs, domid, reason, &action) ||
			action == DOM_PRESERVE)
			return;
		if (action != DOM_DESTROY && again(domid, action))
			return;
	}
	if (dom_destroy(s->ctrl, s->xs, domid, &why))
		err_say("%s", why.text);
}

/* Looks at every guest that is marked as ours. */
static void sweep(struct session *s)
{
	struct xen_domctl_getdomaininfo *list;
	char **names;
	size_t count, name_count;

	/* The names first: what is named then has a domain, or had one. */
	if (xs_directory(s->xs, 0, "/libxl", &names, &name_count))
		return;
	if (sysctl_domains(s->ctrl, &list, &count)) {
		free(names);
		return;
	}
	for (size_t i = 0; i < name_count; i++) {
		uint32_t domid = (uint32_t)strtoul(names[i], NULL, 10);

		if (domid && dom_is_ours(s->xs, domid))
			reap(s, domid, find(list, count, domid));
	}
	free(list);
	free(names);
	kept_forget_gone(s->ctrl);
}

/* Reads a watch of a folder empty; whether there was anything. */
static bool drain(int fd)
{
	char bytes[4096];
	bool any = false;

	while (fd >= 0 && read(fd, bytes, sizeof(bytes)) > 0)
		any = true;
	return any;
}

/* The ends of makers and of workers. */
struct ends {
	int makers, workers;		  /* watches; -1: none */
	bool makers_again, workers_again; /* something remained */
	int wait; /* milliseconds until that is looked at again */
};

/* The token of the watch for QEMUs. */
#define MODELS "qemus"

/* From the first to all later looks at what remained, each twice as late. */
#define WAIT_FIRST 250
#define WAIT_MOST  64000

/* Waits until the store, or the end of one of those, has something for us. */
static void await(struct session *s, struct ends *ends, struct qemus *qemus)
{
	struct pollfd fds[] = {
		{ .fd = xs_fd(s->xs), .events = POLLIN },
		{ .fd = qemus->epoll, .events = POLLIN },
		{ .fd = ends->makers, .events = POLLIN },
		{ .fd = ends->workers, .events = POLLIN },
	};
	bool again = ends->makers_again || ends->workers_again;
	bool makers, workers;

	if (poll(fds, 4, again ? ends->wait : -1) < 0)
		return;
	qemus_tell(qemus, s);
	makers = drain(ends->makers);
	workers = drain(ends->workers);
	if (makers || workers || !again)
		ends->wait = WAIT_FIRST;
	else if (ends->wait < WAIT_MOST)
		ends->wait *= 2;
	if (makers || ends->makers_again)
		ends->makers_again = guardian_sweep(s);
	if (workers || ends->workers_again)
		ends->workers_again = restart_sweep();
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static int loop(struct session *s, struct ends *ends, struct qemus *qemus)
{
	char *path, *token;
	bool is_model;
	int ret = 0;

	while (!stop) {
		ret = xs_next_event(s->xs, 0, &path, &token);
		if (ret == -ETIMEDOUT || ret == -EINTR) {
			await(s, ends, qemus);
			continue;
		}
		if (ret) {
			err_say("the store daemon is gone: %s", strerror(-ret));
			return ret;
		}
		is_model = !strcmp(token, MODELS);
		free(path);
		free(token);
		if (is_model) {
			qemus_look(qemus, s);
			continue;
		}
		sweep(s);
		restart_sweep();
	}
	return 0;
}

static int watch_folder(const char *path, const char *else_)
{
	int fd = half_made_watch(path);

	if (fd < 0)
		err_say("%s: %s; %s", path, strerror(-fd), else_);
	return fd < 0 ? -1 : fd;
}

static int run(bool foreground, const char *pid_file)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct session session = { NULL, NULL };
	struct ends ends = { -1, -1, false, false, WAIT_FIRST };
	struct qemus qemus = { 0 };
	int ret = daemon_start(foreground, pid_file);

	if (!ret) {
		sigaction(SIGTERM, &action, NULL);
		sigaction(SIGINT, &action, NULL);
		signal(SIGPIPE, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
		ret = session_open(&session);
	}
	if (!ret) {
		ret = xs_watch(session.xs, "@releaseDomain", "reap");
		if (!ret)
			ret = xs_watch(session.xs, QEMU_MODELS, MODELS);
		if (ret)
			err_say("the store refuses a watch: %s",
				strerror(-ret));
	}
	if (!ret) {
		ends.makers = watch_folder(HALF_MADE_DIR,
			"half-made guests are left to the next domcreate");
		ends.workers = watch_folder(KEPT_AGAIN_DIR,
			"restarts that are cut off wait for another guest");
		ends.makers_again = guardian_sweep(&session);
		daemon_ready();
		qemus_open(&qemus);
		ret = loop(&session, &ends, &qemus);
		qemus_close(&qemus);
	}
	if (ends.makers >= 0)
		close(ends.makers);
	if (ends.workers >= 0)
		close(ends.workers);
	session_close(&session);
	return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "tenon-reaper",
		.synopsis = "",
		.about = "Ends guests that stopped, keeps them or starts them "
			 "again, as their\nconfiguration says.",
		.options = options,
	};
	const char *pid_file = NULL;
	unsigned long long most = PACE_MOST;
	bool foreground = false;
	int id, ret = 0;

	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0 && !ret) {
		if (id == 'i')
			foreground = true;
		else if (id == 'p')
			pid_file = args.value;
		else if (!args_number(args.value, 0, 1000000, &most))
			ret = args_usage_error(
				&args, "'%s' is no count", args.value);
	}
	progress_never();
	restart_most = (unsigned int)most;
	if (!ret && id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (!ret && args.operand_count)
		ret = args_usage_error(
			&args, "'%s' is not expected", args.operands[0]);
	else if (!ret)
		ret = run(foreground, pid_file);
	args_free(&args);
	return ret;
}
