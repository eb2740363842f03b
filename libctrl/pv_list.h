/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PV guest's own list of its memory: which machine frame each of its pages
 * is, as it tells in its shared_info page. A guest may tell anything, so only
 * bounds are promised: whether a frame is the guest's, who maps it finds out.
 */
#ifndef LIBCTRL_PV_LIST_H
#define LIBCTRL_PV_LIST_H

#include <stdint.h>
#include <stddef.h>
#include <public/domctl.h>
#include <public/xen.h>

struct ctrl;
struct why;

#define PV_LIST_NONE (~0ULL) /* in p2m: no page there */
/* Entries of the list that a page has. */
#define PV_LIST_PER_PAGE 512

struct pv_list {
	uint64_t count; /* pages, PV_LIST_NONE ones included */
	uint64_t max_mfn;
	xen_pfn_t *p2m;	   /* [count, rounded up to whole pages] */
	uint32_t *m2p;	   /* [max_mfn + 1] the guest's number + 1, or 0 */
	size_t list_pages; /* of the list itself */
	xen_pfn_t *list_mfns;
};

/*
 * Reads the list of a domain that does not run. -ENOTSUP: it is in a form that
 * is not known; -EINVAL: it makes no sense. Undo with pv_list_free.
 */
int pv_list_read(struct ctrl *c, const struct xen_domctl_getdomaininfo *info,
	struct pv_list *list, struct why *why);
/*
 * What has become of a list that was read, into the same: bit n % 64 of
 * changed[n / 64] is set where the guest's number n has another frame now, or
 * none. -EBUSY: it is another list now; on any error it is to be freed.
 */
int pv_list_read_again(struct ctrl *c,
	const struct xen_domctl_getdomaininfo *info, struct pv_list *list,
	uint64_t *changed, struct why *why);
void pv_list_free(struct pv_list *list);
/* The guest's number of a machine frame; PV_LIST_NONE: it has none. */
uint64_t pv_list_find(const struct pv_list *list, uint64_t mfn);

#endif
