/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper: lets clients in, answers the worker, starts it again. */
#include "keeper.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "upgrade.h"

#define EVENTS_MAX 16
/* A worker that lives shorter than this has failed, and waits longer. */
#define FAILED_MS   1000
#define PAUSE_MS    20
#define PAUSE_LOG_2 6
/* So many crashes in a row while one connection is served end that one. */
#define SUSPICIONS_MAX 3
/* How long a worker may take to end when it is asked to. */
#define END_MS 5000

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int keeper_poll(struct keeper *k, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(k->epoll, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

static void unpoll(struct keeper *k, int fd)
{
	epoll_ctl(k->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* Nobody is let in whom the worker could not be told of. */
static void poll_listener(struct keeper *k, bool is_open)
{
	is_open = is_open && k->untold < 0;
	struct epoll_event e = { .events = is_open ? EPOLLIN : 0,
		.data.fd = k->listener };

	epoll_ctl(k->epoll, EPOLL_CTL_MOD, k->listener, &e);
	k->is_paused = !is_open;
}

/* A free slot, cleared, with a new id; -1 when all are taken. */
static int take_slot(struct keeper *k, uint32_t wanted)
{
	struct slot *slot;
	uint32_t i, n;

	if (wanted < SLOTS_MAX && !k->held[wanted].id &&
		slot_at(k->shared, wanted)->id) {
		k->held[wanted] =
			(struct held){ .id = slot_at(k->shared, wanted)->id,
				.fd = -1 };
		return (int)wanted;
	}
	for (n = 0; n < SLOTS_MAX; n++) {
		i = (k->free_hint + n) % SLOTS_MAX;
		if (!k->held[i].id)
			break;
	}
	if (n == SLOTS_MAX)
		return -1;
	k->free_hint = i + 1;
	if (i >= k->shared->high)
		k->shared->high = i + 1;
	if (!++k->shared->next_id)
		k->shared->next_id = 1;
	slot = slot_at(k->shared, i);
	/* The bytes behind the head mean nothing without it. */
	memset(slot, 0, offsetof(struct slot, in.half));
	slot->id = k->shared->next_id;
	k->held[i] = (struct held){ .id = k->shared->next_id, .fd = -1 };
	return (int)i;
}

static void drop_slot(struct keeper *k, uint32_t index)
{
	struct held *h = &k->held[index];

	if (h->fd >= 0)
		close(h->fd);
	if (h->is_ring)
		k->hv->unbind(k, h);
	slot_at(k->shared, index)->id = 0;
	memset(h, 0, sizeof(*h));
	h->fd = -1;
	if (index < k->free_hint)
		k->free_hint = index;
	if (k->is_paused)
		poll_listener(k, true);
}

static void poll_news(struct keeper *k, bool is_full)
{
	struct epoll_event e = { .events = is_full ? EPOLLOUT : 0,
		.data.fd = k->news[0] };

	epoll_ctl(k->epoll, EPOLL_CTL_MOD, k->news[0], &e);
}

/*
 * Tells what the worker is to know. When the line is full, nobody is let in
 * until it has room: to wait for a worker that may wait for us is no way.
 * One that is gone finds all in the table when it comes back.
 */
static void tell_news(struct keeper *k)
{
	struct post p = { .kind = NEWS_CONN };
	struct held *h;
	int rc = 0;

	if (k->untold >= 0) {
		h = &k->held[k->untold];
		p.slot = (uint32_t)k->untold;
		p.id = h->id;
		rc = post_send(k->news[0], &p, &h->fd, 1, 1);
		if (rc != -EAGAIN)
			k->untold = -1;
	}
	if (rc != -EAGAIN && k->has_untold_domains) {
		p.kind = NEWS_DOMAINS;
		rc = post_send(k->news[0], &p, NULL, 0, 1);
		k->has_untold_domains = rc == -EAGAIN;
	}
	if (rc != -EAGAIN && k->has_untold_log) {
		p.kind = NEWS_LOG;
		rc = post_send(k->news[0], &p, NULL, 0, 1);
		k->has_untold_log = rc == -EAGAIN;
	}
	if (rc == -EAGAIN || k->is_full)
		poll_news(k, rc == -EAGAIN);
	if (k->is_full != (rc == -EAGAIN))
		poll_listener(k, rc != -EAGAIN);
	k->is_full = rc == -EAGAIN;
}

void keeper_domains(struct keeper *k)
{
	k->has_untold_domains = true;
	tell_news(k);
}

static void on_connect(struct keeper *k)
{
	int fd, slot;

	if (k->untold >= 0)
		return;
	fd = accept4(k->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		log_line(true, "no descriptor for another client: %s",
			strerror(errno));
		poll_listener(k, false);
	}
	if (fd < 0)
		return;
	slot = take_slot(k, POST_NO_SLOT);
	if (slot < 0) {
		log_line(true, "a client is refused: %u are connected",
			SLOTS_MAX);
		close(fd);
		return;
	}
	k->held[slot].fd = fd;
	k->untold = slot;
	tell_news(k);
}

static void answer_domain(struct keeper *k, struct post *p)
{
	p->result = k->hv ? k->hv->domain(k, p->domid, &p->flags) : -ENOSYS;
	post_send(k->ask[0], p, NULL, 0, 0);
}

/* The ring that is asked for: the one in the slot, or a new one. */
static int find_ring(struct keeper *k, const struct post *p, int *slot)
{
	struct held *h;

	*slot = -1;
	if (!k->hv)
		return -ENODEV;
	if (p->slot < SLOTS_MAX && k->held[p->slot].id) {
		h = &k->held[p->slot];
		*slot = (int)p->slot;
		return h->is_ring && h->domid == p->domid ? 0 : -EINVAL;
	}
	*slot = take_slot(k, p->slot);
	if (*slot < 0)
		return -ENOSPC;
	h = &k->held[*slot];
	h->is_ring = true;
	h->domid = p->domid;
	h->port = p->port;
	h->gfn = p->gfn;
	return 0;
}

static void answer_ring(struct keeper *k, struct post *p)
{
	int fds[POST_FDS_MAX] = { -1, -1, -1 }, slot, count = 0, i;
	bool is_new = p->slot >= SLOTS_MAX || !k->held[p->slot].id;
	unsigned int keep = 0;

	p->result = find_ring(k, p, &slot);
	if (!p->result) {
		p->slot = (uint32_t)slot;
		p->id = k->held[slot].id;
		p->flags = k->held[slot].is_condemned;
		p->result = k->hv->ring(k, &k->held[slot], p, fds, &keep);
		p->local = k->held[slot].local;
		p->gfn = k->held[slot].gfn;
	}
	if (p->result && slot >= 0 && is_new)
		drop_slot(k, (uint32_t)slot);
	while (!p->result && count < POST_FDS_MAX && fds[count] >= 0)
		count++;
	post_send(k->ask[0], p, fds, count, 0);
	for (i = 0; i < POST_FDS_MAX; i++)
		if (fds[i] >= 0 && !(keep & 1u << i))
			close(fds[i]);
}

static void answer_log(struct keeper *k, struct post *p)
{
	p->result = k->log.fd < 0 ? -ENOENT : logfile_rotate(&k->log);
	post_send(k->ask[0], p, &k->log.fd, p->result ? 0 : 1, 0);
}

static void on_ready(struct keeper *k)
{
	k->is_ready = true;
	if (k->ready_line >= 0) {
		if (write(k->ready_line, "", 1) != 1)
			log_line(true, "nobody waits for the start any more");
		close(k->ready_line);
	}
	k->ready_line = -1;
	if (k->is_paused)
		poll_listener(k, true);
}

static void on_ask(struct keeper *k)
{
	int fds[POST_FDS_MAX];
	struct post p;

	if (post_receive(k->ask[0], &p, fds, 1))
		return;
	post_close(fds);
	switch (p.kind) {
	case ASK_DOMAIN:
		answer_domain(k, &p);
		break;
	case ASK_RING:
		answer_ring(k, &p);
		break;
	case ASK_LOG:
		answer_log(k, &p);
		break;
	case NOTE_CLOSED:
		if (p.slot < SLOTS_MAX && p.id && k->held[p.slot].id == p.id)
			drop_slot(k, p.slot);
		break;
	case NOTE_LOG:
		log_line(p.flags & 1, "%s", p.text);
		break;
	case NOTE_READY:
		on_ready(k);
		break;
	case NOTE_UPGRADE:
		k->wants_upgrade = !k->opt.fake_guests;
		memcpy(k->program, p.text, sizeof(k->program));
		break;
	default:
		log_line(true, "the worker says what it cannot mean (%u)",
			p.kind);
	}
}

static void close_pair(int *pair)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (pair[i] >= 0)
			close(pair[i]);
		pair[i] = -1;
	}
}

static int open_lines(struct keeper *k)
{
	int rc;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, k->ask) ||
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, k->news))
		return -errno;
	rc = keeper_poll(k, k->ask[0]);
	if (!rc)
		rc = keeper_poll(k, k->news[0]);
	/* All that is connected is found in the table. */
	k->untold = -1;
	k->has_untold_domains = k->has_untold_log = k->is_full = false;
	poll_news(k, false);
	return rc;
}

