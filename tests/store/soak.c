/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A soak: many clients at once do all that clients do, and know what they
 * must read. By hand; it prints its figures at the end.
 *
 * usage: soak SOCKET CLIENTS SECONDS
 *
 * Client i owns /soak/i. Each of its steps is one of: write and read back;
 * make, list and remove children; a transaction that moves an amount between
 * its own nodes, whose sum stays; one that adds to a counter of all; or a
 * write of its `news`, which client i + 1 watches. At the end the counter must
 * be the number of commits, each sum what it was, and each watcher must have
 * been told of the last news. A wrong answer ends the soak with status 1.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <tenonctrl/xs.h>

#define THREADS	   16
#define PARTS	   4 /* nodes that an amount moves between */
#define SUM	   1000
#define BUCKETS	   40 /* of latencies, by doubling, from 1 us */
#define PATIENCE   30000
#define COUNTER	   "/soak/counter"
#define AGAIN_MOST 1000000

enum { WRITE, CHILDREN, MOVE, COUNT, NEWS, KINDS };
static const char *const kind_names[KINDS] = { "write", "children", "move",
	"count", "news" };

struct client {
	struct xs *xs;
	unsigned int number;
	uint32_t random, round;
	uint32_t news, heard; /* its own last, and its neighbour's */
};

static struct soak {
	struct client *clients;
	unsigned int client_count;
	double end;
	/* Counted by all threads at once. */
	uint64_t done[KINDS], retries, commits, events;
	uint64_t latency[BUCKETS];
} soak;

