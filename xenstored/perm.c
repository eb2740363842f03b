/* SPDX-License-Identifier: BSD-2-Clause */
/* Permission lists. */
#include "arena.h"
#include "perm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char letters[] = "nrwb";

static size_t list_size(size_t count)
{
	return sizeof(struct perm_list) + count * sizeof(struct perm_entry);
}

struct perm_list *perm_list_new(size_t count)
{
	struct perm_list *list;

	if (list_size(count) > ARENA_MAX)
		return NULL;
	list = arena_alloc(list_size(count));
	if (!list)
		return NULL;
	memset(list, 0, list_size(count));
	list->refs = 1;
	list->count = (uint32_t)count;
	return list;
}

struct perm_list *perm_list_get(struct perm_list *list)
{
	if (list)
		list->refs++;
	return list;
}

void perm_list_put(struct perm_list *list)
{
	if (list && --list->refs == 0)
		arena_free(list, list_size(list->count));
}

bool perm_list_equal(const struct perm_list *a, const struct perm_list *b)
{
	size_t i;

	if (a == b)
		return true;
	if (!a || !b || a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++)
		if (a->entry[i].domid != b->entry[i].domid ||
			a->entry[i].access != b->entry[i].access ||
			a->entry[i].era != b->entry[i].era)
			return false;
	return true;
}

static bool names(const struct perm_entry *e, const struct subject *who)
{
	if (e->domid == who->domid && e->era == who->era)
		return true;
	return who->has_target && e->domid == who->target &&
	       e->era == who->target_era;
}

static bool is_everybody(const struct perm_entry *e)
{
	return e->domid == PERM_EVERYBODY && !e->era;
}

bool perm_is_owner(const struct perm_list *list, const struct subject *who)
{
	return who->is_control || names(&list->entry[0], who);
}

unsigned int perm_access(
	const struct perm_list *list, const struct subject *who)
{
	size_t i;

	if (perm_is_owner(list, who))
		return PERM_BOTH;
	for (i = 1; i < list->count; i++)
		if (names(&list->entry[i], who) ||
			is_everybody(&list->entry[i]))
			return list->entry[i].access;
	return list->entry[0].access;
}

int perm_parse(struct perm_entry *out, const char *text, size_t len)
{
	const char *letter;
	uint32_t domid = 0;
	size_t i;

	if (len < 2 || len > 6 || !text[0])
		return -EINVAL;
	letter = strchr(letters, text[0]);
	if (!letter)
		return -EINVAL;
	for (i = 1; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		domid = domid * 10 + (uint32_t)(text[i] - '0');
	}
	if (domid > UINT16_MAX)
		return -EINVAL;
	out->domid = (uint16_t)domid;
	out->access = (uint8_t)(letter - letters);
	return 0;
}

size_t perm_format(char *buf, size_t size, const struct perm_entry *entry)
{
	int n = snprintf(
		buf, size, "%c%u", letters[entry->access & 3], entry->domid);

	return (size_t)n + 1;
}
