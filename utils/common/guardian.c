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

/* Destroys what has the UUID; 0 when none is left. */
static int destroy(const uint8_t uuid[16], void *arg)
{
	struct session *s = arg;
	struct xen_domctl_getdomaininfo *list;
	struct why why;
	size_t count;
	int ret = sysctl_domains(s->ctrl, &list, &count);

	if (ret)
		return ret;
	for (size_t i = 0; !ret && i < count; i++) {
		if (!list[i].domain || memcmp(list[i].handle, uuid, 16) != 0)
			continue;
		ret = dom_destroy(s->ctrl, s->xs, list[i].domain, &why);
		if (ret)
			err_say("cleaning up: %s", why.text);
	}
	free(list);
	return ret;
}

static int clean(const uint8_t uuid[16])
{
	struct session session = { NULL, NULL };
	int ret = session_open(&session);

	if (!ret)
		ret = destroy(uuid, &session);
	session_close(&session);
	return ret;
}

static void guard(int in, struct half_made *record, const uint8_t uuid[16])
{
	const struct timespec nap = { 0, 250000000 };
	int ret = -EAGAIN;
	char word;

	/* A Ctrl-C is for the maker alone. */
	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	/* Nothing is ever said: the maker ends, or closes it. */
	while (read(in, &word, 1) < 0 && errno == EINTR)
		;
	if (!half_made_stands(record))
		_exit(0);
	for (int i = 0; ret && i < TRIES; i++) {
		ret = clean(uuid);
		if (ret)
			nanosleep(&nap, NULL);
	}
	if (!ret)
		half_made_end(record);
	_exit(0);
}

/* An earlier maker with this UUID may have left its guest for us to remove. */
static int begin(
	struct half_made *record, const uint8_t uuid[16], struct why *why)
{
	int ret = half_made_begin(record, HALF_MADE_DIR, uuid, why);
	struct session session = { NULL, NULL };

	if (ret != -EBUSY)
		return ret;
	ret = session_open(&session);
	if (!ret)
		guardian_sweep(&session);
	session_close(&session);
	return half_made_begin(record, HALF_MADE_DIR, uuid, why);
}

int guardian_start(struct guardian *g, const uint8_t uuid[16], struct why *why)
{
	int ends[2];
	int ret = begin(&g->record, uuid, why);

	if (ret)
		return ret;
	if (pipe2(ends, O_CLOEXEC)) {
		ret = why_set(why, -errno, "no pipe: %s", strerror(errno));
		half_made_end(&g->record);
		return ret;
	}
	g->pid = fork();
	if (g->pid == 0) {
		close(ends[1]);
		guard(ends[0], &g->record, uuid);
	}
	close(ends[0]);
	if (g->pid < 0) {
		close(ends[1]);
		half_made_end(&g->record);
		return why_set(why, -EAGAIN, "fork: %s", strerror(errno));
	}
	g->pipe = ends[1];
	return 0;
}

int guardian_arm(struct guardian *g, struct why *why)
{
	return half_made_arm(&g->record, why);
}

static void end(struct guardian *g)
{
	close(g->pipe);
	while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void guardian_dismiss(struct guardian *g)
{
	half_made_end(&g->record);
	end(g);
}

void guardian_fire(struct guardian *g)
{
	end(g);
	/* What it could not do another will: the record stays for that. */
	if (half_made_stands(&g->record))
		half_made_drop(&g->record);
	else
		half_made_end(&g->record);
}

bool guardian_sweep(struct session *s)
{
	struct half_made_left left = half_made_sweep(HALF_MADE_DIR, destroy, s);

	if (left.failed)
		err_say("%u half-made guests of killed tools remain: run "
			"domls, then domstop -f them",
			left.failed);
	return left.held || left.failed;
}
