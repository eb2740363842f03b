/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PV domains to files; see tenonctrl/save_pv.h. Machine frames become the
 * guest's own numbers everywhere: in page tables and in registers.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/call.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/domstate.h>
#include <tenonctrl/fmem.h>
#include <tenonctrl/save_pv.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include "hash.h"
#include "save_pages.h"
#include "saver.h"

#define PAGE	   4096UL
#define PAGE_SHIFT 12
#define PRESENT	   1ULL
#define ACCESSED   0x20ULL
#define FRAME	   0x000ffffffffff000ULL
#define ENTRIES	   SAVER_ENTRIES

/* A record of up to two parts, filled up to 8 bytes. */
static int put(struct saver *s, uint32_t type, const void *head,
	size_t head_size, const void *body, size_t body_size)
{
	static const char zeros[8];
	struct save_record record = { type, (uint32_t)(head_size + body_size) };
	struct iovec pieces[] = {
		{ .iov_base = &record, .iov_len = sizeof(record) },
		{ .iov_base = (void *)(uintptr_t)head, .iov_len = head_size },
		{ .iov_base = (void *)(uintptr_t)body, .iov_len = body_size },
		{ .iov_base = (void *)(uintptr_t)zeros,
			.iov_len = -(head_size + body_size) & 7 },
	};

	return save_file_writev(s->f, pieces, 4, s->why);
}

int saver_failed(struct saver *s, int error, const char *what)
{
	return why_set(s->why, error, "cannot read the %s of domain %u: %s",
		what, s->domid, strerror(-error));
}

static int put_heads(struct saver *s)
{
	struct libxl_head libxl = { .ident = LIBXL_IDENT,
		.version = htobe32(LIBXL_VERSION) };
	struct save_record context = { LIBXL_LIBXC_CONTEXT, 0 };
	struct libxc_head libxc = { .marker = LIBXC_MARKER,
		.ident = LIBXC_IDENT,
		.version = htobe32(LIBXC_VERSION) };
	struct libxc_domain domain = { .type = LIBXC_PV,
		.page_shift = PAGE_SHIFT };
	struct iovec pieces[] = {
		{ .iov_base = &libxl, .iov_len = sizeof(libxl) },
		{ .iov_base = &context, .iov_len = sizeof(context) },
		{ .iov_base = &libxc, .iov_len = sizeof(libxc) },
		{ .iov_base = &domain, .iov_len = sizeof(domain) },
	};
	uint32_t version;
	int ret = call_version(s->c, &version);

	if (ret)
		return saver_failed(s, ret, "hypervisor's version, on behalf");
	domain.major = version >> 16;
	domain.minor = version & 0xffff;
	return save_file_writev(s->f, pieces, 4, s->why);
}

/* What does not change while the guest runs. */
static int put_static(struct saver *s)
{
	struct libxc_pv_info info = { .guest_width = 8, .levels = 4 };
	struct domstate_policy policy;
	int ret = put(s, LIBXC_PV_INFO, &info, sizeof(info), NULL, 0);

	if (ret)
		return ret;
	ret = domstate_get_policy(s->c, s->domid, &policy);
	if (ret)
		return saver_failed(s, ret, "CPU policy");
	ret = put(s, LIBXC_CPUID_POLICY, policy.leaves,
		policy.leaf_count * sizeof(*policy.leaves), NULL, 0);
	if (!ret)
		ret = put(s, LIBXC_MSR_POLICY, policy.msrs,
			policy.msr_count * sizeof(*policy.msrs), NULL, 0);
	if (!ret)
		ret = put(s, LIBXC_STATIC_DATA_END, NULL, 0, NULL, 0);
	free(policy.leaves);
	free(policy.msrs);
	return ret;
}

