/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libctrl asks of the system below it. os_linux.c does
 * them with Linux's devices; tests put a fake machine in their place.
 */
#ifndef LIBCTRL_OS_H
#define LIBCTRL_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <public/xen.h>

struct ctrl;
struct why;

struct os_ops {
	/* The hypercall's result, or a negative errno. */
	long (*hypercall)(
		void *state, unsigned int number, const uint64_t args[5]);
	/* Zeroed memory that no fault can hit, in whole pages; or NULL. */
	void *(*pages_alloc)(void *state, size_t pages);
	void (*pages_free)(void *state, void *base, size_t pages);
	/* Maps frames; errors[i] is 0 or a negative errno for each. */
	int (*map_frames)(void *state, uint32_t domid, const xen_pfn_t *frames,
		size_t count, bool writable, int *errors, void **out);
	/* Other frames in place of a mapping's first ones, and nothing behind
	 * them; false: that cannot be, and they show anything. NULL: never. */
	bool (*remap)(void *state, void *map, size_t old, uint32_t domid,
		const xen_pfn_t *frames, size_t count, bool writable);
	int (*map_resource)(void *state, uint32_t domid, uint32_t type,
		uint32_t id, uint32_t index, size_t count, void **out);
	void (*unmap)(void *state, void *map, size_t count);
	void (*close)(void *state);
};

/* Opens Linux's devices; errors as ctrl_open. */
int os_linux_open(const struct os_ops **ops, void **state, struct why *why);

/* A handle over any system; takes the state, also when it fails. */
int ctrl_open_os(struct ctrl **out, const struct os_ops *ops, void *state);

/* For fmem.c: the system below a handle. */
const struct os_ops *ctrl_os(const struct ctrl *c, void **state);

#endif
