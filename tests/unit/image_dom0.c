/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dom0 built on the fake machine from kernels made here: what the new domain
 * finds through its own page tables, in its start_info and in its P2M list
 * is compared with the ABI's promises; then kernels and machines that cannot
 * work, each of which must end in one clear message.
 */
#include "sched_rig.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <tenon/boot.h>
#include <tenon/pagetype.h>
#include <tenon/pte.h>
#include <tenon/pv.h>
#include <public/elfnote.h>

#define FRAMES	  16384 /* 64 MiB */
#define VIRT_BASE 0xffffffff80000000ULL
#define KERNEL_PA 0x200000ULL
#define TEXT_SIZE 0x12345
#define BSS_SIZE  0x54321
#define INIT_P2M  0x8000000000ULL

struct image {
	uint8_t *data;
	size_t size;
};

enum shape {
	LIKE_LINUX = 0, /* list and initrd outside the bootstrap map */
	LIKE_OLD = 1,	/* both inside, and a hypercall page */
	NO_NOTES = 2,
};

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 13 + i / 256);
}

static size_t add_note(uint8_t *p, uint32_t type, uint64_t value)
{
	uint32_t head[3] = { 4, 8, type };

	memcpy(p, head, 12);
	memcpy(p + 12, "Xen", 4);
	memcpy(p + 16, &value, 8);
	return 24;
}

static void make_kernel(struct image *k, enum shape shape)
{
	Elf64_Ehdr eh = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_phoff = sizeof(eh),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = shape == NO_NOTES ? 1 : 2,
	};
	Elf64_Phdr ph[2] = { { 0 }, { 0 } };
	size_t at = sizeof(eh) + sizeof(ph);

	k->data = calloc(1, at + 1000 + TEXT_SIZE);
	assert_non_null(k->data);
	ph[1].p_type = PT_NOTE;
	ph[1].p_offset = at;
	at += add_note(k->data + at, XEN_ELFNOTE_VIRT_BASE, VIRT_BASE);
	at += add_note(
		k->data + at, XEN_ELFNOTE_ENTRY, VIRT_BASE + KERNEL_PA + 0x10);
	if (shape == LIKE_LINUX) {
		at += add_note(k->data + at, XEN_ELFNOTE_INIT_P2M, INIT_P2M);
		at += add_note(k->data + at, XEN_ELFNOTE_MOD_START_PFN, 1);
	} else {
		at += add_note(k->data + at, XEN_ELFNOTE_HYPERCALL_PAGE,
			VIRT_BASE + KERNEL_PA + 0x1000);
	}
	ph[1].p_filesz = at - ph[1].p_offset;
	/* As Linux' per-cpu data: where it goes is in p_paddr alone. */
	ph[0].p_type = PT_LOAD;
	ph[0].p_offset = at;
	ph[0].p_paddr = KERNEL_PA;
	ph[0].p_filesz = TEXT_SIZE;
	ph[0].p_memsz = TEXT_SIZE + BSS_SIZE;
	for (size_t i = 0; i < TEXT_SIZE; i++)
		k->data[at + i] = byte_at(i);
	k->size = at + TEXT_SIZE;
	memcpy(k->data, &eh, sizeof(eh));
	memcpy(k->data + sizeof(eh), ph, sizeof(ph));
}

/* The kernel packed by a program, in a bzImage of protocol 2.15. */
static void make_bzimage(struct image *k, const char *command)
{
	char name[] = "/tmp/tenon-dom0-XXXXXX", line[100];
	uint8_t *packed = calloc(1, k->size + 8192);
	int fd = mkstemp(name);
	uint32_t size;
	FILE *pipe;

	assert_true(packed && fd >= 0);
	assert_int_equal(write(fd, k->data, k->size), k->size);
	close(fd);
	snprintf(line, sizeof(line), "%s <%s", command, name);
	pipe = popen(line, "r");
	assert_non_null(pipe);
	size = (uint32_t)fread(packed + 1024, 1, k->size + 7000, pipe);
	pclose(pipe);
	unlink(name);
	packed[0x1f1] = 1;
	memcpy(packed + 0x1fe, "\x55\xaa", 2);
	memcpy(packed + 0x202, "HdrS\x0f\x02", 6);
	memcpy(packed + 0x24c, &size, 4);
	free(k->data);
	k->data = packed;
	k->size = 1024 + size;
}

/* As the loader leaves a module: frames that the allocator does not have. */
static struct boot_module load(const struct image *image, const char *cmdline)
{
	struct boot_module m = { .size = image->size, .cmdline = cmdline };
	struct page *pg;
	unsigned order = 0;

