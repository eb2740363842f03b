/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words that every file of the core uses: fixed-width integers, machine
 * addresses as distinct types, and a few macros.  Pure: includes nothing of
 * ours.
 */
#ifndef TENON_TYPES_H
#define TENON_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A machine frame number: machine address >> 12.  Of PV guests also the gfn. */
typedef struct {
	uint64_t v;
} mfn_t;

#define MFN(x)	 ((mfn_t){ (x) })
#define MFN_NONE MFN(~0ULL)

/* Machine address and virtual address, in bytes. */
typedef uint64_t paddr_t;
typedef uint64_t vaddr_t;

/* Domain number as in public/xen.h. */
typedef uint16_t domid_t;

/* One bit a CPU: the core supports at most NR_CPUS of them. */
#define NR_CPUS 64
typedef uint64_t cpumask_t;
#define CPUMASK(cpu)	  (1ULL << (cpu))

#define PAGE_SHIFT	  12
#define PAGE_SIZE	  (1ULL << PAGE_SHIFT)
#define PAGE_MASK	  (~(PAGE_SIZE - 1))

#define KIB(n)		  ((uint64_t)(n) << 10)
#define MIB(n)		  ((uint64_t)(n) << 20)
#define GIB(n)		  ((uint64_t)(n) << 30)

#define ARRAY_SIZE(a)	  (sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(x, a)	  (((x) + ((a)-1)) & ~((__typeof__(x))(a)-1))
#define ALIGN_DOWN(x, a)  ((x) & ~((__typeof__(x))(a)-1))
#define DIV_UP(x, d)	  (((x) + (d)-1) / (d))
#define likely(x)	  __builtin_expect(!!(x), 1)
#define unlikely(x)	  __builtin_expect(!!(x), 0)
#define must_check	  __attribute__((warn_unused_result))
#define format_like(f, a) __attribute__((format(printf, f, a)))
#define no_inline	  __attribute__((noinline))
#define always_inline	  inline __attribute__((always_inline))
#define noreturn	  __attribute__((noreturn))
#define page_aligned	  __attribute__((aligned(4096)))
#define cache_aligned	  __attribute__((aligned(64)))
#define maybe_unused	  __attribute__((unused))

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr)-offsetof(type, member)))

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Read or write a shared word exactly once. */
#define READ_ONCE(x)	 (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

/* Compiler barrier; order between CPUs comes from atomic.h. */
#define barrier() __asm__ volatile("" ::: "memory")

#endif
