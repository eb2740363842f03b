/* SPDX-License-Identifier: BSD-2-Clause */
/* carry ADDRESS PORT: joins standard input and output to a TCP port, as nc
 * does, but not by the kilobyte as busybox's, which is slower than the network.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE (1UL << 16) /* what a pipe holds */

/* Until one side ends. */
static void carry(int from, int to)
{
	static char bytes[PIECE];
	ssize_t got, put;

	while ((got = read(from, bytes, sizeof(bytes))) > 0) {
		for (ssize_t at = 0; at < got; at += put) {
			put = write(to, bytes + at, (size_t)(got - at));
			if (put <= 0)
				return;
		}
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in there = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	pid_t pid;

	if (argc != 3 || inet_pton(AF_INET, argv[1], &there.sin_addr) != 1)
		return 2;
	there.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
	if (fd < 0 || connect(fd, (struct sockaddr *)&there, sizeof(there))) {
		fprintf(stderr, "carry: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	pid = fork();
	if (pid < 0)
		return 1;
	if (!pid) {
		carry(fd, STDOUT_FILENO);
		_exit(0);
	}
	carry(STDIN_FILENO, fd);
	shutdown(fd, SHUT_WR);
	waitpid(pid, NULL, 0);
	return 0;
}
