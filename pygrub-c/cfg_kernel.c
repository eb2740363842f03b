/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * No configuration at all: the kernels of a folder, the newest first, each with
 * the initrd of its version; the command line is that of systemd's kernel
 * install, where there is one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/why.h>
#include "cfg.h"
#include "vercmp.h"

static const char *const kernels[] = { "vmlinuz", "vmlinux", "bzImage",
	"kernel", "linux" };

/* By version, or by the bare name when that has none. */
static const char *const initrds[] = { "initrd.img-%s", "initramfs-%s.img",
	"initrd-%s", "initrd-%s.img", "initramfs-%s" };
static const char *const bare_initrds[] = { "initrd.img", "initrd", "initramfs",
	"initramfs.img", "initrd.gz" };

/* The version in the name of a kernel, "" without one; NULL: it is none. */
static const char *version_of(const char *name)
{
	for (size_t i = 0; i < sizeof(kernels) / sizeof(*kernels); i++) {
		size_t len = strlen(kernels[i]);

		if (strncmp(name, kernels[i], len) != 0)
			continue;
		if (!name[len])
			return "";
		if (name[len] == '-')
			return name + len + 1;
	}
	return NULL;
}

/* Rescue kernels and old ones are for the case that all others fail. */
static int rank(const char *name)
{
	if (strstr(name, "rescue"))
		return 2;
	return strstr(name, ".old") != NULL;
}

/* Bare names first: they are links to what the distribution wants booted. */
static int in_order(const void *a, const void *b)
{
	const char *one = *(char *const *)a, *other = *(char *const *)b;
	const char *x = version_of(one), *y = version_of(other);

	if (rank(one) != rank(other))
		return rank(one) - rank(other);
	if (!x || !y)
		return !x - !y;
	if (!*x || !*y)
		return (*x != 0) - (*y != 0);
	return vercmp(y, x);
}

static int add_initrd(const struct source *source,
	const struct cfg_place *place, const char *version,
	struct boot_entry *entry)
{
	char name[SOURCE_PATH_MAX + 1], path[SOURCE_PATH_MAX + 1];

	for (int i = 0; i < 5; i++) {
		if (strlen(version) > SOURCE_PATH_MAX - 32)
			break;
		if (*version)
			/* The forms are the constants above. */
			snprintf(name, sizeof(name), initrds[i], version);
		else
			snprintf(name, sizeof(name), "%s", bare_initrds[i]);
		if (!source_join(place->path, name, path) &&
			source_has_file(source, place->volume, path))
			return boot_add_initrd(entry, place->volume, path);
	}
	return 0;
}

static int add_kernel(const struct source *source,
	const struct cfg_place *place, const char *name, const char *args,
	struct boot_menu *menu)
{
	char path[SOURCE_PATH_MAX + 1];
	struct boot_entry *entry;
	unsigned int index;
	int ret;

	if (source_join(place->path, name, path) ||
		!source_has_file(source, place->volume, path))
		return 0;
	ret = boot_add(menu, path, -1, &index);
	if (ret)
		return ret;
	entry = &menu->entries[index];
	ret = boot_set_kernel(entry, place->volume, path);
	if (!ret)
		ret = boot_set_args(entry, args);
	return ret ? ret : add_initrd(source, place, version_of(name), entry);
}

/* /etc/kernel/cmdline; "" when there is none. */
static char *read_args(
	const struct source *source, const struct cfg_place *place)
{
	char *text;
	size_t size;

	if (source_text(source, place->volume, "/etc/kernel/cmdline",
		    BOOT_ARGS_MAX, &text, &size))
		return strdup("");
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static int add_all(const struct source *source, const struct cfg_place *place,
	char **names, size_t count, struct boot_menu *menu)
{
	char *args = read_args(source, place);
	int ret = 0;

	if (!args)
		return -ENOMEM;
	qsort(names, count, sizeof(*names), in_order);
	for (size_t i = 0; i < count && !ret; i++) {
		if (version_of(names[i]))
			ret = add_kernel(source, place, names[i], args, menu);
	}
	if (menu->entry_count && !*args)
		boot_note(menu, place->path, 0,
			"no configuration: the kernel gets no root=; give it "
			"by the guest's own configuration");
	free(args);
	return ret ? ret : boot_finish(menu);
}

int cfg_kernel_parse(const struct source *source, const struct cfg_place *place,
	struct boot_menu *menu, struct why *why)
{
	char **names;
	size_t count;
	int ret = source_names(
		source, place->volume, place->path, &names, &count);

	if (!ret) {
		ret = add_all(source, place, names, count, menu);
		source_free_names(names, count);
	}
	if (ret) {
		boot_clear(menu);
		return why_set(why, ret, "%s: %s", place->path, strerror(-ret));
	}
	menu->timeout_ms = 0;
	return 0;
}
