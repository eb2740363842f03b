/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's messages, for the tools that print them. */
#ifndef UTILS_HVLOG_H
#define UTILS_HVLOG_H

#include <stdbool.h>
#include <stdint.h>

struct ctrl;

/*
 * Prints what is new since `*at`, which begins as 0 and moves on; `clear`
 * empties the ring after reading it. 0, or a negative errno after a message.
 */
int hvlog_print(struct ctrl *c, bool clear, uint32_t *at);
/* Moves `*at` behind what is there, without printing it. */
int hvlog_skip(struct ctrl *c, uint32_t *at);

#endif
