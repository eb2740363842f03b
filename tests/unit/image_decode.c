/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decoders against the real gzip, xz, lz4 and zstd programs: content of
 * several kinds packed with many settings; every truncation, and bit flips
 * everywhere, of small files. Needs the programs (tests skip without them).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <tenon/decompress.h>
#include <tenon/inflate.h>
#include <tenon/xz.h>
#include <tenon/zstd.h>

struct buffer {
	uint8_t *data;
	size_t size;
};

static uint64_t work[ZSTD_WORK_SIZE / 8];

enum content { TEXT, NOISE, ZEROS, BRANCHES, MIXED, CONTENTS };

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Bytes that meet the rules of the x86 filter as often as can be. */
static uint8_t branch_byte(uint32_t r)
{
	static const uint8_t often[8] = { 0xe8, 0xe9, 0, 0xff, 0xe8, 0, 0xff,
		1 };

	return r & 0x300 ? often[r % 8] : (uint8_t)(r >> 16);
}

static void make_content(
	struct buffer *b, enum content kind, size_t size, uint32_t seed)
{
	b->data = malloc(size ? size : 1);
	b->size = size;
	assert_non_null(b->data);
	for (size_t i = 0; i < size; i++) {
		uint32_t r = next_random(&seed);
		enum content now = kind;

		if (kind == MIXED)
			now = (enum content)(i / 1000 % MIXED);
		if (now == TEXT && i > 40 && r % 16)
			b->data[i] = b->data[i - 1 - (i / 77) % 37];
		else if (now == TEXT)
			b->data[i] = (uint8_t)('a' + r % 26);
		else if (now == NOISE)
			b->data[i] = (uint8_t)(r >> 8);
		else if (now == ZEROS)
			b->data[i] = 0;
		else
			b->data[i] = branch_byte(r);
	}
}

/* Packs plain with a shell command that filters; exits if it cannot. */
static void pack(
	const struct buffer *plain, const char *command, struct buffer *packed)
{
	char name[] = "/tmp/tenon-image-XXXXXX", line[400];
	size_t room = plain->size * 2 + 65536;
	int fd = mkstemp(name);
	FILE *pipe;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, plain->data, plain->size), plain->size);
	close(fd);
	snprintf(line, sizeof(line), "%s <%s", command, name);
	pipe = popen(line, "r");
	assert_non_null(pipe);
	packed->data = malloc(room);
	assert_non_null(packed->data);
	packed->size = fread(packed->data, 1, room, pipe);
	assert_int_equal(pclose(pipe), 0);
	unlink(name);
	/* To these Linux appends the size. */
	if (!strncmp(command, "lz4", 3) || !strncmp(command, "zstd", 4)) {
		uint32_t size = (uint32_t)plain->size;

		memcpy(packed->data + packed->size, &size, 4);
		packed->size += 4;
	}
}

/* Decodes a copy that ends where the input ends, for the sanitizer. */
static int decode(const uint8_t *in, size_t n, size_t cap, struct buffer *out)
{
	uint8_t *copy = malloc(n ? n : 1);
	size_t len = (size_t)-1;
	int rc;

	assert_non_null(copy);
	memcpy(copy, in, n);
	out->data = malloc(cap ? cap : 1);
	assert_non_null(out->data);
	rc = decompress(copy, n, out->data, cap, &len, work);
	if (rc)
		assert_true(rc < 0 && len == (size_t)-1);
	out->size = len;
	free(copy);
	return rc;
}

static void check_round_trip(const struct buffer *plain, const char *command)
{
	struct buffer packed, out;
	size_t size = 0;

	pack(plain, command, &packed);
	assert_true(
		decompress_work_size(packed.data, packed.size) <= sizeof(work));
	assert_int_equal(
		decompress_out_size(packed.data, packed.size, &size), 0);
	assert_int_equal(size, plain->size);
	if (decode(packed.data, packed.size, plain->size, &out))
		fail_msg("%s: a good file of %zu bytes was refused", command,
			plain->size);
	assert_int_equal(out.size, plain->size);
	assert_memory_equal(out.data, plain->data, plain->size);
	free(out.data);
	if (plain->size) {
		assert_int_equal(
			decode(packed.data, packed.size, plain->size - 1, &out),
			-ENOSPC);
		free(out.data);
	}
	free(packed.data);
}

static const char *const commands[] = {
	"gzip -1nc",
	"gzip -6c",
	"gzip -9nc",
	"xz -0c",
	"xz -6c --check=crc32",
	"xz -c --check=none --lzma2=preset=6,lc=0,lp=4,pb=4",
	"xz -c --check=crc64 --lzma2=preset=6,lc=4,lp=0,pb=0",
	"xz -c --check=crc32 --lzma2=preset=1,lc=1,lp=3,pb=3,dict=4KiB",
	"xz -c --check=crc32 --x86 --lzma2=preset=9e,dict=32MiB",
	"xz -c --check=crc64 --x86=start=4096 --lzma2=preset=6",
	"xz -c --x86 --lzma2=preset=0 --block-size=20000",
	"xz -c -T2 --block-size=50000",
	"lz4 -l -1 -c",
	"lz4 -l -9 -c",
	"zstd -qc -1",
	"zstd -qc -6",
	"zstd -qc -19",
	"zstd -qc --ultra -22 --no-check",
	"zstd -qc --fast=5",
};

