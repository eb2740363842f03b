/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domsave: saves a running guest into a file, from which domrestore or stock xl
 * restore it. The guest ends only when its file is whole and on the disk; if
 * that fails, or domsave is killed, it runs on, and an older file of that name
 * is as it was.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/save_pv.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "common/args.h"
#include "common/err.h"
#include "common/kept.h"
#include "common/nurse.h"
#include "common/part.h"
#include "common/progress.h"
#include "common/saved.h"
#include "common/session.h"
#include "common/suspend.h"

#define SECONDS_DEFAULT 60

static const struct args_option options[] = {
	{ 'c', "checkpoint", NULL, "let the guest run on afterwards" },
	{ 'C', "config", "FILE",
		"a configuration for later in place of its own" },
	{ 'p', "paused", NULL, "leave it paused afterwards, not ended" },
	{ 't', "timeout", "SECONDS", "what the guest gets to suspend (60)" },
	{ 0, NULL, NULL, NULL },
};

struct wish {
	bool checkpoint, paused;
	unsigned long long seconds;
	const char *file, *config;
};

static int write_file(struct session *s, uint32_t domid, struct part *t,
	const struct save_head *head, struct why *why)
{
	struct progress progress;
	const struct save_progress tell = { progress_tell, &progress };
	struct save_file f;
	int ret = save_file_begin(&f, t->fd);

	if (ret)
		return why_set(why, ret, "out of memory");
	f.is_sparse = true;
	progress_begin(&progress, t->name);
	ret = save_head_write(&f, head, why);
	if (!ret)
		ret = save_pv(s->ctrl, domid, &tell, &f, why);
	progress_end(&progress);
	save_file_end(&f);
	return ret ? ret : part_keep(t, why);
}

/* What becomes of the guest when its file is whole. */
static int after(struct session *s, uint32_t domid, const struct wish *wish,
	struct why *why)
{
	int ret = 0;

	if (!wish->checkpoint && !wish->paused)
		return dom_destroy(s->ctrl, s->xs, domid, why);
	if (wish->paused)
		ret = domctl_pause(s->ctrl, domid);
	if (ret)
		return why_set(why, ret, "cannot pause domain %u: %s", domid,
			strerror(-ret));
	return suspend_cancel(s, domid, why);
}

/* What a saver that was killed leaves: a guest that may have suspended, and a
 * part of a file. */
struct remains {
	uint32_t domid;
	unsigned int seconds;
	const char *part;
};

static void clean(bool is_asked, const void *arg)
{
	const struct remains *r = arg;
	struct session session = { NULL, NULL };

	unlink(r->part);
	if (!is_asked || session_open(&session))
		return;
	suspend_undo(&session, r->domid, r->seconds);
}

static int save(struct session *s, const char *who, const struct wish *wish,
	struct why *why)
{
	struct save_head head = { 0 };
	struct nurse n = { .pid = 0 };
	struct remains remains;
	struct part target;
	struct why later;
	uint32_t domid;
	bool whole = false;
	int lock = -1, ret = dom_find(s->ctrl, s->xs, who, &domid, why);

	if (ret)
		return ret;
	if (!domid)
		return why_set(why, -EPERM, "domain 0 cannot be saved");
	ret = part_name(&target, wish->file, why);
	if (ret)
		return ret;
	/* One at a time, also who cleans up after one that was killed: the
	 * child has the lock, too. What is not ours has none. */
	(void)kept_lock(domid, true, &lock);
	remains = (struct remains){ domid, (unsigned int)wish->seconds,
		target.path };
	ret = nurse_start(&n, clean, &remains, why);
	if (!ret)
		ret = part_open(&target, why);
	if (!ret)
		ret = saved_head(s, domid, &head, why);
	if (!ret && wish->config)
		ret = saved_head_other(s, domid, wish->config, &head, why);
	if (!ret && !nurse_begun(&n))
		ret = why_set(why, -EPIPE, "the child of domsave was killed");
	if (!ret)
		ret = suspend_guest(s, domid, (unsigned int)wish->seconds, why);
	if (!ret) {
		ret = write_file(s, domid, &target, &head, why);
		whole = !ret;
		if (whole)
			ret = after(s, domid, wish, why);
		else if (suspend_cancel(s, domid, &later))
			err_say("%s", later.text);
	}
	nurse_end(&n);
	if (lock >= 0)
		close(lock);
	part_close(&target, whole);
	free(head.json);
	free(head.kept);
	return ret;
}

static int run(const char *who, const struct wish *wish)
{
	struct session session = { NULL, NULL };
	struct why why;
	int ret = session_open(&session);

	if (ret)
		return 1;
	ret = save(&session, who, wish, &why);
	if (ret)
		err_say("'%s' is not saved: %s", who, why.text);
	session_close(&session);
	return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "domsave",
		.synopsis = "NAME|ID FILE",
		.about = "Saves a running guest into a file and ends it; "
			 "domrestore lets it go on.",
		.options = options,
	};
	struct wish wish = { .seconds = SECONDS_DEFAULT };
	int id, ret = 0;

	signal(SIGPIPE, SIG_IGN);
	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0 && !ret) {
		wish.checkpoint |= id == 'c';
		wish.paused |= id == 'p';
		if (id == 'C')
			wish.config = args.value;
		if (id == 't' &&
			!args_number(args.value, 1, 86400, &wish.seconds))
			ret = args_usage_error(&args,
				"'%s' is no number of seconds", args.value);
	}
	if (!ret && id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (!ret && args.operand_count != 2)
		ret = args_usage_error(&args, "a domain and a file are wanted");
	else if (!ret) {
		wish.file = args.operands[1];
		ret = run(args.operands[0], &wish);
	}
	args_free(&args);
	return ret;
}
