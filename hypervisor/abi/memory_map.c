/* SPDX-License-Identifier: BSD-2-Clause */
/* memory_op: maps of memory, and the hypervisor's pages that others may map. */
#include <tenon/arch.h>
#include <tenon/boot.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/grant.h>
#include <tenon/guest_copy.h>
#include <tenon/page.h>
#include <tenon/rangeset.h>
#include "memory_op.h"

/* Bytes of the machine-to-physical table in one entry of its frame list. */
#define M2P_CHUNK MIB(2)

long memory_get_map(struct hypercall *hc)
{
	struct xen_memory_map arg;
	struct e820_map *map;
	unsigned count;
	int r = 0;

	if (guest_read_va(&arg, hc->arg[1]))
		return -EFAULT;
	map = heap_alloc(sizeof(*map));
	if (!map)
		return -ENOMEM;
	lock_take(&hc->d->lock);
	if (hc->d->e820)
		*map = *hc->d->e820;
	else
		r = -ENOSYS;
	lock_drop(&hc->d->lock);
	if (!r) {
		count = arg.buffer.va ? MIN(map->count, arg.nr_entries) : 0;
		arg.nr_entries = arg.buffer.va ? count : map->count;
		if ((count && arch_copy_to_guest(arg.buffer.va, map->entry,
				      count * sizeof(map->entry[0]))) ||
			guest_write_va(hc->arg[1], &arg))
			r = -EFAULT;
	}
	heap_free(map);
	return r;
}

long memory_set_map(struct hypercall *hc)
{
	struct xen_foreign_memory_map arg;
	struct e820_map *map, *old;
	struct domain *d;
	int r;

	if (guest_read_va(&arg, hc->arg[1]))
		return -EFAULT;
	if (!hc->d->is_privileged)
		return -EPERM;
	if (arg.map.nr_entries > E820_ENTRIES_MAX)
		return -EINVAL;
	r = memory_get_target(hc->d, arg.domid, &d);
	if (r)
		return r;
	map = heap_alloc(sizeof(*map));
	if (!map) {
		domain_put(d);
		return -ENOMEM;
	}
	map->count = arg.map.nr_entries;
	if (map->count && arch_copy_from_guest(map->entry, arg.map.buffer.va,
				  map->count * sizeof(map->entry[0]))) {
		r = -EFAULT;
	} else {
		lock_take(&d->lock);
		old = d->e820;
		d->e820 = map;
		map = old;
		lock_drop(&d->lock);
	}
	heap_free(map);
	domain_put(d);
	return r;
}

/* Where machine_memory_map writes. */
struct map_writer {
	struct xen_memory_map *arg;
	unsigned used;
	uint64_t next_allowed; /* first frame after the last allowed range */
	bool is_faulty;
};

static void put_entry(
	struct map_writer *w, uint64_t start, uint64_t size, uint32_t type)
{
	struct e820_entry e = { start, size, type };

	if (w->arg->buffer.va) {
		if (w->used >= w->arg->nr_entries)
			return;
		w->is_faulty |= guest_write_at(w->arg->buffer, w->used, &e);
	}
	w->used++;
}

static bool is_in_firmware_map(uint64_t start, uint64_t end)
{
	for (unsigned i = 0; i < boot_info.e820_count; i++) {
		const struct boot_range *b = &boot_info.e820[i];

		if (start < b->start + b->size && b->start < end)
			return true;
	}
	return false;
}

/* The frames between two allowed ranges are ours: shown as reserved where the
 * firmware says nothing, so that no device is put there. */
static int put_gap(uint64_t first, uint64_t last, void *arg)
{
	struct map_writer *w = arg;
	uint64_t start = w->next_allowed << PAGE_SHIFT;
	uint64_t end = first << PAGE_SHIFT;

	if (start < end && !is_in_firmware_map(start, end))
		put_entry(w, start, end - start, 2);
	w->next_allowed = last + 1;
	return 0;
}

