/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the trees of GRUB 2's scripts, counting steps; see grub2.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "grub2.h"

/* Functions and files that call each other: each is some frames of the stack.
 */
#define CALLS_MAX 32

static int run_node(struct grub2 *grub, const struct script_node *node);

int grub2_step(struct grub2 *grub, unsigned int steps)
{
	if (grub->steps < steps) {
		grub->steps = 0;
		return -ELOOP;
	}
	grub->steps -= steps;
	return 0;
}

void grub2_note(struct grub2 *grub, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	boot_note(grub->menu, grub->file, grub->line, "%s", text);
}

int grub2_run_list(struct grub2 *grub, const struct script_node *list)
{
	int ret = 0;

	for (; list && !ret && grub->leave == GRUB2_STAY; list = list->next)
		ret = run_node(grub, list);
	return ret;
}

static int run_if(struct grub2 *grub, const struct script_node *node)
{
	int ret;

	/* An elif is an if as the only command of the otherwise. */
	for (;;) {
		ret = grub2_run_list(grub, node->condition);
		if (ret || grub->leave != GRUB2_STAY)
			return ret;
		if (!grub->status)
			return grub2_run_list(grub, node->body);
		node = node->otherwise;
		if (!node) {
			grub->status = 0;
			return 0;
		}
		if (node->kind != SCRIPT_IF || node->next)
			return grub2_run_list(grub, node);
	}
}

/* Whether the loop goes on after its body has run. */
static bool goes_on(struct grub2 *grub)
{
	enum grub2_leave leave = grub->leave;

	if (leave == GRUB2_STAY)
		return true;
	if (leave != GRUB2_BREAK && leave != GRUB2_CONTINUE)
		return false;
	if (grub->leave_count > 1) {
		grub->leave_count--;
		return false;
	}
	grub->leave = GRUB2_STAY;
	return leave == GRUB2_CONTINUE;
}

static int run_while(struct grub2 *grub, const struct script_node *node)
{
	int ret;

	for (;;) {
		ret = grub2_step(grub, 1);
		if (!ret)
			ret = grub2_run_list(grub, node->condition);
		if (ret || grub->leave != GRUB2_STAY)
			return ret;
		/* The condition's status is the loop's. */
		if ((grub->status != 0) == (node->kind == SCRIPT_WHILE))
			return 0;
		ret = grub2_run_list(grub, node->body);
		if (ret)
			return ret;
		if (!goes_on(grub))
			return 0;
	}
}

static int run_for(struct grub2 *grub, const struct script_node *node)
{
	struct grub2_args args;
	int ret = grub2_words_expand(grub, node->words, &args);

	if (ret)
		return ret;
	if (args.count < 2)
		grub->status = 0;
	for (unsigned int i = 1; i < args.count && !ret; i++) {
		ret = grub2_step(grub, 1);
		if (!ret)
			ret = grub2_env_set(
				grub->env, args.words[0], args.words[i]);
		if (!ret)
			ret = grub2_run_list(grub, node->body);
		if (!ret && !goes_on(grub))
			break;
	}
	free(args.words);
	return ret;
}

static struct grub2_function *find_function(
	struct grub2 *grub, const char *name)
{
	for (unsigned int i = 0; i < grub->function_count; i++) {
		if (!strcmp(grub->functions[i].name, name))
			return &grub->functions[i];
	}
	return NULL;
}

static int run_function(struct grub2 *grub, const struct script_node *node)
{
	struct grub2_function *function = NULL;
	struct grub2_args args;
	int ret = grub2_words_expand(grub, node->words, &args);

	if (ret)
		return ret;
	if (args.count)
		function = find_function(grub, args.words[0]);
	if (!args.count) {
		grub->status = 1;
	} else if (function) {
		function->body = node->body;
	} else if (grub->function_count >= GRUB2_FUNCTIONS_MAX) {
		ret = -E2BIG;
	} else {
		function = &grub->functions[grub->function_count];
		function->body = node->body;
		function->name = arena_text(
			&grub->arena, args.words[0], strlen(args.words[0]));
		if (function->name)
			grub->function_count++;
		else
			ret = -ENOMEM;
	}
	free(args.words);
	return ret;
}

