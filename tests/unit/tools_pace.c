/* SPDX-License-Identifier: BSD-2-Clause */
/* The pace of restarts: how many quick ones, which guests, what stays. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <tenonctrl/why.h>
#include "common/pace.h"

static char parent[] = "/tmp/tools_pace.XXXXXX", dir[sizeof(parent) + 8];
static const uint8_t one[16] = { 1 }, two[16] = { 2 };

static int count(const uint8_t uuid[16], uint32_t domid, int64_t now)
{
	struct why why = { "" };
	int ret = pace_count(dir, uuid, domid, now, 5, &why);

	assert_true(!ret || why.text[0]);
	return ret;
}

static int files(void)
{
	DIR *list = opendir(dir);
	struct dirent *e;
	int found = 0;

	while (list && (e = readdir(list)))
		found += e->d_name[0] != '.';
	if (list)
		closedir(list);
	return found;
}

static void quick_ones(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(count(one, 10 + i, 100 + i * 59), 0);
		/* A worker that was killed comes again for the same. */
		assert_int_equal(count(one, 10 + i, 101 + i * 59), 0);
		assert_int_equal(count(two, 20, 100), 0);
	}
	assert_int_equal(count(one, 15, 100 + 5 * 59), -ELOOP);
	/* Of that nothing is left: somebody mended it, and it counts anew. */
	assert_int_equal(files(), 1);
	assert_int_equal(count(one, 16, 400), 0);
	/* Slow ones may be any number. */
	for (uint32_t i = 0; i < 50; i++)
		assert_int_equal(count(two, 100 + i, 1000 + i * 60), 0);
}

static void as_many_as_wished(void **state)
{
	struct why why;

	(void)state;
	for (uint32_t i = 0; i < 50; i++)
		assert_int_equal(
			pace_count(dir, one, 200 + i, 9000, 0, &why), 0);
	assert_int_equal(pace_count(dir, one, 300, 9000, 1, &why), -ELOOP);
	assert_int_equal(
		pace_count("/nonexistent/x", one, 1, 1, 5, &why), -ENOENT);
}

static void old_ones_go(void **state)
{
	char path[sizeof(dir) + 64];
	FILE *file;

	(void)state;
	assert_int_equal(count(one, 1, 20000), 0);
	assert_int_equal(count(two, 2, 20030), 0);
	pace_sweep(dir, 20059);
	assert_int_equal(files(), 2);
	pace_sweep(dir, 20060);
	assert_int_equal(files(), 1);
	/* Of another boot of the machine, for the folder was not emptied. */
	pace_sweep(dir, 5);
	assert_int_equal(files(), 0);
	pace_sweep("/nonexistent", 5);
	/* What makes no sense counts as nothing, and is replaced. */
	snprintf(path, sizeof(path), "%s/01000000-0000-0000-0000-000000000000",
		dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("99999999999999999999 x", file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(count(one, 3, 30000), 0);
	assert_int_equal(files(), 1);
	pace_sweep(dir, 40000);
	assert_int_equal(files(), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quick_ones),
		cmocka_unit_test(as_many_as_wished),
		cmocka_unit_test(old_ones_go),
	};
	int ret;

	if (!mkdtemp(parent))
		return 1;
	snprintf(dir, sizeof(dir), "%s/paced", parent);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(parent);
	return ret;
}
