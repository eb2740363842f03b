/* SPDX-License-Identifier: BSD-2-Clause */
/* xenstored: options, the order of its start, and its end. */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unreleased"
#endif

struct options {
	const char *pid_file;
	const char *socket;
	const char *fake_guests;
	bool in_foreground;
	bool without_hypervisor;
};

static const char usage[] =
	"Usage: xenstored [OPTION]...\n"
	"The store of a Tenon or Xen host: serves it to domains and tools.\n"
	"\n"
	"  -F, --foreground        stay in the foreground, log to stderr\n"
	"  -p, --pid-file=FILE     write the daemon's process id there\n"
	"      --socket=PATH       listen there (default: $XENSTORED_PATH, else\n"
	"                          $XENSTORED_RUNDIR/socket, else\n"
	"                          /run/xenstored/socket)\n"
	"      --no-hypervisor     serve the socket alone, on any Linux\n"
	"      --fake-guests=PATH  with it: let processes be guests (tests)\n"
	"  -h, --help              print this\n"
	"  -V, --version           print the version\n";

enum { OPT_SOCKET = 256, OPT_NO_HYPERVISOR, OPT_FAKE_GUESTS };

static const struct option long_options[] = {
	{ "foreground", no_argument, NULL, 'F' },
	{ "no-fork", no_argument, NULL, 'F' },
	{ "pid-file", required_argument, NULL, 'p' },
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "no-hypervisor", no_argument, NULL, OPT_NO_HYPERVISOR },
	{ "fake-guests", required_argument, NULL, OPT_FAKE_GUESTS },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

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
		case OPT_NO_HYPERVISOR:
			o->without_hypervisor = true;
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
	if (o->fake_guests && !o->without_hypervisor) {
		fputs("xenstored: --fake-guests needs --no-hypervisor\n",
			stderr);
		return 2;
	}
	return -1;
}

static int write_pid_file(const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return -errno;
	fprintf(f, "%ld\n", (long)getpid());
	return fclose(f) ? -errno : 0;
}

/* The usual socket, whose directory is made when it is missing. */
static const char *default_socket(char *buf, size_t size)
{
	const char *path = getenv("XENSTORED_PATH");
	const char *dir = getenv("XENSTORED_RUNDIR");

	if (path)
		return path;
	if (!dir)
		dir = "/run/xenstored";
	if (mkdir(dir, 0755) && errno != EEXIST)
		log_line(true, "%s cannot be made: %s", dir, strerror(errno));
	snprintf(buf, size, "%s/socket", dir);
	return buf;
}

/* What clients look for before anybody else has written to the store. */
static int write_first_nodes(struct store *s)
{
	return store_write(s, "/tool/xenstored", NULL, 0);
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

static int start(struct daemon *d, const struct options *o)
{
	const struct hv *hv = o->without_hypervisor ? NULL : &hv_xen;
	char buf[256];
	const char *path;
	int rc;

	raise_descriptor_limit();
	if (o->fake_guests)
		hv = &hv_fake;
	rc = daemon_init(d, hv);
	if (!rc)
		rc = write_first_nodes(d->store);
	if (rc) {
		log_line(true, "cannot start: %s", strerror(-rc));
		return rc;
	}
	path = o->socket ? o->socket : default_socket(buf, sizeof(buf));
	rc = unix_listen(d, path);
	if (rc) {
		log_line(true, "cannot listen at %s: %s%s", path, strerror(-rc),
			rc == -EADDRINUSE ? ": another daemon serves it" : "");
		return rc;
	}
	if (o->fake_guests)
		rc = hv_fake_open(d, o->fake_guests);
	else if (!o->without_hypervisor)
		rc = hv_xen_open(d);
	if (!rc && o->pid_file) {
		rc = write_pid_file(o->pid_file);
		if (rc)
			log_line(true, "%s cannot be written: %s", o->pid_file,
				strerror(-rc));
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

static void leave_terminal(int line)
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
	if (write(line, "", 1) != 1)
		log_line(true, "nobody waits for the start any more");
	close(line);
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct daemon d = { .epoll = -1 };
	int status = parse_options(&o, argc, argv), line = -1, rc;

	if (status >= 0)
		return status;
	if (!o.in_foreground) {
		line = into_background();
		if (line < 0) {
			log_line(true, "cannot fork: %s", strerror(-line));
			return EXIT_FAILURE;
		}
	}
	rc = start(&d, &o);
	if (!rc) {
		if (line >= 0)
			leave_terminal(line);
		daemon_run(&d);
	}
	unix_fini();
	if (d.store)
		daemon_fini(&d);
	hv_fake_close(&d);
	hv_xen_close(&d);
	if (!rc && o.pid_file)
		unlink(o.pid_file);
	return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
