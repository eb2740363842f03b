/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's programs in a jail; see tool.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <tenonctrl/why.h>
#include <unistd.h>
#include "text.h"
#include "tool.h"

/* The tool's process, its output in a pipe. */
static pid_t start(
	char *const argv[], enum jail_filter filter, int out, int *output)
{
	static char *const environment[] = { "PATH=/usr/bin", "LC_ALL=C",
		"MTOOLS_SKIP_CHECK=1", NULL };
	int ends[2];
	pid_t pid;

	if (pipe(ends))
		return -errno;
	pid = fork();
	if (!pid) {
		dup2(out >= 0 ? out : ends[1], 1);
		dup2(ends[1], 2);
		close(ends[0]);
		close(ends[1]);
		close(JAIL_SOCK);
		close(JAIL_FD);
		if (out >= 0)
			close(out);
		if (!jail_lock(filter))
			execve(argv[0], argv, environment);
		_exit(127);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return -errno;
	}
	*output = ends[0];
	return pid;
}

int tool_run(char *const argv[], enum jail_filter filter, int out,
	char said[TOOL_SAID_MAX], struct why *why)
{
	int output = -1, status, ret = 0;
	pid_t pid = start(argv, filter, out, &output), ended;
	size_t have = 0;

	if (pid < 0)
		return why_set(
			why, pid, "%s: %s", argv[0], strerror((int)-pid));
	/* Others end, too: the disk's server if the machine is in need. */
	do {
		ended = waitpid(pid, &status, 0);
	} while (ended < 0 && errno == EINTR);
	fcntl(output, F_SETFL, O_NONBLOCK);
	while (have < TOOL_SAID_MAX - 1) {
		ssize_t n = read(output, said + have, TOOL_SAID_MAX - 1 - have);

		if (n <= 0)
			break;
		have += (size_t)n;
	}
	said[have] = '\0';
	close(output);
	if (ended < 0)
		ret = -errno;
	else if (WIFSIGNALED(status))
		ret = why_set(why, -EIO, "%s died by signal %d", argv[0],
			WTERMSIG(status));
	else if (WEXITSTATUS(status) == 127)
		ret = why_set(why, -ENOENT,
			"%s cannot be run: is its package installed?", argv[0]);
	else if (WEXITSTATUS(status))
		ret = why_set(why, -EIO, "%s",
			*said ? text_clean(said, said, TOOL_SAID_MAX)
			      : "failed");
	return ret;
}
