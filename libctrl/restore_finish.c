/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The second half of restoring a PV domain: the guest's own numbers become
 * machine frames, the page tables are pinned and registers set.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/build_pv.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/domstate.h>
#include <tenonctrl/fmem.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include "restore_pv.h"

#define PAGE	   4096UL
#define PAGE_SHIFT 12
#define PRESENT	   1ULL
#define FRAME	   0x000ffffffffff000ULL
#define ENTRIES	   512
#define NO_LIST	   (~0ULL) /* as the guest's list says "no page" */
/* In the guest's list: an entry that is no page of its own but marked. */
#define MARKED (3ULL << 62)

static int bad(struct restorer *r, const char *what)
{
	return why_set(r->why, -EILSEQ, "the file is damaged: %s", what);
}

static int failed(struct restorer *r, int error, const char *what)
{
	return why_set(r->why, error, "cannot set the %s of domain %u: %s",
		what, r->want->domid, strerror(-error));
}

/* The machine frame of a number of the guest's. */
static bool to_frame(const struct restorer *r, uint64_t number, uint64_t *frame)
{
	if (number >= r->count || r->p2m[number] >= RESTORE_ASKED)
		return false;
	*frame = r->p2m[number];
	return true;
}

static int map_one(struct restorer *r, uint64_t number, void **map)
{
	xen_pfn_t mfn;

	if (!to_frame(r, number, &mfn))
		return bad(r, "it names a page that is not in it");
	return fmem_map(r->c, r->want->domid, &mfn, 1, map);
}

static bool translate(struct restorer *r, unsigned int level, uint64_t *entries)
{
	if (level == 4)
		memset(&entries[L4_HYPERVISOR_FIRST], 0,
			(L4_HYPERVISOR_LAST - L4_HYPERVISOR_FIRST + 1) *
				sizeof(*entries));
	for (unsigned int i = 0; i < ENTRIES; i++) {
		uint64_t entry = entries[i], mfn;

		if (!(entry & PRESENT))
			continue;
		if (!to_frame(r, (entry & FRAME) >> PAGE_SHIFT, &mfn))
			return false;
		entries[i] = (entry & ~FRAME) | mfn << PAGE_SHIFT;
	}
	return true;
}

static bool is_table(const struct restorer *r, uint64_t number)
{
	return r->kinds[number] < KIND_BROKEN && r->kinds[number] & 7;
}

/* Some page tables, by their numbers and frames. */
static int translate_some(struct restorer *r, const uint64_t *numbers,
	const xen_pfn_t *frames, size_t count)
{
	uint64_t(*tables)[ENTRIES];
	void *map;
	int ret = fmem_map(r->c, r->want->domid, frames, count, &map);

	if (ret)
		return failed(r, ret, "page tables");
	tables = map;
	for (size_t i = 0; i < count && !ret; i++) {
		if (!translate(r, r->kinds[numbers[i]] & 7U, tables[i]))
			ret = bad(r, "a page table maps what is not there");
	}
	fmem_unmap(r->c, map, count);
	return ret;
}

static int translate_tables(struct restorer *r)
{
	uint64_t numbers[LIBXC_BATCH];
	xen_pfn_t frames[LIBXC_BATCH];
	size_t count = 0;
	int ret = 0;

	for (uint64_t i = 0; i < r->count && !ret; i++) {
		if (is_table(r, i)) {
			numbers[count] = i;
			frames[count++] = r->p2m[i];
		}
		if (count < LIBXC_BATCH && i + 1 < r->count)
			continue;
		if (count)
			ret = translate_some(r, numbers, frames, count);
		count = 0;
	}
	return ret;
}

static int pin_tables(struct restorer *r)
{
	xen_pfn_t frames[DOMSTATE_FRAMES_MAX];
	uint8_t levels[DOMSTATE_FRAMES_MAX];
	size_t count = 0;
	int ret = 0;

	for (uint64_t i = 0; i < r->count && !ret; i++) {
		if (is_table(r, i) && r->kinds[i] & KIND_PINNED) {
			frames[count] = r->p2m[i];
			levels[count++] = r->kinds[i] & 7U;
		}
		if (count < DOMSTATE_FRAMES_MAX && i + 1 < r->count)
			continue;
		if (count)
			ret = domstate_pin(
				r->c, r->want->domid, frames, levels, count);
		count = 0;
	}
	return ret ? failed(r, ret, "page tables") : 0;
}

/* The guest's own list gets the new frames. */
static int write_list(struct restorer *r)
{
	for (size_t i = 0; i < r->list_pages; i++) {
		uint64_t *entries;
		void *map;
		int ret = map_one(r, r->list[i], &map);

		if (ret)
			return ret;
		entries = map;
		for (size_t j = 0; j < ENTRIES; j++) {
			uint64_t number = i * ENTRIES + j, mfn;

			if (to_frame(r, number, &mfn))
				entries[j] = mfn;
			else if (!(entries[j] & MARKED))
				entries[j] = NO_LIST;
		}
		fmem_unmap(r->c, map, 1);
	}
	return 0;
}

