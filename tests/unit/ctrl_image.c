/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image reader: kernels made here, whole, packed, cut off and bent, go
 * through the sandboxed child as a user's would.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <lz4.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <tenonctrl/image.h>
#include <tenonctrl/why.h>
#include <public/elfnote.h>

#define MEMORY (64ULL << 20)
#define VIRT   0xffffffff80000000ULL
#define SIZE   32768U
#define NOTES  0x400U
#define DATA   0x1000U

static char path[] = "/tmp/ctrl_image.XXXXXX";

static size_t add_note(
	uint8_t *at, uint32_t type, const void *value, uint32_t len)
{
	Elf64_Nhdr head = { 4, len, type };
	uint32_t padded = (len + 3) & ~3U;

	memcpy(at, &head, sizeof(head));
	memcpy(at + sizeof(head), "Xen", 4);
	memset(at + sizeof(head) + 4, 0, padded);
	memcpy(at + sizeof(head) + 4, value, len);
	return sizeof(head) + 4 + padded;
}

/* A kernel of one segment at 16 MiB. */
static void make_elf(uint8_t *elf)
{
	Elf64_Ehdr *head = (void *)elf;
	Elf64_Phdr *seg = (void *)(elf + sizeof(*head));
	uint64_t virt = VIRT, entry = VIRT + 0x1000000, p2m = 0x8000000000;
	uint32_t one = 1;
	size_t at = NOTES;

	memset(elf, 0, SIZE);
	memcpy(head->e_ident, ELFMAG, SELFMAG);
	head->e_ident[EI_CLASS] = ELFCLASS64;
	head->e_ident[EI_DATA] = ELFDATA2LSB;
	head->e_type = ET_EXEC;
	head->e_machine = EM_X86_64;
	head->e_phoff = sizeof(*head);
	head->e_phentsize = sizeof(*seg);
	head->e_phnum = 2;
	at += add_note(elf + at, XEN_ELFNOTE_GUEST_OS, "linux", 6);
	at += add_note(elf + at, XEN_ELFNOTE_VIRT_BASE, &virt, 8);
	at += add_note(elf + at, XEN_ELFNOTE_ENTRY, &entry, 8);
	at += add_note(elf + at, XEN_ELFNOTE_INIT_P2M, &p2m, 8);
	at += add_note(elf + at, XEN_ELFNOTE_MOD_START_PFN, &one, 4);
	seg[0] = (Elf64_Phdr){ .p_type = PT_LOAD,
		.p_offset = DATA,
		.p_paddr = 0x1000000,
		.p_filesz = SIZE - DATA,
		.p_memsz = SIZE };
	seg[1] = (Elf64_Phdr){
		.p_type = PT_NOTE, .p_offset = NOTES, .p_filesz = at - NOTES
	};
	for (uint32_t i = DATA; i < SIZE; i++)
		elf[i] = (uint8_t)(i * 7 ^ i >> 8);
}

static void put_file(const void *bytes, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static int open_bytes(const void *bytes, size_t size, struct why *why)
{
	struct image image;
	char data[16];
	uint8_t elf[SIZE];
	int ret;

	put_file(bytes, size);
	ret = image_open(path, MEMORY, &image, why);
	if (ret)
		return ret;
	make_elf(elf);
	assert_int_equal(image.plan.segment_count, 1);
	assert_int_equal(image.plan.entry, VIRT + 0x1000000);
	assert_int_equal(image.plan.init_p2m, 0x8000000000);
	assert_true(image.plan.mod_start_pfn);
	assert_string_equal(image.plan.guest_os, "linux");
	assert_int_equal(pread(image.fd, data, sizeof(data),
				 (off_t)image.plan.segments[0].offset),
		sizeof(data));
	assert_memory_equal(data, elf + DATA, sizeof(data));
	image_close(&image);
	return 0;
}

static size_t pack_gzip(const uint8_t *from, uint8_t *to, size_t room)
{
	z_stream z = { .next_in = (void *)from,
		.avail_in = SIZE,
		.next_out = to,
		.avail_out = (unsigned int)room };

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, 0), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return room - z.avail_out;
}

static size_t pack_xz(const uint8_t *from, uint8_t *to, size_t room)
{
	size_t at = 0;

	assert_int_equal(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL,
				 from, SIZE, to, &at, room),
		LZMA_OK);
	return at;
}

static size_t pack_zstd(const uint8_t *from, uint8_t *to, size_t room)
{
	size_t size = ZSTD_compress(to, room, from, SIZE, 19);

	assert_false(ZSTD_isError(size));
	return size;
}

/* LZ4's legacy frame, in two blocks. */
static size_t pack_lz4(const uint8_t *from, uint8_t *to, size_t room)
{
	uint32_t magic = 0x184c2102;
	size_t at = sizeof(magic);

	memcpy(to, &magic, sizeof(magic));
	for (size_t i = 0; i < 2; i++) {
		int n = LZ4_compress_default(
			(const char *)from + i * (SIZE / 2),
			(char *)to + at + 4, SIZE / 2, (int)(room - at - 4));

		assert_true(n > 0);
		memcpy(to + at, &n, 4);
		at += 4 + (size_t)n;
	}
	return at;
}

