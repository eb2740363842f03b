/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Saving and restoring PV domains on the fake machine: the restored guest has
 * the memory, tables and registers of the saved one on other frames; damage
 * and cuts anywhere are refused, and leave nothing.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <tenonctrl/build_pv.h>
#include <tenonctrl/call.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/dump_pv.h>
#include <tenonctrl/save_pv.h>
#include <tenonctrl/why.h>
#include <public/grant_table.h>
#include "save_format.h"
#include "save_pages.h"
#include "save_rig.h"
#include "save_sum.h"

static int save(struct world *w, bool sparse)
{
	static char json[] = "{ }", kept[] = "name = \"x\"\n";
	const struct save_head head = { json, kept, 3, sizeof(kept) - 1 };
	const struct save_progress none = { NULL, NULL };
	struct save_file f;
	int ret;

	assert_int_equal(ftruncate(w->file, 0), 0);
	assert_int_equal(lseek(w->file, 0, SEEK_SET), 0);
	assert_int_equal(save_file_begin(&f, w->file), 0);
	f.is_sparse = sparse;
	ret = save_head_write(&f, &head, &w->why);
	if (!ret)
		ret = save_pv(w->c, w->b.domid, &none, &f, &w->why);
	if (!ret)
		assert_int_equal(lseek(w->file, 0, SEEK_END), f.bytes);
	save_file_end(&f);
	return ret;
}

static void check_restored(struct world *w, const struct restore_pv *r)
{
	struct fake_domain *old = &w->fake->domains[w->b.domid];
	struct fake_domain *new = &w->fake->domains[r->domid];
	const struct start_info *si =
		fake_frame(w->fake, new->context.user_regs.rdx);
	const struct shared_info *shared =
		fake_frame(w->fake, new->shared_info);
	uint64_t mfn;

	assert_true(new->root &&new->root != old->root);
	assert_int_equal(new->context.ctrlreg[3] >> 12, new->root);
	assert_int_equal(new->context.user_regs.rip, VIRT + PADDR);
	assert_int_equal(new->sysenter, VIRT);
	assert_int_equal(new->cpu_ns, NANOS);
	assert_memory_equal(seen(w, r->domid, VIRT + PADDR), "kernel", 6);
	/* The guest's list names the new frames. */
	memcpy(&mfn, seen(w, r->domid, si->mfn_list + NUMBER * 8), 8);
	assert_int_equal(*(uint8_t *)fake_frame(w->fake, mfn), 0x5c);
	assert_int_equal(w->fake->owner[mfn - FAKE_FIRST], r->domid);
	assert_ptr_equal(
		fake_frame(w->fake, mfn), seen(w, r->domid, VIRT + 7 * PAGE));
	assert_int_equal(si->nr_pages, PAGES);
	assert_int_equal(si->shared_info, new->shared_info << 12);
	assert_int_equal(si->store_mfn, r->store_mfn);
	assert_int_equal(si->store_evtchn, 5);
	assert_int_equal(si->console.domU.mfn, r->console_mfn);
	assert_int_equal(si->console.domU.evtchn, 6);
	assert_int_equal(shared->evtchn_pending[0], 0);
	assert_int_equal(shared->evtchn_mask[0], ~0UL);
	assert_int_equal(shared->vcpu_info[0].arch.cr2, 0x1234);
	assert_int_equal(shared->arch.max_pfn, PAGES);
	assert_int_equal(shared->arch.p2m_cr3, 0);
	assert_int_equal(
		((struct grant_entry_v1 *)w->fake
				->grants[r->domid])[GNTTAB_RESERVED_CONSOLE]
			.frame,
		r->console_mfn);
}

static void round_trip(void **state)
{
	struct restore_pv r;
	struct world w;

	(void)state;
	start(&w);
	for (int sparse = 0; sparse < 2; sparse++) {
		assert_int_equal(save(&w, sparse), 0);
		assert_int_equal(restore(&w, &r), 0);
		check_restored(&w, &r);
		assert_int_equal(domctl_destroy(w.c, r.domid), 0);
	}
	finish(&w);
}

