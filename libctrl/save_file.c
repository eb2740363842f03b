/* SPDX-License-Identifier: BSD-2-Clause */
/* Files with saved domains; see tenonctrl/save_file.h. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <tenonctrl/save_file.h>
#include <tenonctrl/why.h>
#include "save_sum.h"

#define MAGIC		"Xen saved domain, xl format\n \0 \r"
#define MAGIC_SIZE	32
#define BYTE_ORDER_MARK 0x01020304U
/* Of the mandatory flags: the configuration is JSON, the stream libxl's 2nd. */
#define FLAGS_KNOWN 3U
/* Of the optional flags: ours. */
#define FLAG_SUM  0x40000000U

#define SUM_MAGIC "TenonSm3"

struct xl_head {
	char magic[MAGIC_SIZE];
	uint32_t byte_order, mandatory, optional;
	uint32_t size; /* of what follows: u32 length, configuration */
};

struct sum_tail {
	char magic[8];
	uint64_t sum; /* as struct save_sum says, of all before this */
};

int save_file_begin(struct save_file *f, int fd)
{
	struct save_sum *sum;
	struct stat st;
	int ret = save_sum_begin(&sum);

	if (ret)
		return ret;
	sum->has_holes = !fstat(fd, &st) && S_ISREG(st.st_mode) &&
			 (uint64_t)st.st_blocks * 512 < (uint64_t)st.st_size;
	*f = (struct save_file){ .fd = fd, .sum = sum };
	return 0;
}

void save_file_end(struct save_file *f)
{
	save_sum_end(f->sum);
	f->sum = NULL;
}

int save_write_failed(int error, struct why *why)
{
	if (error == -ENOSPC || error == -EDQUOT)
		return why_set(why, error,
			"the file does not fit: %s; make room, or save "
			"elsewhere",
			strerror(-error));
	return why_set(why, error, "writing: %s", strerror(-error));
}

int save_write_all(int fd, struct iovec *pieces, size_t count, struct why *why)
{
	while (count) {
		int some = count < IOV_MAX ? (int)count : IOV_MAX;
		ssize_t done = writev(fd, pieces, some);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return save_write_failed(-errno, why);
		for (; count && (size_t)done >= pieces->iov_len; count--)
			done -= (ssize_t)pieces++->iov_len;
		if (!count)
			break;
		pieces->iov_base = (char *)pieces->iov_base + done;
		pieces->iov_len -= (size_t)done;
	}
	return 0;
}

int save_file_writev(struct save_file *f, struct iovec *pieces, size_t count,
	struct why *why)
{
	for (size_t i = 0; i < count; i++) {
		save_sum_bytes(f, pieces[i].iov_base, pieces[i].iov_len);
		f->bytes += pieces[i].iov_len;
	}
	return save_write_all(f->fd, pieces, count, why);
}

int save_file_write(
	struct save_file *f, const void *bytes, size_t size, struct why *why)
{
	struct iovec piece = { .iov_base = (void *)(uintptr_t)bytes,
		.iov_len = size };

	return save_file_writev(f, &piece, 1, why);
}

int save_read_all(int fd, char *bytes, size_t size)
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

int save_read_failed(struct save_file *f, int error, struct why *why)
{
	if (error == -EILSEQ)
		return why_set(why, error,
			"the file is cut off behind its byte %llu",
			(unsigned long long)f->bytes);
	return why_set(why, error, "reading: %s", strerror(-error));
}

int save_file_read(
	struct save_file *f, void *bytes, size_t size, struct why *why)
{
	int ret = save_read_all(f->fd, bytes, size);

	if (ret)
		return save_read_failed(f, ret, why);
	save_sum_bytes(f, bytes, size);
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
	/* Empty lines behind the configuration, for whole words. */
	size_t lines = head->kept_size ? -(sizeof(xl) + sizeof(size) + size +
						 head->kept_size) &
						 7
				       : 0;
	struct iovec pieces[] = {
		{ .iov_base = &xl, .iov_len = sizeof(xl) },
		{ .iov_base = &size, .iov_len = sizeof(size) },
		{ .iov_base = head->json, .iov_len = head->json_size },
		{ .iov_base = (char *)"", .iov_len = 1 },
		{ .iov_base = head->kept, .iov_len = head->kept_size },
		{ .iov_base = (char *)"\n\n\n\n\n\n\n", .iov_len = lines },
	};

	if (head->json_size + head->kept_size > SAVE_HEAD_MAX)
		return why_set(why, -EFBIG, "the configuration is too long");
	memcpy(xl.magic, MAGIC, MAGIC_SIZE);
	xl.size = (uint32_t)(sizeof(size) + size + head->kept_size + lines);
	return save_file_writev(f, pieces, 6, why);
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
	struct sum_tail tail = { .sum = save_sum_digest(f) };

	memcpy(tail.magic, SUM_MAGIC, sizeof(tail.magic));
	return save_file_write(f, &tail, sizeof(tail), why);
}

int save_sum_check(struct save_file *f, struct why *why)
{
	uint64_t sum = save_sum_digest(f);
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
