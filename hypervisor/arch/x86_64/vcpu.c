/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vcpu's registers between its structure and the CPU: creation, switch,
 * address space, segment bases.
 */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/entry.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/page.h>
#include <tenon/panic.h>
#include <tenon/pte.h>
#include <tenon/pv.h>
#include <tenon/string.h>
#include <tenon/tlb.h>
#include "traps.h"
#include "x86.h"

/* No breakpoint; the bit that reads as 1 (SDM vol. 3B, 17.2.4). */
#define DR7_NONE       0x400UL
#define LOWER_HALF_END (1ULL << 47)

int arch_vcpu_create(struct vcpu *v)
{
	if (v->is_idle)
		return 0;
	/* Page-sized at most on CPUs without AVX-512. */
	v->arch.xsave = heap_alloc(MAX(cpu_features.xsave_size, 576U) + 64);
	if (!v->arch.xsave)
		return -ENOMEM;
	v->arch.in_kernel = true;
	v->arch.cr[0] = 0x80010033;
	v->arch.dr[6] = 0xffff0ff0;
	v->arch.dr[7] = DR7_NONE;
	v->arch.xcr0 = 3;
	return 0;
}

void arch_vcpu_destroy(struct vcpu *v)
{
	heap_free(v->arch.xsave);
	v->arch.xsave = NULL;
}

void arch_set_tsc_aux(struct vcpu *v, uint32_t value)
{
	struct cpu *c = this_cpu();

	v->arch.tsc_aux = value;
	if (!cpu_features.has_rdtscp || c->arch.tsc_aux == value)
		return;
	c->arch.tsc_aux = value;
	wrmsr(MSR_TSC_AUX, value);
}

void arch_load_tsd(struct vcpu *v)
{
	struct cpu *c = this_cpu();
	bool has_tsd =
		v->domain->arch.tsc.is_emulated || v->arch.cr[4] & CR4_TSD;

	if (likely(c->arch.has_tsd == has_tsd))
		return;
	c->arch.has_tsd = has_tsd;
	write_cr4(read_cr4() ^ CR4_TSD);
}

static void save_segments(struct vcpu *v, struct cpu_user_regs *r)
{
	uint64_t gs = rdmsr(MSR_GS_BASE), shadow = rdmsr(MSR_KERNEL_GS_BASE);
	uint16_t sel;

	__asm__ volatile("movw %%ds, %0" : "=r"(sel));
	r->ds = sel;
	__asm__ volatile("movw %%es, %0" : "=r"(sel));
	r->es = sel;
	__asm__ volatile("movw %%fs, %0" : "=r"(sel));
	r->fs = sel;
	__asm__ volatile("movw %%gs, %0" : "=r"(sel));
	r->gs = sel;
	v->arch.fs_base = rdmsr(MSR_FS_BASE);
	v->arch.gs_base_kernel = v->arch.in_kernel ? gs : shadow;
	v->arch.gs_base_user = v->arch.in_kernel ? shadow : gs;
}

static void load_segments(struct vcpu *v)
{
	struct cpu_user_regs *r = &v->arch.regs;

	/* Selectors first: loading one changes the base. */
	x86_load_ds(r->ds);
	x86_load_es(r->es);
	x86_load_fs(r->fs);
	x86_load_gs(r->gs);
	if (cpu_features.has_rdtscp)
		arch_set_tsc_aux(v, v->arch.tsc_aux);
	wrmsr(MSR_FS_BASE, v->arch.fs_base);
	wrmsr(MSR_GS_BASE, v->arch.in_kernel ? v->arch.gs_base_kernel
					     : v->arch.gs_base_user);
	wrmsr(MSR_KERNEL_GS_BASE, v->arch.in_kernel ? v->arch.gs_base_user
						    : v->arch.gs_base_kernel);
}

static bool has_breakpoint(const struct vcpu *v)
{
	return v->arch.dr[7] & 0xff;
}

void arch_load_debug(struct vcpu *v)
{
	if (has_breakpoint(v)) {
		write_db0(v->arch.dr[0]);
		write_db1(v->arch.dr[1]);
		write_db2(v->arch.dr[2]);
		write_db3(v->arch.dr[3]);
		write_db7(v->arch.dr[7]);
	} else {
		write_db7(DR7_NONE);
	}
}

void arch_show_descriptors(struct vcpu *v)
{
	desc_load_guest(v);
	/* The window's entries are not global. */
	arch_load_root(v);
}

/* Without PCID a load of CR3 flushes all but global entries. */
static void load_root(struct cpu *c, uint64_t cr3)
{
	uint64_t begun;

	tlb_empty_end(c->id);
	begun = tlb_flush_begin();
	write_cr3(cr3);
	tlb_flush_end(c->id, begun);
}

static void load_idle_root(struct cpu *c)
{
	load_root(c, (uint64_t)idle_root - IMAGE_BASE);
}

