/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory of trace.h's rings: pages of DOMID_XEN, which dom0 maps, and a
 * table of them (struct t_info).  Calls are made one at a time.
 */
#ifndef TENON_TRACE_BUFFERS_H
#define TENON_TRACE_BUFFERS_H

#include <tenon/types.h>

struct trace_settings {
	uint32_t events; /* TRC_* */
	cpumask_t cpus;
	bool is_on;
};

/* None, and all to be recorded. */
void trace_buffers_init(void);
/*
 * Of this many pages for each CPU, rounded up to a power of two; 0 gives back
 * what there is.  0, -EBUSY while recording, -EINVAL (too many), -ENOMEM.
 */
must_check int trace_buffers_resize(unsigned pages);
const struct trace_settings *trace_buffers_settings(void);
/* -EINVAL: nothing can be recorded without buffers. */
must_check int trace_buffers_set(const struct trace_settings *to);
/* The frames of the table: the first, and their bytes; 0: there is none. */
mfn_t trace_buffers_table(uint32_t *bytes);
/* Panics when the table or the pages are not what they should be. */
void trace_buffers_audit(void);

#endif