	while ((PAGE_SIZE << order) < image->size)
		order++;
	pg = page_alloc(order, 0);
	assert_non_null(pg);
	memcpy(page_to_virt(pg), image->data, image->size);
	m.start = page_to_mfn(pg).v << PAGE_SHIFT;
	return m;
}

static void start_machine(uint64_t dom0_mem)
{
	fake_start(FRAMES, 2);
	for (unsigned cpu = 0; cpu < 2; cpu++)
		timer_init_cpu(cpu);
	domain_init();
	sched_init();
	for (unsigned cpu = 0; cpu < 2; cpu++)
		sched_init_cpu(cpu);
	boot_options.dom0_mem.bytes = dom0_mem;
	boot_options.dom0_max_vcpus = 2;
}

/* What dom0 sees at va: a pointer to its end of the page, or NULL. */
static void *look(vaddr_t va, uint64_t *entry)
{
	if (!pt_lookup(dom0->vcpu[0], va, entry))
		return NULL;
	return (uint8_t *)mfn_to_virt(pte_mfn(*entry)) + va % PAGE_SIZE;
}

static void check_kernel(bool has_page)
{
	uint64_t entry;

	for (size_t i = 0; i < TEXT_SIZE + BSS_SIZE; i++) {
		const uint8_t *p = look(VIRT_BASE + KERNEL_PA + i, &entry);

		assert_non_null(p);
		/* The hypercall page overwrites one of its pages. */
		if (has_page && i >= 0x1000 && i < 0x2000)
			continue;
		assert_int_equal(*p, i < TEXT_SIZE ? byte_at(i) : 0);
	}
}

static void check_p2m(const struct start_info *si)
{
	uint64_t entry;

	assert_int_equal(si->nr_pages, dom0->page_count);
	for (uint64_t pfn = 0; pfn < si->nr_pages; pfn++) {
		const uint64_t *mfn = look(si->mfn_list + pfn * 8, &entry);

		assert_non_null(mfn);
		assert_true(entry & PTE_RW);
		assert_true(*mfn < FRAMES);
		assert_int_equal(m2p[*mfn], pfn);
		assert_int_equal(page_owner(mfn_to_page(MFN(*mfn))), 0);
	}
}

/* The map is whole, and read-only exactly where the tables are. */
static uint64_t check_map(const struct start_info *si)
{
	uint64_t pfn, entry, tables = 0;
	uint64_t first = (si->pt_base - VIRT_BASE) >> PAGE_SHIFT;

	for (pfn = 0; look(VIRT_BASE + (pfn << PAGE_SHIFT), &entry); pfn++) {
		bool is_table = pfn >= first && pfn < first + si->nr_pt_frames;

		assert_int_equal(m2p[pte_mfn(entry).v], pfn);
		assert_int_equal(!(entry & PTE_RW), is_table);
		tables += is_table;
	}
	assert_int_equal(tables, si->nr_pt_frames);
	/* To a multiple of 4 MiB, 512 KiB after the last thing at least. */
	assert_int_equal(pfn % 1024, 0);
	assert_true(pfn >= first + si->nr_pt_frames + 1 + 128);
	return pfn;
}

static void check_initrd(const struct start_info *si, const struct image *i,
	uint64_t map_end, enum shape shape)
{
	uint64_t entry, pfn = si->mod_start;

	assert_int_equal(si->mod_len, i->size);
	assert_int_equal(
		!!(si->flags & SIF_MOD_START_PFN), shape == LIKE_LINUX);
	if (shape == LIKE_LINUX)
		assert_true(pfn >= map_end);
	else
		pfn = (pfn - VIRT_BASE) >> PAGE_SHIFT;
	for (size_t n = 0; n < i->size; n++) {
		uint64_t *mfn =
			look(si->mfn_list + (pfn + n / PAGE_SIZE) * 8, &entry);
		const uint8_t *p = mfn_to_virt(MFN(*mfn));

		assert_int_equal(p[n % PAGE_SIZE], i->data[n]);
	}
}

