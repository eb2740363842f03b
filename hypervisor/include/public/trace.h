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
