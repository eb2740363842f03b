/* SPDX-License-Identifier: BSD-2-Clause */
/* Bounds of readers; see reader.h. */
#include <errno.h>
#include <string.h>
#include "reader.h"

int reader_get(
	const struct reader *reader, uint64_t offset, void *buf, size_t len)
{
	if (offset > reader->size || len > reader->size - offset)
		return -ERANGE;
	return len ? reader->read(reader->ctx, offset, buf, len) : 0;
}

static int read_memory(void *ctx, uint64_t offset, void *buf, size_t len)
{
	memcpy(buf, (const uint8_t *)ctx + offset, len);
	return 0;
}

struct reader reader_memory(const void *bytes, size_t size)
{
	return (struct reader){
		.read = read_memory,
		.ctx = (void *)bytes,
		.size = size,
	};
}
