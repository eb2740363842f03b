/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A folder of kernels that were unpacked before, for image_open.
 *
 * An entry holds what one file unpacked to, nothing that was concluded from it:
 * whoever takes an entry reads it as he reads a file that needs no unpacking.
 * It is known by the file's device, inode, size, and times of change of its
 * content and its inode, so a file that was replaced, or written to, has none.
 * Its end holds a hash of the content and of that name. An entry appears under
 * its name whole or not at all, whenever its maker dies; of two makers the
 * first wins. One that is bent is removed.
 *
 * Nothing here is an error for the caller: without a cache there is the work.
 */
#ifndef LIBCTRL_IMAGE_CACHE_H
#define LIBCTRL_IMAGE_CACHE_H

#include <stdint.h>
#include <sys/stat.h>

/* All entries together, in bytes; the least recently used goes first. */
#define IMAGE_CACHE_MAX (512ULL << 20)

/*
 * The entry of the file that `packed` describes: a descriptor, to be closed,
 * and how many bytes of it are the kernel; -1: there is none. Folders that
 * others may write to are not used.
 */
int image_cache_find(
	const char *folder, const struct stat *packed, uint64_t *size);
/*
 * Stores `size` bytes of `from` as what the open file `file` unpacked to,
 * unless that is no longer the file that `packed` describes, or changed so
 * recently that a further change might not show. The folder is made when the
 * one that it is in is there. Takes at most half of the file system's room.
 */
void image_cache_store(const char *folder, const struct stat *packed, int file,
	int from, uint64_t size);

#endif
