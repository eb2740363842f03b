/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event channels in the FIFO form, seen by a guest that takes ports from its
 * queues as Linux does: order, priorities, masks, ports that move, what was
 * pending before, and guests that break the rules.
 */
#include "ctl_rig.h"
#include <public/sched.h>

#define PENDING (1U << EVTCHN_FIFO_PENDING)
#define MASKED	(1U << EVTCHN_FIFO_MASKED)
#define LINKED	(1U << EVTCHN_FIFO_LINKED)
#define BUSY	(1U << EVTCHN_FIFO_BUSY)
#define WORDS	1024

/* What a guest has: a page for its control blocks, pages of words. */
static struct page *block_page[CTL_DOMAINS];
static event_word_t *words[CTL_DOMAINS][128];
static unsigned word_pages[CTL_DOMAINS];
/* Of one guest: what it has read of its control blocks. */
static uint32_t heads[CTL_VCPUS][EVTCHN_FIFO_MAX_QUEUES], ready[CTL_VCPUS];

static long op(unsigned cmd, void *arg)
{
	long r = ctl_call(hc_event_channel_op, cmd, (uintptr_t)arg, 0);

	ctl_audit();
	return r;
}

static struct page *own_page(unsigned i)
{
	struct page *pg;

	assert_int_equal(page_alloc_domain(dom[i], 0, 0, &pg), 0);
	return pg;
}

static long init_control(struct page *pg, unsigned vcpu, unsigned offset)
{
	struct evtchn_init_control c = {
		.control_gfn = page_to_mfn(pg).v, .vcpu = vcpu, .offset = offset
	};
	long r = op(EVTCHNOP_init_control, &c);

	if (!r)
		assert_int_equal(c.link_bits, 17);
	return r;
}

static long expand(struct page *pg)
{
	struct evtchn_expand_array e = { page_to_mfn(pg).v };

	return op(EVTCHNOP_expand_array, &e);
}

/* One more page of words of who plays, all masked or all open. */
static void add_words(unsigned i, event_word_t content)
{
	struct page *pg = own_page(i);
	event_word_t *w = page_to_virt(pg);

	for (unsigned n = 0; n < WORDS; n++)
		w[n] = content;
	assert_int_equal(expand(pg), 0);
	words[i][word_pages[i]++] = w;
}

static event_word_t *word(unsigned i, uint32_t port)
{
	return &words[i][port / WORDS][port % WORDS];
}

static struct evtchn_fifo_control_block *block(unsigned i, unsigned vcpu)
{
	return (void *)((uint8_t *)page_to_virt(block_page[i]) + vcpu * 128);
}

static void fifo_start(unsigned cpu_n, unsigned i)
{
	ctl_start(cpu_n);
	memset(word_pages, 0, sizeof(word_pages));
	memset(heads, 0, sizeof(heads));
	memset(ready, 0, sizeof(ready));
	ctl_play(i);
	block_page[i] = own_page(i);
	for (unsigned v = 0; v < CTL_VCPUS; v++)
		assert_int_equal(init_control(block_page[i], v, v * 128), 0);
	add_words(i, 0);
}

static uint32_t new_ipi(unsigned vcpu)
{
	struct evtchn_bind_ipi b = { .vcpu = vcpu };

	assert_int_equal(op(EVTCHNOP_bind_ipi, &b), 0);
	return b.port;
}

/* A port that may move: both ends are the caller's. */
static uint32_t new_loop(uint32_t *other)
{
	struct evtchn_alloc_unbound a = { DOMID_SELF, DOMID_SELF, 0 };
	struct evtchn_bind_interdomain b = { .remote_dom = DOMID_SELF };

	assert_int_equal(op(EVTCHNOP_alloc_unbound, &a), 0);
	b.remote_port = a.port;
	assert_int_equal(op(EVTCHNOP_bind_interdomain, &b), 0);
	*other = b.local_port;
	return a.port;
}

