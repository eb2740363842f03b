/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * systemd-boot's menu: snippets and unified kernel images, on the volume found
 * and on the others of the disk (the EFI partition and /boot share the work),
 * in the specification's order.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <tenonctrl/why.h>
#include "bls.h"
#include "cfg.h"
#include "lines.h"
#include "uki.h"
#include "vercmp.h"

#define CHOICES_MAX CFG_FILES_MAX

/* A snippet or an image, before it becomes an entry. */
struct choice {
	struct bls bls;
	unsigned int volume;
	bool is_image; /* bls.kernel is the path of an image of its own */
};

struct state {
	const struct source *source;
	const struct cfg_place *place;
	struct boot_menu *menu;
	struct arena arena;
	struct choice choices[CHOICES_MAX];
	size_t count;
	char chosen[256]; /* a pattern of ids */
	struct uki uki;
};

static int text_order(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/* What has failed to boot comes last; what has a sort key comes first. */
static int in_order(const void *a, const void *b)
{
	const struct bls *one = &((const struct choice *)a)->bls;
	const struct bls *other = &((const struct choice *)b)->bls;
	int order = one->has_tries - other->has_tries;

	if (!order)
		order = !one->sort_key - !other->sort_key;
	if (!order && one->sort_key)
		order = text_order(one->sort_key, other->sort_key);
	if (!order && one->sort_key)
		order = text_order(one->machine_id, other->machine_id);
	if (!order && one->sort_key)
		order = vercmp(other->version ? other->version : "",
			one->version ? one->version : "");
	return order ? order : vercmp(other->id, one->id);
}

static void note(void *arg, const char *path, int error)
{
	boot_note(arg, path, 0, "cannot read it: %s", strerror(-error));
}

static int take_snippets(struct state *state, unsigned int volume)
{
	struct bls *list;
	size_t count;
	int ret = bls_list(&state->arena, state->source, volume,
		"/loader/entries", &list, &count, note, state->menu);

	if (ret)
		return ret == -ENOMEM ? ret : 0;
	for (size_t i = 0; i < count && state->count < CHOICES_MAX; i++)
		state->choices[state->count++] = (struct choice){
			.bls = list[i],
			.volume = volume,
		};
	return 0;
}

static const char *keep(struct state *state, const char *key)
{
	char value[BOOT_TITLE_MAX + 1];

	if (uki_release(state->uki.osrel, key, value, sizeof(value)))
		return NULL;
	return arena_text(&state->arena, value, strlen(value));
}

/* -ENOEXEC and the like make a note; only memory ends everything. */
static int take_image(
	struct state *state, unsigned int volume, const char *path)
{
	struct choice *choice = &state->choices[state->count];
	struct source_file file = {
		.source = state->source,
		.volume = volume,
		.path = path,
	};
	struct reader reader;
	struct why why = { "" };
	int ret = source_open(&file, &reader);

	if (!ret)
		ret = uki_read(&reader, &state->uki, &why);
	if (ret) {
		boot_note(state->menu, path, 0, "%s",
			why.text[0] ? why.text : strerror(-ret));
		return 0;
	}
	*choice = (struct choice){ .volume = volume, .is_image = true };
	ret = bls_parse(&state->arena, path, "", 0, &choice->bls);
	if (ret)
		return ret;
	choice->bls.kernel = choice->bls.path;
	choice->bls.title = keep(state, "PRETTY_NAME");
	choice->bls.sort_key = keep(state, "IMAGE_ID");
	if (!choice->bls.sort_key)
		choice->bls.sort_key = keep(state, "ID");
	choice->bls.version = keep(state, "IMAGE_VERSION");
	if (!choice->bls.version && state->uki.uname[0])
		choice->bls.version = arena_text(&state->arena,
			state->uki.uname, strlen(state->uki.uname));
	state->count++;
	return 0;
}

static int take_images(struct state *state, unsigned int volume)
{
	char path[SOURCE_PATH_MAX + 1];
	char **names;
	size_t count;
	int ret = source_names(
		state->source, volume, "/EFI/Linux", &names, &count);

	if (ret)
		return ret == -ENOMEM ? ret : 0;
	for (size_t i = 0; i < count && !ret && state->count < CHOICES_MAX;
		i++) {
		size_t len = strlen(names[i]);

		if (len > 4 && !strcasecmp(names[i] + len - 4, ".efi") &&
			!source_join("/EFI/Linux", names[i], path))
			ret = take_image(state, volume, path);
	}
	source_free_names(names, count);
	return ret;
}

static int fill_snippet(struct state *state, const struct choice *choice,
	struct boot_entry *entry)
{
	const struct bls *bls = &choice->bls;
	int ret;

	if (!bls->kernel && bls->image) {
		ret = uki_fill(entry, state->source, choice->volume, bls->image,
			&state->uki, NULL);
		if (ret && ret != -ENOMEM)
			return boot_set_obstacle(entry,
				"it runs another program: %.100s", bls->image);
		if (!ret && bls->options)
			ret = boot_set_args(entry, bls->options);
		return ret;
	}
	if (bls->architecture && strcasecmp(bls->architecture, "x64") != 0)
		return boot_set_obstacle(entry, "it is for another machine: %s",
			bls->architecture);
	ret = bls->kernel ? boot_set_kernel(entry, choice->volume, bls->kernel)
			  : 0;
	for (unsigned int i = 0; i < bls->initrd_count && !ret; i++)
		ret = boot_add_initrd(entry, choice->volume, bls->initrds[i]);
	return ret || !bls->options ? ret : boot_set_args(entry, bls->options);
}

/* systemd-boot tells entries of one title apart by their version. */
static bool is_title_used(const struct state *state, size_t index)
{
	for (size_t i = 0; i < state->count; i++) {
		if (i != index && !text_order(state->choices[i].bls.title,
					  state->choices[index].bls.title))
			return true;
	}
	return false;
}

static int add_choice(struct state *state, size_t index)
{
	const struct choice *choice = &state->choices[index];
	const struct bls *bls = &choice->bls;
	char title[BOOT_TITLE_MAX + 1];
	struct boot_entry *entry;
	unsigned int number;
	int ret;

	if (bls->title && bls->version && is_title_used(state, index))
		snprintf(title, sizeof(title), "%.500s (%.500s)", bls->title,
			bls->version);
	else
		snprintf(title, sizeof(title), "%.*s", BOOT_TITLE_MAX,
			bls->title ? bls->title : bls->id);
	ret = boot_add(state->menu, title, -1, &number);
	if (ret)
		return ret;
	entry = &state->menu->entries[number];
	ret = boot_set_id(entry, bls->id);
	if (ret)
		return ret;
	if (!choice->is_image)
		return fill_snippet(state, choice, entry);
	return uki_fill(entry, state->source, choice->volume, bls->kernel,
		&state->uki, NULL);
}

/* '*' any text, '?' any character; in time that is at most a product. */
static bool matches(const char *pattern, const char *text)
{
	const char *star = NULL, *again = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			again = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++again;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static void choose(struct state *state)
{
	for (unsigned int i = 0; i < state->menu->entry_count; i++) {
		const struct choice *choice = &state->choices[i];
		const char *name = strrchr(choice->bls.path, '/') + 1;

		if (matches(state->chosen, name) ||
			matches(state->chosen, choice->bls.id)) {
			state->menu->default_entry = (int)i;
			return;
		}
	}
	if (*state->chosen)
		boot_note(state->menu, "/loader/loader.conf", 0,
			"the default entry is not there: %s", state->chosen);
}

static int take_settings(struct state *state)
{
	struct boot_menu *menu = state->menu;
	struct lines *lines;
	char *text;
	size_t size;

	menu->timeout_ms = 0;
	menu->is_hidden = true;
	if (source_text(state->source, state->place->volume,
		    "/loader/loader.conf", BLS_SIZE_MAX, &text, &size))
		return 0;
	lines = malloc(sizeof(*lines));
	if (!lines) {
		free(text);
		return -ENOMEM;
	}
	lines_open(lines, text, size);
	while (lines_next(lines)) {
		char *value = lines_split(lines->text, "");
		long seconds = strtol(value, NULL, 10);

		if (!strcmp(lines->text, "default"))
			snprintf(state->chosen, sizeof(state->chosen), "%.255s",
				value);
		if (strcmp(lines->text, "timeout") != 0)
			continue;
		menu->is_hidden = seconds <= 0 && strcmp(value, "menu-force");
		menu->timeout_ms = !strcmp(value, "menu-force") ? -1
				   : seconds <= 0		? 0
				   : seconds > 86400		? 86400000
						     : (int)seconds * 1000;
	}
	free(lines);
	free(text);
	return 0;
}

static int parse(struct state *state)
{
	int ret = take_settings(state);
	unsigned int first = state->place->volume;

	for (unsigned int i = 0; i <= state->source->volume_count && !ret;
		i++) {
		unsigned int volume = i ? i - 1 : first;

		if (i && volume == first)
			continue;
		ret = take_snippets(state, volume);
		if (!ret)
			ret = take_images(state, volume);
	}
	if (!ret && state->count)
		qsort(state->choices, state->count, sizeof(*state->choices),
			in_order);
	for (size_t i = 0; i < state->count && !ret; i++)
		ret = add_choice(state, i);
	if (ret)
		return ret;
	choose(state);
	return boot_finish(state->menu);
}

int cfg_bls_parse(const struct source *source, const struct cfg_place *place,
	struct boot_menu *menu, struct why *why)
{
	struct state *state = calloc(1, sizeof(*state));
	int ret;

	if (!state)
		return why_set(why, -ENOMEM, "no memory");
	state->source = source;
	state->place = place;
	state->menu = menu;
	state->arena.limit = BLS_MEMORY_MAX;
	ret = parse(state);
	arena_free(&state->arena);
	free(state);
	if (ret) {
		boot_clear(menu);
		why_set(why, ret, "/loader: %s", strerror(-ret));
	}
	return ret;
}
