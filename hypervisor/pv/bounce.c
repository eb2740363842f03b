/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traps to the guest's kernel.  The frame that a handler of a 64-bit PV
 * kernel finds, lowest address first (public/arch-x86/xen.h, and the entry
 * code of the guests):
 *
 *   failsafe only:  ds es fs gs
 *   always:         rcx r11
 *   some vectors:   error code
 *   always:         rip  cs | saved upcall mask << 32  rflags  rsp  ss
 */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/domain.h>
#include <tenon/event.h>
#include <tenon/guest_copy.h>
#include <tenon/pte.h>
#include <tenon/pv.h>
#include <tenon/string.h>
#include <tenon/trace.h>
#include <public/xen.h>

#define FRAME_MAX   12 /* words */

#define RFLAGS_TF   (1UL << 8)
#define RFLAGS_IF   (1UL << 9)
#define RFLAGS_DF   (1UL << 10)
#define RFLAGS_IOPL (3UL << 12)
#define RFLAGS_NT   (1UL << 14)
#define RFLAGS_RF   (1UL << 16)
#define RFLAGS_VM   (1UL << 17)
#define RFLAGS_AC   (1UL << 18)

/* Vectors for which the CPU pushes an error code (SDM vol. 3A, table 6-1). */
#define HAS_ERROR_CODE 0x00227d00U

bool pv_is_kernel(const struct vcpu *v, const struct cpu_user_regs *regs)
{
	(void)regs;
	return v->arch.in_kernel;
}

struct bounce {
	uint64_t rip;
	bool has_error, masks_events, is_failsafe;
	uint32_t error;
};

static uint64_t guest_rflags(
	const struct vcpu *v, const struct cpu_user_regs *regs, uint8_t masked)
{
	uint64_t f = regs->rflags & ~(RFLAGS_IF | RFLAGS_IOPL);

	f |= masked ? 0 : RFLAGS_IF;
	/* A kernel that asked for the hypervisor's IOPL sees its own. */
	return f |
	       (uint64_t)(v->domain->vm_assist >> VMASST_TYPE_architectural_iopl &
					  1
				  ? v->arch.iopl & 3
				  : 0)
		       << 12;
}

static void deliver(
	struct vcpu *v, struct cpu_user_regs *regs, const struct bounce *b)
{
	uint64_t frame[FRAME_MAX];
	unsigned n = FRAME_MAX, words;
	bool was_kernel = v->arch.in_kernel;
	uint8_t masked = READ_ONCE(v->vcpu_info->evtchn_upcall_mask) != 0;
	uint64_t sp;

	frame[--n] = regs->ss;
	frame[--n] = regs->rsp;
	frame[--n] = guest_rflags(v, regs, masked);
	/* RPL 0 tells the guest that its kernel was interrupted. */
	frame[--n] = (was_kernel ? regs->cs & ~3U : regs->cs) | (uint64_t)masked
									<< 32;
	frame[--n] = regs->rip;
	if (b->has_error)
		frame[--n] = b->error;
	frame[--n] = regs->r11;
	frame[--n] = regs->rcx;
	if (b->is_failsafe) {
		frame[--n] = regs->gs;
		frame[--n] = regs->fs;
		frame[--n] = regs->es;
		frame[--n] = regs->ds;
	}
	words = FRAME_MAX - n;
	sp = was_kernel ? regs->rsp : v->arch.kernel_sp;
	sp = (sp & ~15ULL) - words * 8;

	if (!was_kernel)
		arch_toggle_mode(v);
	if (b->rip == 0 || arch_copy_to_guest(sp, &frame[n], words * 8)) {
		domain_crash(v->domain,
			"vcpu %u: no %s for a trap at %p (handler %p, "
			"stack %p)",
			v->id, b->rip ? "kernel stack" : "handler",
			(void *)regs->rip, (void *)b->rip, (void *)sp);
		return;
	}
	if (b->masks_events)
		WRITE_ONCE(v->vcpu_info->evtchn_upcall_mask, 1);
	regs->rsp = sp;
	regs->ss = FLAT_KERNEL_SS;
	regs->cs = FLAT_KERNEL_CS;
	regs->rip = b->rip;
	/* DF and AC as well: kernels leave them to the mask of SYSCALL. */
	regs->rflags &= ~(RFLAGS_TF | RFLAGS_DF | RFLAGS_NT | RFLAGS_RF |
			  RFLAGS_VM | RFLAGS_AC | RFLAGS_IOPL);
	/* Not by SYSCALL, as far as the way out is concerned. */
	regs->entry_vector = 0;
}

static no_inline void trace_trap(const struct vcpu *v,
	const struct cpu_user_regs *regs, unsigned vector, uint32_t error)
{
	if (vector == 14)
		TRACE(TRC_PV_PAGE_FAULT | TRC_64_FLAG, TRACE_64(regs->rip),
			TRACE_64(READ_ONCE(v->vcpu_info->arch.cr2)), error);
	else
		TRACE(TRC_PV_TRAP | TRC_64_FLAG, TRACE_64(regs->rip),
			(vector & 0xff) | error << 16);
}