static void send_port(uint32_t port)
{
	struct evtchn_send s = { port };

	assert_int_equal(op(EVTCHNOP_send, &s), 0);
}

static long set_priority(uint32_t port, uint32_t priority)
{
	struct evtchn_set_priority s = { port, priority };

	return op(EVTCHNOP_set_priority, &s);
}

static long move(uint32_t port, unsigned vcpu)
{
	struct evtchn_bind_vcpu b = { port, vcpu };

	return op(EVTCHNOP_bind_vcpu, &b);
}

/* As Linux: take the word off its queue, and say where the queue goes on. */
static uint32_t take(event_word_t *w)
{
	event_word_t old = atomic_read(w);

	while (!atomic_cas(w, &old, old & ~(LINKED | EVTCHN_FIFO_LINK_MASK)))
		;
	return old & EVTCHN_FIFO_LINK_MASK;
}

/* The next port of a vcpu that is to be handled, or 0. */
static uint32_t consume(unsigned i, unsigned vcpu)
{
	struct evtchn_fifo_control_block *b = block(i, vcpu);

	for (;;) {
		uint32_t port;
		unsigned q;

		ready[vcpu] |= atomic_swap(&b->ready, 0);
		if (!ready[vcpu])
			return 0;
		q = (unsigned)__builtin_ctz(ready[vcpu]);
		port = heads[vcpu][q];
		if (!port)
			port = atomic_read(&b->head[q]);
		heads[vcpu][q] = take(word(i, port));
		if (!heads[vcpu][q])
			ready[vcpu] &= ~(1U << q);
		if ((atomic_read(word(i, port)) & (PENDING | MASKED)) ==
			PENDING) {
			atomic_and(word(i, port), ~PENDING);
			return port;
		}
	}
}

static bool upcall(unsigned i, unsigned vcpu)
{
	return atomic_swap(
		&dom[i]->vcpu[vcpu]->vcpu_info->evtchn_upcall_pending, 0);
}

static void refused(void **state)
{
	struct evtchn_init_control c = { .vcpu = CTL_VCPUS };
	struct page *pg, *theirs;
	uint32_t port;

	(void)state;
	ctl_start(1);
	ctl_play(1);
	pg = own_page(1);
	theirs = own_page(2);
	port = new_ipi(0);
	assert_int_equal(expand(pg), -EOPNOTSUPP);
	assert_int_equal(set_priority(port, 0), -ENOSYS);
	assert_int_equal(set_priority(port, 16), -ENOSYS);
	assert_int_equal(op(EVTCHNOP_init_control, &c), -ENOENT);
	assert_int_equal(init_control(pg, 0, 4), -EINVAL);
	assert_int_equal(init_control(pg, 0, PAGE_SIZE - 64), -EINVAL);
	assert_int_equal(init_control(pg, 0, ~7U), -EINVAL);
	assert_int_equal(init_control(theirs, 0, 0), -EINVAL);
	c = (struct evtchn_init_control){ .control_gfn = ~0ULL };
	assert_int_equal(op(EVTCHNOP_init_control, &c), -EINVAL);
	/* Nothing of this changed the form. */
	assert_int_equal(expand(pg), -EOPNOTSUPP);
	assert_int_equal(event_port_count(dom[1]), EVENT_2L_PORTS);

	assert_int_equal(init_control(pg, 1, PAGE_SIZE - 72), 0);
	assert_int_equal(init_control(pg, 1, 0), -EINVAL);
	assert_int_equal(init_control(pg, 0, 0), 0);
	assert_int_equal(expand(theirs), -EINVAL);
	assert_int_equal(set_priority(port, 16), -EINVAL);
	assert_int_equal(set_priority(port + 1, 1), -EINVAL);
	assert_int_equal(set_priority(~0U, 1), -EINVAL);
	for (unsigned i = 0; i < 128; i++)
		assert_int_equal(expand(pg), 0);
	assert_int_equal(expand(pg), -ENOSPC);
	fake_fail_alloc_after(0);
	assert_int_equal(init_control(pg, 0, 0), -ENOMEM);
	fake_fail_alloc_after(~0ULL);
	ctl_stop();
}

