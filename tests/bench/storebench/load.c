/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The load generator: see load.h. It prints one JSON object about what it
 * measured, and ends with 1 when the store gave a wrong answer.
 *
 * A run is a time (with a fifth of it before as a warm-up), or a number of
 * requests, for those who count instructions.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

#define BATCH	    64
#define SAMPLES_MAX (1u << 20)

static char in[PACKET_MAX * 64 + 1];
static uint32_t samples[SAMPLES_MAX]; /* ns */
static size_t sample_count;
static uint64_t request_count;
static uint64_t last_done, longest_gap; /* between any two operations, ns */

void load_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("load: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(EXIT_FAILURE);
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

struct client *load_connect(const char *path, unsigned int count)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct client *all = calloc(count ? count : 1, sizeof(*all)), *c;

	if (!all)
		load_die("no memory for %u clients", count);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	for (c = all; c < all + count; c++) {
		c->number = (unsigned int)(c - all);
		c->random = c->number * 2654435761u + 1;
		c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (c->fd < 0 ||
			connect(c->fd, (struct sockaddr *)&at, sizeof(at)))
			load_die("client %u cannot connect to %s: %s",
				c->number, path, strerror(errno));
	}
	return all;
}

void load_request(struct client *c, uint32_t type, uint32_t tx,
	const void *payload, size_t len)
{
	struct xsd_sockmsg hdr = { type, c->number, tx, (uint32_t)len };

	if (c->out_len + PACKET_MAX > c->out_room) {
		c->out_room = 2 * c->out_room + PACKET_MAX;
		c->out = realloc(c->out, c->out_room);
		if (!c->out)
			load_die("out of memory");
	}
	memcpy(c->out + c->out_len, &hdr, sizeof(hdr));
	memcpy(c->out + c->out_len + sizeof(hdr), payload, len);
	c->out_len += sizeof(hdr) + len;
	c->in_flight++;
	request_count++;
}

/*
 * A store that stops reading while it has answers to send would wait for us:
 * the windows are small enough for the socket's buffer.
 */
void load_flush(struct client *c)
{
	size_t at = 0;
	ssize_t n;

	while (at < c->out_len) {
		n = send(c->fd, c->out + at, c->out_len - at, MSG_NOSIGNAL);
		if (n < 0)
			load_die("client %u cannot send: %s", c->number,
				strerror(errno));
		at += (size_t)n;
	}
	c->out_len = 0;
}

void load_done(struct load *l, struct client *c)
{
	uint64_t t = now();

	if (l->is_measuring) {
		c->done++;
		l->total++;
		if (sample_count < SAMPLES_MAX)
			samples[sample_count++] = (uint32_t)(t - c->sent_at);
	}
	if (last_done && t - last_done > longest_gap)
		longest_gap = t - last_done;
	last_done = t;
	if (!l->count && t >= l->deadline)
		l->is_over = true;
	c->sent_at = t;
}

/* Gives each whole packet of what is read to `take`. */
static void receive(struct load *l, struct client *c,
	void (*take)(struct load *l, struct client *c,
		const struct xsd_sockmsg *hdr, const char *body))
{
	struct xsd_sockmsg hdr;
	size_t have = c->part_len, at = 0, size;
	ssize_t n;
	char after;

	memcpy(in, c->part, have);
	n = read(c->fd, in + have, sizeof(in) - 1 - have);
	if (n <= 0)
		load_die("client %u is cut off: %s", c->number,
			n ? strerror(errno) : "the store hung up");
	have += (size_t)n;
	while (have - at >= sizeof(hdr)) {
		memcpy(&hdr, in + at, sizeof(hdr));
		if (hdr.len > PAYLOAD_MAX)
			load_die("a packet of %u bytes", hdr.len);
		size = sizeof(hdr) + hdr.len;
		if (have - at < size)
			break;
		after = in[at + size];
		in[at + size] = '\0';
		if (hdr.type != XS_WATCH_EVENT)
			c->in_flight--;
		take(l, c, &hdr, in + at + sizeof(hdr));
		in[at + size] = after;
		at += size;
	}
	c->part_len = have - at;
	memcpy(c->part, in + at, c->part_len);
}

static unsigned int settled;

static void settle_one(struct load *l, struct client *c,
	const struct xsd_sockmsg *hdr, const char *body)
{
	(void)l;
	(void)c;
	if (hdr->type == XS_ERROR)
		load_die("setting up: %s", body);
	settled++;
}

void load_settle(struct client *c, unsigned int count)
{
	load_flush(c);
	for (settled = 0; settled < count;)
		receive(NULL, c, settle_one);
}

static void serve(struct load *l, struct client *c)
{
	while (!l->is_over && !c->is_idle && c->in_flight < l->window) {
		if (l->count && request_count >= l->count)
			break;
		l->kind->next(l, c);
	}
	load_flush(c);
}

static bool is_drained(const struct load *l)
{
	unsigned int i;

	for (i = 0; i < l->client_count; i++)
		if (l->clients[i].in_flight)
			return false;
	return true;
}