/* Where the guest's list of its memory is, in its own numbers. */
static int put_list(struct saver *s)
{
	struct libxc_p2m head = { 0, (uint32_t)s->list.count - 1 };
	uint64_t *numbers = calloc(s->list.list_pages, sizeof(*numbers));
	int ret = 0;

	if (!numbers)
		return why_set(s->why, -ENOMEM, "out of memory in dom0");
	for (size_t i = 0; i < s->list.list_pages && !ret; i++) {
		numbers[i] = pv_list_find(&s->list, s->list.list_mfns[i]);
		if (numbers[i] == PV_LIST_NONE)
			ret = why_set(s->why, -EINVAL,
				"domain %u keeps its list of pages where it "
				"has no memory",
				s->domid);
	}
	if (!ret)
		ret = put(s, LIBXC_PV_P2M_FRAMES, &head, sizeof(head), numbers,
			s->list.list_pages * sizeof(*numbers));
	free(numbers);
	return ret;
}

/* A copy of a page table with the guest's own numbers in it. */
static int translate(struct saver *s, uint64_t pfn, unsigned int level,
	const uint64_t *from, uint64_t *to)
{
	for (unsigned int i = 0; i < ENTRIES; i++) {
		uint64_t entry = from[i], number;

		if (level == 4 && i >= L4_HYPERVISOR_FIRST &&
			i <= L4_HYPERVISOR_LAST)
			entry = 0;
		if (entry & PRESENT) {
			uint64_t mfn = (entry & FRAME) >> PAGE_SHIFT;

			number = pv_list_find(&s->list, mfn);
			/* The guest maps that page anew when it resumes. */
			if (mfn == s->info.shared_info_frame)
				entry = 0;
			else if (number == PV_LIST_NONE)
				return why_set(s->why, -EINVAL,
					"the page table %#llx of domain %u "
					"maps frame %#llx, which is not its "
					"own; detach what it shares with "
					"others, then try again",
					(unsigned long long)pfn, s->domid,
					(unsigned long long)mfn);
			else
				entry = (entry & ~FRAME) | number << PAGE_SHIFT;
		}
		to[i] = entry;
	}
	return 0;
}

/* Two tables with the same sum mean the same: which entries were only read
 * since hurts nobody. */
static uint64_t sum_of(const uint64_t *table, xen_pfn_t type)
{
	uint64_t entries[ENTRIES], sum;

	for (unsigned int i = 0; i < ENTRIES; i++)
		entries[i] =
			table[i] & PRESENT ? table[i] & ~ACCESSED : table[i];
	sum = XXH3_64bits_withSeed(entries, sizeof(entries), type);
	return sum > SAVER_UNKNOWN ? sum : ~sum;
}

/* Copies of pages of a domain that runs: of its tables what they seem to hold,
 * or nothing where that makes no sense just now. */
static void translate_copies(struct saver *s, size_t count)
{
	struct why *why = s->why, ignored;

	s->why = &ignored;
	for (size_t i = 0; i < count; i++) {
		unsigned int level = saver_level(s->types[i]);
		uint64_t *table = s->tables[i];

		s->sums[i] = 0;
		if (!level)
			continue;
		if (translate(s, s->numbers[i], level, table, table)) {
			memset(table, 0, PAGE);
			s->sums[i] = SAVER_UNKNOWN;
		} else {
			s->sums[i] = sum_of(table, s->types[i]);
		}
	}
	s->why = why;
}

int saver_sum_tables(struct saver *s, const uint64_t *numbers,
	const xen_pfn_t *frames, const xen_pfn_t *types, size_t count,
	uint64_t *sums)
{
	void *map;
	int ret = fmem_map_read(s->c, s->domid, frames, count, &map);

	if (ret)
		return saver_failed(s, ret, "page tables");
	for (size_t i = 0; i < count && !ret; i++) {
		uint64_t *table = s->tables[0];

		ret = translate(s, numbers[i], saver_level(types[i]),
			(void *)((char *)map + i * PAGE), table);
		if (!ret)
			sums[i] = sum_of(table, types[i]);
	}
	fmem_unmap(s->c, map, count);
	return ret;
}

