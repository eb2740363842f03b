/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's screens on a scripted terminal: fixed samples, keys typed into
 * a pseudo terminal, and what stands on the screen then.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <ncurses.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "top/model.h"
#include "top/view.h"
#include "top_rig.h"

static struct model model;
static struct view view;
static SCREEN *screen;
static FILE *terminal;
static int keyboard;
static pid_t reader;

/* Two rounds of a machine with a busy, an idle and a paused guest. */
static void feed(void)
{
	for (uint64_t round = 0; round < 2; round++) {
		struct sample *s = rig_sample(10 + round);
		struct sample_domain *d =
			rig_domain(s, 0, "Domain-0", XEN_DOMINF_running);

		d->cpu_ns = 100 * SECOND + round * SECOND / 10;
		d = rig_domain(s, 3, "web", XEN_DOMINF_blocked);
		d->cpu_ns = 20 * SECOND + round * SECOND * 3 / 4;
		rig_vcpu(d, true, 20 * SECOND + round * SECOND * 3 / 4);
		rig_vcpu(d, false, 0);
		rig_net(d, 0, round * 2048, round << 20);
		rig_disk(d, 51712, round * 5, 0, round * 4096, 0);
		d = rig_domain(
			s, 5, "mail-relay-with-a-long-name", XEN_DOMINF_paused);
		rig_domain(s, 6, "",
			XEN_DOMINF_shutdown | 3 << XEN_DOMINF_shutdownshift);
		s->idle_ns[0] = round * SECOND / 2;
		s->idle_ns[1] = round * SECOND / 2;
		assert_int_equal(model_feed(&model, s), 0);
	}
}

static int start(void **state)
{
	struct winsize size = { .ws_row = 24, .ws_col = 100 };
	int slave;

	(void)state;
	assert_int_equal(openpty(&keyboard, &slave, NULL, NULL, &size), 0);
	/* Somebody reads what the terminal shows, or writing to it ends. */
	reader = fork();
	if (!reader) {
		char bytes[512];

		close(slave);
		while (read(keyboard, bytes, sizeof(bytes)) > 0)
			;
		_exit(0);
	}
	terminal = fdopen(slave, "r+");
	assert_non_null(terminal);
	screen = newterm("vt100", terminal, terminal);
	assert_non_null(screen);
	view = (struct view){
		.model = &model,
		.host = "box",
		.delay_seconds = 3,
	};
	view_start(&view);
	feed();
	view_draw(&view);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	endwin();
	delscreen(screen);
	fclose(terminal);
	close(keyboard);
	kill(reader, SIGTERM);
	waitpid(reader, NULL, 0);
	view_free(&view);
	model_free(&model);
	return 0;
}

/* Types bytes as a terminal sends them; the last key's wish. */
static enum view_act type(const char *bytes)
{
	enum view_act act = VIEW_NOTHING;
	int key;

	assert_int_equal(write(keyboard, bytes, strlen(bytes)), strlen(bytes));
	for (timeout(2000); (key = getch()) != ERR; timeout(20))
		act = view_key(&view, key);
	view_draw(&view);
	return act;
}

static const char *line(int y)
{
	static char text[512];

	memset(text, 0, sizeof(text));
	mvinnstr(y, 0, text, sizeof(text) - 1);
	return text;
}

static void shows(int y, const char *text)
{
	if (!strstr(line(y), text))
		fail_msg("line %d is '%s', without '%s'", y, line(y), text);
}

static void the_list(void **state)
{
	(void)state;
	shows(0, "domtop  box  4.17.9");
	shows(0, "4 domains: 1 running 1 blocked 1 paused 1 crashed");
	shows(1, "CPU [||||||||||          ]  50.0% of 2 CPUs");
	shows(2, "73.3% of 4095 MiB, 1095 free");
	shows(3, "NAME                ID STATE      CPU% HISTORY       MEM");
	shows(4, "Domain-0             0 running    10.0");
	shows(5, "web                  3 blocked    75.0");
	shows(5, "192M    2.0K    1.0M    2.0M       0      20.8");
	shows(6, "mail-relay-with-     5 paused ");
	shows(7, "(null)               6 crashed");
	shows(23, "every 3 s");
	/* The last point of the history is three quarters of the height. */
	shows(5, "         * ");
}

static void sorting_and_filter(void **state)
{
	(void)state;
	type(">>>");
	assert_int_equal(model.order, MODEL_BY_CPU);
	shows(4, "web");
	shows(5, "Domain-0");
	type("R");
	shows(7, "web");
	type("<<<R/AI\x7f\x7fMAIL\r");
	shows(4, "mail-relay");
	shows(23, "filter: MAIL");
	assert_int_equal(model.count, 1);
	/* The selection went to what is shown. */
	assert_int_equal(view.domid, 5);
	type("/\x1b");
	assert_int_equal(model.count, 4);
}