static const struct restore_blob *find(
	const struct restorer *r, uint32_t type, size_t size)
{
	for (size_t i = 0; i < r->blob_count; i++) {
		if (r->blobs[i]->type == type && r->blobs[i]->size >= size)
			return r->blobs[i];
	}
	return NULL;
}

/*
 * The page that the guest shares with the hypervisor. Events are the guest's to
 * set up anew, the clock is the hypervisor's.
 */
static int write_shared(struct restorer *r, xen_pfn_t mfn)
{
	const struct restore_blob *blob = find(r, LIBXC_SHARED_INFO, PAGE);
	const struct shared_info *from;
	struct shared_info *to;
	void *map;
	int ret;

	if (!blob || blob->size != PAGE)
		return bad(r, "it has no shared page");
	ret = fmem_map(r->c, r->want->domid, &mfn, 1, &map);
	if (ret)
		return failed(r, ret, "shared page");
	from = (const void *)blob->bytes;
	to = map;
	for (unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++) {
		const struct vcpu_info *v = &from->vcpu_info[i];

		to->vcpu_info[i].evtchn_upcall_pending = 0;
		to->vcpu_info[i].evtchn_upcall_mask = v->evtchn_upcall_mask;
		to->vcpu_info[i].evtchn_pending_sel = 0;
		to->vcpu_info[i].arch = v->arch;
	}
	memset(to->evtchn_pending, 0, sizeof(to->evtchn_pending));
	memset(to->evtchn_mask, 0xff, sizeof(to->evtchn_mask));
	to->arch = from->arch;
	/* These name frames that were. */
	to->arch.pfn_to_mfn_frame_list_list = 0;
	to->arch.p2m_cr3 = 0;
	fmem_unmap(r->c, map, 1);
	return 0;
}

/* The page by which a guest learns of its rings, as after a start. */
static int write_start_info(
	struct restorer *r, uint64_t number, xen_pfn_t shared_info)
{
	struct restore_pv *want = r->want;
	struct start_info *si;
	void *map;
	int ret = map_one(r, number, &map);

	if (ret)
		return ret;
	si = map;
	si->nr_pages = r->page_count;
	si->shared_info = shared_info << PAGE_SHIFT;
	si->flags = 0;
	if (to_frame(r, si->store_mfn, &want->store_mfn) &&
		to_frame(r, si->console.domU.mfn, &want->console_mfn)) {
		si->store_mfn = want->store_mfn;
		si->store_evtchn = want->store_port;
		si->console.domU.mfn = want->console_mfn;
		si->console.domU.evtchn = want->console_port;
	} else {
		ret = bad(r, "the store's or the console's ring is not there");
	}
	fmem_unmap(r->c, map, 1);
	return ret;
}

/* The context of a vcpu with machine frames in it. */
static int read_context(struct restorer *r, const struct restore_blob *blob,
	uint32_t vcpu, struct vcpu_guest_context *x)
{
	uint64_t frame;

	if (blob->size != sizeof(struct libxc_vcpu) + sizeof(*x))
		return bad(r, "registers have a wrong length");
	memcpy(x, blob->bytes + sizeof(struct libxc_vcpu), sizeof(*x));
	if (!to_frame(r, xen_cr3_to_pfn(x->ctrlreg[3]), &frame))
		return bad(r, "a vcpu has no page tables");
	x->ctrlreg[3] = xen_pfn_to_cr3(frame);
	if (x->ctrlreg[1] & 1) {
		if (!to_frame(r, xen_cr3_to_pfn(x->ctrlreg[1]), &frame))
			return bad(r, "a vcpu has no page tables for users");
		x->ctrlreg[1] = xen_pfn_to_cr3(frame);
	} else {
		x->ctrlreg[1] = 0;
	}
	if (x->gdt_ents > 8192)
		return bad(r, "a descriptor table is too long");
	for (size_t i = 0; i * ENTRIES < x->gdt_ents; i++) {
		if (!to_frame(r, x->gdt_frames[i], &frame))
			return bad(r, "a descriptor table is not there");
		x->gdt_frames[i] = frame;
	}
	if (vcpu)
		return 0;
	if (!to_frame(r, x->user_regs.rdx, &frame))
		return bad(r, "the guest's start_info is not there");
	x->user_regs.rdx = frame;
	return 0;
}

static int set_vcpu(struct restorer *r, const struct restore_blob *blob)
{
	static const struct {
		uint32_t type;
		enum domstate_kind kind;
	} kinds[] = {
		{ LIBXC_PV_VCPU_EXTENDED, DOMSTATE_EXTENDED },
		{ LIBXC_PV_VCPU_XSAVE, DOMSTATE_XSAVE },
		{ LIBXC_PV_VCPU_MSRS, DOMSTATE_MSRS },
	};
	struct libxc_vcpu head;
	struct vcpu_guest_context x;
	int ret;

	if (blob->size < sizeof(head))
		return bad(r, "registers have a wrong length");
	memcpy(&head, blob->bytes, sizeof(head));
	if (head.vcpu >= r->want->max_vcpus)
		return why_set(r->why, -EILSEQ,
			"the saved guest has a vcpu %u, which is more than its "
			"configuration's maxvcpus; give maxvcpus= on the "
			"command line",
			head.vcpu);
	if (blob->type == LIBXC_PV_VCPU_BASIC) {
		ret = read_context(r, blob, head.vcpu, &x);
		if (ret)
			return ret;
		ret = domctl_set_context(r->c, r->want->domid, head.vcpu, &x);
		return ret ? failed(r, ret, "registers") : 0;
	}
	for (size_t i = 0; i < 3; i++) {
		if (kinds[i].type != blob->type)
			continue;
		ret = domstate_set(r->c, r->want->domid, head.vcpu,
			kinds[i].kind, blob->bytes + sizeof(head),
			blob->size - sizeof(head));
		if (ret)
			return failed(r, ret, "further registers");
	}
	return 0;
}

