/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store's client: one connection, blocking calls, watches as a queue.
 *
 * A handle is not safe for use by two threads at once. Every call returns 0
 * (or a count, where it says so) or a negative errno; results come by pointer
 * and are untouched on failure. Strings and arrays that a call hands out are
 * the caller's to free() unless it says otherwise. The daemon's own error
 * names arrive as the errno of the same name; -EIO and -EPROTO mean that the
 * connection itself is broken and only xs_close() is left.
 *
 * `tx` is a transaction's id, 0 for none. Paths that do not begin with '/'
 * are relative to the caller's own /local/domain/N.
 */
#ifndef TENONCTRL_XS_H
#define TENONCTRL_XS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xs;

/* One entry of a permission list; the first entry names the owner. */
struct xs_perm {
	uint32_t domid;
	char access; /* 'n' none, 'r' read, 'w' write, 'b' both */
};

/*
 * Connects: to `path` when it is not NULL; else to the socket that
 * XENSTORED_PATH names, to $XENSTORED_RUNDIR/socket, or to
 * /run/xenstored/socket; and when nobody listens there, to /dev/xen/xenbus
 * (not in the domain that serves the store: nobody would answer).
 * -ENOENT or -ECONNREFUSED: no daemon; -EACCES: not root.
 */
int xs_open(struct xs **out, const char *path);
void xs_close(struct xs *xs);
/* The descriptor, readable when an event may wait; it stays the handle's. */
int xs_fd(const struct xs *xs);

/* The value and its length; a NUL follows it that is not counted. */
int xs_read(struct xs *xs, uint32_t tx, const char *path, char **value,
	size_t *len);
int xs_write(struct xs *xs, uint32_t tx, const char *path, const void *value,
	size_t len);
int xs_mkdir(struct xs *xs, uint32_t tx, const char *path);
int xs_rm(struct xs *xs, uint32_t tx, const char *path);
/*
 * The names of the children, sorted as the daemon gives them, in one
 * allocation that ends with a NULL entry. A directory of any size is read
 * whole: in parts where it does not fit one reply.
 */
int xs_directory(struct xs *xs, uint32_t tx, const char *path, char ***names,
	size_t *count);
int xs_get_perms(struct xs *xs, uint32_t tx, const char *path,
	struct xs_perm **perms, size_t *count);
int xs_set_perms(struct xs *xs, uint32_t tx, const char *path,
	const struct xs_perm *perms, size_t count);

/* Writes a formatted string; -ENAMETOOLONG beyond the wire's limit. */
int xs_printf(struct xs *xs, uint32_t tx, const char *path, const char *fmt,
	...) __attribute__((format(printf, 4, 5)));
/* A decimal number; -EINVAL when the value is something else. */
int xs_read_u64(struct xs *xs, uint32_t tx, const char *path, uint64_t *value);

/* A transaction; its end with commit answers -EAGAIN: begin again. */
int xs_begin(struct xs *xs, uint32_t *tx);
int xs_end(struct xs *xs, uint32_t tx, bool commit);

/*
 * Between these two xs_write, xs_printf, xs_mkdir, xs_rm and xs_set_perms
 * answer 0 at once, and are sent together: xs_gathered() waits for all of them
 * and gives the first error. Those behind it are carried out as well: this is
 * for transactions. Other calls answer -EINVAL meanwhile.
 */
void xs_gather(struct xs *xs);
int xs_gathered(struct xs *xs);

/* Watches; the first event follows at once. -EEXIST: the pair is in use. */
int xs_watch(struct xs *xs, const char *path, const char *token);
int xs_unwatch(struct xs *xs, const char *path, const char *token);
/*
 * The next event: waits up to `timeout_ms` (negative: for ever; 0: not at
 * all), -ETIMEDOUT when none came, -EINTR when a signal came first. `path`
 * and `token` are the caller's to free, each on its own.
 */
int xs_next_event(struct xs *xs, int timeout_ms, char **path, char **token);

/* For the domain builder; `gfn` is the frame of the guest's store ring. */
int xs_introduce(struct xs *xs, uint32_t domid, uint64_t gfn, uint32_t port);
int xs_release(struct xs *xs, uint32_t domid);
int xs_resume(struct xs *xs, uint32_t domid);
int xs_set_target(struct xs *xs, uint32_t domid, uint32_t target);
int xs_is_introduced(struct xs *xs, uint32_t domid, bool *introduced);
/* "/local/domain/N" */
int xs_domain_path(struct xs *xs, uint32_t domid, char **path);
/* A CONTROL command: `argv` words in, the answer's text out. */
int xs_control(
	struct xs *xs, size_t argc, const char *const *argv, char **answer);

#endif
