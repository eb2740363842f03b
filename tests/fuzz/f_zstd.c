/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile Zstandard frames: nothing beyond input and output is touched. */
#include <stdlib.h>
#include <string.h>
#include <tenon/zstd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t work[ZSTD_WORK_SIZE / 8];
	size_t cap, len = 0, hint;
	uint8_t *out;

	if (!size)
		return 0;
	/* What was there before must not matter. */
	memset(work, 0xa5, sizeof(work));
	cap = (size_t)data[0] * 513;
	out = malloc(cap ? cap : 1);
	if (!out)
		abort();
	if (zstd_decode(data + 1, size - 1, out, cap, &len, work) > 0 ||
		len > cap)
		abort();
	(void)!zstd_out_size(data + 1, size - 1, &hint);
	free(out);
	return 0;
}