/* Ports come in the order in which they were raised, urgent ones first, each
 * once; the vcpu is told when a queue begins and not again. */
static void order(void **state)
{
	uint32_t port[6];

	(void)state;
	fifo_start(1, 1);
	for (unsigned i = 0; i < 6; i++)
		port[i] = new_ipi(0);
	assert_int_equal(set_priority(port[4], 0), 0);
	(void)upcall(1, 0);
	send_port(port[2]);
	assert_true(upcall(1, 0));
	send_port(port[0]);
	send_port(port[2]);
	send_port(port[5]);
	assert_false(upcall(1, 0));
	send_port(port[4]);
	assert_true(upcall(1, 0));
	assert_false(upcall(1, 1));
	assert_int_equal(consume(1, 0), port[4]);
	assert_int_equal(consume(1, 0), port[2]);
	/* Raised anew behind the others. */
	send_port(port[2]);
	assert_int_equal(consume(1, 0), port[0]);
	assert_int_equal(consume(1, 0), port[5]);
	assert_int_equal(consume(1, 0), port[2]);
	assert_int_equal(consume(1, 0), 0);
	/* The tail of an empty queue, alone again. */
	(void)upcall(1, 0);
	send_port(port[2]);
	assert_true(upcall(1, 0));
	assert_int_equal(consume(1, 0), port[2]);
	assert_int_equal(consume(1, 0), 0);
	ctl_stop();
}

static void masks(void **state)
{
	struct evtchn_unmask u;
	uint32_t port, second;

	(void)state;
	fifo_start(1, 1);
	port = new_ipi(0);
	second = new_ipi(0);
	*word(1, port) = MASKED;
	send_port(port);
	assert_int_equal(*word(1, port), MASKED | PENDING);
	assert_false(upcall(1, 0));
	assert_true(event_port_is_pending(dom[1], port));
	assert_false(event_port_is_pending(dom[1], second));
	assert_false(event_port_is_pending(dom[1], ~0U));
	u.port = port;
	assert_int_equal(op(EVTCHNOP_unmask, &u), 0);
	assert_true(upcall(1, 0));
	assert_int_equal(*word(1, port), LINKED | PENDING);
	assert_int_equal(consume(1, 0), port);
	assert_int_equal(op(EVTCHNOP_unmask, &u), 0);
	assert_false(upcall(1, 0));
	/* Masked while it stands in the queue: passed over, and kept. */
	send_port(port);
	send_port(second);
	atomic_or(word(1, port), MASKED);
	assert_int_equal(consume(1, 0), second);
	assert_int_equal(op(EVTCHNOP_unmask, &u), 0);
	assert_int_equal(consume(1, 0), port);
	/* A closed port forgets. */
	send_port(port);
	assert_int_equal(op(EVTCHNOP_close, &(struct evtchn_close){ port }), 0);
	assert_int_equal(consume(1, 0), 0);
	ctl_stop();
}

/* A poll ends by an event that is masked. */
static void pollers(void **state)
{
	struct sched_poll poll = { .nr_ports = 1 };
	struct vcpu *v;
	uint32_t port, asked;

	(void)state;
	fifo_start(1, 1);
	port = new_ipi(0);
	*word(1, port) = MASKED;
	v = dom[1]->vcpu[1];
	v->pause_flags = VCPU_DOWN;
	v->poll_port = port;
	sched_begin_poll(v);
	send_port(port);
	assert_int_equal(v->pause_flags, VCPU_DOWN);
	/* Any port that has no word yet may be polled, and the one that is
	 * pending ends it at once. */
	poll.ports.va = (uintptr_t)&asked;
	asked = EVENT_PORTS_MAX - 1;
	ctl_play(1);
	assert_int_equal(
		ctl_call(hc_sched_op, SCHEDOP_poll, (uintptr_t)&poll, 0), 0);
	assert_true(current->pause_flags & VCPU_POLLING);
	assert_true(sched_end_wait(current));
	asked = port;
	assert_int_equal(
		ctl_call(hc_sched_op, SCHEDOP_poll, (uintptr_t)&poll, 0), 0);
	assert_int_equal(current->pause_flags, VCPU_DOWN);
	asked = EVENT_PORTS_MAX;
	assert_int_equal(
		ctl_call(hc_sched_op, SCHEDOP_poll, (uintptr_t)&poll, 0),
		-EINVAL);
	ctl_stop();
}

