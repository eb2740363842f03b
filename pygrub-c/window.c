/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parts of a disk as files of a FUSE file system; see window.h. The other side
 * is the kernel of this machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <tenonctrl/why.h>
#include <unistd.h>
#include "jail.h"
#include "window.h"

#define READ_MAX   (1U << 20) /* bytes of a read; 256 pages of 4 KiB */
#define NODE_FIRST (FUSE_ROOT_ID + 1)
#define FOR_EVER   3600 /* seconds that names and sizes are good for */

struct server {
	int fuse, disk;
	const struct window *windows;
	unsigned int count;
	uint8_t *buf; /* READ_MAX */
};

static void reply(const struct server *s, uint64_t unique, int error,
	const void *data, size_t len)
{
	struct fuse_out_header out = {
		.len = (uint32_t)(sizeof(out) + len),
		.error = error,
		.unique = unique,
	};
	struct iovec parts[2] = {
		{ .iov_base = &out, .iov_len = sizeof(out) },
		{ .iov_base = (void *)(uintptr_t)data, .iov_len = len },
	};

	/* One that was interrupted is gone: nobody waits. */
	if (writev(s->fuse, parts, len ? 2 : 1) < 0)
		return;
}

static bool fill_attr(
	const struct server *s, uint64_t node, struct fuse_attr *attr)
{
	*attr = (struct fuse_attr){ .ino = node, .nlink = 1, .blksize = 4096 };
	if (node == FUSE_ROOT_ID) {
		attr->mode = S_IFDIR | 0555;
		return true;
	}
	if (node < NODE_FIRST || node - NODE_FIRST >= s->count)
		return false;
	attr->mode = S_IFREG | 0444;
	attr->size = s->windows[node - NODE_FIRST].size;
	attr->blocks = attr->size / 512;
	return true;
}

static void do_init(
	const struct server *s, uint64_t unique, const struct fuse_init_in *in)
{
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = in->max_readahead < READ_MAX
					 ? in->max_readahead
					 : READ_MAX,
		.flags = in->flags & (FUSE_ASYNC_READ | FUSE_MAX_PAGES),
		.max_write = 4096,
		.max_pages = READ_MAX / 4096,
	};

	reply(s, unique, 0, &out, sizeof(out));
}

static void do_lookup(
	const struct server *s, uint64_t unique, uint64_t dir, const char *name)
{
	struct fuse_entry_out out = { .entry_valid = FOR_EVER,
		.attr_valid = FOR_EVER };
	char *end;
	unsigned long n = strtoul(name, &end, 10);

	out.nodeid = NODE_FIRST + n;
	if (dir != FUSE_ROOT_ID || *end || n >= s->count ||
		!fill_attr(s, out.nodeid, &out.attr))
		reply(s, unique, -ENOENT, NULL, 0);
	else
		reply(s, unique, 0, &out, sizeof(out));
}

static void do_read(const struct server *s, uint64_t unique, uint64_t node,
	const struct fuse_read_in *in)
{
	uint64_t i = node - NODE_FIRST, len = in->size;
	size_t have = 0;

	if (node < NODE_FIRST || i >= s->count || len > READ_MAX) {
		reply(s, unique, -EINVAL, NULL, 0);
		return;
	}
	if (in->offset >= s->windows[i].size)
		len = 0;
	else if (len > s->windows[i].size - in->offset)
		len = s->windows[i].size - in->offset;
	while (have < len) {
		ssize_t n = pread(s->disk, s->buf + have, len - have,
			(off_t)(s->windows[i].start + in->offset + have));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			reply(s, unique, -EIO, NULL, 0);
			return;
		}
		if (!n)
			break;
		have += (size_t)n;
	}
	reply(s, unique, 0, s->buf, have);
}

static void serve_one(const struct server *s, const struct fuse_in_header *in)
{
	const void *body = in + 1;
	struct fuse_attr_out attr = { .attr_valid = FOR_EVER };
	struct fuse_open_out open_out = { .open_flags = FOPEN_KEEP_CACHE };

	switch (in->opcode) {
	case FUSE_INIT:
		do_init(s, in->unique, body);
		break;
	case FUSE_LOOKUP:
		do_lookup(s, in->unique, in->nodeid, body);
		break;
	case FUSE_GETATTR:
		if (fill_attr(s, in->nodeid, &attr.attr))
			reply(s, in->unique, 0, &attr, sizeof(attr));
		else
			reply(s, in->unique, -ENOENT, NULL, 0);
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		reply(s, in->unique, 0, &open_out, sizeof(open_out));
		break;
	case FUSE_READ:
		do_read(s, in->unique, in->nodeid, body);
		break;
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		reply(s, in->unique, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break; /* these have no answer */
	default:
		reply(s, in->unique, -ENOSYS, NULL, 0);
		break;
	}
}

static _Noreturn void serve(struct server *s)
{
	/* The kernel wants room for a request of this size at least. */
	static union {
		struct fuse_in_header head;
		char space[FUSE_MIN_READ_BUFFER + 4096];
	} request;

	for (;;) {
		ssize_t n = read(s->fuse, &request, sizeof(request) - 1);

		if (n < 0 && (errno == EINTR || errno == ENOENT))
			continue;
		if (n < (ssize_t)sizeof(request.head))
			_exit(n == -1 && errno == ENODEV ? 0 : 1);
		request.space[n] = '\0';
		serve_one(s, &request.head);
	}
}

int window_mount(const char *path, int disk, const struct window *windows,
	unsigned int count, struct why *why)
{
	struct server s = { .disk = disk, .windows = windows, .count = count };
	char options[80];
	pid_t pid;

	s.fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (s.fuse < 0)
		return why_set(why, -errno,
			"/dev/fuse: %s; GRUB's drivers need FUSE (modprobe "
			"fuse)",
			strerror(errno));
	snprintf(options, sizeof(options),
		"fd=%d,rootmode=40555,user_id=0,group_id=0,max_read=%u", s.fuse,
		READ_MAX);
	if (mount("disk", path, "fuse", MS_NOSUID | MS_NODEV | MS_RDONLY,
		    options))
		return why_set(why, -errno,
			"the disk cannot be shown at %s: "
			"%s",
			path, strerror(errno));
	s.buf = malloc(READ_MAX);
	pid = s.buf ? fork() : -1;
	if (!pid) {
		close(JAIL_SOCK);
		if (jail_lock(JAIL_DISK))
			_exit(1);
		serve(&s);
	}
	free(s.buf);
	close(s.fuse);
	return pid < 0 ? why_set(why, -errno, "the disk's server: %s",
				 strerror(errno))
		       : 0;
}
