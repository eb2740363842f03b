/* SPDX-License-Identifier: BSD-2-Clause */
/* The image's own hash, as the linker noted it (ELF note NT_GNU_BUILD_ID). */
#include <tenon/arch.h>
#include "x86.h"

struct note {
	uint32_t name_size, id_size, type;
	char name[4];
	uint8_t id[];
};

extern const char build_id_start[], build_id_end[];

size_t arch_build_id(const void **id)
{
	const struct note *note = (const struct note *)build_id_start;

	if ((size_t)(build_id_end - build_id_start) < sizeof(*note))
		return 0;
	*id = note->id;
	return note->id_size;
}
