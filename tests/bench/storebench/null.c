/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The null daemon: what a store could reach at most over a Unix socket.
 *
 * It answers each request at once with bytes that look like a store's, by
 * epoll, one read() and one write() a turn, and does nothing else. Step by
 * step it can be given what xenstored cannot do without: --calls has it make
 * the same system calls, recvmmsg() and sendmmsg(), by which the kernel counts
 * what came and what went; --filter does so behind a list of system calls;
 * --keep also notes each answer, with its sum, where a next daemon would find
 * it: in a file that is mapped, SOCKET.kept. --work also executes as many
 * instructions over its client's memory as a store's request takes, to no end:
 * what a daemon loses by that which is slower than the program that loads it.
 *
 * usage: null [--calls | --filter | --keep | --work] SOCKET
 */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "load.h"

#define BATCH 64
/* As much as a journal has before it is begun anew. */
#define KEPT_SIZE (4u << 20)
/* Bytes that a journal has about each answer. */
#define KEPT_HEAD 40

/* Rounds of nine instructions: 3,000 are those of xenstored's MKDIR and RM. */
#define WORK_ROUNDS 330
#define WORK_WORDS  256

struct peer {
	uint64_t memory[WORK_WORDS];
	int fd;
	size_t have;
	char in[PACKET_MAX * 16];
};

static char out[PACKET_MAX * 1024];
static bool has_calls;
static char *kept; /* KEPT_SIZE bytes, or NULL */
static size_t kept_end;
static bool has_work;

static const struct {
	const char *bytes;
	size_t len;
} answers[] = {
	[XS_READ] = { VALUE, VALUE_LEN },
	[XS_DIRECTORY] = { "n0\0n1\0n2\0n3\0n4\0n5\0n6\0n7\0n8\0n9", 30 },
	[XS_TRANSACTION_START] = { "1", 2 },
	[XS_WRITE] = { "OK", 3 },
};

/* `len` bytes and what is said of them, after what is there. */
static void keep(const char *bytes, size_t len)
{
	uint64_t head[KEPT_HEAD / 8] = { len }, word;

	if (KEPT_SIZE - kept_end < KEPT_HEAD + len + 8)
		kept_end = 0;
	for (size_t i = 0; i + 8 <= len; i += 8) {
		memcpy(&word, bytes + i, 8);
		head[1] = (head[1] ^ word) * 0xff51afd7ed558ccdull;
	}
	memcpy(kept + kept_end, head, sizeof(head));
	memcpy(kept + kept_end + sizeof(head), bytes, len);
	kept_end += (KEPT_HEAD + len + 7) & ~(size_t)7;
}

static void work(struct peer *p)
{
	uint64_t *word;
	unsigned int i;

	for (i = 0; i < WORK_ROUNDS; i++) {
		word = &p->memory[i * 5 % WORK_WORDS];
		__asm__ volatile("" : "+r"(word));
		*word = *word * 3 + i;
	}
}

static size_t answer(const struct xsd_sockmsg *asked, char *to)
{
	struct xsd_sockmsg hdr = *asked;
	uint32_t type = hdr.type <= XS_WRITE ? hdr.type : XS_WRITE;

	if (!answers[type].len)
		type = XS_WRITE;
	hdr.len = (uint32_t)answers[type].len;
	memcpy(to, &hdr, sizeof(hdr));
	memcpy(to + sizeof(hdr), answers[type].bytes, hdr.len);
	if (kept)
		keep(to, sizeof(hdr) + hdr.len);
	return sizeof(hdr) + hdr.len;
}

static ssize_t receive(int fd, char *to, size_t room)
{
	struct iovec iov = { to, room };
	struct mmsghdr hdr = { .msg_hdr = {
				       .msg_iov = &iov, .msg_iovlen = 1 } };

	if (!has_calls)
		return read(fd, to, room);
	return recvmmsg(fd, &hdr, 1, MSG_DONTWAIT, NULL) == 1
		       ? (ssize_t)hdr.msg_len
		       : -1;
}