static void run(struct load *l)
{
	struct epoll_event events[BATCH], e = { .events = EPOLLIN };
	uint64_t begin = now(), warm;
	unsigned int i;
	int n, at;

	l->deadline = begin + (uint64_t)(l->seconds * 1.2e9);
	warm = begin + (uint64_t)(l->seconds * 0.2e9);
	l->is_measuring = l->count;
	for (i = 0; i < l->client_count; i++) {
		e.data.ptr = &l->clients[i];
		if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->clients[i].fd, &e))
			load_die("epoll: %s", strerror(errno));
	}
	request_count = 0;
	for (i = 0; i < l->client_count; i++) {
		l->clients[i].sent_at = now();
		serve(l, &l->clients[i]);
	}
	while (!(l->is_over || (l->count && request_count >= l->count)) ||
		!is_drained(l)) {
		n = epoll_wait(l->epoll, events, BATCH, 10000);
		if (!n)
			load_die("no answer for 10 s");
		for (at = 0; at < n; at++) {
			receive(l, events[at].data.ptr, l->kind->answer);
			serve(l, events[at].data.ptr);
		}
		if (!l->is_measuring && now() >= warm) {
			l->is_measuring = true;
			warm = now();
			l->deadline = warm + (uint64_t)(l->seconds * 1e9);
		}
	}
	l->seconds = (double)(now() - (l->count ? begin : warm)) / 1e9;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double percentile(double p)
{
	size_t at = (size_t)(p * (double)sample_count);

	if (!sample_count)
		return 0;
	return samples[at < sample_count ? at : sample_count - 1] / 1000.0;
}

static void report(struct load *l)
{
	uint64_t least = UINT64_MAX, retries = 0;
	unsigned int i, busy = 0;

	qsort(samples, sample_count, sizeof(samples[0]), by_value);
	for (i = 0; i < l->client_count; i++) {
		retries += l->clients[i].retries;
		if (l->clients[i].is_idle)
			continue;
		busy++;
		if (l->clients[i].done < least)
			least = l->clients[i].done;
	}
	printf("{\"kind\": \"%s\", \"seconds\": %.6f, \"requests\": %" PRIu64
	       ", \"done\": %" PRIu64 ", \"rate\": %.1f, \"retries\": %" PRIu64
	       ", \"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f"
	       ", \"gap_us\": %.1f, \"least_share\": %.3f",
		l->kind->name, l->seconds, request_count, l->total,
		(double)l->total / l->seconds, retries, percentile(0.5),
		percentile(0.99), percentile(1.0), (double)longest_gap / 1000,
		busy && l->total ? (double)least * busy / (double)l->total : 1);
	if (l->kind->report)
		l->kind->report(l);
	puts("}");
}

static const struct option options[] = {
	{ "clients", required_argument, NULL, 'c' },
	{ "window", required_argument, NULL, 'w' },
	{ "seconds", required_argument, NULL, 't' },
	{ "requests", required_argument, NULL, 'n' },
	{ "ops", required_argument, NULL, 'o' },
	{ "nodes", required_argument, NULL, 'N' },
	{ "matching", required_argument, NULL, 'm' },
	{ "others", required_argument, NULL, 'O' },
	{ "idle", required_argument, NULL, 'i' },
	{ "only-setup", no_argument, NULL, 'S' },
	{ "no-setup", no_argument, NULL, 'X' },
	{ NULL, 0, NULL, 0 },
};

enum { SETUP = 1, RUN = 2 };

static int usage(void)
{
	size_t i;

	fputs("usage: load [OPTION]... SOCKET KIND\noptions:", stderr);
	for (i = 0; options[i].name; i++)
		fprintf(stderr, " --%s", options[i].name);
	fputs("\nkinds:", stderr);
	for (i = 0; load_kinds[i]; i++)
		fprintf(stderr, " %s", load_kinds[i]->name);
	fputc('\n', stderr);
	return 2;
}

/* What to do; 0 when the words are wrong. */
static int parse(struct load *l, int argc, char **argv)
{
	int what = SETUP | RUN, c;
	size_t i;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		unsigned int number =
			optarg ? (unsigned int)strtoul(optarg, NULL, 10) : 0;

		switch (c) {
		case 'c':
			l->client_count = number;
			break;
		case 'w':
			l->window = number;
			break;
		case 't':
			l->seconds = strtod(optarg, NULL);
			break;
		case 'n':
			l->count = number;
			break;
		case 'o':
			l->ops = number;
			break;
		case 'N':
			l->nodes = number;
			break;
		case 'm':
			l->matching = number;
			break;
		case 'O':
			l->others = number;
			break;
		case 'i':
			l->idle = number;
			break;
		case 'S':
			what = SETUP;
			break;
		case 'X':
			what = RUN;
			break;
		default:
			return 0;
		}
	}
	if (argc - optind != 2 || !l->client_count || !l->window)
		return 0;
	l->path = argv[optind];
	for (i = 0; load_kinds[i]; i++)
		if (!strcmp(load_kinds[i]->name, argv[optind + 1]))
			l->kind = load_kinds[i];
	return l->kind ? what : 0;
}

int main(int argc, char **argv)
{
	struct load l = { .client_count = 16,
		.window = 1,
		.seconds = 1,
		.ops = 4,
		.nodes = 1000 };
	int what = parse(&l, argc, argv);
	struct rlimit limit;

	if (!what)
		return usage();
	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	l.epoll = epoll_create1(EPOLL_CLOEXEC);
	load_connect(l.path, l.idle);
	l.clients = load_connect(l.path, l.client_count);
	if (what & SETUP)
		l.kind->setup(&l);
	if (what & RUN) {
		run(&l);
		report(&l);
	}
	return EXIT_SUCCESS;
}
