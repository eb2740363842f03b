/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A menu as bytes, between a jail and its broker: numbers of 4 or 8 bytes,
 * lowest first, and texts as a length (NO_TEXT: none) with bytes behind it.
 * Reader and writer are one walk over the menu, so that they cannot differ;
 * what came from outside is judged while it is read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/why.h>
#include "boot.h"
#include "reader.h"
#include "source.h"

#define WIRE_MAGIC 0x316d7462 /* "btm1" */
#define NO_TEXT	   UINT32_MAX

struct wire {
	bool is_reading;
	uint8_t *out; /* when writing: grows */
	size_t room;
	const uint8_t *in; /* when reading */
	size_t at, size;
	unsigned int volume_count;
	const char *what; /* what was wrong with it */
	int error;	  /* the first; then nothing more happens */
};

static void fail(struct wire *wire, int error, const char *what)
{
	if (wire->error)
		return;
	wire->error = error;
	wire->what = what;
}

static void bytes(struct wire *wire, void *data, size_t len)
{
	size_t room = wire->room;
	uint8_t *out;

	if (wire->error || !len)
		return;
	if (wire->is_reading) {
		if (len > wire->size - wire->at) {
			fail(wire, -EINVAL, "it ends too early");
			return;
		}
		memcpy(data, wire->in + wire->at, len);
		wire->at += len;
		return;
	}
	if (len > BOOT_WIRE_MAX - wire->at) {
		fail(wire, -E2BIG, "it is too large");
		return;
	}
	while (len > room - wire->at)
		room = room ? 2 * room : 4096;
	if (room != wire->room) {
		out = realloc(wire->out, room);
		if (!out) {
			fail(wire, -ENOMEM, "no memory");
			return;
		}
		wire->out = out;
		wire->room = room;
	}
	memcpy(wire->out + wire->at, data, len);
	wire->at += len;
}

static void number(struct wire *wire, uint64_t *value, size_t len)
{
	uint8_t buf[8] = { 0 };

	for (size_t i = 0; i < len; i++)
		buf[i] = (uint8_t)(*value >> (8 * i));
	bytes(wire, buf, len);
	if (wire->is_reading && !wire->error)
		*value = reader_le64(buf);
}

/* A number that must be from `min` to `max`. */
static void ranged(struct wire *wire, int64_t *value, int64_t min, int64_t max)
{
	uint64_t raw = (uint64_t)*value;

	number(wire, &raw, 8);
	if (wire->error)
		return;
	if ((int64_t)raw < min || (int64_t)raw > max)
		fail(wire, -EINVAL, "a number is out of its range");
	else
		*value = (int64_t)raw;
}

static void an_int(struct wire *wire, int *value, int min, int max)
{
	int64_t wide = *value;

	ranged(wire, &wide, min, max);
	*value = (int)wide;
}

static void an_unsigned(
	struct wire *wire, unsigned int *value, unsigned int max)
{
	int64_t wide = *value;

	ranged(wire, &wide, 0, max);
	*value = (unsigned int)wide;
}

static void a_bool(struct wire *wire, bool *value)
{
	int64_t wide = *value;

	ranged(wire, &wide, 0, 1);
	*value = wide;
}

static void text(struct wire *wire, char **value, size_t max)
{
	uint64_t len = *value ? strlen(*value) : NO_TEXT;
	char *copy;

	number(wire, &len, 4);
	if (wire->error || len == NO_TEXT)
		return;
	if (!wire->is_reading) {
		bytes(wire, *value, len);
		return;
	}
	if (len > max || len > wire->size - wire->at) {
		fail(wire, -EINVAL, "a text is too long");
		return;
	}
	if (memchr(wire->in + wire->at, 0, len)) {
		fail(wire, -EINVAL, "a text has a zero byte");
		return;
	}
	copy = strndup((const char *)wire->in + wire->at, len);
	if (!copy)
		fail(wire, -ENOMEM, "no memory");
	wire->at += len;
	*value = copy;
}

static void file(struct wire *wire, struct boot_file *of)
{
	char clean[SOURCE_PATH_MAX + 1];

	an_unsigned(wire, &of->volume, UINT32_MAX);
	text(wire, &of->path, SOURCE_PATH_MAX);
	number(wire, &of->offset, 8);
	number(wire, &of->length, 8);
	if (wire->error || !wire->is_reading || !of->path)
		return;
	if (of->volume >= wire->volume_count)
		fail(wire, -EINVAL, "a file is on a volume that is not there");
	if (source_path(of->path, clean) || strcmp(of->path, clean))
		fail(wire, -EINVAL, "a path is not in its plain form");
	if (of->offset + of->length < of->offset || (of->offset && !of->length))
		fail(wire, -EINVAL, "a part of a file ends before it begins");
}

static bool is_one_line(const char *line)
{
	for (; *line; line++) {
		if ((unsigned char)*line < ' ' || *line == 0x7f)
			return false;
	}
	return true;
}

