/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What domrun packs for its guests: a folder's tree as the kernel will unpack
 * it, and the modules that an image needs, each after what it needs.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <tenonctrl/why.h>
#include "run/cpio.h"
#include "run/modules.h"

static char dir[] = "/tmp/tenon-run-XXXXXX";

/* A command with the folder as its $D. */
static void sh(const char *command)
{
	setenv("D", dir, 1);
	assert_int_equal(system(command), 0);
}

static int start(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	return system("rm -rf $D");
}

/* An entry of an archive, as a reader of its own finds it. */
struct entry {
	const char *name, *bytes;
	unsigned int mode, size, nlink;
};

static unsigned int field(const char *header, int number)
{
	char text[9] = "";

	memcpy(text, header + 6 + number * 8, 8);
	return (unsigned int)strtoul(text, NULL, 16);
}

/* Finds the name; the number of entries before the last one. */
static int read_archive(
	const char *bytes, size_t size, const char *name, struct entry *found)
{
	size_t at = 0;
	int count = 0;

	found->name = NULL;
	for (;;) {
		const char *header = bytes + at;
		struct entry e;

		assert_true(at + 110 < size && at % 4 == 0);
		assert_memory_equal(header, "070701", 6);
		e.mode = field(header, 1);
		e.nlink = field(header, 4);
		e.size = field(header, 6);
		e.name = header + 110;
		assert_int_equal(strlen(e.name) + 1, field(header, 11));
		at = (at + 110 + strlen(e.name) + 1 + 3) & ~3UL;
		e.bytes = bytes + at;
		at = (at + e.size + 3) & ~3UL;
		assert_true(at <= size);
		if (!strcmp(e.name, "TRAILER!!!")) {
			assert_int_equal(at, size);
			return count;
		}
		count++;
		if (!strcmp(e.name, name))
			*found = e;
	}
}

static void tree(void **state)
{
	struct why why = { "" };
	struct cpio c = { .limit = 1 << 20, .why = &why };
	struct entry e;
	char *bytes, path[64];
	size_t size;

	(void)state;
	sh("mkdir -p $D/t/a/b $D/t/.tenon && printf hello >$D/t/a/b/file && "
	   "chmod 4751 $D/t/a/b/file && ln -s ../x $D/t/a/link && "
	   "mkfifo $D/t/pipe && ln $D/t/a/b/file $D/t/hard && "
	   "echo no >$D/t/.tenon/init");
	c.out = open_memstream(&bytes, &size);
	snprintf(path, sizeof(path), "%s/t", dir);
	assert_int_equal(cpio_tree(&c, path, ".tenon"), 0);
	assert_int_equal(cpio_bytes(&c, ".tenon/argv", 0600, "ls\0-l", 6), 0);
	assert_int_equal(cpio_end(&c), 0);
	fclose(c.out);
	assert_int_equal(read_archive(bytes, size, "a/b/file", &e), 7);
	assert_non_null(e.name);
	assert_int_equal(e.mode, S_IFREG | 04751);
	assert_int_equal(e.size, 5);
	/* Or the kernel would look for its other name. */
	assert_int_equal(e.nlink, 1);
	assert_memory_equal(e.bytes, "hello", 5);
	read_archive(bytes, size, "hard", &e);
	assert_int_equal(e.size, 5);
	read_archive(bytes, size, "a/link", &e);
	assert_int_equal(e.mode & S_IFMT, S_IFLNK);
	assert_memory_equal(e.bytes, "../x", 4);
	read_archive(bytes, size, "a/b", &e);
	assert_int_equal(e.mode & S_IFMT, S_IFDIR);
	read_archive(bytes, size, "pipe", &e);
	assert_int_equal(e.mode & S_IFMT, S_IFIFO);
	read_archive(bytes, size, ".tenon/argv", &e);
	assert_memory_equal(e.bytes, "ls\0-l", 6);
	read_archive(bytes, size, ".tenon/init", &e);
	assert_null(e.name);
	free(bytes);
}

static void limits(void **state)
{
	struct why why = { "" };
	struct cpio c = { .limit = 300, .why = &why };
	char *bytes, big[300] = "";
	size_t size;

	(void)state;
	c.out = open_memstream(&bytes, &size);
	assert_int_equal(cpio_folder(&c, "x"), 0);
	assert_int_equal(cpio_bytes(&c, "big", 0600, big, 300), -EFBIG);
	assert_non_null(strstr(why.text, "-m"));
	/* The first error is the one that stays. */
	assert_int_equal(cpio_tree(&c, "/none", ""), -EFBIG);
	assert_int_equal(cpio_end(&c), -EFBIG);
	fclose(c.out);
	assert_true(size <= 300);
	free(bytes);
	c = (struct cpio){ .limit = 1000, .why = &why, .out = stderr };
	assert_int_equal(cpio_tree(&c, "/none", ""), -ENOENT);
	assert_non_null(strstr(why.text, "/none"));
}

