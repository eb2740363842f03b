/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The access log: a line for each request that was served, as far as the
 * rate allows (access.c). Lines are gathered and written once a turn of the
 * loop. The file is the keeper's; see logfile.h.
 */
#include "access_log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

#define GATHERED_MAX 65536
#define LINE_MAX_LEN 640
/* Bytes of a path that are shown, before they are escaped. */
#define TEXT_MAX_LEN 128

static char gathered[GATHERED_MAX];
static size_t length;
static int log_fd = -1;
static uint64_t written; /* bytes of the file */
static uint64_t lost;	 /* lines that could not be written, not told yet */
static bool is_failing;

static void add(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void add(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(gathered + length, sizeof(gathered) - length, fmt, ap);
	va_end(ap);
	length += (size_t)n;
}

/* What a guest has sent, so that no line is any other than it seems. */
static void add_text(const char *text, size_t len)
{
	size_t shown = len < TEXT_MAX_LEN ? len : TEXT_MAX_LEN, i;
	unsigned char c;

	for (i = 0; i < shown; i++) {
		c = (unsigned char)text[i];
		if (c > ' ' && c < 127 && c != '\\')
			gathered[length++] = (char)c;
		else
			add("\\x%02x", c);
	}
	if (shown < len)
		add("...");
}

static void add_time(void)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	add("%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ", tm.tm_year + 1900,
		tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		now.tv_nsec / 1000);
}

/* All of it, or an error; what is lost then is counted by the line. */
static int write_all(const char *at, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(log_fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		at += n;
		len -= (size_t)n;
		written += (size_t)n;
	}
	return 0;
}

static void lose(int rc)
{
	size_t i;

	for (i = 0; i < length; i++)
		lost += gathered[i] == '\n';
	if (!is_failing)
		log_line(true,
			"the access log cannot be written: %s. Its lines are "
			"lost until it can",
			strerror(-rc));
	is_failing = true;
}

void access_log_flush(struct daemon *d)
{
	int rc;

	if (!length)
		return;
	rc = write_all(gathered, length);
	if (rc)
		lose(rc);
	length = 0;
	if (!rc && is_failing) {
		log_line(false, "the access log is written again");
		is_failing = false;
	}
	if (written >= d->keeper->log.size)
		access_log_reopen(d);
}

void access_log_put(void *ctx, const struct store_access *a)
{
	if (GATHERED_MAX - length < LINE_MAX_LEN)
		access_log_flush(ctx);
	add_time();
	add(" d%u c%u t%u %s %s %llu us ", a->domid, conn_id(a->conn), a->tx_id,
		a->op, a->error ? a->error : "OK",
		(unsigned long long)(a->ns / 1000));
	add_text(a->text, a->text_len);
	if (a->skipped)
		add(" (%llu left out before)", (unsigned long long)a->skipped);
	if (lost)
		add(" (%llu lost before)", (unsigned long long)lost);
	lost = 0;
	add("\n");
}

static void take(int fd)
{
	struct stat st;

	if (log_fd >= 0)
		close(log_fd);
	log_fd = fd;
	written = fstat(fd, &st) ? 0 : (uint64_t)st.st_size;
}

/* One that cannot be moved aside is written on, and tried again later. */
void access_log_reopen(struct daemon *d)
{
	struct post p = { .kind = ASK_LOG };
	int fds[POST_FDS_MAX], rc;

	if (log_fd < 0)
		return;
	rc = daemon_ask(d, &p, fds);
	if (rc) {
		log_line(true, "the access log cannot be begun anew: %s",
			strerror(-rc));
		written = 0;
	} else if (fds[0] >= 0) {
		take(fds[0]);
		fds[0] = -1;
	}
	post_close(fds);
}

void access_log_init(struct daemon *d)
{
	if (d->keeper->log.fd < 0)
		return;
	take(d->keeper->log.fd);
	store_set_access_log(d->store, d->keeper->opt.log_rate);
}

int access_log_control(struct daemon *d, char *const *args, size_t count)
{
	uint64_t rate = d->keeper->opt.log_rate;

	if (count != 2)
		return -EINVAL;
	if (!strcmp(args[1], "off"))
		rate = 0;
	else if (strcmp(args[1], "on") != 0 &&
		 wire_number(args[1], UINT32_MAX, &rate))
		return -EINVAL;
	if (log_fd < 0) {
		log_line(true, "there is no access log to turn on: start "
			       "xenstored with --access-log");
		return -ENOENT;
	}
	store_set_access_log(d->store, (uint32_t)rate);
	return 0;
}
