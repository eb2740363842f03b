/* SPDX-License-Identifier: BSD-2-Clause */
/* The worker's loop: who is ready, who is busy, and what must be flushed. */
#include "access_log.h"
#include "daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 64
/* So many events before its turn a source is told to expect it. */
#define AHEAD 3
/* When a journal that found no room is tried again. */
#define RETRY_NS 1000000000u

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
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

int daemon_ask(struct daemon *d, struct post *p, int *fds)
{
	int rc = post_send(d->keeper->ask[1], p, NULL, 0, 0);

	if (!rc)
		rc = post_receive(d->keeper->ask[1], p, fds, 0);
	/* Without a keeper there is nobody to work for. */
	if (rc)
		_exit(EXIT_FAILURE);
	return p->result;
}

void daemon_closed(struct daemon *d, uint32_t index, uint32_t id)
{
	struct post p = { .kind = NOTE_CLOSED, .slot = index, .id = id };

	post_send(d->keeper->ask[1], &p, NULL, 0, 0);
}

void daemon_add_peer(struct daemon *d, struct peer *p)
{
	list_init(&p->busy);
	list_init(&p->of_daemon);
	list_add_tail(&d->peers, &p->of_daemon);
}

/*
 * The slot goes first: a connection without one is ended by a new worker, a
 * slot without a connection would be a new client.
 */
void daemon_end_peer(struct daemon *d, struct peer *p)
{
	if (!p->conn)
		return;
	p->ops->end(d, p);
	daemon_closed(d, p->index, conn_id(p->conn));
	conn_free(p->conn);
	p->conn = NULL;
	list_remove(&p->busy);
	list_remove(&p->of_daemon);
	list_add_tail(&d->ended, &p->of_daemon);
}

void daemon_busy(struct daemon *d, struct peer *p)
{
	if (p->conn && list_is_empty(&p->busy))
		list_add_tail(&d->busy, &p->busy);
}

static void lose_journal(struct daemon *d, int rc)
{
	d->depot->is_kept = false;
	d->shared->is_incomplete = 1;
	d->retry_at = now_ns() + RETRY_NS;
	log_line(true,
		"the journal cannot be written: %s. A crash would lose "
		"connections until there is room",
		strerror(-rc));
}

static void renew(struct daemon *d)
{
	int rc = depot_renew(d->depot, d->store);

	if (!rc)
		d->shared->is_incomplete = 0;
	else if (d->depot->is_kept)
		lose_journal(d, rc);
	else
		d->retry_at = now_ns() + RETRY_NS;
}

void daemon_commit(struct daemon *d)
{
	int rc;

	if (!depot_is_open(d->depot))
		return;
	rc = depot_commit(d->depot);
	/* Begun anew it holds all that has happened, if it finds room. */
	if (rc)
		renew(d);
}

static void tend_journal(struct daemon *d)
{
	int rc;

	daemon_commit(d);
	if (!d->depot->is_kept) {
		if (now_ns() >= d->retry_at)
			renew(d);
		return;
	}
	rc = depot_tend(d->depot, d->store);
	if (rc)
		log_line(true,
			"the journal cannot be made smaller: %s. It grows "
			"until it can",
			strerror(-rc));
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
		if (p)
			p->ops->flush(d, p);
	}
}

/* What was served is kept, and then answered. */
static void settle(struct daemon *d)
{
	daemon_serving(d, NULL);
	tend_journal(d);
	flush_dirty(d);
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

static void on_alarm(struct daemon *d, struct source *src, uint32_t events)
{
	uint64_t count;

	(void)events;
	if (read(src->fd, &count, sizeof(count)) == sizeof(count))
		d->alarm_at = 0;
}

/*
 * The alarm goes off at that moment, or before. Once set it stays so: a limit
 * of epoll_wait() would be set and taken back in each turn while somebody is
 * parked, and a clock event costs more than the turn on a virtual machine.
 */
static void set_alarm(struct daemon *d, uint64_t at)
{
	struct itimerspec when = {
		.it_value = { .tv_sec = (time_t)(at / 1000000000u),
			.tv_nsec = (long)(at % 1000000000u) }
	};

	if (d->alarm_at && d->alarm_at <= at)
		return;
	if (!timerfd_settime(d->alarm.fd, TFD_TIMER_ABSTIME, &when, NULL))
		d->alarm_at = at;
}

/* Milliseconds to wait for events at most; -1: for ever. */
static int patience(struct daemon *d, uint64_t now)
{
	int64_t held = store_next_wakeup(d->store);

	if (!list_is_empty(&d->busy) || depot_is_busy(d->depot))
		return 0;
	if (held >= 0)
		set_alarm(d, now + (uint64_t)held);
	return d->depot->is_kept ? -1 : 1000;
}

/* Whoever has asked for it was answered, as far as it reads. */
static void ask_upgrade(struct daemon *d)
{
	struct post p = { .kind = NOTE_UPGRADE };

	strcpy(p.text, d->program);
	post_send(d->keeper->ask[1], &p, NULL, 0, 0);
	d->wants_upgrade = false;
}

/*
 * When as many are ready as fit, neither a source nor what it leads to is in
 * the caches: both are fetched while others are served.
 */
static void look_ahead(const struct epoll_event *events, int i, int n)
{
	const struct source *src;

	if (i + 2 * AHEAD < n)
		__builtin_prefetch(events[i + 2 * AHEAD].data.ptr);
	if (i + AHEAD >= n)
		return;
	src = events[i + AHEAD].data.ptr;
	if (src->expect)
		src->expect(src);
}

static void serve_events(struct daemon *d, struct epoll_event *events, int n)
{
	struct source *src;
	int i;

	for (i = 0; i < n; i++) {
		if (n == EVENTS_MAX)
			look_ahead(events, i, n);
		src = events[i].data.ptr;
		if (src->fd >= 0)
			src->ready(d, src, events[i].events);
	}
}

void daemon_run(struct daemon *d)
{
	struct epoll_event events[EVENTS_MAX];
	uint64_t now = now_ns();
	int n;

	store_set_time(d->store, now);
	while (!d->is_ending) {
		n = epoll_wait(d->epoll, events, EVENTS_MAX, patience(d, now));
		now = now_ns();
		if (store_set_time(d->store, now))
			wake_held(d);
		serve_events(d, events, n);
		settle(d);
		/* Whoever waited for what has just happened, at once. */
		serve_busy(d);
		settle(d);
		free_ended(d);
		access_log_flush(d);
		if (d->wants_upgrade)
			ask_upgrade(d);
	}
}

int daemon_open(struct daemon *d)
{
	d->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (d->epoll < 0)
		return -errno;
	d->alarm.ready = on_alarm;
	d->alarm.fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return d->alarm.fd < 0 ? -errno : daemon_watch(d, &d->alarm, EPOLLIN);
}

void daemon_init(struct daemon *d, struct keeper *k)
{
	d->keeper = k;
	d->depot = &k->depot;
	d->shared = k->shared;
	list_init(&d->peers);
	list_init(&d->busy);
	list_init(&d->ended);
}

void daemon_fini(struct daemon *d)
{
	struct list *at, *next;

	/* The connections outlive us, for whoever comes next. */
	d->depot->is_kept = false;
	depot_abandon(d->depot);
	list_for_each_safe(at, next, &d->peers)
	{
		list_remove(at);
		list_add_tail(&d->ended, at);
	}
	store_free(d->store);
	free_ended(d);
	close(d->alarm.fd);
	close(d->epoll);
}
