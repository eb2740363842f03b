/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices and paths of GRUB 2's scripts, and the search command. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "grub2.h"

#define HINTS_MAX 8

/*
 * A device by GRUB's name. One that says only the number of the partition, or
 * the wrong kind of table, means the partition of that number: a disk may have
 * been converted, or be seen by another name at home.
 */
static int find_device(
	const struct grub2 *grub, const char *name, unsigned int *volume)
{
	const struct source *source = grub->source;
	unsigned int disk, part;
	char word[SOURCE_DEVICE_SIZE];
	char end;
	int ret = source->search(source->ctx, SOURCE_DEVICE, name, volume);

	if (ret != -ENOENT || strlen(name) >= sizeof(word))
		return ret;
	if (sscanf(name, "hd%u,%u%c", &disk, &part, &end) != 2 &&
		sscanf(name, "hd%u,msdos%u%c", &disk, &part, &end) != 2 &&
		sscanf(name, "hd%u,gpt%u%c", &disk, &part, &end) != 2)
		return ret;
	snprintf(word, sizeof(word), "hd%u,gpt%u", disk, part);
	ret = source->search(source->ctx, SOURCE_DEVICE, word, volume);
	if (ret != -ENOENT)
		return ret;
	snprintf(word, sizeof(word), "hd%u,msdos%u", disk, part);
	return source->search(source->ctx, SOURCE_DEVICE, word, volume);
}

int grub2_search_path(struct grub2 *grub, const char *name,
	unsigned int *volume, char path[SOURCE_PATH_MAX + 1])
{
	const char *device = grub2_env_get(grub->env, "root");
	const char *rest = name;
	char inside[SOURCE_PATH_MAX + 1];
	unsigned int found;
	size_t len;
	int ret;

	if (*name == '(') {
		len = strcspn(++name, ")");
		if (!name[len] || len >= sizeof(inside))
			return -EINVAL;
		memcpy(inside, name, len);
		inside[len] = '\0';
		device = inside;
		rest = name + len + 1;
	}
	ret = source_path(rest, path);
	if (ret)
		return ret;
	if (!device || !*device) {
		found = grub->place->volume;
	} else if (find_device(grub, device, &found)) {
		grub2_note(grub,
			"the device (%s) is not there: that of this file is "
			"taken",
			device);
		found = grub->place->volume;
	}
	*volume = found;
	return 0;
}

struct search {
	enum { BY_FILE, BY_LABEL, BY_UUID, BY_PART_UUID } by;
	const char *variable; /* NULL: only say which */
	const char *name;
	const char *hints[HINTS_MAX];
	unsigned int hint_count;
};

static void add_hint(struct search *search, const char *hint)
{
	if (search->hint_count < HINTS_MAX)
		search->hints[search->hint_count++] = hint;
}

/* Hints name a device, and some a disk with a comma: that helps nobody. */
static bool has_on_hint(const struct grub2 *grub, const struct search *search,
	unsigned int *volume)
{
	for (unsigned int i = 0; i < search->hint_count; i++) {
		if (!find_device(grub, search->hints[i], volume) &&
			source_has_file(grub->source, *volume, search->name))
			return true;
	}
	return false;
}

static int find_file(
	struct grub2 *grub, const struct search *search, unsigned int *volume)
{
	char path[SOURCE_PATH_MAX + 1];
	struct search plain = *search;
	int ret = source_path(search->name, path);

	if (ret)
		return ret;
	plain.name = path;
	if (has_on_hint(grub, &plain, volume))
		return 0;
	for (unsigned int i = 0; i < grub->source->volume_count; i++) {
		struct source_stat stat;

		ret = grub2_step(grub, 10);
		if (ret)
			return ret;
		if (grub->source->stat(grub->source->ctx, i, path, &stat))
			continue;
		*volume = i;
		return 0;
	}
	return -ENOENT;
}

