/* SPDX-License-Identifier: BSD-2-Clause */
/* Boot loaders that domcreate runs: what they print, and how they fail. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <tenonctrl/why.h>
#include "common/bootloader.h"

static int parse(const char *text, size_t size)
{
	const char *kernel, *ramdisk, *args;
	/* Its own memory, so that reading past the end is seen. */
	char *copy = malloc(size ? size : 1);
	int ret;

	assert_non_null(copy);
	memcpy(copy, text, size);
	ret = bootloader_parse(copy, size, &kernel, &ramdisk, &args);
	free(copy);
	return ret;
}

static void output(void **state)
{
	static const char good[] = "kernel /k\0ramdisk /r\0args a=b c\0";
	const char *kernel, *ramdisk, *args;

	(void)state;
	assert_int_equal(bootloader_parse(good, sizeof(good) - 1, &kernel,
				 &ramdisk, &args),
		0);
	assert_string_equal(kernel, "/k");
	assert_string_equal(ramdisk, "/r");
	assert_string_equal(args, "a=b c");
	assert_int_equal(parse("kernel /k", 10), 0);
	assert_int_equal(parse("", 0), -EINVAL);
	assert_int_equal(parse("kernel /k", 9), -EINVAL);
	assert_int_equal(parse("kernel k", 9), -EINVAL);
	assert_int_equal(parse("kernel /k\0ramdisk r", 20), -EINVAL);
	assert_int_equal(parse("linux /k", 9), -EINVAL);
	assert_int_equal(parse("ramdisk /r", 11), -EINVAL);
}

/* A loader of one's own: a script with `body`. */
static void write_script(const char *path, const char *body)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", body);
	fclose(file);
	assert_int_equal(chmod(path, 0755), 0);
}

static void programs(void **state)
{
	static const char *const args[] = { "--entry", "2", NULL };
	char folder[] = "/tmp/tenon-bootloader-XXXXXX", path[64], file[64],
	     body[512], byte;
	struct bootloader b = { .program = path, .args = args, .disk = "/d" };
	struct booted out;
	struct why why;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/loader", folder);
	snprintf(file, sizeof(file), "%s/kernel", folder);
	snprintf(body, sizeof(body),
		"[ \"$*\" = '--entry 2 --quiet --output=/dev/fd/3 "
		"--output-format=simple0 /d' ] || exit 5\n"
		"printf K >%s\n"
		"printf 'kernel %s\\0args root=/dev/xvda\\0' >/dev/fd/3",
		file, file);
	write_script(path, body);
	assert_int_equal(bootloader_run(&b, &out, &why), 0);
	assert_string_equal(out.cmdline, "root=/dev/xvda");
	assert_int_equal(out.ramdisk_fd, -1);
	assert_int_equal(pread(out.kernel_fd, &byte, 1, 0), 1);
	assert_int_equal(byte, 'K');
	/* Its name is gone already. */
	assert_int_equal(access(file, F_OK), -1);
	bootloader_free(&out);

	write_script(path, "exit 1");
	assert_int_equal(bootloader_run(&b, &out, &why), -EIO);
	assert_non_null(strstr(why.text, "/d"));
	write_script(path, "head -c 100000 /dev/zero >/dev/fd/3");
	assert_int_equal(bootloader_run(&b, &out, &why), -EIO);
	write_script(path, "printf 'kernel /none/k\\0' >/dev/fd/3");
	assert_int_equal(bootloader_run(&b, &out, &why), -ENOENT);
	b.program = "/none/loader";
	assert_int_equal(bootloader_run(&b, &out, &why), -ENOENT);
	assert_non_null(strstr(why.text, "/none/loader"));
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output),
		cmocka_unit_test(programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
