/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of a stopped PV domain, to be read here and set there: registers,
 * clock, CPU policy, kinds of pages. Errors as in tenonctrl/domctl.h.
 */
#ifndef TENONCTRL_DOMSTATE_H
#define TENONCTRL_DOMSTATE_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <public/xen.h>
#include <public/domctl.h>

struct ctrl;

/* Frames that can be asked about or pinned in one call. */
#define DOMSTATE_FRAMES_MAX 1024

/* -ENODATA: the vcpu was never started. */
int domstate_get_context(struct ctrl *c, uint32_t domid, uint32_t vcpu,
	struct vcpu_guest_context *context);

/* What a vcpu has beside its context: an opaque blob a kind. */
enum domstate_kind { DOMSTATE_EXTENDED, DOMSTATE_XSAVE, DOMSTATE_MSRS };
/* The blob is the caller's to free(); its size is 0 when there is nothing. */
int domstate_get(struct ctrl *c, uint32_t domid, uint32_t vcpu,
	enum domstate_kind kind, void **blob, size_t *size);
/* -EINVAL: not a blob of that kind. */
int domstate_set(struct ctrl *c, uint32_t domid, uint32_t vcpu,
	enum domstate_kind kind, const void *blob, size_t size);

int domstate_get_tsc(
	struct ctrl *c, uint32_t domid, struct xen_domctl_tsc_info *tsc);
int domstate_set_tsc(
	struct ctrl *c, uint32_t domid, const struct xen_domctl_tsc_info *tsc);

/* What CPUID and MSRs show; both arrays are the caller's to free(). */
struct domstate_policy {
	struct xen_cpuid_leaf *leaves;
	struct xen_msr_entry *msrs;
	uint32_t leaf_count, msr_count;
};
int domstate_get_policy(
	struct ctrl *c, uint32_t domid, struct domstate_policy *policy);
/* -EINVAL: the machine cannot show that. */
int domstate_set_policy(
	struct ctrl *c, uint32_t domid, const struct domstate_policy *policy);

/*
 * Replaces each of `count` machine frames, at most DOMSTATE_FRAMES_MAX, by
 * what it is: XEN_DOMCTL_PFINFO_*.
 */
int domstate_page_types(
	struct ctrl *c, uint32_t domid, xen_pfn_t *frames, size_t count);
/*
 * Pins machine frames as tables of the levels 1 to 4, in their order, at most
 * DOMSTATE_FRAMES_MAX. -EINVAL: one of them is no sound table.
 */
int domstate_pin(struct ctrl *c, uint32_t domid, const xen_pfn_t *frames,
	const uint8_t *levels, size_t count);
/*
 * Gives the domain `count` single pages. In: the numbers that the guest has
 * for them, which the machine's table notes; out: their machine frames.
 * -ENOMEM: not all could be had.
 */
int domstate_populate(
	struct ctrl *c, uint32_t domid, xen_pfn_t *frames, size_t count);

/* Takes `count` pages away again, by their machine frames. */
int domstate_release(
	struct ctrl *c, uint32_t domid, const xen_pfn_t *frames, size_t count);

/*
 * From here on the hypervisor notes which pages the domain, which may run,
 * writes to, and which become page tables, change as such, or are none any
 * more; -ENOTSUP: it cannot follow this one. false: no more.
 */
int domstate_follow(struct ctrl *c, uint32_t domid, bool follow);
/*
 * The pages that were written to since the last call, or since domstate_follow:
 * bit n % 64 of word n / 64 is the page that the guest has as n. Up to *pages
 * bits, which becomes how many there are; they begin anew.
 */
int domstate_take_dirty(
	struct ctrl *c, uint32_t domid, uint64_t *map, uint64_t *pages);

/* Lets a domain that suspended run on as if it had not. */
int domstate_resume(struct ctrl *c, uint32_t domid);

#endif
