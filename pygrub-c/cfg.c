/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where boot configurations are looked for, as a table; see cfg.h. GRUB
 * legacy's comes first, as pygrub has it: a guest that has both keeps it for
 * paravirtual boot loaders. One whose kernels are gone is passed over.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <tenonctrl/why.h>
#include "cfg.h"

#define MISSING_MAX 16 /* defaults without a kernel, until none is taken */

static const struct cfg_format grub2 = { "grub2", cfg_grub2_parse };
static const struct cfg_format legacy = { "grub", cfg_legacy_parse };
static const struct cfg_format extlinux = { "extlinux", cfg_extlinux_parse };
static const struct cfg_format bls = { "bls", cfg_bls_parse };
static const struct cfg_format kernel = { "kernel", cfg_kernel_parse };

struct row {
	const char *folder;
	const char *name; /* NULL: the folder is what is parsed */
	const struct cfg_format *format;
};

/* Rows of one folder stand together: the folder is looked for once. */
static const struct row loaders[] = {
	{ "/boot/grub", "menu.lst", &legacy },
	{ "/boot/grub", "grub.conf", &legacy },
	{ "/boot/grub", "grub.cfg", &grub2 },
	{ "/grub", "menu.lst", &legacy },
	{ "/grub", "grub.conf", &legacy },
	{ "/grub", "grub.cfg", &grub2 },
	{ "/boot/grub2", "grub.cfg", &grub2 },
	{ "/grub2", "grub.cfg", &grub2 },
	/* The subvolumes of btrfs that Ubuntu and Debian make. */
	{ "/@/boot/grub", "grub.cfg", &grub2 },
	{ "/@/boot/grub2", "grub.cfg", &grub2 },
	{ "/@rootfs/boot/grub", "grub.cfg", &grub2 },
	{ "/boot/extlinux", "extlinux.conf", &extlinux },
	{ "/boot/syslinux", "extlinux.conf", &extlinux },
	{ "/boot/syslinux", "syslinux.cfg", &extlinux },
	{ "/boot/isolinux", "isolinux.cfg", &extlinux },
	{ "/boot", "extlinux.conf", &extlinux },
	{ "/extlinux", "extlinux.conf", &extlinux },
	{ "/syslinux", "extlinux.conf", &extlinux },
	{ "/syslinux", "syslinux.cfg", &extlinux },
	{ "/isolinux", "isolinux.cfg", &extlinux },
	{ "/", "extlinux.conf", &extlinux },
	{ "/", "syslinux.cfg", &extlinux },
	{ "/", "isolinux.cfg", &extlinux },
	/* In any folder of /EFI: a distribution's own. */
	{ "/EFI", "*/grub.cfg", &grub2 },
	{ NULL, NULL, NULL },
};

/* Fedora's GRUB keeps its snippets there, too: only when there is no GRUB. */
static const struct row snippets[] = {
	{ "/loader", NULL, &bls },
	{ "/EFI/Linux", NULL, &bls },
	{ NULL, NULL, NULL },
};

static const struct row kernels[] = {
	{ "/boot", NULL, &kernel },
	{ "/", NULL, &kernel },
	{ NULL, NULL, NULL },
};

/* Each goes over all volumes before the next one does. */
static const struct row *const passes[] = { loaders, snippets, kernels };

struct finding {
	const struct source *source;
	struct boot_menu *menu;
	struct cfg_place place; /* being tried */
};

static bool has_files(const struct finding *finding,
	const struct boot_entry *entry, const char **missing)
{
	const struct boot_file *file = &entry->kernel;

	for (unsigned int i = 0; i <= entry->initrd_count; i++) {
		if (!source_has_file(
			    finding->source, file->volume, file->path)) {
			*missing = file->path;
			return false;
		}
		file = &entry->initrds[i];
	}
	return true;
}

/*
 * A default whose files are not there gives way to the fallback, then to the
 * first entry. -ENOENT when none is left.
 */
static int check_default(struct finding *finding)
{
	struct boot_menu *menu = finding->menu;
	const char *missing;
	int ret = 0;

	for (int i = 0; i < MISSING_MAX && menu->default_entry >= 0; i++) {
		struct boot_entry *entry = &menu->entries[menu->default_entry];

		if (has_files(finding, entry, &missing))
			return 0;
		boot_note(menu, finding->place.path, entry->line,
			"%s is not there", missing);
		ret = boot_set_obstacle(entry, "%s is not there", missing);
		if (ret)
			return ret;
		menu->default_entry = menu->fallback_entry;
		ret = boot_finish(menu);
		if (ret)
			return ret;
	}
	menu->default_entry = -1;
	return -ENOENT;
}

static int set_source(struct finding *finding)
{
	const struct cfg_place *place = &finding->place;
	struct boot_menu *menu = finding->menu;

	menu->kind = place->format->kind;
	if (asprintf(&menu->source, "(%s)%s",
		    finding->source->devices[place->volume], place->path) >= 0)
		return 0;
	menu->source = NULL;
	return -ENOMEM;
}