static void die(const struct client *c, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

static void die(const struct client *c, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "soak: client %u: ", c->number);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

static void must(const struct client *c, const char *what, int err)
{
	if (err)
		die(c, "%s: %s", what, strerror(-err));
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static uint32_t draw(struct client *c, uint32_t below)
{
	c->random ^= c->random << 13;
	c->random ^= c->random >> 17;
	c->random ^= c->random << 5;
	return c->random % below;
}

static char *own(const struct client *c, const char *name, char *path)
{
	sprintf(path, "/soak/%u/%s", c->number, name);
	return path;
}

static void do_write(struct client *c)
{
	char path[64], name[16], value[2049], *got;
	size_t len = draw(c, draw(c, 8) ? 32 : sizeof(value)), got_len;

	sprintf(name, "w%u", draw(c, 8));
	memset(value, 'a' + (char)draw(c, 26), len);
	must(c, "write", xs_write(c->xs, 0, own(c, name, path), value, len));
	must(c, "read", xs_read(c->xs, 0, path, &got, &got_len));
	if (got_len != len || memcmp(got, value, len))
		die(c, "%s reads as another value than was written", path);
	free(got);
}

static void do_children(struct client *c)
{
	unsigned int wanted = 1 + draw(c, 10), i;
	char path[64], name[32], **names;
	size_t got;

	for (i = 0; i < wanted; i++) {
		sprintf(name, "dir/child-%u", i);
		must(c, "mkdir", xs_mkdir(c->xs, 0, own(c, name, path)));
	}
	must(c, "directory",
		xs_directory(c->xs, 0, own(c, "dir", path), &names, &got));
	free(names);
	if (got != wanted)
		die(c, "%zu children, and not %u", got, wanted);
	must(c, "rm", xs_rm(c->xs, 0, path));
	if (xs_directory(c->xs, 0, path, &names, &got) != -ENOENT)
		die(c, "%s is there after its removal", path);
}

/* Both nodes of the transaction or none; -EAGAIN never, for they are own. */
static int move(struct client *c, uint32_t tx)
{
	uint64_t from, to, amount;
	char path[64], name[16];
	unsigned int a = draw(c, PARTS), b = draw(c, PARTS);
	int err;

	sprintf(name, "part%u", a);
	err = xs_read_u64(c->xs, tx, own(c, name, path), &from);
	if (err || a == b)
		return err;
	amount = draw(c, (uint32_t)from + 1);
	err = xs_printf(c->xs, tx, path, "%" PRIu64, from - amount);
	sprintf(name, "part%u", b);
	if (!err)
		err = xs_read_u64(c->xs, tx, own(c, name, path), &to);
	if (!err)
		err = xs_printf(c->xs, tx, path, "%" PRIu64, to + amount);
	return err;
}

static int increase(struct client *c, uint32_t tx)
{
	uint64_t value;
	int err = xs_read_u64(c->xs, tx, COUNTER, &value);

	return err ? err : xs_printf(c->xs, tx, COUNTER, "%" PRIu64, value + 1);
}

/* Until it commits; a crash of the daemon may end it with EAGAIN as well. */
static void transact(
	struct client *c, int (*work)(struct client *c, uint32_t tx))
{
	unsigned int tries;
	uint32_t tx;
	int err;

	for (tries = 0; tries < AGAIN_MOST; tries++) {
		must(c, "transaction start", xs_begin(c->xs, &tx));
		err = work(c, tx);
		if (err) {
			xs_end(c->xs, tx, false);
			if (err != -EAGAIN)
				must(c, "in a transaction", err);
		} else {
			err = xs_end(c->xs, tx, true);
		}
		if (!err)
			return;
		if (err != -EAGAIN)
			must(c, "transaction end", err);
		count(&soak.retries);
	}
	die(c, "no commit in %u tries", AGAIN_MOST);
}

static void check_sum(struct client *c)
{
	uint64_t sum = 0, value;
	char path[64], name[16];
	uint32_t tx;
	int i;

	must(c, "transaction start", xs_begin(c->xs, &tx));
	for (i = 0; i < PARTS; i++) {
		sprintf(name, "part%d", i);
		must(c, "read in a transaction",
			xs_read_u64(c->xs, tx, own(c, name, path), &value));
		sum += value;
	}
	must(c, "end of a transaction that has read", xs_end(c->xs, tx, true));
	if (sum != SUM)
		die(c, "its sum is %" PRIu64, sum);
}

/* Takes the events that have come; their paths must be the watched one. */
static void hear(struct client *c, int timeout_ms)
{
	char wanted[64], *path, *token;
	uint64_t news;
	int err;

	sprintf(wanted, "/soak/%u/news", (c->number + 1) % soak.client_count);
	while (!(err = xs_next_event(c->xs, timeout_ms, &path, &token))) {
		if (strcmp(path, wanted) || strcmp(token, "news"))
			die(c, "an event of %s, %s", path, token);
		free(path);
		free(token);
		count(&soak.events);
		must(c, "read of news", xs_read_u64(c->xs, 0, wanted, &news));
		if (news < c->heard)
			die(c, "old news: %" PRIu64 " after %u", news,
				c->heard);
		c->heard = (uint32_t)news;
		if (timeout_ms)
			return;
	}
	if (err != -ETIMEDOUT || timeout_ms)
		must(c, "event", err);
}

static void step(struct client *c)
{
	unsigned int kind = draw(c, KINDS), bucket = 0;
	double begin = now(), took;
	char path[64];

	switch (kind) {
	case WRITE:
		do_write(c);
		break;
	case CHILDREN:
		do_children(c);
		break;
	case MOVE:
		transact(c, move);
		break;
	case COUNT:
		transact(c, increase);
		count(&soak.commits);
		break;
	default:
		must(c, "news",
			xs_printf(c->xs, 0, own(c, "news", path), "%u",
				++c->news));
	}
	took = (now() - begin) * 1e6;
	while (bucket < BUCKETS - 1 && took >= (double)(1ull << bucket))
		bucket++;
	count(&soak.latency[bucket]);
	count(&soak.done[kind]);
	hear(c, 0);
	if (++c->round % 64 == 0)
		check_sum(c);
}

static void set_up(struct client *c)
{
	char path[64], name[16];
	int i;

	for (i = 0; i < PARTS; i++) {
		sprintf(name, "part%d", i);
		must(c, "set up",
			xs_printf(c->xs, 0, own(c, name, path), "%d",
				i ? 0 : SUM));
	}
	must(c, "set up", xs_write(c->xs, 0, own(c, "news", path), "0", 1));
}

static void watch_neighbour(struct client *c)
{
	char path[64];

	sprintf(path, "/soak/%u/news", (c->number + 1) % soak.client_count);
	must(c, "watch", xs_watch(c->xs, path, "news"));
	hear(c, PATIENCE);
}

static void *run(void *first)
{
	struct client *end = soak.clients + soak.client_count, *c;

	while (now() < soak.end)
		for (c = first; c < end; c += THREADS)
			step(c);
	return NULL;
}

static uint64_t total(void)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < KINDS; i++)
		sum += __atomic_load_n(&soak.done[i], __ATOMIC_RELAXED);
	return sum;
}

