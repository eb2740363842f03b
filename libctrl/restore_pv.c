/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PV domains from files; see tenonctrl/save_pv.h. The file may be hostile:
 * each number in it is checked against what the guest has before it is used.
 * Memory is read straight into the guest's pages as the file has it; when all
 * is there and the checksum fits, the guest's numbers in page tables, registers
 * and lists become machine frames (restore_finish.c), and the hypervisor checks
 * the tables.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/domstate.h>
#include <tenonctrl/fmem.h>
#include <tenonctrl/why.h>
#include "domctl_call.h"
#include "restore_pv.h"
#include "save_format.h"
#include "save_pages.h"

#define PAGE	    4096UL
#define NUMBERS_MAX 65536U /* pages that a record may name */
#define BLOB_MAX    65536U
#define RUN_MIN	    512U /* pages: one large piece */

static int read_bytes(struct restorer *r, void *bytes, size_t size)
{
	return save_file_read(r->f, bytes, size, r->why);
}

static int bad(struct restorer *r, const char *what)
{
	return why_set(r->why, -EILSEQ,
		"the file is damaged: %s, before its byte %llu", what,
		(unsigned long long)r->f->bytes);
}

static int read_heads(struct restorer *r)
{
	struct libxl_head libxl;
	struct save_record context;
	struct libxc_head libxc;
	struct libxc_domain domain;
	int ret = read_bytes(r, &libxl, sizeof(libxl));

	if (!ret && (memcmp(libxl.ident, LIBXL_IDENT, sizeof(libxl.ident)) ||
			    be32toh(libxl.version) != LIBXL_VERSION ||
			    libxl.options))
		ret = why_set(r->why, -ENOTSUP,
			"the file has no stream of libxl's version 2");
	if (!ret)
		ret = read_bytes(r, &context, sizeof(context));
	if (!ret && (context.type != LIBXL_LIBXC_CONTEXT || context.size))
		ret = bad(r, "the domain's own stream does not begin");
	if (!ret)
		ret = read_bytes(r, &libxc, sizeof(libxc));
	if (!ret &&
		(libxc.marker != LIBXC_MARKER ||
			memcmp(libxc.ident, LIBXC_IDENT, sizeof(libxc.ident)) ||
			be32toh(libxc.version) != LIBXC_VERSION ||
			libxc.options))
		ret = why_set(r->why, -ENOTSUP,
			"the file has no stream of libxc's version 3");
	if (!ret)
		ret = read_bytes(r, &domain, sizeof(domain));
	if (!ret && (domain.type != LIBXC_PV || domain.page_shift != 12))
		ret = why_set(r->why, -ENOTSUP,
			"the saved domain is no PV guest; other kinds are not "
			"supported yet");
	return ret;
}

static int read_pv_info(struct restorer *r, uint32_t size)
{
	struct libxc_pv_info info;
	int ret;

	if (size != sizeof(info))
		return bad(r, "a record has a wrong length");
	ret = read_bytes(r, &info, sizeof(info));
	if (!ret && (info.guest_width != 8 || info.levels != 4))
		ret = why_set(r->why, -ENOTSUP,
			"the saved guest is not a 64-bit one");
	return ret;
}

static int read_list(struct restorer *r, uint32_t size)
{
	struct libxc_p2m head;
	uint64_t most = r->want->max_pages * 2 + 65536;
	int ret;

	if (r->count || size < sizeof(head))
		return bad(r, "the list of pages is wrong");
	ret = read_bytes(r, &head, sizeof(head));
	if (ret)
		return ret;
	if (head.first || head.last >= most)
		return why_set(r->why, -EILSEQ,
			"the saved guest has %u pages, which is more than its "
			"configuration's maxmem; give maxmem= on the command "
			"line",
			head.last);
	r->list_pages = head.last / 512 + 1;
	if (size != sizeof(head) + r->list_pages * sizeof(uint64_t))
		return bad(r, "the list of pages has a wrong length");
	r->list = calloc(r->list_pages, sizeof(*r->list));
	r->p2m = malloc(r->list_pages * PAGE);
	r->kinds = calloc(r->list_pages, 512);
	if (!r->list || !r->p2m || !r->kinds)
		return why_set(r->why, -ENOMEM, "out of memory in dom0");
	memset(r->p2m, 0xff, r->list_pages * PAGE);
	r->count = head.last + 1ULL;
	return read_bytes(r, r->list, r->list_pages * sizeof(*r->list));
}

