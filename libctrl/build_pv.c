/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PV domain builder; see tenonctrl/build_pv.h. Kernel and ramdisk are read
 * piece by piece into the guest's pages, what is small is written through one
 * mapping and page tables through another: all of them end before the tables
 * are pinned, for a page that anybody maps writable cannot be one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <tenonctrl/build_pv.h>
#include <tenonctrl/call.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/fmem.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include <public/grant_table.h>
#include <public/memory.h>
#include "remap.h"

#define PAGE_SHIFT 12
#define PAGE	   4096ULL
#define RFLAGS_IF  0x200ULL
#define LOAD_PAGES 1024UL /* that are mapped at once for a kernel */

/* A build on its way. */
struct work {
	struct ctrl *c;
	struct build_pv *b;
	const struct image_plan *plan;
	struct why *why;
	struct pv_layout layout;
	xen_pfn_t *p2m;
	uint64_t shared_info; /* machine frame */
	/* Of the kernel or the initrd, while they are read. */
	struct remap loading;
	/* One mapping: list, four pages, shared info. */
	char *data;
	size_t data_pages;
	char *list, *start_info, *store, *console, *stack;
	struct shared_info *shared;
	/* The other: bootstrap tables, then the list's. */
	char *tables;
	size_t tables_pages;
};

/* Appends `count` frames from `pfn` on to frames[*at]. */
static void append(struct work *w, xen_pfn_t *frames, size_t *at, uint64_t pfn,
	uint64_t count)
{
	memcpy(frames + *at, w->p2m + pfn, count * sizeof(*frames));
	*at += count;
}

static int map(struct work *w, const xen_pfn_t *frames, size_t count,
	char **out, const char *what)
{
	void *mapped;
	int ret = fmem_map(w->c, w->b->domid, frames, count, &mapped);

	if (ret)
		return why_set(w->why, ret,
			"cannot map the %s of domain %u (%zu pages): %s", what,
			w->b->domid, count, strerror(-ret));
	*out = mapped;
	return 0;
}

static int map_data(struct work *w)
{
	const struct pv_layout *l = &w->layout;
	size_t most = l->p2m_pages + 5;
	xen_pfn_t *frames = calloc(most, sizeof(*frames));
	size_t at = 0;
	int ret;

	if (!frames)
		return why_set(w->why, -ENOMEM, "out of memory in dom0");
	append(w, frames, &at, l->p2m_pfn, l->p2m_pages);
	append(w, frames, &at, l->start_info_pfn, 1);
	append(w, frames, &at, l->store_pfn, 1);
	append(w, frames, &at, l->console_pfn, 1);
	append(w, frames, &at, l->stack_pfn, 1);
	frames[at++] = w->shared_info;
	ret = map(w, frames, at, &w->data, "memory");
	free(frames);
	if (ret)
		return ret;
	w->data_pages = at;
	w->list = w->data;
	w->start_info = w->list + l->p2m_pages * PAGE;
	w->store = w->start_info + PAGE;
	w->console = w->store + PAGE;
	w->stack = w->console + PAGE;
	w->shared = (void *)(w->stack + PAGE);
	return 0;
}

static int map_tables(struct work *w)
{
	const struct pv_layout *l = &w->layout;
	size_t count = l->table_count + l->p2m_tables, at = 0;
	xen_pfn_t *frames = calloc(count, sizeof(*frames));
	int ret;

	if (!frames)
		return why_set(w->why, -ENOMEM, "out of memory in dom0");
	append(w, frames, &at, l->table_pfn, l->table_count);
	append(w, frames, &at, l->p2m_pfn + l->p2m_pages, l->p2m_tables);
	ret = map(w, frames, count, &w->tables, "page tables");
	free(frames);
	if (ret)
		return ret;
	w->tables_pages = count;
	memset(w->tables, 0, count * PAGE);
	return 0;
}

