/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records of guests that are being made, so that whoever comes later can tell
 * a maker at work from one that was killed.
 *
 * A record is a file named by the guest's UUID, and locked (flock(2)) as long
 * as the maker or a child that it forked meanwhile lives: no number of a
 * process that may be another's by now. It is empty until the UUID is known to
 * belong to no other domain; from then on a domain of that UUID is the maker's.
 */
#ifndef UTILS_HALF_MADE_H
#define UTILS_HALF_MADE_H

#include <stdbool.h>
#include <stdint.h>

struct why;

#define HALF_MADE_DIR "/run/xen/tenon-making"

struct half_made {
	int fd;
	char path[128];
};

/*
 * Makes the record in folder `dir` (made if need be) and locks it; waits while
 * somebody cleans up after an earlier maker with the same UUID.
 */
int half_made_begin(struct half_made *h, const char *dir,
	const uint8_t uuid[16], struct why *why);
/* From now on domains of that UUID are to be destroyed when nobody is left. */
int half_made_arm(struct half_made *h, struct why *why);
/* Armed, and not yet removed by half_made_end in whatever process? */
bool half_made_stands(const struct half_made *h);
/* The guest is whole, or nothing of it is left: removes the record. */
void half_made_end(struct half_made *h);
/* Lets go of the record without removing it. */
void half_made_drop(struct half_made *h);

/*
 * Removes each record that nobody holds: at once if it is not armed, else when
 * clean(uuid, arg) gave 0.
 */
struct half_made_left {
	unsigned int held;   /* by a living maker, or by one that just ends */
	unsigned int failed; /* clean() did not give 0 */
};

struct half_made_left half_made_sweep(const char *dir,
	int (*clean)(const uint8_t uuid[16], void *arg), void *arg);

/* Tells of each record that nobody holds, and leaves it. */
void half_made_each(const char *dir,
	void (*tell)(const char *path, const uint8_t uuid[16], void *arg),
	void *arg);

/*
 * A descriptor that becomes readable when a maker or the last of its children
 * ends, in whatever way; to be read empty.  -errno if there is none.  Linux
 * tells of a file's end just before it lets go of the file's lock: whoever
 * sweeps upon it does so again, a moment later, while a record is held.
 */
int half_made_watch(const char *dir);

#endif