/* The contents of `count` pages, mapped at `map`, are added to the pieces. */
static int add_contents(struct saver *s, char *map, size_t count,
	const uint64_t *numbers, const uint8_t *levels, size_t *piece_count)
{
	struct iovec *last = NULL;
	size_t tables = 0;

	for (size_t i = 0; i < count; i++) {
		char *page = map + i * PAGE;

		if (levels[i]) {
			uint64_t *to = s->tables[tables++];
			int ret = translate(
				s, numbers[i], levels[i], (void *)page, to);

			if (ret)
				return ret;
			page = (void *)to;
		}
		if (last && (char *)last->iov_base + last->iov_len == page) {
			last->iov_len += PAGE;
			continue;
		}
		last = &s->pieces[(*piece_count)++];
		last->iov_base = page;
		last->iov_len = PAGE;
	}
	return 0;
}

unsigned int saver_level(xen_pfn_t type)
{
	type &= XEN_DOMCTL_PFINFO_LTAB_MASK;
	if (type >= XEN_DOMCTL_PFINFO_BROKEN)
		return 0;
	return (type & XEN_DOMCTL_PFINFO_LTABTYPE_MASK) >>
	       XEN_DOMCTL_PFINFO_LTAB_SHIFT;
}

bool saver_has_contents(xen_pfn_t type)
{
	return (type & XEN_DOMCTL_PFINFO_LTAB_MASK) < XEN_DOMCTL_PFINFO_BROKEN;
}

int saver_read_types(struct saver *s, size_t count)
{
	int ret;

	memcpy(s->types, s->frames, count * sizeof(*s->types));
	ret = domstate_page_types(s->c, s->domid, s->types, count);
	return ret ? saver_failed(s, ret, "kinds of pages") : 0;
}

/* In a file on a disk pages begin where the disk's do: fewer of those are
 * written, and those of zeros are holes as a whole. */
static int put_padding(struct saver *s, size_t before)
{
	static const char zeros[PAGE];
	size_t size = -(s->f->bytes + sizeof(struct save_record) + before) &
		      (PAGE - 1);

	/* Records are whole words; what stands where it should needs none. */
	if (!s->f->is_sparse || size % 8 ||
		size == PAGE - sizeof(struct save_record))
		return 0;
	return put(s, SAVE_OPTIONAL | SAVE_PADDING, zeros, size, NULL, 0);
}

int saver_put_pages(struct saver *s, size_t count, bool live)
{
	struct libxc_pages head = { (uint32_t)count, 0 };
	struct save_record record = { LIBXC_PAGE_DATA, 0 };
	uint8_t levels[LIBXC_BATCH];
	uint64_t present[LIBXC_BATCH];
	size_t filled = 0, pieces = 0;
	struct iovec heads[3];
	void *map;
	int ret;

	for (size_t i = 0; i < count; i++) {
		uint64_t type = s->types[i] & XEN_DOMCTL_PFINFO_LTAB_MASK;

		if (saver_has_contents(type)) {
			levels[filled] = (uint8_t)saver_level(type);
			present[filled] = s->numbers[i];
			s->frames[filled++] = s->frames[i];
		}
		s->numbers[i] |= type << LIBXC_TYPE_SHIFT;
	}
	record.size = (uint32_t)(sizeof(head) + count * sizeof(*s->numbers) +
				 filled * PAGE);
	if (filled) {
		ret = put_padding(s, sizeof(record) + sizeof(head) +
					     count * sizeof(*s->numbers));
		if (ret)
			return ret;
	}
	heads[0] = (struct iovec){ &record, sizeof(record) };
	heads[1] = (struct iovec){ &head, sizeof(head) };
	heads[2] = (struct iovec){ s->numbers, count * sizeof(*s->numbers) };
	if (!filled)
		return save_file_writev(s->f, heads, 3, s->why);
	ret = remap_to(s->c, &s->pages, s->domid, s->frames, filled, false);
	map = s->pages.map;
	if (ret)
		return live ? -EAGAIN : saver_failed(s, ret, "memory");
	if (live) {
		/* It changes: what is summed up must be what is written. */
		memcpy(s->tables, map, filled * PAGE);
		translate_copies(s, filled);
		s->pieces[pieces++] =
			(struct iovec){ s->tables, filled * PAGE };
	} else {
		ret = add_contents(s, map, filled, present, levels, &pieces);
	}
	if (!ret)
		ret = save_file_writev(s->f, heads, 3, s->why);
	if (!ret)
		ret = save_pages_write(s->f, s->pieces, pieces, s->why);
	return ret;
}