/* What was pending in the bits, or came before the words did, is not lost. */
static void change_over(void **state)
{
	uint32_t port[4], held;
	struct page *pg;

	(void)state;
	ctl_start(1);
	memset(word_pages, 0, sizeof(word_pages));
	memset(heads, 0, sizeof(heads));
	memset(ready, 0, sizeof(ready));
	ctl_play(1);
	for (unsigned i = 0; i < 4; i++)
		port[i] = new_ipi(i & 1);
	send_port(port[1]);
	send_port(port[2]);
	block_page[1] = own_page(1);
	assert_int_equal(init_control(block_page[1], 0, 0), 0);
	assert_int_equal(init_control(block_page[1], 1, 128), 0);
	send_port(port[0]);
	assert_false(event_port_is_pending(dom[1], port[0]));
	(void)upcall(1, 0);
	(void)upcall(1, 1);
	add_words(1, 0);
	assert_true(upcall(1, 0));
	assert_true(upcall(1, 1));
	assert_int_equal(consume(1, 0), port[0]);
	assert_int_equal(consume(1, 0), port[2]);
	assert_int_equal(consume(1, 1), port[1]);
	assert_int_equal(consume(1, 0), 0);

	/* Ports beyond the two levels' and beyond the words. */
	event_set_limit(dom[1], ~0U);
	do {
		struct evtchn_bind_ipi b = { .vcpu = 1 };

		assert_int_equal(ctl_call(hc_event_channel_op,
					 EVTCHNOP_bind_ipi, (uintptr_t)&b, 0),
			0);
		held = b.port;
	} while (held < 5000);
	send_port(held);
	send_port(held);
	assert_int_equal(consume(1, 1), 0);
	while (word_pages[1] <= held / WORDS)
		add_words(1, 0);
	assert_int_equal(consume(1, 1), held);
	assert_int_equal(consume(1, 1), 0);

	/* A reset gives everything back, and the bits work again. */
	pg = virt_to_page(words[1][2]);
	assert_int_not_equal(pg->type, 0);
	assert_int_equal(
		op(EVTCHNOP_reset, &(struct evtchn_reset){ DOMID_SELF }), 0);
	assert_int_equal(pg->ref & PAGE_REF_COUNT, 1);
	assert_int_equal(event_port_count(dom[1]), EVENT_2L_PORTS);
	assert_int_equal(new_ipi(0), 1);
	send_port(1);
	assert_int_equal(dom[1]->shared_info->evtchn_pending[0], 2);
	/* And once more. */
	assert_int_equal(init_control(pg, 0, 0), 0);
	assert_int_equal(expand(pg), 0);
	ctl_stop();
}

/* A port that goes to another vcpu, or gets another priority, between being
 * taken and being raised: the queue whose tail it was is empty, not longer. */
