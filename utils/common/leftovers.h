/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What tools and daemons that were killed may have left: places whose names
 * say for which domain they are there, and no such domain.
 *
 * First all places are collected, then the domains are asked for: what was
 * there for a domain at the first step has it at the second, or it is gone.
 * One that is just being removed looks the same, so a list is worth something
 * only if a second one a while later agrees (leftovers_agree).
 */
#ifndef UTILS_LEFTOVERS_H
#define UTILS_LEFTOVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <public/xen.h>
#include <public/domctl.h>

struct xs;

enum leftover_kind {
	LEFTOVER_MAKING, /* a record of half_made.h that nobody holds */
	LEFTOVER_STORE,	 /* a node */
	LEFTOVER_FILE,
	LEFTOVER_DRIVER, /* a device in dom0's kernel, until its node goes */
	LEFTOVER_DEVICE, /* of a living guest: half added or half removed */
	LEFTOVER_DOMAIN, /* without a record: nobody can tell whose */
};

/* As in the output: "store". */
const char *leftover_kind_name(enum leftover_kind kind);

#define LEFTOVER_ANY  DOMID_INVALID /* no number is known */
#define LEFTOVER_WHAT 128

struct leftover {
	enum leftover_kind kind;
	uint32_t domid; /* or LEFTOVER_ANY */
	bool has_uuid;
	uint8_t uuid[16];
	char *place;		  /* the node's or file's path */
	char what[LEFTOVER_WHAT]; /* in words, may be empty */
};

struct leftovers {
	struct leftover *at;
	size_t count;
	int error; /* -ENOMEM or of the store: the list is not whole */
};

/*
 * Adds every place for a domain, in the store and in files below `root` (""
 * but in tests), of domain 0 too.
 */
void leftovers_collect(struct leftovers *l, struct xs *xs, const char *root);
/* Adds one; the text as printf makes it. */
void leftovers_add(struct leftovers *l, const struct leftover *what,
	const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/*
 * Takes out what belongs to one of these domains: the same UUID where the
 * place has one, and the same number where it has that.
 */
void leftovers_drop_living(struct leftovers *l,
	const struct xen_domctl_getdomaininfo *list, size_t count);
/* Takes out what is not in the other list too. */
void leftovers_agree(struct leftovers *l, const struct leftovers *other);
void leftovers_free(struct leftovers *l);

#endif
