/* SPDX-License-Identifier: BSD-2-Clause */
/* The parser of configuration files; see config.h. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/why.h>
#include "config.h"

#define DEPTH_MAX 8

/* A text being read. */
struct reader {
	const char *source;
	const char *at, *end;
	unsigned int line;
	struct why *why;
};

static int fail(struct reader *r, const char *what)
{
	return why_set(r->why, -EINVAL, "%s:%u: %s", r->source, r->line, what);
}

static int peek(const struct reader *r)
{
	return r->at < r->end ? (unsigned char)*r->at : -1;
}

/* Skips blanks and comments, and line ends when `lines`. */
static void skip(struct reader *r, bool lines)
{
	for (;; r->at++) {
		int ch = peek(r);

		if (ch == '#') {
			while (r->at < r->end && *r->at != '\n')
				r->at++;
			ch = peek(r);
		}
		if (ch == '\n' && lines)
			r->line++;
		else if (ch != ' ' && ch != '\t' && ch != '\r')
			return;
	}
}

static bool is_word(int ch)
{
	return ch >= 0 && (isalnum(ch) || ch == '_' || ch == '-' || ch == '.');
}

static char *copy(const char *from, size_t len)
{
	char *to = malloc(len + 1);

	if (to) {
		memcpy(to, from, len);
		to[len] = '\0';
	}
	return to;
}

static void value_free(struct config_value *value)
{
	for (size_t i = 0; i < value->count; i++)
		value_free(&value->items[i]);
	free(value->items);
	free(value->string);
}

static int read_string(struct reader *r, struct config_value *value)
{
	char quote = *r->at++;
	const char *from = r->at;

	while (r->at < r->end && *r->at != quote) {
		if (*r->at == '\n' || !*r->at)
			break;
		r->at++;
	}
	if (peek(r) != quote)
		return fail(r, "a string has no closing quote");
	value->type = CONFIG_STRING;
	value->string = copy(from, (size_t)(r->at - from));
	r->at++;
	return value->string ? 0 : -ENOMEM;
}

static bool to_number(const char *text, int64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoll(text, &end, 0);
	return *text && !isspace((unsigned char)*text) && !*end && !errno;
}

bool config_number(const struct config_value *value, int64_t *number)
{
	int64_t read;

	if (value->type == CONFIG_LIST || !to_number(value->string, &read))
		return false;
	*number = read;
	return true;
}

static int read_number(struct reader *r, struct config_value *value)
{
	const char *from = r->at;

	while (is_word(peek(r)) || (r->at == from && peek(r) == '-'))
		r->at++;
	if (r->at == from)
		return fail(r, "a value is missing: a number, a quoted string "
			       "or a list in brackets");
	value->type = CONFIG_NUMBER;
	value->string = copy(from, (size_t)(r->at - from));
	if (!value->string)
		return -ENOMEM;
	if (!to_number(value->string, &value->number))
		return fail(r, "a value is neither a number nor in quotes");
	return 0;
}

static int read_value(
	struct reader *r, struct config_value *value, unsigned int depth);

static int read_list(
	struct reader *r, struct config_value *list, unsigned int depth)
{
	struct config_value *more;
	int ret;

	if (depth == DEPTH_MAX)
		return fail(r, "lists are nested too deeply");
	list->type = CONFIG_LIST;
	r->at++;
	for (;;) {
		skip(r, true);
		if (peek(r) == ']')
			break;
		more = realloc(list->items, (list->count + 1) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		list->items = more;
		memset(&more[list->count], 0, sizeof(*more));
		ret = read_value(r, &more[list->count++], depth + 1);
		if (ret)
			return ret;
		skip(r, true);
		if (peek(r) == ',')
			r->at++;
		else if (peek(r) != ']')
			return fail(r, "a list needs ',' or ']' here");
	}
	r->at++;
	return 0;
}

static int read_value(
	struct reader *r, struct config_value *value, unsigned int depth)
{
	int ch = peek(r);

