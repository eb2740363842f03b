/* SPDX-License-Identifier: BSD-2-Clause */
/* The cache of unpacked kernels; see image_cache.h. */
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>
#include "hash.h"
#include "image_cache.h"

/* "kernel-" and the hash of the file's marks, 32 hexadecimal digits. */
#define PREFIX	 "kernel-"
#define NAME_LEN (sizeof(PREFIX) - 1 + 32)
#define MAGIC	 0x31656863616b6e74ULL
/* Clocks of file systems tick in some milliseconds, NFS's in seconds. */
#define SETTLED_S 3

/* By what a packed file is known. */
struct marks {
	uint64_t dev, ino, size;
	int64_t mtime_s, mtime_ns, ctime_s, ctime_ns;
};

/* The end of an entry; the hash is of all before it. */
struct tail {
	uint64_t magic, size;
	struct marks marks;
	XXH128_canonical_t hash;
};

static struct marks marks_of(const struct stat *st)
{
	return (struct marks){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime_s = st->st_mtim.tv_sec,
		.mtime_ns = st->st_mtim.tv_nsec,
		.ctime_s = st->st_ctim.tv_sec,
		.ctime_ns = st->st_ctim.tv_nsec,
	};
}

static void name_of(const struct marks *marks, char name[NAME_LEN + 1])
{
	XXH128_hash_t hash = XXH3_128bits(marks, sizeof(*marks));

	snprintf(name, NAME_LEN + 1, PREFIX "%016llx%016llx",
		(unsigned long long)hash.high64,
		(unsigned long long)hash.low64);
}

/* Nobody but this user, and root, can have written there. */
static bool is_ours(int fd, mode_t type)
{
	struct stat st;

	return !fstat(fd, &st) && (st.st_mode & S_IFMT) == type &&
	       (st.st_uid == geteuid() || !st.st_uid) && !(st.st_mode & 022);
}

static int open_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && !is_ours(fd, S_IFDIR)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Of `size` bytes of the file and of the tail up to its hash. */
static bool hash_entry(
	int fd, uint64_t size, const struct tail *tail, XXH128_canonical_t *out)
{
	XXH3_state_t *state = XXH3_createState();
	void *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	bool done = state && bytes != MAP_FAILED;

	if (done) {
		XXH3_128bits_reset(state);
		XXH3_128bits_update(state, bytes, size);
		XXH3_128bits_update(state, tail, offsetof(struct tail, hash));
		XXH128_canonicalFromHash(out, XXH3_128bits_digest(state));
	}
	if (bytes != MAP_FAILED)
		munmap(bytes, size);
	XXH3_freeState(state);
	return done;
}

static bool entry_fits(int fd, const struct marks *marks, struct tail *tail)
{
	XXH128_canonical_t hash;
	struct stat st;

	return is_ours(fd, S_IFREG) && !fstat(fd, &st) &&
	       (uint64_t)st.st_size > sizeof(*tail) &&
	       pread(fd, tail, sizeof(*tail),
		       st.st_size - (off_t)sizeof(*tail)) == sizeof(*tail) &&
	       tail->magic == MAGIC &&
	       tail->size == (uint64_t)st.st_size - sizeof(*tail) &&
	       !memcmp(&tail->marks, marks, sizeof(*marks)) &&
	       hash_entry(fd, tail->size, tail, &hash) &&
	       !memcmp(&hash, &tail->hash, sizeof(hash));
}

int image_cache_find(
	const char *folder, const struct stat *packed, uint64_t *size)
{
	struct marks marks = marks_of(packed);
	char name[NAME_LEN + 1];
	struct tail tail;
	int dir = open_folder(folder), fd;

	if (dir < 0)
		return -1;
	name_of(&marks, name);
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 && entry_fits(fd, &marks, &tail)) {
		/* When it was used last. */
		futimens(fd, NULL);
		*size = tail.size;
	} else if (fd >= 0 || errno != ENOENT) {
		if (fd >= 0)
			close(fd);
		fd = -1;
		unlinkat(dir, name, 0);
	}
	close(dir);
	return fd;
}

static bool entry_is(const char *name)
{
	return strlen(name) == NAME_LEN &&
	       !strncmp(name, PREFIX, sizeof(PREFIX) - 1);
}

/* What the entries take, and which was used least recently. */
static uint64_t survey(int dir, char oldest[NAME_LEN + 1])
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	struct timespec least = { 0 };
	const struct dirent *entry;
	uint64_t sum = 0;

	*oldest = '\0';
	while (list && (entry = readdir(list))) {
		struct stat st;

		if (!entry_is(entry->d_name) ||
			fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		sum += (uint64_t)st.st_size;
		if (*oldest &&
			(st.st_mtim.tv_sec > least.tv_sec ||
				(st.st_mtim.tv_sec == least.tv_sec &&
					st.st_mtim.tv_nsec >= least.tv_nsec)))
			continue;
		least = st.st_mtim;
		memcpy(oldest, entry->d_name, NAME_LEN + 1);
	}
	if (list)
		closedir(list);
	else if (copy >= 0)
		close(copy);
	return sum;
}

/* Whether there is room for `size` more bytes, after old ones have gone. */
static bool make_room(int dir, uint64_t size)
{
	char oldest[NAME_LEN + 1];
	struct statvfs fs;

	while (survey(dir, oldest) + size > IMAGE_CACHE_MAX) {
		if (!*oldest || unlinkat(dir, oldest, 0))
			return false;
	}
	return !fstatvfs(dir, &fs) &&
	       size <= (uint64_t)fs.f_bavail * fs.f_frsize / 2;
}

static bool copy(int from, int to, uint64_t size)
{
	off_t at = 0;

	while ((uint64_t)at < size) {
		ssize_t put = sendfile(to, from, &at, size - (uint64_t)at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
	}
	return true;
}

/* The file has no name before it is whole, so nobody's death leaves one. */
static void write_entry(
	int dir, int from, uint64_t size, const struct marks *marks)
{
	struct tail tail = { .magic = MAGIC, .size = size, .marks = *marks };
	int fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char path[32], name[NAME_LEN + 1];

	if (fd < 0)
		return;
	name_of(marks, name);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (copy(from, fd, size) && hash_entry(fd, size, &tail, &tail.hash) &&
		write(fd, &tail, sizeof(tail)) == sizeof(tail))
		(void)!linkat(AT_FDCWD, path, dir, name, AT_SYMLINK_FOLLOW);
	close(fd);
}

/* Still the same file, and for so long that its times say so. */
static bool is_settled(int file, const struct marks *before)
{
	struct timespec now;
	struct marks marks;
	struct stat st;

	if (fstat(file, &st) || clock_gettime(CLOCK_REALTIME, &now))
		return false;
	marks = marks_of(&st);
	return !memcmp(&marks, before, sizeof(marks)) &&
	       now.tv_sec - st.st_ctim.tv_sec >= SETTLED_S &&
	       now.tv_sec - st.st_mtim.tv_sec >= SETTLED_S;
}

void image_cache_store(const char *folder, const struct stat *packed, int file,
	int from, uint64_t size)
{
	struct marks marks = marks_of(packed);
	int dir;

	if (!size || !is_settled(file, &marks))
		return;
	if (mkdir(folder, 0700) && errno != EEXIST)
		return;
	dir = open_folder(folder);
	if (dir < 0)
		return;
	if (make_room(dir, size + sizeof(struct tail)))
		write_entry(dir, from, size, &marks);
	close(dir);
}
