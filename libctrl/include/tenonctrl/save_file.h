/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files with saved domains, in the format of Xen 4.17's xl: a head with the
 * guest's configuration, then the two streams that the published specifications
 * libxl-migration-stream (revision 2) and libxc-migration-stream (revision 3)
 * describe.
 *
 * Ours differ in what stock tools overlook: behind the configuration in libxl's
 * form stands the one that the guest was made from, a flag in the head says
 * that a checksum of all that was written follows the last record.
 */
#ifndef TENONCTRL_SAVE_FILE_H
#define TENONCTRL_SAVE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <sys/uio.h>

struct why;

/* A file that is read or written from its start to its end, once. */
struct save_file {
	int fd; /* the caller's */
	uint64_t bytes;
	bool has_sum;	/* reading: the head says so */
	bool is_sparse; /* writing a new file on a disk: zeros may be holes */
	void *sum;	/* of all so far */
};

/* -ENOMEM. Undo with save_file_end, which leaves the descriptor open. */
int save_file_begin(struct save_file *f, int fd);
void save_file_end(struct save_file *f);

/* All of it; an error of write(2), `why` says what to do. */
int save_file_write(
	struct save_file *f, const void *bytes, size_t size, struct why *why);
/* The same for pieces; the array is changed. */
int save_file_writev(struct save_file *f, struct iovec *pieces, size_t count,
	struct why *why);
/* All of it: -EILSEQ, the file ends before; an error of read(2). */
int save_file_read(
	struct save_file *f, void *bytes, size_t size, struct why *why);
/* Reads over `size` bytes. */
int save_file_skip(struct save_file *f, uint64_t size, struct why *why);

/* What the head has: texts with their lengths, without NUL; json is libxl's. */
struct save_head {
	char *json, *kept; /* kept: NULL when there is none */
	size_t json_size, kept_size;
};

#define SAVE_HEAD_MAX (4U << 20) /* bytes of both texts */

int save_head_write(
	struct save_file *f, const struct save_head *head, struct why *why);
/* -ENOEXEC: not a saved domain, or of a kind that is not known; -EILSEQ.
 * The texts are the caller's to free(), each with a NUL behind it. */
int save_head_read(
	struct save_file *f, struct save_head *head, struct why *why);

/* Ends a file of ours. */
int save_sum_write(struct save_file *f, struct why *why);
/* -EILSEQ: there should be one, and there is none or another. */
int save_sum_check(struct save_file *f, struct why *why);

#endif
