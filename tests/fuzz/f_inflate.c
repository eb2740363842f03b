/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile gzip files, and, as their CRC would stop most mutations, bare
 * deflate streams. The buffers are as small as stated, for the sanitizers.
 */
#include <stdlib.h>
#include <tenon/inflate.h>
#include "../../hypervisor/lib/inflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t work[GZIP_WORK_SIZE / 8];
	static struct inflate state;
	size_t cap, len = 0, hint;
	const uint8_t *in;
	uint8_t *out;
	int rc;

	if (!size)
		return 0;
	cap = (size_t)(data[0] & 0x7f) * 513;
	out = malloc(cap ? cap : 1);
	if (!out)
		abort();
	in = data + 1;
	if (data[0] & 0x80) {
		rc = gzip_decode(in, size - 1, out, cap, &len, work);
		if (gzip_out_size(in, size - 1, &hint) == 0 &&
			hint > UINT32_MAX)
			abort();
	} else {
		rc = inflate_decode(&state, &in, data + size, out, cap, &len);
		if (!rc && (in > data + size || in <= data + 1))
			abort();
	}
	if (rc > 0 || len > cap)
		abort();
	free(out);
	return 0;
}
