/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages; see err.h. */
#include <stdarg.h>
#include <stdio.h>
#include "err.h"

static const char *tool = "tenon";

void err_tool(const char *name)
{
	tool = name;
}

void err_say(const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	/* In one write, so that lines of several processes stay whole. */
	fprintf(stderr, "%s: %s\n", tool, text);
}
