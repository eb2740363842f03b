/* SPDX-License-Identifier: BSD-2-Clause */
/* Files with saved domains; see tenonctrl/save_file.h. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>
#include <tenonctrl/save_file.h>
#include <tenonctrl/why.h>

#define MAGIC		"Xen saved domain, xl format\n \0 \r"
#define MAGIC_SIZE	32
#define BYTE_ORDER_MARK 0x01020304U
/* Of the mandatory flags: the configuration is JSON, the stream libxl's 2nd. */
#define FLAGS_KNOWN 3U
/* Of the optional flags: ours. */
#define FLAG_SUM  0x80000000U

#define SUM_MAGIC "TenonSum"
#define PAGE	  4096UL

struct xl_head {
	char magic[MAGIC_SIZE];
	uint32_t byte_order, mandatory, optional;
	uint32_t size; /* of what follows: u32 length, configuration */
};

struct sum_tail {
	char magic[8];
	uint64_t sum; /* XXH64 of all before this structure, seed 0 */
};

int save_file_begin(struct save_file *f, int fd)
{
	XXH64_state_t *sum = XXH64_createState();

	if (!sum)
		return -ENOMEM;
	XXH64_reset(sum, 0);
	*f = (struct save_file){ .fd = fd, .sum = sum };
	return 0;
}

void save_file_end(struct save_file *f)
{
	XXH64_freeState(f->sum);
	f->sum = NULL;
}

static int write_failed(int error, struct why *why)
{
	if (error == -ENOSPC || error == -EDQUOT)
		return why_set(why, error,
			"the file does not fit: %s; make room, or save "
			"elsewhere",
			strerror(-error));
	return why_set(why, error, "writing: %s", strerror(-error));
}

/* All of `count` pieces; they are changed. */
static int write_pieces(
	int fd, struct iovec *pieces, size_t count, struct why *why)
{
	while (count) {
		int some = count < IOV_MAX ? (int)count : IOV_MAX;
		ssize_t done = writev(fd, pieces, some);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return write_failed(-errno, why);
		for (; count && (size_t)done >= pieces->iov_len; count--)
			done -= (ssize_t)pieces++->iov_len;
		if (!count)
			break;
		pieces->iov_base = (char *)pieces->iov_base + done;
		pieces->iov_len -= (size_t)done;
	}
	return 0;
}

static bool is_zero(const char *page)
{
	return !*page && !memcmp(page, page + 1, PAGE - 1);
}

/* How many bytes of the piece, from its start, are pages of zeros, or are not.
 * A piece that is no whole pages is not looked at. */
static size_t run_of(const struct iovec *piece, bool zero)
{
	size_t at = 0;

	if (piece->iov_len % PAGE)
		return zero ? 0 : piece->iov_len;
	while (at < piece->iov_len &&
		is_zero((char *)piece->iov_base + at) == zero)
		at += PAGE;
	return at;
}

/*
 * Pages of zeros, of which a guest's memory has many, become holes of the
 * file. The last bytes of a file are never such.
 */
static int write_sparse(struct save_file *f, struct iovec *pieces, size_t count,
	struct why *why)
{
	struct iovec out[64];
	size_t waiting = 0;
	off_t hole = 0;
	int ret = 0;

	for (size_t i = 0; i < count && !ret;) {
		size_t zeros = run_of(&pieces[i], true), data;

		/* An empty one need not have an address. */
		if (!pieces[i].iov_len) {
			i++;
			continue;
		}
		pieces[i].iov_base = (char *)pieces[i].iov_base + zeros;
		pieces[i].iov_len -= zeros;
		data = run_of(&pieces[i], false);
		if (zeros || waiting == 64) {
			ret = write_pieces(f->fd, out, waiting, why);
			waiting = 0;
		}
		hole += (off_t)zeros;
		if (data && hole && !ret) {
			if (lseek(f->fd, hole, SEEK_CUR) < 0)
				ret = write_failed(-errno, why);
			hole = 0;
		}
		if (data)
			out[waiting++] =
				(struct iovec){ pieces[i].iov_base, data };
		pieces[i].iov_base = (char *)pieces[i].iov_base + data;
		pieces[i].iov_len -= data;
		i += !pieces[i].iov_len;
	}
	if (!ret)
		ret = write_pieces(f->fd, out, waiting, why);
	if (!ret && hole && lseek(f->fd, hole, SEEK_CUR) < 0)
		ret = write_failed(-errno, why);
	return ret;
}

int save_file_writev(struct save_file *f, struct iovec *pieces, size_t count,
	struct why *why)
{
	for (size_t i = 0; i < count; i++) {
		XXH64_update(f->sum, pieces[i].iov_base, pieces[i].iov_len);
		f->bytes += pieces[i].iov_len;
	}
	return f->is_sparse ? write_sparse(f, pieces, count, why)
			    : write_pieces(f->fd, pieces, count, why);
}

int save_file_write(
	struct save_file *f, const void *bytes, size_t size, struct why *why)
{
	struct iovec piece = { .iov_base = (void *)(uintptr_t)bytes,
		.iov_len = size };

	return save_file_writev(f, &piece, 1, why);
}

