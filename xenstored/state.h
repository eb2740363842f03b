/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the core's files share: the state of a store.
 *
 *   store ── root            the committed tree
 *         ── domains[]       accounts and life of each known domain
 *         ── conns           each with its watches, transactions, output
 *         ── names, watches  two hash tables: path to watchers, duplicates
 *
 * Who owns what: a domain record is freed by domain.c alone, a watch by
 * watch.c, a transaction by txn.c, a message by output.c; a connection owns
 * its lists of the last three. Nobody holds a pointer to a domain record
 * across a request: domids and eras are kept, and looked up.
 */
#ifndef XENSTORED_STATE_H
#define XENSTORED_STATE_H

#include "hash.h"
#include "inbox.h"
#include "list.h"
#include "path.h"
#include "perm.h"
#include "stats.h"
#include "store.h"
#include "tree.h"
#include "wire.h"

#define DOMID_COUNT 65536
#define DOMID_PAGE  256
/* What a domain may be offered; see public/io/xs_wire.h. */
#define FEATURE_RECONNECT  1u
#define FEATURE_ERROR	   2u
#define FEATURE_WATCHDEPTH 4u
#define FEATURE_WILDCARD   8u
#define DOMAIN_FEATURES	   15u
/* Bytes of unread replies at which a client's requests are left alone. */
#define REPLY_BYTES_MAX (256 * 1024)
/* Bytes of unread events at which a watch's events melt into one. */
#define EVENT_BYTES_MAX (256 * 1024)
/* What is charged for a watch and a step, besides their text. */
#define WATCH_COST 160
#define STEP_COST  96

/* The accounts of a domain: what it owns at this moment. */
struct account {
	int64_t nodes;
	int64_t node_bytes;
	int64_t watches;
	int64_t watch_bytes;
	int64_t transactions;
	int64_t step_bytes; /* of their requests and their own nodes */
	int64_t old_bytes;  /* old versions that they keep alive */
	int64_t replies, reply_bytes; /* that wait for its peers */
	int64_t event_bytes;	      /* the same; others made them, no quota */
};

struct domain {
	uint16_t domid;
	bool is_introduced;
	bool was_seen;	  /* the hypervisor has confirmed it once */
	bool is_shutdown; /* @releaseDomain was fired for its shutdown */
	bool has_target;
	uint16_t target;
	uint32_t target_era;
	uint32_t features;
	uint32_t quota_own; /* bits of quota_id: not those of all guests */
	uint32_t quota[QUOTA_COUNT];
	uint32_t quota_hits[QUOTA_COUNT];
	uint32_t quota_told[QUOTA_COUNT]; /* hits when the log was told last */
	uint64_t quota_told_at[QUOTA_COUNT];
	struct account account;
	struct stats_load load;
	/* Conflicts that it may yet cause, in thousandths; see blame.c. */
	int64_t credit;
	uint64_t credit_at;
	uint64_t conflicts; /* that it caused */
	uint64_t suffered, held;
	bool is_held; /* as was last seen */
};

/* A message for the peer: a reply, or an event of `watch`. */
struct message {
	struct message *next;
	struct watch *watch;  /* NULL: a reply, or an event without its watch */
	struct hash_link dup; /* in store->events, while unsent */
	bool is_event, is_hashed;
	bool is_partial; /* its beginning was sent by a worker before us */
	uint32_t len;	 /* of bytes, header included */
	char bytes[];
};

/* A place in the tree that is watched, or lies above such a one. */
struct watch_name {
	struct hash_link link; /* in store->names by parent and name */
	struct watch_name *parent;
	struct list kids;
	struct list sibling;
	struct list watches;
	uint32_t name_len;
	char name[];
};

