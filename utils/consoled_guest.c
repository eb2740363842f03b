/* SPDX-License-Identifier: BSD-2-Clause */
/* One guest of the console daemon; see consoled.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/event.h>
#include <tenonctrl/fmem.h>
#include <tenonctrl/gnt.h>
#include <tenonctrl/xs.h>
#include <public/grant_table.h>
#include <public/io/console.h>
#include "common/console_ring.h"
#include "common/err.h"
#include "consoled.h"

static int read_node(
	struct consoled *d, uint32_t domid, const char *name, uint64_t *value)
{
	char path[96];

	snprintf(
		path, sizeof(path), "/local/domain/%u/console/%s", domid, name);
	return xs_read_u64(d->xs, 0, path, value);
}

/* Whether the record leaves this console to us; an absent type does. */
static bool is_for_us(struct consoled *d, uint32_t domid)
{
	char path[64], *type;
	size_t len;
	bool ours;

	snprintf(path, sizeof(path), "/local/domain/%u/console/type", domid);
	if (xs_read(d->xs, 0, path, &type, &len))
		return true;
	ours = !strcmp(type, "xenconsoled");
	free(type);
	return ours;
}

static int map_ring(struct consoled *d, struct console_guest *g)
{
	void *page;
	uint64_t mfn;
	xen_pfn_t frame;
	int ret = gnt_map(d->gnt, g->domid, GNTTAB_RESERVED_CONSOLE, &page);

	g->granted = !ret;
	if (ret) {
		/* A maker that seeded no grants: by its number, then. */
		ret = read_node(d, g->domid, "ring-ref", &mfn);
		if (ret)
			return ret;
		frame = mfn;
		ret = fmem_map(d->ctrl, g->domid, &frame, 1, &page);
		if (ret)
			return ret;
	}
	g->ring = page;
	return 0;
}

static int open_terminal(struct console_guest *g, char *name, size_t size)
{
	struct termios raw;

	g->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (g->master < 0 || grantpt(g->master) || unlockpt(g->master) ||
		ptsname_r(g->master, name, size))
		return -errno;
	/* Held open, or the end of each reader would look like a hang-up. */
	g->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (g->slave < 0 || tcgetattr(g->slave, &raw))
		return -errno;
	cfmakeraw(&raw);
	if (tcsetattr(g->slave, TCSANOW, &raw) || fchmod(g->slave, 0600))
		return -errno;
	return 0;
}

