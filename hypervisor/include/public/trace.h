/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trace buffers that dom0 maps: their layout, and how an event number is
 * made of a class, a subclass and a number.
 */
#ifndef PUBLIC_TRACE_H
#define PUBLIC_TRACE_H

#include "types.h"

/* The header of a record: event in 0..27, extra words 28..30, cycles 31. */
#define TRACE_EXTRA_MAX		       7
#define TRACE_EXTRA_SHIFT	       28
#define TRC_HD_CYCLE_FLAG	       (1UL << 31)
#define TRC_HD_TO_EVENT(x)	       ((x)&0x0fffffff)
#define TRC_HD_INCLUDES_CYCLE_COUNT(x) (!!((x)&TRC_HD_CYCLE_FLAG))
#define TRC_HD_EXTRA(x)		       (((x) >> TRACE_EXTRA_SHIFT) & TRACE_EXTRA_MAX)

/* Classes, in bits 16..27 of an event; a bit for each subclass in 12..15. */
#define TRC_CLS_SHIFT	  16
#define TRC_SUBCLS_SHIFT  12
#define TRC_GEN		  0x0001f000
#define TRC_SCHED	  0x0002f000
#define TRC_DOM0OP	  0x0004f000
#define TRC_HVM		  0x0008f000
#define TRC_MEM		  0x0010f000
#define TRC_PV		  0x0020f000
#define TRC_SHADOW	  0x0040f000
#define TRC_HW		  0x0080f000
#define TRC_GUEST	  0x0800f000
#define TRC_ALL		  0x0ffff000
#define TRC_HVM_ENTRYEXIT 0x00081000
#define TRC_HVM_HANDLER	  0x00082000
#define TRC_HVM_EMUL	  0x00084000
#define TRC_SCHED_MIN	  0x00021000
#define TRC_SCHED_CLASS	  0x00022000
#define TRC_SCHED_VERBOSE 0x00028000
#define TRC_DOM0_DOMOPS	  0x00041000
#define TRC_HW_PM	  0x00801000
#define TRC_HW_IRQ	  0x00802000
#define TRC_PV_ENTRY	  0x00201000
#define TRC_PV_SUBCALL	  0x00202000

/* The addresses in the record are of 64 bits. */
#define TRC_64_FLAG	      0x100

#define TRC_LOST_RECORDS      (TRC_GEN + 1)
#define TRC_TRACE_WRAP_BUFFER (TRC_GEN + 2)
#define TRC_TRACE_CPU_CHANGE  (TRC_GEN + 3)

/* Those that are written, and their words; vcpu: domain in 16..31, number in
 * 0..15. */
#define TRC_SCHED_RUNSTATE_CHANGE  (TRC_SCHED_MIN + 1) /* old << 8, new << 4 */
#define TRC_SCHED_SLEEP		   (TRC_SCHED_VERBOSE + 3)  /* domain, number */
#define TRC_SCHED_WAKE		   (TRC_SCHED_VERBOSE + 4)  /* the same */
#define TRC_SCHED_YIELD		   (TRC_SCHED_VERBOSE + 5)  /* the same */
#define TRC_SCHED_BLOCK		   (TRC_SCHED_VERBOSE + 6)  /* the same */
#define TRC_SCHED_SWITCH	   (TRC_SCHED_VERBOSE + 10) /* from, to */
#define TRC_DOM0_DOM_ADD	   (TRC_DOM0_DOMOPS + 1)    /* domain */
#define TRC_DOM0_DOM_REM	   (TRC_DOM0_DOMOPS + 2)    /* domain */
#define TRC_MEM_PAGE_GRANT_MAP	   (TRC_MEM + 1)	    /* whose */
#define TRC_MEM_PAGE_GRANT_UNMAP   (TRC_MEM + 2)	    /* whose */
#define TRC_PV_TRAP		   (TRC_PV_ENTRY + 3) /* rip, vector | error << 16 */
#define TRC_PV_PAGE_FAULT	   (TRC_PV_ENTRY + 4)  /* rip, address, error */
#define TRC_PV_FORCED_INVALID_OP   (TRC_PV_ENTRY + 5)  /* rip */
#define TRC_PV_EMULATE_PRIVOP	   (TRC_PV_ENTRY + 6)  /* rip */
#define TRC_PV_PAGING_FIXUP	   (TRC_PV_ENTRY + 9)  /* rip, address */
#define TRC_PV_PTWR_EMULATION	   (TRC_PV_ENTRY + 11) /* entry, address, rip */
#define TRC_PV_HYPERCALL_V2	   (TRC_PV_ENTRY + 13) /* number | ARG_*, args */
#define TRC_PV_HYPERCALL_SUBCALL   (TRC_PV_SUBCALL + 14) /* the same */
#define TRC_HW_IRQ_UNMAPPED_VECTOR (TRC_HW_IRQ + 7)	 /* vector */
#define TRC_HW_IRQ_HANDLED	   (TRC_HW_IRQ + 8) /* line, TSC from, to */

/* Argument i of a hypercall is in the record, with 32 or 64 bits. */
#define TRC_PV_HYPERCALL_V2_ARG_32(i) (0x1 << (20 + 2 * (i)))
#define TRC_PV_HYPERCALL_V2_ARG_64(i) (0x2 << (20 + 2 * (i)))
#define TRC_PV_HYPERCALL_V2_ARG_MASK  (0xfff00000)

/* One record; only its used extra words are there. */
struct t_rec {
	uint32_t event : 28;
	uint32_t extra_u32 : 3;
	uint32_t cycles_included : 1;
	union {
		struct {
			uint32_t cycles_lo, cycles_hi;
			uint32_t extra_u32[7];
		} cycles;
		struct {
			uint32_t extra_u32[7];
		} nocycles;
	} u;
};
PUBLIC_SIZE(struct t_rec, 40);

/*
 * The head of a buffer whose records follow, size bytes of them. Both offsets
 * run from 0 to twice the size, which need not be a power of two.
 */
struct t_buf {
	uint32_t cons; /* the reader's */
	uint32_t prod; /* the hypervisor's */
};
PUBLIC_SIZE(struct t_buf, 8);

/* The page that says where the buffers are: offsets in 4-byte words. */
struct t_info {
	uint16_t tbuf_size; /* pages of each CPU's buffer */
	uint16_t mfn_offset[];
};
PUBLIC_SIZE(struct t_info, 2);

#endif
