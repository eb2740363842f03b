/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the scheduler: a CPU's run queue and the fair policy over it.
 *
 * v->processor says under which queue's lock the vcpu's scheduler state is.
 * It changes under that lock, and only while v neither runs nor is queued,
 * except by who holds both locks.
 */
#ifndef DOM_SCHED_QUEUE_H
#define DOM_SCHED_QUEUE_H

#include <tenon/domain.h>
#include <tenon/lock.h>
#include <tenon/sched.h>
#include <tenon/timer.h>

#define SCHED_SLICE_NS	 10000000ULL  /* a turn while others wait */
#define SCHED_BALANCE_NS 100000000ULL /* between looks at others' load */
#define SCHED_FEW	 2U /* that wait on a CPU: no others are asked */
#define SCHED_MINIMUM_NS 1000000ULL /* nobody is preempted before */
/* How far behind the queue's clock a vcpu that slept may come back, and how
 * far ahead one that moved: ns of virtual time. */
#define SCHED_SLEEPER_NS 5000000ULL
#define SCHED_AHEAD_NS	 100000000ULL

struct run_queue {
	struct lock lock;
	struct list list;	/* of waiting vcpus, by rising vruntime */
	unsigned count;		/* entries of list; read by others unlocked */
	uint64_t weight;	/* sum over list; read by others unlocked */
	uint64_t chosen_weight; /* that of chosen; likewise */
	uint64_t balance_at;	/* system time of the next balance_push */
	struct vcpu *chosen;	/* runs here, or is being switched to or from */
	uint64_t clock;		/* virtual time: never falls */
	struct timer slice;	/* end of chosen's turn */
} cache_aligned;

extern struct run_queue run_queues[NR_CPUS];

/* Policy (sched_fair.c); the queue's lock is held. */

/* Add what chosen has run until now to its vruntime; move the clock. */
void fair_charge(struct run_queue *q, struct vcpu *v, uint64_t now);
/* v comes from sleep: bound how much it may have saved; a new one has not. */
void fair_wake(struct run_queue *q, struct vcpu *v);
void fair_enqueue(struct run_queue *q, struct vcpu *v);
void fair_dequeue(struct run_queue *q, struct vcpu *v);
/* What v's domain weighs. */
uint32_t fair_weight(const struct vcpu *v);
/* The next to run, or NULL; stays in the queue. */
struct vcpu *fair_pick(struct run_queue *q);
/* Should v, just queued, end chosen's turn?  0: now; else the system time at
 * which chosen is to be looked at again. */
uint64_t fair_preempt_at(
	struct run_queue *q, const struct vcpu *v, uint64_t now);

/*
 * v, not queued, leaves from for to: its place relative to the clock is kept,
 * and v->processor changes.  from is locked; to too, unless v is asleep.
 */
void queue_move(struct run_queue *from, struct run_queue *to, struct vcpu *v);
/* v was just queued in q, locked: interrupt who runs there, now or in time. */
void queue_preempt(struct run_queue *q, const struct vcpu *v);

/*
 * Caps (sched_cap.c); a queue's lock may be held.  charge: a vcpu of d has run
 * so long; may park d.  look_at: when v, which runs from now on, may reach its
 * domain's cap; ~0: it has none.
 */
void cap_charge(struct domain *d, uint64_t ns, uint64_t now);
uint64_t cap_look_at(const struct vcpu *v, uint64_t now);

/* Between CPUs (sched_balance.c): no queue is locked. */

/* q is empty: take a vcpu that waits elsewhere. */
void balance_steal(struct run_queue *q);
/* Give away one that waits in q, if another CPU has less to do. */
void balance_push(struct run_queue *q);

/* Runstate (runstate.c): v enters a RUNSTATE_* at system time now. */
void runstate_change(struct vcpu *v, int state, uint64_t now);
/* The state of a vcpu that does not run and is not queued. */
int runstate_asleep(const struct vcpu *v);

#endif
