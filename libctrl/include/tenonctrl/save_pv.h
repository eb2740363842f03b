/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PV domain's memory and state, to a file and back (tenonctrl/save_file.h,
 * from behind the head on). 64-bit kernels with four levels of page tables.
 */
#ifndef TENONCTRL_SAVE_PV_H
#define TENONCTRL_SAVE_PV_H

#include <stdint.h>
#include <tenonctrl/save_file.h>
#include <public/xen.h>

struct ctrl;
struct why;

/* Told now and then how many pages of how many are done. */
struct save_progress {
	void (*tell)(void *arg, uint64_t done, uint64_t all); /* may be NULL */
	void *arg;
};

/*
 * Writes a domain that has suspended. -ENOTSUP: its kernel is of another kind;
 * -EINVAL: its list of pages or its page tables make no sense, or name frames
 * of others (a grant that is still mapped); errors of save_file_write. The
 * domain is not changed.
 */
int save_pv(struct ctrl *c, uint32_t domid,
	const struct save_progress *progress, struct save_file *f,
	struct why *why);

/* The same with vcpu 0 told that the suspend was called off. */
int save_pv_cancel(struct ctrl *c, uint32_t domid);

struct restore_pv {
	/* What is wanted. The domain exists, is paused and empty, has its
	 * vcpus and may have `max_pages` pages. */
	uint32_t domid;
	uint64_t max_pages;
	uint32_t max_vcpus;
	uint32_t store_port, console_port;   /* the guest's */
	uint32_t store_domid, console_domid; /* who serves them */
	struct save_progress progress;
	/* What came out: machine frames of the two rings. */
	xen_pfn_t store_mfn, console_mfn;
};

/*
 * Fills the domain; nothing of it is used before the file has been read to its
 * end and its checksum, if it has one, fits. On failure the domain is half
 * made and only fit to be destroyed. -EILSEQ: the file is cut off or damaged;
 * -ENOTSUP: it has what is not known here; -ENOMEM.
 */
int restore_pv(struct ctrl *c, struct restore_pv *r, struct save_file *f,
	struct why *why);

#endif