/* -EILSEQ: the end came first. */
static int read_all(int fd, char *bytes, size_t size)
{
	while (size) {
		ssize_t got = read(fd, bytes, size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			return -EILSEQ;
		bytes += got;
		size -= (size_t)got;
	}
	return 0;
}

int save_file_read(
	struct save_file *f, void *bytes, size_t size, struct why *why)
{
	int ret = read_all(f->fd, bytes, size);

	if (ret == -EILSEQ)
		return why_set(why, ret,
			"the file is cut off behind its byte %llu",
			(unsigned long long)f->bytes);
	if (ret)
		return why_set(why, ret, "reading: %s", strerror(-ret));
	XXH64_update(f->sum, bytes, size);
	f->bytes += size;
	return 0;
}

int save_file_skip(struct save_file *f, uint64_t size, struct why *why)
{
	char bytes[4096];
	int ret = 0;

	while (size && !ret) {
		size_t some = size < sizeof(bytes) ? size : sizeof(bytes);

		ret = save_file_read(f, bytes, some, why);
		size -= some;
	}
	return ret;
}

int save_head_write(
	struct save_file *f, const struct save_head *head, struct why *why)
{
	struct xl_head xl = { .byte_order = BYTE_ORDER_MARK,
		.mandatory = FLAGS_KNOWN,
		.optional = FLAG_SUM };
	uint32_t size = (uint32_t)head->json_size + 1; /* with a NUL */
	struct iovec pieces[] = {
		{ .iov_base = &xl, .iov_len = sizeof(xl) },
		{ .iov_base = &size, .iov_len = sizeof(size) },
		{ .iov_base = head->json, .iov_len = head->json_size },
		{ .iov_base = (char *)"", .iov_len = 1 },
		{ .iov_base = head->kept, .iov_len = head->kept_size },
	};

	if (head->json_size + head->kept_size > SAVE_HEAD_MAX)
		return why_set(why, -EFBIG, "the configuration is too long");
	memcpy(xl.magic, MAGIC, MAGIC_SIZE);
	xl.size = (uint32_t)(sizeof(size) + size + head->kept_size);
	return save_file_writev(f, pieces, 5, why);
}

static int read_text(
	struct save_file *f, size_t size, char **text, struct why *why)
{
	char *buf = malloc(size + 1);
	int ret;

	if (!buf)
		return why_set(why, -ENOMEM, "out of memory");
	ret = save_file_read(f, buf, size, why);
	if (ret) {
		free(buf);
		return ret;
	}
	buf[size] = '\0';
	*text = buf;
	return 0;
}

int save_head_read(struct save_file *f, struct save_head *head, struct why *why)
{
	struct save_head h = { 0 };
	struct xl_head xl;
	uint32_t size;
	int ret = save_file_read(f, &xl, sizeof(xl), why);

	if (ret)
		return ret;
	if (memcmp(xl.magic, MAGIC, MAGIC_SIZE) != 0)
		return why_set(why, -ENOEXEC,
			"this is no file with a saved domain of xl or domsave");
	if (xl.byte_order != BYTE_ORDER_MARK || xl.mandatory != FLAGS_KNOWN)
		return why_set(why, -ENOEXEC,
			"the file's head asks for what is not known (flags "
			"%#x); Xen 4.17's xl and domsave write others",
			xl.mandatory);
	if (xl.size < sizeof(size) || xl.size > SAVE_HEAD_MAX)
		return why_set(
			why, -EILSEQ, "the file's head has a wrong length");
	ret = save_file_read(f, &size, sizeof(size), why);
	if (ret)
		return ret;
	if (!size || size > xl.size - sizeof(size))
		return why_set(
			why, -EILSEQ, "the configuration has a wrong length");
	ret = read_text(f, size, &h.json, why);
	if (ret)
		return ret;
	h.json_size = strlen(h.json);
	h.kept_size = xl.size - sizeof(size) - size;
	f->has_sum = xl.optional & FLAG_SUM;
	/* What somebody else put there is not ours to read. */
	if (!f->has_sum) {
		ret = save_file_skip(f, h.kept_size, why);
		h.kept_size = 0;
	} else if (h.kept_size) {
		ret = read_text(f, h.kept_size, &h.kept, why);
	}
	if (ret) {
		free(h.json);
		return ret;
	}
	*head = h;
	return 0;
}

int save_sum_write(struct save_file *f, struct why *why)
{
	struct sum_tail tail = { .sum = XXH64_digest(f->sum) };

	memcpy(tail.magic, SUM_MAGIC, sizeof(tail.magic));
	return save_file_write(f, &tail, sizeof(tail), why);
}

int save_sum_check(struct save_file *f, struct why *why)
{
	uint64_t sum = XXH64_digest(f->sum);
	struct sum_tail tail;
	int ret;

	if (!f->has_sum)
		return 0;
	ret = save_file_read(f, &tail, sizeof(tail), why);
	if (ret)
		return ret;
	if (!memcmp(tail.magic, SUM_MAGIC, sizeof(tail.magic)) &&
		tail.sum == sum)
		return 0;
	return why_set(why, -EILSEQ,
		"the file is damaged: its checksum does not fit; use another "
		"copy of it");
}
