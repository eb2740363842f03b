/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The menu on the guest's console, in a jail that has the terminal and the
 * menu's texts and can ask for nothing.
 */
#ifndef PYGRUB_MENU_H
#define PYGRUB_MENU_H

#include <stdbool.h>
#include "boot.h"

struct options;
struct volumes;
struct why;

struct menu_choice {
	int entry;
	bool is_edited;
	struct boot_menu edited; /* one entry; boot_free it in any case */
};

/*
 * Asks on descriptors 0 and 1: with ncurses on a terminal that can, else line
 * by line. `complaint` is what went wrong with the last choice, or "": then the
 * person is waited for. -ECANCELED: the person left.
 */
int menu_ask(const struct boot_menu *menu, const struct volumes *volumes,
	const struct options *options, const char *complaint,
	struct menu_choice *choice, struct why *why);

#endif
