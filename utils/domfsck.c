/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domfsck: shows what tools and daemons that were killed have left, and mends
 * it: nodes and files of domains that are gone, guests half made, devices half
 * plugged in. Nothing is shown that may be somebody's work under way: makers of
 * ours are kept out by their lock, others get time to finish.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <tenonctrl/device.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "common/args.h"
#include "common/create_lock.h"
#include "common/err.h"
#include "common/guardian.h"
#include "common/kept.h"
#include "common/leftovers.h"
#include "common/session.h"
#include "common/table.h"

/* The lock of stock xl while it makes a guest; xl.conf(5). */
#define XL_LOCK "/var/lock/xl"
/* Whoever removes a domain removes its record within that. */
#define LOOK_AGAIN_SECONDS 1
/* A device in dom0's kernel goes a moment after its node. */
#define GONE_TRIES     25
#define DEVICE_SECONDS 5

/* Of the public io/xenbus.h. */
#define STATE_CLOSED 6

enum { OPT_YES = 'y' };

static const struct args_option options[] = {
	{ OPT_YES, "yes", NULL, "mend what is shown" },
	TABLE_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

static const struct render_column columns[] = {
	{ "KIND", "kind", false },
	{ "STATE", "state", false },
	{ "PLACE", "place", false },
	{ "WHAT", "what", false },
	{ NULL, NULL, false },
};

#define SHOWN "kind,state,place,what"

static uint64_t node_number(
	struct xs *xs, const char *base, const char *name, uint64_t otherwise)
{
	char path[DEVICE_PATH_MAX + 32];
	uint64_t value = otherwise;

	snprintf(path, sizeof(path), "%s/%s", base, name);
	(void)xs_read_u64(xs, 0, path, &value);
	return value;
}

/* NULL, or what is wrong with a device that nobody is at work on. */
static const char *check_device(struct xs *xs, const char *back)
{
	char path[DEVICE_PATH_MAX + 32], *status;
	bool is_connected;
	size_t len;

	if (!node_number(xs, back, "state", 0))
		return "its back end has no nodes";
	if (!node_number(xs, back, "online", 1) &&
		node_number(xs, back, "state", 0) == STATE_CLOSED)
		return "closed, and not removed";
	snprintf(path, sizeof(path), "%s/hotplug-status", back);
	if (xs_read(xs, 0, path, &status, &len))
		return "never plugged in";
	is_connected = !strcmp(status, "connected");
	free(status);
	return is_connected ? NULL : "never plugged in";
}

/* Of a guest of ours whose devices nobody changes now. */
static void look_at_devices(
	struct session *s, uint32_t domid, struct leftovers *l)
{
	char back[DEVICE_PATH_MAX];
	struct device *list;
	size_t count;
	int lock;

	if (!dom_is_ours(s->xs, domid) || kept_lock(domid, false, &lock))
		return;
	if (!device_list(s->xs, domid, &list, &count)) {
		for (size_t i = 0; i < count; i++) {
			struct leftover found = { .kind = LEFTOVER_DEVICE,
				.domid = domid,
				.place = back };
			const char *what;

			device_back_path(&list[i], back);
			what = check_device(s->xs, back);
			if (what)
				leftovers_add(l, &found, "%s", what);
		}
		free(list);
	}
	close(lock);
}

static bool is_xl_at_work(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(XL_LOCK, O_RDONLY | O_CLOEXEC);
	bool is_held;

	if (fd < 0)
		return false;
	is_held = !fcntl(fd, F_GETLK, &lock) && lock.l_type != F_UNLCK;
	close(fd);
	return is_held;
}

static void look_at_domain(
	struct session *s, uint32_t domid, struct leftovers *l)
{
	struct leftover found = { .kind = LEFTOVER_DOMAIN, .domid = domid };
	char path[64], **names;
	size_t count;

	snprintf(path, sizeof(path), "/local/domain/%u", domid);
	found.place = path;
	if (!xs_directory(s->xs, 0, path, &names, &count)) {
		free(names);
		look_at_devices(s, domid, l);
	} else if (!is_xl_at_work()) {
		leftovers_add(l, &found,
			"a domain without a record; if no tool is making it: "
			"domstop -f %u",
			domid);
	}
}

/* All that looks left at this moment. */
static int look(struct session *s, struct leftovers *l)
{
	struct xen_domctl_getdomaininfo *list;
	size_t count, lives = 0;
	int ret;

	*l = (struct leftovers){ 0 };
	leftovers_collect(l, s->xs, "");
	ret = sysctl_domains(s->ctrl, &list, &count);
	if (ret)
		return ret;
	for (size_t i = 0; i < count; i++) {
		uint32_t domid = list[i].domain;

		/* What holds a dying one of ours is to be removed. */
		if (!(list[i].flags & XEN_DOMINF_dying) ||
			!dom_is_ours(s->xs, domid))
			list[lives++] = list[i];
	}
	leftovers_drop_living(l, list, lives);
	for (size_t i = 0; i < lives; i++) {
		if (list[i].domain && !(list[i].flags & XEN_DOMINF_dying))
			look_at_domain(s, list[i].domain, l);
	}
	free(list);
	return l->error;
}

/* What two looks agree on. Guests are not made meanwhile. */
static int find(struct session *s, struct leftovers *l)
{
	struct leftovers again = { 0 };
	int ret = look(s, l);

	if (ret || !l->count)
		return ret;
	sleep(LOOK_AGAIN_SECONDS);
	ret = look(s, &again);
	leftovers_agree(l, &again);
	leftovers_free(&again);
	return ret;
}

static bool has_uuid_alive(struct session *s, const uint8_t uuid[16])
{
	struct xen_domctl_getdomaininfo *list;
	bool found = false;
	size_t count;

	if (sysctl_domains(s->ctrl, &list, &count))
		return true;
	for (size_t i = 0; i < count; i++)
		found |= !(list[i].flags & XEN_DOMINF_dying) &&
			 !memcmp(list[i].handle, uuid, 16);
	free(list);
	return found;
}

/* The UUID of a domain that is gone may be that of its successor. */
static void spare_vm(struct session *s, uint32_t domid)
{
	char path[64], *vm;
	uint8_t uuid[16];
	size_t len;

	snprintf(path, sizeof(path), "/local/domain/%u/vm", domid);
	if (xs_read(s->xs, 0, path, &vm, &len))
		return;
	if (!strncmp(vm, "/vm/", 4) && !dom_uuid_parse(vm + 4, uuid) &&
		has_uuid_alive(s, uuid))
		(void)xs_rm(s->xs, 0, path);
	free(vm);
}

static int mend_domain(struct session *s, uint32_t domid, struct why *why)
{
	struct xen_domctl_getdomaininfo info;
	int ret = sysctl_domain(s->ctrl, domid, &info);

	if (!ret && !(info.flags & XEN_DOMINF_dying))
		return why_set(
			why, -EBUSY, "domain %u has come to life", domid);
	if (ret && ret != -ESRCH)
		return why_set(why, ret, "cannot ask about domain %u: %s",
			domid, strerror(-ret));
	spare_vm(s, domid);
	return dom_destroy(s->ctrl, s->xs, domid, why);
}

static int mend_device(
	struct session *s, const struct leftover *l, struct why *why)
{
	char back[DEVICE_PATH_MAX];
	struct device *list;
	size_t count;
	int lock, ret;

	if (kept_lock(l->domid, false, &lock))
		return why_set(why, -EBUSY,
			"another tool is at work on domain %u", l->domid);
	ret = device_list(s->xs, l->domid, &list, &count);
	if (ret)
		count = 0;
	for (size_t i = 0; i < count && !ret; i++) {
		device_back_path(&list[i], back);
		if (!strcmp(back, l->place))
			ret = device_remove(
				s->xs, &list[i], 1, true, DEVICE_SECONDS, why);
	}
	if (count)
		free(list);
	close(lock);
	return ret;
}

/* A node, and the folders above it that it leaves empty. */
static int remove_node(struct xs *xs, const char *place)
{
	char path[DEVICE_PATH_MAX + 32], *slash, **names;
	int ret = xs_rm(xs, 0, place);
	bool is_empty = true;
	size_t count;
	uint32_t tx;

	snprintf(path, sizeof(path), "%s", place);
	while (is_empty && (slash = strrchr(path, '/')) && slash > path) {
		*slash = '\0';
		/* In a transaction: a new guest may be coming in. */
		if (xs_begin(xs, &tx))
			break;
		is_empty = !xs_directory(xs, tx, path, &names, &count);
		if (is_empty) {
			free(names);
			is_empty = !count && !xs_rm(xs, tx, path);
		}
		if (xs_end(xs, tx, is_empty))
			break;
	}
	return ret;
}

static int mend(struct session *s, const struct leftover *l, struct why *why)
{
	int ret = 0;

	switch (l->kind) {
	case LEFTOVER_MAKING:
		guardian_sweep(s);
		return 0;
	case LEFTOVER_DEVICE:
		return mend_device(s, l, why);
	case LEFTOVER_DOMAIN:
		return 0;
	case LEFTOVER_STORE:
	case LEFTOVER_FILE:
	case LEFTOVER_DRIVER:
		break;
	}
	if (l->has_uuid && has_uuid_alive(s, l->uuid))
		return why_set(why, -EBUSY, "its guest has come to life");
	/* An old file of a number that is another domain's by now. */
	if (l->domid != LEFTOVER_ANY && !l->has_uuid)
		ret = mend_domain(s, l->domid, why);
	if (!ret && l->kind == LEFTOVER_STORE)
		ret = remove_node(s->xs, l->place);
	else if (!ret && l->kind == LEFTOVER_FILE && unlink(l->place))
		ret = -errno;
	else if (ret)
		return ret;
	if (ret == -ENOENT || ret == -EINVAL)
		ret = 0;
	return ret ? why_set(why, ret, "%s", strerror(-ret)) : 0;
}

/* Mends each; what is still there then is in `left`. */
static int mend_all(
	struct session *s, const struct leftovers *l, struct leftovers *left)
{
	const struct timespec nap = { 0, 200000000 };
	struct why why;
	int ret = 0;

	for (size_t i = 0; i < l->count; i++) {
		if (mend(s, &l->at[i], &why))
			err_say("%s: %s", l->at[i].place, why.text);
	}
	for (int i = 0; !ret && i < GONE_TRIES; i++) {
		leftovers_free(left);
		ret = look(s, left);
		leftovers_agree(left, l);
		if (!left->count)
			break;
		nanosleep(&nap, NULL);
	}
	return ret;
}

static bool remains(const struct leftovers *left, const struct leftover *one)
{
	for (size_t i = 0; i < left->count; i++) {
		if (left->at[i].kind == one->kind &&
			!strcmp(left->at[i].place, one->place))
			return true;
	}
	return false;
}

static int show(const struct leftovers *l, const struct leftovers *left,
	const struct table_wish *wish, bool is_mended)
{
	struct table *t;

	/* Nothing is said when nothing is wrong; programs get a list. */
	if (!l->count && !wish->json)
		return 0;
	t = table_new(wish, columns, SHOWN);
	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < l->count; i++) {
		const struct leftover *one = &l->at[i];

		table_string(t, leftover_kind_name(one->kind));
		table_string(t, !is_mended	     ? "found"
				: remains(left, one) ? "remains"
						     : "mended");
		table_string(t, one->place);
		table_string(t, one->what);
	}
	return table_end(t);
}

