/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Telling AddressSanitizer what of our memory may be touched: the n bytes from
 * p on.  Nothing is done without it.
 */
#ifndef TENON_POISON_H
#define TENON_POISON_H

#ifdef TENON_HOSTED
#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#endif

#ifdef HAS_ASAN
#include <sanitizer/asan_interface.h>
#define memory_forbid(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define memory_allow(p, n)  ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define memory_forbid(p, n) ((void)(p), (void)(n))
#define memory_allow(p, n)  ((void)(p), (void)(n))
#endif

#endif
