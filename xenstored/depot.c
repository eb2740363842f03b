/* SPDX-License-Identifier: BSD-2-Clause */
/* The journal's two files. */
#include "depot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "list.h"
#include "store.h"
#include "stream.h"

#define SIZE_MIN ((size_t)1 << 20)
/* Units may weigh so much, and the state's weight besides. */
#define WEIGHT_MIN ((size_t)4 << 20)

static int open_one(const char *dir, int which)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/journal.%d", dir ? dir : "", which);
	fd = dir ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)
		 : memfd_create("xenstored journal", MFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void read_boot_id(char *out)
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (f && !fgets(out, JOURNAL_BOOT_LEN, f))
		out[0] = '\0';
	if (f)
		fclose(f);
	out[strcspn(out, "\n")] = '\0';
}

int depot_open(struct depot *d, const char *dir)
{
	int i;

	read_boot_id(d->boot);
	for (i = 0; i < 2; i++) {
		if (d->fd[i] >= 0)
			continue;
		d->fd[i] = open_one(dir, i);
		if (d->fd[i] < 0)
			return d->fd[i];
	}
	return 0;
}

static int resize(int fd, size_t size)
{
	int rc = posix_fallocate(fd, 0, (off_t)size);

	return -rc;
}

/* Maps a file that has at least `size` bytes then; or a negative errno. */
static int map(struct depot *d, int which, size_t size, void **base)
{
	struct stat st;
	int rc = fstat(d->fd[which], &st) ? -errno : 0;

	if (!rc && (size_t)st.st_size > size)
		size = (size_t)st.st_size;
	else if (!rc)
		rc = resize(d->fd[which], size);
	if (rc)
		return rc;
	*base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
		d->fd[which], 0);
	if (*base == MAP_FAILED)
		return -errno;
	d->journal[which].size = size;
	return 0;
}

static bool more(struct journal *j, size_t need)
{
	int which = j->which;
	struct depot *d = list_entry(j - which, struct depot, journal[0]);
	size_t size = j->size + j->size / 4 + need + SIZE_MIN;
	void *base;

	size &= ~(SIZE_MIN - 1);
	if (resize(d->fd[which], size))
		return false;
	base = mremap(j->base, j->size, size, MREMAP_MAYMOVE);
	if (base == MAP_FAILED)
		return false;
	j->base = base;
	j->size = size;
	return true;
}

/*
 * Nothing is to be kept: generations begin anywhere, so that no unit of an
 * older journal can be taken for one of the next.
 */
static int begin(struct depot *d)
{
	uint64_t random = 0;
	int i;

	if (getrandom(&random, sizeof(random), 0) < 0)
		return -errno;
	for (i = 0; i < 2; i++)
		memset(d->journal[i].base, 0, 64);
	d->journal[d->active].generation = random >> 2;
	return -ENOENT;
}

int depot_load(struct depot *d, struct store *s)
{
	const char *boot = d->any_boot ? NULL : d->boot;
	uint64_t generation[2];
	uint32_t units;
	void *base[2];
	int i, rc;

	for (i = 0; i < 2; i++) {
		rc = map(d, i, SIZE_MIN, &base[i]);
		if (rc)
			return rc;
		d->journal[i].base = base[i];
		d->journal[i].which = i;
		generation[i] =
			journal_probe(base[i], d->journal[i].size, boot);
	}
	d->active = generation[1] > generation[0];
	if (!generation[d->active])
		return begin(d);
	i = d->active;
	rc = journal_replay(
		&d->journal[i], s, base[i], d->journal[i].size, more, &units);
	return rc;
}

/* Gives back what the file that is left behind had grown to. */
static void shrink(struct depot *d, int which)
{
	struct journal *j = &d->journal[which];
	void *base;

	if (j->size <= WEIGHT_MIN)
		return;
	base = mremap(j->base, j->size, WEIGHT_MIN, 0);
	if (base == MAP_FAILED || ftruncate(d->fd[which], WEIGHT_MIN))
		return;
	j->size = WEIGHT_MIN;
}

int depot_renew(struct depot *d, struct store *s)
{
	int next = !d->active, rc;
	struct journal *j = &d->journal[next];
	uint64_t generation = d->journal[d->active].generation + 1;

	journal_begin(j, j->base, j->size, more);
	stream_save(s, &j->sink);
	rc = journal_seal(j, generation, d->boot);
	if (!rc && d->is_synced && fdatasync(d->fd[next]))
		rc = -errno;
	if (rc)
		return rc;
	shrink(d, d->active);
	d->active = next;
	d->is_kept = true;
	return 0;
}

bool depot_is_heavy(const struct depot *d)
{
	const struct journal *j = &d->journal[d->active];

	return journal_weight(j) > WEIGHT_MIN + j->stream_len;
}

int depot_commit(struct depot *d)
{
	int rc = journal_commit(&d->journal[d->active]);

	if (!rc && d->is_synced && fdatasync(d->fd[d->active]))
		rc = -errno;
	return rc;
}
