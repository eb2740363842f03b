/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Included by the compiler before every C file of the image. The switch
 * -fvisibility=hidden covers definitions only; this covers declarations.
 */
#ifndef __ASSEMBLER__
#pragma GCC visibility push(hidden)
#endif