static void release(void **state)
{
	char text[MODULES_RELEASE_MAX], path[64];
	struct why why;

	(void)state;
	snprintf(path, sizeof(path), "%s/kernel", dir);
	assert_int_equal(modules_release("/none", text, &why), -ENOENT);
	sh("head -c 600 /dev/zero >$D/kernel");
	assert_int_equal(modules_release(path, text, &why), -EINVAL);
	/* The version stands 0x40 behind the setup's begin. */
	sh("printf HdrS | dd of=$D/kernel bs=1 seek=514 conv=notrunc 2>/dev/null;"
	   "printf '\\100\\0' | dd of=$D/kernel bs=1 seek=526 conv=notrunc "
	   "2>/dev/null; printf '6.1.0-x (who) #1' | "
	   "dd of=$D/kernel bs=1 seek=576 conv=notrunc 2>/dev/null");
	assert_int_equal(modules_release(path, text, &why), 0);
	assert_string_equal(text, "6.1.0-x");
	/* Nothing that leads elsewhere. */
	sh("printf '../../etc (' | "
	   "dd of=$D/kernel bs=1 seek=576 conv=notrunc 2>/dev/null");
	assert_int_equal(modules_release(path, text, &why), -EINVAL);
}

static const char *base(const struct modules *m, unsigned int i)
{
	static char text[64];
	const char *line = m->list[i], *end = strchr(line, ':'), *at = end;

	while (at > line && at[-1] != '/')
		at--;
	snprintf(text, sizeof(text), "%.*s", (int)(end - at), at);
	return text;
}

static void order(void **state)
{
	struct modules m;
	struct why why;
	struct cpio c = { .limit = 1 << 20, .why = &why };
	struct entry e;
	char *bytes;
	size_t size;

	(void)state;
	assert_int_equal(modules_open(&m, dir, "none", &why), -ENOENT);
	sh("mkdir -p $D/r/k && cd $D/r && for m in ext4 jbd2 mbcache crc16 "
	   "xen-blkfront; do echo $m >k/$m.ko; done && "
	   "echo k/x.ko.xz: >modules.dep && echo k/ring1.ko: k/ring2.ko "
	   ">>modules.dep && echo k/ring2.ko: k/ring1.ko >>modules.dep && "
	   "echo 'k/ext4.ko: k/mbcache.ko k/jbd2.ko k/crc16.ko' >>modules.dep "
	   "&& echo 'k/jbd2.ko: k/crc16.ko' >>modules.dep && for m in mbcache "
	   "crc16 xen-blkfront; do echo k/$m.ko: >>modules.dep; done && "
	   "echo kernel/fs/squashfs.ko >modules.builtin");
	assert_int_equal(modules_open(&m, dir, "r", &why), 0);
	assert_int_equal(modules_add(&m, "xen_blkfront", &why), 0);
	assert_int_equal(modules_add(&m, "ext4", &why), 0);
	assert_int_equal(modules_add(&m, "jbd2", &why), 0);
	assert_int_equal(modules_add(&m, "squashfs", &why), 0);
	assert_int_equal(m.count, 5);
	assert_string_equal(base(&m, 0), "xen-blkfront.ko");
	assert_string_equal(base(&m, 1), "crc16.ko");
	assert_string_equal(base(&m, 2), "jbd2.ko");
	assert_string_equal(base(&m, 3), "mbcache.ko");
	assert_string_equal(base(&m, 4), "ext4.ko");
	assert_int_equal(modules_add(&m, "ext", &why), -ENOENT);
	assert_int_equal(modules_add(&m, "x", &why), -ENOTSUP);
	assert_int_equal(modules_add(&m, "ring1", &why), -ELOOP);
	c.out = open_memstream(&bytes, &size);
	assert_int_equal(modules_write(&m, &c, ".tenon"), 0);
	assert_int_equal(cpio_end(&c), 0);
	fclose(c.out);
	assert_int_equal(read_archive(bytes, size, ".tenon/04.ko", &e), 5);
	assert_memory_equal(e.bytes, "ext4", 4);
	free(bytes);
	modules_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree),
		cmocka_unit_test(limits),
		cmocka_unit_test(release),
		cmocka_unit_test(order),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
