/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xl: PCI devices, of which no guest has one: the hypervisor drives no IOMMU.
 * Lists are empty, as scripts expect them then; what would change is refused.
 */
#include <stdbool.h>
#include "xl.h"

int xl_pci_list(struct xl_call *c)
{
	uint32_t domid;

	if (xl_plain(c) == XL_STOP)
		return c->status;
	return xl_domain(c, c->argv[optind], &domid) ? XL_OK : XL_FAILED;
}

int xl_pci_assignable_list(struct xl_call *c)
{
	return xl_plain(c) == XL_STOP ? c->status : XL_OK;
}

int xl_pci(struct xl_call *c)
{
	int id;

	while ((id = xl_next(c, "fr", NULL)) >= 0)
		;
	if (id == XL_STOP)
		return c->status;
	return xl_fail("%s: no domain can be given a PCI device: the "
		       "hypervisor drives no IOMMU",
		c->command->name);
}
