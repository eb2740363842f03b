/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of vfat by mtools, of iso9660 by libarchive's tar; see fs.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <tenonctrl/why.h>
#include <unistd.h>
#include "fs.h"
#include "jail.h"
#include "tool.h"
#include "wire.h"

#define DISK_DIR "/disk"
#define OUT	 (JAIL_FD + 1)

bool fs_extract_can(const char *type, const char *path)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789/._-+";

	return type && (!strcmp(type, "vfat") || !strcmp(type, "iso9660")) &&
	       !path[strspn(path, good)];
}

/* mcopy opens the disk by path. */
static int copy_vfat(const struct fs_extract *x, struct why *why)
{
	char said[TOOL_SAID_MAX], name[SOURCE_PATH_MAX + 4];
	char *const argv[] = { "/usr/bin/mcopy", "-n", "-i", DISK_DIR "/0",
		name, "-", NULL };
	int ret;

	snprintf(name, sizeof(name), "::%s", x->path);
	if (mkdir(DISK_DIR, 0755))
		return why_set(
			why, -errno, "%s: %s", DISK_DIR, strerror(errno));
	ret = window_mount(DISK_DIR, JAIL_FD, x->volume->windows, 1, why);
	return ret ? ret : tool_run(argv, JAIL_GRUB, OUT, said, why);
}

/* tar reads its standard input from where it stands. */
static int copy_iso(const struct fs_extract *x, struct why *why)
{
	char said[TOOL_SAID_MAX], name[SOURCE_PATH_MAX + 1];
	char *const argv[] = { "/usr/bin/bsdtar", "-xOqf", "-", "--", name,
		NULL };

	snprintf(name, sizeof(name), "%s", x->path + 1);
	if (lseek(JAIL_FD, (off_t)x->volume->windows[0].start, SEEK_SET) < 0 ||
		dup2(JAIL_FD, 0) < 0)
		return why_set(why, -errno, "the disk: %s", strerror(errno));
	return tool_run(argv, JAIL_GRUB, OUT, said, why);
}

int fs_extract_run(void *arg)
{
	const struct fs_extract *x = arg;
	off_t before = lseek(OUT, 0, SEEK_CUR), after;
	struct wire_message m = { 0 };
	struct why why;
	int ret = strcmp(x->type, "vfat") ? copy_iso(x, &why)
					  : copy_vfat(x, &why);

	after = lseek(OUT, 0, SEEK_CUR);
	if (ret)
		return wire_fail(JAIL_SOCK, ret, &why) ? 1 : 0;
	m.b = (uint64_t)(after - before);
	return wire_answer(JAIL_SOCK, &m, 0, NULL, 0) ? 1 : 0;
}
