/* SPDX-License-Identifier: BSD-2-Clause */
/* An xenstored of the build, for a test: started in a folder of its own. */
#ifndef TESTS_STORE_DAEMON_H
#define TESTS_STORE_DAEMON_H

#include <sys/types.h>

struct test_daemon {
	char dir[64], socket[96], guests[96];
	char files[96]; /* a folder for the test, which goes with it */
	pid_t pid;
};

/* Without a hypervisor, with fake guests; 0 when it serves, else -1. */
int test_daemon_start(struct test_daemon *d);
/* Has it end; 0 when it ended well and left nothing behind. */
int test_daemon_stop(struct test_daemon *d);

#endif
