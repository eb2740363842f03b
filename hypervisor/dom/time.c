/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time as guests see it: vcpu_time_info, the wall clock in shared_info, and
 * each vcpu's one-shot and periodic timer (VIRQ_TIMER).
 *
 * Writers of a versioned structure: version odd, barrier, fields, barrier,
 * version even.  The version is counted here, never read from the guest.
 */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/domain.h>
#include <tenon/event.h>
#include <tenon/guest_copy.h>
#include <tenon/string.h>

#define NS_PER_S 1000000000ULL

/* The tick that kernels find which know no other timer (public/vcpu.h). */
#define PERIOD_DEFAULT_NS 10000000ULL

/* Wall clock at system time 0, in ns since 1970; written under lock. */
static struct lock wall_lock = LOCK_INIT(LOCK_TIMER);
static uint64_t wall_ns;

/* What v of a domain should show now, but for the version. */
static void time_params(const struct domain *d, struct vcpu_time_info *t)
{
	uint64_t stamp, system;
	uint32_t mul;
	int8_t shift;

	arch_time_params(&stamp, &system, &mul, &shift);
	t->tsc_timestamp = stamp;
	t->system_time = system;
	t->tsc_to_system_mul = mul;
	t->tsc_shift = shift;
	t->flags = arch_tsc_is_stable() ? XEN_PVCLOCK_TSC_STABLE_BIT : 0;
	if (!d->arch.tsc.is_emulated)
		return;
	t->tsc_timestamp = tsc_at(d, system);
	t->tsc_to_system_mul = d->arch.tsc.scale.mul;
	t->tsc_shift = d->arch.tsc.scale.shift;
}

static void time_write(struct vcpu *v, const struct vcpu_time_info *fresh)
{
	struct vcpu_time_info *t = &v->vcpu_info->time;
	uint32_t version = v->time_shown.version;

	v->time_shown = *fresh;
	v->time_shown.version = version + 2;
	v->time_area_is_stale = v->time_va != 0;

	WRITE_ONCE(t->version, version + 1);
	smp_wmb();
	t->tsc_timestamp = fresh->tsc_timestamp;
	t->system_time = fresh->system_time;
	t->tsc_to_system_mul = fresh->tsc_to_system_mul;
	t->tsc_shift = fresh->tsc_shift;
	t->flags = fresh->flags;
	smp_wmb();
	WRITE_ONCE(t->version, version + 2);
}

void time_update_vcpu(struct vcpu *v)
{
	struct vcpu_time_info fresh = { .version = v->time_shown.version };

	time_params(v->domain, &fresh);
	if (memcmp(&fresh, &v->time_shown, sizeof(fresh)) != 0)
		time_write(v, &fresh);
}

void time_show_vcpu(struct vcpu *v)
{
	struct vcpu_time_info fresh = { 0 };

	time_params(v->domain, &fresh);
	time_write(v, &fresh);
}

void time_write_guest(struct vcpu *v)
{
	struct vcpu_time_info t = v->time_shown;

	if (!v->time_va || !v->time_area_is_stale)
		return;
	t.version--;
	if (guest_write_va(v->time_va, &t.version) != 0)
		return;
	smp_wmb();
	if (guest_write_va(v->time_va, &t) != 0)
		return;
	smp_wmb();
	t.version++;
	if (guest_write_va(v->time_va, &t.version) != 0)
		return;
	v->time_area_is_stale = false;
}

void time_init(void)
{
	uint64_t sec;
	uint32_t nsec;

	arch_wallclock(&sec, &nsec);
	wall_ns = sec * NS_PER_S + nsec;
}

void time_get_wallclock(uint64_t *sec, uint32_t *nsec)
{
	uint64_t flags = lock_take_irq(&wall_lock);
	uint64_t ns = wall_ns;

	lock_drop_irq(&wall_lock, flags);
	*sec = ns / NS_PER_S;
	*nsec = (uint32_t)(ns % NS_PER_S);
}

void time_update_wallclock(struct domain *d)
{
	struct shared_info *s;
	uint64_t sec;
	uint32_t nsec, version;

	time_get_wallclock(&sec, &nsec);
	lock_take(&d->lock);
	s = d->shared_info;
	if (s) {
		sec += (uint64_t)d->time_offset_seconds;
		version = READ_ONCE(s->wc_version) | 1;
		WRITE_ONCE(s->wc_version, version);
		smp_wmb();
		s->wc_sec = (uint32_t)sec;
		s->wc_sec_hi = (uint32_t)(sec >> 32);
		s->wc_nsec = nsec;
		smp_wmb();
		WRITE_ONCE(s->wc_version, version + 1);
	}
	lock_drop(&d->lock);
}

void time_set_wallclock(uint64_t sec, uint32_t nsec, uint64_t system_time)
{
	uint64_t flags = lock_take_irq(&wall_lock);
	struct domain *d;
	domid_t id;

	wall_ns = sec * NS_PER_S + nsec - system_time;
	lock_drop_irq(&wall_lock, flags);
	for (id = 0; (d = domain_get_next(id)) != NULL; id++) {
		id = d->id;
		time_update_wallclock(d);
		domain_put(d);
	}
}

static void singleshot_fires(void *arg)
{
	event_send_vcpu_virq(arg, VIRQ_TIMER);
}

/* It stands still while nobody listens: until VIRQ_TIMER is bound again. */
static void periodic_fires(void *arg)
{
	struct vcpu *v = arg;
	uint64_t period = READ_ONCE(v->periodic_ns);
	uint64_t next = v->periodic.expires + period;

	event_send_vcpu_virq(v, VIRQ_TIMER);
	if (!period || !READ_ONCE(v->virq_port[VIRQ_TIMER]))
		return;
	/* Ticks that were missed are not made up for. */
	timer_set(&v->periodic, MAX(next, time_now()));
}

void time_vcpu_init(struct vcpu *v)
{
	timer_init(&v->singleshot, singleshot_fires, v, v->processor);
	timer_init(&v->periodic, periodic_fires, v, v->processor);
	v->periodic_ns = PERIOD_DEFAULT_NS;
}

void time_vcpu_stop(struct vcpu *v)
{
	WRITE_ONCE(v->periodic_ns, 0);
	timer_kill(&v->singleshot);
	timer_kill(&v->periodic);
}

/* Where v runs, so that its tick interrupts no other CPU. */
static void timer_bring(struct timer *t, const struct vcpu *v)
{
	unsigned cpu = READ_ONCE(v->processor);

	if (t->cpu != cpu)
		timer_migrate(t, cpu);
}

void time_start_periodic(struct vcpu *v)
{
	uint64_t period = READ_ONCE(v->periodic_ns);

	if (!period)
		return;
	timer_bring(&v->periodic, v);
	timer_set(&v->periodic, time_now() + period);
}

void time_set_periodic(struct vcpu *v, uint64_t period_ns)
{
	WRITE_ONCE(v->periodic_ns, 0);
	timer_stop(&v->periodic);
	WRITE_ONCE(v->periodic_ns, period_ns);
	time_start_periodic(v);
}

void time_set_singleshot(struct vcpu *v, uint64_t ns)
{
	if (ns == ~0ULL) {
		timer_stop(&v->singleshot);
		return;
	}
	timer_bring(&v->singleshot, v);
	timer_set(&v->singleshot, ns);
}
