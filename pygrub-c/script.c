/* SPDX-License-Identifier: BSD-2-Clause */
/* Lexer and parser of GRUB 2's scripts; see script.h. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include "cfg.h"
#include "script.h"

enum token {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_SEPARATOR, /* newline or ';' */
	TOKEN_OPEN,	 /* { */
	TOKEN_CLOSE,	 /* } */
	TOKEN_BAD,	 /* | & < >: reserved, and of no use */
};

void script_open(struct script *script, struct arena *arena, const char *text,
	size_t size)
{
	*script = (struct script){
		.arena = arena,
		.at = text,
		.end = text + strnlen(text, size),
		.line = 1,
	};
}

static int fail(struct script *script, const char *why)
{
	script->error = why;
	script->error_line = script->line;
	return -EINVAL;
}

static bool is_name(char c, bool is_first)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (!is_first && c >= '0' && c <= '9');
}

/* Blanks, comments and continued lines; then what comes next. */
static enum token peek(struct script *script)
{
	for (;;) {
		char c = *script->at;

		if (c == ' ' || c == '\t' || c == '\r') {
			script->at++;
		} else if (c == '\\' && script->at[1] == '\n') {
			script->at += 2;
			script->line++;
		} else if (c == '#') {
			script->at += strcspn(script->at, "\n");
		} else {
			break;
		}
	}
	switch (*script->at) {
	case '\0':
		return TOKEN_END;
	case '\n':
	case ';':
		return TOKEN_SEPARATOR;
	case '{':
		return TOKEN_OPEN;
	case '}':
		return TOKEN_CLOSE;
	case '|':
	case '&':
	case '<':
	case '>':
		return TOKEN_BAD;
	default:
		return TOKEN_WORD;
	}
}

static void skip_one(struct script *script)
{
	if (*script->at++ == '\n')
		script->line++;
}

static void skip_separators(struct script *script)
{
	while (peek(script) == TOKEN_SEPARATOR)
		skip_one(script);
}

/* A word in the making. */
struct making {
	struct script_word *word;
	struct script_part **tail;
};

/* `text` is the arena's; NULL when that had no memory. */
static int add_part(struct script *script, struct making *making,
	const char *text, bool is_variable, bool is_quoted)
{
	struct script_part *part = arena_alloc(script->arena, sizeof(*part));

	if (!part || !text)
		return -ENOMEM;
	part->text = text;
	part->is_variable = is_variable;
	part->is_quoted = is_quoted;
	*making->tail = part;
	making->tail = &part->next;
	return 0;
}

/* At a '$': a variable, or a plain '$'. */
static int take_variable(
	struct script *script, struct making *making, bool is_quoted)
{
	const char *name = script->at + 1;
	const char *end = name;

	if (*name == '{') {
		name++;
		end = name + strcspn(name, "}\n");
		if (*end != '}')
			return fail(script, "a ${ is not closed");
		script->at = end + 1;
		return add_part(script, making,
			arena_text(script->arena, name, (size_t)(end - name)),
			true, is_quoted);
	}
	if (*name && strchr("@*#?", *name))
		end++;
	else if (*name >= '0' && *name <= '9')
		end += strspn(name, "0123456789");
	else if (is_name(*name, true))
		while (is_name(*end, false))
			end++;
	script->at = end;
	/* A plain '$'; but $"text" is a text to be translated. */
	if (end == name && *name == '"' && !is_quoted)
		return 0;
	if (end == name)
		return add_part(script, making, "$", false, is_quoted);
	return add_part(script, making,
		arena_text(script->arena, name, (size_t)(end - name)), true,
		is_quoted);
}

/*
 * Text up to one of `stops`. A backslash takes the meaning of the next
 * character away: in quotes only of those in `escapes`.
 */
