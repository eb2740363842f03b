/* SPDX-License-Identifier: BSD-2-Clause */
/* The broker's side of the menu; see menu.h. */
#include <errno.h>
#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/why.h>
#include <termios.h>
#include <unistd.h>
#include "menu.h"
#include "menu_model.h"
#include "options.h"
/* Its macros have the names of much. */
#include <term.h>

#define MEMORY	    (256ULL << 20)
#define CPU_SECONDS 600 /* a person may look at it for days */

static bool can(const char *name)
{
	const char *text = tigetstr(name);

	return text && text != (char *)-1;
}

/*
 * Makes ncurses ready for this terminal, before the jail hides its
 * descriptions. false: the terminal cannot move its cursor.
 */
static bool open_screen(void)
{
	static SCREEN *screen;
	const char *term = getenv("TERM");
	bool is_able;
	int problem;

	if (!isatty(0) || !isatty(1) || !term)
		return false;
	/* newterm itself keeps memory of a terminal that is not described. */
	if (setupterm(term, 1, &problem))
		return false;
	is_able = can("cup") && can("clear");
	del_curterm(cur_term);
	if (!is_able)
		return false;
	if (screen)
		delscreen(screen);
	screen = newterm(term, stdout, stdin);
	return screen;
}

static int run(void *arg)
{
	const struct menu_task *task = arg;
	struct wire_message m = { 0 };
	int ret = jail_lock(JAIL_MENU);

	if (!ret)
		ret = task->has_screen ? menu_curses(task) : menu_plain(task);
	if (ret)
		wire_answer(JAIL_SOCK, &m, ret, NULL, 0);
	return ret ? 1 : 0;
}

/* The jail has read the guest's texts: its answer is as hostile as they. */
static int take_choice(const struct boot_menu *menu, unsigned int volume_count,
	const struct wire_message *m, const char *payload,
	struct menu_choice *choice, struct why *why)
{
	if (m->op == WIRE_ANSWER && m->status)
		return why_set(why, m->status, "%s",
			m->status == -ECANCELED ? "the person left the menu"
			: *payload		? payload
						: strerror(-m->status));
	if (m->op != WIRE_CHOICE)
		return why_set(why, -EPROTO, "the menu sent nonsense");
	if (m->length) {
		choice->is_edited = true;
		if (boot_read(&choice->edited, (const uint8_t *)payload,
			    m->length, volume_count, why))
			return -EPROTO;
		if (choice->edited.entry_count == 1)
			return 0;
		return why_set(why, -EPROTO, "the menu sent nonsense");
	}
	if (m->a >= menu->entry_count ||
		!boot_is_bootable(&menu->entries[m->a]))
		return why_set(why, -EPROTO, "the menu sent nonsense");
	choice->entry = (int)m->a;
	return 0;
}

int menu_ask(const struct boot_menu *menu, const struct volumes *volumes,
	const struct options *options, const char *complaint,
	struct menu_choice *choice, struct why *why)
{
	struct menu_task task = {
		.menu = menu,
		.volumes = volumes,
		.complaint = complaint,
		.waits = options->interactive || *complaint,
	};
	struct jail_spec spec = {
		.name = "the menu's jail",
		.user = options->user,
		.memory = MEMORY,
		.cpu_seconds = CPU_SECONDS,
		.has_terminal = true,
		.run = run,
		.arg = &task,
	};
	struct termios before;
	bool has_terminal = !tcgetattr(0, &before);
	struct jail jail = { 0 };
	struct wire_message m;
	char *payload = NULL;
	int ret;

	boot_init(&choice->edited);
	choice->is_edited = false;
	setlocale(LC_CTYPE, "");
	task.is_utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	task.has_screen = open_screen();
	ret = jail_start(&spec, &jail, why);
	if (!ret) {
		ret = wire_receive(jail.sock, &m, &payload, NULL, -1);
		if (ret)
			why_set(why, ret, "the menu died");
		else
			ret = take_choice(
				menu, volumes->count, &m, payload, choice, why);
		free(payload);
	}
	jail_end(&jail);
	if (has_terminal)
		tcsetattr(0, TCSANOW, &before);
	return ret;
}
