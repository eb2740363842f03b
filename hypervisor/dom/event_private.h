/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the files of the event channels: the table of a domain's ports.
 *
 * Ports live in buckets of EVENT_BUCKET that are made when needed and stay
 * until the domain is freed: a port once valid stays valid.
 *
 * Who sends holds the table as it is (event_hold), beside others that do; who
 * changes it locks it (event_lock), alone.  Of an interdomain pair both
 * domains' tables are locked to make or break it, so either one alone keeps it
 * as it is: tests/model/events.pml.
 */
#ifndef EVENT_PRIVATE_H
#define EVENT_PRIVATE_H

#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/lock.h>
#include <tenon/types.h>
#include <tenon/event.h>
#include <public/event_channel.h>

struct domain;
struct event_fifo;
struct page;

#define EVENT_BUCKET 128 /* ports */
#define EVENT_GROUP  32	 /* buckets */
#define EVENT_GROUPS (EVENT_PORTS_MAX / EVENT_BUCKET / EVENT_GROUP)

/* Being bound to or unbound from an interrupt line: nobody else's business.
 * Beside EVTCHNSTAT_*. */
#define EVENT_STATE_BUSY 7

struct event_port {
	uint8_t state;	  /* EVTCHNSTAT_* or EVENT_STATE_BUSY */
	uint8_t priority; /* FIFO: of the queue that it enters next */
	uint16_t vcpu;	  /* whom it tells */
	union {
		domid_t remote_id; /* unbound: who may bind */
		uint16_t virq;
		uint16_t pirq;
	};
	/* FIFO: raised before it had a word, under fifo_lock; and the queue
	 * that it entered last, under that queue's lock and the next one's. */
	bool is_held_back;
	uint8_t last_priority;
	uint16_t last_vcpu;   /* + 1; 0: it entered none yet */
	uint32_t remote_port; /* interdomain */
	struct domain *remote;
};

struct event_table {
	struct lock lock;
	uint32_t senders;    /* that hold it, and EVENT_CHANGING */
	uint32_t valid;	     /* ports 0..valid-1 have a structure */
	uint32_t limit;	     /* ports 1..limit may be used */
	uint32_t hint;	     /* no port below is free */
	uint32_t active;     /* ports that are not closed */
	uint32_t *pirq_port; /* EVENT_PIRQS_MAX, 0: none; made when needed */
	struct event_port **group[EVENT_GROUPS];
	/* NULL: two levels.  Written with both locks; stays while a port is
	 * not closed. */
	struct event_fifo *fifo;
	struct lock fifo_lock; /* which queues and words there are */
};

#define EVENT_CHANGING (1U << 31)

/* After t->lock was taken and before it is dropped: no sender is in. */
static inline void event_begin_change(struct event_table *t)
{
	atomic_or(&t->senders, EVENT_CHANGING);
	while (atomic_read(&t->senders) != EVENT_CHANGING)
		arch_relax();
}

static inline void event_end_change(struct event_table *t)
{
	atomic_and(&t->senders, ~EVENT_CHANGING);
}

/* The table is ours alone; returns the flags that event_unlock restores. */
must_check static inline uint64_t event_lock(struct event_table *t)
{
	uint64_t flags = lock_take_irq(&t->lock);

	event_begin_change(t);
	return flags;
}

static inline void event_unlock(struct event_table *t, uint64_t flags)
{
	event_end_change(t);
	lock_drop_irq(&t->lock, flags);
}

struct event_hold {
	uint64_t flags;
	bool is_counted;
};

/*
 * The table stays as it is; others may hold it, too, so that the many CPUs of a
 * domain send without waiting.  Behind one who changes it the wait is for the
 * lock, in order of arrival.
 */
must_check static inline struct event_hold event_hold(struct event_table *t)
{
	struct event_hold h = { arch_irq_save(), true };

	lock_check_rank(&t->lock, false);
	if (unlikely(atomic_add(&t->senders, 1) & EVENT_CHANGING)) {
		atomic_sub(&t->senders, 1);
		lock_take(&t->lock);
		h.is_counted = false;
	}
	return h;
}

static inline void event_release(struct event_table *t, struct event_hold h)
{
	if (likely(h.is_counted))
		atomic_sub(&t->senders, 1);
	else
		lock_drop(&t->lock);
	arch_irq_restore(h.flags);
}

/* A port below t->valid. */
static inline struct event_port *event_port_at(
	const struct event_table *t, uint32_t port)
{
	return &t->group[port / (EVENT_BUCKET * EVENT_GROUP)]
			[port / EVENT_BUCKET % EVENT_GROUP]
			[port % EVENT_BUCKET];
}

/* The port, or NULL if it is not valid.  The table is locked or held. */
struct event_port *event_port_locked(struct event_table *t, uint32_t port);

/*
 * A free port, its state unchanged.  0; -ENOSPC; -EAGAIN: the caller drops its
 * locks, calls event_grow and starts again.
 */
must_check int event_find_free_locked(struct event_table *t, uint32_t *port);
must_check int event_grow(struct event_table *t); /* 0 or -ENOMEM */

/* It is free and no guest bit of it is set. */
void event_port_free_locked(struct domain *d, uint32_t port);
/* A fresh port of this state that tells vcpu; its mask bit is cleared. */
void event_port_use_locked(
	struct domain *d, uint32_t port, uint8_t state, unsigned vcpu);

bool event_virq_is_global(unsigned virq);
/* d handles no VIRQ of the machine any more. */
void event_forget_virqs(const struct domain *d);

/* Set pending and tell the vcpu: any context, no lock needed but what keeps
 * the port from being closed. */
void event_set_pending(struct domain *d, uint32_t port, unsigned vcpu);
/* The same for a domain with FIFO queues: was it not pending before? */
bool event_fifo_raise(struct domain *d, uint32_t port, unsigned vcpu);

/* As event_port_is_pending. */
bool event_fifo_is_pending(struct domain *d, uint32_t port);

/* With the table's lock: a port begins anew.  Holding the table: it is unmasked
 * and told of again. */
void event_fifo_clear_locked(struct domain *d, uint32_t port);
void event_fifo_unmask_held(struct domain *d, uint32_t port);
/* Back to two levels, if no port is open or the domain is dying. */
void event_fifo_end(struct domain *d);
/* Panics if the queues' own state is not sound. */
void event_fifo_audit(const struct domain *d);

#endif
