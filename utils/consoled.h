/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One guest of the console daemon: its ring, its terminal, its log.
 *
 * What a guest writes goes to the log at once and to the terminal when there
 * is room in it; the newest CONSOLE_KEEP bytes wait for a reader, older ones
 * are dropped. A guest that writes more than its allowance is left waiting
 * with a full ring until it has allowance again.
 */
#ifndef UTILS_CONSOLED_H
#define UTILS_CONSOLED_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <time.h>

struct ctrl;
struct event;
struct gnt;
struct xs;

#define CONSOLE_KEEP (64U << 10) /* bytes of a guest kept for a reader */
/* Bytes a second, and at once, that a guest may write. */
#define CONSOLE_RATE  (256U << 10)
#define CONSOLE_BURST (1U << 20)
/* A log larger than this becomes NAME.log.1, which is replaced. */
#define CONSOLE_LOG_MAX (16U << 20)

/* What the daemon's guests share. */
struct consoled {
	struct ctrl *ctrl;
	struct xs *xs;
	struct event *event;
	struct gnt *gnt;
	const char *log_dir; /* NULL: no logs */
};

struct console_guest {
	struct console_guest *next;
	uint32_t domid;
	uint32_t port; /* ours */
	struct xencons_interface *ring;
	bool granted; /* the ring is a grant mapping, else a foreign one */
	int master, slave;
	int log;
	uint64_t log_size;
	char *log_path;
	char *kept; /* CONSOLE_KEEP bytes, a ring of its own */
	size_t kept_from, kept_count;
	uint64_t allowance; /* bytes */
	struct timespec refilled;
	bool throttled; /* its event stays masked until it may write */
	bool seen;	/* for the sweep over all domains */
};

/*
 * Connects to a guest whose record is complete. -ENOENT: it is not complete
 * yet, or its console is another's; else an error that was reported.
 */
int console_guest_open(
	struct consoled *d, uint32_t domid, struct console_guest **out);
void console_guest_close(struct consoled *d, struct console_guest *g);

/* Moves what the guest wrote, within its allowance. */
void console_guest_output(struct consoled *d, struct console_guest *g);
/* Moves what the reader typed; false when its terminal is broken. */
bool console_guest_input(struct consoled *d, struct console_guest *g);
/* Moves what waits to the terminal. */
void console_guest_flush(struct console_guest *g);
/* Whether the guest can take input now. */
bool console_guest_wants_input(const struct console_guest *g);

/* Opens all logs anew, after somebody moved them. */
void console_guest_reopen_log(struct consoled *d, struct console_guest *g);

#endif
