/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of saving a PV domain, for those who save it whole (save_pv.c) and
 * those who do while it runs (move_pv.c). */
#ifndef LIBCTRL_SAVER_H
#define LIBCTRL_SAVER_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <tenonctrl/save_file.h>
#include <public/domctl.h>
#include "pv_list.h"
#include "remap.h"
#include "save_format.h"

struct ctrl;
struct why;

#define SAVER_ENTRIES 512

struct saver {
	struct ctrl *c;
	uint32_t domid;
	struct save_file *f;
	struct why *why;
	struct xen_domctl_getdomaininfo info;
	struct pv_list list;
	/* Of one record: the guest's numbers and machine frames, put there by
	 * whoever asks for it; LIBXC_BATCH each. */
	uint64_t *numbers;
	xen_pfn_t *frames;
	/* What was sent of each page, as saver_sum says; 0: no table. */
	uint64_t *sums;
	/* The rest is the saver's own. */
	xen_pfn_t *types;
	uint64_t (*tables)[SAVER_ENTRIES];
	struct iovec *pieces;
	struct remap pages; /* those that were written last */
};

/* With c, domid, f and why set: reads what is needed, also of a domain that
 * runs. Undo with saver_end, also on failure. */
int saver_begin(struct saver *s);
void saver_end(struct saver *s);

/* "cannot read the WHAT of domain N: ..."; gives `error`. */
int saver_failed(struct saver *s, int error, const char *what);
/* What stands before memory, behind the head of the file. */
int saver_put_head(struct saver *s);
/* The kinds of the first `count` of s->frames, to s->types. */
int saver_read_types(struct saver *s, size_t count);
/* A level from 1 to 4; 0: no page table. */
unsigned int saver_level(xen_pfn_t type);
/* Whether a frame of that kind can be read. */
bool saver_has_contents(xen_pfn_t type);
/* One record with the first `count` of s->numbers, s->frames, whose kinds are
 * read. `live`: the domain runs and all of them have contents; what cannot be
 * mapped just now is -EAGAIN, with nothing written; of page tables it is only
 * a guess what they hold, and s->sums says which. */
int saver_put_pages(struct saver *s, size_t count, bool live);
/*
 * What `count` page tables of these levels hold, of a domain that does not
 * run: sums[i] is that of the table `numbers[i]` in frames[i], whose kind is
 * types[i].
 */
#define SAVER_UNKNOWN 1ULL /* the sum of no table */
int saver_sum_tables(struct saver *s, const uint64_t *numbers,
	const xen_pfn_t *frames, const xen_pfn_t *types, size_t count,
	uint64_t *sums);
/* What stands behind memory, of a domain that has suspended, to the end. */
int saver_put_tail(struct saver *s);

#endif
