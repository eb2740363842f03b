/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory and registers of a PV domain, whether it runs, is paused or has
 * crashed, in a file for debuggers: an ELF without program headers, whose
 * sections the published dump-core-format describes, version 0.1, as stock `xl
 * dump-core` writes it.
 */
#ifndef TENONCTRL_DUMP_PV_H
#define TENONCTRL_DUMP_PV_H

#include <stdint.h>
#include <tenonctrl/save_file.h>
#include <tenonctrl/save_pv.h>

struct ctrl;
struct why;

/*
 * Writes domain `domid` from the file's present place, its start, on; what is
 * no page of its own is left out. A domain that runs is not stopped for it, and
 * its pages are then of different moments. -EINVAL: its list of pages makes no
 * sense, or its kernel has not made one yet; -ENOTSUP: it has another form;
 * -ENODATA: it has no vcpu that was ever started; errors of save_file_write.
 */
int dump_pv(struct ctrl *c, uint32_t domid,
	const struct save_progress *progress, struct save_file *f,
	struct why *why);

#endif
