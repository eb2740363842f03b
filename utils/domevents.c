/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domevents: tells what becomes of the domains, one JSON object a line, as a
 * stream. The store says when domains come, stop and go; that one was paused
 * nobody says, so it also looks by itself every now and then.
 */
#include <errno.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "common/args.h"
#include "common/err.h"
#include "common/info.h"
#include "common/session.h"

#define LOOK_MS 1000 /* how late the news of a pause may be */

static const struct args_option options[] = {
	{ 'n', "count", "N", "leave after N lines" },
	{ 0, NULL, NULL, NULL },
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

/* What was last told of a domain. */
struct seen {
	uint32_t domid;
	uint32_t flags;
	uint8_t uuid[16];
	char *name;
	bool is_there; /* in the list being looked at */
};

struct watch {
	struct session session;
	struct seen *seen;
	size_t count;
	unsigned long long left; /* lines; 0: without end */
};

static int tell(struct watch *w, const struct seen *d, const char *event)
{
	const struct xen_domctl_getdomaininfo info = { .flags = d->flags };
	struct json_object *o = json_object_new_object();
	char uuid[DOM_UUID_TEXT], when[48];
	struct timespec now;
	struct tm utc;
	size_t len;

	if (!o)
		return -ENOMEM;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	len = strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(when + len, sizeof(when) - len, ".%03ldZ",
		now.tv_nsec / 1000000);
	dom_uuid_format(d->uuid, uuid);
	json_object_object_add(o, "time", json_object_new_string(when));
	json_object_object_add(o, "event", json_object_new_string(event));
	json_object_object_add(o, "domid", json_object_new_int64(d->domid));
	if (d->name)
		json_object_object_add(
			o, "name", json_object_new_string(d->name));
	json_object_object_add(o, "uuid", json_object_new_string(uuid));
	if (!strcmp(event, "shutdown"))
		json_object_object_add(o, "reason",
			json_object_new_string(info_reason(&info)));
	puts(json_object_to_json_string_ext(
		o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
	if (fflush(stdout))
		return -EIO;
	if (w->left && !--w->left)
		stop = 1;
	return 0;
}

static struct seen *find(struct watch *w, uint32_t domid)
{
	for (size_t i = 0; i < w->count; i++) {
		if (w->seen[i].domid == domid)
			return &w->seen[i];
	}
	return NULL;
}

static struct seen *add(struct watch *w, uint32_t domid)
{
	struct seen *more = realloc(w->seen, (w->count + 1) * sizeof(*w->seen));

	if (!more)
		return NULL;
	w->seen = more;
	more += w->count++;
	*more = (struct seen){ .domid = domid };
	return more;
}

/* The name as it is now; the last one stays when it is gone. */
static void update_name(struct watch *w, struct seen *d)
{
	char *name;

	if (dom_name(w->session.xs, d->domid, &name))
		return;
	free(d->name);
	d->name = name;
}

/* Tells how `info` differs from what was seen. */
static int look_at(struct watch *w, const struct xen_domctl_getdomaininfo *info,
	const char *arrival)
{
	struct seen *d = find(w, info->domain);
	uint32_t came;
	int ret = 0;

	/* Dying is gone: nothing but its pages is left. */
	if (info->flags & XEN_DOMINF_dying)
		return 0;
	if (!d) {
		d = add(w, info->domain);
		if (!d)
			return -ENOMEM;
		memcpy(d->uuid, info->handle, sizeof(d->uuid));
		update_name(w, d);
		/* Its maker has not named it yet: later. */
		if (!d->name && d->domid) {
			w->count--;
			return 0;
		}
		ret = tell(w, d, arrival);
	} else {
		update_name(w, d);
	}
	d->is_there = true;
	came = info->flags & ~d->flags;
	if (!ret && came & XEN_DOMINF_paused)
		ret = tell(w, d, "paused");
	else if (!ret && d->flags & ~info->flags & XEN_DOMINF_paused)
		ret = tell(w, d, "resumed");
	d->flags = info->flags;
	if (!ret && came & XEN_DOMINF_shutdown)
		ret = tell(w, d, "shutdown");
	return ret;
}

static int look(struct watch *w, const char *arrival)
{
	struct xen_domctl_getdomaininfo *list;
	size_t count, kept = 0;
	int ret = sysctl_domains(w->session.ctrl, &list, &count);

	if (ret) {
		err_say("cannot list the domains: %s", strerror(-ret));
		return ret;
	}
	for (size_t i = 0; i < w->count; i++)
		w->seen[i].is_there = false;
	for (size_t i = 0; !ret && !stop && i < count; i++)
		ret = look_at(w, &list[i], arrival);
	free(list);
	for (size_t i = 0; i < w->count; i++) {
		struct seen *d = &w->seen[i];

		if (d->is_there || stop || ret) {
			w->seen[kept++] = *d;
			continue;
		}
		ret = tell(w, d, "gone");
		free(d->name);
	}
	w->count = kept;
	if (ret)
		err_say("cannot go on: %s", strerror(-ret));
	return ret;
}

static int follow(struct watch *w)
{
	int ret = xs_watch(w->session.xs, "@introduceDomain", "come");

	if (!ret)
		ret = xs_watch(w->session.xs, "@releaseDomain", "go");
	if (ret) {
		err_say("the store refuses a watch: %s", strerror(-ret));
		return ret;
	}
	ret = look(w, "present");
	while (!ret && !stop) {
		char *path, *token;

		ret = xs_next_event(w->session.xs, LOOK_MS, &path, &token);
		if (!ret) {
			free(path);
			free(token);
		} else if (ret != -ETIMEDOUT && ret != -EINTR) {
			err_say("the store daemon is gone: %s", strerror(-ret));
			return ret;
		}
		ret = stop ? 0 : look(w, "created");
	}
	return ret;
}

static int run(unsigned long long lines)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct watch w = { .left = lines };
	int ret = session_open(&w.session);

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	if (!ret)
		ret = follow(&w);
	for (size_t i = 0; i < w.count; i++)
		free(w.seen[i].name);
	free(w.seen);
	session_close(&w.session);
	return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "domevents",
		.synopsis = "",
		.about = "Tells what becomes of the domains, one JSON object a "
			 "line.",
		.options = options,
	};
	unsigned long long lines = 0;
	int id, ret = 0;

	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0 && !ret) {
		if (!args_number(args.value, 1, 1ULL << 62, &lines))
			ret = args_usage_error(&args,
				"'%s' is no number of lines", args.value);
	}
	if (!ret && id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (!ret && args.operand_count)
		ret = args_usage_error(
			&args, "'%s' is not expected", args.operands[0]);
	else if (!ret)
		ret = run(lines);
	args_free(&args);
	return ret;
}
