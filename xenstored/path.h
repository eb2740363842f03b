/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paths: what a client may send, and its absolute form.
 *
 * Absolute paths have at most 3072 bytes and relative ones 2048 (xs_wire.h,
 * XENSTORE_ABS_PATH_MAX and XENSTORE_REL_PATH_MAX); the characters are
 * A-Z a-z 0-9 - / _ @; no "//", no '/' at the end but in "/" itself.
 */
#ifndef XENSTORED_PATH_H
#define XENSTORED_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest prefix of a relative path, "/local/domain/65535/". */
#define PATH_HOME_MAX 20
#define PATH_MAX_LEN  3072
/* Bytes of a path that are checked at once. */
#define PATH_BLOCK 16

struct path {
	size_t len;
	/* Bytes of the text that a relative path's client did not send. */
	size_t home_len;
	bool is_special; /* begins with '@': an event, no node */
	char text[PATH_MAX_LEN + 1 + PATH_BLOCK];
};

/*
 * Checks what the client of domain `domid` sent, a string of `len` bytes
 * without its NUL, and makes it absolute. Special names are refused unless
 * `special_allowed`. -EINVAL: not a path.
 */
int path_parse(struct path *out, uint16_t domid, const char *text, size_t len,
	bool special_allowed);

/*
 * Steps through the components of an absolute path: `*at` begins as the path
 * and is moved on; the component's length, 0 after the last one.
 */
size_t path_step(const char **at, const char *end, const char **component);

/* The length of the parent's path: 1 for "/a" ("/"), 0 for "/". */
size_t path_parent_len(const char *text, size_t len);

/* Whether `path` is `base` or lies under it; `*depth` tells how deep. */
bool path_is_under(const char *path, size_t path_len, const char *base,
	size_t base_len, unsigned int *depth);

#endif
