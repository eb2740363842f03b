/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile .xz files, and, as their CRCs would stop most mutations, bare LZMA2
 * streams and the x86 filter.
 */
#include <stdlib.h>
#include <string.h>
#include <tenon/xz.h>
#include "../../hypervisor/lib/lzma2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t work[XZ_WORK_SIZE / 8];
	static struct lzma2 state;
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
		rc = xz_decode(in, size - 1, out, cap, &len, work);
		(void)!xz_out_size(in, size - 1, &hint);
	} else {
		/* The decoder must not depend on what was there before. */
		memset(&state, 0xa5, sizeof(state));
		rc = lzma2_decode(&state, &in, data + size, out, cap, &len);
		if (!rc && (in > data + size || in <= data + 1))
			abort();
		if (!rc)
			bcj_x86_decode(out, len, 0);
	}
	if (rc > 0 || len > cap)
		abort();
	free(out);
	return 0;
}
