/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doubly linked lists whose links stand inside the entries.
 *
 * A head and an entry's link have one type; an empty list's head points to
 * itself.  Nothing here locks: the list's owner does.
 */
#ifndef TENON_LIST_H
#define TENON_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(name)          \
	{                        \
		&(name), &(name) \
	}

#define list_entry(link, type, member) \
	((type *)(void *)((char *)(link) - __builtin_offsetof(type, member)))

static inline void list_init(struct list *head)
{
	head->next = head;
	head->prev = head;
}

static inline bool list_is_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_insert_between(
	struct list *link, struct list *prev, struct list *next)
{
	link->next = next;
	link->prev = prev;
	prev->next = link;
	next->prev = link;
}

/* Inserts link right after at; with the head: at the list's front. */
static inline void list_add(struct list *link, struct list *at)
{
	list_insert_between(link, at, at->next);
}

/* Inserts link right before at; with the head: at the list's end. */
static inline void list_add_tail(struct list *link, struct list *at)
{
	list_insert_between(link, at->prev, at);
}

/* Takes link out and leaves it a list of its own: a second call is harmless. */
static inline void list_del(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}

/* Moves all of from's entries to the end of to; from is empty afterwards. */
static inline void list_splice_tail(struct list *from, struct list *to)
{
	if (list_is_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

/* The first or last entry; the list must not be empty. */
#define list_first_entry(head, type, member) \
	list_entry((head)->next, type, member)
#define list_last_entry(head, type, member) \
	list_entry((head)->prev, type, member)
#define list_next_entry(pos, member) \
	list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_prev_entry(pos, member) \
	list_entry((pos)->member.prev, __typeof__(*(pos)), member)

#define list_for_each(link, head) \
	for ((link) = (head)->next; (link) != (head); (link) = (link)->next)

/* The list must not change under this one ... */
#define list_for_each_entry(pos, head, member)                             \
	for ((pos) = list_entry((head)->next, __typeof__(*(pos)), member); \
		&(pos)->member != (head);                                  \
		(pos) = list_next_entry(pos, member))

/* ... and under this one only pos itself may be taken out. */
#define list_for_each_entry_safe(pos, tmp, head, member)                   \
	for ((pos) = list_entry((head)->next, __typeof__(*(pos)), member), \
	    (tmp) = list_next_entry(pos, member);                          \
		&(pos)->member != (head);                                  \
		(pos) = (tmp), (tmp) = list_next_entry(tmp, member))

#endif
