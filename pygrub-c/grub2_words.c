/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From words as written to words as a command gets them: variables are put in,
 * and unquoted values are split at blanks.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "grub2.h"

#define TEXT_MAX 65536 /* bytes of all words of a command */

/* Words in the making: their bytes, and where each begins. */
struct making {
	char *text;
	size_t len, room;
	size_t starts[GRUB2_WORDS_MAX];
	unsigned int count;
	bool is_open; /* the last word can get more */
	int error;
};

static void add_bytes(struct making *making, const char *bytes, size_t len)
{
	char *text;

	if (making->error || !len)
		return;
	if (len > TEXT_MAX - making->len) {
		making->error = -E2BIG;
		return;
	}
	if (len > making->room - making->len) {
		size_t room = making->room ? making->room : 512;

		while (len > room - making->len)
			room *= 2;
		text = realloc(making->text, room);
		if (!text) {
			making->error = -ENOMEM;
			return;
		}
		making->text = text;
		making->room = room;
	}
	memcpy(making->text + making->len, bytes, len);
	making->len += len;
}

static void open_word(struct making *making)
{
	if (making->is_open)
		return;
	if (making->count >= GRUB2_WORDS_MAX) {
		making->error = -E2BIG;
		return;
	}
	making->starts[making->count++] = making->len;
	making->is_open = true;
}

static void close_word(struct making *making)
{
	if (making->is_open)
		add_bytes(making, "", 1);
	making->is_open = false;
}

/* A value in quotes, or text as it is written. */
static void add_whole(struct making *making, const char *text)
{
	open_word(making);
	add_bytes(making, text, strlen(text));
}

/* Blanks at the ends of a value separate nothing. */
static void add_split(struct making *making, const char *value)
{
	value += strspn(value, " \t\n");
	while (*value && !making->error) {
		size_t len = strcspn(value, " \t\n");
		size_t blanks = strspn(value + len, " \t\n");

		open_word(making);
		add_bytes(making, value, len);
		value += len + blanks;
		if (*value)
			close_word(making);
	}
}

static void add_value(struct making *making, const char *value, bool is_quoted)
{
	if (is_quoted)
		add_whole(making, value);
	else
		add_split(making, value);
}

/*
 * $@ and $*: in quotes the first gives a word each, the second one of all.
 * Without quotes both are all of them, to be split.
 */
static void add_args(struct making *making, const struct grub2_args *args,
	const struct script_part *part)
{
	bool is_each = *part->text == '@';
	bool has_before = false;

	if (part->is_quoted && !is_each)
		open_word(making);
	for (unsigned int i = 0; i < args->count && !making->error; i++) {
		const char *word = args->words[i];

		if (!part->is_quoted && !word[strspn(word, " \t\n")])
			continue;
		if (has_before && part->is_quoted && !is_each)
			add_bytes(making, " ", 1);
		else if (has_before)
			close_word(making);
		add_value(making, word, part->is_quoted);
		has_before = true;
	}
}

static void add_variable(struct grub2 *grub, struct making *making,
	const struct script_part *part)
{
	static const struct grub2_args none;
	const struct grub2_args *args = grub->args ? grub->args : &none;
	const char *name = part->text;
	const char *value = NULL;
	char number[16];

	if (!strcmp(name, "@") || !strcmp(name, "*")) {
		add_args(making, args, part);
		return;
	}
	if (!strcmp(name, "#") && grub->args) {
		snprintf(number, sizeof(number), "%u", args->count);
		value = number;
	} else if (!strcmp(name, "?")) {
		snprintf(number, sizeof(number), "%d", grub->status);
		value = number;
	} else if (*name && strspn(name, "0123456789") == strlen(name)) {
		unsigned long n = strtoul(name, NULL, 10);

		if (n && n <= args->count)
			value = args->words[n - 1];
	} else {
		value = grub2_env_get(grub->env, name);
	}
	add_value(making, value ? value : "", part->is_quoted);
}

int grub2_words_expand(struct grub2 *grub, const struct script_word *words,
	struct grub2_args *args)
{
	struct making making = { 0 };
	size_t table;
	char **made;

	for (; words && !making.error; words = words->next) {
		const struct script_part *part = words->parts;

		for (; part && !making.error; part = part->next) {
			if (part->is_variable)
				add_variable(grub, &making, part);
			else
				add_whole(&making, part->text);
		}
		close_word(&making);
	}
	for (unsigned int i = 0; i < making.count && !making.error; i++) {
		size_t end = i + 1 < making.count ? making.starts[i + 1]
						  : making.len;

		if (end - making.starts[i] > GRUB2_WORD_MAX)
			making.error = -E2BIG;
	}
	if (!making.error)
		making.error = grub2_step(grub,
			1 + making.count + (unsigned int)(making.len / 1024));
	table = (making.count + 1) * sizeof(char *);
	made = making.error ? NULL : malloc(table + making.len + 1);
	if (!made) {
		free(making.text);
		return making.error ? making.error : -ENOMEM;
	}
	if (making.len)
		memcpy((char *)made + table, making.text, making.len);
	for (unsigned int i = 0; i < making.count; i++)
		made[i] = (char *)made + table + making.starts[i];
	made[making.count] = NULL;
	free(making.text);
	*args = (struct grub2_args){ .words = made, .count = making.count };
	return 0;
}

/*
 * GRUB writes a word with blanks in double quotes, and a backslash before
 * quotes and backslashes, as Linux reads them.
 */
int grub2_words_join(const struct grub2_args *args, unsigned int first,
	char line[BOOT_ARGS_MAX + 1])
{
	size_t len = 0;

	for (unsigned int i = first; i < args->count; i++) {
		const char *word = args->words[i];
		bool is_quoted = strchr(word, ' ') != NULL;

		/* At most: a blank, two quotes, each character doubled. */
		if (2 * strlen(word) + 3 > BOOT_ARGS_MAX - len)
			return -E2BIG;
		if (i > first)
			line[len++] = ' ';
		if (is_quoted)
			line[len++] = '"';
		for (; *word; word++) {
			if (strchr("\\'\"", *word))
				line[len++] = '\\';
			line[len++] = *word;
		}
		if (is_quoted)
			line[len++] = '"';
	}
	line[len] = '\0';
	return 0;
}