struct watch {
	struct conn *conn;
	struct watch_name *at; /* NULL: a special one */
	struct list of_name;
	struct list of_conn;
	struct hash_link link; /* in store->watches */
	uint32_t home_len;     /* bytes to cut off paths in its events */
	int32_t depth;	       /* levels below, -1 for all */
	uint32_t path_len;
	uint32_t token_len;
	char text[]; /* absolute path, NUL, token, NUL */
};

struct conn {
	/* First what each request looks at, in few lines of the cache. */
	struct store *store;
	void *owner;
	uint16_t domid;
	bool is_ring;
	bool is_broken;
	uint32_t id;	     /* in the journal; 0: it is not in there */
	struct list dirty;   /* in store->dirty, or empty */
	struct inbox *inbox; /* its transport's, or its own, or none yet */
	uint64_t in_done;    /* bytes of the stream that were served */
	char *in;	     /* what is in and not served yet */
	size_t in_start, in_end;
	uint32_t in_untold; /* of in_done, those that no effect has told yet */
	unsigned int debt;  /* requests that its next turns are short of */
	struct hot *waits_for; /* park.c: for its next request */
	uint64_t out_total;    /* bytes of the other stream, unsent ones too */
	struct message *out_first, **out_last;
	size_t out_sent; /* of the first one */
	size_t reply_bytes, event_bytes;
	uint32_t reply_count;
	struct tree_place place;

	struct list of_store;
	struct hash_link by_id;
	uint32_t port; /* of a ring: the domain's event channel */
	bool owns_inbox;
	uint64_t out_known; /* while read back: what the peer has got */

	struct list watches;
	uint32_t watch_count;
	struct list txns;
	uint32_t txn_count;
	uint32_t next_txn;

	/* park.c */
	struct list parked, of_parked;
	struct hot *heir_of;
	uint64_t parked_at, lazy_until, lazy_ns;
	bool has_waited;
};

/* A change to a domain's accounts that is not committed. */
struct delta {
	uint16_t domid;
	uint32_t era;
	int64_t nodes, node_bytes;
};

struct deltas {
	struct delta *at;
	size_t count, room;
};

/* A change that is asked for. */
struct edit {
	uint32_t op; /* XS_WRITE, XS_MKDIR, XS_RM, XS_SET_PERMS */
	const char *path;
	size_t len;
	const void *value; /* of XS_WRITE */
	size_t value_len;
	struct perm_list *perms; /* of XS_SET_PERMS */
};

/* What an edit did, for the watches. */
struct change {
	bool happened;
	bool created;
	size_t made_from;	     /* bytes of the path that stood before */
	struct node *removed;	     /* owned: what stood there */
	struct perm_list *old_perms; /* owned: before SET_PERMS */
	/* In place, or the first of the new ones; good until the next edit. */
	struct node *written;
};

enum step_kind { STEP_READ, STEP_LIST, STEP_PERMS, STEP_EDIT };

/* One request of a transaction, with what its client was told. */
struct step {
	enum step_kind kind;
	uint32_t op; /* of STEP_EDIT: XS_WRITE, XS_MKDIR, XS_RM, XS_SET_PERMS */
	int err;
	struct node *seen; /* the node that a read was answered from */
	struct perm_list *perms;
	struct change change;
	uint32_t path_len, value_len;
	char path[]; /* with its NUL, then the value */
};

struct txn {
	struct conn *conn;
	struct list of_conn;
	struct list of_store; /* in the order of their snapshots */
	uint32_t id;
	struct node *base; /* the store's root when it began */
	struct node *root; /* its own */
	uint64_t began;	   /* store->commits then */
	uint64_t deaths;   /* store->deaths then */
	struct deltas deltas;
	struct step **steps;
	size_t step_count, step_room, edit_count;
	int64_t cost;
	int64_t private_bytes; /* nodes of its own versions */
	int64_t old_bytes;     /* old ones of others, see old.c */
	struct hot *claim;
	bool is_broken; /* it has no tree any more */
	int failed;	/* so its end will fail */
};

