/* SPDX-License-Identifier: BSD-2-Clause */
/* The two sides of a move; see move_peer.h. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <tenonctrl/why.h>
#include "common/err.h"
#include "move_peer.h"

#define LINE 512
/* Lines that a login may say before the other side begins. */
#define GREETING_MAX 200

static void run(const int in[2], const int out[2], const char *command)
{
	signal(SIGPIPE, SIG_DFL);
	if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0)
		_exit(127);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

int move_peer_start(struct move_peer *p, const char *command, struct why *why)
{
	int in[2], out[2], error;

	if (pipe2(in, O_CLOEXEC))
		return why_set(why, -errno, "no pipe: %s", strerror(errno));
	if (pipe2(out, O_CLOEXEC)) {
		error = errno;
		close(in[0]);
		close(in[1]);
		return why_set(why, -error, "no pipe: %s", strerror(error));
	}
	p->pid = fork();
	error = errno;
	if (!p->pid)
		run(in, out, command);
	close(in[0]);
	close(out[1]);
	p->to = in[1];
	p->from = out[0];
	if (p->pid > 0)
		return 0;
	p->pid = 0;
	close(p->to);
	close(p->from);
	return why_set(why, -error, "fork: %s", strerror(error));
}

int move_peer_end(struct move_peer *p, bool is_useless)
{
	int status = 0;

	if (!p->pid)
		return 0;
	close(p->to);
	close(p->from);
	if (is_useless)
		kill(p->pid, SIGTERM);
	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	p->pid = 0;
	return status;
}

int move_say(int fd, const char *text)
{
	char line[LINE];
	size_t size, at = 0;

	snprintf(line, sizeof(line) - 1, "%s", text);
	size = strlen(line);
	line[size++] = '\n';
	while (at < size) {
		ssize_t put = write(fd, line + at, size - at);

		if (put < 0 && errno != EINTR)
			return -errno;
		at += put < 0 ? 0 : (size_t)put;
	}
	return 0;
}

/* Byte by byte: what follows is for somebody else. */
int move_hear(int fd, char *line, size_t size)
{
	size_t at = 0;

	while (at < size) {
		ssize_t got = read(fd, line + at, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EPIPE;
		if (line[at] == '\n') {
			line[at] = '\0';
			return 0;
		}
		at++;
	}
	return -EMSGSIZE;
}

/* It goes to a terminal, and nobody knows who said it. */
static void make_printable(char *text)
{
	for (; *text; text++) {
		if (!isprint((unsigned char)*text))
			*text = '?';
	}
}

int move_expect(int fd, const char *word, struct why *why)
{
	bool is_first = !strcmp(word, MOVE_HELLO);
	char line[LINE];
	int ret;

	for (int i = 0; i < GREETING_MAX; i++) {
		ret = move_hear(fd, line, sizeof(line));
		if (ret == -EPIPE)
			return why_set(why, ret,
				"the other side ended without a word why");
		if (!ret && !strcmp(line, word))
			return 0;
		if (!ret && !strncmp(line, MOVE_FAILED, strlen(MOVE_FAILED))) {
			make_printable(line);
			return why_set(why, -EREMOTEIO, "the other side: %s",
				line + strlen(MOVE_FAILED));
		}
		if (ret && ret != -EMSGSIZE)
			return why_set(why, ret, "reading: %s", strerror(-ret));
		if (!is_first)
			break;
	}
	return why_set(why, -EPROTO,
		"the other side does not speak of moves as this one: does "
		"dommove run there, of this version?");
}
