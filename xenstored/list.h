/* SPDX-License-Identifier: BSD-2-Clause */
/* A doubly linked ring of links that live inside their objects. */
#ifndef XENSTORED_LIST_H
#define XENSTORED_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

#define list_entry(link, type, member) \
	((type *)(void *)((char *)(link)-offsetof(type, member)))

/* `at` may be taken out of the list in the body. */
#define list_for_each_safe(at, following, head)                             \
	for ((at) = (head)->next; (following) = (at)->next, (at) != (head); \
		(at) = (following))

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_add_tail(struct list *head, struct list *l)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

/* Leaves the link as an empty list of its own. */
static inline void list_remove(struct list *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	list_init(l);
}

#endif
