/* SPDX-License-Identifier: BSD-2-Clause */
/* The menu that all parsers fill; see boot.h. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "boot.h"
#include "source.h"

#define NOTE_MAX 256 /* bytes of a note or obstacle; cut there */

const char *boot_kind(const char *kind)
{
	static const char *const kinds[] = { "grub2", "grub", "extlinux", "bls",
		"kernel" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (!strcmp(kind, kinds[i]))
			return kinds[i];
	}
	return NULL;
}

void boot_init(struct boot_menu *menu)
{
	*menu = (struct boot_menu){
		.default_entry = -1,
		.fallback_entry = -1,
		.timeout_ms = -1,
	};
}

static void free_entry(struct boot_entry *entry)
{
	free(entry->title);
	free(entry->id);
	free(entry->kernel.path);
	for (unsigned int i = 0; i < entry->initrd_count; i++)
		free(entry->initrds[i].path);
	free(entry->args);
	free(entry->obstacle);
}

void boot_free(struct boot_menu *menu)
{
	for (unsigned int i = 0; i < menu->entry_count; i++)
		free_entry(&menu->entries[i]);
	for (unsigned int i = 0; i < menu->note_count; i++) {
		free(menu->notes[i].file);
		free(menu->notes[i].text);
	}
	free(menu->entries);
	free(menu->notes);
	free(menu->source);
	free(menu->title);
	boot_init(menu);
}

void boot_clear(struct boot_menu *menu)
{
	struct boot_note *notes = menu->notes;
	unsigned int count = menu->note_count;

	menu->notes = NULL;
	menu->note_count = 0;
	boot_free(menu);
	menu->notes = notes;
	menu->note_count = count;
}

