/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What GRUB 2's scripts load: Linux, its initrds, a chain loaded image when it
 * is a unified kernel, and Fedora's snippets. Of a hypervisor with modules the
 * first module is the kernel that can be booted in its place, the others are
 * initrds.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/why.h>
#include "bls.h"
#include "grub2.h"
#include "uki.h"
#include "vercmp.h"

int grub2_load_entry(struct grub2 *grub, struct boot_entry **entry)
{
	unsigned int index;
	int ret;

	if (grub->entry < 0 && grub->bare_entry < 0) {
		ret = boot_add(grub->menu, "(commands outside of a menu)",
			grub->parent, &index);
		if (ret)
			return ret;
		grub->menu->entries[index].line = grub->line;
		grub->bare_entry = (int)index;
	}
	*entry = &grub->menu->entries[grub->entry < 0 ? grub->bare_entry
						      : grub->entry];
	return 0;
}

/* The first word from `first` on that is no option; -EINVAL: there is none. */
static int find_file(
	struct grub2 *grub, const struct grub2_args *args, unsigned int *at)
{
	unsigned int i = 1;

	while (i < args->count && !strncmp(args->words[i], "--", 2))
		i++;
	if (i >= args->count) {
		grub2_note(grub, "%s: it names no file", args->words[0]);
		return -EINVAL;
	}
	*at = i;
	return 0;
}

/* The place of a file; a name that cannot be one is an obstacle. */
static int find_place(struct grub2 *grub, struct boot_entry *entry,
	const char *name, unsigned int *volume, char path[SOURCE_PATH_MAX + 1])
{
	int ret = grub2_search_path(grub, name, volume, path);

	if (!ret)
		return 0;
	grub->status = 1;
	ret = boot_set_obstacle(
		entry, "a path of it cannot be read: %.100s", name);
	return ret ? ret : -EINVAL;
}

/* -EINVAL has been told to the user: only memory ends everything. */
static int only_fatal(int error)
{
	return error == -EINVAL ? 0 : error;
}

static int set_kernel(struct grub2 *grub, struct boot_entry *entry,
	const struct grub2_args *args, unsigned int at, unsigned int first_arg)
{
	char path[SOURCE_PATH_MAX + 1], line[BOOT_ARGS_MAX + 1];
	unsigned int volume;
	int ret = find_place(grub, entry, args->words[at], &volume, path);

	if (ret)
		return only_fatal(ret);
	boot_clear_files(entry);
	if (grub2_words_join(args, first_arg, line))
		return boot_set_obstacle(entry, "its command line is too long");
	ret = boot_set_kernel(entry, volume, path);
	return ret ? ret : boot_set_args(entry, line);
}

int grub2_load_linux(struct grub2 *grub, const struct grub2_args *args)
{
	struct boot_entry *entry;
	unsigned int at;
	int ret;

	grub->status = 1;
	if (find_file(grub, args, &at))
		return 0;
	ret = grub2_load_entry(grub, &entry);
	if (ret)
		return ret;
	grub->status = 0;
	return set_kernel(grub, entry, args, at, at + 1);
}

static int add_initrd(
	struct grub2 *grub, struct boot_entry *entry, const char *name)
{
	char path[SOURCE_PATH_MAX + 1];
	unsigned int volume;
	int ret = find_place(grub, entry, name, &volume, path);

	if (ret)
		return only_fatal(ret);
	ret = boot_add_initrd(entry, volume, path);
	return ret == -E2BIG ? boot_set_obstacle(entry, "too many initrds")
			     : ret;
}

int grub2_load_initrd(struct grub2 *grub, const struct grub2_args *args)
{
	struct boot_entry *entry;
	int ret = grub2_load_entry(grub, &entry);

	if (ret)
		return ret;
	grub->status = entry->kernel.path ? 0 : 1;
	boot_clear_initrds(entry);
	for (unsigned int i = 1; i < args->count && !ret; i++) {
		const char *name = args->words[i];

		if (!strncmp(name, "newc:", 5))
			ret = boot_set_obstacle(
				entry, "its initrd is made up by GRUB (newc:)");
		else if (strncmp(name, "--", 2) != 0)
			ret = add_initrd(grub, entry, name);
	}
	return ret;
}

int grub2_load_multiboot(struct grub2 *grub, const struct grub2_args *args)
{
	struct boot_entry *entry;
	int ret = grub2_load_entry(grub, &entry);

	(void)args;
	if (ret)
		return ret;
	boot_clear_files(entry);
	grub->status = 0;
	return 0;
}

int grub2_load_module(struct grub2 *grub, const struct grub2_args *args)
{
	struct boot_entry *entry;
	unsigned int at, first;
	int ret;

	grub->status = 1;
	if (find_file(grub, args, &at))
		return 0;
	ret = grub2_load_entry(grub, &entry);
	if (ret)
		return ret;
	grub->status = 0;
	if (entry->kernel.path)
		return add_initrd(grub, entry, args->words[at]);
	/* What stands for the file's name, which Xen is not told. */
	first = at + 1;
	if (first < args->count && !strcmp(args->words[first], "placeholder"))
		first++;
	return set_kernel(grub, entry, args, at, first);
}