	if (ch == '"' || ch == '\'')
		return read_string(r, value);
	if (ch == '[')
		return read_list(r, value, depth);
	return read_number(r, value);
}

/* Appends what += brings; takes `more` apart on success. */
static int append(
	struct reader *r, struct config_value *to, struct config_value *more)
{
	if (to->type != more->type || to->type == CONFIG_NUMBER)
		return fail(r, "+= joins strings with strings and lists with "
			       "lists");
	if (to->type == CONFIG_STRING) {
		size_t a = strlen(to->string), b = strlen(more->string);
		char *joined = realloc(to->string, a + b + 1);

		if (!joined)
			return -ENOMEM;
		memcpy(joined + a, more->string, b + 1);
		to->string = joined;
	} else if (more->count) {
		struct config_value *items = realloc(
			to->items, (to->count + more->count) * sizeof(*items));

		if (!items)
			return -ENOMEM;
		memcpy(items + to->count, more->items,
			more->count * sizeof(*items));
		to->items = items;
		to->count += more->count;
		more->count = 0;
	}
	value_free(more);
	return 0;
}

/* Stores a setting; owns `value` on success. */
static int store(struct config *config, struct reader *r, const char *key,
	size_t len, unsigned int line, bool add, struct config_value *value)
{
	struct config_setting *setting = NULL;

	for (size_t i = 0; i < config->count && !setting; i++) {
		if (strlen(config->settings[i].key) == len &&
			!memcmp(config->settings[i].key, key, len))
			setting = &config->settings[i];
	}
	if (setting && add)
		return append(r, &setting->value, value);
	if (!setting) {
		struct config_setting *more = realloc(
			config->settings, (config->count + 1) * sizeof(*more));

		if (!more)
			return -ENOMEM;
		config->settings = more;
		setting = &more[config->count];
		setting->key = copy(key, len);
		if (!setting->key)
			return -ENOMEM;
		config->count++;
	} else {
		value_free(&setting->value);
	}
	setting->value = *value;
	setting->source = r->source;
	setting->line = line;
	return 0;
}

static int read_setting(struct config *config, struct reader *r)
{
	struct config_value value = { 0 };
	const char *key = r->at;
	unsigned int line = r->line;
	size_t len;
	bool add;
	int ret;

	while (is_word(peek(r)))
		r->at++;
	len = (size_t)(r->at - key);
	if (!len)
		return fail(r, "expected 'key = value'");
	skip(r, false);
	add = peek(r) == '+';
	if (add)
		r->at++;
	if (peek(r) != '=')
		return fail(r, "expected '=' after the key");
	r->at++;
	skip(r, false);
	ret = read_value(r, &value, 0);
	if (!ret) {
		skip(r, false);
		if (peek(r) != '\n' && peek(r) != ';' && peek(r) != -1)
			ret = fail(r, "there is something after the value; a "
				      "new setting begins on a new line");
	}
	if (!ret)
		ret = store(config, r, key, len, line, add, &value);
	if (ret)
		value_free(&value);
	return ret;
}

int config_parse(struct config *config, const char *source, const char *text,
	size_t size, struct why *why)
{
	struct reader r = {
		.source = source,
		.at = text,
		.end = text + size,
		.line = 1,
		.why = why,
	};
	int ret = 0;

	while (!ret) {
		skip(&r, true);
		if (peek(&r) == ';')
			r.at++;
		else if (peek(&r) == -1)
			break;
		else
			ret = read_setting(config, &r);
	}
	if (ret == -ENOMEM)
		why_set(why, ret, "%s: out of memory", source);
	return ret;
}

int config_read(struct config *config, const char *path, struct why *why)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	int ret = 0;

	if (!file)
		return why_set(why, -errno, "%s: %s", path, strerror(errno));
	text = malloc(CONFIG_SIZE_MAX + 1);
	free(config->source);
	config->source = strdup(path);
	if (!text || !config->source)
		ret = why_set(why, -ENOMEM, "out of memory");
	else
		size = fread(text, 1, CONFIG_SIZE_MAX + 1, file);
	if (!ret && ferror(file))
		ret = why_set(why, -EIO, "%s: cannot be read%s", path,
			errno == EISDIR ? ": it is a directory" : "");
	else if (!ret && size > CONFIG_SIZE_MAX)
		ret = why_set(why, -EFBIG, "%s: larger than %u bytes", path,
			CONFIG_SIZE_MAX);
	fclose(file);
	if (!ret)
		ret = config_parse(config, config->source, text, size, why);
	free(text);
	return ret;
}

int config_word(struct config *config, const char *word, struct why *why)
{
	const char *equals = strchr(word, '='), *text;
	struct config_value value = { 0 };
	struct reader r = { .source = "the command line", .why = why };
	int ret;

	if (!equals || equals == word)
		return why_set(why, -EINVAL,
			"'%s' is not a setting; settings are key=value", word);
	for (text = word; text < equals; text++) {
		if (!is_word((unsigned char)*text))
			return why_set(why, -EINVAL,
				"'%s' does not begin with a key", word);
	}
	text = equals + 1;
	if (*text == '"' || *text == '\'' || *text == '[')
		return config_parse(config, r.source, word, strlen(word), why);
	value.string = copy(text, strlen(text));
	if (!value.string)
		return why_set(why, -ENOMEM, "out of memory");
	value.type =
		to_number(text, &value.number) ? CONFIG_NUMBER : CONFIG_STRING;
	ret = store(
		config, &r, word, (size_t)(equals - word), 0, false, &value);
	if (ret)
		value_free(&value);
	return ret;
}

const struct config_setting *config_find(
	const struct config *config, const char *key)
{
	for (size_t i = 0; i < config->count; i++) {
		if (!strcmp(config->settings[i].key, key))
			return &config->settings[i];
	}
	return NULL;
}

void config_free(struct config *config)
{
	for (size_t i = 0; i < config->count; i++) {
		free(config->settings[i].key);
		value_free(&config->settings[i].value);
	}
	free(config->settings);
	free(config->source);
	memset(config, 0, sizeof(*config));
}
