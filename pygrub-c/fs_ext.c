/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ext2, 3 and 4 by libext2fs, over an I/O manager that can read a part of the
 * disk's descriptor and nothing else. The journal is not replayed.
 */
#include <errno.h>
#include <ext2fs/ext2fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <tenonctrl/why.h>
#include <unistd.h>
#include "fs.h"
#include "jail.h"
#include "wire.h"

/* An open function gets no context: there is one volume in a process. */
static struct window part;

static errcode_t disk_open(const char *name, int flags, io_channel *channel);

static errcode_t disk_close(io_channel channel)
{
	free(channel->name);
	free(channel);
	return 0;
}

static errcode_t disk_set_blksize(io_channel channel, int size)
{
	channel->block_size = size;
	return 0;
}

static errcode_t disk_read_blk64(
	io_channel channel, unsigned long long block, int count, void *data)
{
	uint64_t size = (uint64_t)channel->block_size, len, offset;

	/* A negative count is of bytes. */
	len = count < 0 ? (uint64_t) - (int64_t)count : (uint64_t)count * size;
	if (__builtin_mul_overflow(block, size, &offset) ||
		offset > part.size || len > part.size - offset)
		return EXT2_ET_SHORT_READ;
	for (uint64_t have = 0; have < len;) {
		ssize_t n = pread(JAIL_FD, (char *)data + have, len - have,
			(off_t)(part.start + offset + have));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? errno : EXT2_ET_SHORT_READ;
		have += (uint64_t)n;
	}
	return 0;
}

static errcode_t disk_read_blk(
	io_channel channel, unsigned long block, int count, void *data)
{
	return disk_read_blk64(channel, block, count, data);
}

static errcode_t disk_write_blk(
	io_channel channel, unsigned long block, int count, const void *data)
{
	(void)channel, (void)block, (void)count, (void)data;
	return EROFS;
}

static errcode_t disk_write_blk64(io_channel channel, unsigned long long block,
	int count, const void *data)
{
	(void)channel, (void)block, (void)count, (void)data;
	return EROFS;
}

static errcode_t disk_flush(io_channel channel)
{
	(void)channel;
	return 0;
}

static struct struct_io_manager manager = {
	.magic = EXT2_ET_MAGIC_IO_MANAGER,
	.name = "a part of the guest's disk",
	.open = disk_open,
	.close = disk_close,
	.set_blksize = disk_set_blksize,
	.read_blk = disk_read_blk,
	.read_blk64 = disk_read_blk64,
	.write_blk = disk_write_blk,
	.write_blk64 = disk_write_blk64,
	.flush = disk_flush,
};

static errcode_t disk_open(const char *name, int flags, io_channel *channel)
{
	struct struct_io_channel *io = calloc(1, sizeof(*io));

	(void)flags;
	if (!io)
		return ENOMEM;
	io->magic = EXT2_ET_MAGIC_IO_CHANNEL;
	io->manager = &manager;
	io->name = strdup(name);
	io->block_size = 1024;
	io->refcount = 1;
	if (!io->name) {
		free(io);
		return ENOMEM;
	}
	*channel = io;
	return 0;
}

/* The library's error as an errno. */
static int error_of(errcode_t e)
{
	switch (e) {
	case 0:
		return 0;
	case EXT2_ET_FILE_NOT_FOUND:
		return -ENOENT;
	case EXT2_ET_NO_DIRECTORY:
		return -ENOTDIR;
	case EXT2_ET_SYMLINK_LOOP:
		return -ELOOP;
	case EXT2_ET_NO_MEMORY:
		return -ENOMEM;
	default:
		return e > 0 && e < 256 ? -(int)e : -EIO;
	}
}

static int find(ext2_filsys fs, const char *path, ext2_ino_t *ino,
	struct ext2_inode *inode)
{
	errcode_t e = ext2fs_namei_follow(
		fs, EXT2_ROOT_INO, EXT2_ROOT_INO, path, ino);

	if (!e)
		e = ext2fs_read_inode(fs, *ino, inode);
	return error_of(e);
}

static int ext_stat(void *ctx, const char *path, struct source_stat *stat)
{
	struct ext2_inode inode;
	ext2_ino_t ino;
	int ret = find(ctx, path, &ino, &inode);

	if (ret)
		return ret;
	stat->type = LINUX_S_ISREG(inode.i_mode)   ? SOURCE_FILE
		     : LINUX_S_ISDIR(inode.i_mode) ? SOURCE_DIRECTORY
						   : SOURCE_OTHER;
	stat->size = stat->type == SOURCE_FILE ? EXT2_I_SIZE(&inode) : 0;
	return 0;
}

