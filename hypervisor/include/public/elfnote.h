/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types of the ELF notes named "Xen" by which a kernel tells its loader how it
 * wants to start. A note holds a number of 4 or 8 bytes or a string with its
 * terminating zero. The kernel is not trusted: check each length.
 */
#ifndef PUBLIC_ELFNOTE_H
#define PUBLIC_ELFNOTE_H

#define XEN_ELFNOTE_INFO	       0  /* string: name=value */
#define XEN_ELFNOTE_ENTRY	       1  /* number: virtual entry point */
#define XEN_ELFNOTE_HYPERCALL_PAGE     2  /* number: its virtual address */
#define XEN_ELFNOTE_VIRT_BASE	       3  /* number: of pfn 0; default 0 */
#define XEN_ELFNOTE_PADDR_OFFSET       4  /* number: taken from p_paddr */
#define XEN_ELFNOTE_XEN_VERSION	       5  /* string: "xen-3.0" */
#define XEN_ELFNOTE_GUEST_OS	       6  /* string */
#define XEN_ELFNOTE_GUEST_VERSION      7  /* string */
#define XEN_ELFNOTE_LOADER	       8  /* string: "generic" */
#define XEN_ELFNOTE_PAE_MODE	       9  /* string: 32-bit kernels */
#define XEN_ELFNOTE_FEATURES	       10 /* string: names, |, ! if needed */
#define XEN_ELFNOTE_BSD_SYMTAB	       11 /* string: "yes" loads symbols */
#define XEN_ELFNOTE_HV_START_LOW       12 /* number: lowest usable hole */
#define XEN_ELFNOTE_L1_MFN_VALID       13 /* pairs of mask and value */
#define XEN_ELFNOTE_SUSPEND_CANCEL     14 /* number: knows cancelling */
#define XEN_ELFNOTE_INIT_P2M	       15 /* number: where to map the list */
#define XEN_ELFNOTE_MOD_START_PFN      16 /* number: initrd may be unmapped */
#define XEN_ELFNOTE_SUPPORTED_FEATURES 17 /* number: map of XENFEAT_* */
#define XEN_ELFNOTE_PHYS32_ENTRY       18 /* number: PVH entry point */
#define XEN_ELFNOTE_MAX		       XEN_ELFNOTE_PHYS32_ENTRY

/* In the core dump of a crashed machine. */
#define XEN_ELFNOTE_CRASH_INFO 0x1000001
#define XEN_ELFNOTE_CRASH_REGS 0x1000002

/* In the core dump of a guest. */
#define XEN_ELFNOTE_DUMPCORE_NONE	    0x2000000
#define XEN_ELFNOTE_DUMPCORE_HEADER	    0x2000001
#define XEN_ELFNOTE_DUMPCORE_XEN_VERSION    0x2000002
#define XEN_ELFNOTE_DUMPCORE_FORMAT_VERSION 0x2000003

#endif
