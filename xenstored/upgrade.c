/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper's table, through exec. */
#include "upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAGIC	 0x7872 /* of this layout; a change of it takes another */
#define ARGS_MAX 64

struct table {
	uint32_t magic, held_size;
	int listener, events, shared_fd, journal[2];
	uint32_t virq_port, has_own_ring, count;
};

struct entry {
	uint32_t index;
	struct held held;
};

static void set_inherited(int fd, bool is_inherited)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, is_inherited ? 0 : FD_CLOEXEC);
}

static void set_all_inherited(const struct keeper *k, bool is_inherited)
{
	uint32_t i;

	set_inherited(k->listener, is_inherited);
	set_inherited(k->events, is_inherited);
	set_inherited(k->shared_fd, is_inherited);
	set_inherited(k->depot.fd[0], is_inherited);
	set_inherited(k->depot.fd[1], is_inherited);
	for (i = 0; i < SLOTS_MAX; i++)
		if (k->held[i].id)
			set_inherited(k->held[i].fd, is_inherited);
}

static int save(const struct keeper *k)
{
	struct table t = { MAGIC, sizeof(struct held), k->listener, k->events,
		k->shared_fd, { k->depot.fd[0], k->depot.fd[1] }, k->virq_port,
		k->has_own_ring, 0 };
	int fd = memfd_create("xenstored keeper", 0);
	bool is_good = fd >= 0;
	uint32_t i;

	for (i = 0; i < SLOTS_MAX; i++)
		t.count += k->held[i].id != 0;
	is_good = is_good && write(fd, &t, sizeof(t)) == sizeof(t);
	for (i = 0; is_good && i < SLOTS_MAX; i++) {
		struct entry e = { i, k->held[i] };

		if (e.held.id)
			is_good = write(fd, &e, sizeof(e)) == sizeof(e);
	}
	if (is_good)
		return fd;
	if (fd >= 0)
		close(fd);
	return -ENOMEM;
}

/* The file that this program was started from, or its successor's name. */
static int find_program(const char *program, char *out, size_t size)
{
	static const char deleted[] = " (deleted)";
	ssize_t n;

	if (program[0]) {
		snprintf(out, size, "%s", program);
		return 0;
	}
	n = readlink("/proc/self/exe", out, size - 1);
	if (n < 0)
		return -errno;
	out[n] = '\0';
	if ((size_t)n > sizeof(deleted) &&
		!strcmp(out + n - (sizeof(deleted) - 1), deleted))
		out[n - (ssize_t)(sizeof(deleted) - 1)] = '\0';
	return 0;
}

int upgrade_exec(struct keeper *k, const char *program)
{
	char path[POST_TEXT_MAX], resume[32], *args[ARGS_MAX];
	int fd, rc, i, count = 0;

	rc = find_program(program, path, sizeof(path));
	if (rc)
		return rc;
	if (access(path, X_OK))
		return -errno;
	fd = save(k);
	if (fd < 0)
		return fd;
	snprintf(resume, sizeof(resume), "--resume=%d", fd);
	for (i = 0; k->argv[i] && count < ARGS_MAX - 2; i++)
		if (strncmp(k->argv[i], "--resume=", 9) != 0)
			args[count++] = k->argv[i];
	args[count++] = resume;
	args[count] = NULL;
	set_all_inherited(k, true);
	execv(path, args);
	rc = -errno;
	set_all_inherited(k, false);
	close(fd);
	return rc;
}

int upgrade_resume(struct keeper *k, int fd)
{
	struct table t;
	struct entry e;
	uint32_t i;
	int rc = 0;

	if (lseek(fd, 0, SEEK_SET) || read(fd, &t, sizeof(t)) != sizeof(t) ||
		t.magic != MAGIC || t.held_size != sizeof(struct held))
		return -EPROTO;
	k->listener = t.listener;
	k->events = t.events;
	k->shared_fd = t.shared_fd;
	k->depot.fd[0] = t.journal[0];
	k->depot.fd[1] = t.journal[1];
	k->virq_port = t.virq_port;
	k->has_own_ring = t.has_own_ring;
	for (i = 0; !rc && i < t.count; i++) {
		if (read(fd, &e, sizeof(e)) != sizeof(e) ||
			e.index >= SLOTS_MAX)
			rc = -EPROTO;
		else
			k->held[e.index] = e.held;
	}
	close(fd);
	set_all_inherited(k, false);
	return rc;
}
