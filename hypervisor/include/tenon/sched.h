/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler: run queues per CPU, a fair policy with weights.  A vcpu is
 * runnable when pause_flags, pauses and its domain's pauses are all 0, and its
 * domain has not used up its cap.
 */
#ifndef TENON_SCHED_H
#define TENON_SCHED_H

#include <tenon/list.h>
#include <tenon/lock.h>
#include <tenon/timer.h>
#include <tenon/types.h>

struct vcpu;
struct domain;
struct vcpu_runstate_info;

#define SCHED_WEIGHT_DEFAULT 256

struct sched_vcpu {
	struct list link;   /* in its CPU's queue when runnable, not running */
	uint64_t vruntime;  /* ns of CPU time, scaled by 256 / weight */
	uint64_t charged;   /* system time up to which vruntime counts */
	uint64_t run_start; /* system time when it got the CPU */
	uint64_t arrived;   /* system time when it came to this CPU */
	uint32_t weight;    /* as the queue counts it */
	bool is_queued;
	bool is_yielding; /* written by the vcpu itself */
};

struct sched_domain {
	uint32_t weight; /* 1..65535 */
	uint32_t cap;	 /* percent of one CPU, 0: none */
	/* With a cap (sched_cap.c). */
	struct lock lock;
	int64_t budget;	 /* ns of CPU time left in this period */
	uint64_t period; /* system time at which it began */
	bool is_parked;	 /* none left: no vcpu may run */
	struct timer refill;
};

void sched_init(void);
void sched_init_cpu(unsigned cpu); /* makes the idle vcpu, current there */

void sched_vcpu_init(struct vcpu *v);
void sched_vcpu_destroy(struct vcpu *v);

/* v may have become runnable: queue it and kick a CPU.  Any context; takes
 * one queue lock at a time. */
void sched_wake(struct vcpu *v);
/* v may have become not runnable: take it off the queue, or kick its CPU.
 * The second waits until it is off its CPU with its state saved. */
void sched_sleep(struct vcpu *v);
void sched_sleep_wait(struct vcpu *v);

bool vcpu_is_runnable(const struct vcpu *v);

/*
 * An event is there for v: end its block or poll, and if it runs on another
 * CPU make that CPU look.  Any context; takes no lock but a queue's.
 */
void sched_unblock(struct vcpu *v);

/*
 * v begins to poll: known to senders, who look at each vcpu's poll_port only
 * where the domain has pollers.  The caller looks at the ports thereafter.
 */
void sched_begin_poll(struct vcpu *v);
/* v waits for no event any more; true: it did, and is to be woken. */
bool sched_end_wait(struct vcpu *v);

/* sched_op block of current; nothing if an event is pending already. */
void sched_block(void);
/* Give the CPU away for now. */
#ifdef TENON_HOSTED
/* The host's C library has another one, which its runtime calls. */
#define sched_yield core_sched_yield
#endif
void sched_yield(void);

/* SOFTIRQ_SCHEDULE: may switch.  Afterwards `current` is the vcpu to run. */
void sched_run(void);

/* Affinity: 0, or -EINVAL if hard is new and names no CPU of v's pool; moves v
 * if needed. */
must_check int sched_set_affinity(
	struct vcpu *v, cpumask_t hard, cpumask_t soft);
/* v's domain is in another pool, or its pool has other CPUs (pool.h). */
void sched_update_pool(struct vcpu *v);
/* Runstate with the present state's time brought up to now. */
void sched_get_runstate(struct vcpu *v, struct vcpu_runstate_info *out);
/* CPU time of v in ns. */
uint64_t sched_cpu_time(struct vcpu *v);
/* Weight and cap are the defaults; at its end, before timers are gone. */
void sched_domain_init(struct domain *d);
void sched_domain_stop(struct domain *d);
/* A new cap counts from now on. */
void sched_set_weight(struct domain *d, uint32_t weight, uint32_t cap);
/* Idle time of a CPU in ns (sysctl getcpuinfo). */
uint64_t sched_idle_time(unsigned cpu);
/* What runs and what waits on each CPU, in the log. */
void sched_dump(void);
/* Recheck queues against flags; panics on a difference. */
void sched_audit(void);

#endif
