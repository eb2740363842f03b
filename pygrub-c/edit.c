/* SPDX-License-Identifier: BSD-2-Clause */
/* A line of text that a person edits; see edit.h. */
#include <ctype.h>
#include <string.h>
#include "edit.h"

#define CTRL(c) ((c)&0x1f)

void edit_start(struct edit_line *line, const char *text)
{
	size_t len = strnlen(text, EDIT_MAX);

	memcpy(line->text, text, len);
	line->text[len] = '\0';
	line->killed[0] = '\0';
	line->length = len;
	line->cursor = len;
}

/* Takes [from, to) away; the cursor stands at `from` then. */
static void cut(struct edit_line *line, size_t from, size_t to, bool keep)
{
	if (from == to)
		return;
	if (keep) {
		memcpy(line->killed, line->text + from, to - from);
		line->killed[to - from] = '\0';
	}
	memmove(line->text + from, line->text + to, line->length - to + 1);
	line->length -= to - from;
	line->cursor = from;
}

static void insert(struct edit_line *line, const char *text, size_t len)
{
	char *at = line->text + line->cursor;

	if (len > EDIT_MAX - line->length)
		len = EDIT_MAX - line->length;
	memmove(at + len, at, line->length - line->cursor + 1);
	memcpy(at, text, len);
	line->length += len;
	line->cursor += len;
}

static size_t word_left(const struct edit_line *line)
{
	size_t at = line->cursor;

	while (at && !isalnum((unsigned char)line->text[at - 1]))
		at--;
	while (at && isalnum((unsigned char)line->text[at - 1]))
		at--;
	return at;
}

static size_t word_right(const struct edit_line *line)
{
	size_t at = line->cursor;

	while (at < line->length && !isalnum((unsigned char)line->text[at]))
		at++;
	while (at < line->length && isalnum((unsigned char)line->text[at]))
		at++;
	return at;
}

/* Ctrl-w goes by spaces. */
static size_t space_left(const struct edit_line *line)
{
	size_t at = line->cursor;

	while (at && line->text[at - 1] == ' ')
		at--;
	while (at && line->text[at - 1] != ' ')
		at--;
	return at;
}

static void swap(struct edit_line *line)
{
	size_t at =
		line->cursor == line->length ? line->length - 1 : line->cursor;
	char c;

	if (line->length < 2 || !line->cursor)
		return;
	c = line->text[at];
	line->text[at] = line->text[at - 1];
	line->text[at - 1] = c;
	line->cursor = at + 1;
}

bool edit_key(struct edit_line *line, int key)
{
	size_t at = line->cursor, end = line->length;

	switch (key) {
	case EDIT_LEFT:
	case CTRL('b'):
		line->cursor -= at > 0;
		break;
	case EDIT_RIGHT:
	case CTRL('f'):
		line->cursor += at < end;
		break;
	case EDIT_HOME:
	case CTRL('a'):
		line->cursor = 0;
		break;
	case EDIT_END:
	case CTRL('e'):
		line->cursor = end;
		break;
	case EDIT_WORD_LEFT:
		line->cursor = word_left(line);
		break;
	case EDIT_WORD_RIGHT:
		line->cursor = word_right(line);
		break;
	case EDIT_BACKSPACE:
	case CTRL('h'):
	case 0x7f:
		cut(line, at - (at > 0), at, false);
		break;
	case EDIT_DELETE:
	case CTRL('d'):
		cut(line, at, at + (at < end), false);
		break;
	case CTRL('k'):
		cut(line, at, end, true);
		break;
	case CTRL('u'):
		cut(line, 0, at, true);
		break;
	case CTRL('w'):
		cut(line, space_left(line), at, true);
		break;
	case EDIT_ERASE_WORD:
		cut(line, word_left(line), at, true);
		break;
	case EDIT_DELETE_WORD:
		cut(line, at, word_right(line), true);
		break;
	case CTRL('y'):
		insert(line, line->killed, strlen(line->killed));
		break;
	case CTRL('t'):
		swap(line);
		break;
	default:
		if (key < ' ' || key > '~')
			return false;
		insert(line, &(char){ (char)key }, 1);
		break;
	}
	return true;
}
