/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PV builder against the fake machine: what stands in the guest's memory,
 * what its tables map, and that every failure on the way leaves nothing of it
 * behind. Kernels are made here, for each choice that notes give.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <tenonctrl/build_pv.h>
#include <tenonctrl/call.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include <public/grant_table.h>
#include "os_fake.h"

#define PAGE	 4096ULL
#define VIRT	 0xffffffff80000000ULL
#define P2M_VIRT 0x8000000000ULL
#define PADDR	 0x1000000ULL
#define MIB	 (1ULL << 20)
#define INITRD	 5000

struct world {
	struct fake *fake;
	struct ctrl *ctrl;
	struct image image;
	struct build_pv b;
	struct why why;
};

/* A kernel of 10000 bytes and 3 MiB of zeros, in a memfd. */
static void make_kernel(struct image *image, bool init_p2m, bool start_pfn)
{
	char bytes[10000];

	memset(image, 0, sizeof(*image));
	memset(bytes, 0x77, sizeof(bytes));
	image->fd = memfd_create("kernel", 0);
	assert_true(image->fd >= 0);
	assert_int_equal(write(image->fd, bytes, sizeof(bytes)), 10000);
	image->plan.segment_count = 1;
	image->plan.segments[0] = (struct image_segment){ .offset = 0,
		.file_size = sizeof(bytes),
		.mem_size = 3 * MIB,
		.paddr = PADDR };
	image->plan.paddr_start = PADDR;
	image->plan.paddr_end = PADDR + 3 * MIB;
	image->plan.virt_base = VIRT;
	image->plan.entry = VIRT + PADDR + 16;
	image->plan.init_p2m = init_p2m ? P2M_VIRT : 0;
	image->plan.mod_start_pfn = start_pfn;
}

static void start(struct world *w, bool init_p2m, bool start_pfn)
{
	struct xen_domctl_createdomain config = { .max_vcpus = 1 };
	char initrd[INITRD];

	memset(w, 0, sizeof(*w));
	w->fake = fake_new();
	assert_non_null(w->fake);
	assert_int_equal(ctrl_open_os(&w->ctrl, &fake_ops, w->fake), 0);
	make_kernel(&w->image, init_p2m, start_pfn);
	assert_int_equal(domctl_create(w->ctrl, &config, &w->b.domid), 0);
	assert_int_equal(domctl_max_mem(w->ctrl, w->b.domid, 32 << 10), 0);
	memset(initrd, 0x33, sizeof(initrd));
	w->b.initrd = memfd_create("initrd", 0);
	assert_int_equal(write(w->b.initrd, initrd, INITRD), INITRD);
	w->b.initrd_size = INITRD;
	w->b.kernel = &w->image;
	w->b.cmdline = "console=hvc0";
	w->b.pages = 32 << 8;
	w->b.store_port = 1;
	w->b.console_port = 2;
}

static void finish(struct world *w)
{
	assert_int_equal(fake_map_count(w->fake), 0);
	assert_int_equal(domctl_destroy(w->ctrl, w->b.domid), 0);
	assert_int_equal(fake_free_frames(w->fake), FAKE_FRAMES);
	ctrl_close(w->ctrl);
	assert_int_equal(w->fake->buffers, 0);
	fake_free(w->fake);
	close(w->image.fd);
	close(w->b.initrd);
}

/* The byte that the guest sees at a virtual address. */
static uint8_t *seen(struct world *w, uint64_t va)
{
	uint64_t entry = fake_walk(w->fake, w->b.domid, va);

	assert_true(entry & 1);
	return (uint8_t *)fake_frame(
		       w->fake, (entry & 0x000ffffffffff000ULL) / PAGE) +
	       va % PAGE;
}

