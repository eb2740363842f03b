/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GRUB 2's configuration: runs it as GRUB would at home, and makes the menu of
 * what it leaves; see cfg.h and grub2.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/why.h>
#include "grub2.h"

/* What GRUB has set before it reads its configuration. */
static int set_variables(struct grub2 *grub)
{
	static const char *const fixed[][2] = {
		{ "feature_menuentry_id", "y" },
		{ "feature_menuentry_options", "y" },
		{ "feature_timeout_style", "y" },
		{ "feature_platform_search_hint", "y" },
		{ "feature_default_font_path", "y" },
		{ "feature_all_video_module", "y" },
		{ "feature_nativedisk_cmd", "y" },
		{ "feature_200_final", "y" },
		{ "feature_ntldr", "y" },
		{ "grub_cpu", "x86_64" },
		{ "grub_platform", "xen" },
		{ "lang", "en" },
		/*
		 * Ubuntu's clouds boot without the initrd first, and save that
		 * it must be taken next time. Nothing is saved here: it is the
		 * next time at once.
		 */
		{ "initrdfail", "1" },
	};
	const struct cfg_place *place = grub->place;
	const char *device = grub->source->devices[place->volume];
	char text[SOURCE_PATH_MAX + SOURCE_DEVICE_SIZE + 4];
	int folder = (int)(strrchr(place->path, '/') - place->path);
	int ret = grub2_env_set(grub->env, "root", device);

	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed) && !ret; i++)
		ret = grub2_env_set(grub->env, fixed[i][0], fixed[i][1]);
	snprintf(text, sizeof(text), "(%s)%s", device, place->path);
	if (!ret)
		ret = grub2_env_set(grub->env, "config_file", text);
	snprintf(text, sizeof(text), "(%s)%.*s", device, folder, place->path);
	if (!ret)
		ret = grub2_env_set(grub->env, "config_directory", text);
	if (!ret)
		ret = grub2_env_set(grub->env, "prefix", text);
	/* All of them hold in inner configurations, too. */
	for (unsigned int i = 0; i < grub->env->count; i++)
		grub->env->variables[i].is_exported = true;
	return ret;
}

static int to_timeout(const char *text)
{
	long seconds = strtol(text, NULL, 10);

	if (seconds < 0)
		return -1;
	return seconds > 86400 ? 86400000 : (int)seconds * 1000;
}

/* An entry by the first name in a list of them, or -1. */
static int first_of(const struct boot_menu *menu, const char *list)
{
	char name[BOOT_TITLE_MAX + 1];

	list += strspn(list, " ");
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(list, " "), list);
	return *name ? boot_find(menu, name) : -1;
}

/* Variables that say how the menu is shown, and what it takes. */
static void take_settings(struct grub2 *grub)
{
	const struct grub2_env *env = grub->env;
	struct boot_menu *menu = grub->menu;
	const char *timeout = grub2_env_get(env, "timeout");
	const char *style = grub2_env_get(env, "timeout_style");
	const char *chosen = grub2_env_get(env, "default");
	const char *fallback = grub2_env_get(env, "fallback");

	if (timeout && *timeout)
		menu->timeout_ms = to_timeout(timeout);
	menu->is_hidden = style && (!strcmp(style, "hidden") ||
					   !strcmp(style, "countdown"));
	if (chosen && !strcmp(chosen, "saved"))
		chosen = grub2_env_get(env, "saved_entry");
	if (chosen && *chosen) {
		menu->default_entry = boot_find(menu, chosen);
		if (menu->default_entry < 0)
			boot_note(menu, grub->place->path, 0,
				"the default entry is not there: %s", chosen);
	} else if (menu->entry_count) {
		menu->default_entry = boot_find(menu, "0");
	}
	if (grub->is_booted) {
		menu->default_entry = grub->bare_entry;
		menu->timeout_ms = 0;
	}
	if (fallback)
		menu->fallback_entry = first_of(menu, fallback);
}

static int run(struct grub2 *grub, const char *text, size_t size)
{
	int ret = set_variables(grub);

	if (!ret)
		ret = grub2_run_text(grub, grub->place->path, text, size);
	if (!ret)
		ret = grub2_menu_run_all(grub);
	if (ret)
		return ret;
	take_settings(grub);
	return boot_finish(grub->menu);
}

static int explain(const struct grub2 *grub, int error, struct why *why)
{
	const char *file = grub->place->path;

	if (grub->arena.is_full)
		return why_set(why, error,
			"%s: its scripts take more than %u MiB of memory", file,
			GRUB2_MEMORY_MAX >> 20);
	switch (error) {
	case -ELOOP:
		return why_set(why, error,
			"%s: line %u: the script takes more than %u steps: "
			"is there a loop without an end?",
			file, grub->line, CFG_STEPS_MAX);
	case -E2BIG:
		return why_set(why, error,
			"%s: line %u: too many words, variables or entries",
			file, grub->line);
	default:
		return why_set(why, error, "%s: %s", file, strerror(-error));
	}
}

int cfg_grub2_parse(const struct source *source, const struct cfg_place *place,
	struct boot_menu *menu, struct why *why)
{
	struct grub2 *grub = calloc(1, sizeof(*grub));
	char *text = NULL;
	size_t size;
	int ret;

	if (!grub)
		return why_set(why, -ENOMEM, "%s: no memory", place->path);
	*grub = (struct grub2){
		.source = source,
		.place = place,
		.menu = menu,
		.arena = { .limit = GRUB2_MEMORY_MAX },
		.env = calloc(1, sizeof(*grub->env)),
		.file = place->path,
		.parent = -1,
		.entry = -1,
		.bare_entry = -1,
		.steps = CFG_STEPS_MAX,
		.files = CFG_FILES_MAX,
	};
	ret = grub->env ? source_text(source, place->volume, place->path,
				  SOURCE_TEXT_MAX, &text, &size)
			: -ENOMEM;
	if (!ret)
		ret = run(grub, text, size);
	if (ret) {
		boot_clear(menu);
		explain(grub, ret, why);
	}
	for (unsigned int i = 0; i < BOOT_ENTRIES_MAX; i++)
		grub2_env_free(grub->bodies[i].env);
	grub2_env_free(grub->env);
	arena_free(&grub->arena);
	free(grub);
	free(text);
	return ret;
}
