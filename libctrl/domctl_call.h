/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files around domctl.c share: one call, with its buffers. */
#ifndef LIBCTRL_DOMCTL_CALL_H
#define LIBCTRL_DOMCTL_CALL_H

#include <stddef.h>
#include <stdint.h>
#include <public/domctl.h>

struct ctrl;

/* Sends `op`, its version and domain filled in, and takes the answer back. */
int domctl_call(struct ctrl *c, uint32_t domid, struct xen_domctl *op);
/* A hypercall of two arguments, the second a structure that may be written. */
long domctl_call_struct(struct ctrl *c, unsigned int number, unsigned int cmd,
	void *arg, size_t bytes);

/* As domctl_populate, for the guest's numbers from `first` on. */
int domctl_populate_from(struct ctrl *c, uint32_t domid, xen_pfn_t first,
	size_t count, xen_pfn_t *p2m);

#endif