/* A file that is cut off anywhere is refused, and no page stays. */
static void cut_off(void **state)
{
	struct restore_pv r;
	struct world w;
	off_t size;

	(void)state;
	start(&w);
	assert_int_equal(save(&w, false), 0);
	size = lseek(w.file, 0, SEEK_END);
	for (off_t at = size - 1; at > 0; at -= at > 20000 ? 91111 : 37) {
		if (at < 0 || ftruncate(w.file, at))
			break;
		assert_int_equal(restore(&w, &r), -EILSEQ);
		assert_int_equal(fake_map_count(w.fake), 0);
		assert_int_equal(domctl_destroy(w.c, r.domid), 0);
	}
	finish(&w);
}

/* So is one with a wrong byte anywhere. */
static void damaged(void **state)
{
	struct restore_pv r;
	struct world w;
	off_t size;

	(void)state;
	start(&w);
	assert_int_equal(save(&w, false), 0);
	size = lseek(w.file, 0, SEEK_END);
	/* Behind the flag that says that there is a sum. */
	for (off_t at = 48; at < size; at += at < 1000 ? 5 : 77777) {
		uint8_t byte;

		assert_int_equal(pread(w.file, &byte, 1, at), 1);
		byte ^= 0x41;
		assert_int_equal(pwrite(w.file, &byte, 1, at), 1);
		assert_true(restore(&w, &r) < 0);
		assert_true(w.why.text[0]);
		assert_int_equal(fake_map_count(w.fake), 0);
		assert_int_equal(domctl_destroy(w.c, r.domid), 0);
		byte ^= 0x41;
		assert_int_equal(pwrite(w.file, &byte, 1, at), 1);
	}
	finish(&w);
}

/* A guest that tells nonsense of itself is not saved. */
static void nonsense(void **state)
{
	struct shared_info *shared;
	struct fake_domain *d;
	struct world w;
	uint64_t *entry;

	(void)state;
	start(&w);
	d = &w.fake->domains[w.b.domid];
	shared = fake_frame(w.fake, d->shared_info);
	shared->arch.max_pfn = 1ULL << 40;
	assert_int_equal(save(&w, false), -EINVAL);
	shared->arch.max_pfn = 0;
	assert_int_equal(save(&w, false), -EINVAL);
	shared->arch.max_pfn = PAGES;
	shared->arch.p2m_vaddr += PAGE * PAGES;
	assert_int_equal(save(&w, false), -EINVAL);
	shared->arch.p2m_vaddr -= PAGE * PAGES;
	d->context.user_regs.rdx = FAKE_FIRST + FAKE_FRAMES - 1;
	assert_int_equal(save(&w, false), -EINVAL);
	d->context.user_regs.rdx = 1ULL << 60;
	assert_int_equal(save(&w, false), -EINVAL);
	/* A table that maps what is not its own. */
	entry = fake_frame(w.fake, d->root);
	entry[0] = (FAKE_FIRST + FAKE_FRAMES - 1) << 12 | 1;
	assert_int_equal(save(&w, false), -EINVAL);
	assert_int_equal(fake_map_count(w.fake), 0);
	finish(&w);
}

/* The instruction and the table give the same sums, of each word its own. */
static void page_sums(void **state)
{
	static uint64_t page[PAGE / 8] __attribute__((aligned(16)));
	uint32_t fast[SAVE_SUMS], slow[SAVE_SUMS];

	(void)state;
	assert_true(save_page_is_zero(page));
	for (size_t i = 0; i < PAGE / 8; i++) {
		page[i] = 1ULL << i % 64;
		assert_false(save_page_is_zero(page));
		save_sum_page(page, fast);
		save_sum_page_slow(page, slow);
		assert_memory_equal(fast, slow, sizeof(fast));
		for (size_t j = 0; j < SAVE_SUMS; j++)
			assert_int_equal(!!slow[j], j == i % SAVE_SUMS);
		page[i] = 0;
	}
	for (size_t i = 0; i < PAGE / 8; i++)
		page[i] = i * 0x9e3779b97f4a7c15ULL;
	save_sum_page(page, fast);
	save_sum_page_slow(page, slow);
	assert_memory_equal(fast, slow, sizeof(fast));
}

