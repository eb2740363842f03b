/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spin locks and the one list of their ranks.  A CPU takes locks in rising
 * rank only; debug builds check it on every take.  Locks of rank LOCK_IRQ and
 * above are also taken by interrupt handlers: take those with lock_take_irq.
 * Nobody holds such a lock across a TLB flush or a call to other CPUs.
 */
#ifndef TENON_LOCK_H
#define TENON_LOCK_H

#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/panic.h>
#include <tenon/types.h>

enum lock_rank {
	LOCK_DOMCTL = 1,  /* one domctl/sysctl at a time */
	LOCK_DOMAIN_LIST, /* the list of domains */
	LOCK_DOMAIN,	  /* a domain's life */
	LOCK_PCI,
	LOCK_GRANT,    /* a domain's grant table; two: lower domid first */
	LOCK_MAPTRACK, /* a domain's map-track entries */
	LOCK_PAGES,    /* a domain's page accounts */
	LOCK_HEAP,
	LOCK_FRAMES, /* the frame allocator */
	LOCK_CALL,   /* a call to other CPUs */
	LOCK_IRQ,    /* an interrupt line (from here on: irqs off) */
	LOCK_EVENT,  /* a domain's event channels; two: lower domid first */
	LOCK_FIFO,   /* which event queues a domain has */
	LOCK_QUEUE,  /* a vcpu's event queues; two: in order of address */
	LOCK_SCHED,  /* a CPU's run queue; two: lower CPU first */
	LOCK_CAP,    /* a domain's budget of CPU time */
	LOCK_TIMER,  /* a CPU's timers */
	LOCK_IOAPIC,
	LOCK_PCI_CFG, /* the CF8/CFC pair */
	LOCK_SHADOW,  /* a domain's shadows (log-dirty) */
	LOCK_CONSOLE,
};

struct lock {
	uint16_t head __attribute__((aligned(8))); /* now served */
	uint16_t tail;				   /* next ticket */
	uint16_t rank;				   /* enum lock_rank */
	uint16_t cpu; /* holder + 1, debug builds */
};

#define LOCK_INIT(r)        \
	{                   \
		.rank = (r) \
	}

void lock_init(struct lock *l, enum lock_rank rank);
bool lock_try(struct lock *l);

/* The order of ranks and the locks that a CPU holds: debug builds. */
#ifdef TENON_DEBUG
void lock_check_rank(const struct lock *l, bool is_pair);
void lock_note_take(struct lock *l);
void lock_note_drop(struct lock *l);
#else
static inline void lock_check_rank(const struct lock *l, bool is_pair)
{
	(void)l;
	(void)is_pair;
}

static inline void lock_note_take(struct lock *l)
{
	(void)l;
}

static inline void lock_note_drop(struct lock *l)
{
	(void)l;
}
#endif

/* is_pair: another lock of the same rank may be held. */
static inline void lock_take_ranked(struct lock *l, bool is_pair)
{
	uint16_t ticket;

	lock_check_rank(l, is_pair);
	ticket = (uint16_t)(atomic_add(&l->tail, 1) - 1);
	/* Acquire; pairs with the release in lock_drop. */
	while (atomic_read(&l->head) != ticket)
		arch_relax();
	lock_note_take(l);
}

static inline void lock_take(struct lock *l)
{
	/* Who takes one of those without irqs off could meet its handler. */
	ASSERT(l->rank < LOCK_IRQ || !arch_irq_enabled());
	lock_take_ranked(l, false);
}

static inline void lock_drop(struct lock *l)
{
	lock_note_drop(l);
	atomic_write(&l->head, (uint16_t)(l->head + 1));
	arch_race_point();
}

/* Interrupts off and take; returns the flags that lock_drop_irq restores. */
must_check static inline uint64_t lock_take_irq(struct lock *l)
{
	uint64_t flags = arch_irq_save();

	lock_take_ranked(l, false);
	return flags;
}

static inline void lock_drop_irq(struct lock *l, uint64_t flags)
{
	lock_drop(l);
	arch_irq_restore(flags);
}

/* Held by this CPU?  For assertions; always true in builds without debug. */
bool lock_is_mine(const struct lock *l);

/* Two locks of one rank, in order of address; a may be b. */
void lock_take_two(struct lock *a, struct lock *b);
void lock_drop_two(struct lock *a, struct lock *b);

#endif