static int open_file(
	ext2_filsys fs, const char *path, uint64_t offset, ext2_file_t *file)
{
	struct ext2_inode inode;
	ext2_ino_t ino;
	int ret = find(fs, path, &ino, &inode);

	if (!ret && !LINUX_S_ISREG(inode.i_mode))
		ret = LINUX_S_ISDIR(inode.i_mode) ? -EISDIR : -EINVAL;
	if (!ret)
		ret = error_of(ext2fs_file_open(fs, ino, 0, file));
	if (ret)
		return ret;
	ret = error_of(ext2fs_file_llseek(*file, offset, EXT2_SEEK_SET, NULL));
	if (ret)
		ext2fs_file_close(*file);
	return ret;
}

static int read_on(ext2_file_t file, char *buf, size_t len, size_t *got)
{
	*got = 0;
	while (*got < len) {
		unsigned int n = 0;
		errcode_t e = ext2fs_file_read(
			file, buf + *got, (unsigned int)(len - *got), &n);

		*got += n;
		if (e)
			return error_of(e);
		if (!n)
			break;
	}
	return 0;
}

static int ext_read(void *ctx, const char *path, uint64_t offset, void *buf,
	size_t len, size_t *got)
{
	ext2_file_t file;
	int ret = open_file(ctx, path, offset, &file);

	if (ret)
		return ret;
	ret = read_on(file, buf, len, got);
	ext2fs_file_close(file);
	return ret;
}

/* A file's blocks on their way to a descriptor. */
struct copier {
	uint64_t size;	/* of the file, in bytes */
	uint64_t base;	/* where it begins in the output */
	uint64_t block; /* bytes of one */
	int out;
	/* A run of blocks that is not copied yet, in blocks. */
	uint64_t logical, physical, count;
	int result;
};

