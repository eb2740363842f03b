/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of the tree: sibling trees, for tree.c alone. */
#ifndef XENSTORED_KIDS_H
#define XENSTORED_KIDS_H

#include "tree.h"

/* A node's memory, from and to the reserve; NULL without memory. */
struct node *kids_alloc(struct tree *t);
void kids_free(struct tree *t, struct node *n);

/* Makes the node in `slot` private to it. -ENOMEM: nothing changed. */
int kids_own(struct tree *t, struct node **slot);

/* Adds a child whose name is not there; -ENOMEM: nothing changed. */
int kids_insert(struct tree *t, struct node **kids, struct node *child);
/* Takes out a child whose name is there; -ENOMEM: nothing changed. */
int kids_remove(struct tree *t, struct node **kids, const char *name,
	size_t len, struct node **out);

/* What is wrong with one node among its siblings, or NULL. */
const char *kids_audit(const struct node *n);

#endif