static int take_text(struct script *script, struct making *making,
	const char *stops, const char *escapes, bool is_quoted)
{
	const char *start = script->at;
	size_t room = 0, len = 0;
	char *text;

	while (*script->at && !strchr(stops, *script->at)) {
		if (*script->at == '\\' && escapes && script->at[1])
			script->at++;
		script->at++;
	}
	room = (size_t)(script->at - start);
	text = arena_alloc(script->arena, room + 1);
	if (!text)
		return -ENOMEM;
	for (const char *p = start; p < script->at; p++) {
		if (*p == '\\' && escapes && p + 1 < script->at &&
			(!*escapes || strchr(escapes, p[1]))) {
			p++;
			if (*p == '\n') {
				script->line++;
				continue;
			}
		}
		if (*p == '\n')
			script->line++;
		text[len++] = *p;
	}
	return add_part(script, making, text, false, is_quoted);
}

static int take_quoted(struct script *script, struct making *making)
{
	char quote = *script->at++;
	unsigned int line = script->line;
	int ret = 0;

	if (quote == '\'') {
		ret = take_text(script, making, "'", NULL, true);
	} else {
		/* So that "" is a word. */
		ret = add_part(script, making, "", false, true);
		while (!ret && *script->at && *script->at != '"') {
			if (*script->at == '$')
				ret = take_variable(script, making, true);
			else
				ret = take_text(
					script, making, "\"$", "\\\"$\n", true);
		}
	}
	if (ret)
		return ret;
	if (*script->at != quote) {
		script->line = line;
		return fail(script, "a quote is not closed");
	}
	script->at++;
	return 0;
}

static int take_word(struct script *script, struct script_word **word)
{
	struct making making = { 0 };
	int ret = 0;

	making.word = arena_alloc(script->arena, sizeof(*making.word));
	if (!making.word)
		return -ENOMEM;
	making.tail = &making.word->parts;
	while (!ret && *script->at && !strchr(" \t\r\n;{}|&<>", *script->at)) {
		if (*script->at == '\'' || *script->at == '"')
			ret = take_quoted(script, &making);
		else if (*script->at == '$')
			ret = take_variable(script, &making, false);
		else
			ret = take_text(script, &making, " \t\r\n;{}|&<>'\"$",
				"", false);
	}
	if (!ret)
		*word = making.word;
	return ret;
}

/* A word that is `text`, without quotes and variables. */
static bool is_plain(const struct script_word *word, const char *text)
{
	const struct script_part *part = word->parts;

	return part && !part->next && !part->is_variable && !part->is_quoted &&
	       !strcmp(part->text, text);
}

static bool is_one_of(
	const struct script_word *word, const char *const *keywords)
{
	for (; word && *keywords; keywords++) {
		if (is_plain(word, *keywords))
			return true;
	}
	return false;
}

static int take_command(struct script *script, struct script_word *first,
	struct script_node **node);

/*
 * Commands up to one of the words `ends`, which is taken and given in *end; or
 * up to a '}', when `ends` is NULL.
 */
static int take_list(struct script *script, const char *const *ends,
	struct script_node **list, struct script_word **end)
{
	struct script_node **tail = list;
	int ret;

	if (script->depth >= CFG_DEPTH_MAX)
		return fail(script, "blocks are nested too deep");
	script->depth++;
	for (;;) {
		struct script_word *word;
		enum token token;

		skip_separators(script);
		token = peek(script);
		ret = 0;
		if (token == TOKEN_CLOSE && !ends) {
			script->at++;
			break;
		}
		if (token == TOKEN_END)
			ret = fail(script, "a block is not closed");
		else if (token != TOKEN_WORD)
			ret = fail(script, "a command is expected");
		if (!ret)
			ret = take_word(script, &word);
		if (ret)
			break;
		if (ends && is_one_of(word, ends)) {
			*end = word;
			break;
		}
		ret = take_command(script, word, tail);
		if (ret)
			break;
		tail = &(*tail)->next;
	}
	script->depth--;
	return ret;
}

static int take_block(struct script *script, struct script_node **body)
{
	skip_separators(script);
	if (peek(script) != TOKEN_OPEN)
		return fail(script, "a { is expected");
	script->at++;
	return take_list(script, NULL, body, NULL);
}