static void entry(struct wire *wire, struct boot_entry *of, unsigned int index)
{
	text(wire, &of->title, BOOT_TITLE_MAX);
	text(wire, &of->id, BOOT_TITLE_MAX);
	an_int(wire, &of->parent, -1, (int)index - 1);
	a_bool(wire, &of->is_submenu);
	file(wire, &of->kernel);
	an_unsigned(wire, &of->initrd_count, BOOT_INITRDS_MAX);
	for (unsigned int i = 0; i < of->initrd_count && !wire->error; i++) {
		file(wire, &of->initrds[i]);
		if (!of->initrds[i].path)
			fail(wire, -EINVAL, "an initrd has no path");
	}
	text(wire, &of->args, BOOT_ARGS_MAX);
	text(wire, &of->obstacle, BOOT_TITLE_MAX);
	an_unsigned(wire, &of->line, INT32_MAX);
	if (wire->error)
		return;
	if (!of->title || !of->args)
		fail(wire, -EINVAL, "an entry has no title or arguments");
	else if (boot_is_bootable(of) && !is_one_line(of->args))
		fail(wire, -EINVAL, "a command line has control characters");
}

/* Entries and notes: `count` is checked against `max`, and room is made. */
static void *table(struct wire *wire, unsigned int *count, unsigned int max,
	void *have, size_t each)
{
	an_unsigned(wire, count, max);
	if (!wire->is_reading)
		return have;
	if (wire->error || !*count)
		return NULL;
	have = calloc(*count, each);
	if (!have)
		fail(wire, -ENOMEM, "no memory");
	return have;
}

static void menu_walk(struct wire *wire, struct boot_menu *menu)
{
	uint64_t magic = WIRE_MAGIC;
	char *kind = (char *)menu->kind;
	unsigned int count;
	int last;

	number(wire, &magic, 4);
	if (!wire->error && magic != WIRE_MAGIC)
		fail(wire, -EINVAL, "it is no menu");
	text(wire, &kind, BOOT_TITLE_MAX);
	if (wire->is_reading && kind) {
		menu->kind = boot_kind(kind);
		free(kind);
	}
	text(wire, &menu->source, 2 * SOURCE_PATH_MAX);
	text(wire, &menu->title, BOOT_TITLE_MAX);
	count = menu->entry_count;
	menu->entries = table(wire, &count, BOOT_ENTRIES_MAX, menu->entries,
		sizeof(*menu->entries));
	menu->entry_count = menu->entries ? count : 0;
	for (unsigned int i = 0; i < menu->entry_count && !wire->error; i++) {
		entry(wire, &menu->entries[i], i);
		if (!wire->error && menu->entries[i].parent >= 0 &&
			!menu->entries[menu->entries[i].parent].is_submenu)
			fail(wire, -EINVAL, "an entry is in no submenu");
	}
	last = (int)menu->entry_count - 1;
	an_int(wire, &menu->default_entry, -1, last);
	an_int(wire, &menu->fallback_entry, -1, last);
	if (!wire->error && menu->default_entry >= 0 &&
		!boot_is_bootable(&menu->entries[menu->default_entry]))
		fail(wire, -EINVAL, "the default cannot be booted");
	an_int(wire, &menu->timeout_ms, -1, INT32_MAX);
	a_bool(wire, &menu->is_hidden);
	count = menu->note_count;
	menu->notes = table(wire, &count, BOOT_NOTES_MAX, menu->notes,
		sizeof(*menu->notes));
	menu->note_count = menu->notes ? count : 0;
	for (unsigned int i = 0; i < menu->note_count && !wire->error; i++) {
		struct boot_note *note = &menu->notes[i];

		text(wire, &note->file, SOURCE_PATH_MAX);
		an_unsigned(wire, &note->line, INT32_MAX);
		text(wire, &note->text, BOOT_TITLE_MAX);
		if (!wire->error && (!note->file || !note->text))
			fail(wire, -EINVAL, "a note has no text");
	}
}

int boot_write(const struct boot_menu *menu, uint8_t **out, size_t *size)
{
	struct wire wire = { .is_reading = false };
	struct boot_menu copy = *menu;

	menu_walk(&wire, &copy);
	if (wire.error) {
		free(wire.out);
		return wire.error;
	}
	*out = wire.out;
	*size = wire.at;
	return 0;
}

int boot_read(struct boot_menu *menu, const uint8_t *in, size_t size,
	unsigned int volume_count, struct why *why)
{
	struct wire wire = {
		.is_reading = true,
		.in = in,
		.size = size,
		.volume_count = volume_count,
	};
	struct boot_menu made;

	boot_init(&made);
	menu_walk(&wire, &made);
	if (!wire.error && wire.at != size)
		fail(&wire, -EINVAL, "bytes follow it");
	if (wire.error) {
		boot_free(&made);
		return why_set(why, wire.error,
			"the menu that the parser sent is refused: %s",
			wire.what);
	}
	*menu = made;
	return 0;
}
