/* SPDX-License-Identifier: BSD-2-Clause */
/* Bars, graphs and amounts; see view.h. */
#include <ncurses.h>
#include <stdio.h>
#include "view.h"

#define STEPS 8

void view_bar(double percent, int width)
{
	int full = (int)(percent * width / 100 + 0.5);

	addch('[');
	for (int i = 0; i < width; i++)
		addch(i < full ? '|' : ' ');
	addch(']');
}

void view_graph(const struct view *v, const float *points, unsigned int count,
	int width, double top)
{
	static const char *const blocks[STEPS + 1] = { " ", "▁", "▂", "▃", "▄",
		"▅", "▆", "▇", "█" };
	static const char plain[STEPS + 2] = " ._-=+*%#";

	for (unsigned int i = 0; i < count; i++)
		top = points[i] > top ? points[i] : top;
	for (int i = 0; i < width; i++) {
		int at = (int)count - width + i, step = 0;

		if (at >= 0 && top > 0)
			step = (int)(points[at] / top * STEPS + 0.5);
		/* What is little is not nothing. */
		if (at >= 0 && points[at] > 0 && !step)
			step = 1;
		if (v->has_blocks)
			addstr(blocks[step]);
		else
			addch((chtype)plain[step]);
	}
}

void view_amount(double value, char text[8])
{
	static const char units[] = " KMGTP";
	unsigned int unit = 0;

	while (value >= 999.5 && units[unit + 1]) {
		value /= 1024;
		unit++;
	}
	if (!unit)
		snprintf(text, 8, "%.0f", value);
	else
		snprintf(text, 8, value < 9.95 ? "%.1f%c" : "%.0f%c", value,
			units[unit]);
}