static int set_vcpus(struct restorer *r)
{
	int ret = 0;

	/* Their contexts first: the rest is of a vcpu that exists. */
	for (size_t i = 0; i < r->blob_count && !ret; i++) {
		if (r->blobs[i]->type == LIBXC_PV_VCPU_BASIC)
			ret = set_vcpu(r, r->blobs[i]);
	}
	for (size_t i = 0; i < r->blob_count && !ret; i++) {
		if (r->blobs[i]->type != LIBXC_PV_VCPU_BASIC)
			switch (r->blobs[i]->type) {
			case LIBXC_PV_VCPU_EXTENDED:
			case LIBXC_PV_VCPU_XSAVE:
			case LIBXC_PV_VCPU_MSRS:
				ret = set_vcpu(r, r->blobs[i]);
			}
	}
	return ret;
}

/* What the guest saw of the CPU, and its clock, go on. */
static int set_machine(struct restorer *r)
{
	const struct restore_blob *leaves = find(r, LIBXC_CPUID_POLICY, 0);
	const struct restore_blob *msrs = find(r, LIBXC_MSR_POLICY, 0);
	const struct restore_blob *tsc =
		find(r, LIBXC_TSC_INFO, sizeof(struct libxc_tsc));
	int ret;

	if (leaves) {
		struct domstate_policy policy = {
			.leaves = (void *)(uintptr_t)leaves->bytes,
			.leaf_count = leaves->size / sizeof(*policy.leaves),
			.msrs = msrs ? (void *)(uintptr_t)msrs->bytes : NULL,
			.msr_count =
				msrs ? msrs->size / sizeof(*policy.msrs) : 0,
		};

		ret = domstate_set_policy(r->c, r->want->domid, &policy);
		if (ret)
			return why_set(r->why, ret,
				"this machine cannot show the guest the CPU "
				"that it was saved on: %s",
				strerror(-ret));
	}
	if (tsc) {
		struct libxc_tsc from;
		struct xen_domctl_tsc_info to;

		memcpy(&from, tsc->bytes, sizeof(from));
		to = (struct xen_domctl_tsc_info){ .tsc_mode = from.mode,
			.gtsc_khz = from.khz,
			.incarnation = from.incarnation,
			.elapsed_nsec = from.nsec };
		ret = domstate_set_tsc(r->c, r->want->domid, &to);
		if (ret)
			return failed(r, ret, "clock");
	}
	return 0;
}

/* The number of vcpu 0's start_info, from its context as the file has it. */
static int find_start_info(struct restorer *r, uint64_t *number)
{
	for (size_t i = 0; i < r->blob_count; i++) {
		const struct restore_blob *blob = r->blobs[i];
		struct vcpu_guest_context x;
		struct libxc_vcpu head;

		if (blob->type != LIBXC_PV_VCPU_BASIC ||
			blob->size != sizeof(head) + sizeof(x))
			continue;
		memcpy(&head, blob->bytes, sizeof(head));
		memcpy(&x, blob->bytes + sizeof(head), sizeof(x));
		if (head.vcpu)
			continue;
		*number = x.user_regs.rdx;
		return 0;
	}
	return bad(r, "it has no registers of vcpu 0");
}

int restore_finish(struct restorer *r)
{
	struct restore_pv *want = r->want;
	struct xen_domctl_getdomaininfo info;
	uint64_t start_info;
	int ret;

	if (!r->count)
		return bad(r, "it has no memory");
	ret = sysctl_domain(r->c, want->domid, &info);
	if (ret)
		return failed(r, ret, "state");
	ret = find_start_info(r, &start_info);
	if (!ret && (start_info >= r->count || is_table(r, start_info)))
		ret = bad(r, "the guest's start_info is a page table");
	if (!ret)
		ret = set_machine(r);
	if (!ret)
		ret = translate_tables(r);
	if (!ret)
		ret = write_list(r);
	if (!ret)
		ret = write_start_info(r, start_info, info.shared_info_frame);
	if (!ret)
		ret = write_shared(r, info.shared_info_frame);
	if (!ret)
		ret = pin_tables(r);
	if (!ret)
		ret = pv_seed_grants(r->c, want->domid, want->store_domid,
			want->store_mfn, want->console_domid, want->console_mfn,
			r->why);
	return ret ? ret : set_vcpus(r);
}
