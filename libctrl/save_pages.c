/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages in files with saved domains; see save_pages.h. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <tenonctrl/save_file.h>
#include <tenonctrl/why.h>
#include "save_pages.h"
#include "save_sum.h"

#define PAGE	   4096UL
#define BLOCK	   512UL
#define OUT_PIECES 64U
#define READ_MAX   1024U /* pages at a time */

typedef uint64_t lanes __attribute__((vector_size(16), may_alias));

/* Block by block, for most pages that are not zero say so early. */
bool save_page_is_zero(const void *page)
{
	const lanes *at = page, *end = at + PAGE / sizeof(*at);

	for (; at < end; at += BLOCK / sizeof(*at)) {
		lanes sum = at[0];

#pragma GCC unroll 32
		for (size_t i = 1; i < BLOCK / sizeof(*at); i++)
			sum |= at[i];
		if (sum[0] | sum[1])
			return false;
	}
	return true;
}

/* How many bytes from `at` on are pages of zeros, or are not. */
static size_t run_of(const char *at, size_t size, bool zero)
{
	size_t run = 0;

	while (run < size && save_page_is_zero(at + run) == zero)
		run += PAGE;
	return run;
}

/* What waits to be written, and the hole behind it. */
struct sparse {
	struct save_file *f;
	struct iovec out[OUT_PIECES];
	size_t waiting;
	off_t hole;
	struct why *why;
};

static int flush(struct sparse *s)
{
	int ret = save_write_all(s->f->fd, s->out, s->waiting, s->why);

	s->waiting = 0;
	if (!ret && s->hole && lseek(s->f->fd, s->hole, SEEK_CUR) < 0)
		ret = save_write_failed(-errno, s->why);
	s->hole = 0;
	return ret;
}

static int add(struct sparse *s, const char *at, size_t size, bool zero)
{
	struct save_file *f = s->f;
	int ret = 0;

	if (!size)
		return 0;
	if (zero)
		save_sum_zeros(f, size / PAGE);
	else
		save_sum_pages(f, at, size / PAGE);
	if (zero && f->is_sparse) {
		s->hole += (off_t)size;
		return 0;
	}
	if (s->hole || s->waiting == OUT_PIECES)
		ret = flush(s);
	s->out[s->waiting++] = (struct iovec){ (void *)(uintptr_t)at, size };
	return ret;
}

int save_pages_write(struct save_file *f, const struct iovec *pieces,
	size_t count, struct why *why)
{
	struct sparse s = { .f = f, .why = why };
	int ret = 0;

	for (size_t i = 0; i < count && !ret; i++) {
		const char *at = pieces[i].iov_base;
		size_t left = pieces[i].iov_len, run;

		f->bytes += left;
		for (bool zero = true; left && !ret; zero = !zero) {
			run = run_of(at, left, zero);
			ret = add(&s, at, run, zero);
			at += run;
			left -= run;
		}
	}
	return ret ? ret : flush(&s);
}

/* Which of the pages that were read are known to be zeros. */
struct known {
	uint64_t zeros[READ_MAX / 64];
};

static bool is_known(const struct known *k, size_t page)
{
	return k->zeros[page / 64] >> page % 64 & 1;
}

/* A hole from byte `from` to `to`: the pages that are whole in it. */
static void note_hole(struct known *k, size_t from, size_t to)
{
	for (size_t i = (from + PAGE - 1) / PAGE; i < to / PAGE; i++)
		k->zeros[i / 64] |= 1ULL << i % 64;
}

/* Holes are not read. */
static int read_sparse(int fd, char *to, size_t size, struct known *k)
{
	off_t start = lseek(fd, 0, SEEK_CUR), at = start, next;
	size_t done, some;
	int ret = 0;

	for (done = 0; done < size && !ret; done += some, at += (off_t)some) {
		some = size - done;
		next = lseek(fd, at, SEEK_DATA);
		/* None any more, or none of that is known: it is read. */
		if (start < 0 || next < 0)
			break;
		if (next > at) {
			if ((uint64_t)(next - at) < some)
				some = (size_t)(next - at);
			memset(to + done, 0, some);
			note_hole(k, done, done + some);
			continue;
		}
		next = lseek(fd, at, SEEK_HOLE);
		if (next > at && (uint64_t)(next - at) < some)
			some = (size_t)(next - at);
		if (lseek(fd, at, SEEK_SET) != at)
			return -EIO;
		ret = save_read_all(fd, to + done, some);
	}
	if (ret)
		return ret;
	if (start >= 0 && lseek(fd, at, SEEK_SET) != at)
		return -EIO;
	return save_read_all(fd, to + done, size - done);
}

static void sum_pages(struct save_file *f, const char *pages, size_t count,
	const struct known *k)
{
	for (size_t i = 0; i < count; i++) {
		const char *page = pages + i * PAGE;

		if (is_known(k, i) || save_page_is_zero(page))
			save_sum_zeros(f, 1);
		else
			save_sum_pages(f, page, 1);
	}
}

/* READ_MAX pages at most. */
static int read_some(struct save_file *f, char *pages, size_t count)
{
	const struct save_sum *sum = f->sum;
	struct known known = { { 0 } };
	size_t size = count * PAGE;
	int ret = sum->has_holes ? read_sparse(f->fd, pages, size, &known)
				 : save_read_all(f->fd, pages, size);

	if (ret)
		return ret;
	if (f->has_sum)
		sum_pages(f, pages, count, &known);
	f->bytes += size;
	return 0;
}

int save_pages_read(
	struct save_file *f, void *pages, size_t count, struct why *why)
{
	char *at = pages;
	int ret = 0;

	for (size_t some; count && !ret; count -= some, at += some * PAGE) {
		some = count < READ_MAX ? count : READ_MAX;
		ret = read_some(f, at, some);
	}
	return ret ? save_read_failed(f, ret, why) : 0;
}
