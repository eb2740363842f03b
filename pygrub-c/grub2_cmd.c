/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The commands of GRUB 2's scripts. Those that only touch the screen, the
 * keyboard or GRUB's modules do nothing; what would write does nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "grub2.h"
#include "grubenv.h"

struct command {
	const char *name;
	int (*run)(struct grub2 *grub, const struct grub2_args *args);
};

static int run_true(struct grub2 *grub, const struct grub2_args *args)
{
	(void)args;
	grub->status = 0;
	return 0;
}

static int run_false(struct grub2 *grub, const struct grub2_args *args)
{
	(void)args;
	grub->status = 1;
	return 0;
}

/* The first word alone, NAME=VALUE. */
static int assign(struct grub2 *grub, char *word)
{
	char *value = strchr(word, '=');
	int ret;

	grub->status = 1;
	if (!value || value == word)
		return 0;
	*value = '\0';
	ret = grub2_env_set(grub->env, word, value + 1);
	*value = '=';
	grub->status = 0;
	return ret;
}

static int run_set(struct grub2 *grub, const struct grub2_args *args)
{
	grub->status = 0;
	return args->count > 1 ? assign(grub, args->words[1]) : 0;
}

static int run_unset(struct grub2 *grub, const struct grub2_args *args)
{
	for (unsigned int i = 1; i < args->count; i++)
		grub2_env_unset(grub->env, args->words[i]);
	grub->status = 0;
	return 0;
}

static int run_export(struct grub2 *grub, const struct grub2_args *args)
{
	for (unsigned int i = 1; i < args->count; i++)
		grub2_env_export(grub->env, args->words[i]);
	grub->status = 0;
	return 0;
}

/* increment NAME, decrement NAME: Fedora counts boots so. */
static int run_increment(struct grub2 *grub, const struct grub2_args *args)
{
	const char *value;
	char number[24];
	long long count;

	grub->status = 1;
	if (args->count < 2)
		return 0;
	value = grub2_env_get(grub->env, args->words[1]);
	count = value ? strtoll(value, NULL, 10) : 0;
	if (count > INT32_MAX || count < INT32_MIN)
		return 0;
	snprintf(number, sizeof(number), "%lld",
		count + (*args->words[0] == 'i' ? 1 : -1));
	grub->status = 0;
	return grub2_env_set(grub->env, args->words[1], number);
}

static int run_test(struct grub2 *grub, const struct grub2_args *args)
{
	struct grub2_args words = { args->words + 1, args->count - 1 };

	if (!strcmp(args->words[0], "[")) {
		if (!words.count ||
			strcmp(words.words[words.count - 1], "]") != 0) {
			grub2_note(grub, "a ] is missing");
			grub->status = 1;
			return 0;
		}
		words.words[--words.count] = NULL;
	}
	grub->status = !grub2_test(grub, &words);
	return 0;
}

static int run_leave(struct grub2 *grub, const struct grub2_args *args)
{
	const char *name = args->words[0];
	int number = args->count > 1 ? atoi(args->words[1]) : 0;

	if (!strcmp(name, "return")) {
		/* Of files there is no return. */
		if (grub->args)
			grub->leave = GRUB2_RETURN;
		grub->status = number;
		return 0;
	}
	grub->leave = *name == 'b' ? GRUB2_BREAK : GRUB2_CONTINUE;
	grub->leave_count = number > 1 ? (unsigned int)number : 1;
	grub->status = 0;
	return 0;
}

static int run_shift(struct grub2 *grub, const struct grub2_args *args)
{
	unsigned long n =
		args->count > 1 ? strtoul(args->words[1], NULL, 10) : 1;

	grub->status = 1;
	if (!grub->args || n > grub->args->count)
		return 0;
	grub->args->words += n;
	grub->args->count -= (unsigned int)n;
	grub->status = 0;
	return 0;
}

static int run_eval(struct grub2 *grub, const struct grub2_args *args)
{
	char text[GRUB2_WORD_MAX];
	size_t len = 0;
	int ret = grub2_step(grub, 50);

	for (unsigned int i = 1; i < args->count; i++) {
		size_t add = strlen(args->words[i]);

		if (add + 2 > sizeof(text) - len)
			return -E2BIG;
		memcpy(text + len, args->words[i], add);
		len += add;
		text[len++] = ' ';
	}
	text[len] = '\0';
	return ret ? ret : grub2_run_text(grub, grub->file, text, len);
}