static void moved(void **state)
{
	uint32_t a, b, c, to_a, to_c;

	(void)state;
	fifo_start(1, 1);
	a = new_loop(&to_a);
	c = new_loop(&to_c);
	b = new_ipi(0);
	assert_int_equal(move(a, 0), 0);
	assert_int_equal(consume(1, 0), to_a);
	assert_int_equal(consume(1, 0), to_c);
	send_port(to_a);
	assert_int_equal(consume(1, 0), a);
	assert_int_equal(move(a, 1), 0);
	send_port(to_a); /* in the queue of vcpu 1, the tail of none of 0's */
	(void)upcall(1, 0);
	send_port(b);
	assert_true(upcall(1, 0));
	assert_int_equal(consume(1, 0), b);
	assert_int_equal(consume(1, 0), 0);
	assert_int_equal(consume(1, 1), a);
	assert_int_equal(consume(1, 1), 0);

	/* While it stands in a queue it stays there. */
	send_port(to_a);
	assert_int_equal(move(a, 0), 0);
	assert_int_equal(set_priority(a, 3), 0);
	send_port(to_a);
	assert_int_equal(consume(1, 0), 0);
	assert_int_equal(consume(1, 1), a);
	send_port(to_a);
	send_port(to_c);
	assert_int_equal(consume(1, 0), a);
	assert_int_equal(consume(1, 0), c);

	/* Closed and made anew while it is a tail. */
	send_port(b);
	assert_int_equal(op(EVTCHNOP_close, &(struct evtchn_close){ b }), 0);
	assert_int_equal(new_ipi(1), b);
	send_port(to_c);
	assert_int_equal(consume(1, 0), c);
	send_port(b);
	assert_int_equal(consume(1, 1), b);
	ctl_stop();
}

/* A vcpu without a control block: nobody is told, nothing else happens. */
static void no_block(void **state)
{
	uint32_t port;

	(void)state;
	ctl_start(1);
	memset(word_pages, 0, sizeof(word_pages));
	ctl_play(1);
	block_page[1] = own_page(1);
	assert_int_equal(init_control(block_page[1], 0, 0), 0);
	add_words(1, 0);
	port = new_ipi(1);
	send_port(port);
	assert_int_equal(*word(1, port), PENDING);
	assert_false(upcall(1, 1));
	ctl_stop();
}

static void death(void **state)
{
	uint64_t left;
	uint32_t port;

	(void)state;
	ctl_start(1);
	ctl_play(0);
	left = page_free_count();
	ctl_stop();
	fifo_start(1, 1);
	add_words(1, MASKED);
	port = new_ipi(1);
	send_port(port);
	ctl_play(0);
	while (event_close_all(dom[1]) == -ERESTART_HC)
		;
	/* A domain that lives may use its memory for something else again. */
	for (unsigned i = 0; i < 2; i++)
		assert_true(page_unalloc(virt_to_page(words[1][i])));
	assert_true(page_unalloc(block_page[1]));
	assert_true(page_free_count() + 4 >= left);
	ctl_stop();
}

static unsigned seed;

static unsigned any(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

#define SENDS 60
static uint32_t peer[4], local[4]; /* of domains 2 and 1 */
static unsigned sent[4], seen[4], senders;

static void sends(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < SENDS; i++) {
		unsigned n = any(4);

		assert_int_equal(event_send(dom[2], peer[n]), 0);
		sent[n]++;
		if (any(4) == 0)
			assert_int_equal(
				event_bind_vcpu(dom[1], local[n], any(2)), 0);
		if (any(8) == 0)
			assert_int_equal(
				event_set_priority(dom[1], local[n], any(16)),
				0);
	}
	senders--;
}

static void receives(void *arg)
{
	unsigned idle = 0;

	(void)arg;
	while (idle < 40) {
		uint32_t port = 0;

		if (!senders)
			idle++;
		for (unsigned v = 0; v < CTL_VCPUS && !port; v++)
			port = consume(1, v);
		for (unsigned n = 0; n < 4; n++)
			if (port == local[n])
				seen[n] = sent[n] + 1;
		if (port)
			idle = 0;
		else
			arch_relax();
	}
}

