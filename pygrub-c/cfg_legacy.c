/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GRUB legacy's menu.lst: settings, then entries that begin with a title. Disks
 * and partitions are counted from 0. Of a hypervisor with modules the first
 * module is the kernel.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/why.h>
#include "cfg.h"
#include "lines.h"

struct legacy {
	const struct source *source;
	const struct cfg_place *place;
	struct boot_menu *menu;
	struct lines lines;
	int entry;	     /* that is being filled; -1: none yet */
	unsigned int volume; /* root's, for the entry */
	unsigned int root;   /* root's, before the first entry */
	bool has_module;
	long chosen;
	bool is_saved;
	long fallback;
};

static struct boot_entry *current(struct legacy *legacy)
{
	return legacy->entry < 0 ? NULL : &legacy->menu->entries[legacy->entry];
}

/* "hd0,0" or "hd0,0,a": the partition of GRUB 2's number one higher. */
static int find_volume(
	const struct legacy *legacy, const char *device, unsigned int *volume)
{
	static const char *const kinds[] = { "msdos", "gpt", "" };
	const struct source *source = legacy->source;
	unsigned int disk, part;
	char name[SOURCE_DEVICE_SIZE];
	int count = sscanf(device, "hd%u,%u", &disk, &part);
	int ret = -ENOENT;

	if (count == 1) {
		snprintf(name, sizeof(name), "hd%u", disk);
		return source->search(source->ctx, SOURCE_DEVICE, name, volume);
	}
	for (int i = 0; i < 3 && ret == -ENOENT && count == 2; i++) {
		snprintf(name, sizeof(name), "hd%u,%s%u", disk, kinds[i],
			part + 1);
		ret = source->search(source->ctx, SOURCE_DEVICE, name, volume);
	}
	return ret;
}

/* What a path "(hd0,0)/x" stands on, and the path behind it. */
static char *take_device(
	const struct legacy *legacy, char *path, unsigned int *volume)
{
	char *close;

	if (*path != '(')
		return path;
	close = strchr(path, ')');
	if (!close)
		return path;
	*close = '\0';
	if (find_volume(legacy, path + 1, volume))
		boot_note(legacy->menu, legacy->place->path,
			legacy->lines.number,
			"the device (%s) is not there: the volume of this file "
			"is taken",
			path + 1);
	return close + 1;
}

static void set_root(struct legacy *legacy, char *value, bool is_uuid)
{
	const struct source *source = legacy->source;
	unsigned int volume = legacy->place->volume;

	if (is_uuid)
		source->search(source->ctx, SOURCE_UUID, value, &volume);
	else
		take_device(legacy, value, &volume);
	legacy->volume = volume;
	if (legacy->entry < 0)
		legacy->root = volume;
}

static int set_kernel(
	struct legacy *legacy, struct boot_entry *entry, char *value)
{
	unsigned int volume = legacy->volume;
	char *args;
	int ret;

	while (!strncmp(value, "--", 2))
		value = lines_split(value, "");
	args = lines_split(value, "");
	value = take_device(legacy, value, &volume);
	boot_clear_files(entry);
	ret = boot_set_kernel(entry, volume, value);
	return ret ? ret : boot_set_args(entry, args);
}

static int add_initrd(
	struct legacy *legacy, struct boot_entry *entry, char *value)
{
	unsigned int volume = legacy->volume;
	int ret;

	lines_split(value, "");
	value = take_device(legacy, value, &volume);
	ret = boot_add_initrd(entry, volume, value);
	return ret == -E2BIG ? boot_set_obstacle(entry, "too many initrds")
			     : ret;
}

static int add_module(
	struct legacy *legacy, struct boot_entry *entry, char *value)
{
	bool is_first = !legacy->has_module;

	legacy->has_module = true;
	return is_first ? set_kernel(legacy, entry, value)
			: add_initrd(legacy, entry, value);
}

static int add_title(struct legacy *legacy, const char *title)
{
	unsigned int index;
	int ret = boot_add(legacy->menu, title, -1, &index);

	if (ret)
		return ret;
	legacy->entry = (int)index;
	legacy->menu->entries[index].line = legacy->lines.number;
	legacy->volume = legacy->root;
	legacy->has_module = false;
	return 0;
}

