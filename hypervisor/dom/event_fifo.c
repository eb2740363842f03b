/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The FIFO form of event channels: each vcpu has a queue for each priority.  A
 * queue is a list of ports, linked by their words, which the guest takes from
 * the head and the hypervisor appends to:
 *
 *   control block          words
 *   ready  bit p: look     [port] PENDING MASKED LINKED BUSY link
 *   head[p] ------------->   3    ............................ 9
 *                            9    ............................ 0  <- tail[p]
 *
 * LINKED says that a word is in some queue: set here, cleared by the guest when
 * it takes the word from the head.  So a tail whose word is not LINKED tells
 * that its queue is empty, and the next port goes into head.  A port is the
 * tail of at most one queue: what it entered last (last_vcpu, last_priority).
 *
 * Words and blocks are the guest's memory.  Only the tails, which are ours, say
 * where to write, and no loop waits for the guest: nonsense there costs the
 * guest its own events.
 */
#include <tenon/atomic.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/event.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/panic.h>
#include "event_private.h"

#define WORDS_PER_PAGE (PAGE_SIZE / sizeof(event_word_t))
#define ARRAY_PAGES    (EVENT_PORTS_MAX / WORDS_PER_PAGE)
#define PENDING	       (1U << EVTCHN_FIFO_PENDING)
#define MASKED	       (1U << EVTCHN_FIFO_MASKED)
#define LINKED	       (1U << EVTCHN_FIFO_LINKED)
#define BUSY	       (1U << EVTCHN_FIFO_BUSY)

/* A guest that changes a word this often while we append to it does so on
 * purpose; from the first number on BUSY asks it to hold still. */
#define APPEND_TRIES_POLITE 4
#define APPEND_TRIES	    64

/* Of a vcpu; made when its control block is given. */
struct event_queues {
	struct lock lock;
	struct evtchn_fifo_control_block *block;
	uint32_t tail[EVTCHN_FIFO_MAX_QUEUES];
};

struct event_fifo {
	uint32_t page_count;
	event_word_t *words[ARRAY_PAGES];
	struct event_queues *queues[DOMAIN_MAX_VCPUS];
	struct event_queues none; /* of ports that entered no queue yet */
};

/* The port's word, or NULL while the array does not reach so far. */
static event_word_t *word_of(const struct event_fifo *f, uint32_t port)
{
	event_word_t *page;

	if (port >= EVENT_PORTS_MAX)
		return NULL;
	page = atomic_read(&f->words[port / WORDS_PER_PAGE]);
	return page ? &page[port % WORDS_PER_PAGE] : NULL;
}

/* Let the tail's word lead to port.  False: it is in no queue any more. */
static bool append(event_word_t *word, uint32_t port)
{
	event_word_t old = atomic_read(word);

	for (unsigned i = 0; i < APPEND_TRIES && old & LINKED; i++) {
		event_word_t fresh =
			(old & ~(BUSY | EVTCHN_FIFO_LINK_MASK)) | port;

		if (atomic_cas(word, &old, fresh))
			return true;
		if (i == APPEND_TRIES_POLITE)
			old = atomic_or(word, BUSY) | BUSY;
	}
	if (old & BUSY)
		atomic_and(word, ~BUSY);
	return false;
}

/* The queues that the port entered last; who has entered them keeps them. */
static struct event_queues *last_queues(
	struct event_fifo *f, const struct event_port *p)
{
	unsigned last = READ_ONCE(p->last_vcpu);

	return last ? f->queues[last - 1] : &f->none;
}

/* Lock q and the queues that the port entered last, which are returned: what
 * one of them holds of the port nobody else changes. */
static struct event_queues *lock_queues(struct event_fifo *f,
	const struct event_port *p, struct event_queues *q)
{
	struct event_queues *last;

	for (;;) {
		last = last_queues(f, p);
		lock_take_two(&q->lock, &last->lock);
		if (last == last_queues(f, p))
			return last;
		lock_drop_two(&q->lock, &last->lock);
	}
}

/* Put a port at the end of q, which is locked, as are the queues that it
 * entered last; true: the vcpu must be told. */
static bool enqueue_locked(const struct event_fifo *f, struct event_queues *q,
	struct event_queues *last, struct event_port *p, uint32_t port,
	unsigned vcpu)
{
	event_word_t *word = word_of(f, port), *end;
	unsigned priority = READ_ONCE(p->priority);
	uint32_t *tail;

	if (atomic_or(word, LINKED) & LINKED)
		return false;
	/* It was in no queue: whose tail it is, that one is empty. */
	if (last->tail[p->last_priority] == port)
		last->tail[p->last_priority] = 0;
	WRITE_ONCE(p->last_vcpu, (uint16_t)(vcpu + 1));
	p->last_priority = (uint8_t)priority;

	tail = &q->tail[priority];
	end = *tail ? word_of(f, *tail) : NULL;
	*tail = port;
	if (end && append(end, port))
		return false;
	atomic_write(&q->block->head[priority], port);
	return !(atomic_or(&q->block->ready, 1U << priority) & 1U << priority);
}

