/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keeper goes on as another program: the worker is killed, which hurts
 * nobody, and what the keeper holds passes through exec: the descriptors
 * themselves, and a table of them in a file in memory.
 */
#ifndef XENSTORED_UPGRADE_H
#define XENSTORED_UPGRADE_H

#include "keeper.h"

/*
 * Becomes `program`, or when it is empty the one that now stands where this
 * one came from. Returns only on failure, with a negative errno and all as
 * it was; there is no worker then.
 */
int upgrade_exec(struct keeper *k, const char *program);
/* Takes up what descriptor `fd` says. -EPROTO: it is of another kind. */
int upgrade_resume(struct keeper *k, int fd);

#endif
