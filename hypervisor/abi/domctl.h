/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of the domctl and sysctl hypercalls. */
#ifndef DOMCTL_H
#define DOMCTL_H

#include <tenon/hypercall.h>
#include <tenon/types.h>
#include <public/domctl.h>

struct domain;
struct vcpu;

/* One command under way. */
struct domctl {
	struct hypercall *hc;
	struct xen_domctl op; /* copied in once; copied back if asked */
	struct domain *d;     /* referenced; NULL for createdomain */
	bool must_copy_back;
};

/*
 * A command: 0, an error, or -ERESTART_HC to be entered again with the same
 * arguments.  All run one at a time, d exists and is not a pseudo-domain.
 */
typedef int domctl_fn(struct domctl *c);

domctl_fn domctl_create, domctl_destroy, domctl_pause, domctl_unpause,
	domctl_resume, domctl_getinfo, domctl_set_handle, domctl_set_debugging,
	domctl_set_time_offset, domctl_scheduler, domctl_set_virq_handler,
	domctl_subscribe;
domctl_fn domctl_max_vcpus, domctl_set_affinity, domctl_get_affinity,
	domctl_set_context, domctl_get_context, domctl_get_vcpu_info,
	domctl_set_ext_context, domctl_get_ext_context, domctl_set_ext_state,
	domctl_get_ext_state, domctl_set_msrs, domctl_get_msrs,
	domctl_send_trigger;
domctl_fn domctl_max_mem, domctl_get_page_info, domctl_irq_permission,
	domctl_iomem_permission, domctl_ioport_permission,
	domctl_hypercall_init, domctl_set_nodes, domctl_get_nodes;
domctl_fn domctl_shadow;
domctl_fn domctl_debug_memory, domctl_debug_pause_vcpu,
	domctl_debug_unpause_vcpu, domctl_debug_status;
domctl_fn domctl_set_tsc, domctl_get_tsc, domctl_set_address_size,
	domctl_get_address_size, domctl_set_policy, domctl_get_policy;

/* -EINVAL beyond the slots, -ESRCH for an empty one, as stock. */
must_check int domctl_find_vcpu(
	const struct domctl *c, uint32_t id, struct vcpu **v);

/* What getdomaininfo and getdomaininfolist tell of d. */
void domctl_fill_info(struct domain *d, struct xen_domctl_getdomaininfo *info);

/* Is this domctl or sysctl alone?  false: another is under way. */
must_check bool control_begin(void);
void control_end(void);

/*
 * Bit maps of CPUs or nodes.  read: bits above 63 and above nr_bits are taken
 * as clear.  write: bytes of the map beyond ours are cleared.  0 or -EFAULT.
 */
must_check int bitmap_read(const struct xenctl_bitmap *map, uint64_t *bits);
must_check int bitmap_write(const struct xenctl_bitmap *map, uint64_t bits);

/*
 * CPU policies (cpu_policy.c), which an XEN_SYSCTL_cpu_policy_*.  leaves: the
 * number there are, as many written as there is room for; 0: no such policy.
 */
unsigned policy_leaves(unsigned which, const struct vcpu *v,
	struct xen_cpuid_leaf *out, unsigned room);
#define POLICY_LEAVES_MAX 160
unsigned policy_msrs(struct xen_msr_entry *out, unsigned room);
#define POLICY_MSRS_MAX 4
/* Feature words, which an XEN_SYSCTL_cpu_featureset_*; 0: no such set. */
unsigned policy_features(
	unsigned which, const struct vcpu *v, uint32_t *out, unsigned room);
#define POLICY_FEATURES 19

#endif
