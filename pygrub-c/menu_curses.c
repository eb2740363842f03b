/* SPDX-License-Identifier: BSD-2-Clause */
/* The menu on a terminal with a cursor; see menu_model.h. */
#include <curses.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "menu_model.h"

#define CTRL(c)	  ((c)&0x1f)
#define ESCAPE	  27
#define ESCAPE_MS 50 /* what follows an escape comes within this */
#define ALT_MS	  50
#define TICK_MS	  200
/* Lines around the list: the title above, three lines of help below. */
#define LINES_AROUND 6

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int rows(void)
{
	return LINES > LINES_AROUND ? LINES - LINES_AROUND : 1;
}

/* One line, cut at the screen's edge. */
static void put_line(
	const struct menu_view *v, int y, int attr, const char *text)
{
	static char clean[EDIT_MAX * 4];

	if (y < 0 || y >= LINES)
		return;
	move(y, 0);
	clrtoeol();
	attrset((attr_t)attr);
	addnstr(menu_text(v, text, clean, sizeof(clean)),
		COLS > 1 ? COLS - 1 : 1);
	attrset(A_NORMAL);
}

static void put_entry(const struct menu_view *v, int at, int y)
{
	const struct boot_entry *e = &v->task->menu->entries[v->shown[at]];
	char line[BOOT_TITLE_MAX + 32];

	snprintf(line, sizeof(line), "%c %s%s", at == v->selected ? '*' : ' ',
		e->title,
		e->is_submenu	      ? "  >"
		: boot_is_bootable(e) ? ""
				      : "  (cannot be booted)");
	put_line(v, y, at == v->selected ? A_REVERSE : A_NORMAL, line);
}

static void draw(struct menu_view *v, int64_t deadline)
{
	const struct boot_menu *menu = v->task->menu;
	char line[128];
	int n = rows();

	if (v->selected < v->top)
		v->top = v->selected;
	if (v->selected >= v->top + n)
		v->top = v->selected - n + 1;
	erase();
	put_line(v, 0, A_BOLD,
		v->parent >= 0 ? menu->entries[v->parent].title
		: menu->title  ? menu->title
			       : "Boot menu");
	for (int i = 0; i < n && v->top + i < v->shown_count; i++)
		put_entry(v, v->top + i, 2 + i);
	if (v->top + n < v->shown_count)
		put_line(v, 2 + n, A_NORMAL, "  ...");
	put_line(v, LINES - 3, A_BOLD, v->message);
	put_line(v, LINES - 2, A_NORMAL,
		"Enter: boot  e: edit  a: arguments  c: command line  "
		"/: search  ?: help");
	if (v->is_counting) {
		int64_t left = deadline - now_ms();

		snprintf(line, sizeof(line),
			"The marked entry is booted in %d s.",
			left > 0 ? (int)((left + 999) / 1000) : 0);
		put_line(v, LINES - 1, A_NORMAL, line);
	}
	move(2 + v->selected - v->top, 0);
	refresh();
}

/* curses' key as edit.h has it; 0 for one of no use. */
static int edit_key_of(int key)
{
	switch (key) {
	case KEY_LEFT:
		return EDIT_LEFT;
	case KEY_RIGHT:
		return EDIT_RIGHT;
	case KEY_HOME:
		return EDIT_HOME;
	case KEY_END:
		return EDIT_END;
	case KEY_DC:
		return EDIT_DELETE;
	case KEY_BACKSPACE:
		return EDIT_BACKSPACE;
	}
	return key < 0x80 ? key : 0;
}

/* What Alt with a letter means to readline; 0: a lone escape. */
static int alt_key(void)
{
	int key;

	timeout(ALT_MS);
	key = getch();
	timeout(-1);
	switch (key) {
	case 'b':
		return EDIT_WORD_LEFT;
	case 'f':
		return EDIT_WORD_RIGHT;
	case 'd':
		return EDIT_DELETE_WORD;
	case KEY_BACKSPACE:
	case 0x7f:
	case CTRL('h'):
		return EDIT_ERASE_WORD;
	}
	return 0;
}

/* A line at row y, moved sideways as the cursor wants. */
static void put_edited(const struct menu_view *v, const struct edit_line *line,
	int y, const char *prompt)
{
	int start = (int)strlen(prompt), width = COLS - start - 1, from;
	char shown[EDIT_MAX + 128];

	if (width < 8)
		width = 8;
	from = (int)line->cursor < width ? 0 : (int)line->cursor - width + 1;
	snprintf(shown, sizeof(shown), "%s%.*s", prompt, width,
		line->text + from);
	put_line(v, y, A_NORMAL, shown);
	move(y, start + (int)line->cursor - from);
}

