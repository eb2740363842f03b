/* SPDX-License-Identifier: BSD-2-Clause */
/* Log files by their names: opened, and moved aside when they are full. */
#include "logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_LEN 4096

int logfile_open(struct logfile *f)
{
	int fd = open(f->path,
		O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
			O_NOCTTY,
		0600);

	if (fd < 0)
		return -errno;
	if (f->fd >= 0)
		close(f->fd);
	f->fd = fd;
	return 0;
}

/* The name of the one that was moved aside `age` times. */
static int old_name(const struct logfile *f, int age, char *out)
{
	int n = snprintf(out, NAME_MAX_LEN, age ? "%s.%d" : "%s", f->path, age);

	return n < NAME_MAX_LEN ? 0 : -ENAMETOOLONG;
}

int logfile_rotate(struct logfile *f)
{
	char from[NAME_MAX_LEN], to[NAME_MAX_LEN];
	struct stat st;
	int age, rc;

	/* Who asks may be in a guest's hands, and want to be rid of it. */
	if (fstat(f->fd, &st))
		return -errno;
	if ((uint64_t)st.st_size < f->size)
		return 0;
	for (age = LOGFILE_KEPT; age; age--) {
		rc = old_name(f, age, to);
		if (!rc)
			rc = old_name(f, age - 1, from);
		if (rc)
			return rc;
		if (rename(from, to) && errno != ENOENT)
			return -errno;
	}
	return logfile_open(f);
}