/* Microseconds under which so many of all steps stayed. */
static double percentile(double share)
{
	double left = share * (double)total();
	int i;

	for (i = 0; i < BUCKETS; i++) {
		left -= (double)soak.latency[i];
		if (left <= 0)
			break;
	}
	return (double)(1ull << i);
}

static void audit(struct client *c)
{
	static const char *const check[] = { "check" };
	char *answer;

	must(c, "control", xs_control(c->xs, 1, check, &answer));
	if (strcmp(answer, "OK"))
		die(c, "the store's audit says: %s", answer);
	free(answer);
}

static void check_end(void)
{
	struct client *c;
	uint64_t value;

	for (c = soak.clients; c < soak.clients + soak.client_count; c++) {
		const struct client *next =
			soak.clients + (c->number + 1) % soak.client_count;

		while (c->heard < next->news)
			hear(c, PATIENCE);
		check_sum(c);
	}
	must(soak.clients, "the counter",
		xs_read_u64(soak.clients->xs, 0, COUNTER, &value));
	if (value != soak.commits)
		die(soak.clients,
			"the counter is %" PRIu64 " after %" PRIu64 " commits",
			value, soak.commits);
	audit(soak.clients);
}

static void report(double seconds)
{
	int i;

	printf("%u clients, %.0f s: %" PRIu64 " steps, %.0f a second\n",
		soak.client_count, seconds, total(), (double)total() / seconds);
	for (i = 0; i < KINDS; i++)
		printf("  %-9s %" PRIu64 "\n", kind_names[i], soak.done[i]);
	printf("  events    %" PRIu64 "\n  conflicts %" PRIu64 " (of %" PRIu64
	       " commits to the common counter)\n"
	       "  a step took under %.0f us (half), %.0f us (99 of 100), "
	       "%.0f us (all)\n",
		soak.events, soak.retries, soak.commits, percentile(0.5),
		percentile(0.99), percentile(1));
}

static void connect_all(const char *path)
{
	struct rlimit limit;
	struct client *c;
	unsigned int i;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	for (i = 0; i < soak.client_count; i++) {
		c = &soak.clients[i];
		c->number = i;
		c->random = i * 2654435761u + 1;
		must(c, "connect", xs_open(&c->xs, path));
	}
	xs_rm(soak.clients->xs, 0, "/soak");
	must(soak.clients, "set up",
		xs_write(soak.clients->xs, 0, COUNTER, "0", 1));
	for (i = 0; i < soak.client_count; i++)
		set_up(&soak.clients[i]);
	for (i = 0; i < soak.client_count; i++)
		watch_neighbour(&soak.clients[i]);
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	double begin, seconds;
	unsigned int i;

	if (argc != 4 || atoi(argv[2]) < THREADS) {
		fprintf(stderr,
			"usage: soak SOCKET CLIENTS SECONDS (at least "
			"%d clients)\n",
			THREADS);
		return 2;
	}
	soak.client_count = (unsigned int)atoi(argv[2]);
	soak.clients = calloc(soak.client_count, sizeof(*soak.clients));
	if (!soak.clients)
		return EXIT_FAILURE;
	connect_all(argv[1]);
	begin = now();
	soak.end = begin + strtod(argv[3], NULL);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, run, &soak.clients[i]))
			return EXIT_FAILURE;
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	seconds = now() - begin;
	check_end();
	report(seconds);
	for (i = 0; i < soak.client_count; i++)
		xs_close(soak.clients[i].xs);
	free(soak.clients);
	return EXIT_SUCCESS;
}