long memory_get_machine_map(struct hypercall *hc)
{
	struct xen_memory_map arg;
	struct map_writer w = { .arg = &arg };

	if (guest_read_va(&arg, hc->arg[1]))
		return -EFAULT;
	if (!hc->d->is_hardware)
		return -EPERM;
	for (unsigned i = 0; i < boot_info.e820_count; i++) {
		const struct boot_range *b = &boot_info.e820[i];

		put_entry(&w, b->start, b->size, b->type);
	}
	if (hc->d->iomem)
		(void)rangeset_for_each(hc->d->iomem, put_gap, &w);
	if (w.is_faulty)
		return -EFAULT;
	arg.nr_entries = w.used;
	return guest_write_va(hc->arg[1], &arg);
}

long memory_machphys_mapping(struct hypercall *hc)
{
	struct xen_machphys_mapping out = {
		.v_start = MACH2PHYS_VIRT_START,
		.v_end = MACH2PHYS_VIRT_END,
		.max_mfn = MACH2PHYS_NR_ENTRIES - 1,
	};

	return guest_write_va(hc->arg[1], &out);
}

long memory_machphys_list(struct hypercall *hc)
{
	struct xen_machphys_mfn_list arg;
	uint64_t chunks = DIV_UP(frame_count * sizeof(m2p[0]), M2P_CHUNK);

	if (guest_read_va(&arg, hc->arg[1]))
		return -EFAULT;
	for (arg.nr_extents = 0; arg.nr_extents < MIN(chunks, arg.max_extents);
		arg.nr_extents++) {
		xen_pfn_t frame = arch_m2p_frame(arg.nr_extents).v;

		if (guest_write_at(arg.extent_start, arg.nr_extents, &frame))
			return -EFAULT;
	}
	return guest_write_va(hc->arg[1], &arg);
}

/* The frames [start, nr_frames) of the request; 0, an error, or to go on. */
static long list_grant_frames(struct hypercall *hc, struct domain *d,
	const struct xen_mem_acquire_resource *arg, uint64_t start)
{
	for (uint64_t i = start; i < arg->nr_frames; i++) {
		struct page *pg;
		xen_pfn_t frame;
		int r;

		if (i != start && hypercall_should_yield())
			return memory_go_on(hc, i);
		r = grant_table_frame(
			d, (unsigned)(arg->frame + i), false, &pg);
		if (r)
			return r;
		frame = page_to_mfn(pg).v;
		if (guest_write_at(arg->frame_list, i, &frame))
			return -EFAULT;
	}
	return 0;
}

static long acquire_grant_table(struct hypercall *hc, struct domain *d,
	struct xen_mem_acquire_resource *arg, uint64_t start)
{
	unsigned frames, max;

	if (arg->id != XENMEM_resource_grant_table_id_shared)
		return -EINVAL;
	grant_table_size(d, &frames, &max);
	if (!arg->frame_list.va) {
		if (arg->nr_frames)
			return -EINVAL;
		arg->nr_frames = max;
		return guest_write_va(hc->arg[1], arg);
	}
	if (arg->frame > max || arg->nr_frames > max - arg->frame ||
		start > arg->nr_frames)
		return -EINVAL;
	return list_grant_frames(hc, d, arg, start);
}

long memory_acquire_resource(struct hypercall *hc, uint64_t start)
{
	struct xen_mem_acquire_resource arg;
	struct domain *d;
	long r;

	if (guest_read_va(&arg, hc->arg[1]))
		return -EFAULT;
	if (arg.pad)
		return -EINVAL;
	r = memory_get_target(hc->d, arg.domid, &d);
	if (r)
		return r;
	if (d == hc->d)
		r = -EPERM;
	else if (arg.type == XENMEM_resource_grant_table)
		r = acquire_grant_table(hc, d, &arg, start);
	else
		r = -EOPNOTSUPP;
	domain_put(d);
	return r;
}
