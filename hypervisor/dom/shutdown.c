/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a domain stops: by its own wish, by a crash, by its controller, and for
 * good.
 */
#include <stdarg.h>
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/boot.h>
#include <tenon/console.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/event.h>
#include <tenon/fmt.h>
#include <tenon/grant.h>
#include <tenon/hypercall.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/rangeset.h>
#include <public/sched.h>
#include "domain_private.h"

/* Without dom0 the machine has no purpose. */
static void noreturn dom0_shutdown(uint8_t reason)
{
	switch (reason) {
	case SHUTDOWN_poweroff:
		log_info("dom0 has shut down: powering off");
		arch_power_off();
	case SHUTDOWN_reboot:
		log_info("dom0 has shut down: rebooting");
		arch_reboot();
	default:
		log_err("dom0 has stopped (reason %u)", reason);
		if (boot_options.noreboot)
			arch_halt();
		arch_reboot();
	}
}

void domain_shutdown(struct domain *d, uint8_t reason)
{
	struct vcpu *v;

	if (atomic_swap(&d->is_shutting_down, true))
		return;
	if (d->is_hardware)
		dom0_shutdown(reason);
	/* SCHEDOP_shutdown_code may have said why before. */
	if (d->shutdown_code == (uint8_t)~0U)
		d->shutdown_code = reason;
	atomic_add(&d->pauses, 1);
	vcpu_for_each (d, v)
		sched_sleep(v);
	atomic_write(&d->is_shut_down, true);
	if (d->shutdown_code == SHUTDOWN_suspend)
		atomic_write(&d->has_suspended, true);
	domain_tell_dom0();
}

void domain_resume(struct domain *d)
{
	bool was_shut_down;

	/* Nobody runs while the flags change. */
	domain_pause(d);
	lock_take(&d->lock);
	was_shut_down = d->is_shut_down;
	if (was_shut_down) {
		d->shutdown_code = (uint8_t)~0U;
		atomic_write(&d->is_shut_down, false);
		atomic_write(&d->is_shutting_down, false);
		atomic_sub(&d->pauses, 1);
	}
	lock_drop(&d->lock);
	domain_unpause(d);
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
	const struct cpu_user_regs *regs = arch_guest_regs();
	char why[160];
	va_list ap;

	va_start(ap, fmt);
	fmt_vprint(why, sizeof(why), fmt, ap);
	va_end(ap);
	/* Not as a guest's line, of which only so many are shown: a domain
	 * crashes once. */
	if (d->is_shutting_down || d->is_shut_down)
		return;
	if (current->domain == d)
		log_warn("d%u crashed: %s (vcpu %u, rip %#llx, rsp %#llx)",
			d->id, why, current->id, (unsigned long long)regs->rip,
			(unsigned long long)regs->rsp);
	else
		log_warn("d%u crashed: %s", d->id, why);
	domain_shutdown(d, SHUTDOWN_crash);
}

/*
 * The steps of domain_kill, each entered again until it returns 0.  Later ones
 * rely on what earlier ones stopped.
 */
static int kill_timers(struct domain *d)
{
	struct vcpu *v;
	unsigned i;

	vcpu_for_each (d, v) {
		time_vcpu_stop(v);
		timer_kill(&v->poll_timer);
		v->runstate_va = v->time_va = 0;
	}
	for (i = 0; i < DOMAIN_WATCHDOGS; i++)
		timer_kill(&d->watchdog[i]);
	sched_domain_stop(d);
	return 0;
}

static int kill_vcpu_pages(struct domain *d)
{
	struct vcpu *v;

	vcpu_for_each (d, v)
		vcpu_info_release(v);
	return 0;
}

static int kill_rest(struct domain *d)
{
	struct shared_info *shared = d->shared_info;

	domain_free_irqs(d);
	lock_take(&d->lock);
	rangeset_clear(d->iomem);
	rangeset_clear(d->ioports);
	rangeset_clear(d->irqs);
	d->shared_info = NULL;
	lock_drop(&d->lock);
	page_unshare(virt_to_page(shared));
	return 0;
}

static int (*const kill_steps[])(struct domain *d) = {
	kill_timers,
	event_close_all,
	grant_release_mappings,
	kill_vcpu_pages,
	pt_relinquish,
	kill_rest,
};

int domain_kill(struct domain *d)
{
	bool is_first;
	int r;

	if (d->is_hardware || d->id >= DOMID_FIRST_RESERVED ||
		d == current->domain)
		return -EINVAL;
	lock_take(&d->lock);
	if (d->life == DOMAIN_DEAD) {
		lock_drop(&d->lock);
		return 0;
	}
	is_first = d->life == DOMAIN_ALIVE;
	/* Under page_lock as well: from here on it gets no more frames. */
	lock_take(&d->page_lock);
	d->life = DOMAIN_DYING;
	lock_drop(&d->page_lock);
	lock_drop(&d->lock);
	if (is_first)
		domain_pause(d); /* for ever */

	while (d->kill_step < ARRAY_SIZE(kill_steps)) {
		r = kill_steps[d->kill_step](d);
		if (r)
			return r;
		d->kill_step++;
		if (hypercall_should_yield())
			return -ERESTART_HC;
	}
	lock_take(&d->lock);
	d->life = DOMAIN_DEAD;
	lock_drop(&d->lock);
	domain_tell_dom0();
	domain_put(d); /* the list's */
	return 0;
}
