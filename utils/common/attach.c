/* SPDX-License-Identifier: BSD-2-Clause */
/* Attaching to a console; see attach.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "attach.h"

#define ESCAPE 0x1d /* Ctrl-] */

static int open_tty(const char *path, int *fd, struct why *why)
{
	struct termios raw;

	*fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*fd < 0)
		return why_set(why, -errno, "%s: %s", path, strerror(errno));
	if (!isatty(*fd)) {
		close(*fd);
		return why_set(why, -ENOTTY,
			"%s, which the store names, is no terminal", path);
	}
	if (!tcgetattr(*fd, &raw)) {
		cfmakeraw(&raw);
		(void)tcsetattr(*fd, TCSANOW, &raw);
	}
	return 0;
}

int attach_open(
	struct xs *xs, uint32_t domid, int seconds, int *fd, struct why *why)
{
	const struct timespec nap = { 0, 50000000 };
	char path[64], *tty = NULL;
	size_t len;
	int ret = -ENOENT;

	snprintf(path, sizeof(path), "/local/domain/%u/console/tty", domid);
	for (int i = 0; i < seconds * 20; i++) {
		ret = xs_read(xs, 0, path, &tty, &len);
		if (!ret && !strncmp(tty, "/dev/pts/", 9))
			break;
		if (!ret)
			free(tty);
		tty = NULL;
		nanosleep(&nap, NULL);
	}
	if (!tty)
		return why_set(why, -ETIMEDOUT,
			"domain %u has no console terminal; is tenon-consoled "
			"running?",
			domid);
	ret = open_tty(tty, fd, why);
	free(tty);
	return ret;
}

static bool write_all(int fd, const char *bytes, size_t count)
{
	while (count) {
		ssize_t put = write(fd, bytes, count);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		bytes += put;
		count -= (size_t)put;
	}
	return true;
}

/* A byte at a time: what was typed after Ctrl-] is for who reads next.  False
 * when it is time to leave. */
static bool from_person(int fd)
{
	char byte;
	ssize_t got = read(STDIN_FILENO, &byte, 1);

	if (got < 0 && errno == EINTR)
		return true;
	return got > 0 && byte != ESCAPE && write_all(fd, &byte, 1);
}

/* False when the guest is gone: the daemon closed its end. */
static bool from_guest(int fd)
{
	char bytes[4096];
	ssize_t got = read(fd, bytes, sizeof(bytes));

	if (got < 0 && errno == EINTR)
		return true;
	return got > 0 && write_all(STDOUT_FILENO, bytes, (size_t)got);
}

int attach_run(int fd, struct why *why)
{
	struct pollfd wait[2] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};
	struct termios saved, raw;
	bool terminal = !tcgetattr(STDIN_FILENO, &saved), go = true;
	int ret = 0;

	if (terminal) {
		raw = saved;
		cfmakeraw(&raw);
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	while (go) {
		if (poll(wait, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			ret = why_set(why, -errno, "poll: %s", strerror(errno));
			break;
		}
		if (wait[1].revents)
			go = from_guest(fd);
		if (go && wait[0].revents)
			go = from_person(fd);
	}
	if (terminal)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	close(fd);
	return ret;
}
