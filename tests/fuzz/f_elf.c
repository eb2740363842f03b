/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile kernels: ELF headers, segments, notes, bzImage headers. All that a
 * reader hands out must lie inside the file.
 */
#include <stdlib.h>
#include <tenon/bzimage.h>
#include <tenon/elf.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_inside(
	const void *p, uint64_t n, const uint8_t *data, size_t size)
{
	const uint8_t *start = p;

	if (start < data || start > data + size ||
		n > (uint64_t)(data + size - start))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_note_cursor at = { 0 };
	struct elf_segment segment;
	struct elf_note note;
	struct xen_elf xen;
	const void *payload;
	const char *why = NULL;
	uint32_t cursor = 0;
	size_t payload_size;
	struct elf elf;

	if (!bzimage_payload(data, size, &payload, &payload_size))
		must_be_inside(payload, payload_size, data, size);
	if (elf_open(&elf, data, size, &why)) {
		if (!why)
			abort();
		return 0;
	}
	while (elf_next_segment(&elf, &cursor, &segment))
		must_be_inside(segment.data, segment.data_size, data, size);
	while (elf_next_note(&elf, &at, &note)) {
		must_be_inside(note.name, note.name_size, data, size);
		must_be_inside(note.data, note.size, data, size);
	}
	if (xen_elf_read(&xen, &elf, &why)) {
		if (!why)
			abort();
		return 0;
	}
	cursor = 0;
	while (elf_next_segment(&elf, &cursor, &segment)) {
		uint64_t start = xen_elf_virt(&xen, &segment);

		if (start < xen.virt_start ||
			start + segment.mem_size > xen.virt_end)
			abort();
	}
	return 0;
}
