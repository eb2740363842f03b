/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store's core: bytes in, bytes out, no descriptor in it.
 *
 * A struct store holds the tree, its watches and the domains. A connection is
 * fed with what its peer sent and drained of what the peer shall get; which
 * transport it has is its owner's affair. What only a hypervisor knows comes
 * through struct store_host. One thread; nothing here blocks.
 *
 *   bytes ─► conn_space/conn_fill ─► conn_process ─► op table ─► a tree
 *                                                      │
 *   bytes ◄─ conn_output/conn_sent ◄── replies and watch events
 */
#ifndef XENSTORED_STORE_H
#define XENSTORED_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* Bytes that a CPU fetches at once: a hint, not a promise. */
#define CACHE_LINE 64

struct conn;
struct inbox;
struct mmsghdr;
struct store;

/* Quotas by name; 0 is no limit. XENSTORE.md's defaults bind guests only. */
enum quota_id {
	QUOTA_NODES,
	QUOTA_WATCHES,
	QUOTA_TRANSACTIONS,
	QUOTA_NODE_SIZE,
	QUOTA_PERMISSIONS,
	QUOTA_OUTSTANDING,
	QUOTA_MEMORY_SOFT,
	QUOTA_MEMORY_HARD,
	QUOTA_COUNT,
};

struct store_quota {
	const char *name;
	uint32_t value;	 /* the limit that guests have */
	uint64_t denied; /* requests refused for it */
};

/*
 * What a request has changed for good, told in the order of its happening
 * and before the request's answer is sent: a journal of these (stream.h)
 * makes the store again. Pointers hold for the call.
 * What ends with conn_free() is not told one by one.
 */
enum store_effect_kind {
	/* The node at `path` is this now; its parent was told of before. */
	EFFECT_NODE,
	/* The node at `path` and all below it is gone. */
	EFFECT_RM,
	/* `perms` are those of the special `path` now. */
	EFFECT_SPECIAL,
	/* The domain's record is as domain_find() shows; or it is gone. */
	EFFECT_DOMAIN,
	EFFECT_DOMAIN_GONE,
	/* The quota `quota` of all guests, or of `domid` alone, is `value`. */
	EFFECT_QUOTA,
	EFFECT_DOMAIN_QUOTA,
	/* `conn` has watch `watch`; has it no more. */
	EFFECT_WATCH,
	EFFECT_UNWATCH,
	/* `conn` has an open transaction `tx_id`; has it no more. */
	EFFECT_TXN,
	EFFECT_TXN_END,
	/* `conn` has no watch and no transaction any more. */
	EFFECT_RESET,
	/* `conn` has a number now; is at its end. */
	EFFECT_CONN,
	EFFECT_CONN_END,
	/* `conn` has dropped all, and what waited in it too. */
	EFFECT_CONN_RESET,
	/* A request of `len` bytes of `conn` was served. */
	EFFECT_SERVED,
	/*
	 * The message of `len` `bytes` waits for the peer of `conn`; and a
	 * request of `value` bytes, if not 0, was served.
	 */
	EFFECT_OUTPUT,
};

/* A request that was served, for the access log. */
struct store_access {
	struct conn *conn;
	uint16_t domid;
	uint32_t tx_id;
	const char *op;	  /* "READ"; "?" for a type that there is not */
	const char *text; /* its first string, as it came: hostile bytes */
	size_t text_len;
	const char *error; /* "ENOENT", or NULL */
	uint64_t ns;	   /* until its answer; 0 without a clock */
	uint64_t skipped;  /* records that were left out before this one */
};

struct node;
struct perm_list;
struct watch;

struct store_effect {
	enum store_effect_kind kind;
	uint16_t domid;
	uint32_t tx_id;
	struct conn *conn;
	const struct watch *watch;
	const char *path; /* absolute, with its NUL at the end of it all */
	size_t path_len;  /* of which so many bytes count */
	const struct node *node;
	const struct perm_list *perms;
	enum quota_id quota;
	uint64_t value;
	const void *bytes;
	size_t len;
};

/* What the store asks of its surroundings. Every member may be NULL. */
struct store_host {
	/*
	 * A control domain introduces a guest, or an introduced one anew:
	 * connect its ring. 0 or a negative errno for the caller.
	 */
	int (*introduce)(void *ctx, uint16_t domid, int64_t gfn, uint32_t port);
	/* The guest was released or is gone: drop its ring's connection. */
	void (*release)(void *ctx, uint16_t domid);
	/* Whether a domain of that id exists now; NULL: nobody can tell. */
	bool (*exists)(void *ctx, uint16_t domid);
	/*
	 * While a state is read back: how much of its output a connection's
	 * peer has got. NULL: nothing.
	 */
	uint64_t (*sent)(void *ctx, uint32_t id);
	/* One line for the log; `is_warning` for what an admin must see. */
	void (*log)(void *ctx, bool is_warning, const char *line);
	/* Something has changed that must survive. */
	void (*effect)(void *ctx, const struct store_effect *e);
	/* A request was served; see store_set_access_log(). */
	void (*access)(void *ctx, const struct store_access *a);
	/*
	 * A command of CONTROL that the core does not know: `args` are its
	 * strings, the name first. Writes a text with its NUL into `answer`.
	 * 0 or a negative errno; -ENOSYS when it knows no such either.
	 */
	int (*control)(void *ctx, struct conn *c, char *const *args,
		size_t count, char *answer, size_t size);
	/* Nanoseconds of the clock of store_set_time(); NULL: no latencies. */
	uint64_t (*clock)(void *ctx);
	void *ctx;
};

