/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the two sides of a move say to each other beside the stream of
 * save_file.h, which goes from the source to the target. Lines of text:
 *
 *	target			source
 *	"tenon-move 1"
 *				the stream's head
 *	"accepted"
 *				the rest of the stream
 *	"whole"
 *				"go"
 *	"runs"
 *
 * and "failed WHY" from the target at any time. Up to "go" the guest is the
 * source's: if anything ends before, the target forgets what it has. From "go"
 * on it is the target's, and the source never lets it run by itself again.
 */
#ifndef UTILS_MOVE_PEER_H
#define UTILS_MOVE_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct why;

#define MOVE_HELLO    "tenon-move 1"
#define MOVE_ACCEPTED "accepted"
#define MOVE_WHOLE    "whole"
#define MOVE_GO	      "go"
#define MOVE_RUNS     "runs"
#define MOVE_FAILED   "failed "

/* A command with its standard input and output. */
struct move_peer {
	pid_t pid; /* 0: none */
	int to, from;
};

/* Starts it by sh; errors of pipe(2) and fork(2). */
int move_peer_start(struct move_peer *p, const char *command, struct why *why);
/* Closes both ends, which ends a peer that waits, tells it to end when it is of
 * no use any more, and waits for that; its status as of waitpid(2). */
int move_peer_end(struct move_peer *p, bool is_useless);

/* Writes a line; -EPIPE and the like. */
int move_say(int fd, const char *text);
/* Reads one of at most `size` - 1 bytes, without its end; -EPIPE: there comes
 * none any more; -EMSGSIZE. */
int move_hear(int fd, char *line, size_t size);
/*
 * Waits for that line, and reads over others only before MOVE_HELLO (what a
 * login says). -EREMOTEIO: the other side failed, and `why` says what it said;
 * -EPIPE: it ended; -EPROTO: it said something else.
 */
int move_expect(int fd, const char *word, struct why *why);

/* The target's side, on standard input and output, with settings that replace
 * some of the guest's; an exit status. */
int move_receive(const char *const *settings, int count);

#endif
