/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making a store again from what was noted of one.
 *
 * Nothing here is checked against permissions or quotas, fires a watch or is
 * told as an effect; but what is given may be garbage: -EINVAL is what no
 * store can hold, -ENOENT what lacks its parent or object, else -ENOMEM, and
 * nothing is changed then. A domain comes before what it owns.
 */
#ifndef XENSTORED_RESTORE_H
#define XENSTORED_RESTORE_H

#include "state.h"

/* One entry of a permission list as it is noted: no era. */
struct restore_perm {
	uint16_t domid;
	uint8_t access; /* PERM_* */
};

/* A node new or changed; its parent is there. */
int restore_node(struct store *s, const char *path, size_t len,
	const void *value, size_t value_len, const struct restore_perm *perms,
	size_t perm_count);
/*
 * A run of nodes in the order of a walk over the tree, as a saved state has
 * them: the parent of the last one is mostly that of the next. All zero is
 * the beginning; it ends when anything else changes the tree.
 */
struct restore_run {
	struct node *parent, *last; /* last: its last child so far, or NULL */
	size_t parent_len;
	char path[PATH_MAX_LEN + 1]; /* of the parent */
};
int restore_next(struct store *s, struct restore_run *run, const char *path,
	size_t len, const void *value, size_t value_len,
	const struct restore_perm *perms, size_t perm_count);
int restore_rm(struct store *s, const char *path, size_t len);
int restore_special(struct store *s, const char *path, size_t len,
	const struct restore_perm *perms, size_t perm_count);

struct restore_domain {
	uint16_t domid;
	bool is_introduced, is_shutdown, was_seen;
	bool has_target;
	uint16_t target;
	uint32_t features; /* see domain_features() */
};
int restore_domain(struct store *s, const struct restore_domain *r);
/* Its nodes are gone by records of their own. */
int restore_domain_gone(struct store *s, uint16_t domid);
/* `domid` of DOMID_COUNT: the quota of all guests. */
int restore_quota(
	struct store *s, uint32_t domid, enum quota_id id, uint64_t value);

/*
 * A watch on an absolute path whose first `home_len` bytes the client did
 * not send. -EEXIST: the connection has it.
 */
int restore_watch(struct conn *c, const char *path, size_t len, size_t home_len,
	const char *token, size_t token_len, int32_t depth);
int restore_unwatch(struct conn *c, const char *path, size_t len,
	size_t home_len, const char *token, size_t token_len);
/* An open transaction: what it did is lost, its end will be EAGAIN. */
int restore_txn(struct conn *c, uint32_t tx_id);
int restore_txn_end(struct conn *c, uint32_t tx_id);
void restore_reset(struct conn *c);
/* Messages for the peer, of the first perhaps only the last `partial` bytes. */
int restore_output(
	struct conn *c, const char *bytes, size_t len, size_t partial);

#endif