static int run_source(struct grub2 *grub, const struct grub2_args *args)
{
	if (args->count < 2)
		return run_false(grub, args);
	return grub2_run_file(grub, args->words[1]);
}

static int run_configfile(struct grub2 *grub, const struct grub2_args *args)
{
	const char *prefix = grub2_env_get(grub->env, "prefix");
	char name[SOURCE_PATH_MAX + 1];

	if (args->count > 1)
		return grub2_menu_configfile(grub, args->words[1]);
	if (*args->words[0] != 'n' || !prefix)
		return run_false(grub, args);
	snprintf(name, sizeof(name), "%s/grub.cfg", prefix);
	return grub2_menu_configfile(grub, name);
}

struct wanted {
	struct grub2 *grub;
	const struct grub2_args *args;
	unsigned int first; /* of the names that are wanted; none: all */
};

static int take_saved(void *arg, const char *name, const char *value)
{
	struct wanted *wanted = arg;
	const struct grub2_args *args = wanted->args;
	bool is_wanted = wanted->first >= args->count;
	int ret;

	for (unsigned int i = wanted->first; i < args->count; i++)
		is_wanted |= !strcmp(args->words[i], name);
	if (!is_wanted)
		return 0;
	ret = grub2_step(wanted->grub, 1);
	return ret ? ret : grub2_env_set(wanted->grub->env, name, value);
}

/* load_env [--file FILE] [--skip-sig] [NAME...] */
static int run_load_env(struct grub2 *grub, const struct grub2_args *args)
{
	const char *prefix = grub2_env_get(grub->env, "prefix");
	struct wanted wanted = { .grub = grub, .args = args, .first = 1 };
	char name[SOURCE_PATH_MAX + 1], path[SOURCE_PATH_MAX + 1];
	unsigned int volume;
	char *text = NULL;
	size_t size;
	int ret;

	snprintf(name, sizeof(name), "%s/grubenv", prefix ? prefix : "");
	while (wanted.first < args->count &&
		*args->words[wanted.first] == '-') {
		const char *word = args->words[wanted.first++];

		if (!strncmp(word, "--file=", 7))
			snprintf(name, sizeof(name), "%s", word + 7);
		else if ((!strcmp(word, "-f") || !strcmp(word, "--file")) &&
			 wanted.first < args->count)
			snprintf(name, sizeof(name), "%s",
				args->words[wanted.first++]);
	}
	ret = grub2_step(grub, 50);
	if (ret)
		return ret;
	ret = grub2_search_path(grub, name, &volume, path);
	if (!ret)
		ret = source_text(grub->source, volume, path, GRUBENV_SIZE_MAX,
			&text, &size);
	if (!ret)
		ret = grubenv_parse(text, size, take_saved, &wanted);
	free(text);
	if (ret == -ENOMEM || ret == -ELOOP || ret == -E2BIG)
		return ret;
	if (ret)
		grub2_note(grub, "load_env: cannot read %s: %s", name,
			strerror(-ret));
	grub->status = ret != 0;
	return 0;
}

/* Commands that leave GRUB, by booting or otherwise. */
static int run_exit(struct grub2 *grub, const struct grub2_args *args)
{
	const char *name = args->words[0];
	bool is_boot = !strcmp(name, "boot");

	if (grub->entry < 0 && !is_boot && strcmp(name, "exit") != 0) {
		grub2_note(grub, "%s: not done", name);
		return run_true(grub, args);
	}
	grub->leave = GRUB2_EXIT;
	if (grub->entry < 0)
		grub->is_booted = is_boot && grub->bare_entry >= 0;
	if (grub->entry < 0 || is_boot)
		return 0;
	return boot_set_obstacle(&grub->menu->entries[grub->entry],
		"it boots nothing, but does: %s", name);
}

static int run_other_system(struct grub2 *grub, const struct grub2_args *args)
{
	struct boot_entry *entry;
	int ret = grub2_load_entry(grub, &entry);

	grub->status = 0;
	return ret ? ret
		   : boot_set_obstacle(entry,
			     "it boots no Linux kernel, but by: %s",
			     args->words[0]);
}