static int start_worker(struct keeper *k)
{
	int rc = open_lines(k);

	if (rc)
		return rc;
	k->worker_since = now_ms();
	k->worker = fork();
	if (k->worker < 0)
		return -errno;
	if (!k->worker) {
		close(k->ask[0]);
		close(k->news[0]);
		worker_main(k);
	}
	close(k->ask[1]);
	close(k->news[1]);
	k->ask[1] = k->news[1] = -1;
	return 0;
}

/* One that crashes it again and again is the cause, and is cut off. */
static void suspect(struct keeper *k, int status)
{
	uint32_t id = k->shared->serving, i;

	k->shared->serving = 0;
	if (!id || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)) {
		k->suspicions = 0;
		return;
	}
	k->suspicions = k->suspect == id ? k->suspicions + 1 : 1;
	k->suspect = id;
	if (k->suspicions < SUSPICIONS_MAX)
		return;
	for (i = 0; i < SLOTS_MAX && k->held[i].id != id; i++)
		;
	if (i == SLOTS_MAX)
		return;
	log_line(true,
		"a connection of domain %u has crashed the worker %u times "
		"and is cut off",
		k->held[i].domid, k->suspicions);
	if (k->held[i].is_ring)
		k->held[i].is_condemned = true;
	else
		drop_slot(k, i);
}

