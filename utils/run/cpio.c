/* SPDX-License-Identifier: BSD-2-Clause */
/* Archives for Linux's initramfs; see cpio.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <tenonctrl/why.h>
#include "cpio.h"

#define HEADER	  110 /* bytes before the name */
#define ALIGN	  4U
#define DEPTH_MAX 64
#define PATH_SIZE 4096
#define LAST	  "TRAILER!!!"

static int fail(struct cpio *c, int error, const char *name)
{
	if (!c->error)
		c->error = why_set(
			c->why, error, "%s: %s", name, strerror(-error));
	return c->error;
}

static void put(struct cpio *c, const void *bytes, size_t size)
{
	if (c->error)
		return;
	if (size > c->limit - c->size) {
		c->error = why_set(c->why, -EFBIG,
			"the root has more than %llu MiB; give the guest more "
			"memory (-m), or make it an image",
			(unsigned long long)(c->limit >> 20));
		return;
	}
	c->size += size;
	if (fwrite(bytes, 1, size, c->out) != size)
		c->error = why_set(c->why, -EIO, "no memory for the root");
}

static void pad(struct cpio *c)
{
	static const char zeros[ALIGN];

	put(c, zeros, (size_t)(-c->size % ALIGN));
}

/* The header and the name; the bytes are to follow. */
static int begin(struct cpio *c, const char *name, const struct stat *st)
{
	size_t name_size = strlen(name) + 1;
	char header[HEADER + 1];

	if ((uint64_t)st->st_size > UINT32_MAX)
		return fail(c, -EFBIG, name);
	/* One name each: what has several becomes several files. */
	snprintf(header, sizeof(header),
		"070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		++c->inode, st->st_mode, st->st_uid, st->st_gid, 1,
		(unsigned int)st->st_mtime, (unsigned int)st->st_size, 0, 0,
		major(st->st_rdev), minor(st->st_rdev), (unsigned int)name_size,
		0);
	put(c, header, HEADER);
	put(c, name, name_size);
	pad(c);
	return c->error;
}

int cpio_bytes(struct cpio *c, const char *name, unsigned int mode,
	const void *bytes, size_t size)
{
	const struct stat st = { .st_mode = S_IFREG | mode,
		.st_size = (off_t)size };

	if (begin(c, name, &st))
		return c->error;
	put(c, bytes, size);
	pad(c);
	return c->error;
}

int cpio_folder(struct cpio *c, const char *name)
{
	const struct stat st = { .st_mode = S_IFDIR | 0755 };

	return begin(c, name, &st);
}

/* Exactly as many bytes as the header says. */
static int put_file(struct cpio *c, const char *name, int fd, off_t size)
{
	char bytes[16384];

	while (size && !c->error) {
		ssize_t got = read(fd, bytes, sizeof(bytes));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return fail(c, got ? -errno : -EAGAIN, name);
		if (got > size)
			got = (ssize_t)size;
		put(c, bytes, (size_t)got);
		size -= got;
	}
	pad(c);
	return c->error;
}

int cpio_file(
	struct cpio *c, const char *name, unsigned int mode, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return fail(c, -errno, path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return fail(c, -EINVAL, path);
	}
	st.st_mode = S_IFREG | mode;
	st.st_uid = 0;
	st.st_gid = 0;
	if (!begin(c, name, &st))
		put_file(c, path, fd, st.st_size);
	close(fd);
	return c->error;
}

/* The walk: `path` is the name in the archive of what is looked at. */
struct walk {
	struct cpio *c;
	char path[PATH_SIZE];
	size_t len;
	const char *skip;
};

static void put_folder(struct walk *w, int fd, unsigned int depth);

static void put_link(struct walk *w, int dir, const char *name, struct stat *st)
{
	char target[PATH_SIZE];
	ssize_t len = readlinkat(dir, name, target, sizeof(target));

	if (len < 0 || (size_t)len == sizeof(target)) {
		fail(w->c, len < 0 ? -errno : -ENAMETOOLONG, w->path);
		return;
	}
	st->st_size = len;
	if (!begin(w->c, w->path, st)) {
		put(w->c, target, (size_t)len);
		pad(w->c);
	}
}

static void put_opened(
	struct walk *w, int dir, const char *name, unsigned int depth)
{
	int fd = openat(dir, name,
		O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		fail(w->c, -errno, w->path);
		if (fd >= 0)
			close(fd);
		return;
	}
	if (S_ISDIR(st.st_mode)) {
		st.st_size = 0;
		if (!begin(w->c, w->path, &st))
			put_folder(w, fd, depth + 1);
		return;
	}
	if (!S_ISREG(st.st_mode))
		fail(w->c, -EAGAIN, w->path);
	else if (!begin(w->c, w->path, &st))
		put_file(w->c, w->path, fd, st.st_size);
	close(fd);
}

static void put_entry(
	struct walk *w, int dir, const char *name, unsigned int depth)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW)) {
		fail(w->c, -errno, w->path);
	} else if (S_ISLNK(st.st_mode)) {
		put_link(w, dir, name, &st);
	} else if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) {
		put_opened(w, dir, name, depth);
	} else if (!S_ISSOCK(st.st_mode)) {
		st.st_size = 0;
		begin(w->c, w->path, &st);
	}
}

/* Takes the descriptor. */
static void put_folder(struct walk *w, int fd, unsigned int depth)
{
	DIR *dir = fdopendir(fd);
	size_t before = w->len;
	struct dirent *e;

	if (!dir) {
		fail(w->c, -errno, w->path);
		close(fd);
		return;
	}
	if (depth > DEPTH_MAX)
		fail(w->c, -ELOOP, w->path);
	while (!w->c->error && (e = readdir(dir))) {
		const char *name = e->d_name;

		if (!strcmp(name, ".") || !strcmp(name, "..") ||
			(!depth && !strcmp(name, w->skip)))
			continue;
		if (before + strlen(name) + 2 > sizeof(w->path)) {
			fail(w->c, -ENAMETOOLONG, w->path);
			break;
		}
		w->len = before + (size_t)sprintf(w->path + before, "%s%s",
					  before ? "/" : "", name);
		put_entry(w, fd, name, depth);
	}
	w->len = before;
	w->path[before] = '\0';
	closedir(dir);
}

int cpio_tree(struct cpio *c, const char *path, const char *skip)
{
	struct walk w = { .c = c, .skip = skip };
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fail(c, -errno, path);
	put_folder(&w, fd, 0);
	return c->error;
}

int cpio_end(struct cpio *c)
{
	const struct stat none = { 0 };

	begin(c, LAST, &none);
	if (!c->error && fflush(c->out))
		return fail(c, -errno, "the root");
	return c->error;
}
