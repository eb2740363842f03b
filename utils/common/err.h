/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages to the person: "tool: what, which, why; what to do". */
#ifndef UTILS_ERR_H
#define UTILS_ERR_H

/* The name that messages begin with; the string is kept, not copied. */
void err_tool(const char *name);
/* One line on standard error. */
void err_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
