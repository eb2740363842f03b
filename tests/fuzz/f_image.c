/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel files, without the sandbox around the reader: whatever is in them,
 * reading stays inside, and a plan that passes the check can be laid out or is
 * refused with a reason.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/build_pv.h>
#include <tenonctrl/image.h>
#include <tenonctrl/why.h>

#define MEMORY (16ULL << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	uint8_t *data;
	size_t size, room;
};

static int read_bytes(void *state, uint64_t offset, void *buf, size_t count)
{
	const struct bytes *from = state;

	if (offset > from->size || count > from->size - offset)
		return -EILSEQ;
	memcpy(buf, from->data + offset, count);
	return 0;
}

static int write_bytes(void *state, const void *from, size_t count)
{
	struct bytes *to = state;

	if (count > to->room - to->size)
		abort();
	memcpy(to->data + to->size, from, count);
	to->size += count;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes file = { (uint8_t *)(uintptr_t)data, size, size };
	struct bytes plain = { NULL, 0, 1U << 20 };
	struct image_source source = { read_bytes, &file, size };
	struct image_plan plan;
	struct pv_layout layout;
	struct why why = { "" };
	uint64_t at, length;
	bool packed;
	int ret = image_find_payload(&source, &packed, &at, &length, &why);

	if (!ret && packed) {
		plain.data = malloc(plain.room);
		if (!plain.data)
			return 0;
		ret = image_unpack(&source, at, length, plain.room, write_bytes,
			&plain, &why);
		source =
			(struct image_source){ read_bytes, &plain, plain.size };
	}
	if (!ret)
		ret = image_plan_elf(&source, &plan, &why);
	if (!ret)
		ret = image_plan_check(&plan, source.size, MEMORY, &why);
	if (!ret)
		ret = pv_layout(&plan, 4096, MEMORY / 4096, &layout, &why);
	if (!ret && layout.used_pages > MEMORY / 4096)
		abort();
	if (ret && !why.text[0])
		abort();
	free(plain.data);
	return 0;
}
