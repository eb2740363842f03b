/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's trace rings (public/trace.h), one for each CPU. There is one
 * set of them on a machine, and one reader at a time.
 */
#ifndef TENONCTRL_TRACE_H
#define TENONCTRL_TRACE_H

#include <stddef.h>
#include <stdint.h>
#include <public/trace.h>

struct ctrl;
struct trace;
struct why;

/*
 * Makes rings of `pages` pages for each CPU (the hypervisor may round up), or
 * takes those that there are when they can have no other size, and maps them.
 * What stands in them is passed over. -EBUSY: somebody else is tracing.
 */
int trace_open(
	struct ctrl *c, uint32_t pages, struct trace **out, struct why *why);
/* From now on events of `events` (TRC_*) on the CPUs of `map`, of `bytes`. */
int trace_start(
	struct trace *t, uint32_t events, const uint8_t *map, size_t bytes);
int trace_stop(struct trace *t);
/* One more than the highest CPU. */
uint32_t trace_cpus(const struct trace *t);
/*
 * Takes the records that wait in a CPU's ring: `*size` bytes, freed by the
 * caller; 0 bytes and NULL when there are none. -EPROTO: the ring makes no
 * sense.
 */
int trace_take(struct trace *t, uint32_t cpu, uint8_t **bytes, size_t *size);
/* Stops, unmaps and gives back the rings' memory. NULL is ignored. */
void trace_close(struct trace *t);

#endif
