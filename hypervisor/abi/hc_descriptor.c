/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptor tables of a guest: set_gdt and update_descriptor. */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/hypercall.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/pte.h>
#include <tenon/pv.h>

long hc_set_gdt(struct hypercall *hc)
{
	uint64_t frames[PV_GDT_FRAMES];
	uint64_t entries = hc->arg[1];
	unsigned frame_n;

	if (entries > FIRST_RESERVED_GDT_ENTRY)
		return -EINVAL;
	frame_n = (unsigned)DIV_UP(entries, PTES_PER_TABLE);
	if (arch_copy_from_guest(
		    frames, hc->arg[0], frame_n * sizeof(frames[0])))
		return -EFAULT;
	return pv_set_gdt(hc->v, frames, (unsigned)entries);
}

/* arg[0]: machine address of the descriptor; arg[1]: its new value. */
long hc_update_descriptor(struct hypercall *hc)
{
	uint64_t desc = hc->arg[1];
	mfn_t m = MFN(hc->arg[0] >> PAGE_SHIFT);
	uint64_t *slot;
	struct page *pg;
	enum page_type type;
	int r;

	if (hc->arg[0] % sizeof(desc) || m.v >= frame_count ||
		!descriptor_check(&desc))
		return -EINVAL;
	pg = mfn_to_page(m);
	if (!page_get(pg, hc->d))
		return -EINVAL;
	slot = (uint64_t *)page_to_virt(pg) +
	       (hc->arg[0] & ~PAGE_MASK) / sizeof(desc);
	type = type_of(READ_ONCE(pg->type)) == PT_SEGDESC &&
			       pagetype_is_used(pg)
		       ? PT_SEGDESC
		       : PT_WRITABLE;
	r = pagetype_get(pg, type);
	if (!r) {
		atomic_write(slot, desc);
		pagetype_note_write(hc->d, pg);
		pagetype_put(pg);
	}
	page_put(pg);
	return r;
}
