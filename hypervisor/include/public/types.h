/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scalar types of the ABI and the shape of a pointer in it. Everything
 * else in public/ is built from these; nothing here depends on the
 * hypervisor or on an operating system.
 *
 * The layouts are those of interface version 4.14 and later (the value of
 * __XEN_LATEST_INTERFACE_VERSION__), for 64-bit x86 callers only.
 */
#ifndef PUBLIC_TYPES_H
#define PUBLIC_TYPES_H

#define __XEN_LATEST_INTERFACE_VERSION__ 0x00040e00

#ifndef __ASSEMBLER__
#include <stdint.h>
#include <stddef.h>

/*
 * A pointer into the caller's address space, as it stands in an argument
 * structure: 8 bytes, 8-aligned. The receiver must treat it as a number (va)
 * and go through its copy routines; the sender fills p.
 */
#define GUEST_PTR(type)      \
	union {              \
		type *p;     \
		uint64_t va; \
	}

/* Asserts the size in bytes of a structure of the ABI. */
#define PUBLIC_SIZE(type, bytes) \
	_Static_assert(sizeof(type) == (bytes), "ABI size of " #type)

/* Asserts the offset in bytes of a field of the ABI. */
#define PUBLIC_OFFSET(type, field, bytes) \
	_Static_assert(                   \
		offsetof(type, field) == (bytes), "ABI offset of " #field)

typedef unsigned long xen_pfn_t;	 /* a frame number */
typedef unsigned long xen_ulong_t;	 /* a register-sized number */
typedef uint16_t domid_t;		 /* a domain's number, or a DOMID_* */
typedef uint8_t xen_domain_handle_t[16]; /* a domain's UUID */
typedef unsigned long xen_callback_t;	 /* a virtual address to enter */
typedef uint32_t evtchn_port_t;		 /* an event channel of the caller */

/* A UUID by value. */
typedef struct {
	uint8_t a[16];
} xen_uuid_t;

/* A bit map of nr_bits bits, bit 0 lowest in byte 0. */
struct xenctl_bitmap {
	GUEST_PTR(uint8_t) bitmap;
	uint32_t nr_bits;
};
PUBLIC_SIZE(struct xenctl_bitmap, 16);
#endif

#endif
