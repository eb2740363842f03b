/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The menu for terminals that cannot move a cursor, and for pipes: a numbered
 * list and one line of answer at a time.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "menu_model.h"

#define LINE_MAX_BYTES (EDIT_MAX + 1)

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* By hand: stdio may want to know the terminal, which the jail forbids. */
static void say(const char *fmt, ...)
{
	char text[2048];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (n >= (int)sizeof(text))
		n = sizeof(text) - 1;
	for (int at = 0; at < n;) {
		ssize_t done = write(1, text + at, (size_t)(n - at));

		if (done < 0 && errno != EINTR)
			return;
		at += done > 0 ? (int)done : 0;
	}
}

/* A line without its end; -ECANCELED at the input's end, -ETIME. */
static int read_answer(char *line, int timeout_ms)
{
	struct pollfd p = { .fd = 0, .events = POLLIN };
	size_t n = 0;
	int ready;

	do {
		ready = poll(&p, 1, timeout_ms);
	} while (ready < 0 && errno == EINTR);
	if (!ready)
		return -ETIME;
	for (;;) {
		char c;
		ssize_t got = read(0, &c, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -ECANCELED;
		if (c == '\n' || c == '\r')
			break;
		if (n < LINE_MAX_BYTES - 1 && c >= ' ')
			line[n++] = c;
	}
	line[n] = '\0';
	return 0;
}

static void show(const struct menu_view *v)
{
	const struct boot_menu *menu = v->task->menu;
	char text[160];

	say("\n%s\n", menu_text(v,
			      v->parent >= 0 ? menu->entries[v->parent].title
			      : menu->title  ? menu->title
					     : "Boot menu",
			      text, sizeof(text)));
	for (int i = 0; i < v->shown_count; i++) {
		const struct boot_entry *e = &menu->entries[v->shown[i]];

		say("%c%3d  %s%s\n", i == v->selected ? '*' : ' ', i,
			menu_text(v, e->title, text, sizeof(text)),
			e->is_submenu	      ? " >"
			: boot_is_bootable(e) ? ""
					      : " (cannot be booted)");
	}
	if (*v->message)
		say("! %s\n", v->message);
}

static void help(void)
{
	say("Enter: boot the entry marked *   NUMBER: boot that, or open it\n"
	    "e [NUMBER]: edit it   c: command line   /TEXT: search\n"
	    "u: up   q: leave   h: help\n");
}

/* 1: sent. 0: back to the menu. */
static int send_lines(struct menu_view *v, const struct boot_entry *base,
	char lines[][EDIT_MAX + 1], unsigned int count)
{
	struct boot_menu edited;
	int ret;

	boot_init(&edited);
	ret = menu_read_lines(v, base, lines, count, &edited);
	if (!ret)
		ret = menu_send_edited(&edited) ? -EPIPE : 1;
	boot_free(&edited);
	return ret == -EINVAL || ret == -ENODEV ? 0 : ret;
}

/* Lines until "boot"; an empty one gives up. */
static int command_line(struct menu_view *v)
{
	static char lines[MENU_LINES_MAX][EDIT_MAX + 1];
	unsigned int n = 0;
	int ret;

	say("linux PATH ARGS, initrd PATH..., boot; an empty line: back\n");
	for (;;) {
		say("> ");
		ret = read_answer(lines[n], -1);
		if (ret || !*lines[n])
			return ret;
		if (!strcmp(lines[n], "boot"))
			return send_lines(v, NULL, lines, n);
		if (++n == MENU_LINES_MAX)
			return send_lines(v, NULL, lines, n);
	}
}

/* Each line is shown; what is typed takes its place, nothing leaves it. */
static int edit(struct menu_view *v, int entry)
{
	static char lines[MENU_LINES_MAX][EDIT_MAX + 1];
	const struct boot_entry *e = &v->task->menu->entries[entry];
	static char typed[LINE_MAX_BYTES], text[EDIT_MAX + 1];
	unsigned int n;

	if (!boot_is_bootable(e)) {
		snprintf(v->message, sizeof(v->message),
			"that has nothing to edit");
		return 0;
	}
	n = menu_lines(v, e, lines);
	say("Type a line anew, or press Enter to keep it; q: back\n");
	for (unsigned int i = 0; i < n; i++) {
		int ret;

		say("  %s\n> ", menu_text(v, lines[i], text, sizeof(text)));
		ret = read_answer(typed, -1);
		if (ret || !strcmp(typed, "q"))
			return ret;
		if (*typed)
			strcpy(lines[i], typed);
	}
	return send_lines(v, e, lines, n);
}

/* 1: a choice is sent. */
static int boot(struct menu_view *v, int at)
{
	const struct boot_menu *menu = v->task->menu;
	const struct boot_entry *e;

	if (at < 0 || at >= v->shown_count) {
		snprintf(v->message, sizeof(v->message), "there is no %d", at);
		return 0;
	}
	e = &menu->entries[v->shown[at]];
	if (e->is_submenu) {
		menu_show(v, v->shown[at], -1);
		return 0;
	}
	if (boot_is_bootable(e))
		return menu_send_entry(v->shown[at]) ? -EPIPE : 1;
	menu_text(v, e->obstacle ? e->obstacle : "it has no kernel", v->message,
		sizeof(v->message));
	return 0;
}

static int number_of(const char *text, int otherwise)
{
	text += strspn(text, " ");
	if (!*text)
		return otherwise;
	return strlen(text) > 6 || strspn(text, "0123456789") != strlen(text)
		       ? -1
		       : atoi(text);
}

static int obey(struct menu_view *v, const char *line)
{
	int at = number_of(line + (*line != '\0'), v->selected);

	*v->message = '\0';
	switch (*line) {
	case 'e':
		if (at >= 0 && at < v->shown_count)
			return edit(v, v->shown[at]);
		break;
	case 'c':
		return command_line(v);
	case 'u':
		menu_leave(v);
		return 0;
	case 'q':
		return -ECANCELED;
	case '/':
		if (!menu_search(v, line + 1))
			snprintf(v->message, sizeof(v->message), "not found");
		return 0;
	case 'h':
	case '?':
		help();
		return 0;
	default:
		return boot(v, number_of(line, v->selected));
	}
	snprintf(v->message, sizeof(v->message), "there is no such entry");
	return 0;
}

int menu_plain(const struct menu_task *task)
{
	static struct menu_view v;
	static char line[LINE_MAX_BYTES];
	int wait, ret = 0;

	menu_open(&v, task);
	wait = v.is_counting ? task->menu->timeout_ms : -1;
	while (!ret) {
		show(&v);
		if (wait > 0)
			say("Booting * in %d s; Enter: now, h: help\n",
				(wait + 999) / 1000);
		say("boot: ");
		ret = read_answer(line, wait);
		if (ret == -ETIME) {
			say("\n");
			return menu_send_entry(task->menu->default_entry);
		}
		wait = -1;
		if (!ret)
			ret = obey(&v, line);
	}
	return ret > 0 ? 0 : ret;
}
