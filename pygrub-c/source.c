/* SPDX-License-Identifier: BSD-2-Clause */
/* What parsers ask of a guest's file systems; see source.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "source.h"

int source_path(const char *path, char out[SOURCE_PATH_MAX + 1])
{
	char clean[SOURCE_PATH_MAX + 1];
	size_t len = 0;

	while (*path) {
		size_t part = strcspn(path, "/");

		for (size_t i = 0; i < part; i++) {
			if ((unsigned char)path[i] < ' ' || path[i] == 0x7f)
				return -EINVAL;
		}
		if (part == 2 && !strncmp(path, "..", 2)) {
			while (len && clean[--len] != '/')
				;
		} else if (part && !(part == 1 && *path == '.')) {
			if (part + 1 > SOURCE_PATH_MAX - len)
				return -ENAMETOOLONG;
			clean[len++] = '/';
			memcpy(clean + len, path, part);
			len += part;
		}
		path += part;
		path += strspn(path, "/");
	}
	if (!len)
		clean[len++] = '/';
	clean[len] = '\0';
	memcpy(out, clean, len + 1);
	return 0;
}

int source_join(
	const char *folder, const char *name, char out[SOURCE_PATH_MAX + 1])
{
	size_t before = strlen(folder), len = strlen(name);

	while (before && folder[before - 1] == '/')
		before--;
	if (before + 1 + len > SOURCE_PATH_MAX)
		return -ENAMETOOLONG;
	memmove(out, folder, before);
	out[before] = '/';
	memcpy(out + before + 1, name, len + 1);
	return 0;
}

int source_text(const struct source *source, unsigned int volume,
	const char *path, size_t max, char **text, size_t *size)
{
	struct source_stat stat;
	char *buf;
	int ret = source->stat(source->ctx, volume, path, &stat);

	if (ret)
		return ret;
	if (stat.type != SOURCE_FILE)
		return stat.type == SOURCE_DIRECTORY ? -EISDIR : -EINVAL;
	if (stat.size > max)
		return -EFBIG;
	buf = malloc(stat.size + 1);
	if (!buf)
		return -ENOMEM;
	if (stat.size)
		ret = source->read(
			source->ctx, volume, path, 0, buf, stat.size);
	if (ret) {
		free(buf);
		return ret;
	}
	buf[stat.size] = '\0';
	*text = buf;
	*size = stat.size;
	return 0;
}

static bool has_type(const struct source *source, unsigned int volume,
	const char *path, enum source_type type)
{
	struct source_stat stat;

	return !source->stat(source->ctx, volume, path, &stat) &&
	       stat.type == type;
}

bool source_has_file(
	const struct source *source, unsigned int volume, const char *path)
{
	return has_type(source, volume, path, SOURCE_FILE);
}

bool source_has_directory(
	const struct source *source, unsigned int volume, const char *path)
{
	return has_type(source, volume, path, SOURCE_DIRECTORY);
}

struct names {
	char **names;
	size_t count;
};

static int take_name(void *arg, const char *name)
{
	struct names *all = arg;

	if (all->count >= SOURCE_NAMES_MAX)
		return -E2BIG;
	all->names[all->count] = strndup(name, SOURCE_PATH_MAX);
	if (!all->names[all->count])
		return -ENOMEM;
	all->count++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int source_names(const struct source *source, unsigned int volume,
	const char *path, char ***names, size_t *count)
{
	struct names all = {
		.names = calloc(SOURCE_NAMES_MAX, sizeof(char *)),
	};
	int ret;

	if (!all.names)
		return -ENOMEM;
	ret = source->list(source->ctx, volume, path, take_name, &all);
	if (ret) {
		source_free_names(all.names, all.count);
		return ret;
	}
	qsort(all.names, all.count, sizeof(*all.names), compare);
	*names = all.names;
	*count = all.count;
	return 0;
}

void source_free_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

static int read_file(void *ctx, uint64_t offset, void *buf, size_t len)
{
	const struct source_file *file = ctx;

	return file->source->read(
		file->source->ctx, file->volume, file->path, offset, buf, len);
}

int source_open(struct source_file *file, struct reader *reader)
{
	struct source_stat stat;
	int ret = file->source->stat(
		file->source->ctx, file->volume, file->path, &stat);

	if (ret)
		return ret;
	if (stat.type != SOURCE_FILE)
		return stat.type == SOURCE_DIRECTORY ? -EISDIR : -EINVAL;
	*reader = (struct reader){
		.read = read_file,
		.ctx = file,
		.size = stat.size,
	};
	return 0;
}
