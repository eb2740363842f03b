/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's screens: a model drawn with ncurses, and keys taken. It draws
 * into the current terminal and asks for actions; who calls it samples, waits
 * and acts.
 */
#ifndef TOP_VIEW_H
#define TOP_VIEW_H

#include <stdbool.h>
#include <stdint.h>
#include "model.h"

enum view_mode { VIEW_LIST, VIEW_DETAIL, VIEW_HELP };

/* What the person wishes to be done, to view.domid where that matters. */
enum view_act {
	VIEW_NOTHING,
	VIEW_QUIT,
	VIEW_SAMPLE, /* now, as what is shown needs more figures */
	VIEW_PAUSE,
	VIEW_RESUME,
	VIEW_CONSOLE,
	VIEW_STOP,
	VIEW_DESTROY,
};

struct view {
	struct model *model;
	const char *host;	    /* for the title */
	unsigned int delay_seconds; /* between samples; keys change it */
	enum view_mode mode, behind_help;
	bool shows_vcpus, shows_nets, shows_disks; /* in the list */
	uint32_t domid;				   /* the one selected */
	bool is_filtering;    /* the filter is being typed */
	enum view_act asking; /* waits for y or n */
	char message[96];     /* below, until the next key */

	/* Private. */
	int top; /* the first line of the list that is seen */
	int page;
	bool has_colors, has_blocks;
	struct view_line *lines;
	size_t line_count;
};

/* After initscr() or newterm(): key modes, colours. */
void view_start(struct view *v);
/* Draws all; also right after the terminal's size changed. */
void view_draw(struct view *v);
/* Takes a key of getch(); the caller draws then. */
enum view_act view_key(struct view *v, int key);
/* Whether the screen needs figures of each vcpu. */
bool view_wants_vcpus(const struct view *v);
void view_free(struct view *v);

/* view_parts.c: pieces of a screen, at the cursor. */

/* A bar of `width` cells in brackets, filled to `percent`. */
void view_bar(double percent, int width);
/* The last `width` of `count` points, the greatest being `top` (0: theirs). */
void view_graph(const struct view *v, const float *points, unsigned int count,
	int width, double top);
/* "1.2M": at most five characters and a NUL. */
void view_amount(double value, char text[8]);

#endif
