/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions about the machine and about all domains at once, by the sysctl
 * hypercall (interface version 0x15). -EACCES: the hypervisor speaks another
 * version; -EPERM: not dom0.
 */
#ifndef TENONCTRL_SYSCTL_H
#define TENONCTRL_SYSCTL_H

#include <stdint.h>
#include <stddef.h>
#include <public/xen.h>
#include <public/domctl.h>
#include <public/sysctl.h>

struct ctrl;

/* CPUs, and memory in pages of 4096 bytes. */
int sysctl_physinfo(struct ctrl *c, struct xen_sysctl_physinfo *info);

/*
 * All domains in the order of their numbers, those being destroyed included.
 * The array is the caller's to free().
 */
int sysctl_domains(
	struct ctrl *c, struct xen_domctl_getdomaininfo **list, size_t *count);

/* One domain; -ESRCH when there is none of that number. */
int sysctl_domain(
	struct ctrl *c, uint32_t domid, struct xen_domctl_getdomaininfo *info);

#endif
