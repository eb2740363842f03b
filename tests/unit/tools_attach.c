/* SPDX-License-Identifier: BSD-2-Clause */
/* A person and a guest on the two sides of a console: what was typed before
 * Ctrl-] is the guest's, what comes after it the shell's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>
#include <tenonctrl/why.h>
#include "common/attach.h"

/* What the person types arrives at input; saved: the test's own files. */
struct rig {
	int input, output[2], guest[2], saved[2];
};

static void begin(struct rig *r, int input)
{
	r->input = input;
	assert_int_equal(pipe(r->output), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, r->guest), 0);
	for (int fd = 0; fd < 2; fd++)
		r->saved[fd] = dup(fd);
	assert_int_equal(dup2(input, STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(dup2(r->output[1], STDOUT_FILENO), STDOUT_FILENO);
}

static void run(struct rig *r)
{
	struct why why = { 0 };
	int result = attach_run(r->guest[1], &why);

	for (int fd = 0; fd < 2; fd++) {
		assert_int_equal(dup2(r->saved[fd], fd), fd);
		close(r->saved[fd]);
	}
	close(r->output[1]);
	assert_int_equal(result, 0);
}

/* All that can be read is `text`. */
static void assert_reads(int fd, const char *text)
{
	char bytes[64] = "";
	size_t got = 0;
	ssize_t n;

	while ((n = read(fd, bytes + got, sizeof(bytes) - 1 - got)) > 0)
		got += (size_t)n;
	assert_string_equal(bytes, text);
}

static void end(struct rig *r)
{
	close(r->input);
	close(r->output[0]);
	close(r->guest[0]);
}

/* A terminal's two ends; lines are edited and not echoed. */
static void open_terminal(int *person, int *terminal)
{
	struct termios mode;

	*person = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(*person >= 0);
	assert_int_equal(grantpt(*person), 0);
	assert_int_equal(unlockpt(*person), 0);
	*terminal = open(ptsname(*person), O_RDWR | O_NOCTTY);
	assert_true(*terminal >= 0);
	assert_int_equal(tcgetattr(*terminal, &mode), 0);
	mode.c_lflag &= ~(tcflag_t)ECHO;
	assert_int_equal(tcsetattr(*terminal, TCSANOW, &mode), 0);
}

static void leaving(void **unused)
{
	static const char typed[] = "uname\n\x1d"
				    "domls\n";
	struct termios before, after;
	struct rig r;
	char line[16] = "";
	int person, terminal;

	(void)unused;
	open_terminal(&person, &terminal);
	assert_int_equal(tcgetattr(terminal, &before), 0);
	begin(&r, terminal);
	assert_int_equal(write(person, typed, strlen(typed)), strlen(typed));
	run(&r);
	assert_reads(r.guest[0], "uname\n");
	assert_int_equal(read(terminal, line, sizeof(line) - 1), 6);
	assert_string_equal(line, "domls\n");
	assert_int_equal(tcgetattr(terminal, &after), 0);
	assert_int_equal(after.c_lflag, before.c_lflag);
	close(person);
	end(&r);
}

static void the_end_of_input(void **unused)
{
	struct rig r;
	int script[2];

	(void)unused;
	assert_int_equal(pipe(script), 0);
	assert_int_equal(write(script[1], "ls\n", 3), 3);
	close(script[1]);
	begin(&r, script[0]);
	run(&r);
	assert_reads(r.guest[0], "ls\n");
	end(&r);
}

static void the_end_of_the_guest(void **unused)
{
	struct rig r;
	int script[2];

	(void)unused;
	assert_int_equal(pipe(script), 0);
	begin(&r, script[0]);
	assert_int_equal(write(r.guest[0], "login: ", 7), 7);
	assert_int_equal(shutdown(r.guest[0], SHUT_WR), 0);
	run(&r);
	assert_reads(r.output[0], "login: ");
	close(script[1]);
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaving),
		cmocka_unit_test(the_end_of_input),
		cmocka_unit_test(the_end_of_the_guest),
	};

	alarm(60); /* what was lost would be waited for */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