/* guest-NAME.log; a name cannot lead out of the folder. */
static void open_log(struct consoled *d, struct console_guest *g)
{
	char *name = NULL;
	struct stat st;

	if (!d->log_dir)
		return;
	if (!g->log_path) {
		if (dom_name(d->xs, g->domid, &name) || !*name) {
			free(name);
			if (asprintf(&name, "%u", g->domid) < 0)
				return;
		}
		for (char *at = name; *at; at++) {
			if (*at == '/' || (unsigned char)*at < ' ')
				*at = '_';
		}
		if (asprintf(&g->log_path, "%s/guest-%s.log", d->log_dir,
			    name) < 0)
			g->log_path = NULL;
		free(name);
	}
	if (!g->log_path)
		return;
	g->log = open(g->log_path,
		O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (g->log < 0)
		err_say("%s: %s", g->log_path, strerror(errno));
	else if (!fstat(g->log, &st))
		g->log_size = (uint64_t)st.st_size;
}

void console_guest_reopen_log(struct consoled *d, struct console_guest *g)
{
	if (g->log >= 0)
		close(g->log);
	g->log = -1;
	open_log(d, g);
}

static void rotate_log(struct consoled *d, struct console_guest *g)
{
	char *old;

	if (asprintf(&old, "%s.1", g->log_path) < 0)
		return;
	if (rename(g->log_path, old))
		err_say("%s: %s", old, strerror(errno));
	free(old);
	console_guest_reopen_log(d, g);
}

/* A full disk loses log lines, nothing else. */
static void write_log(struct consoled *d, struct console_guest *g,
	const char *bytes, size_t count)
{
	if (g->log < 0)
		return;
	if (g->log_size + count > CONSOLE_LOG_MAX)
		rotate_log(d, g);
	while (count && g->log >= 0) {
		ssize_t put = write(g->log, bytes, count);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return;
		bytes += put;
		count -= (size_t)put;
		g->log_size += (uint64_t)put;
	}
}

int console_guest_open(
	struct consoled *d, uint32_t domid, struct console_guest **out)
{
	struct console_guest *g;
	uint64_t remote;
	char tty[64], path[64];
	int ret;

	if (!is_for_us(d, domid) || read_node(d, domid, "port", &remote))
		return -ENOENT;
	g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	*g = (struct console_guest){ .domid = domid,
		.master = -1,
		.slave = -1,
		.log = -1,
		.allowance = CONSOLE_BURST };
	clock_gettime(CLOCK_MONOTONIC, &g->refilled);
	g->kept = malloc(CONSOLE_KEEP);
	ret = g->kept ? map_ring(d, g) : -ENOMEM;
	if (!ret)
		ret = event_bind(d->event, domid, (uint32_t)remote, &g->port);
	if (!ret)
		ret = open_terminal(g, tty, sizeof(tty));
	if (!ret) {
		open_log(d, g);
		snprintf(path, sizeof(path), "/local/domain/%u/console/tty",
			domid);
		ret = xs_write(d->xs, 0, path, tty, strlen(tty));
	}
	if (ret) {
		err_say("the console of domain %u: %s", domid, strerror(-ret));
		console_guest_close(d, g);
		return ret;
	}
	*out = g;
	return 0;
}

void console_guest_close(struct consoled *d, struct console_guest *g)
{
	if (g->port)
		(void)event_unbind(d->event, g->port);
	if (g->ring && g->granted)
		gnt_unmap(d->gnt, g->ring);
	else if (g->ring)
		fmem_unmap(d->ctrl, g->ring, 1);
	if (g->slave >= 0)
		close(g->slave);
	if (g->master >= 0)
		close(g->master);
	if (g->log >= 0)
		close(g->log);
	free(g->log_path);
	free(g->kept);
	free(g);
}

static void keep(struct console_guest *g, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		g->kept[(g->kept_from + g->kept_count) % CONSOLE_KEEP] =
			bytes[i];
		if (g->kept_count < CONSOLE_KEEP)
			g->kept_count++;
		else
			g->kept_from = (g->kept_from + 1) % CONSOLE_KEEP;
	}
}

void console_guest_flush(struct console_guest *g)
{
	while (g->kept_count) {
		size_t run = CONSOLE_KEEP - g->kept_from;
		ssize_t put;

		if (run > g->kept_count)
			run = g->kept_count;
		put = write(g->master, g->kept + g->kept_from, run);
		if (put <= 0)
			return;
		g->kept_from = (g->kept_from + (size_t)put) % CONSOLE_KEEP;
		g->kept_count -= (size_t)put;
	}
}

/* Adds what time brought to the allowance. */
static void refill(struct console_guest *g)
{
	struct timespec now;
	uint64_t ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (uint64_t)((now.tv_sec - g->refilled.tv_sec) * 1000 +
			(now.tv_nsec - g->refilled.tv_nsec) / 1000000);
	if (!ms)
		return;
	g->refilled = now;
	g->allowance += ms * CONSOLE_RATE / 1000;
	if (g->allowance > CONSOLE_BURST)
		g->allowance = CONSOLE_BURST;
}

void console_guest_output(struct consoled *d, struct console_guest *g)
{
	char bytes[CONSOLE_OUT_MAX];
	size_t got;
	bool sane;

	refill(g);
	if (g->allowance < sizeof(bytes)) {
		g->throttled = true;
		return;
	}
	sane = console_ring_take(g->ring, bytes, sizeof(bytes), &got);
	g->allowance -= got;
	if (got) {
		write_log(d, g, bytes, got);
		keep(g, bytes, got);
		console_guest_flush(g);
	}
	if (got || !sane)
		(void)event_notify(d->event, g->port);
	g->throttled = false;
	(void)event_unmask(d->event, g->port);
}

bool console_guest_wants_input(const struct console_guest *g)
{
	return console_ring_room(g->ring) > 0;
}

bool console_guest_input(struct consoled *d, struct console_guest *g)
{
	char bytes[256];
	size_t room = console_ring_room(g->ring);
	ssize_t got;

	if (!room)
		return true;
	if (room > sizeof(bytes))
		room = sizeof(bytes);
	got = read(g->master, bytes, room);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	if (got) {
		console_ring_give(g->ring, bytes, (size_t)got);
		(void)event_notify(d->event, g->port);
	}
	return true;
}
