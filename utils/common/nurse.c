/* SPDX-License-Identifier: BSD-2-Clause */
/* Children that clean up after a killed process; see nurse.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <tenonctrl/why.h>
#include "nurse.h"

#define BEGUN 'b'
#define DONE  'd'

static void stand_by(
	int in, void (*act)(bool begun, const void *arg), const void *arg)
{
	bool begun = false;
	char word;
	ssize_t got;

	setsid();
	while ((got = read(in, &word, 1)) == 1 || (got < 0 && errno == EINTR)) {
		begun |= got == 1 && word == BEGUN;
		if (got == 1 && word == DONE)
			_exit(0);
	}
	act(begun, arg);
	_exit(0);
}

int nurse_start(struct nurse *n, void (*act)(bool begun, const void *arg),
	const void *arg, struct why *why)
{
	int ends[2], error;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return why_set(why, -errno, "no pipe: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		close(ends[1]);
		stand_by(ends[0], act, arg);
	}
	error = errno;
	close(ends[0]);
	if (pid < 0) {
		close(ends[1]);
		return why_set(why, -error, "fork: %s", strerror(error));
	}
	n->pipe = ends[1];
	n->pid = pid;
	return 0;
}

static bool tell(const struct nurse *n, char word)
{
	return write(n->pipe, &word, 1) == 1;
}

bool nurse_begun(const struct nurse *n)
{
	return tell(n, BEGUN);
}

void nurse_end(struct nurse *n)
{
	if (!n->pid)
		return;
	if (tell(n, DONE))
		while (waitpid(n->pid, NULL, 0) < 0 && errno == EINTR)
			;
	close(n->pipe);
	n->pid = 0;
}
