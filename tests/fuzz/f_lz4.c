/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile LZ4 frames: nothing beyond input and output is touched. */
#include <stdlib.h>
#include <string.h>
#include <tenon/lz4.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t cap, len = 0, hint;
	uint8_t *out;

	if (!size)
		return 0;
	cap = (size_t)data[0] * 513;
	out = malloc(cap ? cap : 1);
	if (!out)
		abort();
	if (lz4_decode(data + 1, size - 1, out, cap, &len, NULL) > 0 ||
		len > cap)
		abort();
	(void)!lz4_out_size(data + 1, size - 1, &hint);
	free(out);
	return 0;
}
