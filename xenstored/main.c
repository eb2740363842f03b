/* SPDX-License-Identifier: BSD-2-Clause */
/* xenstored: options, the order of its start, and its end. */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "upgrade.h"

#define LOCK_TRIES    100
#define LOCK_PAUSE_US 20000

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unreleased"
#endif

static const char usage[] =
	"Usage: xenstored [OPTION]...\n"
	"The store of a Tenon or Xen host: serves it to domains and tools.\n"
	"\n"
	"  -F, --foreground        stay in the foreground, log to stderr\n"
	"  -p, --pid-file=FILE     write the daemon's process id there\n"
	"      --socket=PATH       listen there (default: $XENSTORED_PATH, else\n"
	"                          $XENSTORED_RUNDIR/socket, else\n"
	"                          /run/xenstored/socket)\n"
	"      --state=DIR         keep the journal there (default: the socket's\n"
	"                          usual directory; in memory alone with\n"
	"                          --no-hypervisor)\n"
	"      --fsync             with it: answer when a change is on the disk\n"
	"      --access-log=FILE   write a line there for each request\n"
	"      --log-rate=NUMBER   with it: of so many a second (default: 1000)\n"
	"      --log-size=MIB      with it: begin another file then (default: 8)\n"
	"      --user=NAME         the user to serve as (default: nobody)\n"
	"      --no-sandbox        keep all rights, for debuggers\n"
	"      --no-hypervisor     serve the socket alone, on any Linux\n"
	"      --fake-guests=PATH  with it: let processes be guests (tests)\n"
	"  -h, --help              print this\n"
	"  -V, --version           print the version\n";

enum {
	OPT_SOCKET = 256,
	OPT_STATE,
	OPT_FSYNC,
	OPT_ACCESS_LOG,
	OPT_LOG_RATE,
	OPT_LOG_SIZE,
	OPT_USER,
	OPT_NO_SANDBOX,
	OPT_NO_HYPERVISOR,
	OPT_FAKE_GUESTS,
	OPT_RESUME
};

static const struct option long_options[] = {
	{ "foreground", no_argument, NULL, 'F' },
	{ "no-fork", no_argument, NULL, 'F' },
	{ "pid-file", required_argument, NULL, 'p' },
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "state", required_argument, NULL, OPT_STATE },
	{ "fsync", no_argument, NULL, OPT_FSYNC },
	{ "access-log", required_argument, NULL, OPT_ACCESS_LOG },
	{ "log-rate", required_argument, NULL, OPT_LOG_RATE },
	{ "log-size", required_argument, NULL, OPT_LOG_SIZE },
	{ "user", required_argument, NULL, OPT_USER },
	{ "no-sandbox", no_argument, NULL, OPT_NO_SANDBOX },
	{ "no-hypervisor", no_argument, NULL, OPT_NO_HYPERVISOR },
	{ "fake-guests", required_argument, NULL, OPT_FAKE_GUESTS },
	{ "resume", required_argument, NULL, OPT_RESUME },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

/* A number of an option: 1 to `max`; 0, and a message, when it is none. */
static uint32_t parse_number(const char *option, uint32_t max)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(optarg, &end, 10);
	if (optarg[0] >= '0' && optarg[0] <= '9' && !*end && !errno && n &&
		n <= max)
		return (uint32_t)n;
	fprintf(stderr, "xenstored: --%s wants a number from 1 to %u: %s\n",
		option, max, optarg);
	return 0;
}

/* What options ask of each other; 0, or the exit status. */
static int check_options(const struct options *o)
{
	if (o->fake_guests && !o->without_hypervisor) {
		fputs("xenstored: --fake-guests needs --no-hypervisor\n",
			stderr);
		return 2;
	}
	if (o->access_log && o->access_log[0] != '/') {
		fprintf(stderr,
			"xenstored: --access-log wants a path from / on: %s\n",
			o->access_log);
		return 2;
	}
	return 0;
}

