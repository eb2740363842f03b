/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MMU of the fake machine: walks of guest tables into caches that only a
 * flush (or another entry of the same slot) clears, and the copies between the
 * core and a guest, which go through them.
 */
#include <string.h>
#include <tenon/arch.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/entry.h>
#include <tenon/errno.h>
#include <tenon/page.h>
#include <tenon/panic.h>
#include <tenon/pte.h>
#include <tenon/tlb.h>
#include <arch/fake.h>

#define RIGHTS (PTE_PRESENT | PTE_RW | PTE_USER)

static uint64_t copies_left = ~0ULL;

void fake_fail_copy_after(uint64_t n)
{
	copies_left = n;
}

static bool copy_fails(vaddr_t va)
{
	if (va < PAGE_SIZE || is_hypervisor_va(va))
		return true;
	if (copies_left == ~0ULL)
		return false;
	if (copies_left == 0)
		return true;
	copies_left--;
	return false;
}

static void flush_cpu(struct cpu *cpu)
{
	uint64_t begun = tlb_flush_begin();

	memset(cpu->arch.tlb, 0, sizeof(cpu->arch.tlb));
	memset(cpu->arch.pde, 0, sizeof(cpu->arch.pde));
	cpu->arch.flushes++;
	tlb_flush_end(cpu->id, begun);
}

struct flush {
	unsigned how;
	vaddr_t va;
};

static void flush_here(void *arg)
{
	const struct flush *f = arg;
	struct cpu *cpu = this_cpu();
	struct fake_tlb_entry *t;

	if (tlb_is_empty(cpu->id))
		return;
	if (!(f->how & TLB_PAGE)) {
		flush_cpu(cpu);
		return;
	}
	/* INVLPG also drops every paging-structure entry. */
	t = &cpu->arch.tlb[(f->va >> PAGE_SHIFT) % FAKE_TLB_SIZE];
	if (t->va == (f->va & PAGE_MASK))
		t->is_valid = false;
	memset(cpu->arch.pde, 0, sizeof(cpu->arch.pde));
}

void arch_tlb_flush(cpumask_t mask, unsigned how, vaddr_t va)
{
	struct flush f = { how, va };

	arch_call(mask, flush_here, &f);
}

void arch_load_root(struct vcpu *v)
{
	struct cpu *cpu = this_cpu();
	mfn_t root = v->arch.cpu_root;

	if (!v->arch.in_kernel && v->arch.cpu_user_root.v)
		root = v->arch.cpu_user_root;
	if (v->domain)
		__atomic_fetch_or(&v->domain->tlb_cpus, CPUMASK(cpu->id),
			__ATOMIC_SEQ_CST);
	tlb_empty_end(cpu->id);
	cpu->arch.root = root;
	cpu->arch.root_domain = root.v ? v->domain : NULL;
	flush_cpu(cpu);
}

void fake_unload_root(void)
{
	struct cpu *cpu = this_cpu();

	cpu->arch.root = MFN(0);
	cpu->arch.root_domain = NULL;
	flush_cpu(cpu);
	tlb_flush_end(cpu->id, TLB_EMPTY);
}

/* One level of a walk: sets the accessed bit as the CPU does. */
static bool step(mfn_t *table, vaddr_t va, unsigned level, uint64_t *rights)
{
	uint64_t *slot;
	uint64_t entry;

	if (!mfn_valid(*table))
		panic("a CPU walks frame %#lx as a table", table->v);
	slot = (uint64_t *)mfn_to_virt(*table) + pte_index(va, level);
	entry = READ_ONCE(*slot);
	if (!(entry & PTE_PRESENT))
		return false;
	__atomic_fetch_or(slot, PTE_ACCESSED, __ATOMIC_SEQ_CST);
	*rights &= entry;
	*table = pte_mfn(entry);
	return true;
}

/* The table of level 1 for va, from the cache or by a walk. */
static bool find_table(
	struct cpu *cpu, vaddr_t va, mfn_t *table, uint64_t *rights)
{
	struct fake_pde_entry *p = &cpu->arch.pde[(va >> 21) % FAKE_PDE_SIZE];

	if (p->is_valid && p->va == va >> 21) {
		*table = pte_mfn(p->entry);
		*rights &= p->entry;
		return true;
	}
	*table = cpu->arch.root;
	for (unsigned level = 4; level > 1; level--)
		if (!step(table, va, level, rights))
			return false;
	p->is_valid = true;
	p->va = va >> 21;
	p->entry = pte_make(*table, *rights);
	return true;
}

