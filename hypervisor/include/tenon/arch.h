/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an architecture must give to the core.  Two implementations:
 * arch/x86_64 (the machine) and arch/host (the fake machine of the tests,
 * with TLBs of its own so that a missing flush shows).
 *
 * The arch also gives headers: <arch/cpu.h> (struct arch_cpu, arch_this_cpu),
 * <arch/memory.h> (frame_table, frame_count, directmap, m2p, mfn_is_ram),
 * <arch/vcpu.h> (struct arch_vcpu).
 */
#ifndef TENON_ARCH_H
#define TENON_ARCH_H

#include <tenon/types.h>

struct cpu;
struct domain;
struct page;
struct vcpu;

/* Interrupts of this CPU. */
uint64_t arch_irq_save(void); /* off; returns the flags before */
void arch_irq_restore(uint64_t flags);
void arch_irq_enable(void);
void arch_irq_disable(void);
bool arch_irq_enabled(void);

/* Inside a spin: PAUSE, or another coroutine. */
void arch_relax(void);

/* Interrupt another CPU so that it looks at its softirqs and at its vcpu's
 * pending events; never waits. */
void arch_kick(unsigned cpu);

/* Run fn(arg) on each CPU of mask (this one included if named), in interrupt
 * context with interrupts off, and wait for all.  Interrupts must be on. */
void arch_call(cpumask_t mask, void (*fn)(void *arg), void *arg);

/* TLBs.  all: every non-hypervisor entry; global: the hypervisor's too.
 * Waits until done on every CPU of mask; interrupts must be on if mask names
 * others. */
#define TLB_ALL	   (1U << 0)
#define TLB_GLOBAL (1U << 1)
#define TLB_PAGE   (1U << 2)
void arch_tlb_flush(cpumask_t mask, unsigned how, vaddr_t va);

/* Zero whole pages that nobody will read soon: around the caches. */
void arch_clear_pages(void *start, uint64_t count);

/* Caches of the CPUs in mask: WBINVD. */
void arch_cache_flush(cpumask_t mask);

/* Load v's root (kernel or user, by v's mode) on this CPU; flushes the guest's
 * entries of this CPU. */
void arch_load_root(struct vcpu *v);

/*
 * Copy between the core and the current vcpu's address space.  0 or -EFAULT;
 * addresses of the hypervisor are refused; a fault never kills.  Short copies
 * are not reported: on -EFAULT part may have been done.
 */
must_check int arch_copy_from_guest(void *dst, vaddr_t src, size_t n);
must_check int arch_copy_to_guest(vaddr_t dst, const void *src, size_t n);
must_check int arch_clear_guest(vaddr_t dst, size_t n);
/* One atomic word of the guest, for page-table pages: cmpxchg of 8 bytes at a
 * directmap address; plain memory in both implementations. */

/* vcpu life.  create: 0 or -ENOMEM; init_idle for a CPU's idle vcpu. */
must_check int arch_vcpu_create(struct vcpu *v);
void arch_vcpu_destroy(struct vcpu *v);
/* Save prev's register state from this CPU, load next's; `current` is next
 * afterwards.  Interrupts off.  prev may be equal to next only in nothing. */
void arch_switch(struct vcpu *prev, struct vcpu *next);
/* CPUID and RDMSR of the machine: 0 or -EFAULT when the CPU refuses. */
void arch_cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4]);
must_check int arch_rdmsr(uint32_t msr, uint64_t *value);
/* RDTSC of the current vcpu traps when its domain's counter is emulated or its
 * CR4.TSD is set, else not: after a change of these; a switch does it too. */
void arch_load_tsd(struct vcpu *v);
/* The current vcpu's TSC_AUX; and its XCR0: 0 or -EINVAL. */
void arch_set_tsc_aux(struct vcpu *v, uint32_t value);
must_check int arch_set_xcr0(struct vcpu *v, uint64_t value);
/* State components that guests may have; 0: no XSAVE. */
uint64_t arch_xcr0_mask(void);
/* Port I/O of 1, 2 or 4 bytes. */
uint32_t arch_io_read(uint16_t port, unsigned size);
void arch_io_write(uint16_t port, unsigned size, uint32_t value);

