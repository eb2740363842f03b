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
/* Units may weigh so much, and half of the state's weight besides. */
#define WEIGHT_MIN ((size_t)2 << 20)
/* What a file keeps: it would grow so far again with a small state. */
#define IDLE_SIZE (WEIGHT_MIN + SIZE_MIN)
/* What one step of a change to a new journal writes, and what it adds to that
 * for each byte that was written to the old one since the step before. */
#define STEP_MIN    ((size_t)32 << 10)
#define STEP_LEAD   4
#define SHRINK_STEP ((size_t)4 << 20)
/* A file's growth at once: its pages are cleared. */
#define GROWTH_MAX ((size_t)4 << 20)

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
	size_t extra = j->size / 4 < GROWTH_MAX ? j->size / 4 : GROWTH_MAX;
	size_t size = j->size + extra + need + SIZE_MIN;
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
	d->generation = random >> 2;
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
	d->generation = generation[generation[1] > generation[0]];
	d->has_slack = true;
	/* The other one is not cleared: after a loss of power it may do. */
	rc = -EBADMSG;
	for (i = 0; i < 2 && rc == -EBADMSG; i++) {
		d->active = (generation[1] > generation[0]) ^ i;
		if (!generation[d->active])
			return i ? rc : begin(d);
		rc = journal_replay(&d->journal[d->active], s, base[d->active],
			d->journal[d->active].size, more, &units);
	}
	return rc;
}

/*
 * Gives back some of what the file that was left behind had grown to; false:
 * there is no more.
 */
static bool shrink(struct depot *d)
{
	int which = !d->active;
	struct journal *j = &d->journal[which];
	size_t size = j->size;
	void *base;

	if (size <= IDLE_SIZE)
		return false;
	size = size - IDLE_SIZE < SHRINK_STEP ? IDLE_SIZE : size - SHRINK_STEP;
	base = mremap(j->base, j->size, size, 0);
	if (base == MAP_FAILED || ftruncate(d->fd[which], (off_t)size))
		return false;
	j->size = size;
	return true;
}

static int begin_state(struct depot *d, struct store *s)
{
	struct journal *j = &d->journal[!d->active];

	depot_abandon(d);
	journal_begin(j, j->base, j->size, ++d->generation, more);
	d->adopted = d->journal[d->active].unit;
	d->phase = DEPOT_STATE;
	return stream_save_begin(&d->saver, s, &j->sink);
}

static int step_state(struct depot *d, size_t most)
{
	struct journal *j = &d->journal[!d->active];

	if (!stream_save_step(&d->saver, most)) {
		journal_sum(j);
		return 0;
	}
	stream_save_end(&d->saver);
	d->phase = DEPOT_UNITS;
	return journal_stream_end(j);
}

/* The new one is complete: it counts from now on, and the old one no more. */
static int change_over(struct depot *d)
{
	int next = !d->active, rc;

	rc = journal_seal(&d->journal[next], d->boot);
	if (!rc && d->is_synced && fdatasync(d->fd[next]))
		rc = -errno;
	if (rc)
		return rc;
	d->active = next;
	d->is_kept = true;
	d->phase = DEPOT_IDLE;
	d->seen = d->lenient = 0;
	d->has_slack = true;
	return 0;
}

void depot_abandon(struct depot *d)
{
	stream_save_end(&d->saver);
	d->phase = DEPOT_IDLE;
}

int depot_renew(struct depot *d, struct store *s)
{
	int rc = begin_state(d, s);

	while (!rc && d->phase == DEPOT_STATE)
		rc = step_state(d, SIZE_MAX);
	if (!rc)
		rc = change_over(d);
	if (rc)
		depot_abandon(d);
	return rc;
}

/* Whether units outweigh the state, so that a new one is due. */
static bool is_heavy(const struct depot *d)
{
	const struct journal *j = &d->journal[d->active];

	return journal_weight(j) > WEIGHT_MIN + j->stream_len / 2 + d->lenient;
}

bool depot_is_busy(const struct depot *d)
{
	return d->is_kept &&
	       (d->phase != DEPOT_IDLE || is_heavy(d) || d->has_slack);
}

static int tend(struct depot *d, struct store *s, size_t most)
{
	struct journal *from = &d->journal[d->active];
	struct journal *to = &d->journal[!d->active];

	switch (d->phase) {
	case DEPOT_STATE:
		return step_state(d, most);
	case DEPOT_UNITS:
		if (!journal_adopt(to, from, &d->adopted, most))
			return 0;
		return change_over(d);
	default:
		if (is_heavy(d))
			return begin_state(d, s);
		d->has_slack = shrink(d);
		return 0;
	}
}

int depot_tend(struct depot *d, struct store *s)
{
	size_t weight = journal_weight(&d->journal[d->active]), most = STEP_MIN;
	int rc;

	if (!depot_is_busy(d))
		return 0;
	if (d->phase != DEPOT_IDLE)
		most += STEP_LEAD * (weight - d->seen);
	d->seen = weight;
	rc = tend(d, s, most);
	/* Little by little, or the end would be a long wait for the disk. */
	if (!rc && d->is_synced && d->phase != DEPOT_IDLE &&
		fdatasync(d->fd[!d->active]))
		rc = -errno;
	if (rc) {
		d->lenient = weight;
		depot_abandon(d);
	}
	return rc;
}

int depot_commit(struct depot *d)
{
	int rc = journal_commit(&d->journal[d->active]);

	if (!rc && d->is_synced && fdatasync(d->fd[d->active]))
		rc = -errno;
	return rc;
}
