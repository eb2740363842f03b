/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest on the fake machine that has suspended, as a kernel leaves itself
 * then, and a file for it; and the way back from the file.
 */
#ifndef SAVE_RIG_H
#define SAVE_RIG_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <tenonctrl/build_pv.h>
#include <tenonctrl/call.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/save_pv.h>
#include <tenonctrl/why.h>
#include "os_fake.h"

#define PAGE   4096ULL
#define VIRT   0xffffffff80000000ULL
#define PADDR  0x100000ULL
#define PAGES  1024U
#define FRAME  0x000ffffffffff000ULL
#define NUMBER 7 /* of the page that the test fills */
#define NANOS  123456789

struct world {
	struct fake *fake;
	struct ctrl *c;
	struct image image;
	struct build_pv b;
	struct why why;
	int file;
};

static inline uint8_t *seen(struct world *w, uint32_t domid, uint64_t va)
{
	uint64_t entry = fake_walk(w->fake, domid, va);

	assert_true(entry & 1);
	return (uint8_t *)fake_frame(w->fake, (entry & FRAME) / PAGE) +
	       va % PAGE;
}

static inline uint32_t new_domain(struct world *w)
{
	struct xen_domctl_createdomain config = { .max_vcpus = 1 };
	uint32_t domid;

	assert_int_equal(domctl_create(w->c, &config, &domid), 0);
	assert_int_equal(domctl_max_mem(w->c, domid, PAGES * 4), 0);
	assert_int_equal(domctl_max_vcpus(w->c, domid, 1), 0);
	return domid;
}

/* What a kernel does before it suspends: rings by its own numbers, the list
 * told, start_info named in the call. */
static inline void suspend(struct world *w)
{
	struct fake_domain *d = &w->fake->domains[w->b.domid];
	struct shared_info *shared = fake_frame(w->fake, d->shared_info);
	struct start_info *si =
		(void *)seen(w, w->b.domid, d->context.user_regs.rsi);
	uint64_t entry =
		fake_walk(w->fake, w->b.domid, d->context.user_regs.rsi);

	shared->arch.max_pfn = PAGES;
	shared->arch.p2m_vaddr = si->mfn_list;
	shared->arch.p2m_cr3 = d->root << 12;
	shared->evtchn_pending[0] = 1;
	shared->vcpu_info[0].arch.cr2 = 0x1234;
	d->context.user_regs.rdx = (entry & FRAME) / PAGE;
	d->context.ctrlreg[1] = 0;
	d->sysenter = VIRT;
	d->cpu_ns = NANOS;
	for (uint64_t pfn = 0; pfn < PAGES; pfn++) {
		uint64_t mfn;

		memcpy(&mfn, seen(w, w->b.domid, si->mfn_list + pfn * 8), 8);
		if (mfn == w->b.store_mfn)
			si->store_mfn = pfn;
		if (mfn == w->b.console_mfn)
			si->console.domU.mfn = pfn;
		if (pfn == NUMBER)
			memset(fake_frame(w->fake, mfn), 0x5c, PAGE);
	}
}

static inline void start(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->fake = fake_new();
	assert_int_equal(ctrl_open_os(&w->c, &fake_ops, w->fake), 0);
	w->image.fd = memfd_create("kernel", 0);
	assert_int_equal(write(w->image.fd, "kernel", 6), 6);
	w->image.plan.segment_count = 1;
	w->image.plan.segments[0] = (struct image_segment){
		.file_size = 6, .mem_size = PAGE, .paddr = PADDR
	};
	w->image.plan.paddr_start = PADDR;
	w->image.plan.paddr_end = PADDR + PAGE;
	w->image.plan.virt_base = VIRT;
	w->image.plan.entry = VIRT + PADDR;
	w->b.domid = new_domain(w);
	w->b.kernel = &w->image;
	w->b.cmdline = "";
	w->b.pages = PAGES;
	w->b.store_port = 1;
	w->b.console_port = 2;
	assert_int_equal(build_pv(w->c, &w->b, &w->why), 0);
	suspend(w);
	w->file = memfd_create("saved", 0);
}

static inline void finish(struct world *w)
{
	assert_int_equal(fake_map_count(w->fake), 0);
	(void)domctl_destroy(w->c, w->b.domid);
	assert_int_equal(fake_free_frames(w->fake), FAKE_FRAMES);
	ctrl_close(w->c);
	assert_int_equal(w->fake->buffers, 0);
	fake_free(w->fake);
	close(w->image.fd);
	close(w->file);
}

static inline int restore(struct world *w, struct restore_pv *r)
{
	struct save_head head = { 0 };
	struct save_file f;
	int ret;

	*r = (struct restore_pv){ .domid = new_domain(w),
		.max_pages = PAGES,
		.max_vcpus = 1,
		.store_port = 5,
		.console_port = 6 };
	assert_int_equal(lseek(w->file, 0, SEEK_SET), 0);
	assert_int_equal(save_file_begin(&f, w->file), 0);
	ret = save_head_read(&f, &head, &w->why);
	if (!ret) {
		/* Damage elsewhere is found by the sum at the latest. */
		ret = restore_pv(w->c, r, &f, &w->why);
		if (!ret)
			assert_memory_equal(head.kept, "name = \"x\"\n", 11);
	}
	free(head.json);
	free(head.kept);
	save_file_end(&f);
	return ret;
}

#endif
