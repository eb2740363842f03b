/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Other domains' memory in this address space: frames by number, and the
 * tables that the hypervisor keeps for a domain.
 */
#ifndef TENONCTRL_FMEM_H
#define TENONCTRL_FMEM_H

#include <stdint.h>
#include <stddef.h>
#include <public/xen.h>

struct ctrl;

/*
 * Maps `count` frames of domain `domid`, one page after the other. For a PV
 * domain a frame is a machine frame number. All or nothing: the first frame
 * that cannot be mapped gives its error (-EINVAL: not the domain's, -ESRCH: no
 * such domain). While a page is mapped writable it cannot become a page
 * table, nor can a table be mapped. Undo with fmem_unmap.
 */
int fmem_map(struct ctrl *c, uint32_t domid, const xen_pfn_t *frames,
	size_t count, void **out);
/* The same to be read only: page tables, too, can be mapped so. */
int fmem_map_read(struct ctrl *c, uint32_t domid, const xen_pfn_t *frames,
	size_t count, void **out);
void fmem_unmap(struct ctrl *c, void *map, size_t count);

/*
 * Maps `count` frames of a resource of the domain, from frame `index` on;
 * type and id are XENMEM_resource_*. Undo with fmem_unmap.
 */
int fmem_map_resource(struct ctrl *c, uint32_t domid, uint32_t type,
	uint32_t id, uint32_t index, size_t count, void **out);

#endif
