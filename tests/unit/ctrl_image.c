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
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <lz4.h>
#include <lzma.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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
	ret = image_open(path, MEMORY, NULL, &image, why);
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

/* The same kernel as older ones describe themselves, by a section's text. */
static void put_text(uint8_t *elf, const char *text)
{
	static const char names[] = "\0.shstrtab\0__xen_guest";
	Elf64_Ehdr *head = (void *)elf;
	Elf64_Phdr *seg = (void *)(elf + sizeof(*head));
	Elf64_Shdr *sections = (void *)(elf + 0x200);

	make_elf(elf);
	seg[1].p_type = PT_NULL;
	head->e_shoff = 0x200;
	head->e_shentsize = sizeof(*sections);
	head->e_shnum = 3;
	head->e_shstrndx = 1;
	memset(elf + 0x200, 0, 0x600);
	memcpy(elf + 0x300, names, sizeof(names));
	memcpy(elf + 0x340, text, strlen(text) + 1);
	sections[1] = (Elf64_Shdr){
		.sh_name = 1, .sh_offset = 0x300, .sh_size = sizeof(names)
	};
	sections[2] = (Elf64_Shdr){
		.sh_name = 11, .sh_offset = 0x340, .sh_size = strlen(text) + 1
	};
}

static void old_kernels(void **state)
{
	static const char text[] =
		"GUEST_OS=GNU Mach,XEN_VER=xen-3.0,VIRT_BASE=0xffffffff70000000,"
		"VIRT_ENTRY=0xffffffff80000000,ELF_PADDR_OFFSET=0xff0000,"
		"HYPERCALL_PAGE=0x12,LOADER=generic,PAE=yes";
	uint8_t elf[SIZE];
	Elf64_Ehdr *head = (void *)elf;
	Elf64_Shdr *sections = (void *)(elf + 0x200);
	struct image image;
	struct why why = { "" };

	(void)state;
	put_text(elf, text);
	put_file(elf, SIZE);
	assert_int_equal(image_open(path, MEMORY, NULL, &image, &why), -EILSEQ);
	/* The entry lies in it now. */
	memcpy(strstr((char *)elf + 0x340, "80000000"), "70012000", 8);
	put_file(elf, SIZE);
	assert_int_equal(image_open(path, MEMORY, NULL, &image, &why), 0);
	assert_int_equal(image.plan.paddr_start, 0x10000);
	assert_int_equal(image.plan.virt_base, 0xffffffff70000000);
	assert_int_equal(image.plan.entry, 0xffffffff70012000);
	assert_int_equal(image.plan.hypercall_page, 0xffffffff70012000);
	assert_string_equal(image.plan.guest_os, "GNU Mach");
	image_close(&image);

	/* What is wrong with it is said, and nothing beyond it is read. */
	sections[2].sh_size = 2000;
	assert_int_equal(open_bytes(elf, SIZE, &why), -EILSEQ);
	assert_non_null(strstr(why.text, "__xen_guest"));
	sections[2].sh_size = 200;
	sections[2].sh_offset = SIZE - 100;
	assert_int_equal(open_bytes(elf, SIZE, &why), -EILSEQ);
	sections[2].sh_name = ~0U;
	assert_int_equal(open_bytes(elf, SIZE, &why), -ENOEXEC);
	head->e_shstrndx = 3;
	assert_int_equal(open_bytes(elf, SIZE, &why), -ENOEXEC);
	put_text(elf, "LOADER=none");
	assert_int_equal(open_bytes(elf, SIZE, &why), -ENOEXEC);
	assert_non_null(strstr(why.text, "'none'"));
	put_text(elf, ",,=,VIRT_BASE");
	assert_int_equal(open_bytes(elf, SIZE, &why), -ENOEXEC);
	assert_non_null(strstr(why.text, "no Xen notes"));
}

static void refused(void **state)
{
	uint8_t elf[SIZE];
	Elf64_Ehdr *head = (void *)elf;
	Elf64_Phdr *seg = (void *)(elf + sizeof(*head));
	struct why why = { "" };
	struct image image;

	(void)state;
	assert_int_equal(image_open("/nonexistent", MEMORY, NULL, &image, &why),
		-ENOENT);
	assert_int_equal(
		image_open("/tmp", MEMORY, NULL, &image, &why), -ENOEXEC);
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
	assert_non_null(strstr(why.text, "not a 64-bit x86 kernel"));
	/* i386 in the same place of both kinds of header. */
	make_elf(elf);
	head->e_ident[EI_CLASS] = ELFCLASS32;
	head->e_machine = EM_386;
	assert_int_equal(open_bytes(elf, SIZE, &why), -ENOEXEC);
	assert_non_null(strstr(why.text, "32-bit kernel"));
	make_elf(elf);
	head->e_phoff = UINT64_MAX - 20;
	assert_int_equal(open_bytes(elf, SIZE, &why), -EILSEQ);
}

/* The cache's folder, and the only entry in it. */
static char cache[] = "/tmp/ctrl_cache.XXXXXX", entry[sizeof(cache) + 256];

/* How many entries there are; the last one's path goes to `entry`. */
static int count_entries(void)
{
	DIR *list = opendir(cache);
	struct dirent *e;
	int count = 0;

	assert_non_null(list);
	while ((e = readdir(list))) {
		if (strncmp(e->d_name, "kernel-", 7) != 0)
			continue;
		snprintf(entry, sizeof(entry), "%s/%s", cache, e->d_name);
		count++;
	}
	closedir(list);
	return count;
}

