/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a PVH kernel finds at the physical address in ebx: itself in 32-bit
 * protected mode without paging, and everything named here below 4 GiB. All
 * addresses are physical.
 */
#ifndef PUBLIC_ARCH_X86_HVM_START_INFO_H
#define PUBLIC_ARCH_X86_HVM_START_INFO_H

#include "../../types.h"

#define XEN_HVM_START_MAGIC_VALUE 0x336ec578

/* hvm_memmap_table_entry.type: ACPI's address range types. */
#define XEN_HVM_MEMMAP_TYPE_RAM	     1
#define XEN_HVM_MEMMAP_TYPE_RESERVED 2
#define XEN_HVM_MEMMAP_TYPE_ACPI     3
#define XEN_HVM_MEMMAP_TYPE_NVS	     4
#define XEN_HVM_MEMMAP_TYPE_UNUSABLE 5
#define XEN_HVM_MEMMAP_TYPE_DISABLED 6
#define XEN_HVM_MEMMAP_TYPE_PMEM     7

struct hvm_start_info {
	uint32_t magic;	  /* XEN_HVM_START_MAGIC_VALUE */
	uint32_t version; /* 1 */
	uint32_t flags;	  /* SIF_* */
	uint32_t nr_modules;
	uint64_t modlist_paddr; /* of hvm_modlist_entry */
	uint64_t cmdline_paddr;
	uint64_t rsdp_paddr;
	uint64_t memmap_paddr; /* of hvm_memmap_table_entry */
	uint32_t memmap_entries;
	uint32_t reserved;
};
PUBLIC_SIZE(struct hvm_start_info, 56);

struct hvm_modlist_entry {
	uint64_t paddr;
	uint64_t size; /* bytes */
	uint64_t cmdline_paddr;
	uint64_t reserved;
};
PUBLIC_SIZE(struct hvm_modlist_entry, 32);

struct hvm_memmap_table_entry {
	uint64_t addr;
	uint64_t size; /* bytes */
	uint32_t type; /* XEN_HVM_MEMMAP_TYPE_* */
	uint32_t reserved;
};
PUBLIC_SIZE(struct hvm_memmap_table_entry, 24);

#endif
