/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding and unpacking the ELF in a bzImage (Linux's Documentation/arch/x86/
 * boot.rst, protocol 2.08) or in a file packed as a whole.
 */
#include <errno.h>
#include <lz4.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <tenonctrl/image.h>
#include <tenonctrl/why.h>

#define CHUNK	     (256U << 10)
#define LZMA_MEM_MAX (160ULL << 20)
#define ZSTD_WINDOW  27 /* log2: as `zstd -22 --ultra` makes it, 128 MiB */

/* LZ4's legacy frame: blocks of at most 8 MiB, each behind its packed size. */
#define LZ4_MAGIC 0x184c2102
#define LZ4_BLOCK (8U << 20)

/* Offsets in the setup header of a bzImage. */
#define BZ_SETUP_SECTS	  0x1f1
#define BZ_MAGIC	  0x202
#define BZ_VERSION	  0x206
#define BZ_PAYLOAD_OFFSET 0x248
#define BZ_PAYLOAD_LENGTH 0x24c
#define BZ_HEADER_SIZE	  0x250

/* The packings that Linux knows, by their first bytes. */
static const struct packing {
	const char *name;
	uint8_t magic[6];
	uint8_t length;
} packings[] = {
	{ "gzip", { 0x1f, 0x8b }, 2 },
	{ "xz", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6 },
	{ "bzip2", { 'B', 'Z', 'h' }, 3 },
	{ "lzma", { 0x5d, 0, 0 }, 3 },
	{ "lzo", { 0x89, 'L', 'Z', 'O', 0, 0x0d }, 6 },
	{ "lz4", { 0x02, 0x21, 0x4c, 0x18 }, 4 },
	{ "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4 },
};

static const char *packing_at(const struct image_source *source, uint64_t at)
{
	uint8_t first[6];

	if (source->read(source->state, at, first, sizeof(first)))
		return NULL;
	for (size_t i = 0; i < sizeof(packings) / sizeof(packings[0]); i++) {
		if (!memcmp(first, packings[i].magic, packings[i].length))
			return packings[i].name;
	}
	return NULL;
}

static uint32_t get32(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

int image_find_payload(const struct image_source *source, bool *packed,
	uint64_t *offset, uint64_t *size, struct why *why)
{
	uint8_t head[BZ_HEADER_SIZE];
	uint64_t start, length;
	unsigned int version, sectors;

	if (source->size < sizeof(head) ||
		source->read(source->state, 0, head, sizeof(head)) ||
		memcmp(head + BZ_MAGIC, "HdrS", 4) != 0) {
		*packed = packing_at(source, 0) != NULL;
		*offset = 0;
		*size = source->size;
		return 0;
	}
	version = head[BZ_VERSION] | (unsigned int)head[BZ_VERSION + 1] << 8;
	if (version < 0x208)
		return why_set(why, -ENOEXEC,
			"this bzImage is too old (boot protocol %u.%u, 2.8 is "
			"needed)",
			version >> 8, version & 0xff);
	sectors = head[BZ_SETUP_SECTS] ? head[BZ_SETUP_SECTS] : 4;
	start = (sectors + 1) * 512ULL + get32(head + BZ_PAYLOAD_OFFSET);
	length = get32(head + BZ_PAYLOAD_LENGTH);
	if (start > source->size || length > source->size - start)
		return why_set(why, -EILSEQ,
			"the bzImage is cut off: its kernel ends at byte %llu "
			"but the file has %llu; copy it again",
			(unsigned long long)(start + length),
			(unsigned long long)source->size);
	*packed = true;
	*offset = start;
	*size = length;
	return 0;
}

/* One unpacking: where input comes from and output goes to. */
struct job {
	const struct image_source *source;
	uint64_t at, left; /* input not yet read */
	uint64_t room;	   /* output still allowed */
	int (*write)(void *state, const void *bytes, size_t count);
	void *state;
	uint8_t *in, *out; /* CHUNK bytes each */
	struct why *why;
};

/* Reads the next piece into job->in; `got` 0 is the end. */
static int refill(struct job *job, size_t *got)
{
	size_t want = job->left < CHUNK ? (size_t)job->left : CHUNK;

	if (want &&
		job->source->read(job->source->state, job->at, job->in, want))
		return why_set(job->why, -EILSEQ, "the file cannot be read");
	job->at += want;
	job->left -= want;
	*got = want;
	return 0;
}

static int emit(struct job *job, size_t count)
{
	if (count > job->room)
		return why_set(job->why, -EFBIG,
			"unpacked it is larger than the guest's memory; give "
			"the guest more memory");
	job->room -= count;
	return count ? job->write(job->state, job->out, count) : 0;
}

static int damaged(struct job *job, const char *kind)
{
	return why_set(job->why, -EILSEQ,
		"its %s data is corrupt or cut off; copy the file again", kind);
}

static int unpack_gzip(struct job *job)
{
	z_stream z = { 0 };
	int status = Z_OK, ret = 0;

	/* 15: the largest window; 16: a gzip header, not zlib's. */
	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return why_set(job->why, -ENOMEM, "out of memory");
	while (!ret && status != Z_STREAM_END) {
		if (!z.avail_in) {
			size_t got;

			ret = refill(job, &got);
			if (ret)
				break;
			z.next_in = job->in;
			z.avail_in = (unsigned int)got;
		}
		z.next_out = job->out;
		z.avail_out = CHUNK;
		status = inflate(&z, Z_NO_FLUSH);
		if (status != Z_OK && status != Z_STREAM_END)
			ret = damaged(job, "gzip");
		else
			ret = emit(job, CHUNK - z.avail_out);
	}
	inflateEnd(&z);
	return ret;
}

static int unpack_xz(struct job *job)
{
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_ret status = LZMA_OK;
	int ret = 0;

	if (lzma_stream_decoder(&z, LZMA_MEM_MAX, 0) != LZMA_OK)
		return why_set(job->why, -ENOMEM, "out of memory");
	while (!ret && status != LZMA_STREAM_END) {
		if (!z.avail_in) {
			ret = refill(job, &z.avail_in);
			if (ret)
				break;
			z.next_in = job->in;
		}
		z.next_out = job->out;
		z.avail_out = CHUNK;
		status = lzma_code(&z, LZMA_RUN);
		if (status == LZMA_MEM_ERROR || status == LZMA_MEMLIMIT_ERROR)
			ret = why_set(job->why, -ENOMEM,
				"unpacking it takes more memory than allowed");
		else if (status != LZMA_OK && status != LZMA_STREAM_END)
			ret = damaged(job, "xz");
		else
			ret = emit(job, CHUNK - z.avail_out);
	}
	lzma_end(&z);
	return ret;
}

static int unpack_zstd(struct job *job)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	ZSTD_inBuffer in = { job->in, 0, 0 };
	size_t left = 1;
	int ret = 0;

	if (!z || ZSTD_isError(ZSTD_DCtx_setParameter(
			  z, ZSTD_d_windowLogMax, ZSTD_WINDOW)))
		ret = why_set(job->why, -ENOMEM, "out of memory");
	/* left 0: the frame ends. */
	while (!ret && left) {
		ZSTD_outBuffer out = { job->out, CHUNK, 0 };

		if (in.pos == in.size) {
			in.pos = 0;
			ret = refill(job, &in.size);
			if (!ret && !in.size)
				ret = damaged(job, "zstd");
			if (ret)
				break;
		}
		left = ZSTD_decompressStream(z, &out, &in);
		if (ZSTD_isError(left))
			ret = damaged(job, "zstd");
		else
			ret = emit(job, out.pos);
	}
	ZSTD_freeDStream(z);
	return ret;
}

/* Reads count bytes to `to`, or says that they are not there. */
static int take(struct job *job, void *to, uint64_t count)
{
	if (count > job->left)
		return damaged(job, "lz4");
	if (job->source->read(job->source->state, job->at, to, count))
		return why_set(job->why, -EILSEQ, "the file cannot be read");
	job->at += count;
	job->left -= count;
	return 0;
}

static int emit_all(struct job *job, const char *bytes, size_t count)
{
	for (size_t at = 0, n; at < count; at += n) {
		int ret;

		n = count - at < CHUNK ? count - at : CHUNK;
		memcpy(job->out, bytes + at, n);
		ret = emit(job, n);
		if (ret)
			return ret;
	}
	return 0;
}

static int unpack_lz4_blocks(struct job *job, char *packed, char *plain)
{
	uint32_t magic, size;
	uint64_t sum = 0;
	int ret = take(job, &magic, sizeof(magic));

	while (!ret && job->left > sizeof(size)) {
		int got;

		ret = take(job, &size, sizeof(size));
		if (ret)
			return ret;
		if (size > (uint32_t)LZ4_COMPRESSBOUND(LZ4_BLOCK))
			return damaged(job, "lz4");
		ret = take(job, packed, size);
		if (ret)
			return ret;
		got = LZ4_decompress_safe(
			packed, plain, (int)size, (int)LZ4_BLOCK);
		if (got < 0)
			return damaged(job, "lz4");
		sum += (uint32_t)got;
		ret = emit_all(job, plain, (size_t)got);
	}
	/* Linux appends the unpacked size, to a file packed alone nobody does.
	 */
	if (!ret && job->left) {
		ret = take(job, &size, sizeof(size));
		if (!ret && size != (uint32_t)sum)
			ret = damaged(job, "lz4");
	}
	return ret;
}

static int unpack_lz4(struct job *job)
{
	char *packed = malloc(LZ4_COMPRESSBOUND(LZ4_BLOCK));
	char *plain = malloc(LZ4_BLOCK);
	int ret;

	if (packed && plain)
		ret = unpack_lz4_blocks(job, packed, plain);
	else
		ret = why_set(job->why, -ENOMEM, "out of memory");
	free(packed);
	free(plain);
	return ret;
}

int image_unpack(const struct image_source *source, uint64_t offset,
	uint64_t size, uint64_t limit,
	int (*write)(void *state, const void *bytes, size_t count), void *state,
	struct why *why)
{
	const char *name = packing_at(source, offset);
	struct job job = {
		.source = source,
		.at = offset,
		.left = size,
		.room = limit,
		.write = write,
		.state = state,
		.why = why,
	};
	int ret;

	if (!name)
		return why_set(why, -EILSEQ,
			"the packed kernel in it begins with nothing known: "
			"the file is corrupt");
	job.in = malloc(CHUNK);
	job.out = malloc(CHUNK);
	if (!job.in || !job.out)
		ret = why_set(why, -ENOMEM, "out of memory");
	else if (!strcmp(name, "gzip"))
		ret = unpack_gzip(&job);
	else if (!strcmp(name, "xz"))
		ret = unpack_xz(&job);
	else if (!strcmp(name, "zstd"))
		ret = unpack_zstd(&job);
	else if (!strcmp(name, "lz4"))
		ret = unpack_lz4(&job);
	else
		ret = why_set(why, -ENOTSUP,
			"it is packed with %s, only gzip, xz, lz4 and zstd "
			"are known; unpack it first (Linux's scripts/extract-vmlinux)",
			name);
	free(job.in);
	free(job.out);
	return ret;
}
