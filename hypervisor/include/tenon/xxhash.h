/* SPDX-License-Identifier: BSD-2-Clause */
/* XXH64 with seed 0: the xxHash specification, version 0.1.1. */
#ifndef TENON_XXHASH_H
#define TENON_XXHASH_H

#include <stddef.h>
#include <tenon/types.h>

uint64_t xxhash64(const void *data, size_t size);

#endif
