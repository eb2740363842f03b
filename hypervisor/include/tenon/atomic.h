/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Atomic operations, all sequentially consistent unless they say otherwise.
 * Everything goes through these, so that the hosted build can let another
 * coroutine run at each (arch_race_point).
 */
#ifndef TENON_ATOMIC_H
#define TENON_ATOMIC_H

#include <tenon/types.h>

#ifdef TENON_HOSTED
void arch_race_point(void);
#else
static inline void arch_race_point(void)
{
}
#endif

#define atomic_read(p)	     (__atomic_load_n((p), __ATOMIC_ACQUIRE))
#define atomic_write(p, val) (__atomic_store_n((p), (val), __ATOMIC_RELEASE))

/* Returns the new value. */
#define atomic_add(p, n) \
	(arch_race_point(), __atomic_add_fetch((p), (n), __ATOMIC_SEQ_CST))
#define atomic_sub(p, n) \
	(arch_race_point(), __atomic_sub_fetch((p), (n), __ATOMIC_SEQ_CST))
#define atomic_or(p, n) \
	(arch_race_point(), __atomic_fetch_or((p), (n), __ATOMIC_SEQ_CST))
#define atomic_and(p, n) \
	(arch_race_point(), __atomic_fetch_and((p), (n), __ATOMIC_SEQ_CST))
#define atomic_swap(p, val) \
	(arch_race_point(), __atomic_exchange_n((p), (val), __ATOMIC_SEQ_CST))

/* True and *p = val if *p was *old; else false and *old = *p. */
#define atomic_cas(p, old, val)                                       \
	(arch_race_point(),                                           \
		__atomic_compare_exchange_n((p), (old), (val), false, \
			__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))

#define smp_mb()  __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)

/* Bit n of an array of 64-bit words; the first three return the old value. */
static inline bool bit_test_and_set(uint64_t *w, unsigned n)
{
	return atomic_or(&w[n / 64], 1ULL << (n % 64)) >> (n % 64) & 1;
}

static inline bool bit_test_and_clear(uint64_t *w, unsigned n)
{
	return atomic_and(&w[n / 64], ~(1ULL << (n % 64))) >> (n % 64) & 1;
}

static inline bool bit_test(const uint64_t *w, unsigned n)
{
	return __atomic_load_n(&w[n / 64], __ATOMIC_ACQUIRE) >> (n % 64) & 1;
}

#endif
