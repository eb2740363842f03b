/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypercalls that hostile guests of the fake machine make, from the bytes of a
 * fuzzer's input.  Each domain has CALLS_PAGES pages at FAKE_SPACE_VA, of which
 * its first vcpus use two each for the structures of their calls.
 */
#ifndef CALLS_H
#define CALLS_H

#include <tenon/types.h>
#include <arch/fake.h>

#define CALLS_DOMAINS 3
#define CALLS_PAGES   14
#define CALLS_FRAMES  (CALLS_PAGES + FAKE_SPACE_TABLES)

/* Where a vcpu makes its calls, and where it does one again. */
#define CALLS_RIP	0x7000UL
#define CALLS_AGAIN_RIP (CALLS_RIP - 2)

/* The input: what is left of it.  Bytes behind its end are 0. */
extern const uint8_t *calls_input, *calls_end;
/* What the domains had first, in the order of fake_space. */
extern mfn_t calls_frames[CALLS_DOMAINS][CALLS_FRAMES];
/* PCI functions that exist, and where the registers of one are. */
extern uint16_t calls_functions[2];
extern uint64_t calls_bar;

uint8_t calls_next(void);
/* So many bytes, at most 8. */
uint64_t calls_raw(unsigned bytes);
/* Any number: mostly near the ends of something. */
uint64_t calls_wild(void);
/* A frame, mostly one that current's domain had first; an address of its. */
uint64_t calls_frame(uint8_t v);
vaddr_t calls_address(uint8_t v);

/* A store of current, a guest, as far as its page tables let it. */
void calls_store(vaddr_t va, const void *from, size_t n);

/*
 * A call of calls.def in the registers of current, which is a guest's kernel,
 * with its structures in memory; rip is CALLS_AGAIN_RIP then.  Nothing when it
 * is there already, or in user mode.
 */
void calls_prepare(void);

#endif
