/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records of guests that are being made: held by the living, left by the
 * killed, swept once, and never taken from one that has just begun.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/why.h>
#include "common/half_made.h"

static char dir[64];
static const uint8_t uuid[16] = { 0xab, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
	13, 14, 0xff };

static int cleaned;	/* calls of clean() */
static int clean_gives; /* what it gives */

static int clean(const uint8_t which[16], void *arg)
{
	assert_ptr_equal(arg, &cleaned);
	assert_memory_equal(which, uuid, 16);
	cleaned++;
	return clean_gives;
}

/* How many stay, but for what is held. */
static int sweep(void)
{
	return (int)half_made_sweep(dir, clean, &cleaned).failed;
}

/* As a watcher does it: again while one that has just ended holds it still. */
static int sweep_ended(void)
{
	struct half_made_left left;
	int tries = 0;

	do {
		if (tries)
			usleep(10000);
		left = half_made_sweep(dir, clean, &cleaned);
	} while (left.held && ++tries < 1000);
	assert_int_equal(left.held, 0);
	return (int)left.failed;
}

static bool is_there(void)
{
	char path[128], text[DOM_UUID_TEXT];

	dom_uuid_format(uuid, text);
	snprintf(path, sizeof(path), "%s/%s", dir, text);
	return access(path, F_OK) == 0;
}

static int set_up(void **state)
{
	(void)state;
	cleaned = clean_gives = 0;
	strcpy(dir, "/tmp/tenon-half-XXXXXX");
	assert_non_null(mkdtemp(dir));
	/* The folder and the one above it are made on demand. */
	strcat(dir, "/run/making");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	assert_int_equal(rmdir(dir), 0);
	*strrchr(dir, '/') = '\0';
	assert_int_equal(rmdir(dir), 0);
	*strrchr(dir, '/') = '\0';
	assert_int_equal(rmdir(dir), 0);
	return 0;
}

static void held_and_ended(void **state)
{
	struct half_made h;
	struct why why;

	(void)state;
	assert_int_equal(sweep(), 0);
	assert_int_equal(half_made_begin(&h, dir, uuid, &why), 0);
	assert_false(half_made_stands(&h));
	assert_int_equal(half_made_arm(&h, &why), 0);
	assert_true(half_made_stands(&h));
	assert_int_equal(half_made_sweep(dir, clean, &cleaned).held, 1);
	assert_int_equal(cleaned, 0);
	assert_true(is_there());
	half_made_end(&h);
	assert_false(is_there());
	assert_int_equal(sweep(), 0);
	assert_int_equal(cleaned, 0);
}

/* A maker with a guardian, of which some are killed. */
static pid_t maker(bool armed, pid_t *guardian)
{
	int ready[2];
	pid_t pid;
	char word;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct half_made h;
		struct why why;

		if (half_made_begin(&h, dir, uuid, &why))
			_exit(1);
		pid = fork();
		if (pid == 0) {
			close(ready[1]);
			pause();
			_exit(0);
		}
		if (armed && half_made_arm(&h, &why))
			_exit(1);
		if (write(ready[1], &pid, sizeof(pid)) != sizeof(pid))
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(
		read(ready[0], guardian, sizeof(*guardian)), sizeof(*guardian));
	assert_int_equal(fcntl(ready[0], F_SETFL, O_NONBLOCK), 0);
	(void)!read(ready[0], &word, 1);
	close(ready[0]);
	return pid;
}

static void end_of(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void wait_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char bytes[512];

	assert_int_equal(poll(&p, 1, 10000), 1);
	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
}

static void killed_together(void **state)
{
	int watch;
	pid_t guardian, pid;
	struct pollfd p;

	(void)state;
	watch = half_made_watch(dir);
	assert_true(watch >= 0);
	pid = maker(true, &guardian);
	end_of(pid);
	/* The guardian lives: it is its matter. */
	assert_int_equal(sweep(), 0);
	assert_int_equal(cleaned, 0);
	p = (struct pollfd){ .fd = watch, .events = POLLIN };
	assert_int_equal(poll(&p, 1, 0), 0);
	kill(guardian, SIGKILL);
	wait_readable(watch);
	clean_gives = -EIO;
	assert_int_equal(sweep_ended(), 1);
	assert_true(is_there());
	clean_gives = 0;
	assert_int_equal(sweep(), 0);
	assert_int_equal(cleaned, 2);
	assert_false(is_there());
	/* Sweeping wakes no sweeper. */
	assert_int_equal(poll(&p, 1, 0), 0);
	close(watch);
}

static void killed_early(void **state)
{
	pid_t guardian, pid;
	int watch = half_made_watch(dir);

	(void)state;
	pid = maker(false, &guardian);
	end_of(pid);
	kill(guardian, SIGKILL);
	wait_readable(watch);
	close(watch);
	/* No domain can be there: another may have the UUID. */
	assert_int_equal(sweep_ended(), 0);
	assert_int_equal(cleaned, 0);
	assert_false(is_there());
}

static void same_uuid_again(void **state)
{
	struct half_made h;
	struct why why;
	pid_t guardian, pid;
	int watch = half_made_watch(dir);

	(void)state;
	pid = maker(true, &guardian);
	end_of(pid);
	kill(guardian, SIGKILL);
	wait_readable(watch);
	close(watch);
	/* Not before somebody has cleaned up. */
	assert_int_equal(half_made_begin(&h, dir, uuid, &why), -EBUSY);
	assert_int_equal(sweep_ended(), 0);
	assert_int_equal(cleaned, 1);
	assert_int_equal(half_made_begin(&h, dir, uuid, &why), 0);
	half_made_end(&h);
}

/* What is no record of ours stays. */
static void strangers(void **state)
{
	char path[128];
	int watch = half_made_watch(dir);

	(void)state;
	close(watch);
	snprintf(path, sizeof(path), "%s/README", dir);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(sweep(), 0);
	assert_int_equal(cleaned, 0);
	assert_int_equal(unlink(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			held_and_ended, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			killed_together, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			killed_early, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			same_uuid_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(strangers, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
