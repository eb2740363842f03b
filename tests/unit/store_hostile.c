/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile guest harms its own connection alone: while it does its worst, in
 * each of the ways of store/hostile.c, another guest and a client of domain 0
 * are served as ever, and afterwards nothing of it is left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/daemon.h"
#include "store/hostile.h"

#define PATIENCE_MS 10000
#define HARM_MS	    250
#define GOOD	    3
#define HOSTILE	    7

static struct test_daemon daemon_of_test;

static int start(void **state)
{
	(void)state;
	return test_daemon_start(&daemon_of_test);
}

static int stop(void **state)
{
	(void)state;
	return test_daemon_stop(&daemon_of_test);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static struct xs *client(void)
{
	struct xs *xs;

	assert_int_equal(xs_open(&xs, daemon_of_test.socket), 0);
	return xs;
}

static void assert_sound(struct xs *xs)
{
	static const char *const check[] = { "check" };
	char *answer;

	assert_int_equal(xs_control(xs, 1, check, &answer), 0);
	assert_string_equal(answer, "OK");
	free(answer);
}

static void ask(struct fake_guest *g, uint32_t type, const void *payload,
	size_t len, const char *expected)
{
	char answer[XENSTORE_PAYLOAD_MAX + 1];

	assert_int_equal(
		fake_guest_ask(g, type, payload, len, answer, PATIENCE_MS), 0);
	assert_string_equal(answer, expected);
}

/* Whoever is good reads what it wrote, and is told of it. */
static void assert_served(
	struct xs *xs, struct fake_guest *good, unsigned int round)
{
	char text[64], *value, *path, *token;
	int len = snprintf(text, sizeof(text), "data%c%u", 0, round);
	uint32_t tx;

	ask(good, XS_WRITE, text, (size_t)len, "OK");
	ask(good, XS_READ, "data", sizeof("data"), text + 5);
	assert_int_equal(xs_begin(xs, &tx), 0);
	assert_int_equal(xs_printf(xs, tx, "/good", "%u", round), 0);
	assert_int_equal(xs_end(xs, tx, true), 0);
	assert_int_equal(xs_next_event(xs, PATIENCE_MS, &path, &token), 0);
	assert_string_equal(path, "/good");
	free(path);
	free(token);
	assert_int_equal(xs_read(xs, 0, "/good", &value, NULL), 0);
	assert_string_equal(value, text + 5);
	free(value);
}

/* Until the store has noticed that the domain is gone. */
static void await_death(struct xs *xs)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	char *value;
	int rc;

	for (;;) {
		rc = xs_read(xs, 0, "/local/domain/7", &value, NULL);
		if (rc == -ENOENT)
			return;
		assert_int_equal(rc, 0);
		free(value);
		assert_true(now_ms() < end);
		usleep(10000);
	}
}

static unsigned int descriptors(pid_t pid)
{
	char name[64];
	unsigned int count = 0;
	DIR *dir;

	snprintf(name, sizeof(name), "/proc/%d/fd", (int)pid);
	dir = opendir(name);
	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void test_mode(const struct hostile_mode *mode)
{
	struct hostile h = { .random = 12345 };
	struct fake_guest good;
	struct xs *xs = client();
	unsigned int before, round = 0;
	char *path, *token;
	uint64_t end;
	int rc = 0;

	assert_int_equal(xs_write(xs, 0, "/good", "", 0), 0);
	assert_int_equal(xs_watch(xs, "/good", "token"), 0);
	assert_int_equal(xs_next_event(xs, PATIENCE_MS, &path, &token), 0);
	free(path);
	free(token);
	assert_int_equal(
		fake_guest_boot(&good, daemon_of_test.guests, GOOD), 0);
	assert_int_equal(fake_guest_introduce(&good, xs), 0);
	assert_served(xs, &good, round++);
	before = descriptors(daemon_of_test.pid);
	assert_int_equal(
		fake_guest_boot(&h.guest, daemon_of_test.guests, HOSTILE), 0);
	assert_int_equal(fake_guest_introduce(&h.guest, xs), 0);
	for (end = now_ms() + HARM_MS; !rc && now_ms() < end;) {
		rc = mode->round(&h);
		if (h.notifications % 16 == 0)
			assert_served(xs, &good, round++);
	}
	if (rc)
		fail_msg("%s: the store does not reconnect", mode->name);
	assert_served(xs, &good, round++);
	assert_true(round > 3);
	assert_sound(xs);
	fake_guest_die(&h.guest);
	await_death(xs);
	assert_served(xs, &good, round++);
	assert_sound(xs);
	assert_int_equal(descriptors(daemon_of_test.pid), before);
	fake_guest_die(&good);
	xs_close(xs);
}

static void test_modes(void **state)
{
	const struct hostile_mode *mode;

	(void)state;
	for (mode = hostile_modes; mode->name; mode++)
		test_mode(mode);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
