/* SPDX-License-Identifier: BSD-2-Clause */
/* Multiplier and shift of a rate; see tenon/time_scale.h. */
#include <tenon/time_scale.h>

struct time_scale time_scale_of(uint64_t hz)
{
	const uint64_t ns = 1000000000;
	struct time_scale s = { .shift = 0 };

	while (hz > ns * 2) {
		hz >>= 1;
		s.shift--;
	}
	/* More than ns, so that the multiplier has 32 bits. */
	while (hz <= ns) {
		hz <<= 1;
		s.shift++;
	}
	s.mul = (uint32_t)((ns << 32) / hz);
	return s;
}
