/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domains and their vcpus, and their life.
 *
 * Who guards what (the letter before a field):
 *   c constant after creation        L domain_list_lock
 *   D d->lock                        P d->page_lock
 *   E d->events' lock                S the run queue lock of v->processor
 *   a atomic                         v the vcpu itself (or it is paused)
 */
#ifndef TENON_DOMAIN_H
#define TENON_DOMAIN_H

#include <tenon/cpu.h>
#include <tenon/list.h>
#include <tenon/lock.h>
#include <tenon/sched.h>
#include <tenon/timer.h>
#include <tenon/types.h>
#include <arch/vcpu.h>
#include <public/xen.h>
#include <public/vcpu.h>

struct event_table;
struct grant_table;
struct pirq_table;
struct rangeset;

#define DOMAIN_MAX_VCPUS 128
#define DOMAIN_WATCHDOGS 2 /* SCHEDOP_watchdog */

enum domain_life { DOMAIN_ALIVE, DOMAIN_DYING, DOMAIN_DEAD };

struct domain {
	domid_t id;	       /* c */
	bool is_privileged;    /* c: dom0, may control the machine and others */
	bool is_hardware;      /* c: drives the devices */
	bool is_shutting_down; /* a */
	bool is_shut_down;     /* a all vcpus are told to stop */
	uint8_t controller_pauses; /* D */
	bool was_started;	   /* D: its controller let it run once */
	bool has_debugger;	   /* D */
	bool has_suspended;	   /* a: suspend_port is to be told */
	uint8_t life;		   /* D enum domain_life */
	uint8_t shutdown_code;	   /* D SHUTDOWN_*; ~0: none */
	uint8_t handle[16];	   /* D UUID that the tools gave */
	uint32_t ssidref;	   /* D */
	uint32_t create_flags;	   /* c XEN_DOMCTL_CDF_* */
	uint32_t refs;		   /* a structure freed after 0 */
	uint32_t pauses;	   /* a */
	struct lock lock;

	unsigned vcpu_count; /* D: slots in vcpu[] (max_vcpus) */
	struct vcpu **vcpu;  /* c array of vcpu_count, entries may be NULL */
	uint32_t pollers;    /* a as many as are VCPU_POLLING, or more */

	/* Memory (page.h). */
	struct lock page_lock;
	uint64_t page_count;   /* P frames owned, without shared ones */
	uint64_t page_max;     /* P */
	uint64_t page_claim;   /* P unclaimed rest of a claim */
	uint64_t shared_count; /* P frames with PAGE_REF_SHARED */
	/* Which frames it wrote to (shadow.h). */
	struct shadow *shadow; /* c NULL: never followed */
	bool is_followed;      /* D */
	uint32_t shadow_mib;   /* D to be set aside, 0: by its size */
	uint64_t *page_chunks; /* P a bit each 4 MiB that may hold frames */
	uint64_t relinquish_cursor; /* D progress of a dying domain */
	unsigned relinquish_step;   /* D of pt_relinquish */
	unsigned kill_step;	    /* D of domain_kill */
	struct domain *reap_next;   /* list of those with refs 0 */

	struct shared_info *shared_info; /* c SHARED page of d; NULL: dead */
	struct event_table *events;	 /* c event.h */
	struct grant_table *grants;	 /* c grant.h */
	struct pirq_table *pirqs;	 /* c irq.h */

	/* Rights: what of the machine it may touch. */
	struct rangeset *iomem;	  /* D frames */
	struct rangeset *ioports; /* D */
	struct rangeset *irqs;	  /* D pirq numbers */

	int64_t time_offset_seconds; /* D */
	uint64_t vm_assist;	     /* D VMASST_TYPE_* bits */
	cpumask_t tlb_cpus; /* a CPUs that may cache its translations */
	struct timer watchdog[DOMAIN_WATCHDOGS];
	uint8_t watchdogs_used; /* D a bit each */
	char *console_line;	/* D what it wrote since its last newline */
	unsigned console_used;	/* D bytes */
	/* Lines that it caused (guest_log.c): a hint, raced for. */
	uint32_t log_second, log_printed, log_dropped;
	uint32_t cpupool;      /* a pool.h */
	uint32_t suspend_port; /* D its own, sent when it has suspended; 0 */
	uint32_t target;       /* D */
	uint64_t max_pfn;      /* highest pfn the guest told of (tools) */
	struct sched_domain sched; /* weights (sched.h) */
	struct arch_domain arch;
	/* memory map given by XENMEM_set_memory_map: tools' copy */
	struct e820_map *e820; /* D NULL: none */
};

/* Why a vcpu does not run (v->pause_flags). */
#define VCPU_BLOCKED (1U << 0) /* sched_op block, poll */
#define VCPU_DOWN    (1U << 1) /* not brought up */
#define VCPU_POLLING (1U << 2)
#define VCPU_AUDITED (1U << 3) /* stopped for an audit */

