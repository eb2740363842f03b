/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ticks to nanoseconds in the form of vcpu_time_info (public/xen.h): shifted
 * by shift, to the left or the right, times mul, over 2^32.
 */
#ifndef TENON_TIME_SCALE_H
#define TENON_TIME_SCALE_H

#include <tenon/types.h>

struct time_scale {
	uint32_t mul;
	int8_t shift;
};

/* For ticks of that rate; 1,000 at least. */
struct time_scale time_scale_of(uint64_t hz);

static inline uint64_t time_scale_ns(const struct time_scale *s, uint64_t ticks)
{
	ticks = s->shift < 0 ? ticks >> -s->shift : ticks << s->shift;
	return (uint64_t)(((__uint128_t)ticks * s->mul) >> 32);
}

#endif
