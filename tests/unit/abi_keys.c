/* SPDX-License-Identifier: BSD-2-Clause */
/* Serial input between dom0 and the debug keys, and the audit by key. */
#include "ctl_rig.h"

#include <tenon/boot.h>
#include <tenon/console.h>
#include <tenon/debug_key.h>
#include <tenon/panic.h>
#include <tenon/softirq.h>

static char said[65536];

static void hear(const char *s, size_t n)
{
	size_t used = strlen(said);

	assert_true(used + n < sizeof(said));
	memcpy(said + used, s, n);
	said[used + n] = '\0';
}

static struct console_out ear = { .name = "ear", .put = hear };

static void type(const char *s)
{
	for (; *s; s++)
		console_input(*s);
}

/* What dom0 and we got of what was typed. */
static void got(const char *dom0s, const char *ours)
{
	char text[300] = { 0 };
	char key;
	size_t n = 0;

	assert_int_equal(console_read(text, sizeof(text) - 1), strlen(dom0s));
	assert_string_equal(text, dom0s);
	memset(text, 0, sizeof(text));
	while (console_read_key(&key))
		text[n++] = key;
	assert_string_equal(text, ours);
}

static void input(void **state)
{
	char flood[1001];

	(void)state;
	ctl_start(1);
	type("q");
	got("", "q");
	console_give_input(true);
	said[0] = '\0';
	type("ls\n");
	got("ls\n", "");
	/* Two are not three: dom0 gets them, behind what came before. */
	type("a\1\1b\1");
	got("a\1\1b", "");
	type("\1\1");
	assert_non_null(strstr(said, "goes to Tenon: Ctrl-a three times"));
	type("q\1\1g");
	got("", "q\1\1g");
	type("\1\1\1x");
	got("x", "");
	boot_options.conswitch = 'q';
	type("\1\1\1\x11\x11\x11m");
	got("\1\1\1", "m");
	boot_options.conswitch = 'a';
	/* Nobody reads: the first ones stay. */
	memset(flood, 'z', sizeof(flood) - 1);
	flood[0] = '!';
	flood[1000] = '\0';
	type(flood);
	flood[256] = '\0';
	got("", flood);
	console_give_input(true);
	ctl_stop();
}

static void audit(void **state)
{
	(void)state;
	ctl_start(1);
	debug_keys_init();
	audit_init();
	fake_enter(NULL, 0);
	said[0] = '\0';
	debug_key('A');
	assert_null(strstr(said, "clean"));
	softirq_run();
	assert_non_null(strstr(said, "audit: clean"));
	for (unsigned i = 0; i < CTL_DOMAINS; i++)
		for (unsigned n = 0; n < CTL_VCPUS; n++)
			assert_int_equal(
				dom[i]->vcpu[n]->pause_flags & VCPU_AUDITED, 0);
	dom[1]->page_count++;
	debug_key('A');
	if (fake_panics())
		assert_non_null(strstr(fake_panic_text, "d1 owns 1 + "));
	else
		softirq_run();
	fake_panic_end();
	assert_int_not_equal(fake_panic_text[0], 0);
	dom[1]->page_count--;
	ctl_play(0);
	ctl_stop();
}

static void keys(void **state)
{
	(void)state;
	ctl_start(2);
	debug_keys_init();
	said[0] = '\0';
	debug_key('h');
	assert_non_null(strstr(said, "key 'A': audit everything"));
	assert_non_null(strstr(said, "key 'R': reboot"));
	for (const char *k = "qegmraid0n"; *k; k++) {
		said[0] = '\0';
		debug_key(*k);
		assert_non_null(strstr(said, " pressed: "));
		/* And more than its name. */
		assert_true(strchr(said, '\n')[1] || *k == 'e' || *k == 'i');
	}
	said[0] = '\0';
	debug_key('#');
	assert_non_null(strstr(said, "means nothing"));
	ctl_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(input),
		cmocka_unit_test(keys),
		cmocka_unit_test(audit),
	};

	console_set_level(LOG_DEBUG);
	fake_start(64, 1);
	console_register(&ear);
	fake_stop();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