static int put_memory(struct saver *s, const struct save_progress *progress)
{
	size_t count = 0;
	int ret = 0;

	for (uint64_t pfn = 0; pfn < s->list.count && !ret; pfn++) {
		if (s->list.p2m[pfn] != PV_LIST_NONE) {
			s->numbers[count] = pfn;
			s->frames[count++] = s->list.p2m[pfn];
		}
		if (count < LIBXC_BATCH && pfn + 1 < s->list.count)
			continue;
		if (count)
			ret = saver_read_types(s, count);
		if (count && !ret)
			ret = saver_put_pages(s, count, false);
		count = 0;
		if (progress->tell)
			progress->tell(progress->arg, pfn + 1, s->list.count);
	}
	return ret;
}

static int put_shared(struct saver *s)
{
	xen_pfn_t mfn = s->info.shared_info_frame;
	struct xen_domctl_tsc_info tsc;
	struct libxc_tsc record;
	void *map;
	int ret = domstate_get_tsc(s->c, s->domid, &tsc);

	if (ret)
		return saver_failed(s, ret, "clock");
	record = (struct libxc_tsc){ .mode = tsc.tsc_mode,
		.khz = tsc.gtsc_khz,
		.nsec = tsc.elapsed_nsec,
		.incarnation = tsc.incarnation };
	ret = put(s, LIBXC_TSC_INFO, &record, sizeof(record), NULL, 0);
	if (ret)
		return ret;
	ret = fmem_map_read(s->c, s->domid, &mfn, 1, &map);
	if (ret)
		return saver_failed(s, ret, "shared page");
	ret = put(s, LIBXC_SHARED_INFO, map, PAGE, NULL, 0);
	fmem_unmap(s->c, map, 1);
	return ret;
}

static bool to_number(struct saver *s, unsigned long *mfn)
{
	uint64_t number = pv_list_find(&s->list, *mfn);

	*mfn = number;
	return number != PV_LIST_NONE;
}

/* Machine frames in a context; false: one of them is not the guest's. */
static bool translate_context(
	struct saver *s, uint32_t vcpu, struct vcpu_guest_context *x)
{
	unsigned long frame = xen_cr3_to_pfn(x->ctrlreg[3]);
	bool ok = to_number(s, &frame);

	x->ctrlreg[3] = xen_pfn_to_cr3(frame);
	/* The user's tables; bit 0 says that there are some. */
	if (x->ctrlreg[1]) {
		frame = xen_cr3_to_pfn(x->ctrlreg[1]);
		ok = to_number(s, &frame) && ok;
		x->ctrlreg[1] = xen_pfn_to_cr3(frame) | 1;
	}
	if (x->gdt_ents > 8192)
		return false;
	for (size_t i = 0; i * ENTRIES < x->gdt_ents; i++)
		ok = to_number(s, &x->gdt_frames[i]) && ok;
	/* Vcpu 0 suspended by a call whose argument is its start_info. */
	if (!vcpu)
		ok = to_number(s, &x->user_regs.rdx) && ok;
	return ok;
}

static int put_blob(struct saver *s, uint32_t vcpu, enum domstate_kind kind,
	uint32_t type, const char *what)
{
	struct libxc_vcpu head = { vcpu, 0 };
	size_t size;
	void *blob;
	int ret = domstate_get(s->c, s->domid, vcpu, kind, &blob, &size);

	if (ret)
		return saver_failed(s, ret, what);
	if (size)
		ret = put(s, type, &head, sizeof(head), blob, size);
	free(blob);
	return ret;
}

