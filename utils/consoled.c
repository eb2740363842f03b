/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tenon-consoled: a terminal and a log for every guest's console. One thread,
 * one loop; guests come and go with the store's @introduceDomain and
 * @releaseDomain. The store's records outlive it: a daemon that is started
 * again finds its guests by them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <tenonctrl/event.h>
#include <tenonctrl/gnt.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/xs.h>
#include "common/args.h"
#include "common/daemon.h"
#include "common/err.h"
#include "common/session.h"
#include "consoled.h"

#define LOG_DIR	    "/var/log/xen"
#define FIXED	    2	/* descriptors of the daemon itself: events, store */
#define THROTTLE_MS 10	/* until a guest over its allowance is looked at */
#define RETRY_MS    500 /* until an unfinished record is looked at again */
#define RETRIES	    60

static const struct args_option options[] = {
	{ 'i', "interactive", NULL, "stay in the foreground" },
	{ 'l', "log-dir", "DIR", "where the logs go (" LOG_DIR ")" },
	{ 'n', "no-log", NULL, "keep no logs" },
	{ 'p', "pid-file", "FILE", "write the process's number there" },
	{ 0, NULL, NULL, NULL },
};

struct state {
	struct consoled d;
	struct session session;
	struct console_guest *guests;
	size_t count;
	unsigned int retries; /* looks left at records that are unfinished */
	struct pollfd *polls;
	size_t polls_size;
};

static volatile sig_atomic_t stop, reopen;

static void on_signal(int sig)
{
	if (sig == SIGHUP)
		reopen = 1;
	else
		stop = 1;
}

static struct console_guest *find(struct state *s, uint32_t domid)
{
	struct console_guest *g = s->guests;

	while (g && g->domid != domid)
		g = g->next;
	return g;
}

/* Meets new domains, leaves those that are gone or going. */
static void sweep(struct state *s)
{
	struct xen_domctl_getdomaininfo *list;
	struct console_guest *g, **link;
	bool unfinished = false;
	size_t count;

	if (sysctl_domains(s->d.ctrl, &list, &count))
		return;
	for (g = s->guests; g; g = g->next)
		g->seen = false;
	for (size_t i = 0; i < count; i++) {
		uint32_t domid = list[i].domain;

		if (!domid || list[i].flags & XEN_DOMINF_dying)
			continue;
		g = find(s, domid);
		if (!g) {
			if (console_guest_open(&s->d, domid, &g)) {
				unfinished = true;
				continue;
			}
			g->next = s->guests;
			s->guests = g;
			s->count++;
			console_guest_output(&s->d, g);
		}
		g->seen = true;
	}
	free(list);
	for (link = &s->guests; (g = *link);) {
		if (g->seen) {
			link = &g->next;
			continue;
		}
		*link = g->next;
		s->count--;
		/* Its last words. */
		console_guest_output(&s->d, g);
		console_guest_close(&s->d, g);
	}
	if (!unfinished)
		s->retries = 0;
}

/* Again until none waits: a sweep's own reads may queue more events. */
static void drain_store(struct state *s)
{
	char *path, *token;
	bool any;

	do {
		any = false;
		while (!xs_next_event(s->d.xs, 0, &path, &token)) {
			free(path);
			free(token);
			any = true;
		}
		if (any) {
			s->retries = RETRIES;
			sweep(s);
		}
	} while (any);
}

static void drain_events(struct state *s)
{
	struct console_guest *g;
	uint32_t port;

	while (!event_next(s->d.event, &port)) {
		for (g = s->guests; g && g->port != port; g = g->next)
			;
		if (g)
			console_guest_output(&s->d, g);
	}
}

/* Fills s->polls; the guests in the order of their list. */
static int prepare(struct state *s, int *timeout)
{
	struct console_guest *g;
	size_t at = FIXED;

	if (s->polls_size < s->count + FIXED) {
		size_t size = (s->count + FIXED) * 2;
		struct pollfd *more = realloc(s->polls, size * sizeof(*more));

		if (!more)
			return -ENOMEM;
		s->polls = more;
		s->polls_size = size;
	}
	*timeout = s->retries ? RETRY_MS : -1;
	s->polls[0] = (struct pollfd){ event_fd(s->d.event), POLLIN, 0 };
	s->polls[1] = (struct pollfd){ xs_fd(s->d.xs), POLLIN, 0 };
	for (g = s->guests; g; g = g->next, at++) {
		short events = 0;

		if (console_guest_wants_input(g))
			events |= POLLIN;
		if (g->kept_count)
			events |= POLLOUT;
		s->polls[at] = (struct pollfd){ g->master, events, 0 };
		if (g->throttled)
			*timeout = THROTTLE_MS;
	}
	return 0;
}

