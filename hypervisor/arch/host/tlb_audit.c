/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What no CPU may remember: a writable translation of a frame that is a page
 * table or descriptors now; any translation of another domain's frame (unless
 * a privileged domain made it); a table that is used for something else.
 */
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/panic.h>
#include <tenon/pte.h>
#include <tenon/shadow.h>
#include <arch/fake.h>

static void check(
	struct cpu *cpu, vaddr_t va, uint64_t entry, bool is_table, void *arg)
{
	mfn_t m = pte_mfn(entry);
	struct page *pg;
	struct domain *owner;
	const struct domain *d = cpu->arch.root_domain;
	enum page_type type;

	(void)arg;
	if (!mfn_valid(m) || !d)
		return;
	pg = mfn_to_page(m);
	type = type_of(pg->type);
	/* A free frame is only a danger once it is given to somebody. */
	if (!(pg->ref & PAGE_REF_COUNT))
		return;
	if (is_table && shadow_is_table(d, m))
		return;
	owner = page_owner_domain(pg);
	if (owner != d) {
		if (!owner)
			panic("CPU %u, va %#lx: frame %#lx is ours now",
				cpu->id, va, m.v);
		if (!d->is_privileged && !d->grants)
			panic("CPU %u, va %#lx: frame %#lx is of d%u now",
				cpu->id, va, m.v, owner->id);
		return;
	}
	if (!pagetype_is_used(pg))
		return;
	/* Through a root that maps itself, read-only, any table is one. */
	if (is_table && type != PT_L1 &&
		!(type_is_table(type) && !(entry & PTE_RW)))
		panic("CPU %u, va %#lx: table %#lx has type %u now", cpu->id,
			va, m.v, type);
	if (!is_table && entry & PTE_RW && type != PT_WRITABLE)
		panic("CPU %u, va %#lx: writes frame %#lx of type %u", cpu->id,
			va, m.v, type);
}

void fake_tlb_audit(void)
{
	fake_tlb_for_each(check, NULL);
}