static int put_vcpu(struct saver *s, uint32_t vcpu)
{
	struct libxc_vcpu head = { vcpu, 0 };
	struct vcpu_guest_context x;
	struct xen_domctl_getvcpuinfo info;
	int ret = domctl_vcpu_info(s->c, s->domid, vcpu, &info);

	if (ret)
		return saver_failed(s, ret, "vcpus");
	if (!info.online)
		return 0;
	ret = domstate_get_context(s->c, s->domid, vcpu, &x);
	if (ret)
		return saver_failed(s, ret, "registers");
	if (!translate_context(s, vcpu, &x))
		return why_set(s->why, -EINVAL,
			"the registers of vcpu %u of domain %u name memory "
			"that it does not have",
			vcpu, s->domid);
	ret = put(s, LIBXC_PV_VCPU_BASIC, &head, sizeof(head), &x, sizeof(x));
	if (!ret)
		ret = put_blob(s, vcpu, DOMSTATE_EXTENDED,
			LIBXC_PV_VCPU_EXTENDED, "extended registers");
	if (!ret)
		ret = put_blob(s, vcpu, DOMSTATE_XSAVE, LIBXC_PV_VCPU_XSAVE,
			"vector registers");
	if (!ret)
		ret = put_blob(
			s, vcpu, DOMSTATE_MSRS, LIBXC_PV_VCPU_MSRS, "MSRs");
	return ret;
}

int saver_put_head(struct saver *s)
{
	int ret = put_heads(s);

	if (!ret)
		ret = put_static(s);
	return ret ? ret : put_list(s);
}

int saver_put_tail(struct saver *s)
{
	int ret = put_shared(s);

	for (uint32_t i = 0; i <= s->info.max_vcpu_id && !ret; i++)
		ret = put_vcpu(s, i);
	if (!ret)
		ret = put(s, LIBXC_END, NULL, 0, NULL, 0);
	if (!ret)
		ret = put(s, LIBXL_END, NULL, 0, NULL, 0);
	return ret ? ret : save_sum_write(s->f, s->why);
}

int saver_begin(struct saver *s)
{
	int ret = sysctl_domain(s->c, s->domid, &s->info);

	if (ret)
		return saver_failed(s, ret, "state");
	s->numbers = calloc(LIBXC_BATCH, sizeof(*s->numbers));
	s->sums = calloc(LIBXC_BATCH, sizeof(*s->sums));
	s->types = calloc(LIBXC_BATCH, sizeof(*s->types));
	s->frames = calloc(LIBXC_BATCH, sizeof(*s->frames));
	s->tables = calloc(LIBXC_BATCH, sizeof(*s->tables));
	s->pieces = calloc(LIBXC_BATCH, sizeof(*s->pieces));
	if (!s->numbers || !s->sums || !s->types || !s->frames || !s->tables ||
		!s->pieces)
		return why_set(s->why, -ENOMEM, "out of memory in dom0");
	return pv_list_read(s->c, &s->info, &s->list, s->why);
}

void saver_end(struct saver *s)
{
	remap_end(s->c, &s->pages);
	pv_list_free(&s->list);
	free(s->numbers);
	free(s->sums);
	free(s->types);
	free(s->frames);
	free(s->tables);
	free(s->pieces);
}

int save_pv(struct ctrl *c, uint32_t domid,
	const struct save_progress *progress, struct save_file *f,
	struct why *why)
{
	struct saver s = { .c = c, .domid = domid, .f = f, .why = why };
	int ret = saver_begin(&s);

	if (!ret)
		ret = saver_put_head(&s);
	if (!ret)
		ret = put_memory(&s, progress);
	remap_end(s.c, &s.pages);
	if (!ret)
		ret = saver_put_tail(&s);
	saver_end(&s);
	return ret;
}

int save_pv_cancel(struct ctrl *c, uint32_t domid)
{
	struct vcpu_guest_context x;
	int ret = domstate_get_context(c, domid, 0, &x);

	if (ret)
		return ret;
	/* The suspend's result: 1, it was called off. */
	x.user_regs.rax = 1;
	ret = domctl_set_context(c, domid, 0, &x);
	return ret ? ret : domstate_resume(c, domid);
}
