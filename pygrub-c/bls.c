/* SPDX-License-Identifier: BSD-2-Clause */
/* Snippets of the Boot Loader Specification; see bls.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "bls.h"
#include "cfg.h"

static const char *joined(
	struct arena *arena, const char *before, const char *value)
{
	size_t len = strlen(before);
	char *text = arena_alloc(arena, len + strlen(value) + 2);

	if (!text)
		return NULL;
	memcpy(text, before, len);
	text[len] = ' ';
	strcpy(text + len + 1, value);
	return text;
}

static int take_line(struct arena *arena, const char *key, const char *value,
	struct bls *bls)
{
	const struct {
		const char *key;
		const char **to;
	} keys[] = {
		{ "title", &bls->title },
		{ "version", &bls->version },
		{ "machine-id", &bls->machine_id },
		{ "sort-key", &bls->sort_key },
		{ "architecture", &bls->architecture },
		{ "linux", &bls->kernel },
		{ "efi", &bls->image },
		{ "uki", &bls->image },
	};

	if (!strcmp(key, "initrd")) {
		if (bls->initrd_count >= BLS_INITRDS_MAX)
			return -E2BIG;
		bls->initrds[bls->initrd_count++] = value;
	} else if (!strcmp(key, "options")) {
		bls->options = bls->options ? joined(arena, bls->options, value)
					    : value;
		if (!bls->options)
			return -ENOMEM;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (!strcmp(key, keys[i].key))
			*keys[i].to = value;
	}
	return 0;
}

/* The name without folder, .conf, and a counter "+LEFT-DONE". */
static int take_name(struct arena *arena, const char *path, struct bls *bls)
{
	const char *name = strrchr(path, '/');
	size_t len;
	char *id;
	char *plus;

	name = name ? name + 1 : path;
	len = strlen(name);
	if (len > 5 && !strcmp(name + len - 5, ".conf"))
		len -= 5;
	id = arena_text(arena, name, len);
	bls->path = arena_text(arena, path, strlen(path));
	if (!id || !bls->path)
		return -ENOMEM;
	plus = strrchr(id, '+');
	if (plus && plus[1] >= '0' && plus[1] <= '9' &&
		strspn(plus + 1, "0123456789-") == strlen(plus + 1)) {
		bls->has_tries = strtoul(plus + 1, NULL, 10) == 0;
		*plus = '\0';
	}
	bls->id = id;
	return 0;
}

int bls_parse(struct arena *arena, const char *path, const char *text,
	size_t size, struct bls *bls)
{
	struct bls made = { 0 };
	const char *end = text + strnlen(text, size);
	int ret = take_name(arena, path, &made);

	while (text < end && !ret) {
		const char *next = memchr(text, '\n', (size_t)(end - text));
		char *line, *value;
		size_t len;

		if (!next)
			next = end;
		while (text < next && strchr(" \t\r", *text))
			text++;
		len = (size_t)(next - text);
		while (len && strchr(" \t\r", text[len - 1]))
			len--;
		if (len && *text != '#') {
			line = arena_text(arena, text, len);
			if (!line)
				return -ENOMEM;
			value = line + strcspn(line, " \t");
			if (*value)
				*value++ = '\0';
			value += strspn(value, " \t");
			ret = take_line(arena, line, value, &made);
		}
		text = next + (next < end);
	}
	if (!ret)
		*bls = made;
	return ret;
}

static int read_one(struct arena *arena, const struct source *source,
	unsigned int volume, const char *path, struct bls *bls)
{
	char *text;
	size_t size;
	int ret = source_text(source, volume, path, BLS_SIZE_MAX, &text, &size);

	if (ret)
		return ret;
	ret = bls_parse(arena, path, text, size, bls);
	free(text);
	return ret;
}

static bool ends_in(const char *name, const char *end)
{
	size_t len = strlen(name), tail = strlen(end);

	return len > tail && !strcmp(name + len - tail, end);
}

int bls_list(struct arena *arena, const struct source *source,
	unsigned int volume, const char *folder, struct bls **list,
	size_t *count, void (*note)(void *arg, const char *path, int error),
	void *arg)
{
	struct bls *made = arena_alloc(arena, CFG_FILES_MAX * sizeof(*made));
	char path[SOURCE_PATH_MAX + 1];
	char **names;
	size_t name_count, done = 0;
	int ret;

	if (!made)
		return -ENOMEM;
	ret = source_names(source, volume, folder, &names, &name_count);
	if (ret)
		return ret;
	for (size_t i = 0; i < name_count && done < CFG_FILES_MAX; i++) {
		if (!ends_in(names[i], ".conf") || names[i][0] == '.' ||
			source_join(folder, names[i], path))
			continue;
		ret = read_one(arena, source, volume, path, &made[done]);
		if (ret == -ENOMEM)
			break;
		if (ret)
			note(arg, path, ret);
		else
			done++;
	}
	source_free_names(names, name_count);
	if (ret == -ENOMEM)
		return ret;
	*list = made;
	*count = done;
	return 0;
}