static void take_setting(struct legacy *legacy, const char *key, char *value)
{
	struct boot_menu *menu = legacy->menu;
	long number = strtol(value, NULL, 10);

	if (!strcmp(key, "default")) {
		legacy->is_saved = !strcmp(value, "saved");
		legacy->chosen = number;
	} else if (!strcmp(key, "fallback")) {
		legacy->fallback = number;
	} else if (!strcmp(key, "timeout")) {
		menu->timeout_ms = number < 0	    ? -1
				   : number > 86400 ? 86400000
						    : (int)number * 1000;
	} else if (!strcmp(key, "hiddenmenu")) {
		menu->is_hidden = true;
	}
}

static int take_line(struct legacy *legacy)
{
	char *key = legacy->lines.text;
	char *value = lines_split(key, "=");
	struct boot_entry *entry = current(legacy);

	if (!strcmp(key, "title"))
		return add_title(legacy, value);
	if (!strcmp(key, "root") || !strcmp(key, "rootnoverify") ||
		!strcmp(key, "uuid")) {
		set_root(legacy, value, *key == 'u');
		return 0;
	}
	if (!entry) {
		take_setting(legacy, key, value);
		return 0;
	}
	if (!strcmp(key, "kernel"))
		return set_kernel(legacy, entry, value);
	if (!strcmp(key, "initrd")) {
		boot_clear_initrds(entry);
		return add_initrd(legacy, entry, value);
	}
	if (!strcmp(key, "module") || !strcmp(key, "modulenounzip"))
		return add_module(legacy, entry, value);
	if (!strcmp(key, "chainloader") || !strcmp(key, "configfile"))
		return boot_set_obstacle(
			entry, "it starts another boot loader: %.100s", value);
	return 0;
}

/* What savedefault wrote: a number in the first line of a file beside. */
static long read_saved(const struct legacy *legacy)
{
	const struct cfg_place *place = legacy->place;
	char path[SOURCE_PATH_MAX + 1];
	char *text;
	size_t size;
	long number;

	snprintf(path, sizeof(path), "%s", place->path);
	*(strrchr(path, '/') + 1) = '\0';
	if (source_join(path, "default", path) ||
		source_text(legacy->source, place->volume, path, 4096, &text,
			&size))
		return 0;
	number = strtol(text, NULL, 10);
	free(text);
	return number;
}

static int to_index(const struct boot_menu *menu, long number)
{
	return number >= 0 && number < (long)menu->entry_count ? (int)number
							       : -1;
}

static int parse(struct legacy *legacy, const char *text, size_t size)
{
	struct boot_menu *menu = legacy->menu;
	int ret = 0;

	lines_open(&legacy->lines, text, size);
	while (!ret && lines_next(&legacy->lines))
		ret = take_line(legacy);
	if (ret)
		return ret;
	if (legacy->is_saved)
		legacy->chosen = read_saved(legacy);
	menu->default_entry = to_index(menu, legacy->chosen);
	menu->fallback_entry = to_index(menu, legacy->fallback);
	return boot_finish(menu);
}

int cfg_legacy_parse(const struct source *source, const struct cfg_place *place,
	struct boot_menu *menu, struct why *why)
{
	struct legacy *legacy = calloc(1, sizeof(*legacy));
	char *text = NULL;
	size_t size;
	int ret;

	if (!legacy)
		return why_set(why, -ENOMEM, "%s: no memory", place->path);
	legacy->source = source;
	legacy->place = place;
	legacy->menu = menu;
	legacy->entry = -1;
	legacy->volume = legacy->root = place->volume;
	legacy->fallback = -1;
	ret = source_text(source, place->volume, place->path, SOURCE_TEXT_MAX,
		&text, &size);
	if (!ret)
		ret = parse(legacy, text, size);
	if (ret) {
		boot_clear(menu);
		why_set(why, ret, "%s: line %u: %s", place->path,
			legacy->lines.number,
			ret == -E2BIG ? "too many entries" : strerror(-ret));
	}
	free(legacy);
	free(text);
	return ret;
}
