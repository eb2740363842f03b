/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The callback_op hypercall: where the hypervisor enters a paravirtual
 * kernel. Events and NMIs are always entered with events masked; the others
 * only with CALLBACKF_mask_events.
 */
#ifndef PUBLIC_CALLBACK_H
#define PUBLIC_CALLBACK_H

#include "xen.h"

#define CALLBACKOP_register		 0 /* struct callback_register */
#define CALLBACKOP_unregister		 1 /* struct callback_unregister */

#define CALLBACKTYPE_event		 0
#define CALLBACKTYPE_failsafe		 1 /* a segment or the frame was bad */
#define CALLBACKTYPE_syscall		 2 /* from 64-bit user code */
#define CALLBACKTYPE_sysenter_deprecated 3
#define CALLBACKTYPE_nmi		 4
#define CALLBACKTYPE_sysenter		 5
#define CALLBACKTYPE_syscall32		 7 /* from 32-bit user code */

#define _CALLBACKF_mask_events		 0
#define CALLBACKF_mask_events		 1U

struct callback_register {
	uint16_t type;	/* CALLBACKTYPE_* */
	uint16_t flags; /* CALLBACKF_* */
	xen_callback_t address;
};
PUBLIC_SIZE(struct callback_register, 16);

/* Answers -EINVAL for the callbacks that a kernel cannot be without. */
struct callback_unregister {
	uint16_t type;
	uint16_t _unused;
};
PUBLIC_SIZE(struct callback_unregister, 4);

#endif