static bool enqueue(struct event_fifo *f, struct event_port *p, uint32_t port,
	unsigned vcpu)
{
	struct event_queues *q = atomic_read(&f->queues[vcpu]), *last;
	uint64_t flags;
	bool must_tell;

	/* Without a control block it stays pending, and nobody is told. */
	if (!q)
		return false;
	flags = arch_irq_save();
	last = lock_queues(f, p, q);
	must_tell = enqueue_locked(f, q, last, p, port, vcpu);
	lock_drop_two(&q->lock, &last->lock);
	arch_irq_restore(flags);
	return must_tell;
}

bool event_fifo_raise(struct domain *d, uint32_t port, unsigned vcpu)
{
	struct event_table *t = d->events;
	struct event_fifo *f = atomic_read(&t->fifo);
	struct event_port *p = event_port_at(t, port);
	event_word_t *word = word_of(f, port), old = 0;
	uint64_t flags;

	if (unlikely(!word)) {
		flags = lock_take_irq(&t->fifo_lock);
		word = word_of(f, port);
		if (!word) {
			old = p->is_held_back ? PENDING : 0;
			p->is_held_back = true;
		}
		lock_drop_irq(&t->fifo_lock, flags);
		if (!word)
			return !(old & PENDING);
	}
	old = atomic_or(word, PENDING);
	if (!(old & (MASKED | LINKED)) && enqueue(f, p, port, vcpu))
		event_mark_pending(d->vcpu[vcpu]);
	return !(old & PENDING);
}

void event_fifo_clear_locked(struct domain *d, uint32_t port)
{
	struct event_table *t = d->events;
	event_word_t *word;

	lock_take(&t->fifo_lock);
	word = word_of(t->fifo, port);
	if (word)
		atomic_and(word, ~PENDING);
	event_port_at(t, port)->is_held_back = false;
	lock_drop(&t->fifo_lock);
}

void event_fifo_unmask_held(struct domain *d, uint32_t port)
{
	struct event_table *t = d->events;
	event_word_t *word = word_of(t->fifo, port);

	if (word && atomic_and(word, ~MASKED) & PENDING)
		(void)event_fifo_raise(d, port, event_port_at(t, port)->vcpu);
}

bool event_fifo_is_pending(struct domain *d, uint32_t port)
{
	struct event_table *t = d->events;
	uint64_t flags = lock_take_irq(&t->fifo_lock);
	event_word_t *word = t->fifo ? word_of(t->fifo, port) : NULL;
	bool r = word && atomic_read(word) & PENDING;

	lock_drop_irq(&t->fifo_lock, flags);
	return r;
}

int event_set_priority(struct domain *d, uint32_t port, unsigned priority)
{
	struct event_table *t = d->events;
	struct event_port *p;
	uint64_t flags;
	int r = 0;

	flags = event_lock(t);
	p = event_port_locked(t, port);
	if (!p && port)
		r = -EINVAL;
	else if (!t->fifo)
		r = -ENOSYS;
	else if (!p || p->state == EVTCHNSTAT_closed ||
		 priority > EVTCHN_FIFO_PRIORITY_MIN)
		r = -EINVAL;
	else
		WRITE_ONCE(p->priority, (uint8_t)priority);
	event_unlock(t, flags);
	return r;
}

static void take_both(struct event_table *t, uint64_t *flags)
{
	*flags = event_lock(t);
	lock_take(&t->fifo_lock);
}

static void drop_both(struct event_table *t, uint64_t flags)
{
	lock_drop(&t->fifo_lock);
	event_unlock(t, flags);
}

/* From two levels to queues: what is pending waits for its word. */
static void begin(struct domain *d, struct event_fifo *fresh)
{
	struct event_table *t = d->events;
	uint64_t *pending = (uint64_t *)d->shared_info->evtchn_pending;

	for (uint32_t p = 0; p < t->valid; p++)
		event_port_at(t, p)->last_vcpu = 0;
	atomic_swap(&t->fifo, fresh);
	/* Pairs with the second look in event_set_pending. */
	for (uint32_t p = 1; p < MIN(t->valid, EVENT_2L_PORTS); p++)
		if (event_port_at(t, p)->state != EVTCHNSTAT_closed)
			event_port_at(t, p)->is_held_back =
				bit_test_and_clear(pending, p);
}

int event_init_control(
	struct domain *d, unsigned vcpu, mfn_t frame, unsigned offset)
{
	struct event_table *t = d->events;
	struct event_fifo *fresh;
	struct event_queues *q;
	struct page *pg;
	uint64_t flags;
	int r = -ENOMEM;