int grub2_load_chain(struct grub2 *grub, const struct grub2_args *args)
{
	char path[SOURCE_PATH_MAX + 1];
	struct boot_entry *entry;
	struct why why = { "" };
	unsigned int volume, at;
	struct uki *uki;
	int ret;

	grub->status = 1;
	if (find_file(grub, args, &at))
		return 0;
	ret = grub2_load_entry(grub, &entry);
	if (!ret)
		ret = grub2_step(grub, 100);
	if (ret)
		return ret;
	uki = calloc(1, sizeof(*uki));
	if (!uki)
		return -ENOMEM;
	ret = grub2_search_path(grub, args->words[at], &volume, path);
	if (!ret)
		ret = uki_fill(entry, grub->source, volume, path, uki, &why);
	free(uki);
	if (ret == -ENOMEM)
		return ret;
	grub->status = 0;
	return ret ? boot_set_obstacle(entry,
			     "it starts another boot loader: %.100s",
			     args->words[at])
		   : 0;
}

static int newest_first(const void *a, const void *b)
{
	const struct bls *one = a, *other = b;

	return vercmp(other->id, one->id);
}

static void note_bls(void *arg, const char *path, int error)
{
	grub2_note(arg, "blscfg: cannot read %s: %s", path, strerror(-error));
}

/* Variables in a value of a snippet, as in a script without quotes. */
static int expand(struct grub2 *grub, const char *verb, const char *file,
	const char *value, struct grub2_args *args)
{
	struct script_node *node;
	struct script script;
	size_t len = strlen(verb) + strlen(file) + strlen(value) + 3;
	char *line = arena_alloc(&grub->arena, len);

	if (!line)
		return -ENOMEM;
	strcpy(line, verb);
	strcat(line, " ");
	strcat(line, file);
	strcat(line, " ");
	strcat(line, value);
	script_open(&script, &grub->arena, line, len - 1);
	if (script_next(&script, &node) || !node)
		return -EINVAL;
	return grub2_words_expand(grub, node->words, args);
}

static int fill_from(
	struct grub2 *grub, struct boot_entry *entry, const struct bls *bls)
{
	const char *options = bls->options;
	struct grub2_args args;
	int ret;

	if (!options)
		options = grub2_env_get(grub->env, "default_kernelopts");
	ret = expand(grub, "linux", bls->kernel, options ? options : "", &args);
	if (ret == -EINVAL)
		return boot_set_obstacle(entry, "its options cannot be read");
	if (ret)
		return ret;
	/* A comment, or a variable that is not set. */
	if (args.count < 2)
		ret = boot_set_obstacle(entry, "its kernel cannot be read");
	else
		ret = set_kernel(grub, entry, &args, 1, 2);
	free(args.words);
	for (unsigned int i = 0; i < bls->initrd_count && !ret; i++) {
		ret = expand(grub, "initrd", bls->initrds[i], "", &args);
		if (ret)
			return only_fatal(ret);
		for (unsigned int n = 1; n < args.count && !ret; n++)
			ret = add_initrd(grub, entry, args.words[n]);
		free(args.words);
	}
	return ret;
}

static int add_bls(struct grub2 *grub, const struct bls *bls)
{
	struct boot_entry *entry;
	unsigned int index;
	int ret;

	if (!bls->kernel)
		return 0;
	ret = boot_add(grub->menu, bls->title ? bls->title : bls->id,
		grub->parent, &index);
	if (ret)
		return ret;
	entry = &grub->menu->entries[index];
	ret = boot_set_id(entry, bls->id);
	return ret ? ret : fill_from(grub, entry, bls);
}

/* blscfg [FOLDER|FILE] */
int grub2_load_bls(struct grub2 *grub, const struct grub2_args *args)
{
	const char *folders[] = { "/loader/entries", "/boot/loader/entries" };
	const char *named = args->count > 1
				    ? args->words[1]
				    : grub2_env_get(grub->env, "blsdir");
	struct bls *list = NULL;
	size_t count = 0;
	int ret = -ENOENT;

	if (named)
		folders[0] = folders[1] = named;
	for (int i = 0; i < 2 && (ret == -ENOENT || !count); i++) {
		char path[SOURCE_PATH_MAX + 1];
		unsigned int volume;

		ret = grub2_search_path(grub, folders[i], &volume, path);
		if (!ret)
			ret = bls_list(&grub->arena, grub->source, volume, path,
				&list, &count, note_bls, grub);
	}
	grub->status = ret != 0;
	if (ret == -ENOMEM)
		return ret;
	if (ret) {
		grub2_note(grub, "blscfg: cannot read %s: %s", folders[0],
			strerror(-ret));
		return 0;
	}
	ret = grub2_step(grub, 10 + (unsigned int)count);
	if (!ret && count)
		qsort(list, count, sizeof(*list), newest_first);
	for (size_t i = 0; i < count && !ret; i++)
		ret = add_bls(grub, &list[i]);
	return ret;
}
