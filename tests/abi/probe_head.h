/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The start of the generated probe: how one fact of the ABI is printed. The
 * probe is compiled against our headers and against the peer's; what it
 * prints must not differ.
 */
#ifndef PROBE_HEAD_H
#define PROBE_HEAD_H

#include <stdio.h>
#include <string.h>

static inline void probe_number(const char *name, unsigned long long value)
{
	printf("%s = %#llx\n", name, value);
}

static inline void probe_string(const char *name, const char *value)
{
	printf("%s = \"%s\"\n", name, value);
}

/* A constant: a number of any type, or a string. */
#define PROBE(name, value) \
	_Generic((value), char *                                               \
		 : probe_string, default                                       \
		 : probe_number)(name, value)

#define PROBE_TYPE(type) probe_number("sizeof(" #type ")", sizeof(type))

#define PROBE_FIELD(type, field)                                               \
	printf(#type " " #field " at %zu, %zu bytes\n", offsetof(type, field), \
		sizeof(((type *)0)->field))

#define PROBE_FLEX(type, field)                                     \
	printf(#type " " #field " at %zu, elements of %zu bytes\n", \
		offsetof(type, field), sizeof(((type *)0)->field[0]))

/* The bytes of a structure in which only this bit field is set. */
#define PROBE_BITS(type, field)                                        \
	do {                                                           \
		type it;                                               \
		size_t byte;                                           \
		memset(&it, 0, sizeof(it));                            \
		it.field = ~0;                                         \
		printf(#type " " #field " bits");                      \
		for (byte = 0; byte < sizeof(it); byte++)              \
			printf(" %02x", ((unsigned char *)&it)[byte]); \
		printf("\n");                                          \
	} while (0)

/* The store's errors: our list of names, the peer's array of entries. */
static inline void probe_store_errors(void)
{
#ifdef XSD_ERRORS
#define PROBE_ENTRY(name) { name, #name },
	static const struct xsd_errors xsd_errors[] = { XSD_ERRORS(
		PROBE_ENTRY) };
#endif
	size_t i;

	for (i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
		printf("store error %zu: %d %s\n", i, xsd_errors[i].errnum,
			xsd_errors[i].errstring);
}

#endif
