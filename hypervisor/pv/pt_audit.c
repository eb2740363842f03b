/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The references and types of all frames recounted from the tables, pins,
 * roots and descriptor pages.  What grants hold is not known here: of domains
 * with a grant table (and of all frames while one exists) counts may be higher
 * than the recount, never lower.
 */
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/event.h>
#include <tenon/irq.h>
#include <tenon/page.h>
#include <tenon/panic.h>
#include <tenon/shadow.h>
#include "pt_private.h"

struct recount {
	uint32_t *refs, *types; /* by frame */
	bool has_grants;
};

static struct recount count;

static const char *const type_names[] = { "none", "L1", "L2", "L3", "L4",
	"descriptors", "writable", "bad" };

static void need(mfn_t m, enum page_type type, mfn_t by, const char *what)
{
	uint64_t word;

	if (m.v >= frame_count)
		panic("frame %#lx: %s of %#lx has no record", m.v, what, by.v);
	count.refs[m.v]++;
	if (type == PT_NONE)
		return;
	count.types[m.v]++;
	word = frame_table[m.v].type;
	if (type_of(word) != type || !(word & TYPE_COUNT))
		panic("frame %#lx is %s (count %lu), but %s of %#lx needs %s",
			m.v, type_names[type_of(word)],
			(unsigned long)(word & TYPE_COUNT), what, by.v,
			type_names[type]);
}

static void count_entry(
	mfn_t table, unsigned level, uint64_t entry, bool must_be_valid)
{
	mfn_t m = pte_mfn(entry);

	if (!(entry & PTE_PRESENT))
		return;
	if (!(entry & PTE_USER) || entry & PTE_GLOBAL)
		panic("table %#lx has entry %#lx", table.v, entry);
	if (level == 1) {
		if (entry & PTE_GRANT || !is_ram(m))
			return;
		need(m, entry & PTE_RW ? PT_WRITABLE : PT_NONE, table,
			"an entry");
		return;
	}
	if (level == 4 && m.v == table.v) {
		if (entry & PTE_RW)
			panic("root %#lx maps itself writable", m.v);
		return;
	}
	if (entry & (PTE_PSE | PTE_GRANT))
		panic("table %#lx has entry %#lx", table.v, entry);
	need(m, type_of_level(level - 1), table, "an entry");
	if (must_be_valid && !(frame_table[m.v].type & TYPE_VALIDATED))
		panic("table %#lx leads to %#lx, not validated", table.v, m.v);
}

static void count_table(mfn_t m, uint64_t word)
{
	unsigned level = type_of(word) - PT_L1 + 1;
	unsigned end =
		word & TYPE_VALIDATED
			? PTES_PER_TABLE
			: (unsigned)((word & TYPE_INDEX) >> TYPE_INDEX_SHIFT);
	const uint64_t *entries = mfn_to_virt(m);

	for (unsigned i = 0; i < end; i++) {
		if (level == 4 && i >= HYPERVISOR_SLOT_FIRST &&
			i <= HYPERVISOR_SLOT_LAST)
			continue;
		count_entry(m, level, entries[i],
			word & TYPE_VALIDATED || i + 1 < end);
	}
}

static void count_frame(mfn_t m)
{
	const struct page *pg = mfn_to_page(m);
	uint64_t ref = pg->ref, word = pg->type;

	if (!(ref & PAGE_REF_COUNT))
		return;
	if (ref & PAGE_REF_ALLOCATED)
		count.refs[m.v]++;
	if (ref & PAGE_REF_SHARED) {
		count.refs[m.v]++;
		count.types[m.v]++;
	}
	if (!(word & TYPE_COUNT))
		return;
	if (word & TYPE_LOCKED)
		panic("frame %#lx is locked at rest", m.v);
	if (word & TYPE_ORPHAN) {
		count.types[m.v]++;
		if (word & TYPE_VALIDATED)
			panic("frame %#lx: an orphan of a valid table", m.v);
	}
	if (word & TYPE_PINNED)
		need(m, type_of(word), m, "the pin");
	if (type_of(word) == PT_SEGDESC || type_is_table(type_of(word)))
		count.refs[m.v]++; /* its own */
	if (type_is_table(type_of(word)))
		count_table(m, word);
}

