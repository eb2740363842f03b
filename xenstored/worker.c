/* SPDX-License-Identifier: BSD-2-Clause */
/* The worker: its birth from what the last one has left, and its end. */
#include "access_log.h"
#include "daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "stream.h"

/* Which slot a connection has: open addressing, ids spread by themselves. */
#define TABLE_SIZE (2 * SLOTS_MAX)

struct birth {
	struct daemon *daemon;
	struct {
		uint32_t id; /* 0: none */
		uint32_t slot;
	} slots[TABLE_SIZE];
	bool is_met[SLOTS_MAX];
};

static struct daemon worker = { .epoll = -1 };
static struct birth birth;
static struct source news = { .fd = -1 };

static void host_log(void *ctx, bool is_warning, const char *line)
{
	(void)ctx;
	log_line(is_warning, "%s", line);
}

static uint64_t host_clock(void *ctx)
{
	struct timespec ts;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int host_introduce(void *ctx, uint16_t domid, int64_t gfn, uint32_t port)
{
	return guest_introduce(ctx, domid, gfn, port);
}

static void host_release(void *ctx, uint16_t domid)
{
	guest_release(ctx, domid);
}

static bool host_exists(void *ctx, uint16_t domid)
{
	return domains_exists(ctx, domid);
}

static void host_effect(void *ctx, const struct store_effect *e)
{
	struct daemon *d = ctx;

	if (d->depot->is_kept)
		stream_effect(depot_sink(d->depot), d->store, e);
}

/*
 * live-update, as stock's xenstore-control words it: -f FILE names the
 * program, -c what it is called with (kept as it is), -a forgets both, -s
 * starts it.
 */
static int live_update(struct daemon *d, char *const *args, size_t count)
{
	const char *what = count > 1 ? args[1] : "";

	if (!strcmp(what, "-f") && count == 3) {
		if (strlen(args[2]) >= sizeof(d->program))
			return -EINVAL;
		strcpy(d->program, args[2]);
	} else if (!strcmp(what, "-a") && count == 2) {
		d->program[0] = '\0';
	} else if (!strcmp(what, "-s")) {
		/* Processes that are guests cannot be handed over. */
		if (d->keeper->opt.fake_guests)
			return -EBUSY;
		d->wants_upgrade = true;
	} else if (strcmp(what, "-c") != 0) {
		return -EINVAL;
	}
	return 0;
}

static int host_control(void *ctx, struct conn *c, char *const *args,
	size_t count, char *answer, size_t size)
{
	(void)c;
	snprintf(answer, size, "OK");
	if (!strcmp(args[0], "log"))
		return access_log_control(ctx, args, count);
	if (!strcmp(args[0], "live-update"))
		return live_update(ctx, args, count);
	return -ENOSYS;
}

/*
 * The slot of a connection: one that the keeper holds, or a ring's that a
 * keeper before it has held; or none.
 */
static uint32_t slot_of(const struct birth *b, uint32_t id)
{
	uint32_t i;

	for (i = id % TABLE_SIZE; b->slots[i].id; i = (i + 1) % TABLE_SIZE)
		if (b->slots[i].id == id)
			return b->slots[i].slot;
	return POST_NO_SLOT;
}

static bool is_held(const struct birth *b, uint32_t slot, uint32_t id)
{
	return slot != POST_NO_SLOT && b->daemon->keeper->held[slot].id == id;
}

static void note_slots(struct birth *b)
{
	const struct held *held = b->daemon->keeper->held;
	struct shared *shared = b->daemon->shared;
	uint32_t slot, i, id;

	for (slot = 0; slot < shared->high && slot < SLOTS_MAX; slot++) {
		id = held[slot].id;
		if (!id)
			id = slot_at(shared, slot)->id;
		if (!id)
			continue;
		for (i = id % TABLE_SIZE; b->slots[i].id;)
			i = (i + 1) % TABLE_SIZE;
		b->slots[i].id = id;
		b->slots[i].slot = slot;
	}
}

/* Who has no slot any more will not be sent anything: it has got all. */
static uint64_t host_sent(void *ctx, uint32_t id)
{
	struct daemon *d = ctx;
	uint32_t slot = slot_of(&birth, id);

	return slot == POST_NO_SLOT
		       ? UINT64_MAX
		       : outbox_end(&slot_at(d->shared, slot)->out);
}

static struct store *new_store(struct daemon *d)
{
	const struct hv *hv = d->keeper->hv;
	struct store_host host = {
		.introduce = hv ? host_introduce : NULL,
		.release = hv ? host_release : NULL,
		.exists = hv ? host_exists : NULL,
		.sent = host_sent,
		.log = host_log,
		.effect = host_effect,
		.access = access_log_put,
		.control = host_control,
		.clock = host_clock,
		.ctx = d,
	};
	uint64_t seed[2];
	uint32_t stamp;
	struct store *s;

	if (getrandom(seed, sizeof(seed), 0) != sizeof(seed) ||
		getrandom(&stamp, sizeof(stamp), 0) != sizeof(stamp))
		return NULL;
	s = store_new(&host, seed);
	if (s)
		store_set_stamp(s, stamp >> 1);
	return s;
}

/* Reads the journal back; what cannot be read is lost, and the log says so. */
static int load(struct daemon *d)
{
	int rc;

	d->store = new_store(d);
	if (!d->store)
		return -ENOMEM;
	rc = depot_load(d->depot, d->store);
	if (!rc)
		return 0;
	if (rc != -ENOENT) {
		log_line(true,
			"the journal cannot be read back: %s. The tree begins "
			"empty",
			strerror(-rc));
		store_free(d->store);
		d->store = new_store(d);
		if (!d->store)
			return -ENOMEM;
	}
	/* What clients look for before anybody else has written. */
	rc = store_write(d->store, "/tool/xenstored", NULL, 0);
	return rc ? rc : depot_renew(d->depot, d->store);
}

/* A connection of before meets its slot, or is at its end. */
static void meet(void *ctx, struct conn *c)
{
	struct birth *b = ctx;
	struct daemon *d = b->daemon;
	uint32_t id = conn_id(c), slot = slot_of(b, id);
	bool has_slot = is_held(b, slot, id);
	int rc = -ESRCH;

	if (conn_is_ring(c)) {
		rc = guest_resume(d, c, slot);
		if (rc)
			log_line(true,
				"domain %u cannot be connected again: %s",
				conn_domid(c), strerror(-rc));
	} else if (has_slot && !d->shared->is_incomplete) {
		rc = client_connect(d, d->keeper->held[slot].fd, slot, id, c);
		if (rc == -EINVAL)
			log_line(true, "a client does not fit the journal and "
				       "is cut off");
		c = NULL;
	}
	if (has_slot)
		b->is_met[slot] = true;
	if (rc && has_slot)
		daemon_closed(d, slot, id);
	if (rc && c)
		conn_free(c);
}

/* Slots whose connection the journal does not know. */
static void meet_new(struct birth *b)
{
	const struct held *held = b->daemon->keeper->held;
	struct daemon *d = b->daemon;
	uint32_t i;

	for (i = 0; i < SLOTS_MAX; i++) {
		if (!held[i].id || b->is_met[i])
			continue;
		/* The request for a ring was not served: it comes again. */
		if (held[i].is_ring || d->shared->is_incomplete ||
			client_connect(d, held[i].fd, i, held[i].id, NULL))
			daemon_closed(d, i, held[i].id);
	}
}

static void on_news(struct daemon *d, struct source *src, uint32_t events)
{
	int fds[POST_FDS_MAX];
	struct post p;

	(void)events;
	if (post_receive(src->fd, &p, fds, 1))
		return;
	if (p.kind == NEWS_CONN && fds[0] >= 0 && p.slot < SLOTS_MAX) {
		if (!client_connect(d, fds[0], p.slot, p.id, NULL)) {
			fds[0] = -1;
		} else {
			log_line(true, "no memory for another client");
			daemon_closed(d, p.slot, p.id);
		}
	} else if (p.kind == NEWS_DOMAINS) {
		domains_check(d);
	} else if (p.kind == NEWS_LOG) {
		access_log_reopen(d);
	} else if (p.kind == NEWS_END) {
		d->is_ending = true;
	}
	post_close(fds);
}

/* What the keeper alone may hold. */
static void drop_keepers(struct keeper *k)
{
	close(k->epoll);
	close(k->signals);
	close(k->listener);
	k->epoll = k->signals = k->listener = -1;
	if (k->hv)
		k->hv->forget(k);
	if (k->ready_line >= 0)
		close(k->ready_line);
}

static int start(struct daemon *d)
{
	struct post ready = { .kind = NOTE_READY };
	int rc = daemon_open(d);

	if (rc)
		return rc;
	birth.daemon = d;
	note_slots(&birth);
	rc = load(d);
	if (!rc)
		rc = guest_open(d);
	if (rc)
		return rc;
	d->depot->is_kept = true;
	access_log_init(d);
	conn_visit(d->store, meet, &birth);
	meet_new(&birth);
	if (d->keeper->has_own_ring && !guest_exists(d, 0))
		rc = guest_introduce(d, 0, 0, 0);
	if (d->shared->is_incomplete && !rc) {
		rc = depot_renew(d->depot, d->store);
		d->shared->is_incomplete = rc ? 1 : 0;
	}
	if (rc)
		return rc;
	if (d->keeper->hv)
		domains_check(d);
	news.fd = d->keeper->news[1];
	news.ready = on_news;
	rc = daemon_watch(d, &news, EPOLLIN);
	return rc ? rc : post_send(d->keeper->ask[1], &ready, NULL, 0, 0);
}

void worker_main(struct keeper *k)
{
	struct daemon *d = &worker;
	int rc;

	log_to_keeper(k->ask[1]);
	drop_keepers(k);
	/* gmtime_r() would read a file when it is called first. */
	tzset();
	rc = sandbox_enter(k->opt.user, k->opt.without_sandbox);
	if (!rc) {
		daemon_init(d, k);
		rc = start(d);
	}
	if (rc)
		log_line(true, "cannot start: %s", strerror(-rc));
	else
		daemon_run(d);
	if (d->store)
		daemon_fini(d);
	exit(rc ? EXIT_FAILURE : EXIT_SUCCESS);
}
