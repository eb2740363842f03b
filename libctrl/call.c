/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The handle, hypercalls and their memory. Small buffers come from an arena
 * that is mapped once, for mapping and unmapping a page costs more than most
 * hypercalls; one bit a page says what is taken.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/call.h>
#include <public/version.h>
#include "os.h"

#define PAGE	    4096UL
#define ARENA_PAGES 16U

struct ctrl {
	const struct os_ops *ops;
	void *state;
	char *arena;
	uint32_t taken; /* bit n: page n of the arena */
};

int ctrl_open_os(struct ctrl **out, const struct os_ops *ops, void *state)
{
	struct ctrl *c = calloc(1, sizeof(*c));

	if (c)
		c->arena = ops->pages_alloc(state, ARENA_PAGES);
	if (!c || !c->arena) {
		free(c);
		ops->close(state);
		return -ENOMEM;
	}
	c->ops = ops;
	c->state = state;
	*out = c;
	return 0;
}

int ctrl_open(struct ctrl **out, struct why *why)
{
	const struct os_ops *ops;
	void *state;
	int ret = os_linux_open(&ops, &state, why);

	return ret ? ret : ctrl_open_os(out, ops, state);
}

void ctrl_close(struct ctrl *c)
{
	if (!c)
		return;
	c->ops->pages_free(c->state, c->arena, ARENA_PAGES);
	c->ops->close(c->state);
	free(c);
}

const struct os_ops *ctrl_os(const struct ctrl *c, void **state)
{
	*state = c->state;
	return c->ops;
}

long call_hypercall(struct ctrl *c, unsigned int number, uint64_t a0,
	uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
	const uint64_t args[5] = { a0, a1, a2, a3, a4 };

	return c->ops->hypercall(c->state, number, args);
}

static size_t pages_of(size_t bytes)
{
	return bytes ? (bytes - 1) / PAGE + 1 : 1;
}

static uint32_t run_mask(size_t pages)
{
	return (1U << pages) - 1;
}

void *call_buf_alloc(struct ctrl *c, size_t bytes)
{
	size_t pages = pages_of(bytes);

	for (unsigned int at = 0; at + pages <= ARENA_PAGES; at++) {
		uint32_t run = run_mask(pages) << at;

		if (c->taken & run)
			continue;
		c->taken |= run;
		return memset(c->arena + at * PAGE, 0, bytes);
	}
	return c->ops->pages_alloc(c->state, pages);
}

void call_buf_free(struct ctrl *c, void *buf, size_t bytes)
{
	size_t pages = pages_of(bytes);
	char *at = buf;

	if (!buf)
		return;
	if (at >= c->arena && at < c->arena + ARENA_PAGES * PAGE)
		c->taken &= ~(run_mask(pages) << ((at - c->arena) / PAGE));
	else
		c->ops->pages_free(c->state, buf, pages);
}

int call_version(struct ctrl *c, uint32_t *version)
{
	long ret = call_hypercall(
		c, __HYPERVISOR_xen_version, XENVER_version, 0, 0, 0, 0);

	if (ret < 0)
		return (int)ret;
	*version = (uint32_t)ret;
	return 0;
}

int call_version_about(
	struct ctrl *c, unsigned int what, void *answer, size_t bytes)
{
	void *buf = call_buf_alloc(c, bytes);
	long ret;

	if (!buf)
		return -ENOMEM;
	ret = call_hypercall(
		c, __HYPERVISOR_xen_version, what, (uintptr_t)buf, 0, 0, 0);
	if (ret >= 0)
		memcpy(answer, buf, bytes);
	call_buf_free(c, buf, bytes);
	return ret < 0 ? (int)ret : 0;
}
