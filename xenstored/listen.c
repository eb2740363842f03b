/* SPDX-License-Identifier: BSD-2-Clause */
/* The socket where clients knock. */
#include "keeper.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Whether somebody listens there already. */
static bool is_served(const struct sockaddr_un *at)
{
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool served;

	if (s < 0)
		return false;
	served = !connect(s, (const struct sockaddr *)at, sizeof(*at));
	close(s);
	return served;
}

int listen_at(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd, err = 0;

	if (strlen(path) >= sizeof(at.sun_path))
		return -ENAMETOOLONG;
	strcpy(at.sun_path, path);
	if (is_served(&at))
		return -EADDRINUSE;
	if (unlink(path) && errno != ENOENT)
		return -errno;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mask = umask(0177);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
		listen(fd, SOMAXCONN))
		err = -errno;
	umask(mask);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}