static void test_round_trips(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 5, 300, 4097, 70000, 500001 };

	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(commands); c++) {
		for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
			struct buffer plain;

			make_content(&plain, (enum content)((c + s) % CONTENTS),
				sizes[s], (uint32_t)(c * 31 + s + 1));
			check_round_trip(&plain, commands[c]);
			free(plain.data);
		}
	}
}

static void test_branch_filter(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 12; seed++) {
		struct buffer plain;

		make_content(&plain, BRANCHES, 60000 + seed, seed);
		check_round_trip(
			&plain, "xz -c --check=crc32 --x86 --lzma2=preset=0");
		free(plain.data);
	}
}

/* Linux appends the unpacked size to all formats but gzip. */
static void test_appended_size(void **state)
{
	struct buffer plain, packed, out;
	size_t size;

	(void)state;
	make_content(&plain, MIXED, 5000, 3);
	pack(&plain, "(xz -c --check=crc32; printf 1234)", &packed);
	assert_int_equal(
		decompress_out_size(packed.data, packed.size, &size), 0);
	assert_int_equal(size, 5000);
	assert_int_equal(decode(packed.data, packed.size, size, &out), 0);
	assert_memory_equal(out.data, plain.data, size);
	free(out.data);
	free(packed.data);
	free(plain.data);
}

/* A block of lz4 holds 8 MiB, and its matches stay inside. */
static void test_blocks(void **state)
{
	struct buffer plain, packed, out;

	(void)state;
	make_content(&plain, MIXED, (17 << 20) + 5, 4);
	check_round_trip(&plain, "lz4 -l -1 -c");
	check_round_trip(&plain, "zstd -qc -19 --long=27");
	check_round_trip(&plain, "zstd -qc -3");
	pack(&plain, "lz4 -l -1 -c", &packed);
	/* One byte more in the size; the size cut off. */
	packed.data[packed.size - 4]++;
	assert_int_equal(
		decode(packed.data, packed.size, plain.size, &out), -ENODATA);
	free(out.data);
	assert_int_equal(decode(packed.data, packed.size - 4, plain.size, &out),
		-ENODATA);
	free(out.data);
	free(packed.data);
	free(plain.data);
}

static void test_not_known(void **state)
{
	static const char *const refused[] = {
		"xz -c --check=sha256",
		"xz -c --delta --lzma2=preset=1",
		"xz -c --arm --lzma2=preset=1",
		"cat",
	};
	struct buffer plain, packed, out;

	(void)state;
	make_content(&plain, TEXT, 3000, 9);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		pack(&plain, refused[i], &packed);
		assert_int_equal(decode(packed.data, packed.size, 3000, &out),
			-EOPNOTSUPP);
		free(out.data);
		free(packed.data);
	}
	assert_null(decompress_format(plain.data, plain.size));
	assert_int_equal(decompress_work_size(plain.data, plain.size), 0);
	free(plain.data);
}

static void check_cut(const struct buffer *packed, const struct buffer *plain)
{
	for (size_t n = 0; n < packed->size; n++) {
		struct buffer out;
		size_t size;
		int rc = decode(packed->data, n, plain->size, &out);

		/* Under six bytes even the format cannot be told. */
		if (rc != -ENODATA && !(n < 6 && rc == -EOPNOTSUPP))
			fail_msg("cut at %zu of %zu: %d", n, packed->size, rc);
		(void)!decompress_out_size(packed->data, n, &size);
		free(out.data);
	}
}

/* A flip is noticed, or, as in a gzip header's time, changes nothing;
 * lz4 has the length alone. */
static void check_flips(
	const struct buffer *packed, const struct buffer *plain, bool has_sums)
{
	for (size_t bit = 0; bit < packed->size * 8; bit++) {
		struct buffer out;
		size_t size;

		packed->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (!decode(packed->data, packed->size, plain->size, &out)) {
			assert_int_equal(out.size, plain->size);
			if (has_sums)
				assert_memory_equal(
					out.data, plain->data, out.size);
		}
		(void)!decompress_out_size(packed->data, packed->size, &size);
		free(out.data);
		packed->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void test_damage(void **state)
{
	static const char *const some[] = {
		"gzip -9c",
		"gzip -9nc",
		"xz -c --check=crc32 --x86 --lzma2=preset=6",
		"xz -c --check=crc64 --block-size=400",
		"lz4 -l -9 -c",
		"zstd -qc -3",
		"zstd -qc -19",
	};

	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(some); c++) {
		for (int kind = 0; kind < CONTENTS; kind++) {
			struct buffer plain, packed;

			make_content(&plain, (enum content)kind, 900, 77);
			pack(&plain, some[c], &packed);
			check_cut(&packed, &plain);
			check_flips(&packed, &plain, some[c][0] != 'l');
			free(packed.data);
			free(plain.data);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_branch_filter),
		cmocka_unit_test(test_appended_size),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_not_known),
		cmocka_unit_test(test_damage),
	};

	if (system("xz --version >/dev/null 2>&1 && "
		   "gzip --version >/dev/null 2>&1 && "
		   "lz4 --version >/dev/null 2>&1 && "
		   "zstd --version >/dev/null 2>&1"))
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
