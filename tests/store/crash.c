/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kills xenstored's worker again and again while clients and guests use it,
 * and checks every byte that comes back.
 *
 *   crash [-n KILLS] [-s SEED] [-p] [-f] [-v]
 *   crash -r [-n KILLS] [-N NODES] [-c CONNECTIONS]
 *
 * Some clients of the socket and some guests with rings each own a part of
 * the tree, of which they keep a model. They have several requests in flight,
 * sent in pieces, and know what each must be answered, in order, to the byte:
 * what is lost, repeated or torn shows at once. All clients add to one
 * counter in transactions; it must be what they were told that it is. Each
 * change must be followed by an event. A second process kills the worker at
 * random moments. -p keeps the journal in a directory, -f syncs it as well.
 *
 * -r measures instead: from the kill to the first answer.
 *
 * Exit: 0 all was right, 1 something was not, 2 usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crash.h"
#include "worker.h"

#define CLIENTS 8
#define GUESTS	4
#define PEERS	(CLIENTS + GUESTS)
/* Without a byte for so long it hangs. */
#define PATIENCE_MS 15000

static char dir[32];
static char socket_path[64], guests_path[64], state_path[64];
static pid_t daemon_pid;
static struct peer peers[PEERS];
static bool is_verbose, is_synced, has_guests = true;

struct crash_sums crash_sums = { .seed = 1 };

void crash_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("crash: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	if (daemon_pid > 0)
		kill(daemon_pid, SIGKILL);
	exit(EXIT_FAILURE);
}

unsigned int crash_roll(unsigned int sides)
{
	crash_sums.seed = crash_sums.seed * 1664525u + 1013904223u;
	return (crash_sums.seed >> 8) % sides;
}

static uint64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* The daemon. */

static const char *program(void)
{
	const char *build = getenv("top_builddir");
	static char path[512];

	snprintf(path, sizeof(path), "%s/xenstored/xenstored",
		build ? build : "..");
	return path;
}

static int connect_to(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(at.sun_path, path);
	if (s >= 0 && !connect(s, (struct sockaddr *)&at, sizeof(at)))
		return s;
	close(s);
	return -1;
}

static void make_paths(void)
{
	strcpy(dir, "/tmp/store-crash-XXXXXX");
	if (!mkdtemp(dir))
		crash_fail("no directory: %s", strerror(errno));
	snprintf(socket_path, sizeof(socket_path), "%s/socket", dir);
	snprintf(guests_path, sizeof(guests_path), "%s/guests", dir);
	snprintf(state_path, sizeof(state_path), "%s/state", dir);
}

static void start_daemon(bool on_disk)
{
	int i, s;

	daemon_pid = fork();
	if (!daemon_pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!is_verbose)
			dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		if (has_guests)
			execl(program(), "xenstored", "-F", "--no-hypervisor",
				"--socket", socket_path, "--fake-guests",
				guests_path, on_disk ? "--state" : (char *)NULL,
				state_path,
				is_synced ? "--fsync" : (char *)NULL,
				(char *)NULL);
		else
			execl(program(), "xenstored", "-F", "--no-hypervisor",
				"--socket", socket_path, (char *)NULL);
		_exit(127);
	}
	for (i = 0; i < 400; i++) {
		s = connect_to(socket_path);
		if (s >= 0 && (!has_guests || !access(guests_path, F_OK))) {
			close(s);
			return;
		}
		if (s >= 0)
			close(s);
		usleep(25000);
	}
	crash_fail("%s does not start", program());
}

/* It was told to end. */
static void await_end(void)
{
	static const char *const files[] = { "journal.0", "journal.1",
		"slots" };
	char path[96];
	size_t i;
	int status;

	if (waitpid(daemon_pid, &status, 0) != daemon_pid || status)
		crash_fail("the daemon ends with status %#x", status);
	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", state_path, files[i]);
		unlink(path);
	}
	rmdir(state_path);
	unlink(guests_path);
	if (rmdir(dir))
		crash_fail("%s is left behind: %s", dir, strerror(errno));
}

static void stop_daemon(void)
{
	kill(daemon_pid, SIGTERM);
	await_end();
}

/* The second process: kills so many workers, and ends. */
static pid_t start_killer(int kills)
{
	pid_t pid = fork(), worker, last = 0;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	srandom(crash_sums.seed);
	while (kills) {
		/* Often while it comes back, sometimes in full run. */
		usleep((useconds_t)(random() % (random() % 3 ? 8000 : 60000)));
		worker = worker_find(daemon_pid);
		if (worker <= 0 || worker == last)
			continue;
		if (kill(worker, SIGKILL))
			continue;
		last = worker;
		kills--;
	}
	_exit(EXIT_SUCCESS);
}

