/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration of syslinux, extlinux and isolinux, and U-Boot's of the
 * same form: a keyword and its value a line, keywords in any case. Lines before
 * the first label are settings; "menu begin" opens a submenu.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <tenonctrl/why.h>
#include "cfg.h"
#include "lines.h"

#define INCLUDES_MAX 8 /* files inside of each other; syslinux has 16 */

struct extlinux {
	const struct source *source;
	const struct cfg_place *place;
	struct boot_menu *menu;
	char folder[SOURCE_PATH_MAX + 1]; /* of the configuration */
	const char *file;		  /* that is being read */
	unsigned int line;
	unsigned int files; /* still allowed */
	unsigned int depth;
	int entry;  /* that is being filled; -1: none yet */
	int parent; /* the submenu, or -1 */
	int marked; /* by "menu default" */
	char chosen[BOOT_TITLE_MAX + 1];
	char on_timeout[BOOT_TITLE_MAX + 1];
	char append[LINES_MAX + 1]; /* of entries without one of their own */
	bool has_append[BOOT_ENTRIES_MAX];
	bool has_ui, is_prompted, is_help;
	long timeout; /* tenths of seconds; 0: none */
};

static int read_file(struct extlinux *ext, const char *path);

static struct boot_entry *current(struct extlinux *ext)
{
	return ext->entry < 0 ? NULL : &ext->menu->entries[ext->entry];
}

/*
 * Relative names are so to the configuration's folder; where there is no such
 * file, but one from the root, that is meant.
 */
static int find_path(
	struct extlinux *ext, const char *name, char path[SOURCE_PATH_MAX + 1])
{
	unsigned int volume = ext->place->volume;
	char joined[SOURCE_PATH_MAX + 1];

	if (!strncmp(name, "::", 2))
		name += 2;
	if (*name == '/')
		return source_path(name, path);
	if (source_join(ext->folder, name, joined))
		return -ENAMETOOLONG;
	if (!source_path(joined, path) &&
		source_has_file(ext->source, volume, path))
		return 0;
	if (!source_path(name, path) &&
		source_has_file(ext->source, volume, path))
		return 0;
	return source_path(joined, path);
}

static bool ends_in(const char *name, const char *end)
{
	size_t len = strlen(name), tail = strlen(end);

	return len >= tail && !strcasecmp(name + len - tail, end);
}

/* Other programs by the end of their names, as syslinux tells them. */
static bool is_program(const char *name)
{
	static const char *const ends[] = { ".c32", ".cbt", ".com", ".0",
		".bin", ".bs", ".bss", ".img" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		if (ends_in(name, ends[i]))
			return true;
	}
	return false;
}

static int set_kernel(
	struct extlinux *ext, struct boot_entry *entry, const char *name)
{
	char path[SOURCE_PATH_MAX + 1];

	if (find_path(ext, name, path))
		return boot_set_obstacle(
			entry, "a path of it cannot be read: %.100s", name);
	return boot_set_kernel(entry, ext->place->volume, path);
}

/* Several, with commas between. */
static int add_initrds(
	struct extlinux *ext, struct boot_entry *entry, char *list)
{
	char path[SOURCE_PATH_MAX + 1];
	int ret = 0;

	boot_clear_initrds(entry);
	while (*list && !ret) {
		char *next = list + strcspn(list, ",");

		if (*next)
			*next++ = '\0';
		if (*list && find_path(ext, list, path))
			ret = boot_set_obstacle(entry,
				"a path of it cannot be read: %.100s", list);
		else if (*list)
			ret = boot_add_initrd(entry, ext->place->volume, path);
		list = next;
	}
	return ret == -E2BIG ? boot_set_obstacle(entry, "too many initrds")
			     : ret;
}

/* mboot.c32 loads a hypervisor: FILE ARGS --- KERNEL ARGS --- INITRD. */
static int take_multiboot(
	struct extlinux *ext, struct boot_entry *entry, char *value)
{
	char *kernel = strstr(value, " --- ");
	char *initrd, *args;
	int ret;

	if (!kernel)
		return 0;
	kernel += 5;
	initrd = strstr(kernel, " --- ");
	if (initrd) {
		*initrd = '\0';
		initrd += 5;
		lines_split(initrd, "");
	}
	args = lines_split(kernel, "");
	free(entry->obstacle);
	entry->obstacle = NULL;
	ret = set_kernel(ext, entry, kernel);
	if (!ret && initrd)
		ret = add_initrds(ext, entry, initrd);
	return ret ? ret : boot_set_args(entry, args);
}

/* The words of an append line; initrd= among them is one. */
static int take_append(
	struct extlinux *ext, struct boot_entry *entry, char *value)
{
	char args[LINES_MAX + 1];
	size_t len = 0;
	int ret = 0;

