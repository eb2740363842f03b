/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where bytes of a guest are read: a child process in user, mount, network,
 * pid, IPC, UTS and cgroup namespaces of its own, as a user that owns nothing,
 * with an empty file system, without privileges, bounded in memory, CPU time
 * and file size, and behind a list of the system calls that it needs. All it
 * has is a socket to the broker and the descriptors that it was given. It dies
 * with the broker.
 */
#ifndef PYGRUB_JAIL_H
#define PYGRUB_JAIL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct why;

#define JAIL_FDS_MAX 4
#define JAIL_SOCK    3 /* the socket, in the jail */
#define JAIL_FD	     4 /* the first of the descriptors given, in the jail */

struct jail_user {
	uid_t uid;
	gid_t gid;
};

struct jail_spec {
	const char *name;      /* for messages */
	struct jail_user user; /* outside: whom the jail's root is */
	uint64_t memory;       /* bytes of address space */
	uint64_t file_size;    /* bytes that any file written may reach */
	unsigned int cpu_seconds;
	bool has_terminal; /* keeps descriptors 0 and 1 */
	bool has_programs; /* /usr and its like, read-only, and /dev/fuse */
	int fds[JAIL_FDS_MAX];
	unsigned int fd_count;
	/*
	 * The jail's program: answers on JAIL_SOCK. It calls jail_lock before
	 * it reads the first byte of a guest. What it returns is the status.
	 */
	int (*run)(void *arg);
	void *arg;
};

struct jail {
	pid_t pid; /* 0: none */
	int sock;
};

/*
 * 0, or a negative errno with `why`: the machine makes no such namespaces. What
 * fails inside the jail is told by the first answer.
 */
int jail_start(
	const struct jail_spec *spec, struct jail *jail, struct why *why);
/* Kills all processes in it; jail_end is called later. */
void jail_kill(const struct jail *jail);
/* Kills all processes in it, and waits for them. Nothing if there is none. */
void jail_end(struct jail *jail);

/* What a process in a jail may still ask of the kernel. */
enum jail_filter {
	JAIL_PARSER, /* the socket, memory */
	JAIL_MENU,   /* and the terminal */
	JAIL_DISK,   /* and reading at offsets, writing what it was given */
	JAIL_READER, /* and opening files that exist for reading */
	JAIL_GRUB,   /* GRUB's tools: and one mount, threads of their own */
	JAIL_QEMU,   /* qemu-storage-daemon */
};

/*
 * Gives up all capabilities (but JAIL_GRUB and JAIL_QEMU, which keep that of
 * mounting inside), and installs the filter, for ever. 0 or a negative errno.
 */
int jail_lock(enum jail_filter filter);

#endif