void pv_inject(struct vcpu *v, struct cpu_user_regs *regs, unsigned vector,
	uint32_t error)
{
	const struct trap_info *t = &v->arch.traps[vector & 0xff];
	struct bounce b = {
		.rip = t->address,
		.has_error = vector < 32 && (HAS_ERROR_CODE >> vector & 1),
		.masks_events = (t->flags & 4) != 0, /* TI_GET_IF */
		.error = error,
	};

	if (trace_is_on(TRC_PV))
		trace_trap(v, regs, vector, error);
	if (t->address == 0) {
		domain_crash(v->domain,
			"vcpu %u: no handler for vector %u (error %#x) at %p",
			v->id, vector, error, (void *)regs->rip);
		return;
	}
	deliver(v, regs, &b);
}

void pv_inject_page_fault(struct vcpu *v, struct cpu_user_regs *regs,
	vaddr_t addr, uint32_t error)
{
	/* Guest kernels run in ring 3, but are told that they do not. */
	if (v->arch.in_kernel)
		error &= ~PF_USER;
	else
		error |= PF_USER;
	WRITE_ONCE(v->vcpu_info->arch.cr2, addr);
	pv_inject(v, regs, 14, error);
}

void pv_syscall(struct vcpu *v, struct cpu_user_regs *regs)
{
	struct bounce b = {
		.rip = v->arch.syscall.rip,
		.masks_events = v->arch.syscall.masks_events,
	};

	deliver(v, regs, &b);
}

void pv_syscall32(struct vcpu *v, struct cpu_user_regs *regs)
{
	struct bounce b = {
		.rip = v->arch.syscall32.rip,
		.masks_events = v->arch.syscall32.masks_events,
	};

	if (v->arch.in_kernel || b.rip == 0) {
		/* As a CPU without the instruction: #UD at it. */
		regs->rip -= 2;
		pv_inject(v, regs, 6, 0);
		return;
	}
	deliver(v, regs, &b);
}

/* Where it was executed is not known: the frame has rip and rsp 0. */
void pv_sysenter(struct vcpu *v, struct cpu_user_regs *regs)
{
	struct bounce b = {
		.rip = v->arch.sysenter.rip,
		.masks_events = v->arch.sysenter.masks_events,
	};

	if (v->arch.in_kernel)
		domain_crash(v->domain,
			"vcpu %u: its kernel has executed SYSENTER", v->id);
	else if (b.rip == 0)
		pv_inject(v, regs, 13, 0);
	else
		deliver(v, regs, &b);
}

/*
 * What assembly may do alone are frames for a handler that masks events, whose
 * stack lies where guests' kernels have theirs, and without an IOPL in the
 * flags.  (The addresses are used with SYSRET, which must never see one that
 * is not canonical.)
 */
void pv_prepare_bounce(struct vcpu *v)
{
	struct arch_vcpu *a = &v->arch;
	const struct trap_info *fault = &a->traps[14];
	vaddr_t sp = a->kernel_sp & ~15ULL;
	bool is_plain =
		is_canonical(a->kernel_sp) && sp - 64 >= HYPERVISOR_VA_END &&
		!(v->domain->vm_assist >> VMASST_TYPE_architectural_iopl & 1);

	a->syscall_frame = is_plain && a->syscall.masks_events &&
					   a->syscall.rip &&
					   is_canonical(a->syscall.rip)
				   ? sp - 56
				   : 0;
	/* A guest that is followed has faults of ours, too. */
	a->fault_frame = is_plain && !v->domain->is_followed &&
					 fault->flags & 4 && fault->address &&
					 is_canonical(fault->address)
				 ? sp - 64
				 : 0;
}

void pv_failsafe(struct vcpu *v, struct cpu_user_regs *regs)
{
	struct bounce b = {
		.rip = v->arch.failsafe.rip,
		.masks_events = v->arch.failsafe.masks_events,
		.is_failsafe = true,
	};

	deliver(v, regs, &b);
}

/* The handler for NMIs: a callback, or vector 2 of the trap table. */
static vaddr_t nmi_handler(const struct vcpu *v)
{
	return v->arch.nmi.rip ? v->arch.nmi.rip : v->arch.traps[2].address;
}

static void deliver_nmi(struct vcpu *v, struct cpu_user_regs *regs)
{
	struct bounce b = { .rip = nmi_handler(v), .masks_events = true };

	/* Until the handler's iret, of which the one to user code may be known
	 * by its effect alone (entry.S). */
	v->arch.nmi_masked = 1;
	deliver(v, regs, &b);
}

void pv_deliver_events(struct vcpu *v, struct cpu_user_regs *regs)
{
	struct bounce b = { .rip = v->arch.event.rip, .masks_events = true };

	if (unlikely(READ_ONCE(v->nmi_pending)) && nmi_handler(v) &&
		!(v->arch.nmi_masked && v->arch.in_kernel) &&
		atomic_swap(&v->nmi_pending, false)) {
		deliver_nmi(v, regs);
		return;
	}
	if (event_is_pending(v) && b.rip)
		deliver(v, regs, &b);
}
