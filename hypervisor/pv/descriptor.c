/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PV vcpu's GDT and LDT.  Each frame in use holds a page reference and a
 * type reference (PT_SEGDESC: its contents were checked, and the guest cannot
 * write it behind our back).
 */
#include <tenon/arch.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/pagetype.h>
#include <tenon/pte.h>
#include <tenon/pv.h>
#include <tenon/string.h>

static void show(struct vcpu *v)
{
	if (v == current)
		arch_show_descriptors(v);
}

static void drop(const mfn_t *frames, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (frames[i].v)
			page_put_and_type(mfn_to_page(frames[i]));
}

void pv_destroy_gdt(struct vcpu *v)
{
	mfn_t old[PV_GDT_FRAMES];

	memcpy(old, v->arch.gdt_frames, sizeof(old));
	memset(v->arch.gdt_frames, 0, sizeof(v->arch.gdt_frames));
	v->arch.gdt_entries = 0;
	show(v);
	drop(old, PV_GDT_FRAMES);
}

int pv_set_gdt(struct vcpu *v, const uint64_t *frames, unsigned entries)
{
	unsigned count = DIV_UP(entries, 512U);
	mfn_t taken[PV_GDT_FRAMES] = { { 0 } };
	mfn_t old[PV_GDT_FRAMES];

	if (entries > FIRST_RESERVED_GDT_ENTRY)
		return -EINVAL;
	for (unsigned i = 0; i < count; i++) {
		mfn_t m = MFN(frames[i]);

		if (!mfn_valid(m) || !page_get_and_type(mfn_to_page(m),
					     v->domain, PT_SEGDESC)) {
			drop(taken, i);
			return -EINVAL;
		}
		taken[i] = m;
	}
	memcpy(old, v->arch.gdt_frames, sizeof(old));
	memcpy(v->arch.gdt_frames, taken, sizeof(taken));
	v->arch.gdt_entries = entries;
	show(v);
	drop(old, PV_GDT_FRAMES);
	return 0;
}

/* The LDT is in the kernel's address space, whatever mode the vcpu is in. */
static bool lookup_in_kernel(struct vcpu *v, vaddr_t va, uint64_t *entry)
{
	bool was_kernel = v->arch.in_kernel;
	bool found;

	v->arch.in_kernel = true;
	found = pt_lookup(v, va, entry);
	v->arch.in_kernel = was_kernel;
	return found;
}

bool pv_map_ldt_page(struct vcpu *v, unsigned index)
{
	vaddr_t va = v->arch.ldt_base + index * PAGE_SIZE;
	uint64_t entry;
	mfn_t m;

	if (index >= ARRAY_SIZE(v->arch.ldt_frames) ||
		index * 512 >= v->arch.ldt_entries ||
		v->arch.ldt_frames[index].v)
		return false;
	if (!lookup_in_kernel(v, va, &entry) || !(entry & PTE_PRESENT))
		return false;
	m = pte_mfn(entry);
	if (!mfn_valid(m) ||
		!page_get_and_type(mfn_to_page(m), v->domain, PT_SEGDESC))
		return false;
	v->arch.ldt_frames[index] = m;
	arch_show_ldt_page(index, m);
	return true;
}

void pv_invalidate_ldt(struct vcpu *v)
{
	mfn_t old[ARRAY_SIZE(v->arch.ldt_frames)];

	memcpy(old, v->arch.ldt_frames, sizeof(old));
	memset(v->arch.ldt_frames, 0, sizeof(v->arch.ldt_frames));
	show(v);
	drop(old, ARRAY_SIZE(old));
}
