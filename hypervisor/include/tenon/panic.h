/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of the line, for faults of ours: BUG_ON in every build, ASSERT in
 * debug builds only and never the only defence.
 */
#ifndef TENON_PANIC_H
#define TENON_PANIC_H

#include <tenon/types.h>

/*
 * Print the message, registers and a backtrace, stop the other CPUs, and
 * reboot or halt (command line: noreboot).  Safe in any context.
 */
noreturn void panic(const char *fmt, ...) format_like(1, 2);

#define BUG_ON(cond)                                                          \
	do {                                                                  \
		if (unlikely(cond))                                           \
			panic("BUG: %s at %s:%d", #cond, __FILE__, __LINE__); \
	} while (0)
#define BUG() panic("BUG at %s:%d", __FILE__, __LINE__)

#ifdef TENON_DEBUG
#define ASSERT(cond) BUG_ON(!(cond))
#else
#define ASSERT(cond) ((void)sizeof(cond))
#endif

#endif
