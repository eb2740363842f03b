/* SPDX-License-Identifier: BSD-2-Clause */
/* The guardian of half-made domains; see guardian.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <tenonctrl/call.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include "err.h"
#include "guardian.h"
#include "session.h"

#define TRIES 20

enum word { WORD_ARM = 'a', WORD_DISMISS = 'd' };

/* Destroys what has the UUID; 0 when none is left. */
static int clean(const uint8_t uuid[16])
{
	struct xen_domctl_getdomaininfo *list;
	struct session session = { NULL, NULL };
	struct why why;
	size_t count;
	int ret = session_open(&session);

	if (ret)
		return ret;
	ret = sysctl_domains(session.ctrl, &list, &count);
	for (size_t i = 0; !ret && i < count; i++) {
		if (!list[i].domain || memcmp(list[i].handle, uuid, 16) != 0)
			continue;
		ret = dom_destroy(
			session.ctrl, session.xs, list[i].domain, &why);
		if (ret)
			err_say("cleaning up: %s", why.text);
	}
	if (!ret)
		free(list);
	session_close(&session);
	return ret;
}

static void guard(int in, const uint8_t uuid[16])
{
	const struct timespec nap = { 0, 250000000 };
	bool armed = false;
	char word;
	ssize_t got;

	/* A Ctrl-C is for the maker alone. */
	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		got = read(in, &word, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		if (word == WORD_DISMISS)
			_exit(0);
		armed = word == WORD_ARM;
	}
	for (int i = 0; armed && i < TRIES && clean(uuid); i++)
		nanosleep(&nap, NULL);
	_exit(0);
}

int guardian_start(struct guardian *g, const uint8_t uuid[16], struct why *why)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return why_set(why, -errno, "no pipe: %s", strerror(errno));
	g->pid = fork();
	if (g->pid == 0) {
		close(ends[1]);
		guard(ends[0], uuid);
	}
	close(ends[0]);
	if (g->pid < 0) {
		close(ends[1]);
		return why_set(why, -EAGAIN, "fork: %s", strerror(errno));
	}
	g->pipe = ends[1];
	return 0;
}

static int say(struct guardian *g, char word)
{
	return write(g->pipe, &word, 1) == 1 ? 0 : -EPIPE;
}

int guardian_arm(struct guardian *g, struct why *why)
{
	int ret = say(g, WORD_ARM);

	return ret ? why_set(why, ret, "the guardian process is gone") : 0;
}

static void end(struct guardian *g)
{
	close(g->pipe);
	while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void guardian_dismiss(struct guardian *g)
{
	/* If it cannot be told it is gone, which is as good. */
	(void)say(g, WORD_DISMISS);
	end(g);
}

void guardian_fire(struct guardian *g)
{
	end(g);
}