static void check_guest(struct world *w)
{
	const struct vcpu_guest_context *context =
		&w->fake->domains[w->b.domid].context;
	const struct start_info *si = (void *)seen(w, context->user_regs.rsi);
	const struct grant_entry_v1 *grants =
		(void *)w->fake->grants[w->b.domid];
	const struct shared_info *shared =
		fake_frame(w->fake, w->fake->domains[w->b.domid].shared_info);
	bool moved = si->flags & SIF_MOD_START_PFN;
	uint64_t mfn;

	assert_int_equal(context->user_regs.rip, VIRT + PADDR + 16);
	assert_int_equal(
		context->ctrlreg[3] >> 12, w->fake->domains[w->b.domid].root);
	assert_int_equal(*seen(w, context->user_regs.rsp - 1), 0);
	assert_string_equal((const char *)si->cmd_line, "console=hvc0");
	assert_int_equal(si->nr_pages, 32 << 8);
	assert_int_equal(si->store_mfn, w->b.store_mfn);
	assert_int_equal(si->mod_len, INITRD);
	/* The kernel, then zeros where an old owner's bytes were. */
	assert_int_equal(*seen(w, VIRT + PADDR), 0x77);
	assert_int_equal(*seen(w, VIRT + PADDR + 9999), 0x77);
	assert_int_equal(*seen(w, VIRT + PADDR + 10000), 0);
	assert_int_equal(*seen(w, VIRT + PADDR + 3 * MIB - 1), 0);
	/* The list names what is mapped. */
	memcpy(&mfn, seen(w, si->mfn_list + (PADDR / PAGE) * 8), 8);
	assert_ptr_equal(fake_frame(w->fake, mfn), seen(w, VIRT + PADDR));
	if (moved) {
		memcpy(&mfn, seen(w, si->mfn_list + si->mod_start * 8), 8);
		assert_int_equal(*(uint8_t *)fake_frame(w->fake, mfn), 0x33);
	} else {
		assert_int_equal(*seen(w, si->mod_start + INITRD - 1), 0x33);
		assert_int_equal(*seen(w, si->mod_start + INITRD), 0);
	}
	/* The root is where it is said to be, read-only. */
	assert_int_equal(fake_walk(w->fake, w->b.domid, si->pt_base) & 2, 0);
	assert_ptr_equal(seen(w, si->pt_base),
		fake_frame(w->fake, w->fake->domains[w->b.domid].root));
	/* The map ends on 4 MiB, 512 KiB behind the stack at least. */
	assert_int_equal(
		fake_walk(w->fake, w->b.domid, VIRT + w->b.pages * PAGE), 0);
	assert_true(fake_walk(
		w->fake, w->b.domid, context->user_regs.rsp + (512 << 10) - 1));
	assert_int_equal(
		grants[GNTTAB_RESERVED_CONSOLE].frame, w->b.console_mfn);
	assert_int_equal(
		grants[GNTTAB_RESERVED_XENSTORE].frame, w->b.store_mfn);
	assert_int_equal(
		grants[GNTTAB_RESERVED_XENSTORE].flags, GTF_permit_access);
	assert_int_equal(shared->vcpu_info[0].evtchn_upcall_mask, 1);
}

static void every_layout(void **state)
{
	struct world w;

	(void)state;
	for (int i = 0; i < 8; i++) {
		start(&w, i & 1, i & 2);
		w.fake->no_superpages = i & 4;
		assert_int_equal(build_pv(w.ctrl, &w.b, &w.why), 0);
		check_guest(&w);
		finish(&w);
	}
}

/* Each hypercall fails in turn; the domain goes away whole. */
static void every_failure(void **state)
{
	struct world w;
	int ret = -1;

	(void)state;
	for (long i = 0; ret; i++) {
		start(&w, true, true);
		w.image.plan.hypercall_page = VIRT + PADDR + PAGE;
		w.fake->fail_after = i;
		w.why.text[0] = '\0';
		ret = build_pv(w.ctrl, &w.b, &w.why);
		w.fake->fail_after = -1;
		assert_true(i < 50);
		if (ret)
			assert_true(w.why.text[0]);
		finish(&w);
	}
}

/* The page that the notes ask for, and only it, whatever the segment had. */
static void hypercall_page(void **state)
{
	const uint64_t at = VIRT + PADDR + PAGE;
	struct world w;

	(void)state;
	start(&w, true, true);
	w.image.plan.hypercall_page = at;
	assert_int_equal(build_pv(w.ctrl, &w.b, &w.why), 0);
	assert_int_equal(*seen(&w, at - 1), 0x77);
	assert_int_equal(*seen(&w, at), FAKE_STUB);
	assert_int_equal(*seen(&w, at + PAGE - 1), FAKE_STUB);
	assert_int_equal(*seen(&w, at + PAGE), 0x77);
	finish(&w);
	/* No note, no page. */
	start(&w, true, true);
	assert_int_equal(build_pv(w.ctrl, &w.b, &w.why), 0);
	assert_int_equal(*seen(&w, at), 0x77);
	finish(&w);
}

