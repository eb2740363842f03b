/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices' nodes and lives; see tenonctrl/device.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <tenonctrl/device.h>
#include <tenonctrl/hotplug.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "hotplug_script.h"

#define TOKEN	"tenon-device"
#define POLL_MS 200
/* What a driver gets to notice a device that is to be removed again. */
#define ANSWER_SECONDS 5

/* States of the public io/xenbus.h. */
enum {
	STATE_INITIALISING = 1,
	STATE_INIT_WAIT,
	STATE_CLOSING = 5,
	STATE_CLOSED
};

static const char *const names[DEVICE_CLASSES] = {
	[DEVICE_VBD] = "vbd",
	[DEVICE_VIF] = "vif",
	[DEVICE_VFB] = "vfb",
	[DEVICE_VKBD] = "vkbd",
	[DEVICE_9PFS] = "9pfs",
};

#define QEMU_DISK "qdisk"

/* As in paths of back ends. */
static const char *back_name(const struct device *d)
{
	return d->by_qemu && d->class == DEVICE_VBD ? QEMU_DISK
						    : names[d->class];
}

const char *device_class_name(enum device_class class)
{
	return names[class];
}

bool device_put(
	struct device_nodes *nodes, const char *name, const char *fmt, ...)
{
	va_list args;
	int len;

	if (nodes->count == DEVICE_NODES_MAX)
		return false;
	va_start(args, fmt);
	len = vasprintf(&nodes->at[nodes->count].value, fmt, args);
	va_end(args);
	if (len < 0)
		return false;
	nodes->at[nodes->count++].name = name;
	return true;
}

static void nodes_free(struct device_nodes *nodes)
{
	while (nodes->count)
		free(nodes->at[--nodes->count].value);
}

void device_spec_free(struct device_spec *spec)
{
	nodes_free(&spec->front);
	nodes_free(&spec->back);
}

void device_front_path(const struct device *d, char path[DEVICE_PATH_MAX])
{
	snprintf(path, DEVICE_PATH_MAX, "/local/domain/%u/device/%s/%u",
		d->domid, names[d->class], d->id);
}

void device_back_path(const struct device *d, char path[DEVICE_PATH_MAX])
{
	snprintf(path, DEVICE_PATH_MAX, "/local/domain/%u/backend/%s/%u/%u",
		d->backend_domid, back_name(d), d->domid, d->id);
}

void device_record_path(const struct device *d, char path[DEVICE_PATH_MAX])
{
	snprintf(path, DEVICE_PATH_MAX, "/libxl/%u/device/%s/%u", d->domid,
		names[d->class], d->id);
}

/* A folder whose nodes inherit who owns and who reads them. */
static int make_dir(struct xs *xs, uint32_t tx, const char *path,
	uint32_t owner, uint32_t reader, bool has_reader)
{
	struct xs_perm perms[2] = { { owner, 'n' }, { reader, 'r' } };
	int ret = xs_mkdir(xs, tx, path);

	return ret ? ret
		   : xs_set_perms(xs, tx, path, perms, has_reader ? 2 : 1);
}

static int put(struct xs *xs, uint32_t tx, const char *base, const char *name,
	const char *value)
{
	char path[DEVICE_PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", base, name);
	return xs_write(xs, tx, path, value, strlen(value));
}

static int put_all(struct xs *xs, uint32_t tx, const char *base,
	const struct device_nodes *nodes)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < nodes->count; i++)
		ret = put(xs, tx, base, nodes->at[i].name, nodes->at[i].value);
	return ret;
}

static int put_number(struct xs *xs, uint32_t tx, const char *base,
	const char *name, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	return put(xs, tx, base, name, text);
}

/* What the back end reads; the record is a copy of it. */
static int write_back(struct xs *xs, uint32_t tx, const char *base,
	const struct device_spec *spec, const char *front)
{
	int ret = put(xs, tx, base, "frontend", front);

	if (!ret)
		ret = put_number(
			xs, tx, base, "frontend-id", spec->device.domid);
	if (!ret)
		ret = put(xs, tx, base, "online", "1");
	if (!ret)
		ret = put_number(xs, tx, base, "state", STATE_INITIALISING);
	if (!ret)
		ret = put_all(xs, tx, base, &spec->back);
	return ret;
}

int device_write(struct xs *xs, uint32_t tx, const struct device_spec *spec)
{
	char front[DEVICE_PATH_MAX], back[DEVICE_PATH_MAX],
		record[DEVICE_PATH_MAX];
	const struct device *d = &spec->device;
	int ret;

	device_front_path(d, front);
	device_back_path(d, back);
	device_record_path(d, record);
	ret = make_dir(xs, tx, record, 0, 0, false);
	if (!ret)
		ret = put(xs, tx, record, "backend", back);
	if (!ret)
		ret = write_back(xs, tx, record, spec, front);
	if (!ret && !d->by_qemu)
		ret = put(xs, tx, record, HOTPLUG_SCRIPT_NOTE, "0");
	if (!ret)
		ret = make_dir(xs, tx, front, d->domid, d->backend_domid, true);
	if (!ret)
		ret = put(xs, tx, front, "backend", back);
	if (!ret)
		ret = put_number(xs, tx, front, "backend-id", d->backend_domid);
	if (!ret)
		ret = put_number(xs, tx, front, "state", STATE_INITIALISING);
	if (!ret)
		ret = put_all(xs, tx, front, &spec->front);
	if (!ret)
		ret = make_dir(xs, tx, back, d->backend_domid, d->domid, true);
	if (!ret)
		ret = write_back(xs, tx, back, spec, front);
	return ret;
}

