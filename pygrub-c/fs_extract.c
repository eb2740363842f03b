/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of vfat by mtools, of iso9660 by libarchive's tar; see fs.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tenonctrl/why.h>
#include <unistd.h>
#include "fs.h"
#include "jail.h"
#include "tool.h"
#include "wire.h"

#define DISK_DIR "/disk"

static bool is_vfat(const struct fs_extract *x)
{
	return !strcmp(x->type, "vfat");
}

bool fs_extract_can(const char *type, const char *path)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789/._-+";

	return type && (!strcmp(type, "vfat") || !strcmp(type, "iso9660")) &&
	       !path[strspn(path, good)];
}

/* mcopy opens the disk by path. */
static int show_disk(const struct fs_extract *x, struct why *why)
{
	if (mkdir(DISK_DIR, 0755))
		return why_set(
			why, -errno, "%s: %s", DISK_DIR, strerror(errno));
	return window_mount(DISK_DIR, JAIL_FD, x->volume->windows, 1, why);
}

static int copy_vfat(const char *path, int out, struct why *why)
{
	char said[TOOL_SAID_MAX], name[SOURCE_PATH_MAX + 4];
	char *const argv[] = { "/usr/bin/mcopy", "-n", "-i", DISK_DIR "/0",
		name, "-", NULL };

	snprintf(name, sizeof(name), "::%s", path);
	return tool_run(argv, JAIL_GRUB, out, said, why);
}

/* tar reads its standard input from where it stands. */
static int copy_iso(
	const struct fs_extract *x, const char *path, int out, struct why *why)
{
	char said[TOOL_SAID_MAX], name[SOURCE_PATH_MAX + 1];
	char *const argv[] = { "/usr/bin/bsdtar", "-xOqf", "-", "--", name,
		NULL };

	snprintf(name, sizeof(name), "%s", path + 1);
	if (lseek(JAIL_FD, (off_t)x->volume->windows[0].start, SEEK_SET) < 0 ||
		dup2(JAIL_FD, 0) < 0)
		return why_set(why, -errno, "the disk: %s", strerror(errno));
	return tool_run(argv, JAIL_GRUB, out, said, why);
}

static int answer(const struct fs_extract *x, const char *path, int out)
{
	off_t before = lseek(out, 0, SEEK_CUR);
	struct wire_message m = { 0 };
	struct why why;
	int ret = is_vfat(x) ? copy_vfat(path, out, &why)
			     : copy_iso(x, path, out, &why);

	if (ret)
		return wire_fail(JAIL_SOCK, ret, &why);
	m.b = (uint64_t)(lseek(out, 0, SEEK_CUR) - before);
	return wire_answer(JAIL_SOCK, &m, 0, NULL, 0);
}

int fs_extract_run(void *arg)
{
	const struct fs_extract *x = arg;
	struct wire_message m;
	struct why why;
	char *path;
	int out, ret = is_vfat(x) ? show_disk(x, &why) : 0;

	if (ret)
		return wire_fail(JAIL_SOCK, ret, &why) ? 1 : 0;
	while (!ret) {
		ret = wire_receive(JAIL_SOCK, &m, &path, &out, -1);
		if (ret)
			break;
		ret = m.op == WIRE_COPY && out >= 0 && *path == '/' &&
				      m.length <= SOURCE_PATH_MAX
			      ? answer(x, path, out)
			      : -EPROTO;
		free(path);
		if (out >= 0)
			close(out);
	}
	return ret == -EPIPE ? 0 : 1;
}
