/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF64 headers, segments and notes (System V ABI, AMD64 supplement).
 */
#include <tenon/elf.h>
#include <tenon/errno.h>
#include <tenon/string.h>

#define CLASS_64     2
#define DATA_LITTLE  1
#define TYPE_EXEC    2
#define TYPE_DYN     3
#define MACHINE_X86  62
#define SEGMENT_LOAD 1
#define SEGMENT_NOTE 4

/* More headers than any kernel has; bounds the loops over them. */
#define HEADERS_MAX 64

struct ehdr {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

_Static_assert(sizeof(struct ehdr) == 64, "Elf64_Ehdr");
_Static_assert(sizeof(struct phdr) == 56, "Elf64_Phdr");

bool elf_is_elf(const void *data, size_t size)
{
	return size >= 4 && !memcmp(data, "\177ELF", 4);
}

/* The buffer may be aligned to nothing: headers are copied out. */
static void load_phdr(const struct elf *elf, uint32_t i, struct phdr *ph)
{
	memcpy(ph, elf->data + elf->headers + i * sizeof(*ph), sizeof(*ph));
}

static int check_phdr(
	const struct elf *elf, const struct phdr *ph, const char **why)
{
	uint64_t end;

	if (ph->type != SEGMENT_LOAD && ph->type != SEGMENT_NOTE)
		return 0;
	if (ph->offset > elf->size || ph->filesz > elf->size - ph->offset) {
		*why = "a segment reaches beyond the file's end; "
		       "the file is cut off";
		return -ENODATA;
	}
	if (ph->type == SEGMENT_LOAD &&
		(ph->filesz > ph->memsz ||
			__builtin_add_overflow(ph->paddr, ph->memsz, &end) ||
			__builtin_add_overflow(ph->vaddr, ph->memsz, &end))) {
		*why = "a segment's size or address is impossible";
		return -EINVAL;
	}
	return 0;
}

int elf_open(struct elf *elf, const void *data, size_t size, const char **why)
{
	struct ehdr eh;

	if (!elf_is_elf(data, size)) {
		*why = "it is not an ELF file";
		return -ENOEXEC;
	}
	if (size < sizeof(eh)) {
		*why = "the file ends in its header";
		return -ENODATA;
	}
	memcpy(&eh, data, sizeof(eh));
	if (eh.ident[4] != CLASS_64 || eh.ident[5] != DATA_LITTLE ||
		eh.machine != MACHINE_X86 ||
		(eh.type != TYPE_EXEC && eh.type != TYPE_DYN)) {
		*why = "it is not a 64-bit x86 executable";
		return -ENOEXEC;
	}
	if (eh.phentsize != sizeof(struct phdr) || !eh.phnum ||
		eh.phnum > HEADERS_MAX) {
		*why = "its program headers are malformed";
		return -EINVAL;
	}
	if (eh.phoff > size ||
		eh.phnum * sizeof(struct phdr) > size - eh.phoff) {
		*why = "the file ends before its program headers do";
		return -ENODATA;
	}
	*elf = (struct elf){
		.data = data,
		.size = size,
		.entry = eh.entry,
		.headers = eh.phoff,
		.header_count = eh.phnum,
	};
	for (uint32_t i = 0; i < elf->header_count; i++) {
		struct phdr ph;
		int rc;

		load_phdr(elf, i, &ph);
		rc = check_phdr(elf, &ph, why);
		if (rc)
			return rc;
	}
	return 0;
}

bool elf_next_segment(
	const struct elf *elf, uint32_t *cursor, struct elf_segment *segment)
{
	while (*cursor < elf->header_count) {
		struct phdr ph;

		load_phdr(elf, (*cursor)++, &ph);
		if (ph.type != SEGMENT_LOAD || !ph.memsz)
			continue;
		*segment = (struct elf_segment){
			.vaddr = ph.vaddr,
			.paddr = ph.paddr,
			.mem_size = ph.memsz,
			.data_size = ph.filesz,
			.data = elf->data + ph.offset,
			.flags = ph.flags & 7,
		};
		return true;
	}
	return false;
}

/* The note at p, of which left bytes are there; 0 when none fits. */
static uint64_t parse_note(
	const uint8_t *p, uint64_t left, struct elf_note *note)
{
	uint32_t head[3];
	uint64_t data, end;

	if (left < sizeof(head))
		return 0;
	memcpy(head, p, sizeof(head));
	data = sizeof(head) + ALIGN_UP((uint64_t)head[0], 4);
	end = data + head[1];
	if (end > left)
		return 0;
	*note = (struct elf_note){
		.name = (const char *)p + sizeof(head),
		.name_size = head[0],
		.type = head[2],
		.size = head[1],
		.data = p + data,
	};
	end = ALIGN_UP(end, 4);
	return MIN(end, left);
}

bool elf_next_note(const struct elf *elf, struct elf_note_cursor *cursor,
	struct elf_note *note)
{
	for (; cursor->header < elf->header_count;
		cursor->header++, cursor->offset = 0) {
		struct phdr ph;
		uint64_t used;

		load_phdr(elf, cursor->header, &ph);
		if (ph.type != SEGMENT_NOTE)
			continue;
		used = parse_note(elf->data + ph.offset + cursor->offset,
			ph.filesz - cursor->offset, note);
		cursor->offset += used;
		if (used)
			return true;
	}
	return false;
}