static bool walk(struct cpu *cpu, vaddr_t va, bool is_write, uint64_t *found)
{
	uint64_t rights = RIGHTS;
	mfn_t table, frame;

	if (!find_table(cpu, va, &table, &rights))
		return false;
	frame = table;
	if (!step(&frame, va, 1, &rights))
		return false;
	*found = pte_make(frame, rights);
	if (is_write && (rights & PTE_RW)) {
		uint64_t *slot =
			(uint64_t *)mfn_to_virt(table) + pte_index(va, 1);

		__atomic_fetch_or(slot, PTE_DIRTY, __ATOMIC_SEQ_CST);
		*found |= PTE_DIRTY;
	}
	return true;
}

static bool allows(uint64_t entry, bool is_write, bool is_guest)
{
	return (!is_write || entry & PTE_RW) && (!is_guest || entry & PTE_USER);
}

static void *access_page(
	vaddr_t va, bool is_write, bool is_guest, uint32_t *error)
{
	struct cpu *cpu = this_cpu();
	struct fake_tlb_entry *t =
		&cpu->arch.tlb[(va >> PAGE_SHIFT) % FAKE_TLB_SIZE];
	uint64_t entry = 0;
	bool hit = t->is_valid && t->va == (va & PAGE_MASK);

	/* A hit that refuses, or a first write, makes the CPU walk anew. */
	if (hit && allows(t->entry, is_write, is_guest) &&
		(!is_write || t->entry & PTE_DIRTY)) {
		entry = t->entry;
	} else {
		if (hit)
			t->is_valid = false;
		if (!walk(cpu, va, is_write, &entry)) {
			*error = (is_write ? PF_WRITE : 0) |
				 (is_guest ? PF_USER : 0);
			return NULL;
		}
		if (!allows(entry, is_write, is_guest)) {
			*error = PF_PRESENT | (is_write ? PF_WRITE : 0) |
				 (is_guest ? PF_USER : 0);
			return NULL;
		}
		t->is_valid = true;
		t->va = va & PAGE_MASK;
		t->entry = entry;
	}
	if (!mfn_valid(pte_mfn(entry)))
		return NULL;
	return (uint8_t *)mfn_to_virt(pte_mfn(entry)) + (va & ~PAGE_MASK);
}

void *fake_guest_access(vaddr_t va, bool is_write, uint32_t *error)
{
	uint32_t ignored;

	return access_page(va, is_write, true, error ? error : &ignored);
}

/* dst or src is NULL: which way; both NULL: clear. */
static int copy(vaddr_t va, void *to, const void *from, size_t n)
{
	if (copy_fails(va) || va + n < va)
		return -EFAULT;
	while (n) {
		size_t part = MIN(n, PAGE_SIZE - (va & ~PAGE_MASK));
		uint32_t error;
		void *p = (void *)va;

		if (this_cpu()->arch.root.v)
			p = access_page(va, !to, false, &error);
		if (is_hypervisor_va(va))
			return -EFAULT;
		if (!p)
			return entry_copy_guest(va, to, from, n);
		if (to) {
			memcpy(to, p, part);
			to = (char *)to + part;
		} else if (from) {
			memcpy(p, from, part);
			from = (const char *)from + part;
		} else {
			memset(p, 0, part);
		}
		va += part;
		n -= part;
	}
	return 0;
}

int arch_copy_from_guest(void *dst, vaddr_t src, size_t n)
{
	return copy(src, dst, NULL, n);
}

int arch_copy_to_guest(vaddr_t dst, const void *src, size_t n)
{
	return copy(dst, NULL, src, n);
}

int arch_clear_guest(vaddr_t dst, size_t n)
{
	return copy(dst, NULL, NULL, n);
}

void fake_tlb_for_each(void (*fn)(struct cpu *cpu, vaddr_t va, uint64_t entry,
			       bool is_table, void *arg),
	void *arg)
{
	for (unsigned id = 0; id < cpu_count; id++) {
		struct arch_cpu *a = &cpus[id]->arch;

		for (unsigned i = 0; i < FAKE_TLB_SIZE; i++)
			if (a->tlb[i].is_valid)
				fn(cpus[id], a->tlb[i].va, a->tlb[i].entry,
					false, arg);
		for (unsigned i = 0; i < FAKE_PDE_SIZE; i++)
			if (a->pde[i].is_valid)
				fn(cpus[id], a->pde[i].va << 21,
					a->pde[i].entry, true, arg);
	}
}