static int run(const struct table_wish *wish, bool yes)
{
	struct session s = { NULL, NULL };
	struct leftovers l = { 0 }, left = { 0 };
	struct why why;
	int lock, ret, shown;

	if (session_open(&s))
		return 1;
	ret = create_lock(&lock, &why);
	if (ret) {
		err_say("%s", why.text);
		session_close(&s);
		return 1;
	}
	ret = find(&s, &l);
	if (!ret && yes)
		ret = mend_all(&s, &l, &left);
	if (ret)
		err_say("cannot look at all: %s", strerror(-ret));
	shown = show(&l, &left, wish, yes);
	ret = ret || shown || (yes ? left.count : l.count) ? 1 : 0;
	leftovers_free(&l);
	leftovers_free(&left);
	close(lock);
	session_close(&s);
	return ret;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "domfsck",
		.synopsis = "",
		.about = "Shows what killed tools and daemons have left: nodes "
			 "and files of domains\nthat are gone, half-made "
			 "guests, half-plugged devices; and mends it.",
		.options = options,
	};
	struct table_wish wish = { 0 };
	bool yes = false;
	int id, ret = 0;

	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0 && !ret) {
		if (id == OPT_YES)
			yes = true;
		else
			ret = table_option(&wish, &args, id);
	}
	if (!ret && id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (!ret && args.operand_count)
		ret = args_usage_error(
			&args, "'%s' is not expected", args.operands[0]);
	else if (!ret)
		ret = table_check(&wish, &args, columns, SHOWN);
	if (!ret && !id)
		ret = run(&wish, yes);
	args_free(&args);
	return ret;
}
