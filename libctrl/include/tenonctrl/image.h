/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PV kernel, read from a file that may be hostile.
 *
 * The file is an ELF, or a bzImage with an ELF packed in it, or an ELF packed
 * by itself (gzip, xz, lz4, zstd). A child process without any rights but to
 * read this file, bounded in memory, time and output, finds out where the
 * pieces are; what it says is checked again here.
 */
#ifndef TENONCTRL_IMAGE_H
#define TENONCTRL_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

struct why;

#define IMAGE_SEGMENTS_MAX 16

/* One piece: file_size bytes at `offset`, then zeros up to mem_size. */
struct image_segment {
	uint64_t offset, file_size, mem_size;
	uint64_t paddr; /* where it goes, from the guest's frame 0 on */
};

/*
 * All that the builder needs to know. Addresses are virtual and bytes unless
 * said otherwise; paddr + virt_base is where a byte is seen.
 */
struct image_plan {
	uint32_t segment_count;
	struct image_segment segments[IMAGE_SEGMENTS_MAX];
	uint64_t paddr_start, paddr_end; /* of all segments */
	uint64_t entry;
	uint64_t virt_base;
	uint64_t init_p2m; /* where the p2m list goes; 0: after the kernel */
	uint64_t hypercall_page; /* 0: the kernel wants none */
	bool mod_start_pfn;	 /* the initrd need not be mapped */
	char guest_os[16];	 /* "linux"; printable */
};

struct image {
	int fd; /* holds the segments' bytes */
	struct image_plan plan;
};

/*
 * Reads the kernel at `path`. `memory` bounds where its end may lie and how
 * much is unpacked, in bytes. -ENOENT and the like: the file cannot be opened;
 * -ENOEXEC: it is not a kernel, or not one for PV; -EILSEQ: it is corrupt or
 * cut off; -EFBIG: it needs more than `memory`; -ETIME: unpacking took too
 * long. Undo with image_close.
 *
 * `cache`, unless NULL, is a folder that keeps what files unpacked to; whatever
 * is wrong with it, the file is unpacked then. Give none for a file that comes
 * from a guest: each is another, and it would push out what is of use.
 */
int image_open(const char *path, uint64_t memory, const char *cache,
	struct image *image, struct why *why);
void image_close(struct image *image);

/* A source of bytes: all or nothing at `offset`, 0 or -EILSEQ past the end. */
struct image_source {
	int (*read)(void *state, uint64_t offset, void *buf, size_t bytes);
	void *state;
	uint64_t size;
};

/* Fills the plan from an ELF; errors as image_open. Pure. */
int image_plan_elf(const struct image_source *source, struct image_plan *plan,
	struct why *why);
/* Whether the plan can be trusted: it lies in `size` bytes of file and in
 * `memory` bytes of guest. Errors as image_open. Pure. */
int image_plan_check(const struct image_plan *plan, uint64_t size,
	uint64_t memory, struct why *why);

/*
 * Where the packed kernel is in the source, which is a bzImage or packed as a
 * whole. 0 and `packed` false: it is not packed, go on with it as it is.
 */
int image_find_payload(const struct image_source *source, bool *packed,
	uint64_t *offset, uint64_t *size, struct why *why);
/*
 * Unpacks `size` bytes at `offset` through `write`, at most `limit` bytes of
 * output. -ENOTSUP: a packing that is not known; it is named in `why`.
 */
int image_unpack(const struct image_source *source, uint64_t offset,
	uint64_t size, uint64_t limit,
	int (*write)(void *state, const void *bytes, size_t count), void *state,
	struct why *why);

#endif