/* Where requests take effect: the store's tree, or a transaction's. */
struct view {
	struct store *store;
	struct subject who;
	struct node **root;
	struct deltas *deltas;
	struct txn *txn;	  /* NULL: the store's own tree */
	struct tree_place *place; /* of who asks; may be NULL */
};

/* A path over which transactions fail; see park.c. */
#define HOT_COUNT 64
struct hot {
	uint64_t key;
	uint64_t heated;    /* when; 0: never */
	struct txn *holder; /* who has claimed it */
	uint64_t claimed;
	struct conn *heir;   /* who is to have it next */
	uint64_t moved;	     /* when a claim on it ended last */
	struct list waiters; /* connections, first come first */
};

#define BLAME_COUNT 1024
struct blame {
	uint64_t commit;
	uint64_t path_key, parent_key;
	uint16_t domid;
};

struct store {
	struct store_host host;
	uint64_t seed[2];
	uint64_t now;
	struct tree tree;
	struct node *root;
	int64_t node_bytes; /* the costs of all nodes under it */
	struct perm_list *special_perms[2];
	struct list special_watches[2];
	struct domain **domains[DOMID_COUNT / DOMID_PAGE];
	uint32_t *eras[DOMID_COUNT / DOMID_PAGE];
	uint64_t deaths;
	uint64_t commits;
	uint64_t work; /* done beyond looking up; see conn.c */
	uint64_t born; /* when the clock was told first */
	struct stats_load load[WIRE_TYPES];
	struct {
		uint64_t started, committed, aborted, conflicts, parked;
	} txns;
	struct {
		uint64_t sent, merged, melted;
	} events_made;
	struct blame blame[BLAME_COUNT];
	size_t txn_count; /* open now, of all connections */
	struct list open_txns;
	int64_t private_bytes, old_bytes; /* of all of them */
	struct hot hot[HOT_COUNT];
	uint64_t hot_until; /* no path is hot later */
	struct list parked;
	size_t parked_count;
	uint64_t park_check; /* when to look at them again */
	uint64_t wakeup;     /* 0: nobody is held back */
	struct store_quota quota[QUOTA_COUNT];
	struct {
		uint32_t per_second; /* 0: nothing is told */
		uint64_t left, filled_at, skipped;
	} access;
	struct list conns;
	struct list dirty;
	struct watch_name *top; /* "/" */
	struct hash names, watches, events, conn_ids;
	/* Scratch of the request that is served. */
	struct path path;
	struct deltas deltas; /* of an edit outside of transactions */
	struct deltas lost;   /* what an edit removes */
};

/* domain.c */
static inline bool domain_is_control(uint16_t domid)
{
	return domid == 0;
}

static inline uint32_t domain_era(const struct store *s, uint16_t domid)
{
	const uint32_t *page = s->eras[domid / DOMID_PAGE];

	return page ? page[domid % DOMID_PAGE] : 0;
}

static inline struct domain *domain_find(const struct store *s, uint16_t domid)
{
	struct domain **page = s->domains[domid / DOMID_PAGE];

	return page ? page[domid % DOMID_PAGE] : NULL;
}

/*
 * Puts it on record when it is not; NULL without memory. A domain is on
 * record from when it is introduced or named in permissions by a control
 * domain, until it is gone.
 */
struct domain *domain_make(struct store *s, uint16_t domid);
void domain_free_all(struct store *s);
/* Ends its era and its record; what it owned was removed before. */
void domain_forget(struct store *s, struct domain *d);
void domain_subject(const struct store *s, uint16_t domid, struct subject *who);

/* quota.c */
void quota_init(struct store *s);
/*
 * 0 when `domid` may have `wanted` of the quota's kind, else -ENOSPC, which
 * is counted and logged. Control domains may have any number.
 */
int quota_check(
	struct store *s, uint16_t domid, enum quota_id id, int64_t wanted);
