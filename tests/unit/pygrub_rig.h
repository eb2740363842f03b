/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's file systems made of one text, for tests and fuzz targets of
 * pygrub-c's parsers:
 *
 *     =V hd0,gpt2 1234-ABCD boot     a volume: device, UUID, label ("-": none)
 *     =F 0 /grub/grub.cfg            a file of volume 0: the lines that follow
 *
 * Folders are there when a file is in them. A text without such lines is the
 * file /boot/grub/grub.cfg of a volume "hd0".
 */
#ifndef PYGRUB_RIG_H
#define PYGRUB_RIG_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "source.h"

#define RIG_VOLUMES 8
#define RIG_FILES   128

struct rig_file {
	unsigned int volume;
	char path[SOURCE_PATH_MAX + 1];
	const char *bytes;
	size_t size;
};

struct rig {
	char devices[RIG_VOLUMES][SOURCE_DEVICE_SIZE];
	char uuids[RIG_VOLUMES][64];
	char labels[RIG_VOLUMES][64];
	unsigned int volume_count;
	struct rig_file files[RIG_FILES];
	unsigned int file_count;
	struct source source;
};

static inline const struct rig_file *rig_find(
	const struct rig *rig, unsigned int volume, const char *path)
{
	for (unsigned int i = 0; i < rig->file_count; i++) {
		if (rig->files[i].volume == volume &&
			!strcmp(rig->files[i].path, path))
			return &rig->files[i];
	}
	return NULL;
}

/* What follows a folder's name and slash, or NULL when it is not in it. */
static inline const char *rig_inside(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	if (len == 1)
		return path + 1;
	return !strncmp(path, folder, len) && path[len] == '/' ? path + len + 1
							       : NULL;
}

static inline int rig_stat(void *ctx, unsigned int volume, const char *path,
	struct source_stat *stat)
{
	struct rig *rig = ctx;
	const struct rig_file *file = rig_find(rig, volume, path);

	if (file) {
		*stat = (struct source_stat){ SOURCE_FILE, file->size };
		return 0;
	}
	for (unsigned int i = 0; i < rig->file_count; i++) {
		if (rig->files[i].volume == volume &&
			rig_inside(rig->files[i].path, path)) {
			*stat = (struct source_stat){ SOURCE_DIRECTORY, 0 };
			return 0;
		}
	}
	return -ENOENT;
}

static inline int rig_read(void *ctx, unsigned int volume, const char *path,
	uint64_t offset, void *buf, size_t len)
{
	const struct rig_file *file = rig_find(ctx, volume, path);

	if (!file)
		return -ENOENT;
	if (offset > file->size || len > file->size - offset)
		return -ERANGE;
	memcpy(buf, file->bytes + offset, len);
	return 0;
}

static inline int rig_list(void *ctx, unsigned int volume, const char *path,
	int (*each)(void *arg, const char *name), void *arg)
{
	struct rig *rig = ctx;
	struct source_stat stat;
	int ret = rig_stat(rig, volume, path, &stat);

	if (ret || stat.type != SOURCE_DIRECTORY)
		return ret ? ret : -ENOTDIR;
	for (unsigned int i = 0; i < rig->file_count && !ret; i++) {
		const char *name = rig_inside(rig->files[i].path, path);
		char one[SOURCE_PATH_MAX + 1];

		if (rig->files[i].volume != volume || !name)
			continue;
		snprintf(one, sizeof(one), "%.*s", (int)strcspn(name, "/"),
			name);
		ret = each(arg, one);
	}
	return ret;
}

static inline int rig_search(
	void *ctx, enum source_key key, const char *value, unsigned int *volume)
{
	struct rig *rig = ctx;

	for (unsigned int i = 0; i < rig->volume_count; i++) {
		if ((key == SOURCE_DEVICE && !strcmp(rig->devices[i], value)) ||
			(key == SOURCE_UUID &&
				!strcasecmp(rig->uuids[i], value)) ||
			(key == SOURCE_LABEL &&
				!strcmp(rig->labels[i], value))) {
			*volume = i;
			return 0;
		}
	}
	return -ENOENT;
}

static inline void rig_add_volume(struct rig *rig, const char *line)
{
	unsigned int i = rig->volume_count;

	if (i >= RIG_VOLUMES)
		return;
	strcpy(rig->uuids[i], "-");
	strcpy(rig->labels[i], "-");
	if (sscanf(line, "%63s %63s %63s", rig->devices[i], rig->uuids[i],
		    rig->labels[i]) >= 1)
		rig->volume_count++;
}

static inline struct rig_file *rig_add_file(struct rig *rig, const char *line)
{
	struct rig_file *file = &rig->files[rig->file_count];
	char path[SOURCE_PATH_MAX + 1];

	if (rig->file_count >= RIG_FILES ||
		sscanf(line, "%u %1023s", &file->volume, path) != 2 ||
		source_path(path, file->path))
		return NULL;
	rig->file_count++;
	return file;
}

/* `text` must outlive the rig. */
static inline void rig_make(struct rig *rig, const char *text, size_t size)
{
	const char *end = text + size;
	struct rig_file *file = NULL;
	bool is_first = true;

	memset(rig, 0, sizeof(*rig));
	while (text < end) {
		const char *next = memchr(text, '\n', (size_t)(end - text));
		char line[SOURCE_PATH_MAX + 64];

		next = next ? next + 1 : end;
		snprintf(line, sizeof(line), "%.*s", (int)(next - text), text);
		if (!strncmp(line, "=V ", 3)) {
			rig_add_volume(rig, line + 3);
			file = NULL;
		} else if (!strncmp(line, "=F ", 3)) {
			file = rig_add_file(rig, line + 3);
			if (file)
				file->bytes = next;
		} else if (is_first) {
			file = rig_add_file(rig, "0 /boot/grub/grub.cfg");
			file->bytes = text;
			file->size = (size_t)(next - text);
		} else if (file) {
			file->size += (size_t)(next - text);
		}
		is_first = false;
		text = next;
	}
	if (!rig->volume_count)
		rig_add_volume(rig, "hd0");
	rig->source = (struct source){
		.stat = rig_stat,
		.read = rig_read,
		.list = rig_list,
		.search = rig_search,
		.ctx = rig,
		.volume_count = rig->volume_count,
		.devices = (const char(*)[SOURCE_DEVICE_SIZE])rig->devices,
	};
}

#endif