void arch_switch(struct vcpu *prev, struct vcpu *next)
{
	struct cpu *c = this_cpu();
	struct cpu_user_regs *live = arch_guest_regs();

	if (!prev->is_idle) {
		memcpy(&prev->arch.regs, live,
			offsetof(struct cpu_user_regs, es));
		save_segments(prev, &prev->arch.regs);
		fpu_save(prev);
		if (has_breakpoint(prev))
			write_db7(DR7_NONE);
	}
	c->vcpu = next;
	if (next->is_idle) {
		load_idle_root(c);
		tlb_flush_end(c->id, TLB_EMPTY);
		__asm__ volatile("lldt %w0" ::"r"(0));
	} else {
		memcpy(live, &next->arch.regs,
			offsetof(struct cpu_user_regs, es));
		desc_load_guest(next);
		arch_load_root(next);
		load_segments(next);
		arch_load_tsd(next);
		if (has_breakpoint(next))
			arch_load_debug(next);
		fpu_restore(next);
	}
	if (!prev->is_idle && prev->domain != next->domain)
		atomic_and(&prev->domain->tlb_cpus, ~CPUMASK(c->id));
}

void arch_sync_vcpu(struct vcpu *v)
{
	(void)v;
}

void arch_load_root(struct vcpu *v)
{
	struct cpu *c = this_cpu();
	mfn_t root =
		v->arch.in_kernel ? v->arch.cpu_root : v->arch.cpu_user_root;

	if (unlikely(root.v == 0)) {
		load_idle_root(c);
		return;
	}
	if (!(atomic_read(&v->domain->tlb_cpus) & CPUMASK(c->id)))
		atomic_or(&v->domain->tlb_cpus, CPUMASK(c->id));
	load_root(c, root.v << PAGE_SHIFT);
}

/* Between guest kernel and guest user: the root and GS base change. */
void arch_toggle_mode(struct vcpu *v)
{
	v->arch.in_kernel = !v->arch.in_kernel;
	__asm__ volatile("swapgs");
	arch_load_root(v);
}

void arch_set_segment_base(struct vcpu *v, unsigned which, uint64_t base)
{
	switch (which) {
	case 0: /* SEGBASE_FS */
		v->arch.fs_base = base;
		wrmsr(MSR_FS_BASE, base);
		break;
	case 1: /* SEGBASE_GS_USER: the caller is the kernel */
		v->arch.gs_base_user = base;
		wrmsr(MSR_KERNEL_GS_BASE, base);
		break;
	case 2: /* SEGBASE_GS_KERNEL */
		v->arch.gs_base_kernel = base;
		wrmsr(MSR_GS_BASE, base);
		break;
	default: /* SEGBASE_GS_USER_SEL: a selector for user mode's GS */
		__asm__ volatile("swapgs");
		x86_load_gs((uint32_t)base & 0xffff);
		__asm__ volatile("swapgs");
		break;
	}
}

uint64_t arch_get_segment_base(struct vcpu *v, unsigned which)
{
	(void)v;
	switch (which) {
	case 0:
		return rdmsr(MSR_FS_BASE);
	case 1:
		return rdmsr(MSR_KERNEL_GS_BASE);
	default:
		return rdmsr(MSR_GS_BASE);
	}
}

/* LAR: bit 21 is the descriptor's L (SDM vol. 2A). */
bool arch_is_long_code(uint32_t selector)
{
	uint32_t rights = 0;

	__asm__("lar %1, %0" : "+r"(rights) : "r"(selector & 0xffff) : "cc");
	return rights & 1U << 21;
}

/* n bytes from va on, all in one of the guest's two halves. */
static inline bool is_guest_range(vaddr_t va, size_t n)
{
	if (likely(va >= HYPERVISOR_VA_END))
		return n <= 0 - va;
	return (va < LOWER_HALF_END && n <= LOWER_HALF_END - va) || n == 0;
}

int arch_copy_from_guest(void *dst, vaddr_t src, size_t n)
{
	if (!is_guest_range(src, n))
		return -EFAULT;
	return x86_copy_in(dst, src, n);
}

int arch_copy_to_guest(vaddr_t dst, const void *src, size_t n)
{
	if (!is_guest_range(dst, n))
		return -EFAULT;
	return x86_copy_out(dst, src, n);
}

int arch_clear_guest(vaddr_t dst, size_t n)
{
	if (!is_guest_range(dst, n))
		return -EFAULT;
	if (likely(!x86_clear((void *)dst, n)))
		return 0;
	return entry_copy_guest(dst, NULL, NULL, n);
}

void arch_cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
	cpuid_count(leaf, sub, r);
}

int arch_rdmsr(uint32_t msr, uint64_t *value)
{
	return x86_rdmsr_safe(msr, value);
}

uint32_t arch_io_read(uint16_t port, unsigned size)
{
	return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
}

void arch_io_write(uint16_t port, unsigned size, uint32_t value)
{
	if (size == 1)
		outb(port, (uint8_t)value);
	else if (size == 2)
		outw(port, (uint16_t)value);
	else
		outl(port, value);
}