/* A request and its answer at once, for the beginning and the end. */
static size_t talk(
	int s, uint32_t type, const void *payload, size_t len, char *answer)
{
	struct xsd_sockmsg hdr = { type, 1, 0, (uint32_t)len };

	if (send(s, &hdr, sizeof(hdr), MSG_NOSIGNAL) != sizeof(hdr) ||
		send(s, payload, len, MSG_NOSIGNAL) != (ssize_t)len ||
		recv(s, &hdr, sizeof(hdr), MSG_WAITALL) != sizeof(hdr) ||
		(hdr.len && recv(s, answer, hdr.len, MSG_WAITALL) !=
				    (ssize_t)hdr.len))
		crash_fail("the daemon is gone: %s", strerror(errno));
	answer[hdr.len] = '\0';
	return hdr.len;
}

static void must(int s, uint32_t type, const void *payload, size_t len)
{
	char answer[4097];

	talk(s, type, payload, len, answer);
	if (strcmp(answer, "OK") != 0)
		crash_fail("request %u is answered \"%s\"", type, answer);
}

static void boot_guest(struct peer *p, int dom0)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(3 * sizeof(int))];
	} control = { 0 };
	uint32_t domid = (uint32_t)p->index + 1;
	struct iovec iov = { &domid, sizeof(domid) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	char text[64], ready;
	int fds[3], n;

	fds[0] = memfd_create("ring", MFD_CLOEXEC);
	if (fds[0] < 0 || ftruncate(fds[0], 4096))
		crash_fail("no ring: %s", strerror(errno));
	p->page =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
	p->page->req_cons = p->page->req_prod = 0xffffff00u + domid;
	p->page->rsp_cons = p->page->rsp_prod = 1000 * domid;
	p->to_store = fds[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->from_store = fds[2] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	p->fd = connect_to(guests_path);
	if (p->fd < 0 || sendmsg(p->fd, &msg, 0) != sizeof(domid) ||
		read(p->fd, &ready, 1) != 1)
		crash_fail(
			"guest %u cannot be born: %s", domid, strerror(errno));
	close(fds[0]);
	n = sprintf(text, "/local/domain/%u", domid) + 1;
	must(dom0, XS_MKDIR, text, (size_t)n);
	n += sprintf(text + n, "n%u", domid) + 1;
	must(dom0, XS_SET_PERMS, text, (size_t)n);
	n = sprintf(text, "%u", domid) + 1;
	memcpy(text + n, "1\0002", 4);
	must(dom0, XS_INTRODUCE, text, (size_t)n + 4);
}

/* Where its keys lie; what domain 0 makes there is the guest's. */
static void make_places(const struct peer *p, int dom0)
{
	char text[64];
	int i, n;

	for (i = 0; i < KEYS / 3; i++) {
		n = p->is_guest ? sprintf(text, "/local/domain/%d/d%d",
					  p->index + 1, i)
				: sprintf(text, "/c/%d/d%d", p->index, i);
		must(dom0, XS_MKDIR, text, (size_t)n + 1);
	}
}

static void connect_peers(int dom0)
{
	char text[64];
	size_t n;
	int i;

	for (i = 0; i < PEERS; i++) {
		struct peer *p = &peers[i];

		p->index = i;
		p->is_guest = i >= CLIENTS;
		if (p->is_guest)
			boot_guest(p, dom0);
		else
			p->fd = connect_to(socket_path);
		if (p->fd < 0)
			crash_fail("client %d cannot connect", i);
		make_places(p, dom0);
		/* It watches all that it has, and hears of it at once. */
		n = p->is_guest
			    ? (size_t)sprintf(text, "/local/domain/%d", i + 1)
			    : (size_t)sprintf(text, "/c/%d", i);
		memcpy(text + n + 1, "all", 4);
		peer_ask(p, XS_WATCH, 0, text, n + 5);
	}
}

static void wait_for_bytes(uint64_t *since)
{
	struct pollfd fds[PEERS];
	uint64_t count;
	int i;

	for (i = 0; i < PEERS; i++) {
		fds[i].fd =
			peers[i].is_guest ? peers[i].from_store : peers[i].fd;
		fds[i].events = POLLIN;
	}
	poll(fds, PEERS, 2);
	for (i = CLIENTS; i < PEERS; i++)
		if (read(peers[i].from_store, &count, 8) < 0 && errno != EAGAIN)
			crash_fail("guest %d: %s", i, strerror(errno));
	if (clock_us() - *since > PATIENCE_MS * 1000ull) {
		for (i = 0; i < PEERS; i++)
			if (peers[i].count)
				fprintf(stderr,
					"peer %d waits for %u answers, %zu "
					"bytes unsent\n",
					i, peers[i].count,
					peers[i].out_end - peers[i].out_start);
		crash_fail("nothing came for %d ms", PATIENCE_MS);
	}
}

/* One round; whether anybody still waits for something. */
static bool round_of_all(uint64_t *since)
{
	bool any = false, busy = false;
	int i, n;

	for (i = 0; i < PEERS; i++) {
		struct peer *p = &peers[i];

		for (n = 0; n < 3 && p->count < DEPTH - 1; n++)
			peer_act(p);
		peer_push(p);
		any |= peer_take(p);
		busy |= p->count || p->txn_step || p->out_end;
	}
	if (any)
		*since = clock_us();
	else if (busy || !crash_sums.is_ending)
		wait_for_bytes(since);
	return busy;
}

static void check_end(int dom0)
{
	char answer[4097], path[64];
	unsigned int key;
	int i;

	talk(dom0, XS_READ, "/counter", 9, answer);
	if (strtol(answer, NULL, 10) != crash_sums.counter)
		crash_fail("the counter is %s, and was raised %ld times",
			answer, crash_sums.counter);
	talk(dom0, XS_CONTROL, "check", 6, answer);
	if (strcmp(answer, "OK") != 0)
		crash_fail("audit: %s", answer);
	for (i = 0; i < PEERS; i++) {
		for (key = 0; key < KEYS; key++) {
			peer_key_path(&peers[i], key, path);
			if (peers[i].value[key].seen <
				peers[i].value[key].changed)
				crash_fail(
					"peer %d: no event for the last change "
					"of %s",
					i, path);
		}
	}
}

/* With the keeper too everything is gone but the tree. */
static void check_next_keeper(void)
{
	char answer[4097];
	int s, status;

	kill(daemon_pid, SIGKILL);
	waitpid(daemon_pid, &status, 0);
	start_daemon(true);
	s = connect_to(socket_path);
	talk(s, XS_READ, "/counter", 9, answer);
	if (strtol(answer, NULL, 10) != crash_sums.counter)
		crash_fail("the next keeper finds %s commits, of %ld", answer,
			crash_sums.counter);
	talk(s, XS_CONTROL, "check", 6, answer);
	if (strcmp(answer, "OK") != 0)
		crash_fail("audit after the next keeper: %s", answer);
	talk(s, XS_DIRECTORY, "/local/domain", 14, answer);
	if (strcmp(answer, "ENOENT") != 0 && answer[0])
		crash_fail("domain %s has outlived its end", answer);
	close(s);
}

/* The worker has no rights but those that it needs, once it serves. */
static void check_sandbox(void)
{
#ifndef TENON_SANITIZED
	int tries = 200;

	while (!worker_is_confined(worker_find(daemon_pid)))
		if (!tries--)
			crash_fail("the worker has too many rights");
		else
			usleep(25000);
#endif
}

static void run(int kills, bool on_disk)
{
	uint64_t since, began = clock_us();
	int dom0, status, i;
	pid_t killer;

	memset(peers, 0, sizeof(peers));
	crash_sums.counter = crash_sums.conflicts = crash_sums.answers =
		crash_sums.events = 0;
	crash_sums.is_ending = false;
	make_paths();
	start_daemon(on_disk);
	check_sandbox();
	dom0 = connect_to(socket_path);
	must(dom0, XS_WRITE, "/counter\0000", 10);
	connect_peers(dom0);
	killer = start_killer(kills);
	since = clock_us();
	while (!crash_sums.is_ending) {
		round_of_all(&since);
		if (waitpid(killer, &status, WNOHANG) == killer)
			crash_sums.is_ending = true;
	}
	while (round_of_all(&since))
		;
	/* Events that are still on their way. */
	for (i = 0; i < 50; i++) {
		usleep(2000);
		round_of_all(&since);
	}
	check_end(dom0);
	close(dom0);
	if (on_disk)
		check_next_keeper();
	stop_daemon();
	for (i = 0; i < PEERS; i++) {
		close(peers[i].fd);
		if (peers[i].is_guest) {
			close(peers[i].to_store);
			close(peers[i].from_store);
			munmap(peers[i].page, 4096);
		}
	}
	printf("%d kills, %ld answers and %ld events right, %ld commits, %ld "
	       "conflicts, %.1f s\n",
		kills, crash_sums.answers, crash_sums.events,
		crash_sums.counter, crash_sums.conflicts,
		(double)(clock_us() - began) / 1e6);
}

/* The whole daemon becomes another one, and its clients stay. */
static void check_upgrade(void)
{
	static const char update[] = "live-update\0-s", event[] = "/a\0tok";
	struct xsd_sockmsg hdr;
	char answer[4097];
	int s, other, i;

	has_guests = false;
	make_paths();
	start_daemon(false);
	s = connect_to(socket_path);
	other = connect_to(socket_path);
	must(s, XS_WATCH, event, sizeof(event));
	for (i = 0; i < 6; i++) {
		/* Its registration, then each change by the other. */
		if (recv(s, &hdr, sizeof(hdr), MSG_WAITALL) != sizeof(hdr) ||
			hdr.type != XS_WATCH_EVENT ||
			recv(s, answer, hdr.len, MSG_WAITALL) !=
				sizeof(event) ||
			memcmp(answer, event, sizeof(event)) != 0)
			crash_fail("upgrade %d: no event", i);
		must(other, XS_CONTROL, update, sizeof(update));
		snprintf(answer, sizeof(answer), "/a%c%d", 0, i);
		must(other, XS_WRITE, answer, 4);
		if (talk(other, XS_READ, "/a", 3, answer) != 1 ||
			answer[0] != '0' + i)
			crash_fail("upgrade %d: another value comes back", i);
	}
	/* One that is at rest, and then finds both wishes at once, ends. */
	usleep(100000);
	kill(daemon_pid, SIGSTOP);
	must(other, XS_CONTROL, update, sizeof(update));
	usleep(50000);
	kill(daemon_pid, SIGTERM);
	kill(daemon_pid, SIGCONT);
	close(s);
	close(other);
	has_guests = true;
	await_end();
}

/* From the kill to the first answer. */
static void measure(int kills, int nodes, int connections)
{
	char text[128], answer[4097];
	int *s = calloc((size_t)connections, sizeof(*s)), i, n;
	uint64_t began, took, worst = 0, sum = 0;
	pid_t worker;

	make_paths();
	start_daemon(false);
	for (i = 0; i < connections; i++) {
		s[i] = connect_to(socket_path);
		if (s[i] < 0)
			crash_fail("client %d cannot connect: %s", i,
				strerror(errno));
		n = sprintf(text, "/n/%d", i) + 1;
		n += sprintf(text + n, "t") + 1;
		must(s[i], XS_WATCH, text, (size_t)n);
		recv(s[i], answer, 16, MSG_WAITALL);
		recv(s[i], answer, (size_t)n, MSG_WAITALL);
	}
	for (i = 0; i < nodes; i++) {
		n = sprintf(text, "/nodes/%d/%d", i / 1000, i % 1000) + 1;
		n += sprintf(text + n, "value of %d", i);
		must(s[0], XS_WRITE, text, (size_t)n);
	}
	for (i = 0; i < kills; i++) {
		worker = worker_find(daemon_pid);
		began = clock_us();
		kill(worker, SIGKILL);
		talk(s[i % connections], XS_READ, "/nodes/0/7", 11, answer);
		took = clock_us() - began;
		sum += took;
		worst = took > worst ? took : worst;
	}
	printf("%d nodes, %d connections: first answer after %.1f ms on "
	       "average, %.1f ms at worst, of %d kills\n",
		nodes, connections, (double)sum / kills / 1e3,
		(double)worst / 1e3, kills);
	free(s);
	stop_daemon();
}

static int usage(void)
{
	fputs("usage: crash [-n KILLS] [-s SEED] [-p] [-f] [-v]\n"
	      "       crash -r [-n KILLS] [-N NODES] [-c CONNECTIONS] [-v]\n",
		stderr);
	return 2;
}

int main(int argc, char **argv)
{
	int kills = 0, nodes = 100000, connections = 1000, c;
	bool on_disk = false, is_measuring = false;
	struct rlimit limit;

	while ((c = getopt(argc, argv, "n:s:pfrN:c:v")) != -1) {
		switch (c) {
		case 'n':
			kills = atoi(optarg);
			break;
		case 's':
			crash_sums.seed = (unsigned int)atoi(optarg);
			break;
		case 'p':
			on_disk = true;
			break;
		case 'f':
			on_disk = is_synced = true;
			break;
		case 'r':
			is_measuring = true;
			break;
		case 'N':
			nodes = atoi(optarg);
			break;
		case 'c':
			connections = atoi(optarg);
			break;
		case 'v':
			is_verbose = true;
			break;
		default:
			return usage();
		}
	}
	if (optind < argc || kills < 0 || nodes < 1 || connections < 1)
		return usage();
	signal(SIGPIPE, SIG_IGN);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (is_measuring)
		measure(kills ? kills : 10, nodes, connections);
	else
		run(kills ? kills : 40, on_disk);
	/* Without arguments, as `make check` calls it: the other way too. */
	if (argc == 1) {
		run(40, true);
		check_upgrade();
	}
	return 0;
}
