/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log: stderr or syslog, at most 20 lines a second, so that a guest that
 * earns a line with each request does not fill a disk. The worker's lines go
 * through the keeper.
 */
#include "keeper.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#define LINES_PER_SECOND 20

static bool is_syslog;
static int keeper_line = -1;
static time_t second;
static unsigned int lines, suppressed;

void log_init(bool to_syslog)
{
	is_syslog = to_syslog;
	if (to_syslog)
		openlog("xenstored", LOG_PID, LOG_DAEMON);
}

void log_to_keeper(int line)
{
	keeper_line = line;
}

static void tell_keeper(bool is_warning, const char *line)
{
	struct post p = { .kind = NOTE_LOG, .flags = is_warning };

	snprintf(p.text, sizeof(p.text), "%s", line);
	post_send(keeper_line, &p, NULL, 0, 0);
}

static void put(bool is_warning, const char *line)
{
	if (keeper_line >= 0)
		tell_keeper(is_warning, line);
	else if (is_syslog)
		syslog(is_warning ? LOG_WARNING : LOG_INFO, "%s", line);
	else
		fprintf(stderr, "xenstored: %s\n", line);
}

void log_line(bool is_warning, const char *fmt, ...)
{
	char line[512];
	struct timespec now;
	va_list ap;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec != second) {
		if (suppressed) {
			snprintf(line, sizeof(line), "%u lines left out",
				suppressed);
			put(true, line);
		}
		second = now.tv_sec;
		lines = suppressed = 0;
	}
	if (++lines > LINES_PER_SECOND) {
		suppressed++;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	put(is_warning, line);
}