/* The back end's state; 0 when there is none (any more). */
static unsigned int back_state(struct xs *xs, const struct device *d)
{
	char path[DEVICE_PATH_MAX + 8];
	uint64_t state = 0;

	device_back_path(d, path);
	strcat(path, "/state");
	return xs_read_u64(xs, 0, path, &state) ? 0 : (unsigned int)state;
}

static bool has_answered(struct xs *xs, const struct device *d)
{
	return back_state(xs, d) >= STATE_INIT_WAIT;
}

static bool has_closed(struct xs *xs, const struct device *d)
{
	unsigned int state = back_state(xs, d);

	return !state || state == STATE_CLOSED;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until the store says something, at most a short while. */
static void nap(struct xs *xs)
{
	char *path, *token;
	int ret = xs_next_event(xs, POLL_MS, &path, &token);

	if (!ret) {
		free(path);
		free(token);
	} else if (ret != -ETIMEDOUT && ret != -EINTR) {
		usleep(POLL_MS * 1000);
	}
}

/* The index of the first device that is not done in time, or `count`. */
static size_t wait_for(struct xs *xs, const struct device *list, size_t count,
	bool (*is_done)(struct xs *xs, const struct device *d),
	unsigned int seconds)
{
	int64_t end = now_ms() + seconds * 1000LL;
	char path[DEVICE_PATH_MAX + 8];
	size_t done = 0;

	for (; done < count; done++) {
		const struct device *d = &list[done];
		bool is_watched;

		if (is_done(xs, d))
			continue;
		device_back_path(d, path);
		strcat(path, "/state");
		is_watched = !xs_watch(xs, path, TOKEN);
		while (!is_done(xs, d) && now_ms() < end)
			nap(xs);
		if (is_watched)
			(void)xs_unwatch(xs, path, TOKEN);
		if (!is_done(xs, d))
			break;
	}
	return done;
}

/* The driver's own words, if it left any: they are dom0's, not the guest's. */
static void back_error(
	struct xs *xs, const struct device *d, char *text, size_t size)
{
	char path[DEVICE_PATH_MAX + 16], *words;
	size_t len;

	snprintf(text, size, "no word of the driver");
	snprintf(path, sizeof(path), "/local/domain/%u/error/backend/%s/%u/%u",
		d->backend_domid, back_name(d), d->domid, d->id);
	strcat(path, "/error");
	if (xs_read(xs, 0, path, &words, &len))
		return;
	snprintf(text, size, "the driver says: %s", words);
	free(words);
}

static int check_driver(const struct device *d, struct why *why)
{
	char path[64];

	if (d->by_qemu)
		return 0;
	snprintf(path, sizeof(path), "/sys/bus/xen-backend/drivers/%s",
		names[d->class]);
	if (!access(path, F_OK))
		return 0;
	return why_set(why, -ENODEV,
		"dom0 has no driver for %s devices; modprobe %s",
		names[d->class],
		d->class == DEVICE_VBD ? "xen-blkback" : "xen-netback");
}

int device_connect(struct xs *xs, const struct device_spec *specs, size_t count,
	unsigned int seconds, struct why *why)
{
	char words[160];
	int ret = 0;

	for (size_t i = 0; i < count && !ret; i++) {
		const struct device *d = &specs[i].device;

		ret = check_driver(d, why);
		if (ret)
			break;
		if (!wait_for(xs, d, 1, has_answered, seconds)) {
			back_error(xs, d, words, sizeof(words));
			ret = why_set(why, -ETIMEDOUT,
				"the back end of %s %u does not answer: %s",
				names[d->class], d->id, words);
			break;
		}
		if (!d->by_qemu)
			ret = hotplug_add(xs, d, why);
	}
	return ret;
}

static int append(struct device **list, size_t *count, const struct device *d)
{
	struct device *grown = realloc(*list, (*count + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	*list = grown;
	grown[(*count)++] = *d;
	return 0;
}

/* The back end's domain, from the record's path of it. */
static int find_backend(struct xs *xs, struct device *d)
{
	char path[DEVICE_PATH_MAX + 16], *back, *end;
	unsigned long domid;
	size_t len;
	int ret;

	device_record_path(d, path);
	strcat(path, "/backend");
	ret = xs_read(xs, 0, path, &back, &len);
	if (ret)
		return ret;
	ret = -EINVAL;
	if (!strncmp(back, "/local/domain/", 14)) {
		domid = strtoul(back + 14, &end, 10);
		if (!strncmp(end, "/backend/", 9) && domid < 0x7ff0) {
			d->backend_domid = (uint32_t)domid;
			d->by_qemu = d->class > DEVICE_VIF ||
				     !strncmp(end, "/backend/" QEMU_DISK "/",
					     sizeof("/backend/" QEMU_DISK));
			ret = 0;
		}
	}
	free(back);
	return ret;
}

static int list_class(
	struct xs *xs, struct device d, struct device **list, size_t *count)
{
	char path[DEVICE_PATH_MAX], **ids;
	size_t id_count;
	int ret;

	snprintf(path, sizeof(path), "/libxl/%u/device/%s", d.domid,
		names[d.class]);
	ret = xs_directory(xs, 0, path, &ids, &id_count);
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	for (size_t i = 0; i < id_count && !ret; i++) {
		d.id = (uint32_t)strtoul(ids[i], NULL, 10);
		if (!find_backend(xs, &d))
			ret = append(list, count, &d);
	}
	free(ids);
	return ret;
}

int device_list(
	struct xs *xs, uint32_t domid, struct device **list, size_t *count)
{
	struct device d = { .domid = domid };
	struct device *found = NULL;
	size_t found_count = 0;
	int ret = 0;

	for (int i = 0; i < DEVICE_CLASSES && !ret; i++) {
		d.class = (enum device_class)i;
		ret = list_class(xs, d, &found, &found_count);
	}
	if (ret) {
		free(found);
		return ret;
	}
	*list = found;
	*count = found_count;
	return 0;
}

static int remove_node(struct xs *xs, const char *path)
{
	int ret = xs_rm(xs, 0, path);

	return ret == -ENOENT || ret == -EINVAL ? 0 : ret;
}

/* Removes the node, and those above it that it leaves empty. */
static int remove_with_parents(struct xs *xs, char *path, int levels)
{
	int ret = remove_node(xs, path);

	for (; !ret && levels; levels--) {
		char **kids;
		size_t count;
		uint32_t tx;

		*strrchr(path, '/') = '\0';
		/* In a transaction: a new device may be coming in. */
		if (xs_begin(xs, &tx))
			break;
		if (!xs_directory(xs, tx, path, &kids, &count)) {
			free(kids);
			if (!count && !xs_rm(xs, tx, path)) {
				(void)xs_end(xs, tx, true);
				continue;
			}
		}
		(void)xs_end(xs, tx, false);
		break;
	}
	return ret;
}

/*
 * Asks the driver to close; a front end that is gone cannot object. A driver
 * that has just met the device would overlook the request.
 */
static int ask_to_close(struct xs *xs, const struct device *d, bool force)
{
	char front[DEVICE_PATH_MAX], back[DEVICE_PATH_MAX];
	unsigned int state = back_state(xs, d);
	int ret = 0;

	if (state == STATE_INITIALISING && !check_driver(d, NULL)) {
		(void)wait_for(xs, d, 1, has_answered, ANSWER_SECONDS);
		state = back_state(xs, d);
	}
	if (!state)
		return 0;
	device_front_path(d, front);
	device_back_path(d, back);
	ret = put(xs, 0, back, "online", "0");
	if (!ret && state < STATE_CLOSING)
		ret = put_number(xs, 0, back, "state", STATE_CLOSING);
	if (!ret && force)
		ret = remove_node(xs, front);
	return ret;
}

/* After the driver has let go. */
static int forget(struct xs *xs, const struct device *d, struct why *why)
{
	char path[DEVICE_PATH_MAX];
	int ret = d->by_qemu ? 0 : hotplug_remove(xs, d, why), error;

	device_front_path(d, path);
	error = remove_node(xs, path);
	device_back_path(d, path);
	if (!error)
		error = remove_with_parents(xs, path, 2);
	device_record_path(d, path);
	if (!error)
		error = remove_node(xs, path);
	if (error && !ret)
		ret = why_set(why, error,
			"cannot remove the nodes of %s %u of domain %u: %s",
			names[d->class], d->id, d->domid, strerror(-error));
	return ret;
}

int device_remove(struct xs *xs, const struct device *list, size_t count,
	bool force, unsigned int seconds, struct why *why)
{
	int64_t end = now_ms() + seconds * 1000LL;
	struct why inner;
	int ret = 0;

	for (size_t i = 0; i < count; i++)
		(void)ask_to_close(xs, &list[i], force);
	for (size_t i = 0; i < count; i++) {
		const struct device *d = &list[i];
		int64_t left = end - now_ms();
		int error = 0;

		/* With force its program is gone. */
		if (!(d->by_qemu && force) &&
			!wait_for(xs, d, 1, has_closed,
				left > 0 ? (unsigned int)(left / 1000 + 1) : 0))
			error = why_set(&inner, -EBUSY,
				"%s %u of domain %u is in use: its back end "
				"has not closed within %u s",
				names[d->class], d->id, d->domid, seconds);
		if (!error || force) {
			struct why last;
			int gone = forget(xs, d, &last);

			if (gone && !error) {
				error = gone;
				inner = last;
			}
		}
		if (error && !ret)
			ret = why_set(why, error, "%s", inner.text);
	}
	return ret;
}
