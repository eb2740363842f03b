/* SPDX-License-Identifier: BSD-2-Clause */
/* Dispatch of hypercalls, and multicall, which makes many of them in one. */
#include <tenon/hypercall.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/entry.h>
#include <tenon/errno.h>
#include <tenon/event.h>
#include <tenon/guest_copy.h>
#include <tenon/softirq.h>
#include <tenon/trace.h>
#include <public/xen.h>
#ifdef TENON_HOSTED
#include <arch/fake.h>
#endif

#define SYSCALL_LENGTH 2 /* bytes of the instruction: APM vol. 3, SYSCALL */

#define HYPERCALL_MAX  COUNT_HYPERCALLS

static const struct {
	hypercall_fn *fn;
	unsigned arg_count;
} table[HYPERCALL_MAX] = {
#define HYPERCALL(nr, name, args) [nr] = { hc_##name, args },
#include <tenon/hypercalls.def>
#undef HYPERCALL
};

static inline bool should_yield(const struct vcpu *v)
{
#ifdef TENON_HOSTED
	if (fake_should_yield)
		return fake_should_yield();
#endif
	return softirq_pending() || event_is_pending(v);
}

bool hypercall_should_yield(void)
{
	/* dom0 is built before any guest runs. */
	return current->is_idle ? softirq_pending() : should_yield(current);
}

static inline long dispatch(struct hypercall *hc)
{
	if (hc->nr >= HYPERCALL_MAX || !table[hc->nr].fn)
		return -ENOSYS;
	cpu_count_event(COUNT_HYPERCALL + hc->nr);
	return table[hc->nr].fn(hc);
}

long hypercall_dispatch(struct hypercall *hc)
{
	return dispatch(hc);
}

/* All of the register counts. */
static unsigned number(uint64_t rax)
{
	return rax < HYPERCALL_MAX ? (unsigned)rax : HYPERCALL_MAX;
}

/* As many arguments as a record takes, of those that the call has. */
#define TRACED_ARGS 3U

static no_inline void trace_call(uint32_t event, const struct hypercall *hc)
{
	uint32_t words[1 + 2 * TRACED_ARGS] = { hc->nr };
	unsigned n = 1, count = 0;

	if (hc->nr < HYPERCALL_MAX)
		count = MIN(table[hc->nr].arg_count, TRACED_ARGS);
	for (unsigned i = 0; i < count; i++) {
		words[0] |= (uint32_t)TRC_PV_HYPERCALL_V2_ARG_64(i);
		words[n++] = (uint32_t)hc->arg[i];
		words[n++] = (uint32_t)(hc->arg[i] >> 32);
	}
	trace_write(event, words, n);
}

void entry_hypercall(struct cpu_user_regs *regs)
{
	struct vcpu *v = current;
	struct hypercall hc = {
		.v = v,
		.d = v->domain,
		.nr = number(regs->rax),
		.arg = { regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8,
			regs->r9 },
	};
	long r;

	if (trace_is_on(TRC_PV))
		trace_call(TRC_PV_HYPERCALL_V2, &hc);
	r = dispatch(&hc);
	/* iret has replaced the whole frame. */
	if (hc.nr == __HYPERVISOR_iret)
		return;
	if (r != -ERESTART_HC) {
		regs->rax = (uint64_t)r;
		return;
	}
	/* Again, from the instruction; rax still holds the number. */
	regs->rip -= SYSCALL_LENGTH;
	regs->rdi = hc.arg[0];
	regs->rsi = hc.arg[1];
	regs->rdx = hc.arg[2];
	regs->r10 = hc.arg[3];
	regs->r8 = hc.arg[4];
	regs->r9 = hc.arg[5];
}

/* One entry at va; 0, -EFAULT, or -ERESTART_HC with the entry updated. */
static inline long multicall_one(struct hypercall *hc, vaddr_t va)
{
	struct multicall_entry entry;
	struct hypercall one;
	long r;

	if (guest_read_va(&entry, va) != 0)
		return -EFAULT;
	one = (struct hypercall){
		.v = hc->v,
		.d = hc->d,
		.nr = number(entry.op),
		.arg = { entry.args[0], entry.args[1], entry.args[2],
			entry.args[3], entry.args[4], entry.args[5] },
	};
	if (trace_is_on(TRC_PV))
		trace_call(TRC_PV_HYPERCALL_SUBCALL, &one);
	/* Neither changes the frame that this call returns to, nor nests. */
	if (one.nr == __HYPERVISOR_iret || one.nr == __HYPERVISOR_multicall)
		r = -EINVAL;
	else
		r = dispatch(&one);

	if (r == -ERESTART_HC) {
		if (arch_copy_to_guest(
			    va + offsetof(struct multicall_entry, args),
			    one.arg, sizeof(one.arg)) != 0)
			return -EFAULT;
		return r;
	}
	if (arch_copy_to_guest(va + offsetof(struct multicall_entry, result),
		    &r, sizeof(r)) != 0)
		return -EFAULT;
	return 0;
}

/* Arguments: the array of entries, how many. */
long hc_multicall(struct hypercall *hc)
{
	vaddr_t va = hc->arg[0];
	uint64_t left = (uint32_t)hc->arg[1];
	long r;

	for (; left; left--, va += sizeof(struct multicall_entry)) {
		r = multicall_one(hc, va);
		if (r == -ERESTART_HC)
			break;
		if (r)
			return r;
		if (left > 1 && should_yield(hc->v)) {
			left--;
			va += sizeof(struct multicall_entry);
			break;
		}
	}
	if (!left)
		return 0;
	hc->arg[0] = va;
	hc->arg[1] = left;
	return -ERESTART_HC;
}
