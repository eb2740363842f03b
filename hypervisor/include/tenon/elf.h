/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading of ELF64 x86-64 executables and of the notes by which a kernel says
 * how it wants to be started as a paravirtual guest.
 *
 * Nothing in the file is believed: every offset, size and address is checked
 * against the buffer and against overflow before it is handed on. Where a
 * function takes why, it sets *why on failure to a constant sentence (without
 * a full stop) for the message to the user.
 */
#ifndef TENON_ELF_H
#define TENON_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tenon/types.h>

/* A checked executable; points into the caller's buffer. */
struct elf {
	const uint8_t *data;
	size_t size;
	uint64_t entry;	  /* e_entry */
	uint64_t headers; /* offset of the program headers */
	uint32_t header_count;
};

/* A PT_LOAD segment: data_size bytes of data, then zeros up to mem_size. */
struct elf_segment {
	uint64_t vaddr, paddr;
	uint64_t mem_size, data_size;
	const uint8_t *data;
	uint32_t flags; /* ELF_SEGMENT_* */
};

#define ELF_SEGMENT_EXEC  1
#define ELF_SEGMENT_WRITE 2
#define ELF_SEGMENT_READ  4

bool elf_is_elf(const void *data, size_t size);

/*
 * Checks all headers. Returns 0; -ENOEXEC: not an ELF, or not an executable
 * for x86-64; -ENODATA: something reaches beyond size; -EINVAL: the headers
 * contradict themselves.
 */
must_check int elf_open(
	struct elf *elf, const void *data, size_t size, const char **why);

/*
 * Takes the next PT_LOAD segment with mem_size > 0; *cursor is 0 at the start.
 * Returns false when there is none left.
 */
bool elf_next_segment(
	const struct elf *elf, uint32_t *cursor, struct elf_segment *segment);

/* A note; name is not necessarily terminated. */
struct elf_note {
	const char *name;
	uint32_t name_size, type, size;
	const uint8_t *data;
};

/*
 * Takes the next note of the PT_NOTE segments; the cursor is all 0 at the
 * start. A note that does not fit its segment ends that segment. Returns false
 * when there is none left.
 */
struct elf_note_cursor {
	uint32_t header;
	uint64_t offset; /* in that header's segment */
};
bool elf_next_note(const struct elf *elf, struct elf_note_cursor *cursor,
	struct elf_note *note);

/* What the "Xen" notes say (public/elfnote.h), and what follows from it. */
struct xen_elf {
	uint64_t entry;	       /* virtual */
	uint64_t virt_base;    /* of pseudo-physical address 0 */
	uint64_t paddr_offset; /* to take from each p_paddr */
	/* All segments, by p_paddr - paddr_offset + virt_base; end is one
	 * beyond the last byte, start < end.
	 */
	uint64_t virt_start, virt_end;
	uint64_t hypercall_page; /* virtual, if has_hypercall_page */
	uint64_t init_p2m;	 /* virtual, if has_init_p2m */
	uint64_t hv_start_low;	 /* 0 if absent */
	uint64_t phys32_entry;	 /* if has_phys32_entry: bootable as PVH */
	uint64_t l1_valid_mask, l1_valid_value;
	uint64_t supported_features, required_features; /* bits XENFEAT_* */
	bool has_hypercall_page, has_init_p2m, has_phys32_entry;
	bool mod_start_pfn;  /* the initrd may be left unmapped */
	bool suspend_cancel; /* knows a cancelled suspend */
	char guest_os[16], guest_version[16], xen_version[16], loader[16];
};

/*
 * Reads them. Returns 0; -EOPNOTSUPP: a kernel without the notes or the
 * features of a 64-bit paravirtual guest; -EINVAL: a note or an address that
 * cannot be.
 */
must_check int xen_elf_read(
	struct xen_elf *xen, const struct elf *elf, const char **why);

/* Where a segment goes; xen_elf_read() has proved that it fits. */
static inline uint64_t xen_elf_virt(
	const struct xen_elf *xen, const struct elf_segment *segment)
{
	return segment->paddr - xen->paddr_offset + xen->virt_base;
}

#endif