static int take_if(struct script *script, struct script_node *node)
{
	static const char *const then[] = { "then", NULL };
	static const char *const ends[] = { "elif", "else", "fi", NULL };
	static const char *const fi[] = { "fi", NULL };
	struct script_word *end;
	int ret;

	for (;;) {
		ret = take_list(script, then, &node->condition, &end);
		if (!ret)
			ret = take_list(script, ends, &node->body, &end);
		if (ret || is_plain(end, "fi"))
			return ret;
		if (is_plain(end, "else"))
			return take_list(script, fi, &node->otherwise, &end);
		node->otherwise =
			arena_alloc(script->arena, sizeof(*node->otherwise));
		if (!node->otherwise)
			return -ENOMEM;
		node = node->otherwise;
		node->kind = SCRIPT_IF;
		node->line = script->line;
	}
}

/* The words up to the end of the command, or to its block. */
static int take_words(struct script *script, struct script_word **tail)
{
	int ret = 0;

	while (!ret && peek(script) == TOKEN_WORD) {
		ret = take_word(script, tail);
		if (!ret)
			tail = &(*tail)->next;
	}
	return ret;
}

static int take_loop(struct script *script, struct script_node *node)
{
	static const char *const do_[] = { "do", NULL };
	static const char *const done[] = { "done", NULL };
	struct script_word *end;
	int ret = 0;

	if (node->kind == SCRIPT_FOR) {
		struct script_node *none = NULL;

		ret = take_words(script, &node->words);
		if (!ret && (!node->words || !node->words->next ||
				    !is_plain(node->words->next, "in")))
			ret = fail(script, "for NAME in WORDS is expected");
		if (ret)
			return ret;
		node->words->next = node->words->next->next;
		ret = take_list(script, do_, &none, &end);
		if (!ret && none)
			ret = fail(script, "do is expected");
	} else {
		ret = take_list(script, do_, &node->condition, &end);
	}
	return ret ? ret : take_list(script, done, &node->body, &end);
}

static int take_function(struct script *script, struct script_node *node)
{
	int ret;

	if (peek(script) != TOKEN_WORD)
		return fail(script, "function NAME is expected");
	ret = take_word(script, &node->words);
	return ret ? ret : take_block(script, &node->body);
}

static int take_simple(struct script *script, struct script_node *node)
{
	int ret = take_words(script, &node->words->next);

	if (ret)
		return ret;
	if (peek(script) == TOKEN_OPEN) {
		script->at++;
		return take_list(script, NULL, &node->body, NULL);
	}
	if (peek(script) == TOKEN_BAD)
		return fail(script, "| & < > need quotes");
	return 0;
}

static enum script_kind kind_of(const struct script_word *word)
{
	if (is_plain(word, "if"))
		return SCRIPT_IF;
	if (is_plain(word, "while"))
		return SCRIPT_WHILE;
	if (is_plain(word, "until"))
		return SCRIPT_UNTIL;
	if (is_plain(word, "for"))
		return SCRIPT_FOR;
	if (is_plain(word, "function"))
		return SCRIPT_FUNCTION;
	return SCRIPT_COMMAND;
}

static int take_command(struct script *script, struct script_word *first,
	struct script_node **node)
{
	struct script_node *made = arena_alloc(script->arena, sizeof(*made));
	int ret;

	if (!made)
		return -ENOMEM;
	made->kind = kind_of(first);
	made->line = script->line;
	switch (made->kind) {
	case SCRIPT_IF:
		ret = take_if(script, made);
		break;
	case SCRIPT_WHILE:
	case SCRIPT_UNTIL:
	case SCRIPT_FOR:
		ret = take_loop(script, made);
		break;
	case SCRIPT_FUNCTION:
		ret = take_function(script, made);
		break;
	default:
		made->words = first;
		ret = take_simple(script, made);
		break;
	}
	if (!ret)
		*node = made;
	return ret;
}

int script_next(struct script *script, struct script_node **node)
{
	struct script_word *word;
	enum token token;
	int ret;

	skip_separators(script);
	token = peek(script);
	if (token == TOKEN_END) {
		*node = NULL;
		return 0;
	}
	script->depth = 0;
	if (token == TOKEN_WORD) {
		ret = take_word(script, &word);
		if (!ret)
			ret = take_command(script, word, node);
	} else {
		ret = fail(script, "a command is expected");
	}
	if (ret == -EINVAL)
		script->at += strcspn(script->at, "\n");
	return ret;
}
