/* SPDX-License-Identifier: BSD-2-Clause */
/* What is asked of UEFI's tables after the start. */
#include <tenon/efi.h>
#include <tenon/errno.h>
#include <tenon/page.h>
#include <tenon/string.h>

int efi_find_memory(
	const struct efi_info *info, paddr_t pa, struct efi_memory *found)
{
	for (uint32_t i = 0; i < info->map_entries; i++) {
		const uint8_t *e = info->map + (size_t)i * info->entry_size;
		uint64_t start, pages;

		memcpy(&start, e + 8, 8);
		memcpy(&pages, e + 24, 8);
		if (pa < start || (pa - start) >> PAGE_SHIFT >= pages)
			continue;
		memcpy(&found->type, e, 4);
		memcpy(&found->attributes, e + 32, 8);
		found->start = start;
		found->size = pages << PAGE_SHIFT;
		return 0;
	}
	return -ESRCH;
}
