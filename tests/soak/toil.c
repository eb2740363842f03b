/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * toil WORKERS SECONDS DISK: works a Linux guest: each of WORKERS processes
 * forks children that write to pages they share with it, moves and protects
 * mappings, replaces one under a thread that reads it, and writes to its own
 * part of the block device DISK and reads back. All contents are compared.
 * Prints at the end
 *
 *	forks=812 faults=300123 remaps=4060 blocks=3248 bad=0
 *
 * and ends with 1 when anything was not what was written, or nothing was done.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE	    4096UL
#define REGION	    (64 * PAGE)
#define PART	    (2UL << 20) /* bytes of the disk for each worker */
#define BLOCK	    (8 * PAGE)
#define WORKERS_MAX 64

/* What the workers have done, in memory that all share. */
struct tally {
	_Atomic uint64_t forks, faults, remaps, blocks, bad;
};

static struct tally *tally;

static void *map(size_t bytes, int more)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		more | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED) {
		perror("toil: mmap");
		exit(1);
	}
	return at;
}

static void check(bool is_right, const char *what)
{
	if (is_right)
		return;
	fprintf(stderr, "toil: %s\n", what);
	tally->bad++;
}

/* Another number in each word, for each seed. */
static void fill(uint64_t *at, size_t bytes, uint64_t seed)
{
	for (size_t i = 0; i < bytes / 8; i++)
		at[i] = seed * 0x9e3779b97f4a7c15 + i;
}

static bool is_filled(const uint64_t *at, size_t bytes, uint64_t seed)
{
	for (size_t i = 0; i < bytes / 8; i++)
		if (at[i] != seed * 0x9e3779b97f4a7c15 + i)
			return false;
	return true;
}

/* A child sees what we wrote, and we do not see what it writes. */
static void do_fork(uint64_t seed)
{
	uint64_t *at = map(REGION, MAP_PRIVATE);
	int status = -1;
	pid_t pid;

	fill(at, REGION, seed);
	pid = fork();
	if (!pid) {
		bool is_right = is_filled(at, REGION, seed);

		fill(at, REGION, seed + 1);
		_exit(is_right && is_filled(at, REGION, seed + 1) ? 0 : 1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("toil: fork");
		exit(1);
	}
	check(!status, "a child's memory is wrong");
	check(is_filled(at, REGION, seed), "memory is wrong after fork");
	munmap(at, REGION);
	tally->forks++;
}

/* Contents go with mremap, stay under mprotect, and end with madvise. */
static void do_remap(uint64_t seed)
{
	uint64_t *at = map(REGION, MAP_PRIVATE);
	bool is_zero = true;

	fill(at, REGION, seed);
	mprotect(at, REGION / 2, PROT_READ);
	check(is_filled(at, REGION, seed), "memory is wrong under mprotect");
	mprotect(at, REGION / 2, PROT_READ | PROT_WRITE);
	at = mremap(at, REGION, 4 * REGION, MREMAP_MAYMOVE);
	if (at == MAP_FAILED) {
		perror("toil: mremap");
		exit(1);
	}
	check(is_filled(at, REGION, seed), "memory is wrong after mremap");
	at[4 * REGION / 8 - 1] = 1;
	madvise(at, REGION, MADV_DONTNEED);
	for (size_t i = 0; i < REGION / 8; i++)
		is_zero &= !at[i];
	check(is_zero, "memory is not zero after madvise");
	munmap(at, 4 * REGION);
	tally->remaps++;
}

/*
 * A page that one thread replaces while another reads it: the number there
 * never is older than the one announced. 0: it is just new.
 */
struct replaced {
	volatile uint64_t *at;
	_Atomic uint64_t announced;
	_Atomic bool is_over;
};

static void *read_replaced(void *state)
{
	struct replaced *r = state;

	while (!r->is_over) {
		uint64_t announced = r->announced, seen = *r->at;

		check(!seen || seen >= announced,
			"a mapping is seen that is no more");
	}
	return NULL;
}

static void do_replace(void)
{
	struct replaced r = { .at = map(PAGE, MAP_PRIVATE) };
	pthread_t reader;

	if (pthread_create(&reader, NULL, read_replaced, &r)) {
		fprintf(stderr, "toil: no thread\n");
		exit(1);
	}
	for (uint64_t n = 1; n <= 64; n++) {
		mmap((void *)r.at, PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		*r.at = n;
		r.announced = n;
	}
	r.is_over = true;
	pthread_join(reader, NULL);
	munmap((void *)r.at, PAGE);
	tally->remaps += 64;
}

static void do_block(int disk, uint64_t *buffer, off_t part, uint64_t seed)
{
	off_t at = part + (off_t)(seed % (PART / BLOCK) * BLOCK);

	fill(buffer, BLOCK, seed);
	if (pwrite(disk, buffer, BLOCK, at) != (ssize_t)BLOCK) {
		perror("toil: write");
		exit(1);
	}
	memset(buffer, 0, BLOCK);
	if (pread(disk, buffer, BLOCK, at) != (ssize_t)BLOCK) {
		perror("toil: read");
		exit(1);
	}
	check(is_filled(buffer, BLOCK, seed), "a block came back wrong");
	tally->blocks++;
}

static uint64_t faults_of(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return (uint64_t)usage.ru_minflt;
}

static int work(unsigned worker, time_t end, const char *name)
{
	int disk = open(name, O_RDWR | O_DIRECT | O_CLOEXEC);
	uint64_t *buffer = map(BLOCK, MAP_PRIVATE);
	uint64_t seed = (uint64_t)worker << 32;
	struct timespec now;

	if (disk < 0) {
		perror(name);
		return 1;
	}
	do {
		do_fork(seed);
		do_remap(seed);
		do_replace();
		for (int i = 0; i < 4; i++)
			do_block(disk, buffer, (off_t)(worker * PART), seed++);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < end);
	tally->faults += faults_of(RUSAGE_SELF) + faults_of(RUSAGE_CHILDREN);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned workers = argc == 4 ? (unsigned)atoi(argv[1]) : 0;
	struct timespec now;
	int status, failed = 0;

	if (!workers || workers > WORKERS_MAX) {
		fprintf(stderr, "usage: toil WORKERS SECONDS DISK\n");
		return 2;
	}
	tally = map(PAGE, MAP_SHARED);
	clock_gettime(CLOCK_MONOTONIC, &now);
	for (unsigned i = 0; i < workers; i++)
		if (!fork())
			_exit(work(i, now.tv_sec + atoi(argv[2]), argv[3]));
	while (wait(&status) > 0)
		failed |= status;
	printf("forks=%" PRIu64 " faults=%" PRIu64 " remaps=%" PRIu64
	       " blocks=%" PRIu64 " bad=%" PRIu64 "\n",
		tally->forks, tally->faults, tally->remaps, tally->blocks,
		tally->bad);
	return failed || tally->bad || !tally->blocks;
}
