/* SPDX-License-Identifier: BSD-2-Clause */
/* For those who map much of a domain, piece by piece. */
#ifndef LIBCTRL_REMAP_H
#define LIBCTRL_REMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <public/xen.h>

struct ctrl;

/* A mapping that is used again and again; all zeros: there is none yet. */
struct remap {
	char *map;
	size_t count; /* frames that it shows */
};

/* Shows `count` frames in place of what it showed, which costs less than both;
 * errors as fmem_map, and it shows nothing then. */
int remap_to(struct ctrl *c, struct remap *r, uint32_t domid,
	const xen_pfn_t *frames, size_t count, bool is_writable);
void remap_end(struct ctrl *c, struct remap *r);

#endif