/* Straight from the disk, without a copy of the bytes here. */
static int send_bytes(uint64_t from, uint64_t to, uint64_t len, int out)
{
	off_t at = (off_t)(part.start + from);

	if (from > part.size || len > part.size - from)
		return -EIO;
	if (lseek(out, (off_t)to, SEEK_SET) < 0)
		return -errno;
	while (len) {
		ssize_t n = sendfile(out, JAIL_FD, &at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		len -= (uint64_t)n;
	}
	return 0;
}

static int flush_run(struct copier *c)
{
	uint64_t from, to, len;

	if (!c->count)
		return 0;
	to = c->logical * c->block;
	len = c->count * c->block;
	c->count = 0;
	if (to >= c->size)
		return 0;
	if (len > c->size - to)
		len = c->size - to;
	if (__builtin_mul_overflow(c->physical, c->block, &from))
		return -EIO;
	return send_bytes(from, c->base + to, len, c->out);
}

/* Blocks come in the order of the file, or the file is damaged. */
static int add_run(
	struct copier *c, uint64_t logical, uint64_t physical, uint64_t count)
{
	int ret;

	if (logical < c->logical + c->count)
		return -EIO;
	if (c->count && logical == c->logical + c->count &&
		physical == c->physical + c->count) {
		c->count += count;
		return 0;
	}
	ret = flush_run(c);
	c->logical = logical;
	c->physical = physical;
	c->count = count;
	return ret;
}

static int copy_extents(ext2_filsys fs, ext2_ino_t ino,
	struct ext2_inode *inode, struct copier *c)
{
	int op = EXT2_EXTENT_ROOT, ret = 0;
	struct ext2fs_extent extent;
	ext2_extent_handle_t handle;
	errcode_t e = ext2fs_extent_open2(fs, ino, inode, &handle);

	if (e)
		return error_of(e);
	while (!ret && !(e = ext2fs_extent_get(handle, op, &extent))) {
		op = EXT2_EXTENT_NEXT;
		/* What is allocated and not written reads as zeros. */
		if (!(extent.e_flags & EXT2_EXTENT_FLAGS_LEAF) ||
			(extent.e_flags & (EXT2_EXTENT_FLAGS_SECOND_VISIT |
						  EXT2_EXTENT_FLAGS_UNINIT)))
			continue;
		ret = add_run(c, extent.e_lblk, extent.e_pblk, extent.e_len);
	}
	ext2fs_extent_free(handle);
	if (!ret && e != EXT2_ET_EXTENT_NO_NEXT && e != EXT2_ET_NO_CURRENT_NODE)
		ret = error_of(e);
	return ret;
}

static int add_block(ext2_filsys fs, blk64_t *block, e2_blkcnt_t logical,
	blk64_t ref_block, int ref_offset, void *private)
{
	struct copier *c = private;

	(void)fs, (void)ref_block, (void)ref_offset;
	if (logical >= 0)
		c->result = add_run(c, (uint64_t)logical, *block, 1);
	return c->result ? BLOCK_ABORT : 0;
}

static int copy_blocks(ext2_filsys fs, ext2_ino_t ino, struct copier *c)
{
	errcode_t e = ext2fs_block_iterate3(fs, ino,
		BLOCK_FLAG_READ_ONLY | BLOCK_FLAG_DATA_ONLY, NULL, add_block,
		c);

	return c->result ? c->result : error_of(e);
}

static int ext_copy(
	void *ctx, const char *path, uint64_t offset, uint64_t length, int out)
{
	ext2_filsys fs = ctx;
	struct copier c = { .block = fs->blocksize, .out = out };
	struct ext2_inode inode;
	ext2_ino_t ino;
	off_t base = lseek(out, 0, SEEK_CUR);
	int ret = base < 0 ? -errno : find(fs, path, &ino, &inode);

	if (ret)
		return ret;
	c.size = EXT2_I_SIZE(&inode);
	c.base = (uint64_t)base;
	if (offset || length != c.size || (inode.i_flags & EXT4_INLINE_DATA_FL))
		return -ENOTSUP;
	if (inode.i_flags & EXT4_EXTENTS_FL)
		ret = copy_extents(fs, ino, &inode, &c);
	else
		ret = copy_blocks(fs, ino, &c);
	if (!ret)
		ret = flush_run(&c);
	/* Holes at the end. */
	if (!ret && (ftruncate(out, (off_t)(c.base + c.size)) ||
			    lseek(out, 0, SEEK_END) < 0))
		ret = -errno;
	return ret;
}

struct lister {
	int (*each)(void *arg, const char *name);
	void *arg;
	int result;
};

static int list_one(struct ext2_dir_entry *entry, int offset, int blocksize,
	char *buf, void *private)
{
	struct lister *l = private;
	char name[EXT2_NAME_LEN + 1];
	size_t len = (size_t)ext2fs_dirent_name_len(entry);

	(void)offset, (void)blocksize, (void)buf;
	memcpy(name, entry->name, len);
	name[len] = '\0';
	if (!strcmp(name, ".") || !strcmp(name, "..") || strlen(name) != len ||
		strchr(name, '/') || !len)
		return 0;
	l->result = l->each(l->arg, name);
	return l->result ? DIRENT_ABORT : 0;
}

static int ext_list(void *ctx, const char *path,
	int (*each)(void *arg, const char *name), void *arg)
{
	struct lister l = { .each = each, .arg = arg };
	struct ext2_inode inode;
	ext2_ino_t ino;
	int ret = find(ctx, path, &ino, &inode);

	if (!ret && !LINUX_S_ISDIR(inode.i_mode))
		ret = -ENOTDIR;
	if (!ret)
		ret = error_of(
			ext2fs_dir_iterate(ctx, ino, 0, NULL, list_one, &l));
	return ret ? ret : l.result;
}

static int receive_part(struct why *why)
{
	struct wire_message m;
	char *payload;
	int ret = wire_receive(JAIL_SOCK, &m, &payload, NULL, -1);

	if (ret)
		return ret;
	free(payload);
	if (m.op != WIRE_VOLUME)
		return why_set(why, -EPROTO, "%s", strerror(EPROTO));
	part = (struct window){ .start = m.a, .size = m.b };
	return 0;
}

int fs_ext_run(void *unused)
{
	static const struct fs_ops ops = { .stat = ext_stat,
		.read = ext_read,
		.list = ext_list,
		.copy = ext_copy };
	ext2_filsys fs;
	struct why why;
	errcode_t e;
	int ret;

	(void)unused;
	initialize_ext2_error_table();
	ret = jail_lock(JAIL_DISK);
	if (ret)
		why_set(&why, ret, "no filter of system calls: %s",
			strerror(-ret));
	else
		ret = receive_part(&why);
	/* It was not needed. */
	if (ret == -EPIPE)
		return 0;
	if (!ret) {
		e = ext2fs_open("part", EXT2_FLAG_64BITS, 0, 0, &manager, &fs);
		if (e)
			ret = why_set(
				&why, -EIO, "libext2fs: %s", error_message(e));
	}
	if (ret) {
		wire_fail(JAIL_SOCK, ret, &why);
		return 1;
	}
	return fs_serve(&ops, fs);
}
