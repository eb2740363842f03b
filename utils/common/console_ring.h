/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The dom0 side of a guest's console page (public/io/console.h). The page is
 * shared with a guest that may write anything into it at any time: indices
 * are read once and bounded, bytes are copied once. Pure.
 */
#ifndef UTILS_CONSOLE_RING_H
#define UTILS_CONSOLE_RING_H

#include <stdbool.h>
#include <stddef.h>

struct xencons_interface;

#define CONSOLE_OUT_MAX 2048 /* bytes of output that the page can hold */

/*
 * Takes up to `size` bytes that the guest wrote; *got of them, maybe 0. False:
 * the indices are nonsense; the output was thrown away and the ring is empty.
 */
bool console_ring_take(
	struct xencons_interface *ring, char *bytes, size_t size, size_t *got);
/* Gives up to `size` bytes to the guest; returns how many found room. */
size_t console_ring_give(
	struct xencons_interface *ring, const char *bytes, size_t size);
/* Bytes of input that have room; 0 also when the indices are nonsense. */
size_t console_ring_room(const struct xencons_interface *ring);

#endif
