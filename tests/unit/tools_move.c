/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two sides of a move say: other sides that are scripts. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <tenonctrl/why.h>
#include "move_peer.h"

/* What is heard of a script when `word` is wanted. */
static int expect(const char *script, const char *word, struct why *why)
{
	struct move_peer p = { .pid = 0 };
	int ret;

	assert_int_equal(move_peer_start(&p, script, why), 0);
	ret = move_expect(p.from, word, why);
	assert_true(!ret || why->text[0]);
	(void)move_peer_end(&p, ret);
	assert_int_equal(p.pid, 0);
	return ret;
}

static void greetings(void **state)
{
	struct why why = { "" };

	(void)state;
	assert_int_equal(expect("echo tenon-move 1", MOVE_HELLO, &why), 0);
	assert_int_equal(
		expect("echo Welcome; echo; head -c 3000 /dev/zero; echo; "
		       "echo tenon-move 1",
			MOVE_HELLO, &why),
		0);
	assert_int_equal(expect("yes", MOVE_HELLO, &why), -EPROTO);
	assert_int_equal(expect("echo tenon-move 2", MOVE_HELLO, &why), -EPIPE);
	assert_int_equal(expect("exit 3", MOVE_HELLO, &why), -EPIPE);
	assert_int_equal(
		expect("/nonexistent/x 2>/dev/null", MOVE_HELLO, &why), -EPIPE);
	/* Later nothing may stand before the word. */
	assert_int_equal(
		expect("echo hm; echo whole", MOVE_WHOLE, &why), -EPROTO);
	assert_int_equal(expect("printf whole", MOVE_WHOLE, &why), -EPIPE);
	assert_int_equal(expect("echo whole", MOVE_WHOLE, &why), 0);
}

static void failures(void **state)
{
	struct why why = { "" };

	(void)state;
	assert_int_equal(
		expect("echo failed no bridge; sleep 100", MOVE_WHOLE, &why),
		-EREMOTEIO);
	assert_string_equal(why.text, "the other side: no bridge");
	assert_int_equal(
		expect("printf 'failed \\033[31mred\\n'", MOVE_HELLO, &why),
		-EREMOTEIO);
	assert_string_equal(why.text, "the other side: ?[31mred");
}

static void to_and_fro(void **state)
{
	struct move_peer p = { .pid = 0 };
	struct why why = { "" };
	char line[8];
	int status;

	(void)state;
	assert_int_equal(move_peer_end(&p, true), 0);
	assert_int_equal(move_peer_start(&p,
				 "read a; read b; echo \"$b$a\"; exit 7", &why),
		0);
	assert_int_equal(move_say(p.to, "one"), 0);
	assert_int_equal(move_say(p.to, MOVE_GO), 0);
	assert_int_equal(move_hear(p.from, line, sizeof(line)), 0);
	assert_string_equal(line, "goone");
	assert_int_equal(move_hear(p.from, line, sizeof(line)), -EPIPE);
	status = move_peer_end(&p, false);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(greetings),
		cmocka_unit_test(failures),
		cmocka_unit_test(to_and_fro),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
