/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory and state of a PV domain that runs meanwhile: what save_pv writes,
 * with pages more than once, of which the last counts. restore_pv reads it, and
 * so does stock's.
 */
#ifndef TENONCTRL_MOVE_PV_H
#define TENONCTRL_MOVE_PV_H

#include <stdbool.h>
#include <stdint.h>
#include <tenonctrl/save_file.h>

struct ctrl;
struct why;

#define MOVE_ROUNDS_MAX 30

/* Round 0 has all pages, the later ones those that were written to since; the
 * last one is of a suspended domain. */
struct move_pv {
	uint32_t domid;
	/* The domain is stopped when what is left takes no longer than this to
	 * send, at the pace so far, and rounds no longer halve it; or when they
	 * do not help at all. */
	unsigned int downtime_ms;
	unsigned int rounds; /* at most, from 1 to MOVE_ROUNDS_MAX */
	/* Makes the domain suspend; its error is move_pv's. */
	int (*suspend)(void *arg, struct why *why);
	/* Told of each round's progress, in pages; may be NULL. */
	void (*tell)(
		void *arg, unsigned int round, uint64_t done, uint64_t all);
	void *arg;
	/* What came out. */
	unsigned int rounds_done;
	uint64_t pages_sent, pages_last; /* in all, while it was stopped */
};

/*
 * Writes the domain. Whatever comes out, the hypervisor no longer follows its
 * writes then; on failure it runs, unless suspend was called. -ENOTSUP: the
 * hypervisor cannot follow it; else errors as save_pv's.
 */
int move_pv(struct ctrl *c, struct move_pv *m, struct save_file *f,
	struct why *why);

#endif
