/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of the memory_op hypercall. */
#ifndef MEMORY_OP_H
#define MEMORY_OP_H

#include <tenon/hypercall.h>
#include <tenon/types.h>
#include <public/memory.h>

struct domain;

/* How the ABI encodes a command and where to go on with it. */
#define MEMORY_OP_BITS	6
#define MEMORY_OP_MASK	((1U << MEMORY_OP_BITS) - 1)
#define MEMORY_OP_START 0x3ffffffffffffffULL /* what the upper bits hold */

/* One entry as the E820 interface has it: 20 bytes. */
struct e820_entry {
	uint64_t start, size;
	uint32_t type;
} __attribute__((packed));

/* What XENMEM_set_memory_map gave a domain (domain.e820). */
#define E820_ENTRIES_MAX 128
struct e820_map {
	unsigned count;
	struct e820_entry entry[E820_ENTRIES_MAX];
};

/*
 * The domain that an operation of caller is about: its own, or another that it
 * may control.  0 with a reference; -ESRCH, -EPERM.
 */
must_check int memory_get_target(
	const struct domain *caller, domid_t id, struct domain **d);

/*
 * To be entered again from extent start on.  The caller of this returns what
 * it returns.
 */
long memory_go_on(struct hypercall *hc, uint64_t start);

/* Largest extent that caller may ask for. */
unsigned memory_max_order(const struct domain *caller);
/* Flags of the allocator for an address width; false: too narrow. */
must_check bool memory_alloc_flags(
	unsigned mem_flags, unsigned order, unsigned *flags);

/* The operations; start is where a preempted one goes on. */
long memory_reserve(struct hypercall *hc, unsigned op, uint64_t start);
long memory_claim(struct hypercall *hc);
long memory_exchange(struct hypercall *hc);
long memory_get_map(struct hypercall *hc);
long memory_get_machine_map(struct hypercall *hc);
long memory_set_map(struct hypercall *hc);
long memory_machphys_list(struct hypercall *hc);
long memory_machphys_mapping(struct hypercall *hc);
long memory_acquire_resource(struct hypercall *hc, uint64_t start);

#endif