static void tell_death(int status)
{
	if (WIFSIGNALED(status))
		log_line(true,
			"the worker was ended by signal %d (%s); "
			"another one goes on",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		log_line(true,
			"the worker has ended with status %d; another "
			"one goes on",
			WEXITSTATUS(status));
}

static int on_death(struct keeper *k, int status)
{
	bool has_failed = now_ms() - k->worker_since < FAILED_MS &&
			  !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	struct timespec pause = { 0 };

	k->worker = 0;
	unpoll(k, k->ask[0]);
	unpoll(k, k->news[0]);
	close_pair(k->ask);
	close_pair(k->news);
	if (k->is_ending)
		return 0;
	if (!k->is_ready) {
		log_line(true, "the worker could not start");
		return -ECHILD;
	}
	tell_death(status);
	suspect(k, status);
	k->failures = has_failed ? k->failures + 1 : 0;
	if (k->failures > 1) {
		pause.tv_nsec = PAUSE_MS * 1000000L
				<< (k->failures < PAUSE_LOG_2 ? k->failures
							      : PAUSE_LOG_2) /
					   2;
		nanosleep(&pause, NULL);
	}
	return start_worker(k);
}

/* Without a worker, whom that does not hurt, there is nothing to hand over. */
static int upgrade(struct keeper *k, const char *program)
{
	int rc;

	log_line(
		false, "goes on as %s", program[0] ? program : "a new program");
	kill(k->worker, SIGKILL);
	waitpid(k->worker, NULL, 0);
	k->worker = 0;
	unpoll(k, k->ask[0]);
	unpoll(k, k->news[0]);
	close_pair(k->ask);
	close_pair(k->news);
	k->shared->serving = 0;
	rc = upgrade_exec(k, program);
	log_line(true, "%s cannot be started: %s. The old program goes on",
		program[0] ? program : "xenstored", strerror(-rc));
	return start_worker(k);
}

static int reap(struct keeper *k)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == k->worker)
			return on_death(k, status);
	return 0;
}