/* What a running guest gave away after it was sent is taken from it again. */
static int release(struct restorer *r, const uint64_t *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t pfn = numbers[i] & LIBXC_PFN_MASK;
		int ret;

		if (kind_exists(numbers[i]) || r->p2m[pfn] == RESTORE_NONE)
			continue;
		ret = domstate_release(r->c, r->want->domid, &r->p2m[pfn], 1);
		if (ret)
			return why_set(r->why, ret,
				"cannot take a page of domain %u back: %s",
				r->want->domid, strerror(-ret));
		r->p2m[pfn] = RESTORE_NONE;
		r->page_count--;
	}
	return 0;
}

/* How many of `count` numbers follow each other. */
static size_t run_of(const xen_pfn_t *numbers, size_t count)
{
	size_t run = 1;

	while (run < count && numbers[run] == numbers[0] + run)
		run++;
	return run;
}

/* Memory for `count` numbers, which become frames: in large pieces where many
 * follow each other. */
static int get_memory(struct restorer *r, xen_pfn_t *frames, size_t count)
{
	int ret = 0;

	for (size_t at = 0, run; at < count && !ret; at += run) {
		run = run_of(frames + at, count - at);
		if (run >= RUN_MIN) {
			ret = domctl_populate_from(r->c, r->want->domid,
				frames[at], run, frames + at);
			continue;
		}
		while (at + run < count) {
			size_t next =
				run_of(frames + at + run, count - at - run);

			if (next >= RUN_MIN)
				break;
			run += next;
		}
		ret = domstate_populate(r->c, r->want->domid, frames + at, run);
	}
	return ret;
}

/* Memory for those of `count` pages that have none yet. */
static int populate(struct restorer *r, const uint64_t *numbers, size_t count)
{
	xen_pfn_t frames[LIBXC_BATCH];
	size_t wanted = 0;
	int ret = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t pfn = numbers[i] & LIBXC_PFN_MASK;

		if (r->p2m[pfn] == RESTORE_NONE && kind_exists(numbers[i])) {
			/* Named twice in one record: one page. */
			r->p2m[pfn] = RESTORE_ASKED;
			frames[wanted++] = pfn;
		}
	}
	if (wanted)
		ret = get_memory(r, frames, wanted);
	if (ret)
		return why_set(r->why, ret,
			"cannot get memory for domain %u (its pages %zu and "
			"on): %s; does its configuration's memory fit the file?",
			r->want->domid, r->page_count, strerror(-ret));
	r->page_count += wanted;
	for (size_t i = 0, at = 0; i < count; i++) {
		uint64_t pfn = numbers[i] & LIBXC_PFN_MASK;

		if (r->p2m[pfn] == RESTORE_ASKED)
			r->p2m[pfn] = frames[at++];
	}
	return 0;
}

/* Contents of those of `count` pages that have some. */
static int read_contents(
	struct restorer *r, const uint64_t *numbers, size_t count)
{
	xen_pfn_t frames[LIBXC_BATCH];
	size_t filled = 0;
	int ret;

	for (size_t i = 0; i < count; i++) {
		uint64_t pfn = numbers[i] & LIBXC_PFN_MASK;

		r->kinds[pfn] = (uint8_t)kind_of(numbers[i]);
		if (kind_has_contents(numbers[i]))
			frames[filled++] = r->p2m[pfn];
	}
	if (!filled)
		return 0;
	ret = remap_to(r->c, &r->pages, r->want->domid, frames, filled, true);
	if (ret)
		return why_set(r->why, ret,
			"cannot map memory of domain %u: %s", r->want->domid,
			strerror(-ret));
	return save_pages_read(r->f, r->pages.map, filled, r->why);
}

static int check_numbers(struct restorer *r, const uint64_t *numbers,
	size_t count, size_t *filled)
{
	*filled = 0;
	for (size_t i = 0; i < count; i++) {
		unsigned int kind = kind_of(numbers[i]);

		if ((numbers[i] & LIBXC_PFN_MASK) >= r->count)
			return bad(r, "a page lies outside the guest");
		if ((kind & 7) > 4 && kind < KIND_BROKEN)
			return bad(r, "a page is of a kind that is none");
		if (kind == KIND_PINNED)
			return bad(r, "a page is pinned and no table");
		*filled += kind_has_contents(numbers[i]);
	}
	return 0;
}

