/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's record in the store. The nodes, their values and who may write
 * them are those that stock tools write for a PV guest; the
 * mark below /libxl/N/tenon is ours.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <tenonctrl/device.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include <public/sched.h>

#define CONSOLE_LIMIT "1048576" /* bytes that a console daemon may keep */

/* A record being written; the first error stays and stops the rest. */
struct writer {
	struct xs *xs;
	uint32_t tx;
	uint32_t domid;
	char uuid[DOM_UUID_TEXT];
	int error;
};

/* Writes /BASE/NAME, where BASE is "local/domain/N" and the like. */
static void put(struct writer *w, const char *base, const char *name,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void put(struct writer *w, const char *base, const char *name,
	const char *fmt, ...)
{
	char path[256], value[2048];
	va_list args;
	int len;

	if (w->error)
		return;
	snprintf(path, sizeof(path), "%s/%s", base, name);
	va_start(args, fmt);
	len = vsnprintf(value, sizeof(value), fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(value))
		w->error = -ENAMETOOLONG;
	else
		w->error = xs_write(w->xs, w->tx, path, value, (size_t)len);
}

/* Makes a directory whose children belong to dom0; the guest may read them. */
static void make_dir(struct writer *w, const char *path, bool readable)
{
	struct xs_perm perms[2] = { { 0, 'n' }, { w->domid, 'r' } };

	if (!w->error)
		w->error = xs_mkdir(w->xs, w->tx, path);
	if (!w->error)
		w->error = xs_set_perms(
			w->xs, w->tx, path, perms, readable ? 2 : 1);
}

/*
 * A node that belongs to the guest, and so can be written by it; `back`: dom0
 * is named as a reader, as in front ends.
 */
static void put_guest(struct writer *w, const char *base, const char *name,
	const char *value, bool back)
{
	struct xs_perm perms[2] = { { w->domid, 'n' }, { 0, 'r' } };
	char path[256];

	put(w, base, name, "%s", value);
	snprintf(path, sizeof(path), "%s/%s", base, name);
	if (!w->error)
		w->error =
			xs_set_perms(w->xs, w->tx, path, perms, back ? 2 : 1);
}

static void write_vm(struct writer *w, const struct dom_record *r)
{
	struct timespec now;
	char base[64];

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(base, sizeof(base), "/vm/%s", w->uuid);
	make_dir(w, base, true);
	put(w, base, "name", "%s", r->name);
	put(w, base, "uuid", "%s", w->uuid);
	put(w, base, "image/ostype", "linux");
	put(w, base, "image/kernel", "%s", r->kernel);
	if (r->ramdisk)
		put(w, base, "image/ramdisk", "%s", r->ramdisk);
	put(w, base, "image/cmdline", "%s", r->cmdline);
	put(w, base, "start_time", "%lld.%02ld", (long long)now.tv_sec,
		now.tv_nsec / 10000000);
}

/* What a guest's kernel answers with and hangs its devices below. */
static void write_guest_owned(struct writer *w, const char *base)
{
	static const char *const empty[] = {
		"device/suspend/event-channel",
		"control/shutdown",
		"control/feature-poweroff",
		"control/feature-reboot",
		"control/feature-suspend",
		"control/sysrq",
		"data",
		"drivers",
		"feature",
		"attr",
		"error",
	};

	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
		put_guest(w, base, empty[i], "", false);
}

static void write_domain(struct writer *w, const struct dom_record *r)
{
	char base[64], name[64];

	snprintf(base, sizeof(base), "/local/domain/%u", w->domid);
	make_dir(w, base, true);
	put(w, base, "vm", "/vm/%s", w->uuid);
	put(w, base, "name", "%s", r->name);
	put(w, base, "domid", "%u", w->domid);
	for (uint32_t i = 0; i < r->max_vcpus; i++) {
		snprintf(name, sizeof(name), "cpu/%u/availability", i);
		put(w, base, name, "%s", i < r->vcpus ? "online" : "offline");
	}
	put(w, base, "memory/static-max", "%llu",
		(unsigned long long)r->max_kib);
	put(w, base, "memory/target", "%llu",
		(unsigned long long)r->memory_kib);
	put(w, base, "memory/videoram", "0");
	write_guest_owned(w, base);
	put(w, base, "control/platform-feature-multiprocessor-suspend", "1");
	put(w, base, "control/platform-feature-xs_reset_watches", "1");
	put(w, base, "store/port", "%u", r->store_port);
	put(w, base, "store/ring-ref", "%lu", r->store_mfn);
	put(w, base, "console/backend", "/local/domain/0/backend/console/%u/0",
		w->domid);
	put_guest(w, base, "console/backend-id", "0", true);
	put(w, base, "console/limit", CONSOLE_LIMIT);
	put(w, base, "console/type", "%s",
		r->has_own_console ? "ioemu" : "xenconsoled");
	put(w, base, "console/output", "pty");
	put(w, base, "console/tty", "%s", "");
	put(w, base, "console/ring-ref", "%lu", r->console_mfn);
	put(w, base, "console/port", "%u", r->console_port);
}

/* The two ends of the console device, as stock tools look for them. */
static void write_console_device(struct writer *w)
{
	char back[64], mark[64];

	snprintf(back, sizeof(back), "/local/domain/0/backend/console/%u/0",
		w->domid);
	snprintf(mark, sizeof(mark), "/libxl/%u/device/console/0", w->domid);
	make_dir(w, back, true);
	for (int i = 0; i < 2; i++) {
		const char *base = i ? mark : back;

		put(w, base, "frontend", "/local/domain/%u/console", w->domid);
		if (i)
			put(w, base, "backend", "%s", back);
		put(w, base, "frontend-id", "%u", w->domid);
		put(w, base, "online", "1");
		put(w, base, "state", "1");
		put(w, base, "protocol", "vt100");
	}
}

static void write_mark(struct writer *w, const struct dom_record *r)
{
	char base[64];

	snprintf(base, sizeof(base), "/libxl/%u", w->domid);
	make_dir(w, base, false);
	put(w, base, "type", "pv");
	put(w, base, "dm-version", "qemu_xen");
	put(w, base, "tenon/on_poweroff", "%s",
		dom_action_name(r->on_poweroff));
	put(w, base, "tenon/on_reboot", "%s", dom_action_name(r->on_reboot));
	put(w, base, "tenon/on_crash", "%s", dom_action_name(r->on_crash));
}

int dom_record_write(struct xs *xs, uint32_t domid, const struct dom_record *r,
	struct why *why)
{
	struct writer w = { .xs = xs, .domid = domid };
	int ret;

	dom_uuid_format(r->uuid, w.uuid);
	do {
		ret = xs_begin(xs, &w.tx);
		if (ret)
			break;
		w.error = 0;
		xs_gather(xs);
		write_vm(&w, r);
		write_domain(&w, r);
		write_mark(&w, r);
		write_console_device(&w);
		for (size_t i = 0; i < r->device_count && !w.error; i++)
			w.error = device_write(xs, w.tx, &r->devices[i]);
		ret = xs_gathered(xs);
		w.error = w.error ? w.error : ret;
		ret = xs_end(xs, w.tx, !w.error);
		if (w.error)
			ret = w.error;
	} while (ret == -EAGAIN);
	if (ret)
		return why_set(why, ret,
			"cannot write the record of domain %u into the store: "
			"%s",
			domid, strerror(-ret));
	ret = xs_introduce(xs, domid, r->store_mfn, r->store_port);
	return ret ? why_set(why, ret, "the store daemon refused domain %u: %s",
			     domid, strerror(-ret))
		   : 0;
}

/*
 * Whoever else removes the same record at the same time may take the node or
 * its parent away first, and so may the daemon when the domain dies.
 */
static int remove_node(struct xs *xs, uint32_t tx, const char *path)
{
	int ret = xs_rm(xs, tx, path);

	return ret == -ENOENT || ret == -EINVAL ? 0 : ret;
}

/*
 * Folders that the first guest brought go with the last one. In transactions,
 * or a guest that is just being made would lose its nodes; a conflict leaves
 * them to the next one.
 */
static void prune(struct xs *xs)
{
	static const char *const folders[] = { "/vm", "/libxl",
		"/local/domain/0/device-model",
		"/local/domain/0/backend/console", "/local/domain/0/backend" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char **names;
		uint32_t tx;
		size_t count;
		bool empty;

		if (xs_begin(xs, &tx))
			return;
		empty = !xs_directory(xs, tx, folders[i], &names, &count);
		if (empty) {
			empty = !count;
			free(names);
		}
		if (empty)
			empty = !xs_rm(xs, tx, folders[i]);
		(void)xs_end(xs, tx, empty);
	}
}

static int remove_at(struct xs *xs, const char *fmt, uint32_t domid)
	__attribute__((format(printf, 2, 0)));

static int remove_at(struct xs *xs, const char *fmt, uint32_t domid)
{
	char path[64];

	snprintf(path, sizeof(path), fmt, domid);
	return remove_node(xs, 0, path);
}

/*
 * The mark goes last: whoever is interrupted here leaves a record that the
 * reaper still knows as ours.
 */
int dom_record_remove(struct xs *xs, uint32_t domid)
{
	char path[64], *vm = NULL;
	size_t len;
	int ret = 0;

	if (!domid)
		return -EINVAL;
	snprintf(path, sizeof(path), "/local/domain/%u/vm", domid);
	if (!xs_read(xs, 0, path, &vm, &len) && !strncmp(vm, "/vm/", 4) &&
		vm[4])
		ret = remove_node(xs, 0, vm);
	free(vm);
	if (!ret)
		ret = remove_at(
			xs, "/local/domain/0/backend/console/%u", domid);
	if (!ret)
		ret = remove_at(xs, "/local/domain/%u", domid);
	dom_userdata_remove(domid);
	snprintf(path, sizeof(path), DOM_KEPT_DIR "/%u.cfg", domid);
	(void)unlink(path);
	if (!ret)
		ret = remove_at(xs, "/libxl/%u", domid);
	if (!ret)
		prune(xs);
	return ret;
}

bool dom_is_ours(struct xs *xs, uint32_t domid)
{
	char path[64], *value;
	size_t len;

	snprintf(path, sizeof(path), "/libxl/%u/tenon", domid);
	if (xs_read(xs, 0, path, &value, &len))
		return false;
	free(value);
	return true;
}

int dom_action_for(struct xs *xs, uint32_t domid, unsigned int reason,
	enum dom_action *action)
{
	const char *event;
	char path[64], *value;
	size_t len;
	int ret;

	switch (reason) {
	case SHUTDOWN_poweroff:
		event = "poweroff";
		break;
	case SHUTDOWN_reboot:
		event = "reboot";
		break;
	case SHUTDOWN_crash:
	case SHUTDOWN_watchdog:
		event = "crash";
		break;
	default:
		return -ENOENT;
	}
	snprintf(path, sizeof(path), "/libxl/%u/tenon/on_%s", domid, event);
	ret = xs_read(xs, 0, path, &value, &len);
	if (ret)
		return ret;
	ret = dom_action_parse(value, action);
	free(value);
	return ret;
}
