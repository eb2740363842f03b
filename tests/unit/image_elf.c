/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF and bzImage reading: a kernel made here field by field, then the same
 * with one thing wrong at a time.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <public/elfnote.h>
#include <public/features.h>
#include <tenon/bzimage.h>
#include <tenon/elf.h>

#define VIRT_BASE 0xffffffff80000000ULL

static struct kernel {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[4];
	uint8_t notes[600];
	uint8_t text[64];
} k;

static size_t notes_size;

static void add_note(uint32_t type, const void *data, uint32_t size)
{
	uint32_t head[3] = { 4, size, type };
	uint8_t *p = k.notes + notes_size;

	memcpy(p, head, sizeof(head));
	memcpy(p + 12, "Xen", 4);
	memcpy(p + 16, data, size);
	notes_size += 16 + (size + 3) / 4 * 4;
	k.ph[3].p_filesz = notes_size;
}

static void add_number(uint32_t type, uint64_t v)
{
	add_note(type, &v, 8);
}

static void add_text(uint32_t type, const char *s)
{
	add_note(type, s, (uint32_t)strlen(s) + 1);
}

static void set_segment(int i, uint64_t vaddr, uint64_t paddr, uint64_t memsz)
{
	k.ph[i] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_X,
		.p_offset = offsetof(struct kernel, text),
		.p_vaddr = vaddr,
		.p_paddr = paddr,
		.p_filesz = sizeof(k.text),
		.p_memsz = memsz,
	};
}

