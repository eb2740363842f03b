/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show_config SAMPLE: what pygrub-c's parsers make of a guest's files, as JSON.
 * The sample is a text of volumes and files, see unit/pygrub_rig.h. With
 * --notes what they had to say is printed as well.
 */
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/why.h>
#include "cfg.h"
#include "unit/pygrub_rig.h"

static void add_text(struct json_object *to, const char *key, const char *text)
{
	if (text)
		json_object_object_add(to, key, json_object_new_string(text));
}

static void add_int(struct json_object *to, const char *key, int value)
{
	json_object_object_add(to, key, json_object_new_int(value));
}

static struct json_object *file_text(
	const struct rig *rig, const struct boot_file *file)
{
	char text[SOURCE_PATH_MAX + 128];

	snprintf(text, sizeof(text), "(%s)%s", rig->devices[file->volume],
		file->path);
	return json_object_new_string(text);
}

static struct json_object *show_entry(
	const struct rig *rig, const struct boot_entry *entry)
{
	struct json_object *to = json_object_new_object();
	struct json_object *list = json_object_new_array();

	add_text(to, "title", entry->title);
	add_text(to, "id", entry->id);
	if (entry->parent >= 0)
		add_int(to, "parent", entry->parent);
	if (entry->is_submenu)
		json_object_object_add(
			to, "submenu", json_object_new_boolean(true));
	if (entry->kernel.path)
		json_object_object_add(
			to, "kernel", file_text(rig, &entry->kernel));
	for (unsigned int i = 0; i < entry->initrd_count; i++)
		json_object_array_add(list, file_text(rig, &entry->initrds[i]));
	if (entry->initrd_count)
		json_object_object_add(to, "initrds", list);
	else
		json_object_put(list);
	if (*entry->args)
		add_text(to, "args", entry->args);
	add_text(to, "obstacle", entry->obstacle);
	return to;
}

static void show(
	const struct rig *rig, const struct boot_menu *menu, bool has_notes)
{
	struct json_object *root = json_object_new_object();
	struct json_object *list = json_object_new_array();

	add_text(root, "source", menu->source);
	add_text(root, "kind", menu->kind);
	add_text(root, "title", menu->title);
	add_int(root, "default", menu->default_entry);
	if (menu->fallback_entry >= 0)
		add_int(root, "fallback", menu->fallback_entry);
	add_int(root, "timeout_ms", menu->timeout_ms);
	if (menu->is_hidden)
		json_object_object_add(
			root, "hidden", json_object_new_boolean(true));
	for (unsigned int i = 0; i < menu->entry_count; i++)
		json_object_array_add(list, show_entry(rig, &menu->entries[i]));
	json_object_object_add(root, "entries", list);
	list = json_object_new_array();
	for (unsigned int i = 0; i < menu->note_count && has_notes; i++) {
		const struct boot_note *note = &menu->notes[i];
		char text[SOURCE_PATH_MAX + 512];

		snprintf(text, sizeof(text), "%s:%u: %s", note->file,
			note->line, note->text);
		json_object_array_add(list, json_object_new_string(text));
	}
	json_object_object_add(root, "notes", list);
	puts(json_object_to_json_string_ext(root,
		JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(root);
}

static char *read_whole(const char *name, size_t *size)
{
	FILE *file = fopen(name, "rb");
	char *text = malloc(1 << 20);

	if (!file || !text) {
		perror(name);
		exit(1);
	}
	*size = fread(text, 1, 1 << 20, file);
	fclose(file);
	return text;
}

int main(int argc, char *argv[])
{
	bool has_notes = argc == 3 && !strcmp(argv[1], "--notes");
	unsigned int volumes[RIG_VOLUMES] = { 0, 1, 2, 3, 4, 5, 6, 7 };
	struct rig *rig = malloc(sizeof(*rig));
	struct why why = { "" };
	struct boot_menu menu;
	size_t size;
	char *text;
	int ret;

	if (argc != 2 + has_notes || !rig) {
		fputs("usage: show_config [--notes] SAMPLE\n", stderr);
		return 2;
	}
	text = read_whole(argv[argc - 1], &size);
	rig_make(rig, text, size);
	boot_init(&menu);
	ret = cfg_find(&rig->source, volumes, rig->volume_count, &menu, &why);
	if (ret)
		printf("error: %s\n", why.text);
	show(rig, &menu, has_notes);
	boot_free(&menu);
	free(rig);
	free(text);
	return 0;
}