int boot_add(struct boot_menu *menu, const char *title, int parent,
	unsigned int *index)
{
	unsigned int n = menu->entry_count;
	struct boot_entry *entry;

	if (n >= BOOT_ENTRIES_MAX)
		return -E2BIG;
	/* Grows by doubling: at each power of two. */
	if (!(n & (n - 1))) {
		entry = reallocarray(
			menu->entries, n ? 2 * n : 1, sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		menu->entries = entry;
	}
	entry = &menu->entries[n];
	*entry = (struct boot_entry){ .parent = parent };
	entry->title = strndup(title, BOOT_TITLE_MAX);
	entry->args = strdup("");
	if (!entry->title || !entry->args) {
		free_entry(entry);
		return -ENOMEM;
	}
	menu->entry_count++;
	*index = n;
	return 0;
}

int boot_set_id(struct boot_entry *entry, const char *id)
{
	char *copy = strndup(id, BOOT_TITLE_MAX);

	if (!copy)
		return -ENOMEM;
	free(entry->id);
	entry->id = copy;
	return 0;
}

int boot_set_args(struct boot_entry *entry, const char *args)
{
	size_t len;
	char *copy;

	args += strspn(args, " \t");
	len = strlen(args);
	while (len && (args[len - 1] == ' ' || args[len - 1] == '\t'))
		len--;
	if (len > BOOT_ARGS_MAX)
		return boot_set_obstacle(entry,
			"its command line has %zu bytes, over %d", len,
			BOOT_ARGS_MAX);
	copy = strndup(args, len);
	if (!copy)
		return -ENOMEM;
	for (char *p = copy; (p = strchr(p, '\t'));)
		*p = ' ';
	free(entry->args);
	entry->args = copy;
	return 0;
}

static int set_file(struct boot_entry *entry, struct boot_file *file,
	unsigned int volume, const char *path)
{
	char clean[SOURCE_PATH_MAX + 1];
	char *copy;

	if (source_path(path, clean))
		return boot_set_obstacle(entry,
			"the path of its kernel or initrd is too long or has "
			"control characters");
	copy = strdup(clean);
	if (!copy)
		return -ENOMEM;
	free(file->path);
	*file = (struct boot_file){ .volume = volume, .path = copy };
	return 0;
}

int boot_set_kernel(
	struct boot_entry *entry, unsigned int volume, const char *path)
{
	return set_file(entry, &entry->kernel, volume, path);
}

int boot_add_initrd(
	struct boot_entry *entry, unsigned int volume, const char *path)
{
	struct boot_file *file = &entry->initrds[entry->initrd_count];
	int ret;

	if (entry->initrd_count >= BOOT_INITRDS_MAX)
		return -E2BIG;
	*file = (struct boot_file){ 0 };
	ret = set_file(entry, file, volume, path);
	if (file->path)
		entry->initrd_count++;
	return ret;
}

void boot_clear_initrds(struct boot_entry *entry)
{
	while (entry->initrd_count)
		free(entry->initrds[--entry->initrd_count].path);
}

void boot_clear_files(struct boot_entry *entry)
{
	boot_clear_initrds(entry);
	free(entry->kernel.path);
	entry->kernel = (struct boot_file){ 0 };
}

int boot_set_obstacle(struct boot_entry *entry, const char *fmt, ...)
{
	char text[NOTE_MAX];
	va_list args;

	if (entry->obstacle)
		return 0;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	entry->obstacle = strdup(text);
	return entry->obstacle ? 0 : -ENOMEM;
}

static bool is_noted(const struct boot_menu *menu, const char *file,
	unsigned int line, const char *text)
{
	for (unsigned int i = 0; i < menu->note_count; i++) {
		const struct boot_note *note = &menu->notes[i];

		if (note->line == line && !strcmp(note->text, text) &&
			!strcmp(note->file, file))
			return true;
	}
	return false;
}

void boot_note(struct boot_menu *menu, const char *file, unsigned int line,
	const char *fmt, ...)
{
	struct boot_note note = { .line = line };
	char text[NOTE_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (menu->note_count >= BOOT_NOTES_MAX ||
		is_noted(menu, file, line, text))
		return;
	if (!menu->notes)
		menu->notes = calloc(BOOT_NOTES_MAX, sizeof(*menu->notes));
	note.file = strndup(file, SOURCE_PATH_MAX);
	note.text = strdup(text);
	if (!menu->notes || !note.file || !note.text) {
		free(note.file);
		free(note.text);
		return;
	}
	menu->notes[menu->note_count++] = note;
}

bool boot_is_bootable(const struct boot_entry *entry)
{
	return entry->kernel.path && !entry->obstacle && !entry->is_submenu;
}

/* The first entry below `parent` that can be booted, at any depth; or -1. */
static int first_bootable(const struct boot_menu *menu, int parent)
{
	for (unsigned int i = 0; i < menu->entry_count; i++) {
		int up = (int)i;

		if (!boot_is_bootable(&menu->entries[i]))
			continue;
		do
			up = menu->entries[up].parent;
		while (up != parent && up >= 0);
		if (up == parent)
			return (int)i;
	}
	return -1;
}

/*
 * Takes the part of a name up to a single '>' (two stand for one). Returns
 * what follows, or NULL at the end.
 */
static const char *take_part(const char *name, char part[BOOT_TITLE_MAX + 1])
{
	size_t len = 0;

	for (; *name; name++) {
		if (*name == '>' && name[1] != '>')
			break;
		if (*name == '>')
			name++;
		if (len < BOOT_TITLE_MAX)
			part[len++] = *name;
	}
	part[len] = '\0';
	return *name ? name + 1 : NULL;
}

static int find_part(const struct boot_menu *menu, int parent, const char *part)
{
	bool is_number = *part && strspn(part, "0123456789") == strlen(part);
	unsigned long number = is_number ? strtoul(part, NULL, 10) : 0;
	unsigned long seen = 0;

	for (unsigned int i = 0; i < menu->entry_count; i++) {
		const struct boot_entry *entry = &menu->entries[i];

		if (entry->parent != parent)
			continue;
		if (is_number ? seen++ == number
			      : !strcmp(entry->title, part) ||
					(entry->id && !strcmp(entry->id, part)))
			return (int)i;
	}
	return -1;
}

int boot_find(const struct boot_menu *menu, const char *name)
{
	char part[BOOT_TITLE_MAX + 1];
	int at = -1;

	while (isspace((unsigned char)*name))
		name++;
	do {
		name = take_part(name, part);
		at = find_part(menu, at, part);
	} while (at >= 0 && name);
	if (at >= 0 && menu->entries[at].is_submenu)
		return first_bootable(menu, at);
	return at;
}

/* Can the text be written on one line, and mean the same there? */
static bool is_plain(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	}
	return true;
}

int boot_finish(struct boot_menu *menu)
{
	int ret = 0;

	for (unsigned int i = 0; i < menu->entry_count && !ret; i++) {
		struct boot_entry *entry = &menu->entries[i];

		if (entry->is_submenu)
			continue;
		if (!entry->kernel.path)
			ret = boot_set_obstacle(entry, "it names no kernel");
		else if (!is_plain(entry->args))
			ret = boot_set_obstacle(entry,
				"its command line has control characters");
	}
	if (ret)
		return ret;
	if (menu->default_entry < 0 ||
		!boot_is_bootable(&menu->entries[menu->default_entry]))
		menu->default_entry = first_bootable(menu, -1);
	if (menu->fallback_entry >= 0 &&
		!boot_is_bootable(&menu->entries[menu->fallback_entry]))
		menu->fallback_entry = -1;
	return 0;
}
