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
/*
 * The opposite: "0-3,7" for a map of `bytes` bytes, "all" when it has the CPUs
 * 0 to `cpus` - 1, "none" when it has none. Cut to `room` bytes.
 */
void cpulist_format(const uint8_t *map, size_t bytes, uint32_t cpus, char *text,
	size_t room);

#endif
