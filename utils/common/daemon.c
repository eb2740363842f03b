/* SPDX-License-Identifier: BSD-2-Clause */
/* Daemons; see daemon.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "daemon.h"
#include "err.h"

static int ready_pipe = -1;

/* The first process: leaves as the second one fares. */
static void wait_ready(int in)
{
	ssize_t got;
	char byte;

	do {
		got = read(in, &byte, 1);
	} while (got < 0 && errno == EINTR);
	_exit(got == 1 ? 0 : 1);
}

static int detach(void)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid) {
		close(ends[1]);
		wait_ready(ends[0]);
	}
	close(ends[0]);
	ready_pipe = ends[1];
	setsid();
	return 0;
}

static int write_pid(const char *path)
{
	FILE *file = fopen(path, "we");
	int ret = 0;

	if (!file)
		return -errno;
	if (fprintf(file, "%ld\n", (long)getpid()) < 0)
		ret = -EIO;
	if (fclose(file))
		ret = -EIO;
	return ret;
}

int daemon_start(bool foreground, const char *pid_file)
{
	int ret = foreground ? 0 : detach();

	if (ret) {
		err_say("cannot go into the background: %s", strerror(-ret));
		return ret;
	}
	if (!foreground && chdir("/"))
		return -errno;
	if (pid_file) {
		ret = write_pid(pid_file);
		if (ret)
			err_say("%s: %s", pid_file, strerror(-ret));
	}
	return ret;
}

void daemon_ready(void)
{
	int null;

	if (ready_pipe < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		/* Errors go on to where the starter sent them. */
		close(null);
	}
	if (write(ready_pipe, "r", 1) != 1)
		err_say("the process that started this one is gone");
	close(ready_pipe);
	ready_pipe = -1;
}