/* Opens the kernel in `path`; whether what was unpacked came from the cache. */
static bool open_cached(uint64_t first_byte)
{
	struct image image;
	struct stat used, kept;
	struct why why;
	uint8_t elf[SIZE], data[SIZE - DATA];

	assert_int_equal(image_open(path, MEMORY, cache, &image, &why), 0);
	make_elf(elf);
	elf[DATA] = (uint8_t)first_byte;
	assert_int_equal(
		pread(image.fd, data, sizeof(data), DATA), sizeof(data));
	assert_memory_equal(data, elf + DATA, sizeof(data));
	assert_int_equal(fstat(image.fd, &used), 0);
	image_close(&image);
	return count_entries() && !stat(entry, &kept) &&
	       kept.st_ino == used.st_ino && kept.st_dev == used.st_dev;
}

static void put_packed(uint8_t first_byte)
{
	uint8_t elf[SIZE], packed[2 * SIZE];

	make_elf(elf);
	elf[DATA] = first_byte;
	put_file(packed, pack_xz(elf, packed, sizeof(packed)));
}

static void bend_entry(off_t at)
{
	int fd = open(entry, O_RDWR);
	uint8_t byte;

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void bent_entries(void)
{
	static const off_t places[] = { 0, DATA, SIZE - 1, SIZE, SIZE + 8,
		SIZE + 16, SIZE + 40, SIZE + 72, SIZE + 87 };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		bend_entry(places[i]);
		assert_true(open_cached(1) || count_entries() == 1);
		/* It was replaced, not believed. */
		assert_true(open_cached(1));
	}
	assert_int_equal(truncate(entry, SIZE), 0);
	open_cached(1);
	assert_true(open_cached(1));
	assert_int_equal(truncate(entry, 0), 0);
	open_cached(1);
	assert_true(open_cached(1));
	/* A folder, or an entry, to which others write is none. */
	assert_int_equal(chmod(cache, 0770), 0);
	assert_false(open_cached(1));
	assert_int_equal(chmod(cache, 0700), 0);
	assert_true(open_cached(1));
	assert_int_equal(chmod(entry, 0620), 0);
	open_cached(1);
	assert_true(open_cached(1));
	assert_int_equal(unlink(entry), 0);
	assert_int_equal(symlink(path, entry), 0);
	open_cached(1);
	assert_true(open_cached(1));
}

/* Old entries go when there is no room; what is not an entry stays. */
static void bounded(void)
{
	char old[sizeof(cache) + 64], other[sizeof(cache) + 64];
	struct timespec past[2] = { { 1000, 0 }, { 1000, 0 } };
	int fd;

	assert_int_equal(unlink(entry), 0);
	snprintf(old, sizeof(old), "%s/kernel-%032d", cache, 0);
	snprintf(other, sizeof(other), "%s/kernel-%031d", cache, 0);
	close(open(other, O_CREAT | O_RDWR, 0600));
	assert_int_equal(truncate(other, 1LL << 30), 0);
	fd = open(old, O_CREAT | O_RDWR, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 512LL << 20), 0);
	assert_int_equal(futimens(fd, past), 0);
	close(fd);
	open_cached(1);
	assert_int_equal(access(old, F_OK), -1);
	assert_int_equal(access(other, F_OK), 0);
	assert_int_equal(unlink(other), 0);
	assert_true(open_cached(1));
}

/* Makers at once, of whom some are killed anywhere: whole entries, or none. */
static void makers_at_once(void)
{
	for (int round = 0; round < 40; round++) {
		pid_t pids[3];

		if (count_entries())
			assert_int_equal(unlink(entry), 0);
		for (int i = 0; i < 3; i++) {
			pids[i] = fork();
			if (!pids[i]) {
				struct image image;
				struct why why;

				_exit(image_open(path, MEMORY, cache, &image,
					      &why) != 0);
			}
		}
		usleep((useconds_t)(round * 200));
		kill(pids[0], SIGKILL);
		for (int i = 0; i < 3; i++) {
			int status;

			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_true(i == 0 || status == 0);
		}
		assert_int_equal(count_entries(), 1);
		assert_true(open_cached(1));
	}
}

static void kept_in_a_cache(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(cache));
	put_packed(1);
	/* Just written: a second change might not show in its times. */
	assert_false(open_cached(1));
	assert_int_equal(count_entries(), 0);
	sleep(4);
	assert_false(open_cached(1) && !count_entries());
	assert_int_equal(count_entries(), 1);
	assert_true(open_cached(1));
	bent_entries();
	bounded();
	makers_at_once();
	/* Another content, of the same size and under the same name. */
	put_packed(2);
	assert_false(open_cached(2));
	assert_int_equal(count_entries(), 1);
	assert_int_equal(unlink(entry), 0);
	assert_int_equal(rmdir(cache), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_and_packed),
		cmocka_unit_test(lz4_and_zstd),
		cmocka_unit_test(old_kernels),
		cmocka_unit_test(refused),
		cmocka_unit_test(kept_in_a_cache),
	};
	int fd = mkstemp(path), ret;

	if (fd < 0)
		return 1;
	close(fd);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return ret;
}