/* Shaped like Debian's vmlinux, per-cpu segment at address 0 and all. */
static int make_kernel(void **state)
{
	const uint64_t valid[2] = { 1, 1 };

	(void)state;
	memset(&k, 0, sizeof(k));
	notes_size = 0;
	memcpy(k.eh.e_ident, ELFMAG, SELFMAG);
	k.eh.e_ident[EI_CLASS] = ELFCLASS64;
	k.eh.e_ident[EI_DATA] = ELFDATA2LSB;
	k.eh.e_type = ET_EXEC;
	k.eh.e_machine = EM_X86_64;
	k.eh.e_entry = 0x1000000;
	k.eh.e_phoff = offsetof(struct kernel, ph);
	k.eh.e_phentsize = sizeof(k.ph[0]);
	k.eh.e_phnum = 4;
	set_segment(0, VIRT_BASE + 0x1000000, 0x1000000, 0x10000);
	set_segment(1, 0, 0x1010000, 0x1000);
	set_segment(2, VIRT_BASE + 0x1011000, 0x1011000, 0x5000);
	k.ph[3].p_type = PT_NOTE;
	k.ph[3].p_offset = offsetof(struct kernel, notes);
	add_text(XEN_ELFNOTE_GUEST_OS, "linux");
	add_text(XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
	add_number(XEN_ELFNOTE_VIRT_BASE, VIRT_BASE);
	add_number(XEN_ELFNOTE_INIT_P2M, 0x8000000000);
	add_number(XEN_ELFNOTE_ENTRY, VIRT_BASE + 0x1011010);
	add_text(XEN_ELFNOTE_FEATURES,
		"!writable_page_tables|pae_pgdir_above_4gb");
	add_note(XEN_ELFNOTE_SUPPORTED_FEATURES, "\x01\x88\0\0", 4);
	add_text(XEN_ELFNOTE_LOADER, "generic");
	add_note(XEN_ELFNOTE_L1_MFN_VALID, valid, sizeof(valid));
	add_note(XEN_ELFNOTE_MOD_START_PFN, "\1\0\0", 4);
	add_note(XEN_ELFNOTE_SUSPEND_CANCEL, "\1\0\0", 4);
	return 0;
}

static int read_kernel(struct xen_elf *xen)
{
	const char *why = NULL;
	struct elf elf;
	int rc = elf_open(&elf, &k, sizeof(k), &why);

	if (!rc)
		rc = xen_elf_read(xen, &elf, &why);
	if (rc)
		assert_non_null(why);
	return rc;
}

static void test_good(void **state)
{
	const char *why = NULL;
	struct elf_segment s;
	uint32_t cursor = 0;
	struct xen_elf xen;
	struct elf elf;

	(void)state;
	assert_int_equal(read_kernel(&xen), 0);
	assert_true(xen.virt_base == VIRT_BASE);
	assert_true(xen.entry == VIRT_BASE + 0x1011010);
	assert_true(xen.virt_start == VIRT_BASE + 0x1000000);
	assert_true(xen.virt_end == VIRT_BASE + 0x1016000);
	assert_true(xen.has_init_p2m && xen.init_p2m == 0x8000000000);
	assert_false(xen.has_hypercall_page || xen.has_phys32_entry);
	assert_true(xen.mod_start_pfn && xen.suspend_cancel);
	assert_true(xen.l1_valid_mask == 1 && xen.l1_valid_value == 1);
	assert_int_equal(xen.supported_features,
		0x8801 | 1 << XENFEAT_pae_pgdir_above_4gb);
	assert_int_equal(
		xen.required_features, 1 << XENFEAT_writable_page_tables);
	assert_string_equal(xen.guest_os, "linux");
	assert_string_equal(xen.loader, "generic");

	assert_int_equal(elf_open(&elf, &k, sizeof(k), &why), 0);
	assert_true(elf_next_segment(&elf, &cursor, &s));
	assert_true(elf_next_segment(&elf, &cursor, &s));
	assert_true(s.vaddr == 0 && s.mem_size == 0x1000);
	assert_true(xen_elf_virt(&xen, &s) == VIRT_BASE + 0x1010000);
	assert_ptr_equal(s.data, k.text);
	assert_true(elf_next_segment(&elf, &cursor, &s));
	assert_false(elf_next_segment(&elf, &cursor, &s));
}

static void test_every_truncation(void **state)
{
	const char *why;
	struct elf elf;

	(void)state;
	for (size_t n = 0; n < sizeof(k); n++) {
		uint8_t *copy = malloc(n ? n : 1);
		int rc;

		memcpy(copy, &k, n);
		why = NULL;
		rc = elf_open(&elf, copy, n, &why);
		assert_int_equal(rc, n < 4 ? -ENOEXEC : -ENODATA);
		assert_non_null(why);
		free(copy);
	}
}

#define expect_bad(rc, ...)                              \
	do {                                             \
		struct xen_elf xen;                      \
		make_kernel(NULL);                       \
		__VA_ARGS__;                             \
		assert_int_equal(read_kernel(&xen), rc); \
	} while (0)

static void test_bad_headers(void **state)
{
	(void)state;
	expect_bad(-ENOEXEC, k.eh.e_ident[0] = 0);
	expect_bad(-ENOEXEC, k.eh.e_ident[EI_CLASS] = ELFCLASS32);
	expect_bad(-ENOEXEC, k.eh.e_ident[EI_DATA] = ELFDATA2MSB);
	expect_bad(-ENOEXEC, k.eh.e_machine = EM_AARCH64);
	expect_bad(-ENOEXEC, k.eh.e_type = ET_REL);
	expect_bad(-EINVAL, k.eh.e_phnum = 0);
	expect_bad(-EINVAL, k.eh.e_phnum = 0xffff);
	expect_bad(-EINVAL, k.eh.e_phentsize = 55);
	expect_bad(-ENODATA, k.eh.e_phoff = UINT64_MAX - 8);
	expect_bad(-EINVAL, k.ph[0].p_memsz = 8);
	expect_bad(-ENODATA, k.ph[0].p_filesz = UINT64_MAX);
	expect_bad(-ENODATA, k.ph[0].p_offset = UINT64_MAX);
	expect_bad(-EINVAL, k.ph[0].p_paddr = UINT64_MAX - 5);
	expect_bad(-EINVAL, k.ph[0].p_vaddr = UINT64_MAX - 5);
	expect_bad(-EINVAL, k.ph[1].p_paddr = 0x80000000);
	expect_bad(-EINVAL,
		k.ph[0].p_type = k.ph[1].p_type = k.ph[2].p_type = PT_NULL);
}

static void test_bad_notes(void **state)
{
	(void)state;
	expect_bad(-EOPNOTSUPP, k.ph[3].p_type = PT_NULL);
	expect_bad(-EINVAL, add_note(XEN_ELFNOTE_ENTRY, "abc", 3));
	expect_bad(-EINVAL, add_number(XEN_ELFNOTE_ENTRY, 5));
	expect_bad(-EINVAL, add_number(XEN_ELFNOTE_PADDR_OFFSET, 0x2000000));
	expect_bad(-EINVAL,
		add_number(XEN_ELFNOTE_HYPERCALL_PAGE, VIRT_BASE + 0x1011010));
	expect_bad(-EINVAL,
		add_number(XEN_ELFNOTE_HYPERCALL_PAGE, VIRT_BASE + 0x1016000));
	expect_bad(0,
		add_number(XEN_ELFNOTE_HYPERCALL_PAGE, VIRT_BASE + 0x1012000));
	expect_bad(-EOPNOTSUPP,
		add_text(XEN_ELFNOTE_FEATURES, "!auto_translated_physmap"));
	expect_bad(
		-EOPNOTSUPP, add_text(XEN_ELFNOTE_FEATURES, "dom0|!telepathy"));
	expect_bad(0, add_text(XEN_ELFNOTE_FEATURES, "telepathy||!dom0|"));
	expect_bad(0, add_text(XEN_ELFNOTE_GUEST_OS,
			      "a name that is longer than its field"));
	/* A note whose size runs out of its segment ends the notes. */
	expect_bad(0, k.ph[3].p_filesz -= 3);
}

/* Any single wrong byte: no crash, and 0 or a clean error. */
static void test_any_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < offsetof(struct kernel, text); i++) {
		for (int v = 0; v < 256; v += 51) {
			struct xen_elf xen;
			uint8_t *p = (uint8_t *)&k + i;
			uint8_t old = *p;

			*p = (uint8_t)v;
			assert_true(read_kernel(&xen) <= 0);
			*p = old;
		}
	}
}

