/* SPDX-License-Identifier: BSD-2-Clause */
/* libxxhash, by the widest registers that the CPU has where the library can
 * choose while it runs; the sums are the same. */
#ifndef LIBCTRL_HASH_H
#define LIBCTRL_HASH_H

#include <xxhash.h>
#ifdef HAVE_XXH_DISPATCH
#include <xxh_x86dispatch.h>
#endif

#endif
