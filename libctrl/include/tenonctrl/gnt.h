/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages that other domains granted to this one, by /dev/xen/gntdev. */
#ifndef TENONCTRL_GNT_H
#define TENONCTRL_GNT_H

#include <stdint.h>

struct gnt;

int gnt_open(struct gnt **out);
/* Mappings must be undone before. */
void gnt_close(struct gnt *g);

/*
 * Maps the page behind grant reference `ref` of `domid`, writable. -EINVAL:
 * it is not granted to us. Undo with gnt_unmap.
 */
int gnt_map(struct gnt *g, uint32_t domid, uint32_t ref, void **page);
void gnt_unmap(struct gnt *g, void *page);

#endif
