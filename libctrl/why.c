/* SPDX-License-Identifier: BSD-2-Clause */
/* Reasons in words; see tenonctrl/why.h. */
#include <stdarg.h>
#include <stdio.h>
#include <tenonctrl/why.h>

int why_set(struct why *why, int error, const char *fmt, ...)
{
	va_list args;

	if (!why)
		return error;
	va_start(args, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, args);
	va_end(args);
	return error;
}