/* -1 to go on, else the exit status. */
static int parse_options(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "FNp:hV", long_options, NULL)) !=
		-1) {
		switch (c) {
		case 'F':
		case 'N':
			o->in_foreground = true;
			break;
		case 'p':
			o->pid_file = optarg;
			break;
		case OPT_SOCKET:
			o->socket = optarg;
			break;
		case OPT_STATE:
			o->state_dir = optarg;
			break;
		case OPT_FSYNC:
			o->is_synced = true;
			break;
		case OPT_ACCESS_LOG:
			o->access_log = optarg;
			break;
		case OPT_LOG_RATE:
			o->log_rate = parse_number("log-rate", 1000000);
			if (!o->log_rate)
				return 2;
			break;
		case OPT_LOG_SIZE:
			o->log_size = parse_number("log-size", 1u << 20);
			if (!o->log_size)
				return 2;
			break;
		case OPT_USER:
			o->user = optarg;
			break;
		case OPT_NO_SANDBOX:
			o->without_sandbox = true;
			break;
		case OPT_NO_HYPERVISOR:
			o->without_hypervisor = true;
			break;
		case OPT_RESUME:
			o->resume = atoi(optarg);
			break;
		case OPT_FAKE_GUESTS:
			o->fake_guests = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'V':
			puts("xenstored (Tenon) " PACKAGE_VERSION);
			return 0;
		default:
			fputs("Try 'xenstored --help'.\n", stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "xenstored: no argument is expected: %s\n",
			argv[optind]);
		return 2;
	}
	c = check_options(o);
	return c ? c : -1;
}

static int write_pid_file(const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return -errno;
	fprintf(f, "%ld\n", (long)getpid());
	return fclose(f) ? -errno : 0;
}

/* Where things of this run are, made when it is missing. */
static const char *run_dir(void)
{
	const char *dir = getenv("XENSTORED_RUNDIR");

	if (!dir)
		dir = "/run/xenstored";
	if (mkdir(dir, 0755) && errno != EEXIST)
		log_line(true, "%s cannot be made: %s", dir, strerror(errno));
	return dir;
}

static const char *default_socket(char *buf, size_t size)
{
	const char *path = getenv("XENSTORED_PATH");

	if (path)
		return path;
	snprintf(buf, size, "%s/socket", run_dir());
	return buf;
}

/* As many clients as the system lets root have. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* The worker of a keeper that was killed may be a moment behind it. */
static int lock(int fd)
{
	int tries;

	for (tries = 0; flock(fd, LOCK_EX | LOCK_NB); tries++) {
		if (errno != EWOULDBLOCK)
			return -errno;
		if (tries == LOCK_TRIES)
			return -EBUSY;
		usleep(LOCK_PAUSE_US);
	}
	return 0;
}

/*
 * The memory that is shared with the worker, in a file beside the journal or
 * in memory alone. What another boot has left in it is forgotten. The file's
 * lock keeps a second daemon away.
 */
