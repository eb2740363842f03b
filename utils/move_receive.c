/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The target's side of a move: makes the guest from the stream, and lets it run
 * when the source has said so. Whenever it ends before, nothing of it stays.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <tenonctrl/why.h>
#include "common/err.h"
#include "common/make.h"
#include "common/progress.h"
#include "common/saved.h"
#include "move_peer.h"

struct receiver {
	struct saved saved; /* first: it is what saved_build takes */
	int out;	    /* to the source */
};

static int lost(struct why *why)
{
	return why_set(why, -EPIPE,
		"the source ended, or took the guest back, before it was to "
		"run here");
}

/* Whole and paused: from here on the source decides. */
static int ready(struct maker *m, struct why *why)
{
	struct receiver *r = m->arg;
	char line[16];

	if (move_say(r->out, MOVE_WHOLE) ||
		move_hear(STDIN_FILENO, line, sizeof(line)) ||
		strcmp(line, MOVE_GO) != 0)
		return lost(why);
	return 0;
}

static int refuse(struct receiver *r, const char *text)
{
	char line[WHY_MAX + 16];

	snprintf(line, sizeof(line), MOVE_FAILED "%s", text);
	(void)move_say(r->out, line);
	return 1;
}

static int receive(struct receiver *r, const char *const *settings, int count)
{
	struct maker m = MAKER_EMPTY;
	struct make_wish wish = { 0 };
	struct why why;
	int ret;

	m.build = saved_build;
	m.ready = ready;
	m.arg = r;
	ret = saved_config(&m, settings, count, &why);
	if (ret)
		ret = refuse(r, why.text);
	else if (move_say(r->out, MOVE_ACCEPTED))
		ret = 1;
	/* It says by itself what is wrong, where a person sees it. */
	else if (make_guest(&m, &wish))
		ret = refuse(r, "the guest cannot be made, as it says");
	else
		(void)move_say(r->out, MOVE_RUNS);
	make_end(&m);
	return ret ? 1 : 0;
}

int move_receive(const char *const *settings, int count)
{
	struct receiver r = { .saved.name = "the stream", .out = dup(1) };
	int ret;

	/* The source shows how far it is. */
	progress_never();
	/* What is said to people must not get between. */
	if (r.out < 0 || dup2(STDERR_FILENO, 1) < 0) {
		err_say("dup: %s", strerror(errno));
		return 1;
	}
	if (move_say(r.out, MOVE_HELLO))
		return 1;
	if (save_file_begin(&r.saved.file, STDIN_FILENO))
		return refuse(&r, "out of memory");
	ret = receive(&r, settings, count);
	save_file_end(&r.saved.file);
	return ret;
}