/*
 * Device registers in memory: an uncached mapping that stays for ever (NULL:
 * no memory), and 32-bit accesses through it.
 */
volatile void *arch_map_device(paddr_t pa, size_t size);
uint32_t arch_mmio_read(const volatile void *reg);
void arch_mmio_write(volatile void *reg, uint32_t value);
/* The end of the interrupt that this CPU is in. */
void arch_irq_eoi(void);
/* Bits of a machine address, at most 52. */
unsigned arch_physical_bits(void);
/* CR4 bits that every guest sees set, and those it may have in its copy. */
uint64_t arch_guest_cr4_fixed(void);
uint64_t arch_guest_cr4_allowed(void);
/* The 512-byte FXSAVE image of a vcpu that is not running, in and out. */
void arch_set_fxsave(struct vcpu *v, const void *image);
void arch_get_fxsave(struct vcpu *v, void *image);
/* The saved XSAVE image of v, off its CPU: its size in bytes, 0 if there is
 * only the FXSAVE one. */
size_t arch_xsave_area(struct vcpu *v, void **area);
/* Between guest kernel and guest user: root and GS base change; v is current.
 */
void arch_toggle_mode(struct vcpu *v);
/* The current vcpu's FS (0), user GS (1) or kernel GS (2) base now. */
uint64_t arch_get_segment_base(struct vcpu *v, unsigned which);
/* Does this selector of the current vcpu name 64-bit code? */
bool arch_is_long_code(uint32_t selector);
/* GDT frames or LDT of the current vcpu changed: show the new ones. */
void arch_show_descriptors(struct vcpu *v);
/* Show frame as page index (0..15) of the current vcpu's LDT. */
void arch_show_ldt_page(unsigned index, mfn_t frame);
/* Load v's debug registers, or none if it has no breakpoint; v is current. */
void arch_load_debug(struct vcpu *v);
/* A running vcpu's state back into its structure (v is paused and off CPU:
 * nothing to do on this arch). */
void arch_sync_vcpu(struct vcpu *v);

/* set_segment_base of current v, which a SEGBASE_*, base canonical (or a
 * selector): loads it and keeps it. */
void arch_set_segment_base(struct vcpu *v, unsigned which, uint64_t base);
/* The guest's CR0.TS of current v: #NM at its next use of the FPU, or not. */
void arch_set_fpu_ts(struct vcpu *v, bool ts);

/* The guest's registers of the current vcpu, live on this CPU's stack. */
struct cpu_user_regs *arch_guest_regs(void);

/* Time: the counter, and its conversion for guests. */
uint64_t arch_tsc(void);
/* Timer interrupt at absolute system time (ns) on this CPU; ~0: none. */
void arch_timer_program(uint64_t ns);
/* Parameters of vcpu_time_info for this CPU: tsc stamp and the system time at
 * that stamp, multiplier and shift (public/xen.h). */
void arch_time_params(
	uint64_t *tsc_stamp, uint64_t *system_ns, uint32_t *mul, int8_t *shift);
/* Do all CPUs show the same parameters, for ever?  (Then guests' user code may
 * read the clock: XEN_PVCLOCK_TSC_STABLE_BIT.) */
bool arch_tsc_is_stable(void);
/* Seconds and ns of wall clock at system time 0 (from the RTC). */
void arch_wallclock(uint64_t *sec, uint32_t *nsec);
uint64_t arch_cpu_khz(void);

/* The frame in which bytes [chunk * 2 MiB, ...) of the machine-to-physical
 * table begin; MFN 0: a hole. */
mfn_t arch_m2p_frame(unsigned chunk);

/* The linker's hash of this image: its bytes, 0: there is none. */
size_t arch_build_id(const void **id);

/* The machine. */
noreturn void arch_reboot(void);
noreturn void arch_halt(void);
noreturn void arch_power_off(void);
/* Stop all other CPUs for good. */
void arch_stop_others(void);
void arch_delay_ms(unsigned ms);
/* Print a backtrace of here, for panic. */
void arch_dump(void);

#endif
