/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entries of GRUB 2's menus. An entry's script runs when it is chosen, in
 * the variables that the configuration left; a submenu's runs when it is
 * opened, with the exported ones alone. Here all of them run once, each in a
 * copy, to learn what would be booted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "grub2.h"

/* menuentry [OPTION...] TITLE [ARGUMENT...] */
struct words {
	const char *id;
	const char *rest[GRUB2_WORDS_MAX];
	unsigned int rest_count;
};

static void take_words(const struct grub2_args *args, struct words *words)
{
	static const char *const with_value[] = { "--class", "--users",
		"--hotkey", "--source", "--id" };

	for (unsigned int i = 1; i < args->count; i++) {
		const char *word = args->words[i];
		const char *value = NULL;
		bool is_option = !strncmp(word, "--", 2);

		for (size_t o = 0; o < 5 && is_option; o++) {
			size_t len = strlen(with_value[o]);

			if (strncmp(word, with_value[o], len))
				continue;
			if (word[len] == '=')
				value = word + len + 1;
			else if (!word[len] && i + 1 < args->count)
				value = args->words[++i];
		}
		if (value && !strncmp(word, "--id", 4))
			words->id = value;
		if (!is_option)
			words->rest[words->rest_count++] = word;
	}
}

static int keep_args(
	struct grub2 *grub, const struct words *words, struct grub2_args *args)
{
	args->count = words->rest_count;
	args->words = arena_alloc(
		&grub->arena, (args->count + 1) * sizeof(*args->words));
	if (!args->words)
		return -ENOMEM;
	for (unsigned int i = 0; i < args->count; i++) {
		args->words[i] = arena_text(
			&grub->arena, words->rest[i], strlen(words->rest[i]));
		if (!args->words[i])
			return -ENOMEM;
	}
	return 0;
}

int grub2_menu_add(struct grub2 *grub, const struct grub2_args *args,
	const struct script_node *block)
{
	struct words words = { 0 };
	struct boot_entry *entry;
	struct grub2_body *body;
	unsigned int index;
	int ret;

	take_words(args, &words);
	grub->status = 1;
	if (!words.rest_count || grub->entry >= 0) {
		grub2_note(grub, "%s: %s", args->words[0],
			grub->entry >= 0 ? "it stands inside of an entry"
					 : "it has no title");
		return 0;
	}
	ret = boot_add(grub->menu, words.rest[0], grub->parent, &index);
	if (ret)
		return ret;
	entry = &grub->menu->entries[index];
	entry->line = grub->line;
	entry->is_submenu = !strcmp(args->words[0], "submenu");
	body = &grub->bodies[index];
	body->is_script = true;
	body->body = block;
	body->file = grub->file;
	ret = keep_args(grub, &words, &body->args);
	if (!ret && words.id)
		ret = boot_set_id(entry, words.id);
	grub->status = 0;
	return ret;
}

/* Leaves the configuration's own variables, but the exported ones. */
static int run_inner(struct grub2 *grub, const char *name)
{
	unsigned int before = grub->menu->entry_count;
	struct grub2_env *outer = grub->env;
	size_t size = 0;
	int ret;

	grub->env = grub2_env_copy(outer, true, &size);
	if (!grub->env) {
		grub->env = outer;
		return -ENOMEM;
	}
	ret = grub2_step(grub, 1 + (unsigned int)(size / 256));
	if (!ret)
		ret = grub2_run_file(grub, name);
	if (grub->menu->entry_count == before) {
		grub2_env_free(grub->env);
		grub->env = outer;
		return ret;
	}
	/* The menu of the inner one is the one that is shown. */
	grub2_env_free(outer);
	grub->leave = GRUB2_EXIT;
	return ret;
}

int grub2_menu_configfile(struct grub2 *grub, const char *name)
{
	int entry = grub->entry;
	int ret;

	if (entry < 0)
		return run_inner(grub, name);
	/* An entry that opens another menu is a submenu. */
	boot_clear_files(&grub->menu->entries[entry]);
	grub->menu->entries[entry].is_submenu = true;
	grub->parent = entry;
	grub->entry = -1;
	ret = run_inner(grub, name);
	grub->entry = entry;
	return ret;
}

/* Runs in a copy of `env`, which stays behind when the entry is a submenu. */
static int run_in_copy(
	struct grub2 *grub, unsigned int index, const struct grub2_env *env)
{
	struct grub2_body *body = &grub->bodies[index];
	struct boot_entry *entry = &grub->menu->entries[index];
	struct grub2_env *outer = grub->env;
	size_t size = 0;
	int ret;

	grub->env = grub2_env_copy(env, entry->is_submenu, &size);
	if (!grub->env) {
		grub->env = outer;
		return -ENOMEM;
	}
	grub->entry = entry->is_submenu ? -1 : (int)index;
	grub->parent = entry->is_submenu ? (int)index : entry->parent;
	grub->line = entry->line;
	grub->file = body->file;
	grub->leave = GRUB2_STAY;
	grub->status = 0;
	ret = grub2_step(grub, 1 + (unsigned int)(size / 256));
	if (!ret)
		ret = grub2_env_set(grub->env, "chosen",
			entry->id ? entry->id : entry->title);
	if (!ret)
		ret = grub2_run_body(grub, body->body, &body->args);
	/* Its script may have moved the table of entries. */
	if (grub->menu->entries[index].is_submenu)
		body->env = grub->env;
	else
		grub2_env_free(grub->env);
	grub->env = outer;
	return ret;
}

static int run_entry(struct grub2 *grub, unsigned int index)
{
	int parent = grub->menu->entries[index].parent;
	const struct grub2_env *env = grub->env;
	unsigned int all = grub->steps;
	unsigned int given = all < GRUB2_ENTRY_STEPS ? all : GRUB2_ENTRY_STEPS;
	int ret;

	if (parent >= 0 && grub->bodies[parent].env)
		env = grub->bodies[parent].env;
	grub->steps = given;
	ret = run_in_copy(grub, index, env);
	grub->steps += all - given;
	if (ret != -ELOOP && ret != -E2BIG)
		return ret;
	grub2_note(grub, ret == -ELOOP ? "it takes too many steps: a loop?"
				       : "it is too large");
	return boot_set_obstacle(&grub->menu->entries[index],
		ret == -ELOOP ? "its script takes too many steps"
			      : "its script makes too much");
}

int grub2_menu_run_all(struct grub2 *grub)
{
	int ret = 0;

	/* Submenus add entries behind all others. */
	for (unsigned int i = 0; i < grub->menu->entry_count && !ret; i++) {
		if (grub->bodies[i].is_script)
			ret = run_entry(grub, i);
	}
	return ret;
}