/* Sorted by name (strcmp): it is searched by halves. */
static const struct command commands[] = {
	{ ".", run_source },
	{ "[", run_test },
	{ "background_color", run_true },
	{ "background_image", run_true },
	{ "badram", run_true },
	{ "blscfg", grub2_load_bls },
	{ "boot", run_exit },
	{ "break", run_leave },
	{ "chainloader", grub2_load_chain },
	{ "clear", run_true },
	{ "configfile", run_configfile },
	{ "continue", run_leave },
	{ "cryptomount", run_false },
	{ "cutmem", run_true },
	{ "decrement", run_increment },
	{ "devicetree", run_true },
	{ "drivemap", run_true },
	{ "echo", run_true },
	{ "eval", run_eval },
	{ "exit", run_exit },
	{ "export", run_export },
	{ "extract_entries_configfile", run_false },
	{ "extract_entries_source", run_false },
	{ "false", run_false },
	{ "fwsetup", run_exit },
	{ "gptsync", run_true },
	{ "halt", run_exit },
	{ "hwmatch", run_true },
	{ "increment", run_increment },
	{ "initrd", grub2_load_initrd },
	{ "initrd16", grub2_load_initrd },
	{ "initrdefi", grub2_load_initrd },
	{ "insmod", run_true },
	{ "keymap", run_true },
	{ "keystatus", run_false },
	{ "kfreebsd", run_other_system },
	{ "knetbsd", run_other_system },
	{ "kopenbsd", run_other_system },
	{ "linux", grub2_load_linux },
	{ "linux16", grub2_load_linux },
	{ "linuxefi", grub2_load_linux },
	{ "list_env", run_true },
	{ "load_env", run_load_env },
	{ "loadfont", run_true },
	{ "module", grub2_load_module },
	{ "module2", grub2_load_module },
	{ "multiboot", grub2_load_multiboot },
	{ "multiboot2", grub2_load_multiboot },
	{ "nativedisk", run_true },
	{ "normal", run_configfile },
	{ "ntldr", run_other_system },
	{ "pager", run_true },
	{ "parttool", run_true },
	{ "password", run_true },
	{ "password_pbkdf2", run_true },
	{ "plan9", run_other_system },
	{ "play", run_true },
	{ "poweroff", run_exit },
	{ "reboot", run_exit },
	{ "return", run_leave },
	{ "rmmod", run_true },
	{ "save_env", run_true },
	{ "search", grub2_search },
	{ "search.file", grub2_search },
	{ "search.fs_label", grub2_search },
	{ "search.fs_uuid", grub2_search },
	{ "serial", run_true },
	{ "set", run_set },
	{ "setparams", run_true },
	{ "shift", run_shift },
	{ "sleep", run_true },
	{ "source", run_source },
	{ "terminal", run_true },
	{ "terminal_input", run_true },
	{ "terminal_output", run_true },
	{ "test", run_test },
	{ "true", run_true },
	{ "unset", run_unset },
	{ "vbeinfo", run_true },
	{ "videoinfo", run_true },
	{ "videotest", run_true },
	{ "xen_hypervisor", grub2_load_multiboot },
	{ "xen_module", grub2_load_module },
	{ "xnu_kernel", run_other_system },
	{ "xnu_kernel64", run_other_system },
};

static int compare(const void *name, const void *command)
{
	return strcmp(name, ((const struct command *)command)->name);
}

static const struct command *find(const char *name)
{
	return bsearch(name, commands, sizeof(commands) / sizeof(*commands),
		sizeof(*commands), compare);
}

static bool is_menu(const char *name)
{
	return !strcmp(name, "menuentry") || !strcmp(name, "submenu");
}

bool grub2_cmd_is_known(const char *name)
{
	return is_menu(name) || find(name);
}

int grub2_cmd(struct grub2 *grub, const struct grub2_args *args,
	const struct script_node *block)
{
	char *name = args->words[0];
	const struct command *command = find(name);

	if (is_menu(name))
		return grub2_menu_add(grub, args, block);
	if (command)
		return command->run(grub, args);
	if (strchr(name, '=') && *name != '=')
		return assign(grub, name);
	/* GRUB says so, and goes on as if it had worked. */
	grub2_note(grub, "%s: this command is not known here", name);
	grub->status = 0;
	return 0;
}
