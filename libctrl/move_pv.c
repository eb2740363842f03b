/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Saving a PV domain that runs; see tenonctrl/move_pv.h. Page tables hold
 * machine frames, which can be given the guest's numbers for certain only while
 * nobody changes them: of those that are noted as changed the last round sends
 * those that mean something else than what was sent before. It sends also every
 * page that the guest, as its list says then, has in another frame than before;
 * and if there are such, any table may mean something else.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tenonctrl/domstate.h>
#include <tenonctrl/move_pv.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include "saver.h"

#define PAGE 4096ULL

struct mover {
	struct saver s;
	struct move_pv *m;
	uint64_t count;	 /* of the guest's numbers */
	size_t words;	 /* of the maps below */
	uint64_t *dirty; /* to be sent, for it was written to */
	uint64_t *sent;	 /* has been sent */
	uint64_t *taken; /* what was told last */
	uint64_t *sums;	 /* of those sent as tables; 0: sent as data */
	uint64_t start_us;
	bool is_last;
	bool has_moved; /* some pages are in other frames than before */
	/* Of the record that is being gathered. */
	size_t gathered;
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static bool test(const uint64_t *map, uint64_t n)
{
	return map[n / 64] >> n % 64 & 1;
}

static void set(uint64_t *map, uint64_t n, bool value)
{
	uint64_t bit = 1ULL << n % 64;

	map[n / 64] = value ? map[n / 64] | bit : map[n / 64] & ~bit;
}

/* What was written to since the last question is to be sent, too. */
static int take_dirty(struct mover *v)
{
	uint64_t pages = v->count;
	int ret;

	memset(v->taken, 0, v->words * sizeof(*v->taken));
	ret = domstate_take_dirty(v->s.c, v->s.domid, v->taken, &pages);
	if (ret)
		return saver_failed(&v->s, ret, "changes");
	for (size_t i = 0; i < v->words; i++)
		v->dirty[i] |= v->taken[i];
	return 0;
}

static void keep(struct mover *v, size_t from, size_t to)
{
	struct saver *s = &v->s;

	s->numbers[to] = s->numbers[from];
	s->types[to] = s->types[from];
	s->frames[to] = s->frames[from];
}

/* Leaves those of the gathered pages that hold nothing for the last round. */
static void keep_filled(struct mover *v)
{
	struct saver *s = &v->s;
	size_t kept = 0;

	for (size_t i = 0; i < v->gathered; i++) {
		if (saver_has_contents(s->types[i]))
			keep(v, i, kept++);
		else
			set(v->sent, s->numbers[i], false);
	}
	v->gathered = kept;
}

/* Drops the page tables that mean what they did when they were sent. */
static int drop_known(struct mover *v)
{
	struct saver *s = &v->s;
	uint64_t numbers[LIBXC_BATCH];
	xen_pfn_t frames[LIBXC_BATCH], types[LIBXC_BATCH];
	size_t count = 0, kept = 0, at = 0;
	int ret = 0;

	for (size_t i = 0; i < v->gathered; i++) {
		if (!saver_level(s->types[i]))
			continue;
		numbers[count] = s->numbers[i];
		types[count] = s->types[i];
		frames[count++] = s->frames[i];
	}
	if (count)
		ret = saver_sum_tables(
			s, numbers, frames, types, count, s->sums);
	if (ret)
		return ret;
	for (size_t i = 0; i < v->gathered; i++) {
		uint64_t n = s->numbers[i];

		if (saver_level(s->types[i]) && s->sums[at++] == v->sums[n] &&
			test(v->sent, n))
			continue;
		keep(v, i, kept++);
	}
	v->gathered = kept;
	return 0;
}

static int put_gathered(struct mover *v)
{
	struct saver *s = &v->s;
	size_t all = v->gathered;
	uint64_t numbers[LIBXC_BATCH];
	int ret;

	if (!all)
		return 0;
	ret = saver_read_types(s, all);
	if (ret)
		return ret;
	if (v->is_last)
		ret = drop_known(v);
	else
		keep_filled(v);
	if (ret)
		return ret;
	all = v->gathered;
	v->gathered = 0;
	memcpy(numbers, s->numbers, all * sizeof(*numbers));
	for (size_t i = 0; i < all; i++)
		set(v->sent, numbers[i], true);
	if (!all)
		return 0;
	ret = saver_put_pages(s, all, !v->is_last);
	if (ret == -EAGAIN) {
		for (size_t i = 0; i < all; i++)
			set(v->sent, numbers[i], false);
		return 0;
	}
	for (size_t i = 0; i < all && !v->is_last; i++)
		v->sums[numbers[i]] = s->sums[i];
	v->m->pages_sent += all;
	v->m->pages_last += v->is_last ? all : 0;
	return ret;
}

/* What the guest gave away after it was sent: "no page" is sent of it. */
static int put_gone(struct mover *v)
{
	struct saver *s = &v->s;
	size_t count = 0;
	int ret = 0;

	for (uint64_t n = 0; n < v->count && !ret; n++) {
		if (s->list.p2m[n] == PV_LIST_NONE && test(v->sent, n)) {
			s->types[count] = XEN_DOMCTL_PFINFO_XTAB;
			s->numbers[count++] = n;
		}
		if (count < LIBXC_BATCH && n + 1 < v->count)
			continue;
		if (count)
			ret = saver_put_pages(s, count, false);
		count = 0;
	}
	return ret;
}

static uint64_t left(const struct mover *v)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < v->words; i++)
		sum += (uint64_t)__builtin_popcountll(v->dirty[i]);
	return sum;
}

