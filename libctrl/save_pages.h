/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole pages of 4096 bytes in files with saved domains: pages of zeros, of
 * which a guest's memory has many, are counted in the checksum, not read for
 * it, and may be holes. Both sides must take the same bytes for pages. */
#ifndef LIBCTRL_SAVE_PAGES_H
#define LIBCTRL_SAVE_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

struct save_file;
struct why;

/* As save_file_writev; each piece is so many pages, aligned to 16 bytes. The
 * last bytes of a file must be none of them. */
int save_pages_write(struct save_file *f, const struct iovec *pieces,
	size_t count, struct why *why);
/* As save_file_read. */
int save_pages_read(
	struct save_file *f, void *pages, size_t count, struct why *why);
/* Aligned to 16 bytes. */
bool save_page_is_zero(const void *page);

#endif
