/* SPDX-License-Identifier: BSD-2-Clause */
/* What the handlers of requests share. */
#ifndef XENSTORED_OPS_H
#define XENSTORED_OPS_H

#include "state.h"

/* One request while it is served. */
struct request {
	struct conn *conn;
	struct store *store;
	const struct wire_header *hdr;
	char *payload; /* what the handlers have not taken yet */
	size_t len;
	struct view view;
	bool is_answered;
};

/* Only a control domain may ask this. */
#define OP_CONTROL 1u
/* The transaction of its header must exist, and is the view. */
#define OP_TXN 2u

/*
 * A handler answers with request_reply() and returns 0, or returns 0 for a
 * plain "OK", or a negative errno for an error. What it tells others it tells
 * after its answer.
 */
struct op {
	const char *name;
	int (*serve)(struct request *r);
	unsigned int flags;
};

/* The name of a request's type, "?" for an unknown one. */
const char *op_name(uint32_t type);

void request_reply(struct request *r, const void *payload, size_t len);
void request_ok(struct request *r);
/* The next string of the payload as a path. -EINVAL. */
int request_path(struct request *r, bool special_allowed, struct path **out);
/* The next string as a number of at most `max`. -EINVAL. */
int request_number(struct request *r, uint64_t max, uint64_t *out);
/* The next string as a domain id. -EINVAL. */
int request_domid(struct request *r, uint16_t *out);
/* The next string as it is; its length, or -EINVAL. */
int request_string(struct request *r, char **out);

/* ops_node.c */
int op_directory(struct request *r);
int op_directory_part(struct request *r);
int op_read(struct request *r);
int op_write(struct request *r);
int op_mkdir(struct request *r);
int op_rm(struct request *r);
int op_get_perms(struct request *r);
int op_set_perms(struct request *r);

/* ops_session.c */
int op_watch(struct request *r);
int op_unwatch(struct request *r);
int op_reset_watches(struct request *r);
int op_transaction_start(struct request *r);
int op_transaction_end(struct request *r);

/* ops_domain.c */
int op_introduce(struct request *r);
int op_release(struct request *r);
int op_get_domain_path(struct request *r);
int op_is_domain_introduced(struct request *r);
int op_resume(struct request *r);
int op_set_target(struct request *r);

/* ops_admin.c */
int op_get_feature(struct request *r);
int op_set_feature(struct request *r);
int op_get_quota(struct request *r);
int op_set_quota(struct request *r);

/* access.c: tells the host of a request that was served */
void access_tell(struct request *r, int rc, uint64_t ns, const char *payload,
	size_t len);

/* control.c */
int op_control(struct request *r);

#endif
