/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a menu shows and what a person does to it, without a terminal: the level
 * that is shown, the selected entry, and an entry as lines that can be edited
 * and read again.
 */
#ifndef PYGRUB_MENU_MODEL_H
#define PYGRUB_MENU_MODEL_H

#include <stdbool.h>
#include "edit.h"
#include "volumes.h"

struct menu_task {
	const struct boot_menu *menu;
	const struct volumes *volumes; /* for their devices' names */
	const char *complaint;	       /* "": none */
	bool waits;		       /* no count-down */
	bool has_screen;	       /* ncurses is ready */
	bool is_utf8;
};

/* Lines of an entry that is edited. */
#define MENU_LINES_MAX (BOOT_INITRDS_MAX + 2)

struct menu_view {
	const struct menu_task *task;
	int parent;		     /* whose entries are shown; -1: the top */
	int shown[BOOT_ENTRIES_MAX]; /* their indices */
	int shown_count, selected, top; /* positions in `shown` */
	bool is_counting;
	char message[256];
};

/* The top level, or that of the default entry, which is selected. */
void menu_open(struct menu_view *view, const struct menu_task *task);
/* Shows the level below `parent` and selects `entry` there (-1: the first). */
void menu_show(struct menu_view *view, int parent, int entry);
/* Back to the level above; false at the top. */
bool menu_leave(struct menu_view *view);
void menu_move(struct menu_view *view, int by);
/*
 * Selects the next entry after the selected whose title has `text` in it, small
 * and capital letters alike; false: none has.
 */
bool menu_search(struct menu_view *view, const char *text);
/* The selected entry's index; -1 when there is none. */
int menu_selected(const struct menu_view *view);
/* A title fit for the terminal. */
char *menu_text(
	const struct menu_view *view, const char *text, char *out, size_t size);

/*
 * An entry as lines: "linux (hd0,gpt2)/boot/vmlinuz ARGS" and
 * "initrd (hd0,gpt2)/boot/initrd.img". Returns how many.
 */
unsigned int menu_lines(const struct menu_view *view,
	const struct boot_entry *entry, char lines[][EDIT_MAX + 1]);
/*
 * Reads such lines into a menu of one entry; paths without a device are of the
 * volume of `base` (NULL: the first), and a file that `base` has keeps its
 * part. 0, or -EINVAL with view->message set.
 */
int menu_read_lines(struct menu_view *view, const struct boot_entry *base,
	char lines[][EDIT_MAX + 1], unsigned int count, struct boot_menu *out);

/* Both send the choice on JAIL_SOCK. An entry, or an edited one. */
int menu_send_entry(int entry);
int menu_send_edited(const struct boot_menu *edited);

/* The person's side: both end with a choice sent, or -ECANCELED. */
int menu_curses(const struct menu_task *task);
int menu_plain(const struct menu_task *task);

#endif