/* 0: an entry can be booted; -ENOENT: none, the menu is empty; -ENOMEM. */
static int try_place(struct finding *finding)
{
	struct boot_menu *menu = finding->menu;
	struct why why = { "" };
	int ret;

	ret = finding->place.format->parse(
		finding->source, &finding->place, menu, &why);
	if (ret)
		boot_note(menu, finding->place.path, 0, "%s", why.text);
	else
		ret = check_default(finding);
	if (!ret)
		return set_source(finding);
	if (ret == -ENOENT && menu->entry_count)
		boot_note(menu, finding->place.path, 0,
			"no entry of it can be booted");
	boot_clear(menu);
	return ret == -ENOMEM ? ret : -ENOENT;
}

static int try_file(
	struct finding *finding, const char *folder, const char *name)
{
	struct cfg_place *place = &finding->place;

	if (!name)
		snprintf(place->path, sizeof(place->path), "%s",
			place->format == &bls ? "/" : folder);
	else if (source_join(folder, name, place->path) ||
		 !source_has_file(finding->source, place->volume, place->path))
		return -ENOENT;
	return try_place(finding);
}

/* FOLDER / any name / `name`. */
static int try_each(
	struct finding *finding, const char *folder, const char *name)
{
	char inner[SOURCE_PATH_MAX + 1];
	char **names;
	size_t count;
	int ret = -ENOENT;

	if (source_names(finding->source, finding->place.volume, folder, &names,
		    &count))
		return -ENOENT;
	for (size_t i = 0; i < count && ret == -ENOENT; i++) {
		if (!source_join(folder, names[i], inner))
			ret = try_file(finding, inner, name);
	}
	source_free_names(names, count);
	return ret;
}

static int try_volume(
	struct finding *finding, unsigned int volume, const struct row *row)
{
	const char *folder = "";
	bool is_there = false;
	int ret = -ENOENT;

	finding->place.volume = volume;
	for (; row->folder && ret == -ENOENT; row++) {
		if (strcmp(folder, row->folder) != 0) {
			folder = row->folder;
			is_there = source_has_directory(
				finding->source, volume, folder);
		}
		finding->place.format = row->format;
		if (!is_there)
			continue;
		if (row->name && *row->name == '*')
			ret = try_each(finding, folder, row->name + 2);
		else
			ret = try_file(finding, folder, row->name);
	}
	return ret;
}

static int find(struct finding *finding, const unsigned int *volumes,
	size_t volume_count)
{
	int ret = -ENOENT;

	for (size_t pass = 0; pass < sizeof(passes) / sizeof(*passes); pass++) {
		for (size_t i = 0; i < volume_count && ret == -ENOENT; i++)
			ret = try_volume(finding, volumes[i], passes[pass]);
	}
	return ret;
}

int cfg_find(const struct source *source, const unsigned int *volumes,
	size_t volume_count, struct boot_menu *menu, struct why *why)
{
	struct finding *finding = calloc(1, sizeof(*finding));
	int ret;

	if (!finding)
		return why_set(why, -ENOMEM, "no memory");
	finding->source = source;
	finding->menu = menu;
	ret = find(finding, volumes, volume_count);
	free(finding);
	if (ret == -ENOENT)
		return why_set(why, ret,
			"none of its %zu file systems has a boot configuration "
			"or a kernel that can be booted; is it installed, and "
			"is its /boot readable?",
			volume_count);
	return ret ? why_set(why, ret, "%s", strerror(-ret)) : 0;
}

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (; *text; text += *text == '\n') {
		text += strspn(text, " \t");
		if (!strncasecmp(text, word, len) &&
			(text[len] == ' ' || text[len] == '\t'))
			return true;
		text += strcspn(text, "\n");
	}
	return false;
}

/* By what stands in it; most names say nothing. */
static const struct cfg_format *format_of(const char *text)
{
	if (has_word(text, "title"))
		return &legacy;
	if (has_word(text, "label"))
		return &extlinux;
	return &grub2;
}

int cfg_parse_file(const struct source *source, unsigned int volume,
	const char *path, struct boot_menu *menu, struct why *why)
{
	struct cfg_place *place = calloc(1, sizeof(*place));
	char *text = NULL;
	size_t size;
	int ret;

	if (!place)
		return why_set(why, -ENOMEM, "no memory");
	place->volume = volume;
	ret = source_path(path, place->path);
	if (!ret)
		ret = source_text(source, volume, place->path, SOURCE_TEXT_MAX,
			&text, &size);
	if (ret) {
		free(place);
		return why_set(why, ret, "%s: %s", path, strerror(-ret));
	}
	place->format = format_of(text);
	free(text);
	ret = place->format->parse(source, place, menu, why);
	if (!ret)
		menu->kind = place->format->kind;
	free(place);
	return ret;
}
