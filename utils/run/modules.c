/* SPDX-License-Identifier: BSD-2-Clause */
/* Modules and what they need; see modules.h. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <tenonctrl/why.h>
#include "cpio.h"
#include "modules.h"

/* Of Linux's x86 boot protocol. */
#define SETUP	    0x200
#define MAGIC_AT    0x202
#define VERSION_AT  0x20e
#define VERSION_MAX 128
/* Modules that need each other, as an index cannot say. */
#define DEPTH_MAX 16
#define NAME_SIZE 64

int modules_release(
	const char *kernel, char release[MODULES_RELEASE_MAX], struct why *why)
{
	int fd = open(kernel, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char head[VERSION_AT + 2], version[VERSION_MAX] = "";
	size_t len = 0;

	if (fd < 0)
		return why_set(why, -errno, "%s: %s", kernel, strerror(errno));
	if (pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
		!memcmp(head + MAGIC_AT, "HdrS", 4)) {
		uint16_t at;

		memcpy(&at, head + VERSION_AT, sizeof(at));
		if (at &&
			pread(fd, version, sizeof(version) - 1, SETUP + at) > 0)
			len = strcspn(version, " ");
	}
	close(fd);
	if (!len || len >= MODULES_RELEASE_MAX || *version == '.' ||
		memchr(version, '/', len))
		return why_set(why, -EINVAL,
			"%s does not say its release, so modules for an image "
			"cannot be found; take a bzImage, or a folder (-r)",
			kernel);
	memcpy(release, version, len);
	release[len] = '\0';
	return 0;
}

static char *read_text(const char *dir, const char *name)
{
	char *path, *text = NULL;
	size_t size = 0;
	FILE *file;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return NULL;
	file = fopen(path, "re");
	free(path);
	if (!file)
		return NULL;
	if (getdelim(&text, &size, '\0', file) < 0) {
		free(text);
		text = NULL;
	}
	fclose(file);
	return text;
}

int modules_open(struct modules *m, const char *top, const char *release,
	struct why *why)
{
	*m = (struct modules){ 0 };
	if (asprintf(&m->dir, "%s/%s", top, release) < 0) {
		m->dir = NULL;
		return why_set(why, -ENOMEM, "out of memory");
	}
	m->index = read_text(m->dir, "modules.dep");
	if (m->index)
		return 0;
	why_set(why, -ENOENT,
		"the modules of the kernel are not in %s, so it cannot read "
		"an image; install them, or take another kernel (-k)",
		m->dir);
	modules_free(m);
	return -ENOENT;
}

/* Whether a path is that of the module: '-' and '_' are the same. */
static bool is_module(const char *path, size_t len, const char *name)
{
	const char *base = memrchr(path, '/', len);
	size_t at = 0;

	base = base ? base + 1 : path;
	for (; *name; name++, at++) {
		char have = base[at] == '-' ? '_' : base[at];

		if (have != (*name == '-' ? '_' : *name))
			return false;
	}
	return !strncmp(base + at, ".ko", 3);
}

/* The line of a list that begins with the module; its path's end is at ends. */
static const char *find(
	const char *text, const char *ends, const char *name, size_t *len)
{
	while (text && *text) {
		*len = strcspn(text, ends);
		if (is_module(text, *len, name))
			return text;
		text = strchr(text, '\n');
		text += text ? 1 : 0;
	}
	return NULL;
}

static bool is_built_in(const struct modules *m, const char *name)
{
	char *text = read_text(m->dir, "modules.builtin");
	size_t len;
	bool found = find(text, "\n", name, &len) != NULL;

	free(text);
	return found;
}

static int add(struct modules *m, const char *name, unsigned int depth,
	struct why *why);

/* What stands behind the colon, the last first. */
static int add_needs(struct modules *m, const char *from, const char *end,
	unsigned int depth, struct why *why)
{
	int ret = 0;

	while (!ret && end > from) {
		const char *word = end;
		char name[NAME_SIZE];
		const char *base;

		while (word > from && word[-1] != ' ')
			word--;
		base = memrchr(word, '/', (size_t)(end - word));
		base = base ? base + 1 : word;
		if (end > word) {
			snprintf(name, sizeof(name), "%.*s",
				(int)strcspn(base, ". \n"), base);
			ret = add(m, name, depth + 1, why);
		}
		end = word > from ? word - 1 : from;
	}
	return ret;
}

static int add(struct modules *m, const char *name, unsigned int depth,
	struct why *why)
{
	size_t len = 0;
	const char *line = find(m->index, ":", name, &len);
	int ret;

	if (!line && is_built_in(m, name))
		return 0;
	if (!line)
		return why_set(
			why, -ENOENT, "%s has no module %s", m->dir, name);
	if (strncmp(line + len - 3, ".ko", 3) != 0)
		return why_set(why, -ENOTSUP,
			"the modules in %s are compressed; take a kernel whose "
			"modules are not",
			m->dir);
	for (unsigned int i = 0; i < m->count; i++) {
		if (m->list[i] == line)
			return 0;
	}
	ret = depth > DEPTH_MAX
		      ? why_set(why, -ELOOP, "%s needs itself", name)
		      : add_needs(m, line + len + 1, line + strcspn(line, "\n"),
				depth, why);
	if (ret)
		return ret;
	if (m->count == sizeof(m->list) / sizeof(m->list[0]))
		return why_set(why, -E2BIG, "%s needs too many modules", name);
	m->list[m->count++] = line;
	return 0;
}

int modules_add(struct modules *m, const char *name, struct why *why)
{
	return add(m, name, 0, why);
}

int modules_write(const struct modules *m, struct cpio *c, const char *folder)
{
	for (unsigned int i = 0; i < m->count && !c->error; i++) {
		char name[64], *path;

		snprintf(name, sizeof(name), "%s/%02u.ko", folder, i);
		if (asprintf(&path, "%s/%.*s", m->dir,
			    (int)strcspn(m->list[i], ":"), m->list[i]) < 0)
			return why_set(c->why, -ENOMEM, "out of memory");
		cpio_file(c, name, 0600, path);
		free(path);
	}
	return c->error;
}

void modules_free(struct modules *m)
{
	free(m->dir);
	free(m->index);
	*m = (struct modules){ 0 };
}
