/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Permission lists: who owns a node, and what others may do with it.
 *
 * The first entry names the owner, who may do all, and the default of every
 * domain that no later entry names. An entry is bound to one life of its
 * domain by an era: when the domain is gone, its era passes, and the entry
 * means nobody, so that a later domain of that id inherits no right.
 */
#ifndef XENSTORED_PERM_H
#define XENSTORED_PERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The era of an entry that means nobody. */
#define PERM_NOBODY UINT32_MAX

/* As the domain of an entry behind the first: all of them. */
#define PERM_EVERYBODY 0x7ff4u /* public/xen.h: DOMID_INVALID, or ANY */

#define PERM_NONE      0u
#define PERM_READ      1u
#define PERM_WRITE     2u
#define PERM_BOTH      3u

struct perm_entry {
	uint16_t domid;
	uint8_t access; /* PERM_* */
	uint32_t era;
};

/* Immutable and shared between nodes; counted. */
struct perm_list {
	uint32_t refs;
	uint32_t count; /* at least 1 */
	struct perm_entry entry[];
};

/* Who asks. A stub domain also has the rights of its target. */
struct subject {
	bool is_control; /* may do anything */
	bool has_target;
	uint16_t domid, target;
	uint32_t era, target_era;
};

/* Room for `count` entries with one reference; NULL without memory. */
struct perm_list *perm_list_new(size_t count);
struct perm_list *perm_list_get(struct perm_list *list);
void perm_list_put(struct perm_list *list);
bool perm_list_equal(const struct perm_list *a, const struct perm_list *b);

/* The PERM_* bits that `who` has. */
unsigned int perm_access(
	const struct perm_list *list, const struct subject *who);
/* Whether `who` is the owner, its stub domain, or a control domain. */
bool perm_is_owner(const struct perm_list *list, const struct subject *who);

/*
 * Reads one entry of the wire, "r12": a letter of n r w b and a decimal
 * domain id of at most 65535. The era is left alone. -EINVAL: not an entry.
 */
int perm_parse(struct perm_entry *out, const char *text, size_t len);
/* Writes an entry with its NUL into `buf` (8 bytes do); its length. */
size_t perm_format(char *buf, size_t size, const struct perm_entry *entry);

#endif