/* The sum of pages, of which a bit says which hold something. */
static uint64_t sum_of(unsigned int filled, unsigned int count)
{
	static uint64_t page[PAGE / 8] __attribute__((aligned(16)));
	int fd = memfd_create("sum", 0);
	struct save_file f;
	struct why why;
	uint64_t sum;

	assert_int_equal(save_file_begin(&f, fd), 0);
	f.is_sparse = true;
	for (unsigned int i = 0; i < count; i++) {
		struct iovec piece = { page, PAGE };

		page[7] = filled >> i & 1;
		assert_int_equal(save_pages_write(&f, &piece, 1, &why), 0);
	}
	assert_int_equal(f.bytes, count * PAGE);
	sum = save_sum_digest(&f);
	save_file_end(&f);
	close(fd);
	return sum;
}

/* Zeros count where they stand, and how many. */
static void order(void **state)
{
	uint64_t sums[1 << 6];

	(void)state;
	for (unsigned int i = 0; i < 1 << 6; i++) {
		sums[i] = sum_of(i, 6);
		assert_int_not_equal(sums[i], sum_of(i, 5));
		for (unsigned int j = 0; j < i; j++)
			assert_int_not_equal(sums[i], sums[j]);
	}
}

/* Contents of a saved guest begin where pages of the file do. */
static void aligned(void **state)
{
	struct save_record record;
	struct world w;
	off_t at;

	(void)state;
	start(&w);
	assert_int_equal(save(&w, true), 0);
	/* The head of xl's file, its length at its end; three heads more. */
	assert_int_equal(pread(w.file, &record.size, 4, 44), 4);
	at = 48 + record.size + 16 + 8 + 24 + 16;
	assert_int_equal(at % 8, 0);
	for (unsigned int pages = 0;;) {
		assert_int_equal(pread(w.file, &record, sizeof(record), at), 8);
		at += (off_t)sizeof(record);
		if (record.type == LIBXC_END) {
			assert_int_not_equal(pages, 0);
			break;
		}
		at += ((off_t)record.size + 7) & ~7;
		if (record.type == LIBXC_PAGE_DATA) {
			assert_int_equal(at % (off_t)PAGE, 0);
			pages++;
		}
	}
	finish(&w);
}

static void called_off(void **state)
{
	struct world w;

	(void)state;
	start(&w);
	assert_int_equal(save_pv_cancel(w.c, w.b.domid), 0);
	assert_int_equal(w.fake->domains[w.b.domid].context.user_regs.rax, 1);
	assert_int_equal(w.fake->domains[w.b.domid].resumed, 1);
	finish(&w);
}

static int dump(struct world *w, bool sparse)
{
	const struct save_progress none = { NULL, NULL };
	struct save_file f;
	int ret;

	assert_int_equal(ftruncate(w->file, 0), 0);
	assert_int_equal(lseek(w->file, 0, SEEK_SET), 0);
	assert_int_equal(save_file_begin(&f, w->file), 0);
	f.is_sparse = sparse;
	ret = dump_pv(w->c, w->b.domid, &none, &f, &w->why);
	if (!ret)
		assert_int_equal(lseek(w->file, 0, SEEK_END), f.bytes);
	save_file_end(&f);
	return ret;
}

