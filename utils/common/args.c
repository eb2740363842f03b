/* SPDX-License-Identifier: BSD-2-Clause */
/* Command lines by table; see args.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "args.h"
#include "err.h"

#ifndef TENON_VERSION
#define TENON_VERSION "0.1"
#endif

enum { ID_HELP = -10, ID_VERSION = -11 };

static const struct args_option common[] = {
	{ ID_HELP, "help", NULL, "this text" },
	{ ID_VERSION, "version", NULL, "the version" },
	{ 0, NULL, NULL, NULL },
};

void args_start(struct args *args, int argc, char **argv)
{
	err_tool(args->tool);
	args->argv = argv;
	args->argc = argc;
	args->at = 1;
	args->operands = calloc((size_t)argc + 1, sizeof(*args->operands));
}

void args_free(struct args *args)
{
	free(args->operands);
}

static void print_option(const struct args_option *option)
{
	char left[64];
	bool letter = option->id > ' ' && option->id < 127;

	snprintf(left, sizeof(left), "  %c%c%s--%s%s%s", letter ? '-' : ' ',
		letter ? option->id : ' ', letter ? ", " : "  ", option->name,
		option->value ? " " : "", option->value ? option->value : "");
	printf("%-28s %s\n", left, option->help);
}

static void print_help(const struct args *args)
{
	const struct args_option *option;

	printf("usage: %s [OPTION]...%s%s\n%s\n\n", args->tool,
		*args->synopsis ? " " : "", args->synopsis, args->about);
	for (option = args->options; option->id; option++)
		print_option(option);
	for (option = common; option->id; option++)
		print_option(option);
	printf("\nThe manual page %s has examples.\n", args->tool);
}

int args_usage_error(const struct args *args, const char *fmt, ...)
{
	char text[512];
	va_list list;

	va_start(list, fmt);
	vsnprintf(text, sizeof(text), fmt, list);
	va_end(list);
	err_say("%s; see %s --help", text, args->tool);
	return 2;
}

static const struct args_option *by_name(
	const struct args_option *option, const char *name, size_t len)
{
	for (; option->id; option++) {
		if (strlen(option->name) == len &&
			!memcmp(option->name, name, len))
			return option;
	}
	return NULL;
}

static const struct args_option *by_letter(
	const struct args_option *option, char letter)
{
	for (; option->id; option++) {
		if (option->id == letter)
			return option;
	}
	return NULL;
}

/* Gives an option its value, from the same word or the next. */
static int take(
	struct args *args, const struct args_option *option, const char *rest)
{
	args->value = NULL;
	if (option->value) {
		args->value = rest		      ? rest
			      : args->at < args->argc ? args->argv[args->at++]
						      : NULL;
		if (!args->value) {
			args_usage_error(args, "the option --%s takes a value",
				option->name);
			return ARGS_USAGE;
		}
	} else if (rest) {
		args_usage_error(
			args, "the option --%s takes no value", option->name);
		return ARGS_USAGE;
	}
	if (option->id == ID_HELP) {
		print_help(args);
		return ARGS_DONE;
	}
	if (option->id == ID_VERSION) {
		printf("%s (tenon) %s\n", args->tool, TENON_VERSION);
		return ARGS_DONE;
	}
	return option->id;
}

static int take_long(struct args *args, const char *word)
{
	const char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	const struct args_option *option = by_name(args->options, word, len);

	if (!option)
		option = by_name(common, word, len);
	if (!option) {
		args_usage_error(
			args, "there is no option --%.*s", (int)len, word);
		return ARGS_USAGE;
	}
	return take(args, option, equals ? equals + 1 : NULL);
}

/* A letter of "-abc"; its value may follow at once. */
static int take_letter(struct args *args, const char *word)
{
	const struct args_option *option =
		by_letter(args->options, word[args->within]);
	const char *rest = word + args->within + 1;

	if (!option && word[args->within] == 'h')
		option = by_name(common, "help", strlen("help"));
	if (!option) {
		args_usage_error(
			args, "there is no option -%c", word[args->within]);
		return ARGS_USAGE;
	}
	if (option->value || !*rest) {
		args->within = 0;
		args->at++;
		return take(args, option, *rest ? rest : NULL);
	}
	args->within++;
	return take(args, option, NULL);
}

int args_next(struct args *args)
{
	if (!args->operands) {
		err_say("out of memory");
		return ARGS_USAGE;
	}
	while (args->at < args->argc) {
		const char *word = args->argv[args->at];

		if (args->within)
			return take_letter(args, word);
		if (args->ended || word[0] != '-' || !word[1]) {
			args->operands[args->operand_count++] = word;
			args->at++;
		} else if (!strcmp(word, "--")) {
			args->ended = true;
			args->at++;
		} else if (word[1] == '-') {
			args->at++;
			return take_long(args, word + 2);
		} else {
			args->within = 1;
		}
	}
	return ARGS_END;
}

bool args_number(const char *text, unsigned long long min,
	unsigned long long max, unsigned long long *value)
{
	unsigned long long number;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || *end || number < min || number > max)
		return false;
	*value = number;
	return true;
}
