/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One domain's controls, by the domctl hypercall (interface version 0x15) and
 * the few memory, event and page-table calls that a builder makes for it.
 * All: -ESRCH no such domain; -EACCES the hypervisor speaks another version;
 * -EPERM not dom0; -ENOMEM no memory left.
 */
#ifndef TENONCTRL_DOMCTL_H
#define TENONCTRL_DOMCTL_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <public/xen.h>
#include <public/domctl.h>

struct ctrl;

/* Makes a domain, paused and without memory; `domid` is the number it got. */
int domctl_create(struct ctrl *c, const struct xen_domctl_createdomain *config,
	uint32_t *domid);
/* Returns when all is torn down but what others still map. */
int domctl_destroy(struct ctrl *c, uint32_t domid);
int domctl_pause(struct ctrl *c, uint32_t domid);
int domctl_unpause(struct ctrl *c, uint32_t domid);
int domctl_max_vcpus(struct ctrl *c, uint32_t domid, uint32_t vcpus);
/* The most memory that the domain may have, in KiB. */
int domctl_max_mem(struct ctrl *c, uint32_t domid, uint64_t kib);
int domctl_set_context(struct ctrl *c, uint32_t domid, uint32_t vcpu,
	const struct vcpu_guest_context *context);

/* Gives the domain another UUID. */
int domctl_set_handle(struct ctrl *c, uint32_t domid, const uint8_t uuid[16]);
/* XEN_DOMCTL_SENDTRIGGER_*; -ENOSYS and the like: not one for its kind. */
int domctl_trigger(
	struct ctrl *c, uint32_t domid, uint32_t vcpu, uint32_t trigger);

/* Its share of the CPUs under the credit2 scheduler. */
int domctl_get_share(
	struct ctrl *c, uint32_t domid, struct xen_domctl_sched_credit2 *share);
int domctl_set_share(struct ctrl *c, uint32_t domid,
	const struct xen_domctl_sched_credit2 *share);
/* How a vcpu stands; -ESRCH: there is none of that number. */
int domctl_vcpu_info(struct ctrl *c, uint32_t domid, uint32_t vcpu,
	struct xen_domctl_getvcpuinfo *info);
/*
 * The CPUs that a vcpu may run on (hard) or should (soft), as a bitmap of
 * `bytes` bytes, bit 0 of byte 0 first. -EINVAL: no such vcpu, or none of
 * these CPUs exists.
 */
int domctl_set_affinity(struct ctrl *c, uint32_t domid, uint32_t vcpu,
	bool hard, const uint8_t *map, size_t bytes);
int domctl_get_affinity(struct ctrl *c, uint32_t domid, uint32_t vcpu,
	bool hard, uint8_t *map, size_t bytes);

/*
 * Gives the domain `count` pages as its pseudo-physical frames 0 and up, in
 * extents of 2 MiB where they can be had. p2m[] receives the machine frames.
 * -ENOMEM: not all could be had; the domain keeps what it got.
 */
int domctl_populate(
	struct ctrl *c, uint32_t domid, size_t count, xen_pfn_t *p2m);
/* Tells the domain that its memory is RAM from 0 to `bytes`. */
int domctl_memory_map(struct ctrl *c, uint32_t domid, uint64_t bytes);
/* A port of `domid` that only `remote` can bind to. */
int domctl_alloc_port(
	struct ctrl *c, uint32_t domid, uint32_t remote, uint32_t *port);
/* Fills a frame of the domain with the stubs of the hypercall page. -EACCES:
 * it is not the domain's, or not plain memory. */
int domctl_hypercall_page(struct ctrl *c, uint32_t domid, xen_pfn_t mfn);
/* Validates and pins the domain's level 4 page table. */
int domctl_pin_l4(struct ctrl *c, uint32_t domid, xen_pfn_t mfn);

#endif