static int open_shared(struct keeper *k)
{
	char path[512];
	void *at;
	int fd, rc;

	snprintf(path, sizeof(path), "%s/slots",
		k->opt.state_dir ? k->opt.state_dir : "");
	fd = k->shared_fd;
	if (fd < 0 && k->opt.state_dir)
		fd = open(
			path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	else if (fd < 0)
		fd = memfd_create("xenstored slots", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	k->shared_fd = fd;
	rc = lock(fd);
	if (rc)
		return rc;
	if (ftruncate(fd, SHARED_SIZE))
		return -errno;
	at = mmap(NULL, SHARED_SIZE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	k->shared = at;
	if (!strncmp(k->shared->boot, k->depot.boot, sizeof(k->shared->boot)))
		return 0;
	if (ftruncate(fd, 0) || ftruncate(fd, SHARED_SIZE))
		return -errno;
	memcpy(k->shared->boot, k->depot.boot, sizeof(k->shared->boot));
	return 0;
}

static int open_state(struct keeper *k)
{
	const char *dir;
	int rc;

	if (!k->opt.state_dir && !k->opt.without_hypervisor)
		k->opt.state_dir = run_dir();
	dir = k->opt.state_dir;
	if (dir && mkdir(dir, 0700) && errno != EEXIST) {
		rc = -errno;
	} else {
		rc = depot_open(&k->depot, dir);
		if (!rc)
			rc = open_shared(k);
	}
	if (rc)
		log_line(true, "the state cannot be kept in %s: %s%s",
			dir ? dir : "memory", strerror(-rc),
			rc == -EBUSY ? ": another daemon does" : "");
	return rc;
}

static int open_access_log(struct keeper *k)
{
	int rc;

	k->log.path = k->opt.access_log;
	k->log.size = (uint64_t)k->opt.log_size << 20;
	rc = k->log.path ? logfile_open(&k->log) : 0;
	if (rc)
		log_line(true, "%s cannot be opened: %s", k->log.path,
			strerror(-rc));
	return rc;
}

static int open_hypervisor(struct keeper *k)
{
	const char *path = k->opt.fake_guests;
	int rc;

	if (!k->opt.without_hypervisor) {
		k->hv = &hv_xen;
		return hv_xen_open(k);
	}
	if (!path)
		return 0;
	k->hv = &hv_fake;
	rc = hv_fake_open(k, path);
	if (rc)
		log_line(true, "cannot listen at %s: %s", path, strerror(-rc));
	return rc;
}

static int start(struct keeper *k)
{
	static char buf[256];
	int rc;

	raise_descriptor_limit();
	k->depot.is_synced = k->opt.is_synced;
	k->depot.any_boot = k->opt.without_hypervisor;
	k->held = calloc(SLOTS_MAX, sizeof(*k->held));
	k->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!k->held || k->epoll < 0)
		return -ENOMEM;
	if (!k->opt.socket)
		k->opt.socket = default_socket(buf, sizeof(buf));
	if (k->opt.resume >= 0) {
		rc = upgrade_resume(k, k->opt.resume);
		if (rc) {
			log_line(true, "what was handed over is not known");
			return rc;
		}
	} else {
		k->listener = listen_at(k->opt.socket);
	}
	if (k->listener < 0) {
		log_line(true, "cannot listen at %s: %s%s", k->opt.socket,
			strerror(-k->listener),
			k->listener == -EADDRINUSE
				? ": another daemon serves it"
				: "");
		return k->listener;
	}
	rc = open_state(k);
	if (!rc)
		rc = open_access_log(k);
	if (!rc)
		rc = open_hypervisor(k);
	if (!rc && k->opt.pid_file) {
		rc = write_pid_file(k->opt.pid_file);
		if (rc)
			log_line(true, "%s cannot be written: %s",
				k->opt.pid_file, strerror(-rc));
	}
	return rc;
}

/*
 * Leaves the daemon behind in the background: the parent waits until it is
 * ready and ends with its word. Returns in the child, with the pipe to say so.
 */
static int into_background(void)
{
	char ready = 0;
	int line[2];
	pid_t pid;

	if (pipe2(line, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		close(line[0]);
		setsid();
		return line[1];
	}
	close(line[1]);
	_exit(read(line[0], &ready, 1) == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void leave_terminal(void)
{
	int null = open("/dev/null", O_RDWR);

	log_init(true);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		if (null > STDERR_FILENO)
			close(null);
	}
	if (chdir("/"))
		log_line(true, "cannot leave the working directory");
}

int main(int argc, char **argv)
{
	static struct keeper k = { .epoll = -1,
		.signals = -1,
		.listener = -1,
		.ask = { -1, -1 },
		.news = { -1, -1 },
		.untold = -1,
		.ready_line = -1,
		.events = -1,
		.shared_fd = -1,
		.opt.resume = -1,
		.opt.log_rate = 1000,
		.opt.log_size = 8,
		.log.fd = -1,
		.depot.fd = { -1, -1 } };
	int status = parse_options(&k.opt, argc, argv), rc;

	if (status >= 0)
		return status;
	k.argv = argv;
	if (!k.opt.in_foreground && k.opt.resume < 0) {
		k.ready_line = into_background();
		if (k.ready_line < 0) {
			log_line(true, "cannot fork: %s",
				strerror(-k.ready_line));
			return EXIT_FAILURE;
		}
	}
	rc = start(&k);
	if (!rc) {
		if (!k.opt.in_foreground)
			leave_terminal();
		rc = keeper_run(&k);
	}
	if (k.listener >= 0)
		unlink(k.opt.socket);
	if (!rc && k.opt.pid_file)
		unlink(k.opt.pid_file);
	return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