	if (entry->kernel.path && ends_in(entry->kernel.path, "/mboot.c32"))
		return take_multiboot(ext, entry, value);
	while (*value && !ret) {
		char *next = lines_split(value, "");

		if (!strncmp(value, "initrd=", 7)) {
			ret = add_initrds(ext, entry, value + 7);
		} else {
			size_t word = strlen(value);

			/* No longer than the line that it came from. */
			if (len)
				args[len++] = ' ';
			memcpy(args + len, value, word);
			len += word;
		}
		value = next;
	}
	args[len] = '\0';
	return ret ? ret : boot_set_args(entry, args);
}

static int add_entry(struct extlinux *ext, const char *label, bool is_submenu)
{
	struct boot_entry *entry;
	unsigned int index;
	int ret = boot_add(ext->menu, label, ext->parent, &index);

	if (ret)
		return ret;
	entry = &ext->menu->entries[index];
	entry->line = ext->line;
	entry->is_submenu = is_submenu;
	ext->entry = is_submenu ? -1 : (int)index;
	if (is_submenu) {
		ext->parent = (int)index;
		return 0;
	}
	return boot_set_id(entry, label);
}

/* "^" marks a hot key. */
static int set_title(struct boot_entry *entry, const char *value)
{
	char *copy = strndup(value, BOOT_TITLE_MAX);
	char *to = copy;

	if (!copy)
		return -ENOMEM;
	for (const char *from = copy; *from; from++) {
		if (*from != '^')
			*to++ = *from;
	}
	*to = '\0';
	free(entry->title);
	entry->title = copy;
	return 0;
}

static int end_submenu(struct extlinux *ext)
{
	if (ext->parent >= 0)
		ext->parent = ext->menu->entries[ext->parent].parent;
	ext->entry = -1;
	return 0;
}

static int take_menu(struct extlinux *ext, char *key)
{
	char *value = lines_split(key, "");
	struct boot_entry *entry = current(ext);

	if (!strcasecmp(key, "begin"))
		return add_entry(ext, *value ? value : "submenu", true);
	if (!strcasecmp(key, "end"))
		return end_submenu(ext);
	if (!strcasecmp(key, "include"))
		return read_file(ext, value);
	if (!strcasecmp(key, "hidden"))
		ext->menu->is_hidden = true;
	if (!strcasecmp(key, "title") && !entry && ext->parent >= 0)
		return set_title(&ext->menu->entries[ext->parent], value);
	if (!strcasecmp(key, "title") && !ext->menu->title) {
		ext->menu->title = strndup(value, BOOT_TITLE_MAX);
		return ext->menu->title ? 0 : -ENOMEM;
	}
	if (!entry)
		return 0;
	if (!strcasecmp(key, "label"))
		return set_title(entry, value);
	if (!strcasecmp(key, "default"))
		ext->marked = ext->entry;
	if (!strcasecmp(key, "disable"))
		return boot_set_obstacle(entry, "the menu has it disabled");
	return 0;
}

static void take_setting(struct extlinux *ext, const char *key, char *value)
{
	if (!strcasecmp(key, "default"))
		snprintf(ext->chosen, sizeof(ext->chosen), "%.*s",
			BOOT_TITLE_MAX, value);
	else if (!strcasecmp(key, "ontimeout"))
		snprintf(ext->on_timeout, sizeof(ext->on_timeout), "%.*s",
			BOOT_TITLE_MAX, value);
	else if (!strcasecmp(key, "timeout"))
		ext->timeout = strtol(value, NULL, 10);
	else if (!strcasecmp(key, "prompt"))
		ext->is_prompted = strtol(value, NULL, 10) != 0;
	else if (!strcasecmp(key, "ui"))
		ext->has_ui = true;
	else if (!strcasecmp(key, "append") && ext->entry < 0)
		strcpy(ext->append, value);
}

static int take_entry(struct extlinux *ext, const char *key, char *value)
{
	struct boot_entry *entry = current(ext);

	if (!strcasecmp(key, "kernel") || !strcasecmp(key, "linux")) {
		if ((*key == 'k' || *key == 'K') && is_program(value) &&
			boot_set_obstacle(entry,
				"it runs another program: %.100s", value))
			return -ENOMEM;
		return set_kernel(ext, entry, value);
	}
	if (!strcasecmp(key, "initrd"))
		return add_initrds(ext, entry, value);
	if (!strcasecmp(key, "append")) {
		ext->has_append[ext->entry] = true;
		return strcmp(value, "-") ? take_append(ext, entry, value) : 0;
	}
	if (!strcasecmp(key, "localboot") || !strcasecmp(key, "com32") ||
		!strcasecmp(key, "boot") || !strcasecmp(key, "bss") ||
		!strcasecmp(key, "pxe") || !strcasecmp(key, "config"))
		return boot_set_obstacle(
			entry, "it starts another boot loader: %.100s", value);
	return 0;
}