static void test_bzimage(void **state)
{
	uint8_t image[4096] = { 0 };
	const void *payload;
	uint32_t n = 100;
	size_t size;

	(void)state;
	assert_int_equal(bzimage_payload(image, sizeof(image), &payload, &size),
		-ENOEXEC);
	image[0x1f1] = 1;
	image[0x1fe] = 0x55;
	image[0x1ff] = 0xaa;
	memcpy(image + 0x202, "HdrS", 4);
	image[0x207] = 2;
	image[0x206] = 7;
	memcpy(image + 0x248, &n, 4);
	n = 2000;
	memcpy(image + 0x24c, &n, 4);
	assert_int_equal(bzimage_payload(image, sizeof(image), &payload, &size),
		-EOPNOTSUPP);
	image[0x206] = 15;
	assert_int_equal(
		bzimage_payload(image, sizeof(image), &payload, &size), 0);
	assert_ptr_equal(payload, image + 1024 + 100);
	assert_int_equal(size, 2000);
	assert_int_equal(
		bzimage_payload(image, 3123, &payload, &size), -ENODATA);
	assert_int_equal(bzimage_payload(image, 3124, &payload, &size), 0);
	assert_int_equal(
		bzimage_payload(image, 0x24f, &payload, &size), -ENOEXEC);
	memset(image + 0x248, 0xff, 8);
	assert_int_equal(bzimage_payload(image, sizeof(image), &payload, &size),
		-ENODATA);
	/* 0 stands for 4 sectors. */
	image[0x1f1] = 0;
	memset(image + 0x248, 0, 8);
	assert_int_equal(
		bzimage_payload(image, sizeof(image), &payload, &size), 0);
	assert_ptr_equal(payload, image + 5 * 512);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_good, make_kernel),
		cmocka_unit_test_setup(test_every_truncation, make_kernel),
		cmocka_unit_test(test_bad_headers),
		cmocka_unit_test(test_bad_notes),
		cmocka_unit_test_setup(test_any_byte, make_kernel),
		cmocka_unit_test(test_bzimage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