/* A section's bytes in the mapped file; its size. */
static const void *section(const uint8_t *file, const char *name, size_t *size)
{
	const Elf64_Ehdr *elf = (const void *)file;
	const Elf64_Shdr *all = (const void *)(file + elf->e_shoff);
	const char *names = (const char *)file + all[elf->e_shstrndx].sh_offset;

	for (int i = 1; i < elf->e_shnum; i++) {
		assert_int_equal(all[i].sh_offset % all[i].sh_addralign, 0);
		if (strcmp(names + all[i].sh_name, name) != 0)
			continue;
		*size = all[i].sh_size;
		return file + all[i].sh_offset;
	}
	fail_msg("no section %s", name);
	return NULL;
}

static void check_dump(struct world *w, uint64_t pages)
{
	off_t size = lseek(w->file, 0, SEEK_END);
	uint8_t *file =
		mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, w->file, 0);
	struct fake_domain *d = &w->fake->domains[w->b.domid];
	const struct vcpu_guest_context *x;
	const uint64_t *p2m, *header;
	const uint8_t *memory;
	size_t bytes;

	assert_ptr_not_equal(file, MAP_FAILED);
	header = section(file, ".note.Xen", &bytes);
	/* Behind the note without a descriptor and the next one's head. */
	assert_memory_equal((const char *)header + 12, "Xen", 4);
	memcpy(&bytes, (const char *)header + 32, 8);
	assert_int_equal(bytes, 0xf00febed);
	memcpy(&bytes, (const char *)header + 48, 8);
	assert_int_equal(bytes, pages);
	x = section(file, ".xen_prstatus", &bytes);
	assert_int_equal(bytes, sizeof(*x));
	assert_memory_equal(x, &d->context, sizeof(*x));
	assert_memory_equal(section(file, ".xen_shared_info", &bytes),
		fake_frame(w->fake, d->shared_info), PAGE);
	p2m = section(file, ".xen_p2m", &bytes);
	assert_int_equal(bytes, pages * 16);
	memory = section(file, ".xen_pages", &bytes);
	assert_int_equal(bytes, pages * PAGE);
	for (uint64_t i = 0; i < pages; i++) {
		assert_true(!i || p2m[i * 2] > p2m[i * 2 - 2]);
		assert_memory_equal(memory + i * PAGE,
			fake_frame(w->fake, p2m[i * 2 + 1]), PAGE);
	}
	munmap(file, (size_t)size);
}

static void dumped(void **state)
{
	struct fake_domain *d;
	struct shared_info *shared;
	struct start_info *si;
	uint64_t *list;
	struct world w;

	(void)state;
	start(&w);
	d = &w.fake->domains[w.b.domid];
	for (int sparse = 0; sparse < 2; sparse++) {
		assert_int_equal(dump(&w, sparse), 0);
		check_dump(&w, PAGES);
	}
	/* What the guest claims and does not have is left out. */
	si = fake_frame(w.fake, d->context.user_regs.rdx);
	list = (void *)seen(&w, w.b.domid, si->mfn_list);
	list[3] = FAKE_FIRST + FAKE_FRAMES - 1;
	list[4] = 1ULL << 62 | 5;
	list[5] = ~0ULL;
	assert_int_equal(dump(&w, true), 0);
	check_dump(&w, PAGES - 3);
	/* It has not told where its list is; or tells nonsense. */
	shared = fake_frame(w.fake, d->shared_info);
	shared->arch.max_pfn = 0;
	assert_int_equal(dump(&w, true), -EINVAL);
	shared->arch.max_pfn = 1ULL << 40;
	assert_int_equal(dump(&w, true), -EINVAL);
	shared->arch.max_pfn = PAGES;
	/* No call may fail unnoticed, and nothing stays mapped. */
	for (int i = 0; i < 40; i++) {
		w.fake->fail_after = i;
		if (!dump(&w, true))
			break;
		assert_true(w.why.text[0]);
		assert_int_equal(fake_map_count(w.fake), 0);
	}
	assert_int_not_equal(w.fake->fail_after, 39);
	w.fake->fail_after = -1;
	finish(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(damaged),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(page_sums),
		cmocka_unit_test(order),
		cmocka_unit_test(aligned),
		cmocka_unit_test(called_off),
		cmocka_unit_test(dumped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