/* What ends the editing of a line. */
enum { LINE_DONE, LINE_LEFT, LINE_UP, LINE_DOWN, LINE_BOOT };

static int edit_line(const struct menu_view *v, struct edit_line *line, int y,
	const char *prompt)
{
	for (;;) {
		int key;

		put_edited(v, line, y, prompt);
		refresh();
		key = getch();
		switch (key) {
		case ERR:
			return LINE_LEFT;
		case '\n':
		case '\r':
		case KEY_ENTER:
			return LINE_DONE;
		case KEY_UP:
		case CTRL('p'):
			return LINE_UP;
		case KEY_DOWN:
		case CTRL('n'):
			return LINE_DOWN;
		case CTRL('x'):
		case KEY_F(10):
			return LINE_BOOT;
		case CTRL('g'):
		case CTRL('c'):
			return LINE_LEFT;
		case ESCAPE:
			key = alt_key();
			if (!key)
				return LINE_LEFT;
			edit_key(line, key);
			break;
		default:
			edit_key(line, edit_key_of(key));
			break;
		}
	}
}

/* 1: sent. 0: back to the menu, with a message. */
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
	return ret == -EPIPE || ret == 1 ? ret : 0;
}

static int edit_entry(struct menu_view *v, const struct boot_entry *e)
{
	static char lines[MENU_LINES_MAX][EDIT_MAX + 1];
	static struct edit_line line;
	unsigned int count = menu_lines(v, e, lines), at = 0;

	for (;;) {
		int how;

		erase();
		put_line(v, 0, A_BOLD, e->title);
		for (unsigned int i = 0; i < count; i++)
			put_line(v, 2 + (int)i, A_NORMAL, lines[i]);
		put_line(v, LINES - 3, A_BOLD, v->message);
		put_line(v, LINES - 2, A_NORMAL,
			"Ctrl-x or F10: boot  Up, Down: another line  "
			"Esc: back");
		edit_start(&line, lines[at]);
		how = edit_line(v, &line, 2 + (int)at, "");
		if (how == LINE_LEFT)
			return 0;
		strcpy(lines[at], line.text);
		if (how == LINE_BOOT) {
			int ret = send_lines(v, e, lines, count);

			if (ret)
				return ret;
		} else if (how == LINE_UP) {
			at -= at > 0;
		} else if (at + 1 < count) {
			at++;
		}
	}
}

/* The arguments alone, as GRUB legacy's `a`. */
static int edit_args(struct menu_view *v, const struct boot_entry *e)
{
	static char lines[MENU_LINES_MAX][EDIT_MAX + 1];
	static struct edit_line line;
	unsigned int count = menu_lines(v, e, lines);
	size_t path = strlen(lines[0]) - strlen(e->args);
	int how;

	edit_start(&line, e->args);
	erase();
	put_line(v, 0, A_BOLD, e->title);
	put_line(v, LINES - 2, A_NORMAL, "Enter: boot  Esc: back");
	how = edit_line(v, &line, 2, "arguments: ");
	if (how == LINE_LEFT)
		return 0;
	if (path && lines[0][path - 1] != ' ')
		lines[0][path++] = ' ';
	snprintf(lines[0] + path, EDIT_MAX + 1 - path, "%s", line.text);
	return send_lines(v, e, lines, count);
}

static int command_line(struct menu_view *v)
{
	static char lines[MENU_LINES_MAX][EDIT_MAX + 1];
	static struct edit_line line;
	unsigned int n = 0;

	erase();
	put_line(v, 0, A_BOLD, "Command line");
	put_line(v, 1, A_NORMAL,
		"linux PATH ARGS   initrd PATH...   boot   Esc: back");
	while (n < MENU_LINES_MAX && 3 + (int)n < LINES - 1) {
		int how;

		edit_start(&line, "");
		how = edit_line(v, &line, 3 + (int)n, "> ");
		if (how == LINE_LEFT)
			return 0;
		if (how == LINE_BOOT || !strcmp(line.text, "boot"))
			return send_lines(v, NULL, lines, n);
		if (line.length)
			strcpy(lines[n++], line.text);
	}
	return send_lines(v, NULL, lines, n);
}

