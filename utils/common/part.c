/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that are named when they are whole; see part.h. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <tenonctrl/why.h>
#include "part.h"

int part_name(struct part *p, const char *name, struct why *why)
{
	p->name = name;
	p->fd = -1;
	if (asprintf(&p->path, "%s.part-%d", name, (int)getpid()) >= 0)
		return 0;
	p->path = NULL;
	return why_set(why, -ENOMEM, "out of memory");
}

int part_open(struct part *p, struct why *why)
{
	p->fd = open(p->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return p->fd < 0 ? why_set(why, -errno, "%s: %s", p->path,
				   strerror(errno))
			 : 0;
}

int part_keep(struct part *p, struct why *why)
{
	char *copy = strdup(p->name);
	int folder =
		copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
		     : -1;
	int ret = 0;

	if (fsync(p->fd) || rename(p->path, p->name) || folder < 0 ||
		fsync(folder))
		ret = why_set(why, -errno, "%s: %s", p->name, strerror(errno));
	if (folder >= 0)
		close(folder);
	free(copy);
	return ret;
}

void part_close(struct part *p, bool kept)
{
	if (!kept && p->fd >= 0)
		unlink(p->path);
	if (p->fd >= 0)
		close(p->fd);
	free(p->path);
}