static int take_line(struct extlinux *ext, char *key)
{
	char *value = lines_split(key, "");

	if (ext->is_help) {
		ext->is_help = strcasecmp(key, "endtext") != 0;
		return 0;
	}
	if (!strcasecmp(key, "text") && !strcasecmp(value, "help")) {
		ext->is_help = true;
		return 0;
	}
	if (!strcasecmp(key, "label"))
		return add_entry(ext, value, false);
	if (!strcasecmp(key, "include"))
		return read_file(ext, value);
	if (!strcasecmp(key, "menu")) {
		ext->has_ui = true;
		return take_menu(ext, value);
	}
	take_setting(ext, key, value);
	return ext->entry < 0 ? 0 : take_entry(ext, key, value);
}

static int read_text(struct extlinux *ext, const char *text, size_t size)
{
	struct lines *lines = malloc(sizeof(*lines));
	int ret = 0;

	if (!lines)
		return -ENOMEM;
	lines_open(lines, text, size);
	while (!ret && lines_next(lines)) {
		ext->line = lines->number;
		ret = take_line(ext, lines->text);
	}
	free(lines);
	return ret;
}

/* An included file; one that cannot be read is a note. */
static int read_file(struct extlinux *ext, const char *name)
{
	const char *outer = ext->file;
	unsigned int line = ext->line;
	char path[SOURCE_PATH_MAX + 1];
	char *text;
	size_t size;
	int ret = -ELOOP;

	if (ext->files && ext->depth < INCLUDES_MAX) {
		ret = find_path(ext, name, path);
		if (!ret)
			ret = source_text(ext->source, ext->place->volume, path,
				SOURCE_TEXT_MAX, &text, &size);
	}
	if (ret) {
		boot_note(ext->menu, ext->file, line, "cannot read %s: %s",
			name,
			ret == -ELOOP ? "includes are nested too deep"
				      : strerror(-ret));
		return ret == -ENOMEM ? ret : 0;
	}
	ext->files--;
	ext->depth++;
	ext->file = path;
	ret = read_text(ext, text, size);
	ext->file = outer;
	ext->line = line;
	ext->depth--;
	free(text);
	return ret;
}

static int find_label(const struct boot_menu *menu, const char *label)
{
	size_t len = strcspn(label, " \t");

	for (unsigned int i = 0; i < menu->entry_count && len; i++) {
		const char *id = menu->entries[i].id;

		if (id && !strncasecmp(id, label, len) && !id[len])
			return (int)i;
	}
	return -1;
}

static int finish(struct extlinux *ext)
{
	struct boot_menu *menu = ext->menu;
	int ret = 0;

	for (unsigned int i = 0; i < menu->entry_count && !ret; i++) {
		char append[LINES_MAX + 1];

		if (ext->has_append[i] || menu->entries[i].is_submenu)
			continue;
		strcpy(append, ext->append);
		ret = take_append(ext, &menu->entries[i], append);
	}
	if (ret)
		return ret;
	if (ends_in(ext->chosen, ".c32"))
		ext->has_ui = true;
	menu->default_entry = ext->marked;
	if (ext->marked < 0)
		menu->default_entry = find_label(menu, ext->chosen);
	if (*ext->on_timeout)
		menu->default_entry = find_label(menu, ext->on_timeout);
	/* Without a menu and a prompt syslinux boots at once. */
	if (!ext->has_ui && !ext->is_prompted)
		menu->timeout_ms = 0;
	else if (ext->timeout > 0)
		menu->timeout_ms = ext->timeout > 864000
					   ? 86400000
					   : (int)ext->timeout * 100;
	return boot_finish(menu);
}

int cfg_extlinux_parse(const struct source *source,
	const struct cfg_place *place, struct boot_menu *menu, struct why *why)
{
	struct extlinux *ext = calloc(1, sizeof(*ext));
	char *text = NULL;
	size_t size;
	int ret;

	if (!ext)
		return why_set(why, -ENOMEM, "%s: no memory", place->path);
	ext->source = source;
	ext->place = place;
	ext->menu = menu;
	ext->file = place->path;
	ext->files = CFG_FILES_MAX;
	ext->entry = ext->parent = ext->marked = -1;
	snprintf(ext->folder, sizeof(ext->folder), "%.*s",
		(int)(strrchr(place->path, '/') - place->path), place->path);
	ret = source_text(source, place->volume, place->path, SOURCE_TEXT_MAX,
		&text, &size);
	if (!ret)
		ret = read_text(ext, text, size);
	if (!ret)
		ret = finish(ext);
	if (ret) {
		boot_clear(menu);
		why_set(why, ret, "%s: line %u: %s", place->path, ext->line,
			ret == -E2BIG ? "too many entries" : strerror(-ret));
	}
	free(text);
	free(ext);
	return ret;
}