struct vcpu {
	/* First, for assembly. */
	struct vcpu_info *vcpu_info; /* v directmap address; never NULL */
	bool nmi_pending;	     /* a */
	struct arch_vcpu arch;	     /* v registers and PV state */
	unsigned id;		     /* c */
	struct domain *domain;	     /* c */
	unsigned processor;	     /* S the CPU whose queue it is in */
	bool is_running;      /* a on a CPU now; cleared with release when its
				 state is saved */
	bool is_initialised;  /* D set by initialise/setvcpucontext */
	bool is_idle;	      /* c */
	uint32_t pause_flags; /* a VCPU_* */
	uint32_t pauses;      /* a vcpu_pause nesting (domain's apart) */
	bool is_held;	      /* one of them is a debugger's; under domctl */
	uint32_t debug_event; /* a vector that a debugger waits for; 0: none */
	struct sched_vcpu sched;	    /* S */
	struct vcpu_runstate_info runstate; /* S */
	vaddr_t runstate_va; /* v guest area to keep current, 0: none */
	vaddr_t time_va;     /* v secondary time area, 0: none */

	struct page *vcpu_info_page; /* v registered page, typed writable */
	uint32_t poll_port;	     /* E port polled, 0: none or many */
	struct timer poll_timer;
	struct timer singleshot;
	struct timer periodic;
	uint64_t periodic_ns;	 /* v 0: off */
	uint32_t virq_port[24];	 /* E port bound to each per-vcpu VIRQ */
	uint64_t affinity_hard;	 /* S cpumask */
	uint64_t affinity_soft;	 /* S */
	uint64_t allowed;	 /* S CPUs that it may run on (pool.h) */
	uint64_t affinity_saved; /* v hard one under pin_override, 0: none */
	struct vcpu_time_info time_shown; /* v last written to the guest */
	bool time_area_is_stale;	  /* v time_va is behind time_shown */
};

#define vcpu_for_each(d, v)                               \
	for (unsigned n_ = 0; n_ < (d)->vcpu_count; n_++) \
		if (((v) = (d)->vcpu[n_]) != NULL)

extern struct domain *dom0;
extern struct domain *domain_idle; /* DOMID_IDLE */
/* Pseudo-owners: machine frames not RAM, and the hypervisor's own. */
extern struct domain *domain_io;  /* DOMID_IO */
extern struct domain *domain_xen; /* DOMID_XEN */

/*
 * Boot, after the allocator, the clocks and timer_init_cpu: the pseudo-domains
 * and the wall clock.  The order is domain_init, sched_init, then
 * sched_init_cpu for each CPU.
 */
void domain_init(void);

struct xen_domctl_createdomain;
/*
 * Make a domain: id 0..DOMID_FIRST_RESERVED-1, not in use.  0, -EEXIST,
 * -EINVAL, -ENOMEM.  It is paused by its controller; the caller holds no
 * reference beyond the list's.
 */
must_check int domain_create(domid_t id,
	const struct xen_domctl_createdomain *config, bool is_privileged,
	struct domain **result);
/* A free id, from hint on; -ENFILE. */
must_check int domain_pick_id(domid_t *id);

/*
 * Look up and take a reference; NULL: no such domain.  The pseudo-domains
 * count as domains here.  _or_self also knows DOMID_SELF.
 */
struct domain *domain_get(domid_t id);
struct domain *domain_get_or_self(domid_t id);
/* One more reference, by who has one. */
void domain_ref(struct domain *d);
/* Any context; the structure itself goes in SOFTIRQ_DOMAIN. */
void domain_put(struct domain *d);
/* Iterate: the domain (no pseudo one) with the lowest id >= id, referenced,
 * or NULL. */
struct domain *domain_get_next(domid_t id);
/* May caller control target?  Privileged domains may, and nobody else. */
bool domain_may_control(
	const struct domain *caller, const struct domain *target);
/*
 * May these two have an event channel, or a grant from the one to the other?
 * With xsm=silo only a privileged domain has any with others.
 */
bool domain_may_talk(const struct domain *a, const struct domain *b);

void domain_pause(struct domain *d); /* waits until no vcpu is on a CPU */
void domain_unpause(struct domain *d);
/* As the controller's pauses, which are counted: -EOVERFLOW, too many; -EINVAL,
 * there is none. */
must_check int domain_pause_by_controller(struct domain *d);
must_check int domain_unpause_by_controller(struct domain *d);
/* v, current, has come upon a vector that its domain's debugger waits for: as
 * the controller's pause, but nobody is waited for; VIRQ_DEBUGGER. */
void domain_pause_for_debugger(struct vcpu *v, unsigned vector);

