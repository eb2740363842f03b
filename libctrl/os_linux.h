/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many foreign frames at a low price. A paravirtual kernel maps and unmaps them
 * by one trap or more a page; here a program changes the entries of its own
 * mapping in batches, by update_va_mapping, as its kernel would. One mapping is
 * kept for the next use, for its page tables exist. Where the hypervisor
 * refuses that (a dom0 that has no entries of its own), the kernel does it all.
 */
#ifndef LIBCTRL_OS_LINUX_H
#define LIBCTRL_OS_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <public/xen.h>

struct os_remap {
	pid_t pid; /* whose mappings these are: a child has none of them */
	struct multicall_entry *calls;
	char *window; /* NULL: none */
	size_t pages; /* of the window */
	size_t used;  /* so many of its first pages may have entries */
	bool is_writable, is_taken;
};

struct os_linux {
	int privcmd;
	int hypercall; /* -1: the kernel has no such device */
	struct os_remap remap;
};

/* As in os_ops; in os_linux.c. */
long os_linux_call(void *state, unsigned int number, const uint64_t args[5]);
void *os_linux_pages(void *state, size_t pages);

/* `count` frames in the window; NULL: it is not there, too small or taken, or
 * one of the frames cannot be mapped, and the kernel is to be asked. */
void *os_remap_map(struct os_linux *os, uint32_t domid, const xen_pfn_t *frames,
	size_t count, bool is_writable);
/* As in os_ops. */
bool os_remap_again(void *state, void *map, size_t old, uint32_t domid,
	const xen_pfn_t *frames, size_t count, bool is_writable);
/* A mapping of frames that the kernel made; it may become the window. */
void os_remap_adopt(
	struct os_linux *os, void *map, size_t count, bool is_writable);
/* Ends any mapping of frames. */
void os_remap_unmap(struct os_linux *os, void *map, size_t count);
void os_remap_end(struct os_linux *os);

#endif
