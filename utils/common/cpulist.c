/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of CPUs; see cpulist.h. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/why.h>
#include "cpulist.h"

static void set(uint8_t *map, uint32_t first, uint32_t last, bool on)
{
	for (uint32_t cpu = first; cpu <= last; cpu++) {
		uint8_t bit = (uint8_t)(1U << cpu % 8);

		map[cpu / 8] = (uint8_t)(on ? map[cpu / 8] | bit
					    : map[cpu / 8] & ~bit);
	}
}

/* One decimal number below `limit`; moves on. */
static bool number(const char **at, uint32_t limit, uint32_t *value)
{
	char *end;
	unsigned long n;

	if (**at < '0' || **at > '9')
		return false;
	n = strtoul(*at, &end, 10);
	if (n >= limit)
		return false;
	*at = end;
	*value = (uint32_t)n;
	return true;
}

/* One element, up to a comma or the end. */
static bool element(const char **at, uint32_t cpus, uint8_t *map)
{
	uint32_t first, last;
	bool on = **at != '^';

	if (!on)
		++*at;
	if (!strncmp(*at, "all", 3)) {
		*at += 3;
		first = 0;
		last = cpus - 1;
	} else {
		if (!number(at, cpus, &first))
			return false;
		last = first;
		if (**at == '-') {
			++*at;
			if (!number(at, cpus, &last) || last < first)
				return false;
		}
	}
	set(map, first, last, on);
	return true;
}

int cpulist_parse(const char *text, uint32_t cpus, uint8_t map[CPULIST_BYTES],
	struct why *why)
{
	static const uint8_t none[CPULIST_BYTES];
	uint8_t made[CPULIST_BYTES] = { 0 };
	const char *at = text;

	do {
		if (!element(&at, cpus, made))
			return why_set(why, -EINVAL,
				"'%s' is no list of CPUs: \"all\", or numbers "
				"and ranges up to %u as in 0-3,^2",
				text, cpus - 1);
	} while (*at++ == ',');
	if (at[-1])
		return why_set(why, -EINVAL,
			"'%s' has something other than a comma behind a CPU",
			text);
	if (!memcmp(made, none, sizeof(made)))
		return why_set(why, -EINVAL, "'%s' leaves no CPU", text);
	memcpy(map, made, sizeof(made));
	return 0;
}

static bool has(const uint8_t *map, size_t bytes, uint32_t cpu)
{
	return cpu / 8 < bytes && map[cpu / 8] >> cpu % 8 & 1;
}

void cpulist_format(const uint8_t *map, size_t bytes, uint32_t cpus, char *text,
	size_t room)
{
	uint32_t count = 0, cpu = 0, end;
	size_t at = 0;

	while (count < cpus && has(map, bytes, count))
		count++;
	snprintf(text, room, "%s", cpus && count == cpus ? "all" : "none");
	if (cpus && count == cpus)
		return;
	for (; cpu < bytes * 8 && at < room; cpu = end + 1) {
		end = cpu;
		if (!has(map, bytes, cpu))
			continue;
		while (has(map, bytes, end + 1))
			end++;
		at += (size_t)snprintf(text + at, room - at,
			end > cpu ? "%s%u-%u" : "%s%u", at ? "," : "", cpu,
			end);
	}
}