/* Nobody else can have changed, nor what it means. */
static bool is_wanted(const struct mover *v, uint64_t n)
{
	uint64_t sum = v->sums[n];

	return test(v->dirty, n) ||
	       (v->is_last && (!test(v->sent, n) || sum == SAVER_UNKNOWN ||
				      (sum && v->has_moved)));
}

static int put_round(struct mover *v, unsigned int round)
{
	struct saver *s = &v->s;
	uint64_t all = left(v), done = 0;
	int ret = 0;

	for (uint64_t n = 0; n < v->count && !ret; n++) {
		xen_pfn_t mfn = s->list.p2m[n];

		if (is_wanted(v, n)) {
			done++;
			set(v->dirty, n, false);
			if (mfn != PV_LIST_NONE) {
				s->numbers[v->gathered] = n;
				s->frames[v->gathered++] = mfn;
			}
		}
		if (v->gathered < LIBXC_BATCH && n + 1 < v->count)
			continue;
		ret = put_gathered(v);
		if (v->m->tell)
			v->m->tell(v->m->arg, round, done,
				done > all ? done : all);
	}
	return ret;
}

/* How long it takes to send what is left, at the pace until now. */
static uint64_t rest_us(const struct mover *v)
{
	uint64_t us = now_us() - v->start_us;

	return left(v) * (us + 1) / (v->s.f->bytes / PAGE + 1);
}

/* Rounds while the guest runs, each with what it wrote to in the one before. */
static int put_live(struct mover *v)
{
	uint64_t before = UINT64_MAX, now;
	int ret = 0;

	for (uint64_t n = 0; n < v->count; n++)
		set(v->dirty, n, true);
	while (!ret && v->m->rounds_done < v->m->rounds) {
		ret = put_round(v, v->m->rounds_done++);
		if (!ret)
			ret = take_dirty(v);
		now = left(v);
		/* It writes as fast as it is sent. */
		if (!now || now >= before)
			break;
		/* Short enough; but what halves is short itself. */
		if (now > before / 2 &&
			rest_us(v) <= v->m->downtime_ms * 1000ULL)
			break;
		before = now;
	}
	return ret;
}

/* The list as it stands now; pages in other frames than before are unsent. */
static int read_list_again(struct mover *v)
{
	struct saver *s = &v->s;
	int ret = sysctl_domain(s->c, s->domid, &s->info);

	if (ret)
		return saver_failed(s, ret, "state");
	memset(v->taken, 0, v->words * sizeof(*v->taken));
	ret = pv_list_read_again(s->c, &s->info, &s->list, v->taken, s->why);
	for (uint64_t n = 0; n < v->count && !ret; n++) {
		if (!test(v->taken, n) || s->list.p2m[n] == PV_LIST_NONE)
			continue;
		set(v->sent, n, false);
		v->has_moved = true;
	}
	return ret;
}

static int put_stopped(struct mover *v)
{
	int ret = v->m->suspend(v->m->arg, v->s.why);

	if (!ret)
		ret = take_dirty(v);
	if (!ret)
		ret = read_list_again(v);
	v->is_last = true;
	if (!ret)
		ret = put_gone(v);
	if (!ret)
		ret = put_round(v, v->m->rounds_done);
	return ret ? ret : saver_put_tail(&v->s);
}

static int allocate(struct mover *v)
{
	v->count = v->s.list.count;
	v->words = (v->count + 63) / 64;
	v->dirty = calloc(v->words, sizeof(*v->dirty));
	v->sent = calloc(v->words, sizeof(*v->sent));
	v->taken = calloc(v->words, sizeof(*v->taken));
	v->sums = calloc(v->count, sizeof(*v->sums));
	return v->dirty && v->sent && v->taken && v->sums
		       ? 0
		       : why_set(v->s.why, -ENOMEM, "out of memory in dom0");
}

int move_pv(
	struct ctrl *c, struct move_pv *m, struct save_file *f, struct why *why)
{
	struct mover v = {
		.s = { .c = c, .domid = m->domid, .f = f, .why = why },
		.m = m,
		.start_us = now_us(),
	};
	int ret = domstate_follow(c, m->domid, true);

	m->rounds_done = 0;
	m->pages_sent = m->pages_last = 0;
	if (ret)
		return why_set(why, ret,
			"the hypervisor does not follow the writes of domain "
			"%u: %s; does it run, and is it moved already?",
			m->domid, strerror(-ret));
	ret = saver_begin(&v.s);
	if (!ret)
		ret = allocate(&v);
	if (!ret)
		ret = saver_put_head(&v.s);
	if (!ret)
		ret = put_live(&v);
	if (!ret)
		ret = put_stopped(&v);
	(void)domstate_follow(c, m->domid, false);
	saver_end(&v.s);
	free(v.dirty);
	free(v.sent);
	free(v.taken);
	free(v.sums);
	return ret;
}
