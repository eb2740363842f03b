/* SPDX-License-Identifier: BSD-2-Clause */
/* An xenstored for a test; see daemon.h. */
#include "daemon.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tenonctrl/xs.h>

int test_daemon_start(struct test_daemon *d)
{
	const char *build = getenv("top_builddir");
	char program[512];
	struct xs *xs;
	int i;

	strcpy(d->dir, "/tmp/store-test-XXXXXX");
	if (!mkdtemp(d->dir))
		return -1;
	snprintf(d->socket, sizeof(d->socket), "%s/socket", d->dir);
	snprintf(d->guests, sizeof(d->guests), "%s/guests", d->dir);
	snprintf(d->files, sizeof(d->files), "%s/files", d->dir);
	if (mkdir(d->files, 0700))
		return -1;
	snprintf(program, sizeof(program), "%s/xenstored/xenstored",
		build ? build : "..");
	d->pid = fork();
	if (!d->pid) {
		execl(program, "xenstored", "-F", "--no-hypervisor", "--socket",
			d->socket, "--fake-guests", d->guests, (char *)NULL);
		_exit(127);
	}
	for (i = 0; i < 400; i++) {
		if (!access(d->guests, F_OK) && !xs_open(&xs, d->socket)) {
			xs_close(xs);
			return 0;
		}
		if (waitpid(d->pid, NULL, WNOHANG))
			break;
		usleep(50000);
	}
	fputs("the daemon does not start\n", stderr);
	return -1;
}

int test_daemon_stop(struct test_daemon *d)
{
	char command[128];
	int status;

	snprintf(command, sizeof(command), "rm -rf %s", d->files);
	if (system(command))
		return -1;
	kill(d->pid, SIGTERM);
	if (waitpid(d->pid, &status, 0) != d->pid || status) {
		fprintf(stderr, "the daemon ended with status %#x\n", status);
		return -1;
	}
	unlink(d->guests);
	if (rmdir(d->dir)) {
		perror(d->dir);
		return -1;
	}
	return 0;
}
