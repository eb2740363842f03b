/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of guests that are being made; see half_made.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/why.h>
#include "half_made.h"

/* The folder and what it stands in; both may be there. */
static int make_folder(const char *dir)
{
	char parent[128];
	char *slash;

	snprintf(parent, sizeof(parent), "%s", dir);
	slash = strrchr(parent, '/');
	if (slash && slash != parent) {
		*slash = '\0';
		if (mkdir(parent, 0755) && errno != EEXIST)
			return -errno;
	}
	return mkdir(dir, 0700) && errno != EEXIST ? -errno : 0;
}

/* An end of the file by another between its opening and its lock shows here. */
static bool is_linked(int fd, off_t *size)
{
	struct stat st;

	if (fstat(fd, &st) || !st.st_nlink)
		return false;
	*size = st.st_size;
	return true;
}

int half_made_begin(struct half_made *h, const char *dir,
	const uint8_t uuid[16], struct why *why)
{
	char text[DOM_UUID_TEXT];
	off_t size;
	int ret = make_folder(dir);

	if (ret)
		return why_set(why, ret, "%s: %s", dir, strerror(-ret));
	dom_uuid_format(uuid, text);
	snprintf(h->path, sizeof(h->path), "%s/%s", dir, text);
	for (;;) {
		h->fd = open(h->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (h->fd < 0)
			return why_set(why, -errno, "%s: %s", h->path,
				strerror(errno));
		while (flock(h->fd, LOCK_EX) && errno == EINTR)
			;
		if (is_linked(h->fd, &size))
			break;
		close(h->fd);
	}
	if (size == 0)
		return 0;
	close(h->fd);
	return why_set(why, -EBUSY,
		"what an earlier domcreate left of a guest with the uuid %s "
		"could not be removed; see what tenon-reaper says, or leave "
		"uuid out to get a fresh one",
		text);
}

int half_made_arm(struct half_made *h, struct why *why)
{
	if (write(h->fd, "a", 1) == 1)
		return 0;
	return why_set(why, -EIO, "%s: %s", h->path, strerror(errno));
}

bool half_made_stands(const struct half_made *h)
{
	off_t size;

	return is_linked(h->fd, &size) && size;
}

void half_made_end(struct half_made *h)
{
	unlink(h->path);
	half_made_drop(h);
}

void half_made_drop(struct half_made *h)
{
	close(h->fd);
	h->fd = -1;
}

static void sweep_one(const char *path, const uint8_t uuid[16],
	int (*clean)(const uint8_t uuid[16], void *arg), void *arg,
	struct half_made_left *left)
{
	/* Not for writing: half_made_watch would see its end. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	off_t size;

	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB))
		left->held++;
	else if (is_linked(fd, &size)) {
		if (size && clean(uuid, arg))
			left->failed++;
		else
			unlink(path);
	}
	close(fd);
}

struct half_made_left half_made_sweep(const char *dir,
	int (*clean)(const uint8_t uuid[16], void *arg), void *arg)
{
	DIR *list = opendir(dir);
	struct dirent *e;
	uint8_t uuid[16];
	char path[384];
	struct half_made_left left = { 0, 0 };

	if (!list)
		return left;
	while ((e = readdir(list))) {
		if (dom_uuid_parse(e->d_name, uuid))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		sweep_one(path, uuid, clean, arg, &left);
	}
	closedir(list);
	return left;
}

static bool is_held(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool held = true;
	off_t size;

	if (fd < 0)
		return true;
	if (!flock(fd, LOCK_EX | LOCK_NB))
		held = !is_linked(fd, &size);
	close(fd);
	return held;
}

void half_made_each(const char *dir,
	void (*tell)(const char *path, const uint8_t uuid[16], void *arg),
	void *arg)
{
	DIR *list = opendir(dir);
	struct dirent *e;
	uint8_t uuid[16];
	char path[384];

	if (!list)
		return;
	while ((e = readdir(list))) {
		if (dom_uuid_parse(e->d_name, uuid))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (!is_held(path))
			tell(path, uuid, arg);
	}
	closedir(list);
}

int half_made_watch(const char *dir)
{
	int ret = make_folder(dir), fd;

	if (ret)
		return ret;
	fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (inotify_add_watch(fd, dir, IN_CLOSE_WRITE) < 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}
