/* SPDX-License-Identifier: BSD-2-Clause */
/* The broker's questions to a driver of file systems; see fs.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/why.h>
#include <unistd.h>
#include "fs.h"
#include "jail.h"
#include "wire.h"

/* Names of a directory that one answer holds. */
struct names {
	char *bytes;
	size_t size, count;
};

static int add_name(void *arg, const char *name)
{
	struct names *names = arg;
	size_t len = strlen(name) + 1;

	if (names->count == SOURCE_NAMES_MAX + 1 ||
		len > WIRE_CHUNK_MAX - names->size)
		return 1;
	memcpy(names->bytes + names->size, name, len);
	names->size += len;
	names->count++;
	return 0;
}

static int answer_stat(const struct fs_ops *ops, void *ctx, const char *path)
{
	struct wire_message m = { 0 };
	struct source_stat stat;
	int ret = ops->stat(ctx, path, &stat);

	if (!ret) {
		m.a = stat.type;
		m.b = stat.size;
	}
	return wire_answer(JAIL_SOCK, &m, ret, NULL, 0);
}

static int answer_read(const struct fs_ops *ops, void *ctx, const char *path,
	const struct wire_message *ask, char *buf)
{
	struct wire_message m = { 0 };
	size_t got = 0;
	int ret = ask->c > WIRE_CHUNK_MAX
			  ? -EINVAL
			  : ops->read(ctx, path, ask->b, buf, ask->c, &got);

	return wire_answer(JAIL_SOCK, &m, ret, buf, ret ? 0 : got);
}

static int answer_list(
	const struct fs_ops *ops, void *ctx, const char *path, char *buf)
{
	struct names names = { .bytes = buf };
	struct wire_message m = { 0 };
	int ret = ops->list(ctx, path, add_name, &names);

	return wire_answer(JAIL_SOCK, &m, ret > 0 ? 0 : ret, buf,
		ret < 0 ? 0 : names.size);
}

static int write_all(int fd, const char *buf, size_t len)
{
	while (len) {
		ssize_t n = write(fd, buf, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}

static int copy(const struct fs_ops *ops, void *ctx, const char *path,
	uint64_t offset, uint64_t length, int out, char *buf)
{
	int done = ops->copy ? ops->copy(ctx, path, offset, length, out)
			     : -ENOTSUP;

	if (done != -ENOTSUP)
		return done;
	while (length) {
		size_t want = length < WIRE_CHUNK_MAX ? length : WIRE_CHUNK_MAX;
		size_t got = 0;
		int ret = ops->read(ctx, path, offset, buf, want, &got);

		if (!ret)
			ret = write_all(out, buf, got);
		if (ret)
			return ret;
		if (got < want)
			return -ERANGE;
		offset += got;
		length -= got;
	}
	return 0;
}

static int answer_copy(const struct fs_ops *ops, void *ctx, const char *path,
	const struct wire_message *ask, int out, char *buf)
{
	struct wire_message m = { 0 };
	struct source_stat stat;
	uint64_t length = ask->c;
	int ret = out < 0 ? -EPROTO : ops->stat(ctx, path, &stat);

	if (!ret && stat.type != SOURCE_FILE)
		ret = stat.type == SOURCE_DIRECTORY ? -EISDIR : -EINVAL;
	if (!ret && (ask->b > stat.size || length > stat.size - ask->b))
		ret = -ERANGE;
	if (!ret && !length)
		length = stat.size - ask->b;
	if (!ret)
		ret = copy(ops, ctx, path, ask->b, length, out, buf);
	m.b = length;
	return wire_answer(JAIL_SOCK, &m, ret, NULL, 0);
}

int fs_serve(const struct fs_ops *ops, void *ctx)
{
	char *buf = malloc(WIRE_CHUNK_MAX), *path = NULL;
	struct wire_message m;
	int ret = buf ? 0 : -ENOMEM, out = -1;

	while (!ret) {
		ret = wire_receive(JAIL_SOCK, &m, &path, &out, -1);
		if (ret)
			break;
		switch (m.op) {
		case WIRE_STAT:
			ret = answer_stat(ops, ctx, path);
			break;
		case WIRE_READ:
			ret = answer_read(ops, ctx, path, &m, buf);
			break;
		case WIRE_LIST:
			ret = answer_list(ops, ctx, path, buf);
			break;
		case WIRE_COPY:
			ret = answer_copy(ops, ctx, path, &m, out, buf);
			break;
		default:
			ret = -EPROTO;
			break;
		}
		free(path);
		if (out >= 0)
			close(out);
	}
	free(buf);
	return ret == -EPIPE ? 0 : 1;
}