/* A bzImage of protocol 2.15 around a packed kernel. */
static size_t make_bzimage(uint8_t *to, const uint8_t *packed, size_t size)
{
	uint32_t offset = 64, length = (uint32_t)size + 4, whole = SIZE;

	memset(to, 0, 2048);
	to[0x1f1] = 1;
	memcpy(to + 0x202, "HdrS", 4);
	to[0x206] = 15;
	to[0x207] = 2;
	memcpy(to + 0x248, &offset, 4);
	memcpy(to + 0x24c, &length, 4);
	memcpy(to + 1024 + offset, packed, size);
	memcpy(to + 1024 + offset + size, &whole, 4);
	return 1024 + offset + size + 4;
}

static void whole_and_packed(void **state)
{
	uint8_t elf[SIZE], packed[2 * SIZE], bz[3 * SIZE];
	struct why why = { "" };
	size_t size;

	(void)state;
	make_elf(elf);
	assert_int_equal(open_bytes(elf, SIZE, &why), 0);
	size = pack_gzip(elf, packed, sizeof(packed));
	assert_int_equal(open_bytes(packed, size, &why), 0);
	assert_int_equal(
		open_bytes(bz, make_bzimage(bz, packed, size), &why), 0);
	assert_int_equal(open_bytes(packed, size / 2, &why), -EILSEQ);
	size = pack_xz(elf, packed, sizeof(packed));
	assert_int_equal(
		open_bytes(bz, make_bzimage(bz, packed, size), &why), 0);
	/* Cut off, and bent in the middle. */
	assert_int_equal(open_bytes(bz, 1500, &why), -EILSEQ);
	assert_non_null(strstr(why.text, "cut off"));
	make_bzimage(bz, packed, size);
	bz[1088 + size / 2] ^= 1;
	assert_int_equal(open_bytes(bz, 1088 + size + 4, &why), -EILSEQ);
	memcpy(bz + 1088, "\x89LZO\0\r", 6);
	assert_int_equal(open_bytes(bz, 1088 + size + 4, &why), -ENOTSUP);
	assert_non_null(strstr(why.text, "lzo"));
}

static void lz4_and_zstd(void **state)
{
	uint8_t elf[SIZE], packed[2 * SIZE], bz[3 * SIZE];
	struct why why = { "" };
	size_t size, whole;

	(void)state;
	make_elf(elf);
	size = pack_zstd(elf, packed, sizeof(packed));
	assert_int_equal(open_bytes(packed, size, &why), 0);
	assert_int_equal(open_bytes(packed, size - 1, &why), -EILSEQ);
	whole = make_bzimage(bz, packed, size);
	assert_int_equal(open_bytes(bz, whole, &why), 0);
	bz[1088 + 4] |= 8; /* a reserved bit of the frame's header */
	assert_int_equal(open_bytes(bz, whole, &why), -EILSEQ);
	assert_non_null(strstr(why.text, "zstd"));

	size = pack_lz4(elf, packed, sizeof(packed));
	assert_int_equal(open_bytes(packed, size, &why), 0);
	assert_int_equal(open_bytes(packed, size - 1, &why), -EILSEQ);
	whole = make_bzimage(bz, packed, size);
	assert_int_equal(open_bytes(bz, whole, &why), 0);
	/* Another size behind it; a block larger than the file. */
	bz[whole - 4] ^= 1;
	assert_int_equal(open_bytes(bz, whole, &why), -EILSEQ);
	assert_non_null(strstr(why.text, "lz4"));
	bz[whole - 4] ^= 1;
	bz[1088 + 7] = 0x7f;
	assert_int_equal(open_bytes(bz, whole, &why), -EILSEQ);
	bz[1088 + 7] = 0;
	bz[1088 + 6] = 0x10;
	assert_int_equal(open_bytes(bz, whole, &why), -EILSEQ);
}

static void refused(void **state)
{
	uint8_t elf[SIZE];
	Elf64_Ehdr *head = (void *)elf;
	Elf64_Phdr *seg = (void *)(elf + sizeof(*head));
	struct why why = { "" };
	struct image image;

	(void)state;
	assert_int_equal(
		image_open("/nonexistent", MEMORY, &image, &why), -ENOENT);
	assert_int_equal(image_open("/tmp", MEMORY, &image, &why), -ENOEXEC);
	assert_int_equal(open_bytes("hello", 5, &why), -ENOEXEC);
	assert_int_equal(open_bytes("", 0, &why), -ENOEXEC);
	make_elf(elf);
	seg[1].p_type = PT_NULL;
	assert_int_equal(open_bytes(elf, SIZE, &why), -ENOEXEC);
	assert_non_null(strstr(why.text, "no Xen notes"));
	make_elf(elf);
	assert_int_equal(open_bytes(elf, SIZE - 1, &why), -EILSEQ);
	seg[0].p_memsz = MEMORY;
	assert_int_equal(open_bytes(elf, SIZE, &why), -EFBIG);
	make_elf(elf);
	seg[0].p_paddr = UINT64_MAX - 10;
	assert_int_equal(open_bytes(elf, SIZE, &why), -EILSEQ);
	make_elf(elf);
	head->e_machine = EM_AARCH64;
	assert_int_equal(open_bytes(elf, SIZE, &why), -ENOEXEC);
	make_elf(elf);
	head->e_phoff = UINT64_MAX - 20;
	assert_int_equal(open_bytes(elf, SIZE, &why), -EILSEQ);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_and_packed),
		cmocka_unit_test(lz4_and_zstd),
		cmocka_unit_test(refused),
	};
	int fd = mkstemp(path), ret;

	if (fd < 0)
		return 1;
	close(fd);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return ret;
}