/* Reads straight into the guest's pages: no second copy of a kernel. */
static int read_into(struct work *w, int fd, uint64_t offset, char *to,
	uint64_t size, const char *what)
{
	while (size) {
		ssize_t got = pread(fd, to, size, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return why_set(w->why, -errno, "reading the %s: %s",
				what, strerror(errno));
		if (got == 0)
			return why_set(w->why, -EILSEQ,
				"the %s became shorter while it was read",
				what);
		to += got;
		offset += (uint64_t)got;
		size -= (uint64_t)got;
	}
	return 0;
}

/* Bytes of a file and where they go: from the first byte of what is loaded. */
struct piece {
	uint64_t at, size, offset;
};

/* What is loaded: pieces in their order, and zeros between them. */
struct load {
	int fd;
	const char *what;
	uint64_t pfn, pages;
	struct piece pieces[IMAGE_SEGMENTS_MAX];
	size_t count;
};

/* Its bytes from `from` to `to`, at `map`: none of what old owners left. */
static int load_part(struct work *w, const struct load *l, char *map,
	uint64_t from, uint64_t to)
{
	uint64_t done = from;

	for (size_t i = 0; i < l->count; i++) {
		const struct piece *p = &l->pieces[i];
		uint64_t first = p->at > from ? p->at : from;
		uint64_t end = p->at + p->size < to ? p->at + p->size : to;
		int ret;

		if (first >= end)
			continue;
		memset(map + (done - from), 0, first - done);
		ret = read_into(w, l->fd, p->offset + (first - p->at),
			map + (first - from), end - first, l->what);
		if (ret)
			return ret;
		done = end;
	}
	memset(map + (done - from), 0, to - done);
	return 0;
}

static int load_all(struct work *w, const struct load *l)
{
	uint64_t some;
	int ret = 0;

	for (uint64_t at = 0; at < l->pages && !ret; at += some) {
		some = l->pages - at < LOAD_PAGES ? l->pages - at : LOAD_PAGES;
		ret = remap_to(w->c, &w->loading, w->b->domid,
			w->p2m + l->pfn + at, some, true);
		if (ret)
			return why_set(w->why, ret,
				"cannot map the memory of domain %u for its "
				"%s: %s",
				w->b->domid, l->what, strerror(-ret));
		ret = load_part(
			w, l, w->loading.map, at * PAGE, (at + some) * PAGE);
	}
	return ret;
}

static int load(struct work *w)
{
	uint64_t base = w->plan->paddr_start & ~(PAGE - 1);
	struct load kernel = {
		.fd = w->b->kernel->fd,
		.what = "kernel",
		.pfn = base >> PAGE_SHIFT,
		.pages = (w->plan->paddr_end - base + PAGE - 1) >> PAGE_SHIFT,
		.count = w->plan->segment_count,
	};
	const struct load initrd = {
		.fd = w->b->initrd,
		.what = "ramdisk",
		.pfn = w->layout.initrd_pfn,
		.pages = w->layout.initrd_pages,
		.pieces = { { 0, w->b->initrd_size, 0 } },
		.count = 1,
	};
	int ret;

	for (size_t i = 0; i < kernel.count; i++) {
		const struct image_segment *seg = &w->plan->segments[i];

		kernel.pieces[i] = (struct piece){ seg->paddr - base,
			seg->file_size, seg->offset };
	}
	ret = load_all(w, &kernel);
	if (!ret)
		ret = load_all(w, &initrd);
	remap_end(w->c, &w->loading);
	return ret;
}

static void write_start_info(struct work *w)
{
	const struct pv_layout *l = &w->layout;
	struct build_pv *b = w->b;
	struct start_info *si = (void *)w->start_info;

	memset(w->start_info, 0, PAGE);
	strcpy(si->magic, "xen-3.0-x86_64");
	si->nr_pages = b->pages;
	si->shared_info = w->shared_info << PAGE_SHIFT;
	si->flags = SIF_VIRT_P2M_4TOOLS;
	si->store_mfn = b->store_mfn;
	si->store_evtchn = b->store_port;
	si->console.domU.mfn = b->console_mfn;
	si->console.domU.evtchn = b->console_port;
	si->pt_base = l->virt_base + (l->table_pfn << PAGE_SHIFT);
	si->nr_pt_frames = l->table_count;
	si->mfn_list = l->p2m_virt;
	if (l->p2m_tables) {
		si->first_p2m_pfn = l->p2m_pfn;
		si->nr_p2m_frames = l->p2m_pages + l->p2m_tables;
	}
	if (l->initrd_pages) {
		si->mod_len = b->initrd_size;
		si->mod_start = l->initrd_pfn;
		if (w->plan->mod_start_pfn)
			si->flags |= SIF_MOD_START_PFN;
		else
			si->mod_start =
				l->virt_base + (l->initrd_pfn << PAGE_SHIFT);
	}
	memcpy(si->cmd_line, b->cmdline, strlen(b->cmdline));
}

static void write_data(struct work *w)
{
	const struct pv_layout *l = &w->layout;
	size_t bytes = w->b->pages * sizeof(*w->p2m);

	memcpy(w->list, w->p2m, bytes);
	/* The list's last page is filled up with "no frame". */
	memset(w->list + bytes, 0xff, l->p2m_pages * PAGE - bytes);
	memset(w->store, 0, PAGE);
	memset(w->console, 0, PAGE);
	memset(w->stack, 0, PAGE);
	write_start_info(w);
	/* A guest starts with upcalls masked on every vcpu. */
	for (unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		w->shared->vcpu_info[i].evtchn_upcall_mask = 1;
}

static int write_tables(struct work *w)
{
	const struct pv_layout *l = &w->layout;
	struct pv_tables boot = {
		.base = (void *)w->tables,
		.pfn = l->table_pfn,
		.count = l->table_count,
		.used = 1, /* the root */
	};
	struct pv_tables list = {
		.base = (void *)(w->tables + l->table_count * PAGE),
		.pfn = l->p2m_pfn + l->p2m_pages,
		.count = l->p2m_tables,
	};
	int ret = pv_tables_map(
		&boot, boot.base, l->virt_base, 0, l->map_pages, w->p2m, &boot);

	if (!ret && l->p2m_tables)
		ret = pv_tables_map(&list, boot.base, l->p2m_virt, l->p2m_pfn,
			l->p2m_pages, w->p2m, NULL);
	return ret ? why_set(w->why, ret, "page tables: %s", strerror(-ret))
		   : 0;
}

int pv_seed_grants(struct ctrl *c, uint32_t domid, uint32_t store_domid,
	xen_pfn_t store_mfn, uint32_t console_domid, xen_pfn_t console_mfn,
	struct why *why)
{
	struct grant_entry_v1 *entries;
	void *page;
	int ret = fmem_map_resource(c, domid, XENMEM_resource_grant_table,
		XENMEM_resource_grant_table_id_shared, 0, 1, &page);

	if (ret)
		return why_set(why, ret,
			"cannot reach the grant table of domain %u: %s", domid,
			strerror(-ret));
	entries = page;
	entries[GNTTAB_RESERVED_CONSOLE].domid = (domid_t)console_domid;
	entries[GNTTAB_RESERVED_CONSOLE].frame = (uint32_t)console_mfn;
	entries[GNTTAB_RESERVED_CONSOLE].flags = GTF_permit_access;
	entries[GNTTAB_RESERVED_XENSTORE].domid = (domid_t)store_domid;
	entries[GNTTAB_RESERVED_XENSTORE].frame = (uint32_t)store_mfn;
	entries[GNTTAB_RESERVED_XENSTORE].flags = GTF_permit_access;
	fmem_unmap(c, page, 1);
	return 0;
}

/* For kernels that call by a page of stubs, which only the hypervisor knows. */
static int fill_hypercall_page(struct work *w)
{
	uint64_t pfn =
		(w->plan->hypercall_page - w->plan->virt_base) >> PAGE_SHIFT;
	int ret;

	if (!w->plan->hypercall_page)
		return 0;
	ret = domctl_hypercall_page(w->c, w->b->domid, w->p2m[pfn]);
	return ret ? why_set(w->why, ret,
			     "the hypervisor does not fill the hypercall page "
			     "of domain %u: %s",
			     w->b->domid, strerror(-ret))
		   : 0;
}

static int start_vcpu(struct work *w)
{
	const struct pv_layout *l = &w->layout;
	struct vcpu_guest_context *context = calloc(1, sizeof(*context));
	xen_pfn_t root = w->p2m[l->table_pfn];
	int ret;

	if (!context)
		return why_set(w->why, -ENOMEM, "out of memory in dom0");
	ret = domctl_pin_l4(w->c, w->b->domid, root);
	if (ret) {
		free(context);
		return why_set(w->why, ret,
			"the hypervisor refused the page tables of domain %u: "
			"%s",
			w->b->domid, strerror(-ret));
	}
	context->flags = VGCF_in_kernel | VGCF_online;
	context->user_regs.rip = w->plan->entry;
	context->user_regs.rsp =
		l->virt_base + ((l->stack_pfn + 1) << PAGE_SHIFT);
	context->user_regs.rsi =
		l->virt_base + (l->start_info_pfn << PAGE_SHIFT);
	context->user_regs.rflags = RFLAGS_IF;
	context->user_regs.cs = FLAT_KERNEL_CS;
	context->user_regs.ss = FLAT_KERNEL_SS;
	context->user_regs.ds = FLAT_KERNEL_DS;
	context->user_regs.es = FLAT_KERNEL_DS;
	context->user_regs.fs = FLAT_KERNEL_DS;
	context->user_regs.gs = FLAT_KERNEL_DS;
	context->kernel_ss = FLAT_KERNEL_SS;
	context->kernel_sp = context->user_regs.rsp;
	context->ctrlreg[3] = root << PAGE_SHIFT;
	ret = domctl_set_context(w->c, w->b->domid, 0, context);
	free(context);
	return ret ? why_set(w->why, ret,
			     "cannot set the registers of domain %u: %s",
			     w->b->domid, strerror(-ret))
		   : 0;
}

static void unmap_all(struct work *w)
{
	fmem_unmap(w->c, w->tables, w->tables_pages);
	fmem_unmap(w->c, w->data, w->data_pages);
	w->tables = w->data = NULL;
}

static int populate(struct work *w)
{
	struct xen_domctl_getdomaininfo info;
	struct build_pv *b = w->b;
	int ret;

	w->p2m = calloc(b->pages, sizeof(*w->p2m));
	if (!w->p2m)
		return why_set(w->why, -ENOMEM, "out of memory in dom0");
	ret = domctl_populate(w->c, b->domid, b->pages, w->p2m);
	if (ret)
		return why_set(w->why, ret,
			"cannot get %llu MiB of memory for domain %u: %s",
			(unsigned long long)(b->pages >> 8), b->domid,
			strerror(-ret));
	ret = sysctl_domain(w->c, b->domid, &info);
	if (ret)
		return why_set(w->why, ret, "domain %u vanished: %s", b->domid,
			strerror(-ret));
	w->shared_info = info.shared_info_frame;
	b->store_mfn = w->p2m[w->layout.store_pfn];
	b->console_mfn = w->p2m[w->layout.console_pfn];
	return 0;
}

int build_pv(struct ctrl *c, struct build_pv *b, struct why *why)
{
	struct work w = {
		.c = c,
		.b = b,
		.plan = &b->kernel->plan,
		.why = why,
	};
	int ret;

	if (strlen(b->cmdline) >= MAX_GUEST_CMDLINE)
		return why_set(why, -E2BIG,
			"the command line has %zu bytes, at most %d are "
			"possible",
			strlen(b->cmdline), MAX_GUEST_CMDLINE - 1);
	ret = pv_layout(w.plan, b->initrd_size, b->pages, &w.layout, why);
	if (!ret)
		ret = populate(&w);
	if (!ret)
		ret = load(&w);
	if (!ret)
		ret = map_data(&w);
	if (!ret)
		ret = map_tables(&w);
	if (!ret) {
		write_data(&w);
		ret = write_tables(&w);
	}
	unmap_all(&w);
	if (!ret)
		ret = fill_hypercall_page(&w);
	if (!ret)
		ret = pv_seed_grants(c, b->domid, b->store_domid, b->store_mfn,
			b->console_domid, b->console_mfn, why);
	if (!ret)
		ret = start_vcpu(&w);
	free(w.p2m);
	return ret;
}