int grub2_run_body(struct grub2 *grub, const struct script_node *body,
	const struct grub2_args *args)
{
	struct grub2_args *outer = grub->args;
	struct grub2_args mine = *args; /* shift changes them */
	int ret;

	if (grub->depth >= CALLS_MAX) {
		grub2_note(grub, "calls are nested too deep");
		grub->status = 1;
		return 0;
	}
	grub->depth++;
	grub->args = &mine;
	ret = grub2_run_list(grub, body);
	grub->args = outer;
	grub->depth--;
	if (grub->leave == GRUB2_RETURN)
		grub->leave = GRUB2_STAY;
	return ret;
}

static int run_command(struct grub2 *grub, const struct script_node *node)
{
	struct grub2_function *function;
	struct grub2_args args, all;
	bool is_inverted = false;
	int ret = grub2_words_expand(grub, node->words, &args);

	if (ret == -E2BIG) {
		grub2_note(grub, "too many words, or too long ones");
		grub->status = 1;
		return grub2_step(grub, 100);
	}
	if (ret)
		return ret;
	all = args;
	while (args.count && !strcmp(args.words[0], "!")) {
		is_inverted = !is_inverted;
		args.words++;
		args.count--;
	}
	function = args.count && !grub2_cmd_is_known(args.words[0])
			   ? find_function(grub, args.words[0])
			   : NULL;
	if (function) {
		args.words++;
		args.count--;
		ret = grub2_run_body(grub, function->body, &args);
	} else if (args.count) {
		ret = grub2_cmd(grub, &args, node->body);
	}
	if (is_inverted)
		grub->status = !grub->status;
	free(all.words);
	return ret;
}

static int run_node(struct grub2 *grub, const struct script_node *node)
{
	grub->line = node->line;
	switch (node->kind) {
	case SCRIPT_IF:
		return run_if(grub, node);
	case SCRIPT_WHILE:
	case SCRIPT_UNTIL:
		return run_while(grub, node);
	case SCRIPT_FOR:
		return run_for(grub, node);
	case SCRIPT_FUNCTION:
		return run_function(grub, node);
	default:
		return run_command(grub, node);
	}
}

int grub2_run_text(
	struct grub2 *grub, const char *file, const char *text, size_t size)
{
	const char *outer = grub->file;
	struct script_node *node;
	struct script script;
	int ret;

	if (grub->depth >= CALLS_MAX) {
		grub2_note(grub, "files are nested too deep");
		grub->status = 1;
		return 0;
	}
	grub->depth++;
	grub->file = file;
	script_open(&script, &grub->arena, text, size);
	do {
		ret = script_next(&script, &node);
		if (ret == -EINVAL) {
			grub->line = script.error_line;
			grub2_note(grub, "%s", script.error);
			grub->status = 1;
			/* Long wrong texts cost as much as long right ones. */
			ret = grub2_step(grub, 1);
		} else if (!ret && node) {
			ret = grub2_run_list(grub, node);
		} else {
			break;
		}
	} while (!ret && grub->leave == GRUB2_STAY);
	grub->file = outer;
	grub->depth--;
	return ret;
}

int grub2_run_file(struct grub2 *grub, const char *name)
{
	char path[SOURCE_PATH_MAX + 1];
	unsigned int volume;
	char *text, *file;
	size_t size;
	int ret = grub2_search_path(grub, name, &volume, path);

	if (!ret && !grub->files)
		ret = -EMFILE;
	if (!ret) {
		grub->files--;
		ret = source_text(grub->source, volume, path, SOURCE_TEXT_MAX,
			&text, &size);
	}
	if (ret == -ENOMEM)
		return ret;
	if (ret) {
		grub2_note(grub, "cannot read %s: %s", name, strerror(-ret));
		grub->status = 0;
		return 0;
	}
	file = arena_text(&grub->arena, path, strlen(path));
	ret = file ? grub2_run_text(grub, file, text, size) : -ENOMEM;
	free(text);
	return ret;
}
