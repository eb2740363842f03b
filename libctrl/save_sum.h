/* SPDX-License-Identifier: BSD-2-Clause */
/* The checksum of a file with a saved domain, and the loops below it. */
#ifndef LIBCTRL_SAVE_SUM_H
#define LIBCTRL_SAVE_SUM_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <sys/uio.h>

struct save_file;
struct why;

/*
 * save_file's `sum`: XXH3 of all bytes, where a page counts as the sums that
 * save_sum_page gives, and pages of zeros that follow each other as their
 * number (8 bytes) before whatever comes next.
 */
struct save_sum {
	void *state;
	uint64_t zeros; /* pages that are not yet counted */
	bool has_holes; /* the file that is read is a sparse one */
};

/* CRC32C, from 0 and as it stands, of every fourth word of 8 bytes. */
#define SAVE_SUMS 4
void save_sum_page(const void *page, uint32_t sum[SAVE_SUMS]);
/* The same, by a table. */
void save_sum_page_slow(const void *page, uint32_t sum[SAVE_SUMS]);

/* -ENOMEM. */
int save_sum_begin(struct save_sum **out);
void save_sum_end(struct save_sum *sum);
void save_sum_bytes(struct save_file *f, const void *bytes, size_t size);
void save_sum_zeros(struct save_file *f, size_t pages);
/* None of them is of zeros. */
void save_sum_pages(struct save_file *f, const void *pages, size_t count);
uint64_t save_sum_digest(struct save_file *f);

/* All of the pieces, which are changed. */
int save_write_all(int fd, struct iovec *pieces, size_t count, struct why *why);
int save_write_failed(int error, struct why *why);
/* -EILSEQ: the end came first. */
int save_read_all(int fd, char *bytes, size_t size);
int save_read_failed(struct save_file *f, int error, struct why *why);

#endif
