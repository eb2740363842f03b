/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries of page tables by the batch; see os_linux.h. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "os_linux.h"

#define PAGE	   4096UL
#define PAGE_SHIFT 12
#define CALLS	   512U
#define CALL_PAGES (CALLS * sizeof(struct multicall_entry) / PAGE)
/* Fewer than that are not worth it. */
#define WINDOW_MIN 16U
#define WINDOW_MAX 4096U
/*
 * What Linux's own entries of foreign frames say: present, of users, accessed,
 * never executed, and "special", its bit 9: there is no page behind it that it
 * counts.
 */
#define ENTRY_FLAGS    (1ULL << 63 | 1ULL << 9 | 1ULL << 5 | 1ULL << 2 | 1ULL)
#define ENTRY_WRITABLE 2ULL

/* Whether all of `count` calls were done. */
static bool call_all(struct os_linux *os, size_t count)
{
	struct multicall_entry *calls = os->remap.calls;
	const uint64_t args[5] = { (uintptr_t)calls, count };

	if (os_linux_call(os, __HYPERVISOR_multicall, args))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (calls[i].result)
			return false;
	}
	return true;
}

/* What entries are to say. */
struct entries {
	const xen_pfn_t *frames; /* NULL: nothing */
	uint32_t domid;
	uint64_t flags;
	bool is_flushed; /* no CPU knows any more what they said before */
};

static bool set_entries(
	struct os_linux *os, char *map, size_t count, const struct entries *e)
{
	struct multicall_entry *calls = os->remap.calls;
	uint64_t op = e->frames ? __HYPERVISOR_update_va_mapping_otherdomain
				: __HYPERVISOR_update_va_mapping;
	size_t some;

	for (size_t at = 0; at < count; at += some) {
		some = count - at < CALLS ? count - at : CALLS;
		for (size_t i = 0; i < some; i++) {
			struct multicall_entry *call = &calls[i];

			call->op = op;
			call->args[0] = (uintptr_t)map + (at + i) * PAGE;
			call->args[1] = 0;
			if (e->frames)
				call->args[1] = e->frames[at + i]
							<< PAGE_SHIFT |
						e->flags;
			call->args[2] = 0;
			call->args[3] = e->domid;
		}
		if (e->is_flushed && at + some == count)
			calls[some - 1].args[2] = UVMF_TLB_FLUSH | UVMF_ALL;
		if (!call_all(os, some))
			return false;
	}
	return true;
}

static bool show(struct os_linux *os, char *map, uint32_t domid,
	const xen_pfn_t *frames, size_t count, bool is_writable,
	bool is_flushed)
{
	const struct entries e = { frames, domid,
		ENTRY_FLAGS | (is_writable ? ENTRY_WRITABLE : 0), is_flushed };

	for (size_t i = 0; i < count; i++) {
		if (frames[i] >> (52 - PAGE_SHIFT))
			return false;
	}
	return set_entries(os, map, count, &e);
}

static bool empty(struct os_linux *os, char *map, size_t count)
{
	const struct entries e = { .is_flushed = true };

	return set_entries(os, map, count, &e);
}

/* A child knows nothing of what its parent had mapped. */
static bool is_ready(struct os_linux *os)
{
	struct os_remap *r = &os->remap;
	pid_t self = getpid();

	if (r->pid != self) {
		memset(r, 0, sizeof(*r));
		r->pid = self;
	}
	if (!r->calls)
		r->calls = os_linux_pages(os, CALL_PAGES);
	return r->calls;
}

static void forget_window(struct os_remap *r)
{
	if (r->window)
		munmap(r->window, r->pages * PAGE);
	r->window = NULL;
	r->is_taken = false;
}

void *os_remap_map(struct os_linux *os, uint32_t domid, const xen_pfn_t *frames,
	size_t count, bool is_writable)
{
	struct os_remap *r = &os->remap;

	if (!is_ready(os) || !r->window || r->is_taken || count > r->pages ||
		r->is_writable != is_writable)
		return NULL;
	r->used = count;
	if (show(os, r->window, domid, frames, count, is_writable, false)) {
		r->is_taken = true;
		return r->window;
	}
	if (!empty(os, r->window, r->used))
		forget_window(r);
	return NULL;
}

bool os_remap_again(void *state, void *map, size_t old, uint32_t domid,
	const xen_pfn_t *frames, size_t count, bool is_writable)
{
	struct os_linux *os = state;
	struct os_remap *r = &os->remap;

	if (!is_ready(os) || map != r->window || !count || count > r->pages ||
		r->is_writable != is_writable)
		return false;
	if (count > r->used)
		r->used = count;
	return show(os, map, domid, frames, count, is_writable, true) &&
	       (old <= count ||
		       empty(os, (char *)map + count * PAGE, old - count));
}

void os_remap_adopt(
	struct os_linux *os, void *map, size_t count, bool is_writable)
{
	struct os_remap *r = &os->remap;

	if (count < WINDOW_MIN || count > WINDOW_MAX || !is_ready(os) ||
		r->is_taken)
		return;
	if (r->window && count <= r->pages && r->is_writable == is_writable)
		return;
	forget_window(r);
	r->window = map;
	r->pages = r->used = count;
	r->is_writable = is_writable;
	r->is_taken = true;
}

void os_remap_unmap(struct os_linux *os, void *map, size_t count)
{
	struct os_remap *r = &os->remap;
	bool is_empty;

	if (!is_ready(os)) {
		munmap(map, count * PAGE);
		return;
	}
	is_empty = (count >= WINDOW_MIN || map == r->window) &&
		   empty(os, map, map == r->window ? r->used : count);
	if (map != r->window)
		munmap(map, count * PAGE);
	else if (is_empty)
		r->is_taken = false;
	else
		forget_window(r);
}

void os_remap_end(struct os_linux *os)
{
	struct os_remap *r = &os->remap;

	if (r->pid != getpid())
		return;
	forget_window(r);
	if (r->calls)
		munmap(r->calls, CALL_PAGES * PAGE);
}