/* `seed`: 16 secret bytes for hash tables. NULL without memory. */
struct store *store_new(const struct store_host *host, const uint64_t seed[2]);
/*
 * Where the numbers begin that tell states of a list of children apart, of a
 * store that others have used before: anywhere.
 */
void store_set_stamp(struct store *s, uint32_t stamp);
/* Frees all, with the connections that are left. */
void store_free(struct store *s);

/*
 * Nanoseconds of a monotonic clock, told once a turn of the loop: before
 * conn_fill() and conn_process(). True: somebody was held back until now, and
 * all connections are to be processed again; the parked show up as dirty.
 */
bool store_set_time(struct store *s, uint64_t now);
/*
 * When a connection that is held back or parked may go on: nanoseconds from
 * now, or -1 when none is. store_set_time() is then to be called.
 */
int64_t store_next_wakeup(const struct store *s);

/* Tells host.access of so many requests a second, at most; 0: of none. */
void store_set_access_log(struct store *s, uint32_t per_second);

struct store_quota *store_quota(struct store *s, enum quota_id id);
/* By its name; NULL: no such quota. */
struct store_quota *store_quota_by_name(struct store *s, const char *name);

/* A node made by the daemon itself, with its missing parents. */
int store_write(
	struct store *s, const char *path, const void *value, size_t len);

/*
 * The hypervisor's word on a domain, for all that the store knows (see
 * store_domains): shut down now, or gone. Fires @releaseDomain, and for one
 * that is gone deletes its nodes and ends its rights.
 */
void store_domain_shutdown(struct store *s, uint16_t domid);
void store_domain_gone(struct store *s, uint16_t domid);
/* Calls `visit` for each domain on record, 0 excepted; it may end it. */
void store_domains(struct store *s,
	void (*visit)(void *ctx, uint16_t domid, bool was_seen), void *ctx);
/* A domain on record was found to exist. */
void store_domain_seen(struct store *s, uint16_t domid);
/* Introduces a domain without a request: domain 0, by the daemon. */
int store_introduce(struct store *s, uint16_t domid);
bool store_is_introduced(const struct store *s, uint16_t domid);

/*
 * A connection of domain `domid`. Only a ring counts its unread replies
 * against the domain's quota. NULL without memory.
 */
struct conn *conn_new(
	struct store *s, uint16_t domid, bool is_ring, void *owner);
/* Ends it: its watches and transactions are gone. */
void conn_free(struct conn *c);
/* As a ring's reconnection wants it: all that is pending is dropped too. */
void conn_reset(struct conn *c);
void *conn_owner(const struct conn *c);
/*
 * Gives it the number by which a journal knows it, not 0. -EEXIST: another
 * has that one; -ENOMEM.
 */
int conn_number(struct conn *c, uint32_t id);
uint32_t conn_id(const struct conn *c);
bool conn_is_ring(const struct conn *c);
/* The event channel that conn_set_port() has noted, for the journal. */
uint32_t conn_port(const struct conn *c);
void conn_set_port(struct conn *c, uint32_t port);
/* The bytes of all that was ever put out, sent or not. */
uint64_t conn_out_end(const struct conn *c);
struct conn *conn_find(const struct store *s, uint32_t id);
/* Calls `visit`, which may end it, for each connection. */
void conn_visit(
	struct store *s, void (*visit)(void *ctx, struct conn *c), void *ctx);
/*
 * Lets it receive through an inbox that its owner keeps for as long as it
 * lives. -EINVAL: what the connection has served is not that inbox's.
 */
int conn_attach(struct conn *c, struct inbox *inbox, void *owner);
uint16_t conn_domid(const struct conn *c);
/* The features that its ring shall show (xs_wire.h, and bits 2 and 3). */
uint32_t conn_features(const struct conn *c);

/*
 * The header for receiving the peer's next bytes with recvmmsg(); NULL while
 * requests that are in already wait, or without memory. Afterwards,
 * successful or not, conn_received(). All that was served before must be in
 * the journal, if there is one, for its bytes may be overwritten.
 */
struct mmsghdr *conn_intake(struct conn *c);
void conn_received(struct conn *c);
/* The same for bytes that do not come by a system call. */
void *conn_space(struct conn *c, size_t *room);
void conn_fill(struct conn *c, size_t len);
/*
 * Serves up to `budget` requests that are complete, less when they make much
 * work; what a turn was too long by comes off the next ones. The number
 * served; 0 when there is none, when the connection must first be drained or
 * wait, or when its turn is paid away (conn_is_ready() tells these apart);
 * -EPROTO when the peer broke the protocol and is to be cut off.
 */
int conn_process(struct conn *c, unsigned int budget);
/* Brings what conn_process() looks at first into the caches. */
void conn_fetch(const struct conn *c);
/* Whether a request waits for conn_process() that it could serve now. */
bool conn_is_ready(const struct conn *c);
/* Whether more bytes are wanted: back-pressure is not reading. */
bool conn_wants_input(const struct conn *c);

/* What is to be sent next, up to `max` pieces; their number. */
int conn_output(const struct conn *c, struct iovec *iov, int max);
/* The peer has got the first `len` bytes of it. */
void conn_sent(struct conn *c, size_t len);
/* Bytes that wait for the peer. */
size_t conn_pending(const struct conn *c);

/*
 * The next connection that has gained output since it was last returned, or
 * may go on after it was parked (conn_is_ready() tells); NULL when there is
 * none.
 */
struct conn *store_next_dirty(struct store *s);
/* Its owner has seen to it without being told: it is not returned for that. */
void conn_settled(struct conn *c);

/*
 * Recomputes every account and checks every structure; NULL when all is
 * right, else what is not. Its cost is the size of everything.
 */
const char *store_audit(struct store *s);

#endif
