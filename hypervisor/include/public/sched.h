/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sched_op hypercall: how a vcpu gives up the CPU and how a domain stops.
 * The old sched_op_compat knows yield, block and shutdown, with the reason
 * itself as its argument.
 */
#ifndef PUBLIC_SCHED_H
#define PUBLIC_SCHED_H

#include "event_channel.h"

#define SCHEDOP_yield 0 /* no argument */
/* Unmasks upcalls and sleeps, in one step, until an event is pending. */
#define SCHEDOP_block 1
/*
 * Stops the domain. With SHUTDOWN_suspend the third hypercall argument is the
 * mfn of start_info, and the result is 0 in the resumed copy, 1 when the
 * suspend was cancelled.
 */
#define SCHEDOP_shutdown	2 /* struct sched_shutdown */
#define SCHEDOP_poll		3 /* struct sched_poll */
#define SCHEDOP_remote_shutdown 4 /* struct sched_remote_shutdown */
#define SCHEDOP_shutdown_code	5 /* struct sched_shutdown, does not stop */
/*
 * id 0 starts a watchdog and returns its id; another id with a timeout feeds
 * it, without one ends it.
 */
#define SCHEDOP_watchdog     6 /* struct sched_watchdog */
#define SCHEDOP_pin_override 7 /* struct sched_pin_override */

/* Why a domain stops. */
#define SHUTDOWN_poweroff   0
#define SHUTDOWN_reboot	    1
#define SHUTDOWN_suspend    2
#define SHUTDOWN_crash	    3
#define SHUTDOWN_watchdog   4
#define SHUTDOWN_soft_reset 5 /* to be restarted in place, memory kept */
#define SHUTDOWN_MAX	    5

struct sched_shutdown {
	unsigned int reason; /* SHUTDOWN_* */
};
PUBLIC_SIZE(struct sched_shutdown, 4);

/* Sleeps until one of the ports is pending or the time has come. */
struct sched_poll {
	GUEST_PTR(evtchn_port_t) ports;
	unsigned int nr_ports;
	uint64_t timeout; /* system time in ns; 0 is never */
};
PUBLIC_SIZE(struct sched_poll, 24);

struct sched_remote_shutdown {
	domid_t domain_id;
	unsigned int reason; /* SHUTDOWN_* */
};
PUBLIC_SIZE(struct sched_remote_shutdown, 8);

struct sched_watchdog {
	uint32_t id;
	uint32_t timeout; /* seconds */
};
PUBLIC_SIZE(struct sched_watchdog, 8);

/* Binds the calling vcpu to a CPU; a negative pcpu ends that. */
struct sched_pin_override {
	int32_t pcpu;
};
PUBLIC_SIZE(struct sched_pin_override, 4);

#endif
