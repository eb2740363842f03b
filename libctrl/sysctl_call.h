/* SPDX-License-Identifier: BSD-2-Clause */
/* The sysctl hypercall, for the files that make it. */
#ifndef SYSCTL_CALL_H
#define SYSCTL_CALL_H

#include <public/sysctl.h>

struct ctrl;

/* Sends `op` and takes the answer back; 0 or a negative errno. */
int sysctl_call(struct ctrl *c, struct xen_sysctl *op);

#endif
