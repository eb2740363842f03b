/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole state of a store as bytes, and back.
 *
 * The format is the published migration stream of xenstore ("Xenstore
 * Migration", docs/designs/xenstore-migration of the Xen project, version 2):
 *
 *   ident "xenstore" │ version │ flags │ record │ record │ ... │ END
 *   record: u32 type, u32 length, body, zeros up to a multiple of 8
 *
 * Records of our own have bit 31 of the type set. Some complete what the
 * published ones leave out and stand in a stream beside them; the others say
 * what has changed since, and stand in a journal only. What each
 * holds is in the structures below, all in the machine's byte order.
 *
 *   stream:   GLOBAL_QUOTA, DOMAIN_STATE..., NODE... (parents first),
 *             { CONNECTION, CONN_STATE, WATCH_EXT..., TRANSACTION... }..., END
 *   journal:  all of these, and the others of ours, in any order
 *
 * Not in there: what transactions have read and written (they are open
 * afterwards, and fail with EAGAIN), conflicts counted, and the bytes that
 * a transport holds: received ones are in its inbox.
 */
#ifndef XENSTORED_STREAM_H
#define XENSTORED_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "path.h"
#include "sink.h"
#include "tree.h"

struct store;
struct store_effect;

#define STREAM_IDENT	  0x78656e73746f7265ull
#define STREAM_VERSION	  2
#define STREAM_BIG_ENDIAN 1u

enum {
	STREAM_END,
	STREAM_GLOBAL,
	STREAM_CONNECTION,
	STREAM_WATCH,
	STREAM_TRANSACTION,
	STREAM_NODE,
	STREAM_QUOTA,
	STREAM_DOMAIN,
	STREAM_WATCH_EXT,

	STREAM_OURS = 0x80000000u,
	STREAM_CONN_STATE = STREAM_OURS,
	STREAM_CONN_END,
	STREAM_CONN_RESET,
	STREAM_SERVED,
	STREAM_OUTPUT,
	STREAM_NODE_GONE,
	STREAM_WATCH_GONE,
	STREAM_TXN_GONE,
	STREAM_SESSION_RESET,
	STREAM_DOMAIN_STATE,
	STREAM_DOMAIN_GONE,
	STREAM_ANSWER,
};

struct stream_header {
	uint64_t ident; /* these three big-endian */
	uint32_t version, flags;
};

struct stream_record {
	uint32_t type, len;
};

#define STREAM_RING   0
#define STREAM_SOCKET 1

struct stream_connection {
	uint32_t id;
	uint16_t type, flags;
	union {
		struct {
			uint16_t domid, target; /* DOMID_INVALID: none */
			uint32_t port;
		} ring;
		struct {
			uint32_t fd, pad;
		} socket;
	};
	uint16_t in_len, partial_len;
	uint32_t out_len;
	/* in_len bytes received, out_len to be sent */
};

struct stream_watch {
	uint32_t conn;
	uint16_t path_len, token_len; /* NULs included */
};

/* Then path and token. A depth of 0xffff is all levels. */
struct stream_watch_ext {
	struct stream_watch base;
	uint16_t depth, pad;
};

/* STREAM_TRANSACTION (connection, id), and those of ours that need no more. */
struct stream_pair {
	uint32_t a, b;
};

struct stream_perm {
	char letter;
	uint8_t pad;
	uint16_t domid;
};

struct stream_node {
	uint32_t conn, txn; /* 0: a committed node */
	uint16_t path_len, value_len, access, perm_count;
	/* permissions, path with its NUL, value */
};

struct stream_quota {
	uint16_t domain_count, global_count;
	/* a u32 each, then the names, NUL-terminated */
};

struct stream_domain {
	uint16_t domid, quota_count;
	uint32_t features;
	/* a u32 for each quota, then the names, NUL-terminated */
};

/* From here on our own. */

struct stream_conn_state {
	uint32_t id, next_txn;
	uint64_t in_done;   /* bytes that were served */
	uint64_t out_total; /* bytes sent and to be sent */
};

/* STREAM_SERVED and STREAM_OUTPUT of one connection in one. */
struct stream_answer {
	uint32_t conn, out_len; /* a message of the wire follows */
	uint32_t served, pad;	/* bytes of its request */
};

struct stream_conn_reset {
	uint32_t id, pad;
	uint64_t in_done, out_total;
};

/*
 * Pairs: STREAM_CONN_END, STREAM_SESSION_RESET (connection, 0),
 * STREAM_SERVED (connection, bytes), STREAM_OUTPUT (connection, length; then
 * a message of the wire), STREAM_TXN_GONE (connection, id),
 * STREAM_DOMAIN_GONE (domain, 0). STREAM_WATCH_GONE is as STREAM_WATCH_EXT,
 * STREAM_NODE_GONE the path with its NUL.
 */

struct stream_domain_state {
	uint16_t domid, target;
	uint32_t flags;
};
#define STREAM_INTRODUCED 1u
#define STREAM_SEEN	  2u
#define STREAM_SHUTDOWN	  4u
#define STREAM_TARGET	  8u

/* Writes the whole state. The caller looks whether the sink has failed. */
void stream_save(struct store *s, struct sink *k);

/*
 * The same in steps: what is written is the state as it was at the beginning,
 * whatever requests are served between the steps. Of the tree that is a
 * snapshot, held by a transaction of domain 0's; all else is put aside at
 * once.
 */
struct stream_saver {
	struct store *store;
	struct sink *sink;
	struct conn *reader; /* has the transaction; NULL: nothing is held */
	struct tree_walk walk;
	char path[PATH_MAX_LEN + 1];
	char *sessions;
	size_t sessions_len, sessions_done;
};
/* After a failure, which the sink is told of, there is nothing to end. */
int stream_save_begin(struct stream_saver *v, struct store *s, struct sink *k);
/*
 * Writes some records, of about `most` bytes. Whether all is written, or the
 * sink has failed.
 */
bool stream_save_step(struct stream_saver *v, size_t most);
/* Lets go of what is held, after any step. */
void stream_save_end(struct stream_saver *v);
/* Writes a change that was told. */
void stream_effect(
	struct sink *k, const struct store *s, const struct store_effect *e);

/*
 * Reads the state into a store that is new. Returns the
 * number of bytes read, END included. The bytes may be anything: -EINVAL:
 * it is no stream, or not sound; -ENOTSUP: of another version or byte
 * order; -ENOMEM. After a failure the store can only be freed.
 *
 * Connections have no owner afterwards.
 */
int64_t stream_load(struct store *s, const void *bytes, size_t len);

/* Reads records without a head, as a journal has them; errors as before. */
int stream_apply(struct store *s, const void *bytes, size_t len);

/* Writes a record's head and gives room for its body, padded; or NULL. */
void *stream_record_new(struct sink *k, uint32_t type, size_t len);

#endif
