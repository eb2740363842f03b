/* SPDX-License-Identifier: BSD-2-Clause */
/* Images that are not raw; see format.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tenonctrl/why.h>
#include <unistd.h>
#include "format.h"
#include "tool.h"
#include "window.h"
#include "wire.h"

#define IMAGE_DIR   "/image"
#define EXPORT	    "/disk"
#define MEMORY	    (4ULL << 30) /* of addresses; QEMU maps more than it uses */
#define CPU_SECONDS 600
#define START_MS    60000

struct image {
	struct window whole;
	const char *format;
};

static int make_places(struct why *why)
{
	if (mkdir(IMAGE_DIR, 0755) || mknod(EXPORT, S_IFREG | 0644, 0))
		return why_set(why, -errno, "%s: %s", EXPORT, strerror(errno));
	return 0;
}

/* The daemon, in the background; EXPORT shows the disk then. */
static int start_daemon(const char *format, struct why *why)
{
	char said[TOOL_SAID_MAX], node[160];
	char *const argv[] = { "/usr/bin/qemu-storage-daemon", "--daemonize",
		"--blockdev",
		"driver=file,node-name=file,read-only=on,filename=" IMAGE_DIR
		"/0",
		"--blockdev", node, "--export",
		"type=fuse,id=disk,node-name=disk,mountpoint=" EXPORT
		",writable=off,allow-other=off",
		NULL };
	bool has_backing = !strcmp(format, "qcow2") || !strcmp(format, "vmdk");

	/* A name of another file in the image must not be followed. */
	snprintf(node, sizeof(node),
		"{\"driver\":\"%s\",\"node-name\":\"disk\",\"read-only\":true,"
		"\"file\":\"file\"%s}",
		format, has_backing ? ",\"backing\":null" : "");
	return tool_run(argv, JAIL_QEMU, -1, said, why);
}

static int run(void *arg)
{
	struct image *image = arg;
	struct wire_message m = { .op = WIRE_ANSWER };
	struct why why;
	char *payload;
	int disk = -1, ret = make_places(&why);
	off_t size = 0;

	if (!ret)
		ret = window_mount(IMAGE_DIR, JAIL_FD, &image->whole, 1, &why);
	if (!ret)
		ret = start_daemon(image->format, &why);
	if (!ret) {
		disk = open(EXPORT, O_RDONLY | O_CLOEXEC);
		size = disk < 0 ? -1 : lseek(disk, 0, SEEK_END);
		if (size < 0)
			ret = why_set(&why, -errno, "the disk inside: %s",
				strerror(errno));
	}
	if (!ret) {
		ret = jail_lock(JAIL_PARSER);
		if (ret)
			why_set(&why, ret, "no filter of system calls: %s",
				strerror(-ret));
	}
	if (ret) {
		wire_fail(JAIL_SOCK, ret, &why);
		return 1;
	}
	m.b = (uint64_t)size;
	if (wire_send(JAIL_SOCK, &m, NULL, disk))
		return 1;
	/* Its end is the broker's. */
	wire_receive(JAIL_SOCK, &m, &payload, NULL, -1);
	return 0;
}

int format_open(struct jail *jail, int image, uint64_t image_size,
	const char *format, const struct jail_user *user, uint64_t *size,
	struct why *why)
{
	struct image arg = { .whole.size = image_size, .format = format };
	struct jail_spec spec = {
		.name = "the image's jail",
		.user = *user,
		.memory = MEMORY,
		.cpu_seconds = CPU_SECONDS,
		.has_programs = true,
		.fds = { image },
		.fd_count = 1,
		.run = run,
		.arg = &arg,
	};
	struct wire_message m;
	char *payload;
	int disk = -1, ret = jail_start(&spec, jail, why);

	if (ret)
		return ret;
	ret = wire_receive(jail->sock, &m, &payload, &disk, START_MS);
	if (ret)
		return why_set(why, ret, "as %s: the jail %s", format,
			ret == -EPIPE ? "died" : strerror(-ret));
	if (m.op != WIRE_ANSWER || m.status || disk < 0) {
		ret = m.status ? m.status : -EPROTO;
		why_set(why, ret, "as %s: %s", format, payload);
		if (disk >= 0)
			close(disk);
		disk = ret;
	} else {
		*size = m.b;
	}
	free(payload);
	return disk;
}
