/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bit numbers of the feature map: what XENVER_get_features reports, and what
 * a kernel's ELF notes ask for (there by the name after XENFEAT_).
 */
#ifndef PUBLIC_FEATURES_H
#define PUBLIC_FEATURES_H

#define XENFEAT_writable_page_tables	   0  /* plain stores work */
#define XENFEAT_writable_descriptor_tables 1  /* plain stores work */
#define XENFEAT_auto_translated_physmap	   2  /* the guest never sees mfns */
#define XENFEAT_supervisor_mode_kernel	   3  /* the kernel is in ring 0 */
#define XENFEAT_pae_pgdir_above_4gb	   4  /* 32-bit: roots anywhere */
#define XENFEAT_mmu_pt_update_preserve_ad  5  /* that mmu_update exists */
#define XENFEAT_highmem_assist		   6  /* MMUEXT_{CLEAR,COPY}_PAGE */
#define XENFEAT_gnttab_map_avail_bits	   7  /* GNTMAP_guest_avail_mask */
#define XENFEAT_hvm_callback_vector	   8  /* upcalls by a vector */
#define XENFEAT_hvm_safe_pvclock	   9  /* vcpu_time_info is exact */
#define XENFEAT_hvm_pirqs		   10 /* pirqs in HVM guests */
#define XENFEAT_dom0			   11 /* may run as domain 0 */
#define XENFEAT_memory_op_vnode_supported  13 /* XENMEMF_vnode */
#define XENFEAT_ARM_SMCCC_supported	   14 /* never on x86 */
#define XENFEAT_linux_rsdp_unrestricted	   15 /* PVH: RSDP at any address */
#define XENFEAT_not_direct_mapped	   16 /* gfn and mfn differ */
#define XENFEAT_direct_mapped		   17 /* gfn and mfn are the same */

/* 32-bit words that the map has. */
#define XENFEAT_NR_SUBMAPS 1

#endif