static void count_vcpu(const struct vcpu *v)
{
	const struct arch_vcpu *a = &v->arch;

	if (a->root.v)
		need(a->root, PT_L4, a->root, "a root");
	if (a->user_root.v)
		need(a->user_root, PT_L4, a->user_root, "a user root");
	if (a->old_table)
		need(page_to_mfn(a->old_table), type_of(a->old_table->type),
			MFN(0), "an unfinished drop");
	for (unsigned i = 0; i < PV_GDT_FRAMES; i++)
		if (a->gdt_frames[i].v)
			need(a->gdt_frames[i], PT_SEGDESC, a->gdt_frames[i],
				"a GDT");
	for (unsigned i = 0; i < ARRAY_SIZE(a->ldt_frames); i++)
		if (a->ldt_frames[i].v)
			need(a->ldt_frames[i], PT_SEGDESC, a->ldt_frames[i],
				"an LDT");
	if (v->vcpu_info_page)
		need(page_to_mfn(v->vcpu_info_page), PT_WRITABLE, MFN(0),
			"a vcpu_info");
}

static void count_event_page(struct page *pg)
{
	need(page_to_mfn(pg), PT_WRITABLE, MFN(0), "an event queue");
}

static void count_domain(const struct domain *d)
{
	struct vcpu *v;

	if (d->grants)
		count.has_grants = true;
	vcpu_for_each (d, v)
		count_vcpu(v);
	if (d->events)
		event_for_each_page(d, count_event_page);
	if (pirq_shown_page(d))
		need(page_to_mfn(pirq_shown_page(d)), PT_WRITABLE, MFN(0),
			"a map of EOIs");
}

static void check_frame(mfn_t m, bool is_exact)
{
	const struct page *pg = mfn_to_page(m);
	unsigned long refs = pg->ref & PAGE_REF_COUNT;
	unsigned long types = pg->type & TYPE_COUNT;

	if (refs < count.refs[m.v] || (is_exact && refs > count.refs[m.v]))
		panic("frame %#lx (%#lx %#lx): %lu references, counted %u", m.v,
			pg->ref, pg->type, refs, count.refs[m.v]);
	if (types < count.types[m.v] || (is_exact && types > count.types[m.v]))
		panic("frame %#lx (%#lx %#lx): type count %lu, counted %u", m.v,
			pg->ref, pg->type, types, count.types[m.v]);
}

static void recount_all(void)
{
	uint64_t seen[0x8000 / 64] = { 0 };

	for (uint64_t m = 0; m < frame_count; m++) {
		struct page *pg = &frame_table[m];
		struct domain *d =
			pg->ref & PAGE_REF_COUNT ? page_owner_domain(pg) : NULL;

		if (!d)
			continue;
		count_frame(MFN(m));
		if (!(seen[d->id / 64] >> d->id % 64 & 1)) {
			seen[d->id / 64] |= 1ULL << d->id % 64;
			count_domain(d);
			shadow_audit(d);
		}
	}
}

void pagetype_audit(const struct domain *d)
{
	count.refs = heap_alloc_array(frame_count, sizeof(*count.refs));
	count.types = heap_alloc_array(frame_count, sizeof(*count.types));
	count.has_grants = false;
	if (count.refs && count.types) {
		recount_all();
		for (uint64_t m = 0; m < frame_count; m++) {
			struct page *pg = &frame_table[m];
			struct domain *owner = pg->ref & PAGE_REF_COUNT
						       ? page_owner_domain(pg)
						       : NULL;

			if (owner && (!d || owner == d))
				check_frame(MFN(m), !count.has_grants);
		}
	}
	heap_free(count.refs);
	heap_free(count.types);
}
