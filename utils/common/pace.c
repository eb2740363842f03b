/* SPDX-License-Identifier: BSD-2-Clause */
/* The pace of restarts; see pace.h. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/why.h>
#include "pace.h"

#define PATH 256

struct count {
	unsigned int count;
	int64_t when;
	uint32_t domid; /* that stopped last */
};

static bool read_count(const char *path, struct count *c)
{
	FILE *file = fopen(path, "re");
	bool ok;

	if (!file)
		return false;
	ok = fscanf(file, "%u %" SCNd64 " %" SCNu32, &c->count, &c->when,
		     &c->domid) == 3;
	fclose(file);
	return ok;
}

/* In one step: who is killed leaves the old count or the new one. */
static int write_count(const char *path, const struct count *c)
{
	char part[PATH + 8];
	FILE *file;
	int ret = 0;

	snprintf(part, sizeof(part), "%s.new", path);
	file = fopen(part, "we");
	if (!file)
		return -errno;
	fprintf(file, "%u %" PRId64 " %" PRIu32 "\n", c->count, c->when,
		c->domid);
	if (fclose(file) || rename(part, path))
		ret = -errno;
	return ret;
}

static bool is_quick(const struct count *c, int64_t now)
{
	return now >= c->when && now - c->when < PACE_SECONDS;
}

int pace_count(const char *dir, const uint8_t uuid[16], uint32_t domid,
	int64_t now, unsigned int most, struct why *why)
{
	struct count c = { 0 };
	char path[PATH], text[DOM_UUID_TEXT];
	bool known;
	int ret;

	dom_uuid_format(uuid, text);
	snprintf(path, sizeof(path), "%s/%s", dir, text);
	known = read_count(path, &c) && is_quick(&c, now);
	if (known && c.domid == domid)
		return 0;
	c = (struct count){ known ? c.count + 1 : 1, now, domid };
	if (most && c.count > most) {
		unlink(path);
		return why_set(why, -ELOOP,
			"it stopped each of the last %u times within %d s, so "
			"that it would do nothing else",
			c.count, PACE_SECONDS);
	}
	if (mkdir(dir, 0700) && errno != EEXIST)
		return why_set(why, -errno, "%s: %s", dir, strerror(errno));
	ret = write_count(path, &c);
	return ret ? why_set(why, ret, "%s: %s", path, strerror(-ret)) : 0;
}

void pace_sweep(const char *dir, int64_t now)
{
	DIR *list = opendir(dir);
	struct dirent *e;

	if (!list)
		return;
	while ((e = readdir(list))) {
		struct count c;
		char path[PATH + 256];

		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (e->d_name[0] != '.' && read_count(path, &c) &&
			!is_quick(&c, now))
			unlink(path);
	}
	closedir(list);
}
