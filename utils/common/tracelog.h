/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trace records, from the bytes of rings or of files that xentrace(8) writes to
 * text or JSON. Pure. The bytes are not trusted.
 */
#ifndef UTILS_TRACELOG_H
#define UTILS_TRACELOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <public/trace.h>

struct tracelog_record {
	uint64_t tsc;  /* of the record before it on the CPU, if it has none */
	size_t number; /* as it was added */
	uint32_t event;
	uint32_t cpu;
	uint32_t count; /* of words */
	uint32_t words[TRACE_EXTRA_MAX];
};

/* Zeroed at the start. */
struct tracelog {
	struct tracelog_record *records;
	size_t count, room;
	uint32_t cpu; /* of the bytes to come */
	uint64_t tsc;
};

/*
 * Adds the records in the bytes; those that say that another CPU's follow (in
 * files) and fillings are carried out, not added. -EINVAL: a record is cut or
 * `bytes` end in one; those before it are added. -ENOMEM.
 */
int tracelog_add(struct tracelog *log, const uint8_t *bytes, size_t size);
/* By time. */
void tracelog_sort(struct tracelog *log);
void tracelog_free(struct tracelog *log);

/* "wake"; NULL for an event that is not known. */
const char *tracelog_name(uint32_t event);
/*
 * The words of a record as "domid=1 vcpu=0", or as the members of a JSON object
 * (`"domid":1,"vcpu":0`); cut to `room`.
 */
void tracelog_words(const struct tracelog_record *record, bool json, char *text,
	size_t room);
/*
 * The mask that a person names: class names joined by commas, or a number.
 * -EINVAL: neither.
 */
int tracelog_mask(const char *text, uint32_t *mask);
/* "sched, pv, ...": what tracelog_mask knows. */
const char *tracelog_classes(void);

#endif
