/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a vcpu spends its time, and the copy that its guest asked for.
 *
 * The area's address is the guest kernel's and is used when v is current.  In
 * user mode the user root is loaded, in which the kernel's addresses do not
 * exist: a vcpu switched in there is shown its kernel root for the write.
 */
#include "sched_queue.h"

#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/guest_copy.h>
#include <tenon/trace.h>
#include <public/vcpu.h>

void runstate_change(struct vcpu *v, int state, uint64_t now)
{
	struct vcpu_runstate_info *r = &v->runstate;

	if (r->state == state)
		return;
	if (now > r->state_entry_time)
		r->time[r->state] += now - r->state_entry_time;
	r->state_entry_time = now;
	if (trace_is_on(TRC_SCHED))
		TRACE(TRC_SCHED_RUNSTATE_CHANGE | (uint32_t)r->state << 8 |
				(uint32_t)state << 4,
			TRACE_VCPU(v));
	r->state = state;
}

int runstate_asleep(const struct vcpu *v)
{
	uint32_t why = atomic_read(&v->pause_flags);

	if (why & VCPU_DOWN || atomic_read(&v->pauses) ||
		atomic_read(&v->domain->pauses))
		return RUNSTATE_offline;
	/* It has a use for the CPU, but not the right. */
	if (!why && READ_ONCE(v->domain->sched.is_parked))
		return RUNSTATE_runnable;
	return RUNSTATE_blocked;
}

/*
 * XEN_RUNSTATE_UPDATE: set in the guest's state_entry_time first, then the
 * rest is written, then it is cleared.
 */
static void write_area(struct vcpu *v, const struct vcpu_runstate_info *r)
{
	struct vcpu_runstate_info copy = *r;
	vaddr_t va = v->runstate_va;
	vaddr_t entry_va =
		va + offsetof(struct vcpu_runstate_info, state_entry_time);
	bool has_flag = v->domain->vm_assist &
			(1ULL << VMASST_TYPE_runstate_update_flag);
	uint64_t entry = copy.state_entry_time;

	if (has_flag) {
		copy.state_entry_time |= XEN_RUNSTATE_UPDATE;
		if (guest_write_va(entry_va, &copy.state_entry_time) != 0)
			return;
		smp_wmb();
	}
	if (guest_write_va(va, &copy) != 0)
		return;
	if (has_flag) {
		smp_wmb();
		if (guest_write_va(entry_va, &entry) != 0)
			return;
	}
}

void runstate_write_guest(struct vcpu *v)
{
	if (v->runstate_va)
		write_area(v, &v->runstate);
}

void runstate_switching_out(
	struct vcpu *v, const struct vcpu_runstate_info *now)
{
	/* Others only ask about a vcpu that may hold a lock of the kernel. */
	if (v->runstate_va && v->arch.in_kernel)
		write_area(v, now);
}

void runstate_switched_in(struct vcpu *v)
{
	bool is_user = !v->arch.in_kernel;

	if (v->is_idle)
		return;
	time_update_vcpu(v);
	if (!v->runstate_va && !v->time_area_is_stale)
		return;
	if (is_user) {
		v->arch.in_kernel = true;
		arch_load_root(v);
	}
	time_write_guest(v);
	runstate_write_guest(v);
	if (is_user) {
		v->arch.in_kernel = false;
		arch_load_root(v);
	}
}

void sched_get_runstate(struct vcpu *v, struct vcpu_runstate_info *out)
{
	uint64_t flags, now;
	struct run_queue *q;
	unsigned cpu;

	for (;;) {
		cpu = atomic_read(&v->processor);
		q = &run_queues[cpu];
		flags = lock_take_irq(&q->lock);
		if (v->processor == cpu)
			break;
		lock_drop_irq(&q->lock, flags);
	}
	*out = v->runstate;
	now = time_now();
	lock_drop_irq(&q->lock, flags);
	if (now > out->state_entry_time)
		out->time[out->state] += now - out->state_entry_time;
}

uint64_t sched_cpu_time(struct vcpu *v)
{
	struct vcpu_runstate_info r;

	sched_get_runstate(v, &r);
	return r.time[RUNSTATE_running];
}

uint64_t sched_idle_time(unsigned cpu)
{
	return cpus[cpu] && cpus[cpu]->idle ? sched_cpu_time(cpus[cpu]->idle)
					    : 0;
}
