/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The nmi_op hypercall, by which vcpu 0 of domain 0 receives the machine's
 * NMIs, and the reasons shown in arch_shared_info.nmi_reason.
 */
#ifndef PUBLIC_NMI_H
#define PUBLIC_NMI_H

#include "xen.h"

#define _XEN_NMIREASON_io_error	   0 /* port 0x61, bit 6 */
#define _XEN_NMIREASON_pci_serr	   1 /* port 0x61, bit 7 */
#define _XEN_NMIREASON_unknown	   2
#define XEN_NMIREASON_io_error	   1UL
#define XEN_NMIREASON_pci_serr	   2UL
#define XEN_NMIREASON_unknown	   4UL

#define XENNMI_register_callback   0 /* struct xennmi_callback */
#define XENNMI_unregister_callback 1 /* no argument */

struct xennmi_callback {
	unsigned long handler_address;
	unsigned long pad;
};
PUBLIC_SIZE(struct xennmi_callback, 16);

#endif