/* Whoever has moved the access log away wants another one. */
static void on_hangup(struct keeper *k)
{
	int rc = k->log.fd < 0 ? 0 : logfile_open(&k->log);

	if (rc)
		log_line(true, "%s cannot be opened: %s", k->log.path,
			strerror(-rc));
	if (k->log.fd < 0 || rc)
		return;
	k->has_untold_log = true;
	tell_news(k);
}

static int on_signal(struct keeper *k)
{
	struct signalfd_siginfo info;

	if (read(k->signals, &info, sizeof(info)) != sizeof(info))
		return 0;
	if (info.ssi_signo == SIGCHLD)
		return reap(k);
	if (info.ssi_signo == SIGHUP)
		on_hangup(k);
	else
		k->is_ending = true;
	return 0;
}

static int serve(struct keeper *k)
{
	struct epoll_event events[EVENTS_MAX];
	int i, n, fd, rc = 0;

	n = epoll_wait(k->epoll, events, EVENTS_MAX, -1);
	for (i = 0; i < n && !rc; i++) {
		fd = events[i].data.fd;
		if (fd == k->signals)
			rc = on_signal(k);
		else if (fd == k->listener)
			on_connect(k);
		else if (fd == k->ask[0])
			on_ask(k);
		else if (fd == k->news[0])
			tell_news(k);
		else if (k->hv)
			k->hv->ready(k, fd);
	}
	return rc;
}

/* Asks it to end, and waits while it still has questions. */
static void end_worker(struct keeper *k)
{
	struct post p = { .kind = NEWS_END };
	struct epoll_event e;
	uint64_t until = now_ms() + END_MS;
	bool is_told = false;
	int n;

	if (k->worker <= 0)
		return;
	poll_listener(k, false);
	while (k->worker > 0 && now_ms() < until) {
		if (!is_told)
			is_told = post_send(k->news[0], &p, NULL, 0, 1) !=
				  -EAGAIN;
		n = epoll_wait(k->epoll, &e, 1, is_told ? 100 : 1);
		if (n > 0 && e.data.fd == k->signals)
			on_signal(k);
		else if (n > 0 && e.data.fd == k->ask[0])
			on_ask(k);
	}
	if (k->worker > 0) {
		log_line(true, "the worker does not end and is killed");
		kill(k->worker, SIGKILL);
		waitpid(k->worker, NULL, 0);
	}
}

static int watch_signals(struct keeper *k)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	k->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return k->signals < 0 ? -errno : keeper_poll(k, k->signals);
}

int keeper_run(struct keeper *k)
{
	int rc = watch_signals(k);

	if (!rc)
		rc = keeper_poll(k, k->listener);
	if (!rc) {
		/* Nobody is let in before those of old are found again. */
		poll_listener(k, false);
		rc = start_worker(k);
	}
	while (!rc && !k->is_ending) {
		rc = serve(k);
		/* Who was told to end does not go on as another. */
		if (!rc && k->wants_upgrade && !k->is_ending) {
			k->wants_upgrade = false;
			rc = upgrade(k, k->program);
		}
	}
	if (rc)
		log_line(true, "cannot go on: %s", strerror(-rc));
	k->is_ending = true;
	end_worker(k);
	return rc;
}
