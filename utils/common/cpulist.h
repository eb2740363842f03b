/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of CPUs as people write them: "all", or numbers and ranges that are
 * joined by commas, those after a '^' taken out again: "0-3,^2,7". Pure.
 */
#ifndef UTILS_CPULIST_H
#define UTILS_CPULIST_H

#include <stddef.h>
#include <stdint.h>

struct why;

#define CPULIST_BYTES 512 /* of a map: 4096 CPUs */

/*
 * Fills `map`, bit 0 of byte 0 being CPU 0, for a machine with `cpus` CPUs, at
 * most 8 * CPULIST_BYTES. -EINVAL: it is no such list, is empty, or names a
 * CPU that is not there; `why` quotes it.
 */
int cpulist_parse(const char *text, uint32_t cpus, uint8_t map[CPULIST_BYTES],
	struct why *why);

#endif
