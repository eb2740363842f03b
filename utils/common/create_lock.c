/* SPDX-License-Identifier: BSD-2-Clause */
/* The lock of makers; see create_lock.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <tenonctrl/why.h>
#include "create_lock.h"

#define FOLDER	  "/run/xen"
#define LOCK_FILE FOLDER "/tenon-create.lock"

int create_lock(int *fd, struct why *why)
{
	int lock, ret;

	if (mkdir(FOLDER, 0755) && errno != EEXIST)
		return why_set(why, -errno, "%s: %s", FOLDER, strerror(errno));
	lock = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0)
		return why_set(
			why, -errno, "%s: %s", LOCK_FILE, strerror(errno));
	while (flock(lock, LOCK_EX)) {
		if (errno == EINTR)
			continue;
		ret = why_set(
			why, -errno, "%s: %s", LOCK_FILE, strerror(errno));
		close(lock);
		return ret;
	}
	*fd = lock;
	return 0;
}
