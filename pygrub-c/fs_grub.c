/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * File systems by GRUB's own drivers: grub-mount shows a volume by FUSE, and
 * this process reads the files there. Three processes of one jail, each behind
 * a filter of its own: the server of the disk's windows, grub-mount, the
 * reader.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <tenonctrl/why.h>
#include <unistd.h>
#include "fs.h"
#include "jail.h"
#include "tool.h"
#include "wire.h"

#define DISK_DIR  "/disk"
#define MOUNT_DIR "/guest"
/* The tool, its option and value, the disks, the directory, NULL. */
#define ARGS_MAX (WINDOW_MAX + 5)

/* An open directory's descriptor is the context of the operations. */
static int root_of(void *ctx)
{
	return *(int *)ctx;
}

static const char *relative(const char *path)
{
	return path[1] ? path + 1 : ".";
}

static int grub_stat(void *ctx, const char *path, struct source_stat *stat)
{
	struct stat st;

	if (fstatat(root_of(ctx), relative(path), &st, 0))
		return -errno;
	stat->type = S_ISREG(st.st_mode)   ? SOURCE_FILE
		     : S_ISDIR(st.st_mode) ? SOURCE_DIRECTORY
					   : SOURCE_OTHER;
	stat->size = st.st_size < 0 ? 0 : (uint64_t)st.st_size;
	return 0;
}

static int open_file(void *ctx, const char *path, int flags)
{
	int fd = openat(root_of(ctx), relative(path),
		O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags);

	return fd < 0 ? -errno : fd;
}

static int grub_read(void *ctx, const char *path, uint64_t offset, void *buf,
	size_t len, size_t *got)
{
	int fd = open_file(ctx, path, 0), ret = 0;
	size_t have = 0;

	if (fd < 0)
		return fd;
	while (have < len) {
		ssize_t n = pread(fd, (char *)buf + have, len - have,
			(off_t)(offset + have));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			ret = -errno;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	close(fd);
	*got = have;
	return ret;
}

/* Straight from FUSE's pages. */
static int grub_copy(
	void *ctx, const char *path, uint64_t offset, uint64_t length, int out)
{
	int fd = open_file(ctx, path, 0), ret = 0;
	off_t at = (off_t)offset;

	if (fd < 0)
		return fd;
	posix_fadvise(fd, at, (off_t)length, POSIX_FADV_SEQUENTIAL);
	while (length && !ret) {
		ssize_t n = sendfile(out, fd, &at, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			ret = n ? -errno : -ERANGE;
		else
			length -= (uint64_t)n;
	}
	close(fd);
	return ret;
}

static int grub_list(void *ctx, const char *path,
	int (*each)(void *arg, const char *name), void *arg)
{
	int fd = open_file(ctx, path, O_DIRECTORY), ret = 0;
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while (!ret && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			ret = each(arg, entry->d_name);
	}
	closedir(dir);
	return ret;
}

static int show_windows(const struct fs_volume *v, struct why *why)
{
	if (mkdir(DISK_DIR, 0755) || mkdir(MOUNT_DIR, 0755))
		return why_set(
			why, -errno, "%s: %s", DISK_DIR, strerror(errno));
	return window_mount(
		DISK_DIR, JAIL_FD, v->windows, v->window_count, why);
}

/* The disks' paths from argv[at] on; returns how many words there are now. */
static unsigned int add_disks(char *argv[ARGS_MAX], unsigned int at,
	unsigned int count, char names[WINDOW_MAX][16])
{
	for (unsigned int i = 0; i < count && i < WINDOW_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), DISK_DIR "/%u", i);
		argv[at++] = names[i];
	}
	return at;
}

int fs_grub_run(void *arg)
{
	static const struct fs_ops ops = { .stat = grub_stat,
		.read = grub_read,
		.list = grub_list,
		.copy = grub_copy };
	struct fs_volume *v = arg;
	char names[WINDOW_MAX][16], said[TOOL_SAID_MAX];
	char *argv[ARGS_MAX] = { "/usr/bin/grub-mount", "-r", v->root };
	unsigned int n = add_disks(argv, 3, v->window_count, names);
	struct why why;
	int root = -1, ret = show_windows(v, &why);

	argv[n] = MOUNT_DIR;
	if (!ret)
		ret = tool_run(argv, JAIL_GRUB, -1, said, &why);
	if (!ret) {
		close(JAIL_FD);
		root = open(MOUNT_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (root < 0)
			ret = why_set(
				&why, -errno, "grub-mount showed nothing");
	}
	if (!ret) {
		ret = jail_lock(JAIL_READER);
		if (ret)
			why_set(&why, ret, "no filter of system calls: %s",
				strerror(-ret));
	}
	if (ret) {
		wire_fail(JAIL_SOCK, ret, &why);
		return 1;
	}
	return fs_serve(&ops, &root);
}

/* "(lvm/vg-root) (md/0) (loop0)": the names of groups, each with a NUL. */
static size_t take_groups(char *said, char *out)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_+.:-/";
	size_t size = 0;
	char *save;

	for (char *word = strtok_r(said, " \n", &save); word;
		word = strtok_r(NULL, " \n", &save)) {
		size_t len = strspn(word + (*word == '('), good);

		if (*word != '(' || strcmp(word + 1 + len, ")") ||
			len >= FS_ROOT_SIZE ||
			(strncmp(word + 1, "lvm/", 4) &&
				strncmp(word + 1, "md/", 3)))
			continue;
		word[1 + len] = '\0';
		memcpy(out + size, word + 1, len + 1);
		size += len + 1;
	}
	return size;
}

int fs_groups_run(void *arg)
{
	struct fs_volume *v = arg;
	char names[WINDOW_MAX][16], said[TOOL_SAID_MAX], count[16];
	char groups[TOOL_SAID_MAX];
	char *argv[ARGS_MAX + 1] = { "/usr/bin/grub-fstest", "-c", count };
	unsigned int n = add_disks(argv, 3, v->window_count, names);
	struct wire_message m = { 0 };
	struct why why;
	int ret = show_windows(v, &why);

	snprintf(count, sizeof(count), "%u", v->window_count);
	argv[n] = "ls";
	if (!ret)
		ret = tool_run(argv, JAIL_GRUB, -1, said, &why);
	if (ret)
		return wire_fail(JAIL_SOCK, ret, &why) ? 1 : 0;
	return wire_answer(JAIL_SOCK, &m, 0, groups, take_groups(said, groups))
		       ? 1
		       : 0;
}
