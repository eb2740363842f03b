/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way to the hypervisor: hypercalls from dom0's userland, and memory that
 * may be named in them.
 *
 * The hypervisor reads and writes the caller's memory by virtual address and
 * cannot wait for a page fault, so everything that a hypercall's argument
 * points to must come from call_buf_alloc(). A handle is not safe for use by
 * two threads at once, nor after fork() in the child.
 */
#ifndef TENONCTRL_CALL_H
#define TENONCTRL_CALL_H

#include <stddef.h>
#include <stdint.h>

struct ctrl;
struct why;

/*
 * Opens /dev/xen/privcmd and /dev/xen/hypercall. -ENOENT: this kernel does
 * not run on a hypervisor of our kind; -EACCES: the caller is not root;
 * -EPERM: this domain is not dom0. `why` says so in words.
 */
int ctrl_open(struct ctrl **out, struct why *why);
/* Unmaps and closes all; buffers and mappings of the handle go with it. */
void ctrl_close(struct ctrl *c);

/* Result of the hypercall: 0 or positive, or a negative errno. */
long call_hypercall(struct ctrl *c, unsigned int number, uint64_t a0,
	uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4);

/* Zeroed memory for hypercalls, page-aligned; NULL when there is none left. */
void *call_buf_alloc(struct ctrl *c, size_t bytes);
/* `bytes` as given to call_buf_alloc; NULL is ignored. */
void call_buf_free(struct ctrl *c, void *buf, size_t bytes);

/* The hypervisor's version, 0xMMMMmmmm (major, minor), by XENVER_version. */
int call_version(struct ctrl *c, uint32_t *version);
/*
 * What the hypervisor says of itself: a XENVER_* whose answer is `bytes` bytes
 * (public/version.h).
 */
int call_version_about(
	struct ctrl *c, unsigned int what, void *answer, size_t bytes);

#endif
