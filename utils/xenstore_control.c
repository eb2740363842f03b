/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xenstore-control: a word to the daemon itself, and its answer.
 *
 * All words go as they are, those with a dash too, but for a live update: its
 * options and file are sent one by one, and then the start, again and again
 * until the daemon has found a moment for it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "common/args.h"
#include "common/err.h"
#include "xenstore_common.h"

#define UPDATE_SECONDS 60

static const struct args_option options[] = {
	{ 0, NULL, NULL, NULL },
};

/* An answer, to be freed; NULL after a message. */
static char *ask(struct xs *xs, size_t count, const char *const *words)
{
	char *answer;
	int err = xs_control(xs, count, words, &answer);

	if (!err)
		return answer;
	if (err == -E2BIG)
		err_say("%s: too many words, or too long ones", words[0]);
	else if (err == -EINVAL || err == -ENOSYS)
		err_say("the daemon does not understand %s; see "
			"xenstore-control help",
			words[0]);
	else
		err_say("%s: %s", words[0], store_why(err));
	return NULL;
}

static bool say(struct xs *xs, size_t count, const char *const *words)
{
	char *answer = ask(xs, count, words);

	if (!answer)
		return false;
	puts(answer);
	free(answer);
	return !fflush(stdout);
}

struct update {
	const char *file, *command_line;
	bool is_forced;
	unsigned long long seconds;
};

/* What follows "live-update"; false when it is none of it. */
static bool parse_update(struct update *u, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "-F"))
			u->is_forced = true;
		else if (!strcmp(argv[i], "-c") && i + 1 < argc)
			u->command_line = argv[++i];
		else if (!strcmp(argv[i], "-t") && i + 1 < argc &&
			 args_number(argv[i + 1], 0, 86400, &u->seconds))
			i++;
		else if (argv[i][0] != '-' && !u->file)
			u->file = argv[i];
		else
			return false;
	}
	return u->file;
}

static bool step(struct xs *xs, const char *option, const char *value)
{
	const char *words[] = { "live-update", option, value };
	char *answer = ask(xs, 3, words);
	bool is_good = answer && !strcmp(answer, "OK");

	if (answer && !is_good)
		err_say("live-update %s %s: %s", option, value, answer);
	free(answer);
	return is_good;
}

/* Until it is not busy, or the time is over. */
static bool start_update(struct xs *xs, const struct update *u)
{
	char seconds[24];
	const char *words[] = { "live-update", "-s", "-t", seconds, "-F" };
	time_t end = time(NULL) + (time_t)u->seconds + 1;
	struct timespec pause = { .tv_nsec = 100000000 };
	char *answer;
	bool is_good;

	snprintf(seconds, sizeof(seconds), "%llu", u->seconds);
	for (;;) {
		answer = ask(xs, u->is_forced ? 5 : 4, words);
		if (!answer)
			return false;
		if (strcmp(answer, "BUSY") || time(NULL) > end)
			break;
		free(answer);
		nanosleep(&pause, NULL);
	}
	is_good = !strcmp(answer, "OK");
	if (is_good)
		puts(answer);
	else
		err_say("the live update does not start: %s; -F would end "
			"open transactions",
			answer);
	free(answer);
	return is_good;
}

static int live_update(const struct args *args, int argc, char **argv)
{
	struct update u = { .seconds = UPDATE_SECONDS };
	char *file;
	struct xs *xs;
	bool is_good;

	if (!parse_update(&u, argc, argv))
		return args_usage_error(args,
			"live-update [-c COMMAND-LINE] [-F] [-t SECONDS] FILE");
	/* The daemon is not where we are, and finds out too late. */
	file = realpath(u.file, NULL);
	if (!file || access(file, X_OK)) {
		err_say("live-update: %s cannot be run: %s", u.file,
			strerror(errno));
		free(file);
		return 1;
	}
	xs = store_connect();
	if (!xs) {
		free(file);
		return 1;
	}
	is_good = step(xs, "-f", file) &&
		  (!u.command_line || step(xs, "-c", u.command_line)) &&
		  start_update(xs, &u);
	xs_close(xs);
	free(file);
	return is_good ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct args args __attribute__((
		cleanup(args_free))) = { .tool = "xenstore-control",
		.synopsis = "COMMAND [WORD]...",
		.about = "Gives a command to the store's daemon and prints its "
			 "answer; \"help\" lists the commands.",
		.options = options };
	int own = 1, opt, status;
	struct xs *xs;

	/* The command's own options are not ours. */
	while (own < argc && argv[own][0] == '-')
		own++;
	args_start(&args, own, argv);
	while ((opt = args_next(&args)) > 0)
		;
	if (opt)
		return opt == ARGS_DONE ? 0 : 2;
	if (own == argc)
		return args_usage_error(&args, "which command?");
	argc -= own;
	argv += own;
	if (!strcmp(argv[0], "live-update") && argc > 1)
		return live_update(&args, argc - 1, argv + 1);
	xs = store_connect();
	if (!xs)
		return 1;
	status = say(xs, (size_t)argc, (const char *const *)argv) ? 0 : 1;
	xs_close(xs);
	return status;
}