static ssize_t deliver(int fd, char *from, size_t len)
{
	struct iovec iov = { from, len };
	struct mmsghdr hdr = { .msg_hdr = {
				       .msg_iov = &iov, .msg_iovlen = 1 } };

	if (!has_calls)
		return write(fd, from, len);
	return sendmmsg(fd, &hdr, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1
		       ? (ssize_t)hdr.msg_len
		       : -1;
}

/* -1 when the peer is gone. */
static int serve(struct peer *p)
{
	size_t at = 0, len = 0;
	struct xsd_sockmsg hdr;
	ssize_t n = receive(p->fd, p->in + p->have, sizeof(p->in) - p->have);

	if (n <= 0)
		return -1;
	p->have += (size_t)n;
	while (p->have - at >= sizeof(hdr)) {
		memcpy(&hdr, p->in + at, sizeof(hdr));
		if (hdr.len > PAYLOAD_MAX)
			return -1;
		if (p->have - at < sizeof(hdr) + hdr.len)
			break;
		if (has_work)
			work(p);
		len += answer(&hdr, out + len);
		at += sizeof(hdr) + hdr.len;
	}
	memmove(p->in, p->in + at, p->have - at);
	p->have -= at;
	return len && deliver(p->fd, out, len) != (ssize_t)len ? -1 : 0;
}

static void watch(int epoll, int fd, void *what)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = what };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e)) {
		perror("null: epoll");
		exit(EXIT_FAILURE);
	}
}

static int listen_at(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
		listen(fd, 4096)) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	return fd;
}

static void accept_peer(int epoll, int listener)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (!p)
		return;
	p->fd = accept(listener, NULL, NULL);
	if (p->fd < 0)
		free(p);
	else
		watch(epoll, p->fd, p);
}

static void map_kept(const char *socket)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s.kept", socket);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0 && !posix_fallocate(fd, 0, KEPT_SIZE))
		kept = mmap(NULL, KEPT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			fd, 0);
	if (!kept || kept == MAP_FAILED) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	close(fd);
}

static void filter(void)
{
	static const int allowed[] = { SCMP_SYS(epoll_wait),
		SCMP_SYS(epoll_ctl), SCMP_SYS(recvmmsg), SCMP_SYS(sendmmsg),
		SCMP_SYS(accept), SCMP_SYS(close), SCMP_SYS(brk),
		SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(restart_syscall),
		SCMP_SYS(rt_sigreturn), SCMP_SYS(exit_group) };
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	size_t i;
	int rc = ctx ? 0 : -ENOMEM;

	for (i = 0; !rc && i < sizeof(allowed) / sizeof(allowed[0]); i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
	if (!rc)
		rc = seccomp_load(ctx);
	if (rc) {
		fprintf(stderr, "null: no filter: %s\n", strerror(-rc));
		exit(EXIT_FAILURE);
	}
	seccomp_release(ctx);
}

/* What the option adds, and all before it. */
static bool take_option(const char *option, const char *socket)
{
	bool works = !strcmp(option, "--work");
	bool keeps = works || !strcmp(option, "--keep");
	bool filters = keeps || !strcmp(option, "--filter");

	has_work = works;
	has_calls = filters || !strcmp(option, "--calls");
	if (keeps)
		map_kept(socket);
	if (filters)
		filter();
	return has_calls;
}

int main(int argc, char **argv)
{
	struct epoll_event events[BATCH];
	struct rlimit limit;
	int epoll = epoll_create1(EPOLL_CLOEXEC), listener, n, i;
	struct peer *p;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	listener = argc == 2 || argc == 3 ? listen_at(argv[argc - 1]) : -1;
	if (listener < 0 || (argc == 3 && !take_option(argv[1], argv[2]))) {
		fputs("usage: null [--calls | --filter | --keep | --work] "
		      "SOCKET\n",
			stderr);
		return 2;
	}
	watch(epoll, listener, NULL);
	for (;;) {
		n = epoll_wait(epoll, events, BATCH, -1);
		if (n < 0 && errno != EINTR)
			return EXIT_FAILURE;
		for (i = 0; i < n; i++) {
			p = events[i].data.ptr;
			if (!p) {
				accept_peer(epoll, listener);
			} else if (serve(p)) {
				close(p->fd);
				free(p);
			}
		}
	}
}
