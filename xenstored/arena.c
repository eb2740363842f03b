/* SPDX-License-Identifier: BSD-2-Clause */
/* The arena: classes of size, each with its free objects. */
#include "arena.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, len)   ((void)(at), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#endif

/* All that a reference can name; less where the system refuses. */
#define RESERVE_MAX ((size_t)ARENA_UNIT << 32)
#define RESERVE_MIN ((size_t)64 << 20)
#define GROW	    ((size_t)256 << 10)
/* Classes: one for each unit, then four for each doubling. */
#define EXACT_UNITS 32u
#define CLASS_COUNT (EXACT_UNITS + 1 + 4 * 6)

struct free_object {
	uint32_t next;
};

char *arena_base;
static size_t reserved, backed, used;
static uint32_t free_list[CLASS_COUNT];

/* The class of a size in units, and the units that its objects have. */
static unsigned int class_of(size_t units, size_t *class_units)
{
	unsigned int shift, class = EXACT_UNITS + 1;
	size_t step;

	*class_units = units;
	if (units <= EXACT_UNITS)
		return (unsigned int)units;
	for (shift = 3;; shift++) {
		step = (size_t)1 << shift;
		if (units <= 8 * step)
			break;
		class += 4;
	}
	*class_units = (units + step - 1) / step * step;
	return class + (unsigned int)(*class_units / step) - 5;
}

static size_t units_of(size_t size)
{
	return (size + ARENA_UNIT - 1) / ARENA_UNIT;
}

size_t arena_size(size_t size)
{
	size_t units;

	class_of(units_of(size), &units);
	return units * ARENA_UNIT;
}

static bool reserve(void)
{
	size_t size;
	void *at;

	for (size = RESERVE_MAX; size >= RESERVE_MIN; size /= 2) {
		at = mmap(NULL, size, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (at == MAP_FAILED)
			continue;
		arena_base = at;
		reserved = size;
		used = ARENA_UNIT; /* reference 0 is nothing */
		return true;
	}
	return false;
}

/* Backs the next `size` bytes. */
static bool grow(size_t size)
{
	if (!arena_base && !reserve())
		return false;
	while (used + size > backed) {
		if (backed + GROW > reserved ||
			mprotect(arena_base + backed, GROW,
				PROT_READ | PROT_WRITE))
			return false;
		ASAN_POISON_MEMORY_REGION(arena_base + backed, GROW);
		backed += GROW;
	}
	return true;
}

int arena_reserve(void)
{
	if (used + ARENA_RESERVE <= backed || grow(ARENA_RESERVE))
		return 0;
	return -ENOMEM;
}

void *arena_alloc(size_t size)
{
	size_t units;
	unsigned int class = class_of(units_of(size), &units);
	uint32_t ref = free_list[class];
	struct free_object *object;

	size = units * ARENA_UNIT;
	if (ref) {
		object = arena_at(ref);
		ASAN_UNPOISON_MEMORY_REGION(object, size);
		free_list[class] = object->next;
		return object;
	}
	if (used + size > backed && !grow(size))
		return NULL;
	object = (void *)(arena_base + used);
	used += size;
	ASAN_UNPOISON_MEMORY_REGION(object, size);
	return object;
}

void arena_free(void *at, size_t size)
{
	size_t units;
	unsigned int class = class_of(units_of(size), &units);
	struct free_object *object = at;

	object->next = free_list[class];
	free_list[class] = arena_ref(object);
	ASAN_POISON_MEMORY_REGION(object, units * ARENA_UNIT);
}