static void too_small(void **state)
{
	struct world w;

	(void)state;
	start(&w, true, true);
	w.b.pages = 20 << 8;
	assert_int_equal(build_pv(w.ctrl, &w.b, &w.why), -EFBIG);
	assert_non_null(strstr(w.why.text, "more memory"));
	finish(&w);
	/* The domain may not have that much. */
	start(&w, true, true);
	w.b.pages = 64 << 8;
	assert_int_equal(build_pv(w.ctrl, &w.b, &w.why), -ENOMEM);
	finish(&w);
}

static void file_shrinks(void **state)
{
	struct world w;

	(void)state;
	start(&w, true, true);
	assert_int_equal(ftruncate(w.image.fd, 4096), 0);
	assert_int_equal(build_pv(w.ctrl, &w.b, &w.why), -EILSEQ);
	finish(&w);
	start(&w, true, true);
	assert_int_equal(ftruncate(w.b.initrd, 1), 0);
	assert_int_equal(build_pv(w.ctrl, &w.b, &w.why), -EILSEQ);
	finish(&w);
}

static void long_command_line(void **state)
{
	char line[2000];
	struct world w;

	(void)state;
	memset(line, 'x', sizeof(line));
	line[MAX_GUEST_CMDLINE] = '\0';
	start(&w, true, true);
	w.b.cmdline = line;
	assert_int_equal(build_pv(w.ctrl, &w.b, &w.why), -E2BIG);
	line[MAX_GUEST_CMDLINE - 1] = '\0';
	assert_int_equal(build_pv(w.ctrl, &w.b, &w.why), 0);
	finish(&w);
}

/* The layout alone, over a range of sizes: nothing overlaps, all fits. */
static void layouts(void **state)
{
	struct image image;
	struct pv_layout l;

	(void)state;
	make_kernel(&image, true, true);
	for (uint64_t mib = 24; mib < 300000; mib = mib * 5 / 3) {
		uint64_t pages = mib << 8, tables;

		assert_int_equal(
			pv_layout(&image.plan, mib << 15, pages, &l, NULL), 0);
		tables = l.map_pages / 512 + 1 + 3;
		assert_true(l.table_count >= l.map_pages / 512 + 3);
		assert_true(l.table_count <= tables + 4);
		assert_int_equal(l.stack_pfn, l.table_pfn + l.table_count);
		assert_true(l.stack_pfn + 1 + 128 <= l.map_pages);
		assert_int_equal(l.map_pages % 1024, 0);
		assert_int_equal(l.p2m_pfn, l.map_pages);
		assert_int_equal(
			l.initrd_pfn, l.p2m_pfn + l.p2m_pages + l.p2m_tables);
		assert_true(l.p2m_pages * 512 >= pages);
		assert_int_equal(l.used_pages, l.initrd_pfn + l.initrd_pages);
		assert_true(l.used_pages <= pages);
	}
	assert_int_equal(
		pv_layout(&image.plan, UINT64_MAX, 1 << 20, &l, NULL), -EFBIG);
	assert_int_equal(
		pv_layout(&image.plan, 0, UINT64_MAX, &l, NULL), -EFBIG);
	close(image.fd);
}

static void lists(void **state)
{
	struct xen_domctl_getdomaininfo *list, one;
	struct xen_sysctl_physinfo info;
	struct world w;
	size_t count;
	uint32_t version;

	(void)state;
	start(&w, true, true);
	assert_int_equal(sysctl_domains(w.ctrl, &list, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(list[1].domain, w.b.domid);
	free(list);
	assert_int_equal(sysctl_domain(w.ctrl, 3, &one), -ESRCH);
	assert_int_equal(sysctl_domain(w.ctrl, 70000, &one), -ESRCH);
	assert_int_equal(sysctl_physinfo(w.ctrl, &info), 0);
	assert_int_equal(info.total_pages, FAKE_FRAMES);
	assert_int_equal(call_version(w.ctrl, &version), 0);
	assert_int_equal(version, 0x40011);
	finish(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_layout),
		cmocka_unit_test(every_failure),
		cmocka_unit_test(hypercall_page),
		cmocka_unit_test(too_small),
		cmocka_unit_test(file_shrinks),
		cmocka_unit_test(long_command_line),
		cmocka_unit_test(layouts),
		cmocka_unit_test(lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
