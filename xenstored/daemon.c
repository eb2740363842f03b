/* SPDX-License-Identifier: BSD-2-Clause */
/* The loop: who is ready, who is busy, and what must be flushed. */
#include "daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 64

static struct source signals = { .fd = -1 };

static uint64_t host_clock(void *ctx)
{
	struct timespec ts;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void host_log(void *ctx, bool is_warning, const char *line)
{
	(void)ctx;
	log_line(is_warning, "%s", line);
}

static int host_introduce(void *ctx, uint16_t domid, int64_t gfn, uint32_t port)
{
	struct daemon *d = ctx;

	return d->hv->introduce(d, domid, gfn, port);
}

static void host_release(void *ctx, uint16_t domid)
{
	struct daemon *d = ctx;

	d->hv->release(d, domid);
}

static bool host_exists(void *ctx, uint16_t domid)
{
	struct daemon *d = ctx;

	return d->hv->exists(d, domid);
}

static void on_signal(struct daemon *d, struct source *src, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	if (read(src->fd, &info, sizeof(info)) == sizeof(info))
		d->is_ending = true;
}

static int watch_signals(struct daemon *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	signals.ready = on_signal;
	if (signals.fd < 0)
		return -errno;
	return daemon_watch(d, &signals, EPOLLIN);
}

int daemon_init(struct daemon *d, const struct hv *hv)
{
	struct store_host host = {
		.log = host_log, .clock = host_clock, .ctx = d
	};
	uint64_t seed[2];

	d->hv = hv;
	if (hv && hv->introduce)
		host.introduce = host_introduce;
	if (hv && hv->release)
		host.release = host_release;
	if (hv && hv->exists)
		host.exists = host_exists;
	list_init(&d->peers);
	list_init(&d->busy);
	list_init(&d->ended);
	if (getrandom(seed, sizeof(seed), 0) != sizeof(seed))
		return -EIO;
	d->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (d->epoll < 0)
		return -errno;
	d->store = store_new(&host, seed);
	if (!d->store)
		return -ENOMEM;
	return watch_signals(d);
}

int daemon_watch(struct daemon *d, struct source *src, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = src };

	return epoll_ctl(d->epoll, EPOLL_CTL_ADD, src->fd, &e) ? -errno : 0;
}

void daemon_rewatch(struct daemon *d, struct source *src, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = src };

	epoll_ctl(d->epoll, EPOLL_CTL_MOD, src->fd, &e);
}

void daemon_unwatch(struct daemon *d, struct source *src)
{
	epoll_ctl(d->epoll, EPOLL_CTL_DEL, src->fd, NULL);
}

void daemon_add_peer(struct daemon *d, struct peer *p)
{
	list_init(&p->busy);
	list_init(&p->of_daemon);
	list_add_tail(&d->peers, &p->of_daemon);
}

void daemon_end_peer(struct daemon *d, struct peer *p)
{
	if (!p->conn)
		return;
	p->ops->end(d, p);
	conn_free(p->conn);
	p->conn = NULL;
	list_remove(&p->busy);
	list_remove(&p->of_daemon);
	daemon_bury(d, p);
}

void daemon_bury(struct daemon *d, struct peer *p)
{
	list_add_tail(&d->ended, &p->of_daemon);
}

void daemon_busy(struct daemon *d, struct peer *p)
{
	if (p->conn && list_is_empty(&p->busy))
		list_add_tail(&d->busy, &p->busy);
}

static void free_ended(struct daemon *d)
{
	struct list *at, *next;

	list_for_each_safe(at, next, &d->ended)
	{
		list_remove(at);
		free(list_entry(at, struct peer, of_daemon));
	}
}

/* One turn for each of those that were busy when it began. */
static void serve_busy(struct daemon *d)
{
	struct list round, *at;
	struct peer *p;

	list_init(&round);
	while (!list_is_empty(&d->busy)) {
		at = d->busy.next;
		list_remove(at);
		list_add_tail(&round, at);
	}
	while (!list_is_empty(&round)) {
		p = list_entry(round.next, struct peer, busy);
		list_remove(&p->busy);
		p->ops->turn(d, p);
	}
}

static void flush_dirty(struct daemon *d)
{
	struct conn *c;
	struct peer *p;

	while ((c = store_next_dirty(d->store))) {
		p = conn_owner(c);
		p->ops->flush(d, p);
	}
}

/* Those who were held back have waited long enough. */
static void wake_held(struct daemon *d)
{
	struct list *at;
	struct peer *p;

	for (at = d->peers.next; at != &d->peers; at = at->next) {
		p = list_entry(at, struct peer, of_daemon);
		daemon_busy(d, p);
	}
}

void daemon_run(struct daemon *d)
{
	struct epoll_event events[EVENTS_MAX];
	struct source *src;
	int64_t held;
	int i, n, wait;

	while (!d->is_ending) {
		held = store_next_wakeup(d->store);
		/* Milliseconds, rounded up. */
		wait = held < 0 ? -1 : (int)((held + 999999) / 1000000);
		if (!list_is_empty(&d->busy))
			wait = 0;
		n = epoll_wait(d->epoll, events, EVENTS_MAX, wait);
		store_set_time(d->store, host_clock(NULL));
		if (held >= 0 && store_next_wakeup(d->store) < 0)
			wake_held(d);
		serve_busy(d);
		for (i = 0; i < n; i++) {
			src = events[i].data.ptr;
			if (src->fd >= 0)
				src->ready(d, src, events[i].events);
		}
		flush_dirty(d);
		free_ended(d);
	}
}

void daemon_fini(struct daemon *d)
{
	struct list *at, *next;

	list_for_each_safe(at, next, &d->peers)
		daemon_end_peer(d, list_entry(at, struct peer, of_daemon));
	free_ended(d);
	if (d->store)
		store_free(d->store);
	if (signals.fd >= 0)
		close(signals.fd);
	close(d->epoll);
}