static int read_pages(struct restorer *r, uint32_t size)
{
	struct libxc_pages head;
	uint64_t *numbers;
	size_t filled;
	int ret;

	if (!r->count || size < sizeof(head))
		return bad(r, "memory comes before the list of pages");
	ret = read_bytes(r, &head, sizeof(head));
	if (ret)
		return ret;
	if (!head.count || head.count > NUMBERS_MAX ||
		size < sizeof(head) + head.count * sizeof(*numbers))
		return bad(r, "a record of memory has a wrong length");
	numbers = calloc(head.count, sizeof(*numbers));
	if (!numbers)
		return why_set(r->why, -ENOMEM, "out of memory in dom0");
	ret = read_bytes(r, numbers, head.count * sizeof(*numbers));
	if (!ret)
		ret = check_numbers(r, numbers, head.count, &filled);
	if (!ret && size != sizeof(head) + head.count * sizeof(*numbers) +
				    filled * PAGE)
		ret = bad(r, "a record of memory has a wrong length");
	for (size_t at = 0; !ret && at < head.count; at += LIBXC_BATCH) {
		size_t some = head.count - at < LIBXC_BATCH ? head.count - at
							    : LIBXC_BATCH;

		ret = release(r, numbers + at, some);
		if (!ret)
			ret = populate(r, numbers + at, some);
		if (!ret)
			ret = read_contents(r, numbers + at, some);
	}
	if (!ret && r->want->progress.tell)
		r->want->progress.tell(r->want->progress.arg,
			(numbers[head.count - 1] & LIBXC_PFN_MASK) + 1,
			r->count);
	free(numbers);
	return ret;
}

/* Kept until the end of the file. */
static int read_blob(struct restorer *r, uint32_t type, uint32_t size)
{
	struct restore_blob *blob;

	if (size > BLOB_MAX || r->blob_count == RESTORE_BLOBS_MAX)
		return bad(r, "a record is too long, or there are too many");
	blob = calloc(1, sizeof(*blob) + size);
	if (!blob)
		return why_set(r->why, -ENOMEM, "out of memory in dom0");
	blob->type = type;
	blob->size = size;
	r->blobs[r->blob_count++] = blob;
	return read_bytes(r, blob->bytes, size);
}

static int read_record(struct restorer *r, const struct save_record *record)
{
	switch (record->type) {
	case LIBXC_PAGE_DATA:
		return read_pages(r, record->size);
	case LIBXC_PV_INFO:
		return read_pv_info(r, record->size);
	case LIBXC_PV_P2M_FRAMES:
		return read_list(r, record->size);
	case LIBXC_PV_VCPU_BASIC:
	case LIBXC_PV_VCPU_EXTENDED:
	case LIBXC_PV_VCPU_XSAVE:
	case LIBXC_PV_VCPU_MSRS:
	case LIBXC_SHARED_INFO:
	case LIBXC_TSC_INFO:
	case LIBXC_CPUID_POLICY:
	case LIBXC_MSR_POLICY:
		return read_blob(r, record->type, record->size);
	case LIBXC_STATIC_DATA_END:
		return save_file_skip(r->f, record->size, r->why);
	default:
		if (record->type & SAVE_OPTIONAL)
			return save_file_skip(r->f, record->size, r->why);
		return why_set(r->why, -ENOTSUP,
			"the file has a record of type %#x, which is not known "
			"here",
			record->type);
	}
}

/* Up to and with the record that ends a stream. */
static int read_records(struct restorer *r)
{
	struct save_record record;
	int ret;

	for (;;) {
		ret = read_bytes(r, &record, sizeof(record));
		if (ret)
			return ret;
		if (record.type == LIBXC_END)
			return record.size ? bad(r, "its end has a length") : 0;
		ret = read_record(r, &record);
		if (!ret)
			ret = save_file_skip(r->f, -record.size & 7, r->why);
		if (ret)
			return ret;
	}
}

/* Behind the domain's own stream: nothing that a PV guest needs. */
static int read_rest(struct restorer *r)
{
	struct save_record record;
	int ret;

	do {
		ret = read_bytes(r, &record, sizeof(record));
		if (!ret && record.type > LIBXL_EMULATOR_CONTEXT &&
			!(record.type & SAVE_OPTIONAL))
			ret = why_set(r->why, -ENOTSUP,
				"the file has a record of libxl's type %#x, "
				"which is not known here",
				record.type);
		if (!ret)
			ret = save_file_skip(r->f,
				((uint64_t)record.size + 7) & ~7ULL, r->why);
	} while (!ret && record.type != LIBXL_END);
	return ret ? ret : save_sum_check(r->f, r->why);
}

int restore_pv(struct ctrl *c, struct restore_pv *want, struct save_file *f,
	struct why *why)
{
	struct restorer r = { .c = c, .want = want, .f = f, .why = why };
	int ret = read_heads(&r);

	if (!ret)
		ret = read_records(&r);
	/* What is mapped writable cannot become a page table. */
	remap_end(c, &r.pages);
	if (!ret)
		ret = read_rest(&r);
	if (!ret)
		ret = restore_finish(&r);
	while (r.blob_count)
		free(r.blobs[--r.blob_count]);
	free(r.list);
	free(r.p2m);
	free(r.kinds);
	return ret;
}