/* The value that holds for the domain; 0 is no limit. */
uint32_t quota_value(const struct store *s, uint16_t domid, enum quota_id id);
/* Sets that of a domain, or with DOMID_COUNT that of all guests. -ENOMEM */
int quota_set(
	struct store *s, uint32_t domid, enum quota_id id, uint64_t value);
/* All memory that a domain is charged for. */
int64_t quota_memory(const struct store *s, uint16_t domid);
/* A request was refused, or would have been: counted, and told in the log. */
void quota_hit(struct store *s, uint16_t domid, enum quota_id id,
	uint32_t value, int64_t wanted);
void store_log(struct store *s, bool is_warning, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* account.c */
/* Room for `count` more domains' changes; -ENOMEM. */
int deltas_reserve(struct deltas *d, size_t count);
void deltas_add(struct deltas *d, const struct perm_entry *owner, int64_t nodes,
	int64_t bytes);
const struct delta *deltas_find(
	const struct deltas *d, uint16_t domid, uint32_t era);
/* Adds to the accounts of domains that still live, and forgets. */
void deltas_apply(struct store *s, struct deltas *d);

/* edit.c: all or nothing; -EACCES, -ENOENT, -ENOSPC, -EINVAL, -ENOMEM */
int edit_write(struct view *v, const char *path, size_t len, const void *value,
	size_t value_len, struct change *change);
int edit_mkdir(
	struct view *v, const char *path, size_t len, struct change *change);
int edit_rm(
	struct view *v, const char *path, size_t len, struct change *change);
int edit_perms(struct view *v, const char *path, size_t len,
	struct perm_list *perms, struct change *change);
/* Puts a node there whatever it says, under a parent that exists. */
int edit_put(struct store *s, struct deltas *deltas, const char *path,
	size_t len, const void *value, size_t value_len,
	struct perm_list *perms);
/* The node, if the viewer may read it. */
int edit_look(struct view *v, const char *path, size_t len, struct node **out);
void change_drop(struct store *s, struct change *change);

/*
 * effect.c: tells the host what must survive; see store.h. `n` is what the
 * change has `written`, as it is now, or NULL: then it is looked up.
 */
void effect_edit(struct store *s, uint32_t op, const char *path, size_t len,
	const struct change *change, struct node *n);
void effect_special(struct store *s, int which);
void effect_domain(struct store *s, uint16_t domid);
void effect_domain_gone(struct store *s, uint16_t domid);
/* `kind` is EFFECT_WATCH or EFFECT_UNWATCH. */
void effect_watch(enum store_effect_kind kind, const struct watch *w);
/* `kind` is EFFECT_TXN, EFFECT_TXN_END or, `tx_id` 0, one without more. */
void effect_conn(enum store_effect_kind kind, struct conn *c, uint32_t tx_id);
/* What was served and not told with its answer, c->in_untold. */
void effect_served(struct conn *c);
void effect_output(struct conn *c, const void *bytes, size_t len);
/* `domid` of DOMID_COUNT: that of all guests. */
void effect_quota(
	struct store *s, uint32_t domid, enum quota_id id, uint64_t value);

/* txn.c */
struct txn *txn_find(const struct conn *c, uint32_t id);
int txn_begin(struct conn *c, struct txn **out);
/* An open transaction of that id that can only fail. -ENOMEM */
int txn_put(struct conn *c, uint32_t id);
/*
 * Makes it real, all or nothing: -EAGAIN over a conflict, or the error that
 * one of its edits met with for want of room. It must still be freed.
 */
int txn_commit(struct conn *c, struct txn *t);
/* Tells the watchers what a commit has changed. */
void txn_fire(struct conn *c, struct txn *t);
void txn_free(struct conn *c, struct txn *t);
/* Notes a request of v->txn and its answer, for the end. -ENOSPC, -ENOMEM. */
int txn_note_read(struct view *v, struct conn *c, enum step_kind kind,
	const char *path, size_t len, struct node *seen, int err);
int txn_edit(struct view *v, struct conn *c, const struct edit *e);
/* Runs one edit on a view; shared with requests outside transactions. */
int txn_run_edit(struct view *v, const struct edit *e, struct change *change);

/*
 * Takes the snapshot anew when nothing that it was told has changed; it must
 * not have made changes of its own.
 */
void txn_refresh(struct txn *t);
/* Takes its tree away: all that it asks from now on is answered EAGAIN. */
void txn_break(struct txn *t);

/* old.c */
/* The store's tree has changed; nothing but snapshots holds what is old. */
void old_settle(struct store *s);
/* The transaction has let go of its snapshot; old_settle() comes next. */
void old_leave(struct store *s, struct txn *t);
const char *old_audit(const struct store *s);

/* park.c */
void park_init(struct store *s);
/* A transaction has failed over what it had read there. */
void park_heat(struct store *s, const char *path, size_t len);
/* Whether the request must wait; then its connection is parked. */
bool park_is_needed(
	struct conn *c, const struct wire_header *hdr, const char *payload);
/* The transaction ends. */
void park_release(struct txn *t);
/* The connection drops what it has asked. */
void park_forget(struct conn *c);
/* Lets those go on that have waited enough. */
void park_expire(struct store *s);
const char *park_audit(const struct store *s);

/* blame.c */
/* Notes that a commit of `domid` has changed `path`. */
void blame_note(struct store *s, uint16_t domid, const char *path, size_t len);
/* A transaction that began at commit `since` failed over `path`. */
void blame_conflict(struct store *s, uint16_t victim, uint64_t since,
	const char *path, size_t len);
/* Whether the domain's requests wait; sets store->wakeup when so. */
bool blame_is_held(struct store *s, uint16_t domid);

/* watch.c */
int watch_add(struct conn *c, const struct path *path, const char *token,
	size_t token_len, int32_t depth);
/* The same without questions: -EEXIST, -EINVAL, -ENOMEM. */
int watch_put(struct conn *c, const struct path *path, const char *token,
	size_t token_len, int32_t depth);
struct watch *watch_find(const struct conn *c, const struct path *path,
	const char *token, size_t token_len);
int watch_remove(struct conn *c, const struct path *path, const char *token,
	size_t token_len);
void watch_remove_all(struct conn *c);
/* Tells the watchers what has changed at `path` of the store's tree. */
void watch_fire(struct store *s, const char *path, size_t len,
	const struct change *change);
/* 0 @introduceDomain, 1 @releaseDomain */
void watch_fire_special(struct store *s, int which, uint16_t domid);
int special_index(const char *text, size_t len);
const char *special_name(int which);
void watch_free_all(struct store *s);
const char *watch_audit(struct store *s);

/* output.c */
void output_reply(struct conn *c, const struct wire_header *to, uint32_t type,
	const void *payload, size_t len);
void output_event(struct watch *w, const char *path, size_t len);
/* The same when the path's hash_bytes() by the store's seed is known. */
void output_event_hashed(
	struct watch *w, const char *path, size_t len, uint64_t path_hash);
/*
 * Puts a message, or the rest of one, behind what waits, or notes that the
 * peer has got it (conn->out_known). -ENOMEM
 */
int output_put(struct conn *c, const void *bytes, size_t len, bool is_partial);
/* Forgets what the peer of a connection that was read back has got. */
void output_catch_up(struct conn *c);
/* The watch goes; events of it that are not sent yet stay. */
void output_forget(struct conn *c, struct watch *w);
void output_drop_all(struct conn *c);
/* Has the connection returned by store_next_dirty(). */
void output_mark_dirty(struct conn *c);
const char *output_audit(struct conn *c);

/* conn.c */
/* Forgets what was received and is not served. */
void conn_drop_input(struct conn *c);

/* ops.c: serves one request and answers it */
void ops_serve(struct conn *c, const struct wire_header *hdr, char *payload);

#endif
