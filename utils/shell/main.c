/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xenstore-shell: commands for the store, from a terminal or a script.
 *
 * On a terminal readline edits the line while events of watches are printed
 * above it as they come; a script's lines run one after the other, and events
 * are printed between them.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <readline/history.h>
#include <readline/readline.h>

#include "../common/args.h"
#include "../common/err.h"
#include "../xenstore_common.h"
#include "shell.h"

#define HISTORY_LINES 1000

static const struct args_option options[] = {
	{ 'e', "errexit", NULL, "end at the first command that fails" },
	{ 'j', "json", NULL, "print JSON, a line for each answer" },
	{ 0, NULL, NULL, NULL },
};

static bool run_script(struct shell *sh, bool is_strict)
{
	bool is_good = true;
	char *line = NULL;
	size_t size = 0;

	while (!sh->is_over && getline(&line, &size, stdin) > 0) {
		is_good &= shell_run(sh, line);
		fflush(stdout);
		if (!sh->is_over)
			is_good &= shell_events(sh);
		if (is_strict && !is_good)
			break;
	}
	free(line);
	return is_good;
}

/* Readline's handler takes no argument. */
static struct shell *shell;
static volatile sig_atomic_t is_interrupted;
static sigset_t interrupt; /* SIGINT alone */

static char *prompt(char *buf, size_t size)
{
	snprintf(buf, size, "%s%s> ", shell->place,
		shell->tx ? " (transaction)" : "");
	return buf;
}

static void take_line(char *line)
{
	char text[4200];

	if (!line) {
		putchar('\n');
		shell->is_over = true;
		return;
	}
	if (*line)
		add_history(line);
	sigprocmask(SIG_UNBLOCK, &interrupt, NULL);
	shell_run(shell, line);
	sigprocmask(SIG_BLOCK, &interrupt, NULL);
	is_interrupted = false;
	free(line);
	if (!shell->is_over) {
		shell_events(shell);
		rl_set_prompt(prompt(text, sizeof(text)));
	}
	fflush(stdout);
}

static char *history_name(void)
{
	const char *home = getenv("HOME");
	char *name;

	if (!home || asprintf(&name, "%s/.xenstore-shell_history", home) < 0)
		return NULL;
	return name;
}

static void on_interrupt(int signal)
{
	(void)signal;
	is_interrupted = true;
}

/* The line that is being typed is forgotten. */
static void begin_line_anew(void)
{
	is_interrupted = false;
	rl_free_line_state();
	rl_callback_sigcleanup();
	rl_replace_line("", 0);
	putchar('\n');
	rl_on_new_line();
	rl_redisplay();
}

static void print_events(void)
{
	rl_clear_visible_line();
	shell_events(shell);
	if (!shell->is_over) {
		rl_on_new_line();
		rl_redisplay();
	}
}

static void talk(struct shell *sh)
{
	struct pollfd p[] = { { .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = xs_fd(sh->xs), .events = POLLIN } };
	struct sigaction action = { .sa_handler = on_interrupt };
	sigset_t usual;
	char *history = history_name();
	char text[4200];

	shell = sh;
	shell_complete(sh);
	using_history();
	stifle_history(HISTORY_LINES);
	if (history)
		read_history(history);
	rl_catch_signals = 0;
	sigaction(SIGINT, &action, NULL);
	/* It comes while we wait or while a command runs, and at no other
	 * time: one that came just before would be slept over. */
	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	sigprocmask(SIG_BLOCK, &interrupt, &usual);
	rl_callback_handler_install(prompt(text, sizeof(text)), take_line);
	while (!sh->is_over) {
		if (ppoll(p, 2, NULL, &usual) < 0) {
			if (is_interrupted)
				begin_line_anew();
			continue;
		}
		if (p[1].revents)
			print_events();
		if (!sh->is_over && p[0].revents)
			rl_callback_read_char();
	}
	rl_callback_handler_remove();
	sigprocmask(SIG_SETMASK, &usual, NULL);
	if (history) {
		umask(077);
		write_history(history);
	}
	free(history);
}

int main(int argc, char **argv)
{
	struct args args __attribute__((
		cleanup(args_free))) = { .tool = "xenstore-shell",
		.synopsis = "",
		.about = "Looks at the store and changes it, by commands from "
			 "a terminal or from a script at standard input; "
			 "\"help\" lists them.",
		.options = options };
	struct shell sh = { 0 };
	bool is_strict = false, is_good = true;
	int opt;

	args_start(&args, argc, argv);
	while ((opt = args_next(&args)) > 0) {
		is_strict |= opt == 'e';
		sh.is_json |= opt == 'j';
	}
	if (opt)
		return opt == ARGS_DONE ? 0 : 2;
	if (args.operand_count)
		return args_usage_error(&args, "no operand is expected");
	sh.place = strdup("/");
	sh.xs = sh.place ? store_connect() : NULL;
	if (sh.xs && isatty(STDIN_FILENO))
		talk(&sh);
	else if (sh.xs)
		is_good = run_script(&sh, is_strict);
	if (sh.xs && sh.tx)
		err_say("the open transaction is aborted");
	is_good = sh.xs && is_good && !fflush(stdout);
	xs_close(sh.xs);
	free(sh.place);
	return is_good ? 0 : 1;
}
