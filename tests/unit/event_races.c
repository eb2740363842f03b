/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two domains, one of them on two CPUs, bind, close, send, reset and change
 * the form of their events at the same time, with the CPUs interleaved at every
 * atomic operation.  Nothing deadlocks, pairs stay pairs, and an event between
 * two that are bound is never lost, in either form.
 */
#include "ctl_rig.h"

static unsigned seed;

static unsigned any(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

#define PORTS  12
#define LINKED (1U << EVTCHN_FIFO_LINKED)

/* Of each domain: a page for its control blocks, one for words. */
static struct page *fifo_page[CTL_DOMAINS][2];

static void give_pages(unsigned i)
{
	for (unsigned n = 0; n < 2; n++)
		assert_int_equal(
			page_alloc_domain(dom[i], 0, 0, &fifo_page[i][n]), 0);
}

static event_word_t *word(unsigned i, uint32_t port)
{
	return (event_word_t *)page_to_virt(fifo_page[i][1]) + port;
}

static void set_up_queues(struct domain *d)
{
	mfn_t blocks = page_to_mfn(fifo_page[d->id][0]);
	mfn_t words = page_to_mfn(fifo_page[d->id][1]);
	int r;

	for (unsigned i = 0; i < CTL_VCPUS; i++) {
		r = event_init_control(d, i, blocks, i * 128);
		assert_true(r == 0 || r == -EINVAL); /* it has one */
	}
	r = event_expand_array(d, words);
	assert_true(r == 0 || r == -EOPNOTSUPP); /* reset meanwhile */
}

static void one_operation(struct domain *d, struct domain *other)
{
	struct evtchn_status st = { 0 };
	uint32_t port = any(PORTS), got;
	int r;

	switch (any(12)) {
	case 0:
		r = event_alloc_unbound(d, other->id, &got);
		break;
	case 1:
	case 2:
		r = event_bind_interdomain(d, other->id, port, &got);
		break;
	case 3:
		r = event_close(d, port);
		break;
	case 4:
		r = event_bind_vcpu(d, port, any(2));
		break;
	case 5:
		r = event_bind_virq(
			d, any(2) ? VIRQ_TIMER : VIRQ_DEBUG, any(2), &got);
		break;
	case 6:
		r = any(8) ? event_status(d, port, &st) : event_reset(d);
		break;
	case 7:
		r = event_unmask(d, port);
		break;
	case 8:
		event_send_vcpu_virq(d->vcpu[any(2)], VIRQ_TIMER);
		r = event_bind_ipi(d, any(2), &got);
		break;
	case 9:
		if (!any(4))
			set_up_queues(d);
		r = event_set_priority(d, port, any(16));
		break;
	case 10:
		/* The guest takes it from its queue. */
		atomic_and(word(d->id, port), ~LINKED);
		r = 0;
		break;
	default:
		r = event_send(d, port);
	}
	assert_true(r == 0 || r == -EINVAL || r == -ENOSPC || r == -EEXIST ||
		    r == -ENOSYS || r == -ERESTART_HC);
}

static void worker(void *arg)
{
	struct domain **pair = arg;

	for (unsigned i = 0; i < 60; i++)
		one_operation(pair[0], pair[1]);
}

static void everything_at_once(void **state)
{
	(void)state;
	for (unsigned round = 1; round <= 150; round++) {
		struct domain *ab[2], *ba[2];

		ctl_start(3);
		seed = round;
		ab[0] = ba[1] = dom[1];
		ab[1] = ba[0] = dom[2];
		event_set_limit(dom[1], PORTS);
		event_set_limit(dom[2], PORTS);
		give_pages(1);
		give_pages(2);
		fake_enter(dom[1]->vcpu[0], 0);
		fake_enter(dom[2]->vcpu[0], 1);
		fake_enter(dom[1]->vcpu[1], 2);
		fake_play(0);
		fake_spawn(0, worker, ab);
		fake_spawn(1, worker, ba);
		fake_spawn(2, worker, ab);
		fake_run(any);
		ctl_audit();
		assert_int_equal(dom[1]->refs, 2); /* the list's, its frames' */
		assert_int_equal(dom[2]->refs, 2);
		fake_enter(NULL, 1);
		fake_enter(NULL, 2);
		fake_play(0);
		ctl_stop();
	}
}

static uint32_t ends[2];
static unsigned sent, seen;

static void sends(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(event_send(dom[1], ends[0]), 0);
		sent++;
	}
}

/* A guest's handler, which clears from the top down and scans what it saw. */
static void receives(void *arg)
{
	struct vcpu_info *info = dom[2]->vcpu[0]->vcpu_info;
	unsigned long *pending = dom[2]->shared_info->evtchn_pending;
	unsigned idle = 0;

	(void)arg;
	while (idle < 50) {
		idle++;
		if (!atomic_swap(&info->evtchn_upcall_pending, 0)) {
			arch_relax();
			if (sent < 40)
				idle = 0;
			continue;
		}
		if (!(atomic_swap(&info->evtchn_pending_sel, 0) & 1))
			continue;
		while (atomic_and(&pending[0], ~(1UL << ends[1])) >> ends[1] &
			1) {
			seen = sent; /* whatever was sent is handled now */
			idle = 0;
		}
	}
}

static void no_event_is_lost(void **state)
{
	(void)state;
	for (unsigned round = 1; round <= 200; round++) {
		ctl_start(2);
		seed = round;
		sent = seen = 0;
		assert_int_equal(event_alloc_unbound(dom[2], 1, &ends[1]), 0);
		assert_int_equal(
			event_bind_interdomain(dom[1], 2, ends[1], &ends[0]),
			0);
		fake_enter(dom[1]->vcpu[0], 0);
		fake_enter(dom[2]->vcpu[0], 1);
		fake_play(0);
		fake_spawn(0, sends, NULL);
		fake_spawn(1, receives, NULL);
		fake_run(any);
		assert_int_equal(sent, 40);
		/* The last one may have been handled while `sent` was not yet
		 * counted up, but nothing is left behind. */
		assert_true(seen >= 39);
		assert_int_equal(dom[2]->shared_info->evtchn_pending[0], 0);
		fake_enter(NULL, 1);
		fake_play(0);
		ctl_stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_at_once),
		cmocka_unit_test(no_event_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
