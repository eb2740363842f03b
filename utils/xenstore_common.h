/* SPDX-License-Identifier: BSD-2-Clause */
/* What the xenstore-* tools share. */
#ifndef UTILS_XENSTORE_COMMON_H
#define UTILS_XENSTORE_COMMON_H

#include <stddef.h>
#include <tenonctrl/xs.h>

/*
 * The option that old scripts give to ask for the socket; it is tried first
 * anyhow.
 */
#define STORE_OPTION_SOCKET                                       \
	{                                                         \
		's', "socket", NULL, "no effect, for old scripts" \
	}

/* Connects, or says why not and what to do; NULL then. */
struct xs *store_connect(void);

/* What went wrong with the store, in words for a message. */
const char *store_why(int err);

/*
 * A value in printable characters: backslash escapes as \\ \t \n \r, octal
 * below 8 and hexadecimal for the rest. Free it; NULL without memory.
 */
char *store_escape(const char *value, size_t len);
/* The way back, in place; the length. A lone last backslash gives a NUL. */
size_t store_unescape(char *text);

/* The list as "n0,r1", to be freed; NULL without memory. */
char *store_perms_text(const struct xs_perm *perms, size_t count);

/* "DIR/NAME", to be freed; NULL without memory. */
char *store_join(const char *dir, const char *name);

/*
 * Calls `visit` for all below `start`, parents first, with 0 for the depth of
 * its children. A node for which it answers -ENOENT is passed over with all
 * below it: so others may remove what is being walked. Any other error, or
 * -ENOENT for `start` itself, ends the walk.
 */
int store_walk(struct xs *xs, uint32_t tx, const char *start,
	int (*visit)(void *ctx, const char *path, int depth), void *ctx);

/*
 * Runs `work` in a transaction, again when others got in its way. Its error
 * ends it, for it has said what was wrong; 0 or that.
 */
int store_transaction(struct xs *xs,
	int (*work)(struct xs *xs, uint32_t tx, void *ctx), void *ctx);

#endif
