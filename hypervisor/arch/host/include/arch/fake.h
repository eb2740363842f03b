/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fake machine of the hosted tests.
 *
 *	fake_start(4096, 2);		16 MiB of RAM, CPUs 0 and 1
 *	d = fake_domain(1, 256, 2);	domain 1: 256 pages at most, 2 vcpus
 *	fake_enter(d->vcpu[0], 0);	it is `current` on CPU 0, which we play
 *	... call the core ...
 *	fake_stop();			audits the frames, frees everything
 *
 * Until a vcpu has a root (v->arch.root), guest addresses are addresses of
 * the test program: hand &op to a hypercall and it will be copied.  The first
 * page is never mapped, and fake_fail_copy_after makes any copy fail.
 * fake_space gives a vcpu page tables of its own; then guest addresses go
 * through its CPU's TLB, and fake_guest_access plays the guest's own loads
 * and stores.
 *
 * Coroutines: fake_spawn starts one on a CPU, fake_run runs all to their end.
 * At each atomic operation (arch_race_point) the chooser says who goes on; in
 * a spin (arch_relax) it is somebody else.
 */
#ifndef ARCH_FAKE_H
#define ARCH_FAKE_H

#include <setjmp.h>
#include <tenon/types.h>

struct cpu;
struct cpu_user_regs;
struct domain;
struct vcpu;

/* frames of RAM, given to the allocator but for frame 0, and CPUs 0..n-1, all
 * online, each with an idle vcpu as current.  The test plays CPU 0. */
void fake_start(uint64_t frames, unsigned cpu_n);
/* The same with more memory than the host has, whose machine-to-frame table is
 * zero at first; false: the host does not map so much.  fake_discard ends it:
 * an audit would look at every frame. */
must_check bool fake_start_sparse(uint64_t frames, unsigned cpu_n);
void fake_stop(void);

/* Makes frames [start, end) device memory: before they are allocated. */
void fake_hole(uint64_t start, uint64_t end);

/*
 * A domain beside those of domain_create, without events and grants, not on
 * the list of domains: for tests of memory.  It is referenced once, by the
 * caller; fake_domain_free drops that and all of its vcpus.
 */
struct domain *fake_domain(domid_t id, uint64_t page_max, unsigned vcpu_n);
void fake_domain_free(struct domain *d);

/* Play this CPU from now on; make v current on a CPU (v may be NULL: idle). */
void fake_play(unsigned cpu);
void fake_enter(struct vcpu *v, unsigned cpu);

/*
 * Page tables for v: allocates frames for its domain and maps them from
 * FAKE_SPACE_VA on, writable; the tables come after them, mapped read-only.
 * Loads and validates the root (with pt_new_root).  mfns, when not NULL,
 * gets the pages + FAKE_SPACE_TABLES frame numbers in order of their
 * addresses: data, then L1, L2, L3, L4.  0 or an error of the core.
 */
#define FAKE_SPACE_VA	  0x400000000ULL
#define FAKE_SPACE_TABLES 4
must_check int fake_space(struct vcpu *v, unsigned pages, mfn_t *mfns);

/*
 * A load or store of the guest on the CPU we play: the directmap address of
 * va, valid to the end of its page, or NULL for a page fault (*error, if not
 * NULL, gets the code).
 */
void *fake_guest_access(vaddr_t va, bool is_write, uint32_t *error);

/* Calls fn for each cached translation of each CPU (oracles). */
void fake_tlb_for_each(void (*fn)(struct cpu *cpu, vaddr_t va, uint64_t entry,
			       bool is_table, void *arg),
	void *arg);

/* Panics when a CPU remembers what it must not: see tlb_audit.c. */
void fake_tlb_audit(void);

/* As an idle CPU does: no root, an empty TLB. */
void fake_unload_root(void);

/* Faults: after n more successes every allocation (copy) fails; ~0: never. */
void fake_fail_alloc_after(uint64_t n);
void fake_fail_copy_after(uint64_t n);
/* After n more successes one allocation fails; ~0: none.  Has it? */
void fake_fail_alloc_at(uint64_t n);
bool fake_alloc_has_failed(void);
/* What the core asks before it allocates. */
bool arch_alloc_fails(void);

/* Time: the counter runs at 1 GHz, so tsc is ns; it moves only here. */
void fake_advance(uint64_t ns);

/* Called on arch_kick, if not NULL, as the CPU that was kicked. */
extern void (*fake_on_kick)(unsigned cpu);
/*
 * Devices: I/O ports (unset: all ones) and registers in memory.  map_device
 * unset: none can be mapped; mmio hooks unset: plain memory of the test.
 */
extern uint32_t (*fake_on_io_read)(uint16_t port, unsigned size);
extern void (*fake_on_io_write)(uint16_t port, unsigned size, uint32_t value);
extern volatile void *(*fake_on_map_device)(paddr_t pa, size_t size);
extern uint32_t (*fake_on_mmio_read)(const volatile void *reg);
extern void (*fake_on_mmio_write)(volatile void *reg, uint32_t value);
/* How many interrupts were ended at the local APIC. */
extern unsigned fake_eois;

/* When set, it is CPUID of the fake machine; else all is 0. */
extern void (*fake_cpuid)(uint32_t leaf, uint32_t sub, uint32_t r[4]);
extern uint64_t fake_xcr0_mask;
/* Bytes of a vcpu's XSAVE area, which the test hangs into v->arch.xsave; 0:
 * there is none. */
extern size_t fake_xsave_size;

/* When set, hypercall_should_yield-like questions may ask it. */
extern bool (*fake_should_yield)(void);

/*
 * panic prints and aborts; inside this it comes back here instead:
 *	if (fake_panics()) { it happened } else { try it } fake_panic_end();
 */
extern jmp_buf fake_panic_jump;
extern bool fake_panic_is_caught;
#define fake_panics() (fake_panic_is_caught = true, setjmp(fake_panic_jump))
static inline void fake_panic_end(void)
{
	fake_panic_is_caught = false;
}
/* The text of the last panic. */
extern char fake_panic_text[256];

/* Called, if not NULL, when the core turns the machine off or reboots; else
 * that is a panic.  It must not return. */
extern void (*fake_on_end)(void);
/* Instead of fake_stop when the machine went off in the middle of something. */
void fake_discard(void);

/* Coroutines, at most one a CPU. */
void fake_spawn(unsigned cpu, void (*fn)(void *arg), void *arg);
/* choose(n) picks one of the n that can go on, 0..n-1; NULL: round robin. */
void fake_run(unsigned (*choose)(unsigned n));
/* By a coroutine: it stands still.  The others go on, and end before what they
 * have locked is of use to the next machine. */
noreturn void fake_abandon(void);

#endif