/*
 * SHUTDOWN_* reason: tells all vcpus to stop and dom0 that they were
 * (VIRQ_DOM_EXC).  Of dom0: turns the machine off, or reboots it.  Any
 * context, any lock below LOCK_SCHED.  Nothing when it was shut down already.
 */
void domain_shutdown(struct domain *d, uint8_t reason);
/* Take a shutdown back; nothing when there was none. */
void domain_resume(struct domain *d);
/* The guest is hopeless: log why, shutdown with SHUTDOWN_crash. */
void domain_crash(struct domain *d, const char *fmt, ...) format_like(2, 3);
/*
 * Kill: -ERESTART_HC until everything is given back (preemptible), then 0.
 * -EINVAL for dom0, pseudo-domains and the caller's own.  The caller holds a
 * reference.
 */
must_check int domain_kill(struct domain *d);

/* 0, -EINVAL, -EEXIST, -ENOMEM. */
must_check int vcpu_create(struct domain *d, unsigned id);
void vcpu_pause(struct vcpu *v); /* waits until off its CPU; not for current */
void vcpu_unpause(struct vcpu *v);
/* From down to runnable and back (does not wait). */
void vcpu_bring_up(struct vcpu *v);
void vcpu_take_down(struct vcpu *v);
/* An NMI for v's callback.  Any context but an NMI's. */
void vcpu_send_nmi(struct vcpu *v);
/* NMIs of the machine, from now on to dom0; how many there were. */
void nmi_init(void);
uint64_t nmi_count(void);
/* The idle vcpu of a CPU; boot. */
void vcpu_create_idle(unsigned cpu);

/*
 * Move v's vcpu_info to mfn (of its domain) at a byte offset, contents and
 * all, and mark its events pending.  v is current or down.  0; -ERESTART_HC: it
 * has not left its CPU yet; -EINVAL: it is up, has been moved already, or the
 * place is none, or no writable frame.
 */
must_check int vcpu_info_register(struct vcpu *v, mfn_t mfn, unsigned offset);
/* Drop a registered page (v is stopped): writes go nowhere from now on. */
void vcpu_info_release(struct vcpu *v);

/* VIRQ_DOM_EXC and others to dom0. */
void domain_send_global_virq(unsigned virq);

/* What RDTSC of a domain gives (struct xen_domctl_tsc_info.tsc_mode): the
 * machine's counter where that is as good, never that, always that. */
#define TSC_DEFAULT	   0
#define TSC_ALWAYS_EMULATE 1
#define TSC_NEVER_EMULATE  2

/*
 * A counter that has counted for elapsed_ns and goes on with khz (0: the
 * machine's rate).  d is paused.  0, -EINVAL: no such mode.
 */
must_check int tsc_set(struct domain *d, uint32_t mode, uint64_t elapsed_ns,
	uint32_t khz, uint32_t incarnation);
void tsc_get(const struct domain *d, uint32_t *mode, uint64_t *elapsed_ns,
	uint32_t *khz, uint32_t *incarnation);
/* The counter now; what an emulated one shows at that system time. */
uint64_t tsc_read(const struct domain *d);
uint64_t tsc_at(const struct domain *d, uint64_t system_ns);

/*
 * Time shown to guests (dom/time.c).  time_init: reads the machine's wall
 * clock; by domain_init.  time_update_vcpu: writes v's vcpu_time_info when it
 * would change; the secondary area is then stale until time_write_guest.
 */
void time_init(void);
void time_update_vcpu(struct vcpu *v);
/* Write it even if nothing changed: the place is new. */
void time_show_vcpu(struct vcpu *v);
void time_update_wallclock(struct domain *d);
/* The clock was sec.nsec at system_time (ns); shown to all domains. */
void time_set_wallclock(uint64_t sec, uint32_t nsec, uint64_t system_time);
/* The wall clock at system time 0, in s and ns. */
void time_get_wallclock(uint64_t *sec, uint32_t *nsec);
/* v's three timers for its guest: set up, and end for good. */
void time_vcpu_init(struct vcpu *v);
void time_vcpu_stop(struct vcpu *v);
/* Periodic timer every period ns from now on, 0 stops it; a new vcpu's is 10
 * ms, and begins when VIRQ_TIMER is bound (time_start_periodic). */
void time_set_periodic(struct vcpu *v, uint64_t period_ns);
void time_start_periodic(struct vcpu *v);
/* One-shot at system time ns; ~0 stops it. */
void time_set_singleshot(struct vcpu *v, uint64_t ns);

/* Write the secondary time area of v, current, if it is behind. */
void time_write_guest(struct vcpu *v);

/* Write the runstate area of v, current and in its kernel. */
void runstate_write_guest(struct vcpu *v);
/* Both areas of v, which was just switched in, in user mode perhaps. */
void runstate_switched_in(struct vcpu *v);
/* v is about to lose the CPU and enters this state. */
void runstate_switching_out(
	struct vcpu *v, const struct vcpu_runstate_info *now);

#endif