static void serve_guests(struct state *s)
{
	struct console_guest *g;
	size_t at = FIXED;

	for (g = s->guests; g; g = g->next, at++) {
		short events = s->polls[at].revents;

		if (events & POLLOUT)
			console_guest_flush(g);
		if (events & POLLIN && !console_guest_input(&s->d, g))
			err_say("the terminal of domain %u: %s", g->domid,
				strerror(errno));
		if (g->throttled)
			console_guest_output(&s->d, g);
	}
}

static int loop(struct state *s)
{
	int ready, timeout;

	while (!stop) {
		struct console_guest *g;

		if (reopen) {
			reopen = 0;
			for (g = s->guests; g; g = g->next)
				console_guest_reopen_log(&s->d, g);
		}
		if (prepare(s, &timeout)) {
			err_say("out of memory");
			return -ENOMEM;
		}
		ready = poll(s->polls, s->count + FIXED, timeout);
		if (ready < 0 && errno != EINTR)
			return -errno;
		if (ready < 0)
			continue;
		/* The guests first: the others change their list. */
		serve_guests(s);
		if (s->polls[0].revents)
			drain_events(s);
		if (s->polls[1].revents & (POLLERR | POLLHUP)) {
			err_say("the store daemon is gone");
			return -EPIPE;
		}
		if (s->polls[1].revents)
			drain_store(s);
		else if (s->retries && ready == 0) {
			s->retries--;
			sweep(s);
			drain_store(s);
		}
	}
	return 0;
}

static int open_all(struct state *s)
{
	int ret = session_open(&s->session);

	if (ret)
		return ret;
	s->d.ctrl = s->session.ctrl;
	s->d.xs = s->session.xs;
	ret = event_open(&s->d.event);
	if (ret) {
		err_say("/dev/xen/evtchn: %s; try: modprobe xen-evtchn",
			strerror(-ret));
		return ret;
	}
	ret = gnt_open(&s->d.gnt);
	if (ret) {
		err_say("/dev/xen/gntdev: %s; try: modprobe xen-gntdev",
			strerror(-ret));
		return ret;
	}
	if (s->d.log_dir && mkdir(s->d.log_dir, 0755) && errno != EEXIST) {
		ret = -errno;
		err_say("%s: %s", s->d.log_dir, strerror(-ret));
		return ret;
	}
	ret = xs_watch(s->d.xs, "@introduceDomain", "in");
	if (!ret)
		ret = xs_watch(s->d.xs, "@releaseDomain", "out");
	if (ret)
		err_say("the store refuses a watch: %s", strerror(-ret));
	return ret;
}

static int run(struct state *s, bool foreground, const char *pid_file)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct console_guest *g;
	int ret = daemon_start(foreground, pid_file);

	if (!ret) {
		sigaction(SIGTERM, &action, NULL);
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGHUP, &action, NULL);
		signal(SIGPIPE, SIG_IGN);
		ret = open_all(s);
	}
	if (!ret) {
		sweep(s);
		drain_store(s);
		daemon_ready();
		ret = loop(s);
	}
	while ((g = s->guests)) {
		s->guests = g->next;
		console_guest_close(&s->d, g);
	}
	gnt_close(s->d.gnt);
	event_close(s->d.event);
	session_close(&s->session);
	free(s->polls);
	return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "tenon-consoled",
		.synopsis = "",
		.about = "Gives every guest's console a terminal and a log.",
		.options = options,
	};
	struct state state = { .d.log_dir = LOG_DIR };
	const char *pid_file = NULL;
	bool foreground = false;
	int id, ret;

	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0) {
		if (id == 'i')
			foreground = true;
		else if (id == 'l')
			state.d.log_dir = args.value;
		else if (id == 'n')
			state.d.log_dir = NULL;
		else
			pid_file = args.value;
	}
	if (id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (args.operand_count)
		ret = args_usage_error(
			&args, "'%s' is not expected", args.operands[0]);
	else
		ret = run(&state, foreground, pid_file);
	args_free(&args);
	return ret;
}
