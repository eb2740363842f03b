/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two halves of restoring a PV domain share. */
#ifndef LIBCTRL_RESTORE_PV_H
#define LIBCTRL_RESTORE_PV_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <tenonctrl/save_pv.h>
#include <public/domctl.h>
#include "remap.h"
#include "save_format.h"

/* In p2m: no page; a page that is being got. */
#define RESTORE_NONE	  (~0ULL)
#define RESTORE_ASKED	  (~1ULL)

#define RESTORE_BLOBS_MAX 1024

/* A record that is used when the file was read whole. */
struct restore_blob {
	uint32_t type, size;
	char bytes[];
};

struct restorer {
	struct ctrl *c;
	struct restore_pv *want;
	struct save_file *f;
	struct why *why;
	uint64_t count; /* of the guest's numbers; 0: not yet known */
	xen_pfn_t *p2m; /* machine frames by number, or RESTORE_NONE */
	uint8_t *kinds; /* by number: bits 28 to 31 of PFINFO_* */
	uint64_t *list; /* numbers of the pages of the guest's own list */
	size_t list_pages;
	size_t page_count; /* pages that the guest has got */
	struct restore_blob *blobs[RESTORE_BLOBS_MAX];
	size_t blob_count;
	struct remap pages; /* those that were read last */
};

#define KIND_PINNED 8 /* this bit and a level from 1 to 4 */
#define KIND_BROKEN 0xd
#define KIND_XALLOC 0xe

/* Of a number with a type, as in the file. */
static inline unsigned int kind_of(uint64_t number)
{
	return (unsigned int)(number >> 60);
}

static inline bool kind_has_contents(uint64_t number)
{
	return kind_of(number) < KIND_BROKEN;
}

static inline bool kind_exists(uint64_t number)
{
	return kind_has_contents(number) || kind_of(number) == KIND_XALLOC;
}

/* All has been read: makes the domain fit to run. Errors as restore_pv. */
int restore_finish(struct restorer *r);

#endif