static void search(struct menu_view *v)
{
	static struct edit_line line;

	edit_start(&line, "");
	put_line(v, LINES - 3, A_NORMAL, "");
	if (edit_line(v, &line, LINES - 3, "/") == LINE_LEFT)
		return;
	if (!menu_search(v, line.text))
		snprintf(v->message, sizeof(v->message), "not found");
}

static void help(const struct menu_view *v)
{
	static const char *const text[] = {
		"Up, Down, k, j, Page Up, Page Down, Home, End: select",
		"Enter, Right: boot the entry, or open the submenu",
		"Esc, Left:    back to the menu above",
		"e: edit kernel, ramdisks and arguments, then Ctrl-x boots",
		"a: edit the arguments alone, then Enter boots",
		"c: command line: linux PATH ARGS, initrd PATH, boot",
		"/: search a title",
		"q: leave, and boot nothing",
		"",
		"In a line: Ctrl-a -e -b -f -d -h -k -u -w -y -t, Alt-b -f -d",
		"",
		"Press any key.",
	};

	erase();
	for (size_t i = 0; i < sizeof(text) / sizeof(*text); i++)
		put_line(v, (int)i, A_NORMAL, text[i]);
	refresh();
	getch();
}

/* 1: sent. */
static int choose(struct menu_view *v)
{
	int entry = menu_selected(v);
	const struct boot_entry *e;

	if (entry < 0)
		return 0;
	e = &v->task->menu->entries[entry];
	if (e->is_submenu) {
		menu_show(v, entry, -1);
		return 0;
	}
	if (boot_is_bootable(e))
		return menu_send_entry(entry) ? -EPIPE : 1;
	snprintf(v->message, sizeof(v->message), "%s",
		e->obstacle ? e->obstacle : "it has no kernel");
	return 0;
}

/* The selected entry, if it can be edited. */
static const struct boot_entry *editable(struct menu_view *v)
{
	int entry = menu_selected(v);
	const struct boot_entry *e =
		entry < 0 ? NULL : &v->task->menu->entries[entry];

	if (e && boot_is_bootable(e))
		return e;
	snprintf(v->message, sizeof(v->message), "that has nothing to edit");
	return NULL;
}

static int obey(struct menu_view *v, int key)
{
	const struct boot_entry *e;

	*v->message = '\0';
	switch (key) {
	case KEY_UP:
	case 'k':
	case CTRL('p'):
		menu_move(v, -1);
		return 0;
	case KEY_DOWN:
	case 'j':
	case CTRL('n'):
		menu_move(v, 1);
		return 0;
	case KEY_PPAGE:
		menu_move(v, -rows());
		return 0;
	case KEY_NPAGE:
		menu_move(v, rows());
		return 0;
	case KEY_HOME:
		menu_move(v, -BOOT_ENTRIES_MAX);
		return 0;
	case KEY_END:
		menu_move(v, BOOT_ENTRIES_MAX);
		return 0;
	case '\n':
	case '\r':
	case KEY_ENTER:
	case KEY_RIGHT:
		return choose(v);
	case KEY_LEFT:
	case ESCAPE:
		menu_leave(v);
		return 0;
	case 'e':
		e = editable(v);
		return e ? edit_entry(v, e) : 0;
	case 'a':
		e = editable(v);
		return e ? edit_args(v, e) : 0;
	case 'c':
		return command_line(v);
	case '/':
		search(v);
		return 0;
	case '?':
	case 'h':
	case KEY_F(1):
		help(v);
		return 0;
	case 'q':
	case CTRL('c'):
		return -ECANCELED;
	}
	return 0;
}

static int loop(struct menu_view *v)
{
	int64_t deadline = now_ms() + v->task->menu->timeout_ms;
	int ret = 0;

	while (!ret) {
		int key;

		draw(v, deadline);
		timeout(v->is_counting ? TICK_MS : -1);
		key = getch();
		timeout(-1);
		if (key == ERR && !v->is_counting)
			return -ECANCELED; /* the console is gone */
		if (key == ERR && now_ms() >= deadline)
			return menu_send_entry(v->task->menu->default_entry)
				       ? -EPIPE
				       : 1;
		if (key == ERR)
			continue;
		v->is_counting = false;
		ret = obey(v, key);
	}
	return ret;
}

int menu_curses(const struct menu_task *task)
{
	static struct menu_view v;
	int ret;

	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	menu_open(&v, task);
	ret = loop(&v);
	erase();
	refresh();
	endwin();
	return ret > 0 ? 0 : ret;
}
