/* SPDX-License-Identifier: BSD-2-Clause */
/* Progress on a terminal; see progress.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "progress.h"

#define BAR 30

static bool never;

void progress_never(void)
{
	never = true;
}

void progress_begin(struct progress *p, const char *what)
{
	const char *term = getenv("TERM");

	p->what = what;
	p->shown = !never && isatty(STDERR_FILENO) && term &&
		   strcmp(term, "dumb") != 0;
	p->percent = -1;
}

void progress_tell(void *arg, uint64_t done, uint64_t all)
{
	static const char marks[BAR + 1] = "##############################";
	struct progress *p = arg;
	int percent = all ? (int)(done * 100 / all) : 100;

	if (!p->shown || percent == p->percent)
		return;
	p->percent = percent;
	fprintf(stderr, "\r%s [%-*.*s] %3d%%", p->what, BAR,
		percent * BAR / 100, marks, percent);
	fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (p->shown && p->percent >= 0)
		fputs("\r\033[K", stderr);
	p->percent = -1;
}