static int find(
	struct grub2 *grub, const struct search *search, unsigned int *volume)
{
	static const enum source_key keys[] = {
		[BY_LABEL] = SOURCE_LABEL,
		[BY_UUID] = SOURCE_UUID,
		[BY_PART_UUID] = SOURCE_PARTUUID,
	};
	const struct source *source = grub->source;
	int ret;

	if (search->by == BY_FILE)
		return find_file(grub, search, volume);
	ret = source->search(
		source->ctx, keys[search->by], search->name, volume);
	return !ret && *volume >= source->volume_count ? -ENOENT : ret;
}

/* An option that stands alone, or has its value behind a '='. */
static bool take_option(struct search *search, const char *word)
{
	static const struct {
		const char *option;
		int by;
	} kinds[] = {
		{ "-f", BY_FILE },
		{ "--file", BY_FILE },
		{ "-l", BY_LABEL },
		{ "--label", BY_LABEL },
		{ "--fs-label", BY_LABEL },
		{ "-u", BY_UUID },
		{ "--fs-uuid", BY_UUID },
		{ "-p", BY_PART_UUID },
		{ "--part-uuid", BY_PART_UUID },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (!strcmp(word, kinds[i].option)) {
			search->by = kinds[i].by;
			return true;
		}
	}
	if (!strncmp(word, "--set=", 6))
		search->variable = word + 6;
	else if (!strncmp(word, "--hint=", 7))
		add_hint(search, word + 7);
	else
		return *word == '-'; /* --no-floppy, --hint-bios=... */
	return true;
}

/* search.fs_uuid UUID [VARIABLE [HINT...]] is the same in another form. */
static void take_short(struct search *search, const struct grub2_args *args)
{
	const char *kind = strchr(args->words[0], '.') + 1;
	unsigned int i = 1;

	search->by = strstr(kind, "uuid")    ? BY_UUID
		     : strstr(kind, "label") ? BY_LABEL
					     : BY_FILE;
	for (; i < args->count && *args->words[i] == '-'; i++)
		take_option(search, args->words[i]);
	if (i < args->count)
		search->name = args->words[i++];
	if (i < args->count)
		search->variable = args->words[i++];
	for (; i < args->count; i++)
		add_hint(search, args->words[i]);
}

/*
 * --set may have the next word as its value; but when no name is left that is
 * the name, and the variable is root.
 */
static void take_long(struct search *search, const struct grub2_args *args)
{
	const char *name = NULL;

	for (unsigned int i = 1; i < args->count; i++) {
		char *word = args->words[i];
		char *next = i + 1 < args->count && *args->words[i + 1] != '-'
				     ? args->words[i + 1]
				     : NULL;

		if (!strcmp(word, "-s") || !strcmp(word, "--set")) {
			search->variable = next ? next : "root";
			search->name = next;
			i += next != NULL;
		} else if (!strncmp(word, "--hint", 6) && !strchr(word, '=')) {
			if (next)
				add_hint(search, next);
			i += next != NULL;
		} else if (!take_option(search, word)) {
			if (name)
				add_hint(search, word);
			else
				name = word;
		}
	}
	if (name)
		search->name = name;
	else if (search->name)
		search->variable = "root";
}

int grub2_search(struct grub2 *grub, const struct grub2_args *args)
{
	struct search search = { .by = BY_FILE };
	unsigned int volume;
	int ret;

	if (strchr(args->words[0], '.'))
		take_short(&search, args);
	else
		take_long(&search, args);
	grub->status = 1;
	if (!search.name)
		return 0;
	ret = grub2_step(grub, 20);
	if (ret)
		return ret;
	ret = find(grub, &search, &volume);
	if (ret == -ELOOP)
		return ret;
	if (ret) {
		grub2_note(grub, "search: no volume has %s", search.name);
		return 0;
	}
	grub->status = 0;
	return search.variable ? grub2_env_set(grub->env, search.variable,
					 grub->source->devices[volume])
			       : 0;
}
