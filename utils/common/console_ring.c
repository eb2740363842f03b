/* SPDX-License-Identifier: BSD-2-Clause */
/* The console page; see console_ring.h. */
#include <stdint.h>
#include <public/io/console.h>
#include "console_ring.h"

static uint32_t load(const uint32_t *index)
{
	return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

bool console_ring_take(
	struct xencons_interface *ring, char *bytes, size_t size, size_t *got)
{
	uint32_t prod = load(&ring->out_prod), cons = load(&ring->out_cons);
	uint32_t count = prod - cons;

	*got = 0;
	if (count > sizeof(ring->out)) {
		__atomic_store_n(&ring->out_cons, prod, __ATOMIC_RELEASE);
		return false;
	}
	if (count > size)
		count = (uint32_t)size;
	for (uint32_t i = 0; i < count; i++)
		bytes[i] = __atomic_load_n(
			&ring->out[(cons + i) % sizeof(ring->out)],
			__ATOMIC_RELAXED);
	/* Pairs with the guest's read of out_cons before it writes more. */
	__atomic_store_n(&ring->out_cons, cons + count, __ATOMIC_SEQ_CST);
	*got = count;
	return true;
}

size_t console_ring_room(const struct xencons_interface *ring)
{
	uint32_t used = load(&ring->in_prod) - load(&ring->in_cons);

	return used > sizeof(ring->in) ? 0 : sizeof(ring->in) - used;
}

size_t console_ring_give(
	struct xencons_interface *ring, const char *bytes, size_t size)
{
	uint32_t prod = load(&ring->in_prod);
	size_t room = console_ring_room(ring);

	if (size > room)
		size = room;
	for (size_t i = 0; i < size; i++)
		ring->in[(prod + i) % sizeof(ring->in)] = bytes[i];
	__atomic_store_n(
		&ring->in_prod, prod + (uint32_t)size, __ATOMIC_RELEASE);
	return size;
}