static void check_start(const struct start_info *si, enum shape shape)
{
	const struct arch_vcpu *a = &dom0->vcpu[0]->arch;
	uint64_t entry;

	assert_string_equal(si->magic, "xen-3.0-x86_64");
	assert_true(si->flags & SIF_PRIVILEGED && si->flags & SIF_INITDOMAIN);
	assert_string_equal((const char *)si->cmd_line, "root=/dev/x quiet");
	assert_ptr_equal(directmap + si->shared_info, dom0->shared_info);
	assert_true(a->regs.rip == VIRT_BASE + KERNEL_PA + 0x10);
	assert_true(a->in_kernel);
	/* The stack is the page below rsp, and writable. */
	assert_non_null(look(a->regs.rsp - 8, &entry));
	assert_true(entry & PTE_RW);
	assert_int_equal(type_of(mfn_to_page(a->root)->type), PT_L4);
	assert_true(mfn_to_page(a->root)->type & TYPE_PINNED);
	assert_int_equal(
		!!(si->flags & SIF_VIRT_P2M_4TOOLS), shape == LIKE_LINUX);
	if (shape == LIKE_LINUX) {
		assert_true(si->mfn_list == INIT_P2M);
		assert_true(
			si->first_p2m_pfn + si->nr_p2m_frames <= si->nr_pages);
	}
}

static void build_one(enum shape shape, const char *packer, uint64_t dom0_mem)
{
	struct image kernel, initrd = { .size = 70001 };
	struct boot_module k, i;
	const struct start_info *si;
	uint64_t entry;

	start_machine(dom0_mem);
	make_kernel(&kernel, shape);
	if (packer)
		make_bzimage(&kernel, packer);
	initrd.data = malloc(initrd.size);
	assert_non_null(initrd.data);
	for (size_t n = 0; n < initrd.size; n++)
		initrd.data[n] = (uint8_t)(n * 7 + n / 300);
	k = load(&kernel, "root=/dev/x quiet");
	i = load(&initrd, NULL);
	pv_start_dom0(&k, &i);
	page_audit();
	pagetype_audit(NULL);

	si = look(dom0->vcpu[0]->arch.regs.rsi, &entry);
	assert_non_null(si);
	if (dom0_mem)
		assert_int_equal(si->nr_pages, dom0_mem >> PAGE_SHIFT);
	check_start(si, shape);
	check_kernel(shape == LIKE_OLD);
	check_p2m(si);
	check_initrd(si, &initrd, check_map(si), shape);
	free(initrd.data);
	free(kernel.data);
	dom0 = NULL;
	fake_stop();
}

static void test_like_linux(void **state)
{
	(void)state;
	build_one(LIKE_LINUX, NULL, MIB(24));
}

static void test_like_old(void **state)
{
	(void)state;
	build_one(LIKE_OLD, NULL, MIB(20) + 3 * PAGE_SIZE);
}

static void test_packed(void **state)
{
	(void)state;
	build_one(LIKE_LINUX, "gzip -9c", MIB(16));
	build_one(LIKE_LINUX,
		"(xz -c --check=crc32 --x86 --lzma2=preset=6; printf 1234)",
		MIB(16));
}

static void expect_message(
	struct image *kernel, uint64_t dom0_mem, const char *part)
{
	struct boot_module m;

	start_machine(dom0_mem);
	m = load(kernel, NULL);
	if (fake_panics()) {
		if (!strstr(fake_panic_text, part))
			fail_msg("'%s' does not say '%s'", fake_panic_text,
				part);
	} else {
		pv_start_dom0(&m, NULL);
		fail_msg("it started; expected '%s'", part);
	}
	fake_panic_end();
	dom0 = NULL;
	fake_stop();
}

static void test_bad_kernels(void **state)
{
	struct image k;

	(void)state;
	make_kernel(&k, LIKE_LINUX);
	expect_message(&k, MIB(1), "dom0_mem");
	expect_message(&k, GIB(1), "dom0_mem");
	k.size /= 2;
	expect_message(&k, MIB(16), "cut off");
	k.data[0] = 'x';
	expect_message(&k, MIB(16), "not a kernel");
	free(k.data);
	make_kernel(&k, NO_NOTES);
	expect_message(&k, MIB(16), "paravirtual");
	free(k.data);
	make_kernel(&k, LIKE_LINUX);
	make_bzimage(&k, "xz -c --check=crc32");
	k.data[k.size - 200] ^= 1;
	expect_message(&k, MIB(16), "corrupt");
	k.size -= 50;
	expect_message(&k, MIB(16), "cut off");
	free(k.data);
	make_kernel(&k, LIKE_LINUX);
	/* One segment of 1 GiB, then of 1 TiB. */
	k.data[64 + 40 + 3] = 0x40;
	expect_message(&k, MIB(16), "dom0_mem");
	k.data[64 + 40 + 5] = 1;
	expect_message(&k, MIB(16), "address space");
	free(k.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_linux),
		cmocka_unit_test(test_like_old),
		cmocka_unit_test(test_packed),
		cmocka_unit_test(test_bad_kernels),
	};

	if (system("xz --version >/dev/null 2>&1 && "
		   "gzip --version >/dev/null 2>&1"))
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
