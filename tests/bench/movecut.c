/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * movecut STAGE COMMAND...: stands between dommove and the command that leads
 *to the other side, and passes all on, until the move has come to a stage. From
 * then on it holds what comes from either side, says "held at STAGE" on
 * standard error, and waits to be killed, or for one side to end.
 *
 *	hello	what the target says first has not arrived
 *	head	it has the head of the stream, "accepted" has not arrived
 *	first	a tenth of memory is through
 *	later	pages come for the second time
 *	stopped	so do page tables: the guest stands still
 *	tail	all is through but the checksum
 *	whole	the target has all, and its "whole" has not arrived
 *	go	it may run there, and does not know
 *	runs	it runs there, and the source does not know
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../libctrl/save_format.h"

#define XL_HEAD	   48UL /* bytes, and its last four tell how many follow */
#define PAGE	   4096UL
#define PAGES_MAX  (1UL << 22)
#define FIRST_PART 10				    /* of memory */
#define TABLE	   (7ULL << 28 << LIBXC_TYPE_SHIFT) /* a page's level */

static const char *const stages[] = { "hello", "head", "first", "later",
	"stopped", "tail", "whole", "go", "runs" };
enum stage { HELLO, HEAD, FIRST, LATER, STOPPED, TAIL, WHOLE, GO, RUNS };

static enum stage wanted;
static int to_target, from_target;
static bool seen[PAGES_MAX];
static size_t seen_count, page_count;

static void hold(void)
{
	struct pollfd ends[] = { { STDIN_FILENO, 0, 0 },
		{ from_target, 0, 0 } };

	fprintf(stderr, "held at %s\n", stages[wanted]);
	while (poll(ends, 2, -1) < 0 && errno == EINTR)
		;
	_exit(0);
}

static void reached(enum stage stage)
{
	if (stage == wanted)
		hold();
}

static void put(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t done = write(fd, bytes, size);

		if (done < 0 && errno != EINTR)
			_exit(1);
		bytes += done > 0 ? done : 0;
		size -= done > 0 ? (size_t)done : 0;
	}
}

static void get(char *bytes, size_t size)
{
	while (size) {
		ssize_t got = read(STDIN_FILENO, bytes, size);

		if (!got || (got < 0 && errno != EINTR))
			_exit(1);
		bytes += got > 0 ? got : 0;
		size -= got > 0 ? (size_t)got : 0;
	}
}

/* Passes so many bytes of the stream on; those that fit are in `head`. */
static void pass(size_t size, void *head, size_t head_size)
{
	char bytes[65536];

	if (head_size) {
		get(head, head_size);
		put(to_target, head, head_size);
		size -= head_size;
	}
	while (size) {
		size_t some = size < sizeof(bytes) ? size : sizeof(bytes);

		get(bytes, some);
		put(to_target, bytes, some);
		size -= some;
	}
}

/* A line of the target's for the source, held if that is what is wanted. */
static void answer(enum stage stage)
{
	char c;

	for (bool is_held = false;;) {
		ssize_t got = read(from_target, &c, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			_exit(0);
		if (!is_held)
			reached(stage);
		is_held = true;
		put(STDOUT_FILENO, &c, 1);
		if (c == '\n')
			return;
	}
}

static void look_at(const uint64_t *numbers, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t pfn = numbers[i] & LIBXC_PFN_MASK & (PAGES_MAX - 1);

		if (seen[pfn])
			reached(LATER);
		seen_count += !seen[pfn];
		seen[pfn] = true;
		/* Those that are no pages have higher numbers. */
		if (numbers[i] & TABLE && (numbers[i] >> LIBXC_TYPE_SHIFT &
						  0xf0000000) < 0xd0000000)
			reached(STOPPED);
	}
	if (page_count && seen_count > page_count / FIRST_PART)
		reached(FIRST);
}

static void pass_pages(const struct save_record *record, size_t size)
{
	uint64_t numbers[LIBXC_BATCH + 1];
	struct libxc_pages head;

	get((char *)numbers, sizeof(head));
	memcpy(&head, numbers, sizeof(head));
	if (head.count > LIBXC_BATCH)
		_exit(1);
	get((char *)(numbers + 1), head.count * sizeof(*numbers));
	look_at(numbers + 1, head.count);
	put(to_target, (const char *)record, sizeof(*record));
	put(to_target, (char *)numbers, (head.count + 1) * sizeof(*numbers));
	pass(size - (head.count + 1) * sizeof(*numbers), NULL, 0);
}

static void pass_stream(void)
{
	struct save_record record;
	struct libxc_p2m list;
	char head[XL_HEAD];
	uint32_t more;

	pass(XL_HEAD, head, XL_HEAD);
	memcpy(&more, head + XL_HEAD - sizeof(more), sizeof(more));
	pass(more, NULL, 0);
	answer(HEAD);
	pass(sizeof(struct libxl_head) + sizeof(record) +
			sizeof(struct libxc_head) + sizeof(struct libxc_domain),
		NULL, 0);
	do {
		size_t size;

		get((char *)&record, sizeof(record));
		size = (record.size + 7UL) & ~7UL;
		if (record.type == LIBXC_PAGE_DATA) {
			pass_pages(&record, size);
			continue;
		}
		put(to_target, (char *)&record, sizeof(record));
		if (record.type == LIBXC_PV_P2M_FRAMES) {
			pass(size, &list, sizeof(list));
			page_count = list.last + 1UL;
		} else {
			pass(size, NULL, 0);
		}
	} while (record.type != LIBXC_END);
	pass(sizeof(record), NULL, 0);
	reached(TAIL);
	pass(16, NULL, 0);
}

static void start(char **command)
{
	int in[2], out[2];
	pid_t pid;

	if (pipe(in) || pipe(out))
		_exit(1);
	pid = fork();
	if (pid) {
		close(in[0]);
		close(out[1]);
		to_target = in[1];
		from_target = out[0];
		return;
	}
	close(in[1]);
	close(out[0]);
	dup2(in[0], STDIN_FILENO);
	dup2(out[1], STDOUT_FILENO);
	execvp(command[0], command);
	_exit(127);
}

int main(int argc, char **argv)
{
	char line[3];

	for (wanted = HELLO; wanted <= RUNS; wanted++)
		if (argc > 2 && !strcmp(argv[1], stages[wanted]))
			break;
	if (wanted > RUNS)
		return 2;
	start(argv + 2);
	answer(HELLO);
	pass_stream();
	answer(WHOLE);
	get(line, sizeof(line)); /* "go" */
	reached(GO);
	put(to_target, line, sizeof(line));
	answer(RUNS);
	close(to_target);
	while (wait(NULL) < 0 && errno == EINTR)
		;
	return 0;
}