static void parts_and_detail(void **state)
{
	(void)state;
	assert_int_equal(type("v"), VIEW_SAMPLE);
	assert_true(view_wants_vcpus(&view));
	shows(6, "vcpu 0   [|||||||||||||||     ]  75.0%  on CPU 1, blocked");
	shows(7, "vcpu 1   offline");
	type("nd");
	shows(8, "net 0    sent 2.0K/s (2.0K, 0 drops)  received 1.0M/s");
	shows(9, "disk 51712   read 2.0M/s (5/s)");
	type("vnd");
	shows(6, "mail-relay");
	/* Down by the arrow, and into it. */
	assert_int_equal(type("\x1bOB\r"), VIEW_SAMPLE);
	assert_int_equal(view.domid, 3);
	shows(4, "web                  3 blocked");
	shows(5, "CPU      ");
	shows(6, "traffic  ");
	shows(8, "vcpu 0");
	shows(10, "net 0");
	shows(11, "disk 51712");
	assert_int_equal(type("q"), VIEW_NOTHING);
	shows(4, "Domain-0");
	assert_int_equal(type("q"), VIEW_QUIT);
}

static void a_domain_that_goes(void **state)
{
	struct sample *s = rig_sample(20);

	(void)state;
	type("\x1bOB\r");
	rig_domain(s, 0, "Domain-0", XEN_DOMINF_running);
	assert_int_equal(model_feed(&model, s), 0);
	view_draw(&view);
	shows(4, "This domain is gone");
	assert_int_equal(type("k"), VIEW_NOTHING);
	shows(23, "no domain is selected");
	type("q");
	shows(4, "Domain-0");
	assert_int_equal(view.domid, 0);
}

static void actions(void **state)
{
	(void)state;
	assert_int_equal(type("k"), VIEW_NOTHING);
	shows(23, "domain 0 is this one");
	type("\x1bOB");
	assert_int_equal(type("k"), VIEW_NOTHING);
	shows(23, "destroy domain 3 'web'? (y/n)");
	assert_int_equal(type("n"), VIEW_NOTHING);
	shows(23, "every 3 s");
	/* Enter does not confirm, and does nothing else either. */
	assert_int_equal(type("k\r"), VIEW_NOTHING);
	assert_int_equal(view.mode, VIEW_LIST);
	assert_int_equal(type("ky"), VIEW_DESTROY);
	assert_int_equal(view.domid, 3);
	assert_int_equal(type("sy"), VIEW_STOP);
	assert_int_equal(type("py"), VIEW_PAUSE);
	assert_int_equal(type("c"), VIEW_CONSOLE);
	type("\x1bOB");
	assert_int_equal(type("p"), VIEW_NOTHING);
	shows(23, "resume domain 5");
	assert_int_equal(type("y"), VIEW_RESUME);
}

static void help_and_delay(void **state)
{
	(void)state;
	type("h");
	shows(2, "select a domain");
	type("k");
	assert_int_equal(view.asking, VIEW_NOTHING);
	type("q++");
	assert_int_equal(view.delay_seconds, 5);
	type("-------");
	assert_int_equal(view.delay_seconds, 1);
	shows(23, "every 1 s");
}

static void sizes(void **state)
{
	static const int wanted[][2] = { { 10, 60 }, { 5, 40 }, { 3, 20 },
		{ 1, 5 }, { 60, 250 }, { 24, 80 } };

	(void)state;
	type("vnd\x1bOB");
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		assert_int_equal(resizeterm(wanted[i][0], wanted[i][1]), OK);
		view.mode = VIEW_LIST;
		view_draw(&view);
		if (wanted[i][0] == 10) {
			shows(4, "Domain-0");
			shows(5, "web");
			assert_null(strstr(line(3), "WRITE/s"));
		}
		/* The list stands at the selected line, seen or not. */
		if (wanted[i][0] == 5) {
			shows(3, "NAME");
			assert_int_equal(view.page, 1);
			assert_int_equal(view.top, 1);
		}
		type("\x1bOB\x1bOB\x1bOA\x1bOA");
		type("\r");
		view_draw(&view);
		type("qh");
		type("q");
		assert_int_equal(view.mode, VIEW_LIST);
	}
	shows(5, "web");
}

static void amounts(void **state)
{
	static const struct {
		double value;
		const char *text;
	} wanted[] = { { 0, "0" }, { 999, "999" }, { 1000, "1.0K" },
		{ 1536, "1.5K" }, { 10240, "10K" }, { 1023 * 1024.0, "1.0M" },
		{ 1e15, "909T" }, { 1e19, "8882P" } };
	char text[8];

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		view_amount(wanted[i].value, text);
		assert_string_equal(text, wanted[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_list, start, stop),
		cmocka_unit_test_setup_teardown(
			sorting_and_filter, start, stop),
		cmocka_unit_test_setup_teardown(parts_and_detail, start, stop),
		cmocka_unit_test_setup_teardown(
			a_domain_that_goes, start, stop),
		cmocka_unit_test_setup_teardown(actions, start, stop),
		cmocka_unit_test_setup_teardown(help_and_delay, start, stop),
		cmocka_unit_test_setup_teardown(sizes, start, stop),
		cmocka_unit_test(amounts),
	};

	setlocale(LC_ALL, "C");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
