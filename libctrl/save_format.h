/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Structures and numbers of the published stream formats, those of PV guests:
 * libxl-migration-stream (revision 2), libxc-migration-stream (revision 3).
 */
#ifndef LIBCTRL_SAVE_FORMAT_H
#define LIBCTRL_SAVE_FORMAT_H

#include <stdint.h>

/* "LibxlFmt" and the version are big-endian on any machine. */
#define LIBXL_IDENT   "LibxlFmt"
#define LIBXL_VERSION 2

struct libxl_head {
	char ident[8];
	uint32_t version, options; /* big-endian */
};

enum libxl_type {
	LIBXL_END,
	LIBXL_LIBXC_CONTEXT,
	LIBXL_EMULATOR_XENSTORE_DATA,
	LIBXL_EMULATOR_CONTEXT
};

#define LIBXC_MARKER  0xffffffffffffffffULL
#define LIBXC_IDENT   "XENF"
#define LIBXC_VERSION 3

struct libxc_head {
	uint64_t marker;
	char ident[4];
	uint32_t version; /* big-endian */
	uint16_t options; /* big-endian; bit 0: big-endian fields follow */
	uint16_t reserved[3];
};

#define LIBXC_PV 1U

struct libxc_domain {
	uint32_t type;
	uint16_t page_shift, reserved;
	uint32_t major, minor;
};

/* Both streams consist of these; bodies are filled up to 8 bytes. */
struct save_record {
	uint32_t type, size;
};

#define SAVE_OPTIONAL 0x80000000U /* in a type: may be skipped */
#define SAVE_PADDING  0x54504144U /* with that bit: ours, zeros */

enum libxc_type {
	LIBXC_END,
	LIBXC_PAGE_DATA,
	LIBXC_PV_INFO,
	LIBXC_PV_P2M_FRAMES,
	LIBXC_PV_VCPU_BASIC,
	LIBXC_PV_VCPU_EXTENDED,
	LIBXC_PV_VCPU_XSAVE,
	LIBXC_SHARED_INFO,
	LIBXC_TSC_INFO,
	LIBXC_PV_VCPU_MSRS = 12,
	LIBXC_VERIFY,
	LIBXC_CHECKPOINT,
	LIBXC_STATIC_DATA_END = 16,
	LIBXC_CPUID_POLICY,
	LIBXC_MSR_POLICY
};

struct libxc_pages {
	uint32_t count, reserved;
	/* then numbers of the guest's, each with a type, then contents */
};

#define LIBXC_TYPE_SHIFT 32 /* XEN_DOMCTL_PFINFO_* in a page's number */
#define LIBXC_PFN_MASK	 0x000fffffffffffffULL
#define LIBXC_BATCH	 1024 /* pages of a record, as stock tools write */

struct libxc_pv_info {
	uint8_t guest_width, levels; /* 8 and 4 for 64 bits */
	uint8_t reserved[6];
};

struct libxc_p2m {
	uint32_t first, last; /* pages of the guest's that the list names */
			      /* then the numbers of the list's own pages */
};

struct libxc_vcpu {
	uint32_t vcpu, reserved;
	/* then the blob */
};

struct libxc_tsc {
	uint32_t mode, khz;
	uint64_t nsec;
	uint32_t incarnation, reserved;
};

/* In a table of level 4 these entries are the hypervisor's. */
#define L4_HYPERVISOR_FIRST 256
#define L4_HYPERVISOR_LAST  271

#endif