/* Two CPUs send while a third takes, and ports move: none is lost. */
static void no_event_is_lost(void **state)
{
	(void)state;
	for (unsigned round = 1; round <= 100; round++) {
		fifo_start(3, 1);
		seed = round;
		for (unsigned n = 0; n < 4; n++) {
			sent[n] = seen[n] = 0;
			assert_int_equal(
				event_alloc_unbound(dom[1], 2, &local[n]), 0);
			assert_int_equal(event_bind_interdomain(
						 dom[2], 1, local[n], &peer[n]),
				0);
		}
		senders = 2;
		fake_spawn(0, receives, NULL);
		fake_spawn(1, sends, NULL);
		fake_spawn(2, sends, NULL);
		fake_run(any);
		for (unsigned n = 0; n < 4; n++) {
			/* Counted up after the send: at most two late. */
			assert_true(seen[n] + 1 >= sent[n]);
			assert_int_equal(*word(1, local[n]), 0);
		}
		fake_play(0);
		ctl_stop();
	}
}

/* A guest that changes its words for ever stops nobody. */
static void hostile(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 4000 && senders; i++) {
		event_word_t *w = word(1, local[any(4)]);

		switch (any(4)) {
		case 0:
			atomic_swap(w, LINKED | any(0x20000));
			break;
		case 1:
			atomic_swap(w, any(2) ? BUSY | LINKED : 0);
			break;
		case 2:
			atomic_swap(&block(1, any(2))->ready, any(0x10000));
			break;
		default:
			atomic_or(w, LINKED);
			atomic_and(w, ~PENDING);
		}
	}
	senders = 0;
}

static void changing_words(void **state)
{
	(void)state;
	for (unsigned round = 1; round <= 60; round++) {
		fifo_start(3, 1);
		seed = round;
		for (unsigned n = 0; n < 4; n++) {
			assert_int_equal(
				event_alloc_unbound(dom[1], 2, &local[n]), 0);
			assert_int_equal(event_bind_interdomain(
						 dom[2], 1, local[n], &peer[n]),
				0);
		}
		senders = 2;
		fake_spawn(0, hostile, NULL);
		fake_spawn(1, sends, NULL);
		fake_spawn(2, sends, NULL);
		fake_run(any);
		fake_play(0);
		ctl_stop();
	}
}

static uint32_t early;

static void sends_early(void *arg)
{
	(void)arg;
	assert_int_equal(event_send(dom[2], peer[0]), 0);
}

static void changes_over(void *arg)
{
	(void)arg;
	assert_int_equal(
		event_init_control(dom[1], 0, page_to_mfn(block_page[1]), 0),
		0);
	assert_int_equal(
		event_expand_array(dom[1], virt_to_mfn(words[1][0])), 0);
}

/* An event that comes while the form changes is in the one or the other. */
static void change_over_race(void **state)
{
	(void)state;
	for (unsigned round = 1; round <= 300; round++) {
		ctl_start(2);
		seed = round;
		memset(heads, 0, sizeof(heads));
		memset(ready, 0, sizeof(ready));
		block_page[1] = own_page(1);
		words[1][0] = page_to_virt(own_page(1));
		assert_int_equal(event_alloc_unbound(dom[1], 2, &early), 0);
		assert_int_equal(
			event_bind_interdomain(dom[2], 1, early, &peer[0]), 0);
		fake_enter(dom[1]->vcpu[0], 0);
		fake_enter(dom[2]->vcpu[0], 1);
		fake_play(0);
		fake_spawn(0, changes_over, NULL);
		fake_spawn(1, sends_early, NULL);
		fake_run(any);
		fake_play(0);
		assert_int_equal(consume(1, 0), early);
		fake_enter(NULL, 1);
		fake_play(0);
		ctl_stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(order),
		cmocka_unit_test(masks),
		cmocka_unit_test(pollers),
		cmocka_unit_test(change_over),
		cmocka_unit_test(moved),
		cmocka_unit_test(no_block),
		cmocka_unit_test(death),
		cmocka_unit_test(no_event_is_lost),
		cmocka_unit_test(changing_words),
		cmocka_unit_test(change_over_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
