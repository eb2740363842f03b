/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is left of domains that are gone: found in a real store and among files,
 * told from what belongs to living ones and from names that only look like it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <fcntl.h>
#include <unistd.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/xs.h>
#include "common/leftovers.h"
#include "store/daemon.h"

/* Each text whole, for lists of them. */
#define IN_VM(uuid, rest) ("/vm/" uuid rest)
#define USERDATA(kind, id, uuid) \
	("/var/lib/xen/userdata-" kind "." id "." uuid ".libxl-json")

#define LIVES "11111111-1111-4111-8111-111111111111"
#define GONE  "22222222-2222-4222-8222-222222222222"

static struct test_daemon test_daemon;
static struct xs *xs;
static const char *const root = test_daemon.files;

static int start(void **state)
{
	(void)state;
	if (test_daemon_start(&test_daemon))
		return -1;
	return xs_open(&xs, test_daemon.socket);
}

static int stop(void **state)
{
	(void)state;
	xs_close(xs);
	return test_daemon_stop(&test_daemon);
}

static void node(const char *path)
{
	assert_int_equal(xs_write(xs, 0, path, "x", 1), 0);
}

/* A file of `size` bytes below the root, its folders made. */
static void file(const char *path, int size)
{
	char command[512];

	snprintf(command, sizeof(command),
		"mkdir -p $(dirname %s%s) && head -c %d /dev/zero >%s%s", root,
		path, size, root, path);
	assert_int_equal(system(command), 0);
}

static bool has(const struct leftovers *l, const char *place)
{
	for (size_t i = 0; i < l->count; i++) {
		const char *at = l->at[i].place;

		/* Records come with the root: they are opened. */
		if (!strncmp(at, root, strlen(root)))
			at += strlen(root);
		if (!strcmp(at, place))
			return true;
	}
	return false;
}

/* Domains 0 and 5 live. */
static void look(struct leftovers *l)
{
	struct xen_domctl_getdomaininfo living[2] = { { .domain = 0 },
		{ .domain = 5 } };

	assert_int_equal(dom_uuid_parse(LIVES, living[1].handle), 0);
	*l = (struct leftovers){ 0 };
	leftovers_collect(l, xs, root);
	assert_int_equal(l->error, 0);
	leftovers_drop_living(l, living, 2);
}

static void store(void **state)
{
	static const char *const left[] = { "/local/domain/7", "/libxl/8",
		IN_VM(GONE, ""), "/local/domain/0/backend/vbd/7",
		"/local/domain/0/error/backend/vif/9",
		"/local/domain/0/device-model/11" };
	static const char *const fine[] = { "/local/domain/0/name",
		"/local/domain/5/name", "/libxl/5/type", IN_VM(LIVES, "/name"),
		"/local/domain/0/backend/vbd/5/51712/state",
		"/local/domain/0/error/backend/vbd/5/51712",
		"/local/domain/0/device-model/5/state", "/vm/nothing",
		IN_VM(GONE, "-1"), "/libxl/07", "/libxl/7x", "/libxl/40000",
		"/local/domain/0/backend/vbd/x" };
	struct leftovers l;

	(void)state;
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		node(fine[i]);
	look(&l);
	assert_int_equal(l.count, 0);
	leftovers_free(&l);
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/some/node", left[i]);
		node(path);
	}
	look(&l);
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		assert_true(has(&l, left[i]));
	assert_int_equal(l.count, sizeof(left) / sizeof(left[0]));
	leftovers_free(&l);
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		assert_int_equal(xs_rm(xs, 0, left[i]), 0);
}

static void files(void **state)
{
	static const char *const left[] = { "/run/tenon/guests/7.cfg",
		USERDATA("d", "7", GONE),
		/* The number is another's by now. */
		USERDATA("d", "5", GONE),
		"/sys/bus/xen-backend/devices/vbd-7-51712",
		"/sys/bus/xen-backend/devices/vif-7-0" };
	static const char *const fine[] = { "/run/tenon/guests/5.cfg",
		"/run/tenon/guests/7.cfg.old", "/run/tenon/restart/7.cfg",
		USERDATA("d", "5", LIVES), USERDATA("n", "7", GONE),
		"/sys/bus/xen-backend/devices/vbd-5-51712" };
	struct leftovers l;

	(void)state;
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		file(fine[i], 1);
	look(&l);
	assert_int_equal(l.count, 0);
	leftovers_free(&l);
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		file(left[i], 1);
	look(&l);
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		assert_true(has(&l, left[i]));
	assert_int_equal(l.count, sizeof(left) / sizeof(left[0]));
	leftovers_free(&l);
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		char path[256];

		snprintf(path, sizeof(path), "%s%s", root, left[i]);
		assert_int_equal(unlink(path), 0);
	}
}

static void records(void **state)
{
	char path[256];
	struct leftovers l;
	int fd;

	(void)state;
	file("/run/xen/tenon-making/" GONE, 1);
	file("/run/xen/tenon-making/not-a-uuid", 1);
	snprintf(path, sizeof(path), "%s/run/xen/tenon-making/" GONE, root);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0 && !flock(fd, LOCK_EX));
	/* A maker at work. */
	look(&l);
	assert_int_equal(l.count, 0);
	leftovers_free(&l);
	close(fd);
	look(&l);
	assert_int_equal(l.count, 1);
	assert_int_equal(l.at[0].kind, LEFTOVER_MAKING);
	assert_true(has(&l, "/run/xen/tenon-making/" GONE));
	assert_non_null(strstr(l.at[0].what, GONE));
	leftovers_free(&l);
	assert_int_equal(unlink(path), 0);
}

/* What is there only once was being removed. */
static void twice(void **state)
{
	struct leftovers first, second;

	(void)state;
	node("/libxl/7/x");
	node("/libxl/8/x");
	look(&first);
	assert_int_equal(first.count, 2);
	assert_int_equal(xs_rm(xs, 0, "/libxl/7"), 0);
	node("/libxl/9/x");
	look(&second);
	leftovers_agree(&first, &second);
	assert_int_equal(first.count, 1);
	assert_true(has(&first, "/libxl/8"));
	assert_int_equal(first.at[0].domid, 8);
	leftovers_free(&first);
	leftovers_free(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(store),
		cmocka_unit_test(files),
		cmocka_unit_test(records),
		cmocka_unit_test(twice),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