	if (vcpu >= d->vcpu_count || !atomic_read(&d->vcpu[vcpu]))
		return -ENOENT;
	if (offset > PAGE_SIZE - sizeof(*q->block) || offset % 8 ||
		!mfn_valid(frame))
		return -EINVAL;
	pg = mfn_to_page(frame);
	q = heap_alloc(sizeof(*q));
	fresh = heap_alloc(sizeof(*fresh));
	if (!q || !fresh)
		goto out;
	r = -EINVAL;
	if (!page_get_and_type(pg, d, PT_WRITABLE))
		goto out;
	lock_init(&q->lock, LOCK_QUEUE);
	lock_init(&fresh->none.lock, LOCK_QUEUE);
	q->block = (void *)((uint8_t *)page_to_virt(pg) + offset);
	take_both(t, &flags);
	if (!t->fifo) {
		begin(d, fresh);
		fresh = NULL;
	}
	if (!t->fifo->queues[vcpu]) {
		/* Senders see the lock before the queues. */
		atomic_write(&t->fifo->queues[vcpu], q);
		q = NULL;
		r = 0;
	}
	drop_both(t, flags);
	if (r)
		page_put_and_type(pg);
out:
	heap_free(fresh);
	heap_free(q);
	return r;
}

/* Ports that were raised before they had a word. */
static void raise_held_back(struct domain *d, uint32_t port)
{
	struct event_table *t = d->events;
	uint32_t end = MIN(port + WORDS_PER_PAGE, t->valid);

	for (; port < end; port++) {
		struct event_port *p = event_port_at(t, port);

		/* Not set any more: it has its word. */
		if (p->is_held_back) {
			p->is_held_back = false;
			event_set_pending(d, port, p->vcpu);
		}
	}
}

int event_expand_array(struct domain *d, mfn_t frame)
{
	struct event_table *t = d->events;
	struct event_fifo *f;
	struct page *pg;
	uint64_t flags;
	int r = 0;

	if (!atomic_read(&t->fifo))
		return -EOPNOTSUPP;
	if (!mfn_valid(frame))
		return -EINVAL;
	pg = mfn_to_page(frame);
	if (!page_get_and_type(pg, d, PT_WRITABLE))
		return -EINVAL;
	take_both(t, &flags);
	f = t->fifo;
	if (!f)
		r = -EOPNOTSUPP;
	else if (f->page_count == ARRAY_PAGES)
		r = -ENOSPC;
	else
		atomic_write(&f->words[f->page_count++], page_to_virt(pg));
	lock_drop(&t->fifo_lock);
	if (!r)
		raise_held_back(d, (f->page_count - 1) * WORDS_PER_PAGE);
	event_unlock(t, flags);
	if (r)
		page_put_and_type(pg);
	return r;
}

static void for_each_page(
	const struct event_fifo *f, void (*fn)(struct page *pg))
{
	for (unsigned i = 0; i < f->page_count; i++)
		fn(virt_to_page(f->words[i]));
	for (unsigned i = 0; i < DOMAIN_MAX_VCPUS; i++)
		if (f->queues[i])
			fn(virt_to_page(f->queues[i]->block));
}

void event_fifo_end(struct domain *d)
{
	struct event_table *t = d->events;
	struct event_fifo *f;
	uint64_t flags;

	take_both(t, &flags);
	f = t->fifo;
	/* Nobody binds to the ports of a dying domain: none of them sends. */
	if (t->active && d->life == DOMAIN_ALIVE)
		f = NULL;
	if (f)
		atomic_write(&t->fifo, NULL);
	drop_both(t, flags);
	if (!f)
		return;
	for_each_page(f, page_put_and_type);
	for (unsigned i = 0; i < DOMAIN_MAX_VCPUS; i++)
		heap_free(f->queues[i]);
	heap_free(f);
}

void event_for_each_page(const struct domain *d, void (*fn)(struct page *pg))
{
	if (d->events->fifo)
		for_each_page(d->events->fifo, fn);
}

static void audit_queues(const struct event_table *t, unsigned vcpu,
	const struct event_queues *q)
{
	for (unsigned i = 0; i < EVTCHN_FIFO_MAX_QUEUES; i++) {
		const struct event_port *p;

		if (!q->tail[i])
			continue;
		BUG_ON(q->tail[i] >= t->valid || !word_of(t->fifo, q->tail[i]));
		p = event_port_at(t, q->tail[i]);
		BUG_ON(p->last_vcpu != vcpu + 1 || p->last_priority != i);
	}
}

void event_fifo_audit(const struct domain *d)
{
	const struct event_table *t = d->events;
	const struct event_fifo *f = t->fifo;

	for (uint32_t port = 0; port < t->valid; port++) {
		const struct event_port *p = event_port_at(t, port);

		BUG_ON(p->priority > EVTCHN_FIFO_PRIORITY_MIN ||
			p->last_priority > EVTCHN_FIFO_PRIORITY_MIN ||
			p->last_vcpu > d->vcpu_count);
		BUG_ON(f && p->last_vcpu && !f->queues[p->last_vcpu - 1]);
		BUG_ON(p->is_held_back &&
			(!f || p->state == EVTCHNSTAT_closed ||
				word_of(f, port)));
	}
	for (unsigned i = 0; f && i < ARRAY_PAGES; i++)
		BUG_ON(!f->words[i] != (i >= f->page_count));
	for (unsigned i = 0; f && i < DOMAIN_MAX_VCPUS; i++) {
		BUG_ON(f->queues[i] && i >= d->vcpu_count);
		if (f->queues[i])
			audit_queues(t, i, f->queues[i]);
	}
}
