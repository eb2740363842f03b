/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains and vcpus of the fake machine. */
#include <stdlib.h>
#include <string.h>
#include <tenon/arch.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/panic.h>
#include <tenon/pte.h>
#include <arch/fake.h>

int arch_vcpu_create(struct vcpu *v)
{
	v->arch.in_kernel = true;
	return 0;
}

void arch_vcpu_destroy(struct vcpu *v)
{
	(void)v;
}

void arch_sync_vcpu(struct vcpu *v)
{
	(void)v;
}

void arch_set_segment_base(struct vcpu *v, unsigned which, uint64_t base)
{
	if (which == SEGBASE_FS)
		v->arch.fs_base = base;
	else if (which == SEGBASE_GS_USER)
		v->arch.gs_base_user = base;
	else if (which == SEGBASE_GS_KERNEL)
		v->arch.gs_base_kernel = base;
}

void arch_set_fpu_ts(struct vcpu *v, bool ts)
{
	v->arch.fpu_ts = ts;
}

struct cpu_user_regs *arch_guest_regs(void)
{
	return &this_cpu()->arch.regs;
}

/* As on x86, the idle vcpu leaves the last root loaded. */
void arch_switch(struct vcpu *prev, struct vcpu *next)
{
	struct cpu *cpu = this_cpu();

	prev->arch.regs = cpu->arch.regs;
	cpu->arch.regs = next->arch.regs;
	cpu->vcpu = next;
	if (next->is_idle)
		fake_unload_root();
	else
		arch_load_root(next);
	if (!next->is_idle)
		arch_load_tsd(next);
	if (prev->domain && prev->domain != next->domain)
		__atomic_fetch_and(&prev->domain->tlb_cpus, ~CPUMASK(cpu->id),
			__ATOMIC_SEQ_CST);
}

void fake_enter(struct vcpu *v, unsigned cpu)
{
	struct vcpu *prev;

	fake_play(cpu);
	prev = this_cpu()->vcpu;
	if (!v)
		v = this_cpu()->idle;
	if (prev == v)
		return;
	prev->is_running = false;
	v->is_running = true;
	v->processor = cpu;
	arch_switch(prev, v);
}

struct domain *fake_domain(domid_t id, uint64_t page_max, unsigned vcpu_n)
{
	struct domain *d = calloc(1, sizeof(*d));

	BUG_ON(!d);
	d->id = id;
	d->page_max = page_max;
	d->refs = 1;
	lock_init(&d->lock, LOCK_DOMAIN);
	lock_init(&d->page_lock, LOCK_PAGES);
	d->vcpu_count = vcpu_n;
	d->vcpu = calloc(vcpu_n, sizeof(*d->vcpu));
	BUG_ON(!d->vcpu);
	for (unsigned i = 0; i < vcpu_n; i++) {
		struct vcpu *v = calloc(1, sizeof(*v));

		BUG_ON(!v || arch_vcpu_create(v));
		v->id = i;
		v->domain = d;
		v->vcpu_info = calloc(1, sizeof(*v->vcpu_info));
		BUG_ON(!v->vcpu_info);
		d->vcpu[i] = v;
	}
	return d;
}

void fake_domain_free(struct domain *d)
{
	BUG_ON(d->page_count || d->shared_count || d->refs != 1);
	for (unsigned id = 0; id < cpu_count; id++)
		BUG_ON(cpus[id]->vcpu->domain == d);
	for (unsigned i = 0; i < d->vcpu_count; i++) {
		free(d->vcpu[i]->vcpu_info);
		free(d->vcpu[i]);
	}
	free(d->vcpu);
	heap_free(d->shadow);
	heap_free(d->page_chunks);
	free(d);
}

static uint64_t *table_of(mfn_t m)
{
	return mfn_to_virt(m);
}

int fake_space(struct vcpu *v, unsigned pages, mfn_t *mfns)
{
	unsigned total = pages + FAKE_SPACE_TABLES;
	mfn_t own[PTES_PER_TABLE], *m = mfns ? mfns : own;
	const uint64_t flags = PTE_PRESENT | PTE_USER | PTE_RW;

	if (total > PTES_PER_TABLE)
		return -EINVAL;
	for (unsigned i = 0; i < total; i++) {
		struct page *pg;
		int r = page_alloc_domain(v->domain, 0, 0, &pg);

		if (r)
			return r;
		m[i] = page_to_mfn(pg);
		m2p[m[i].v] = i;
	}
	for (unsigned i = 0; i < total; i++) {
		bool is_table = i >= pages;

		table_of(m[pages])[pte_index(FAKE_SPACE_VA, 1) + i] =
			pte_make(m[i], is_table ? flags & ~PTE_RW : flags);
	}
	for (unsigned level = 2; level <= 4; level++)
		table_of(
			m[pages + level - 1])[pte_index(FAKE_SPACE_VA, level)] =
			pte_make(m[pages + level - 2], flags);
	return pt_new_root(v, m[pages + 3], false);
}

void arch_toggle_mode(struct vcpu *v)
{
	v->arch.in_kernel = !v->arch.in_kernel;
	arch_load_root(v);
}

uint64_t arch_get_segment_base(struct vcpu *v, unsigned which)
{
	return which == 0   ? v->arch.fs_base
	       : which == 1 ? v->arch.gs_base_user
			    : v->arch.gs_base_kernel;
}

bool arch_is_long_code(uint32_t selector)
{
	return selector != FLAT_RING3_CS32;
}

void arch_show_descriptors(struct vcpu *v)
{
	(void)v;
}

void arch_show_ldt_page(unsigned index, mfn_t frame)
{
	(void)index;
	(void)frame;
}

void arch_load_debug(struct vcpu *v)
{
	(void)v;
}

void pt_fill_hypervisor_slots(uint64_t *root)
{
	for (unsigned i = HYPERVISOR_SLOT_FIRST; i <= HYPERVISOR_SLOT_LAST; i++)
		root[i] = 0;
}

int arch_rdmsr(uint32_t msr, uint64_t *value)
{
	(void)msr;
	(void)value;
	return -EFAULT;
}

void arch_load_tsd(struct vcpu *v)
{
	this_cpu()->arch.has_tsd =
		v->domain->arch.tsc.is_emulated || v->arch.cr[4] & 1UL << 2;
}

void arch_set_tsc_aux(struct vcpu *v, uint32_t value)
{
	(void)v;
	(void)value;
}

int arch_set_xcr0(struct vcpu *v, uint64_t value)
{
	if (!(value & 1) || value & ~fake_xcr0_mask)
		return -EINVAL;
	v->arch.xcr0 = value;
	return 0;
}

uint64_t arch_guest_cr4_fixed(void)
{
	return 0;
}

uint64_t arch_guest_cr4_allowed(void)
{
	return 1UL << 2 | 1UL << 3 | 1UL << 16 | 1UL << 18;
}

void arch_set_fxsave(struct vcpu *v, const void *image)
{
	(void)v;
	(void)image;
}

void arch_get_fxsave(struct vcpu *v, void *image)
{
	(void)v;
	memset(image, 0, 512);
}
