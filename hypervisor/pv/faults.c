/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faults of a guest, sorted: repaired or emulated by us, else bounced to the
 * guest's own handler.
 */
#include <tenon/arch.h>
#include <tenon/domain.h>
#include <tenon/entry.h>
#include <tenon/guest_copy.h>
#include <tenon/pagetype.h>
#include <tenon/pte.h>
#include <tenon/pv.h>
#include <tenon/shadow.h>
#include <tenon/trace.h>

#define RFLAGS_TF (1UL << 8)
#define DR6_BS	  (1UL << 14) /* a single step */

unsigned pv_fetch(struct vcpu *v, vaddr_t rip, uint8_t *buf, unsigned n)
{
	unsigned first = (unsigned)(PAGE_SIZE - (rip & ~PAGE_MASK));

	(void)v;
	if (first > n)
		first = n;
	if (arch_copy_from_guest(buf, rip, first))
		return 0;
	if (first < n &&
		arch_copy_from_guest(buf + first, rip + first, n - first))
		return first;
	return n;
}

/* Another vcpu has mended the entry meanwhile, or the TLB is behind. */
static bool is_spurious(struct vcpu *v, vaddr_t addr, uint32_t error)
{
	uint64_t entry;

	if ((error & (PF_RESERVED | PF_FETCH)) || !pt_lookup(v, addr, &entry))
		return false;
	if (!(entry & PTE_PRESENT))
		return false;
	if ((error & PF_WRITE) && !(entry & PTE_RW))
		return false;
	return true;
}

/* The instruction at rip was carried out by us: a single step ends after it.
 * Where it was not, or a handler was entered in its place, nothing happens. */
static void end_step(struct cpu_user_regs *regs, vaddr_t rip)
{
	if (unlikely(regs->rflags & RFLAGS_TF) && regs->rip != rip)
		entry_debug(regs, DR6_BS);
}

static no_inline void trace_table_write(vaddr_t addr, vaddr_t rip)
{
	TRACE(TRC_PV_PTWR_EMULATION | TRC_64_FLAG, TRACE_64(0), TRACE_64(addr),
		TRACE_64(rip));
}

static no_inline void trace_fixup(vaddr_t addr, vaddr_t rip)
{
	TRACE(TRC_PV_PAGING_FIXUP | TRC_64_FLAG, TRACE_64(rip), TRACE_64(addr));
}

void entry_page_fault(struct cpu_user_regs *regs, vaddr_t addr)
{
	struct vcpu *v = current;
	uint32_t error = regs->error_code;
	vaddr_t rip = regs->rip;

	if (is_hypervisor_va(addr)) {
		/* Ours: nothing there for the guest, whatever the CPU said. */
		pv_inject_page_fault(v, regs, addr, error & ~PF_PRESENT);
		return;
	}
	if (unlikely(v->domain->is_followed)) {
		if (shadow_fault(v, addr, &error)) {
			trace_fixup(addr, rip);
			return;
		}
		regs->error_code = error;
	}
	if (v->arch.in_kernel &&
		(error & (PF_PRESENT | PF_WRITE | PF_RESERVED)) ==
			(PF_PRESENT | PF_WRITE) &&
		pt_write_fault(v, addr, regs)) {
		if (trace_is_on(TRC_PV))
			trace_table_write(addr, rip);
		end_step(regs, rip);
		return;
	}
	/* A fault of user code goes to its kernel, and the way there flushes.
	 */
	if (v->arch.in_kernel && (error & PF_PRESENT) &&
		is_spurious(v, addr, error)) {
		trace_fixup(addr, rip);
		arch_tlb_flush(CPUMASK(this_cpu()->id), TLB_PAGE, addr);
		return;
	}
	pv_inject_page_fault(v, regs, addr, error);
}

/* int n through a gate that only the guest kernel's own table allows. */
static bool is_software_interrupt(
	struct vcpu *v, struct cpu_user_regs *regs, unsigned *vector)
{
	uint8_t insn[2];

	/* IDT bit set, EXT clear (SDM vol. 3A, 6.13).  The instruction says
	 * the vector: one emulator's error code names another. */
	if ((regs->error_code & 3) != 2 ||
		pv_fetch(v, regs->rip, insn, 2) != 2 || insn[0] != 0xcd)
		return false;
	*vector = insn[1];
	return true;
}

void entry_int(struct cpu_user_regs *regs, unsigned vector)
{
	struct vcpu *v = current;
	const struct trap_info *t = &v->arch.traps[vector];

	if (t->address && (v->arch.in_kernel || (t->flags & 3) == 3)) {
		pv_inject(v, regs, vector, 0);
		return;
	}
	/* As a gate of too small a DPL: #GP at the instruction. */
	regs->rip -= 2;
	pv_inject(v, regs, 13, vector * 8 + 2);
}

void entry_general_protection(struct cpu_user_regs *regs)
{
	struct vcpu *v = current;
	vaddr_t rip = regs->rip;
	unsigned vector;

	if (is_software_interrupt(v, regs, &vector)) {
		const struct trap_info *t = &v->arch.traps[vector];

		if (t->address && (v->arch.in_kernel || (t->flags & 3) == 3)) {
			regs->rip += 2;
			pv_inject(v, regs, vector, 0);
			return;
		}
		pv_inject(v, regs, 13, vector * 8 + 2);
		return;
	}
	if (regs->error_code == 0 &&
		(pv_emulate_privileged(v, regs) || pv_emulate_umip(v, regs))) {
		TRACE(TRC_PV_EMULATE_PRIVOP | TRC_64_FLAG, TRACE_64(rip));
		end_step(regs, rip);
		return;
	}
	pv_inject(v, regs, 13, regs->error_code);
}

void entry_invalid_opcode(struct cpu_user_regs *regs)
{
	struct vcpu *v = current;
	vaddr_t rip = regs->rip;

	if (pv_emulate_forced_cpuid(v, regs)) {
		TRACE(TRC_PV_FORCED_INVALID_OP | TRC_64_FLAG, TRACE_64(rip));
		end_step(regs, rip);
		return;
	}
	pv_inject(v, regs, 6, 0);
}

void entry_device_not_available(struct cpu_user_regs *regs)
{
	struct vcpu *v = current;

	/* The guest's TS is the CPU's while it runs; its handler expects it
	 * cleared (public/xen.h, fpu_taskswitch). */
	arch_set_fpu_ts(v, false);
	pv_inject(v, regs, 7, 0);
}

/* Breakpoints of a kernel that has a debugger in dom0 are that one's. */
static bool is_debuggers(struct vcpu *v, unsigned vector)
{
	if (likely(!v->domain->has_debugger) || !v->arch.in_kernel)
		return false;
	/* Off since the trap; locks may wait for what others want of us. */
	arch_irq_enable();
	domain_pause_for_debugger(v, vector);
	return true;
}

void entry_debug(struct cpu_user_regs *regs, uint64_t dr6)
{
	struct vcpu *v = current;

	v->arch.dr[6] = (v->arch.dr[6] & ~0xfULL) | (dr6 & 0xe00f) | 0xffff0ff0;
	if (!is_debuggers(v, 1))
		pv_inject(v, regs, 1, 0);
}

void entry_exception(struct cpu_user_regs *regs, unsigned vector)
{
	if (unlikely(vector == 3) && is_debuggers(current, 3))
		return;
	pv_inject(current, regs, vector, regs->error_code);
}

void entry_resume(struct vcpu *v, struct cpu_user_regs *regs)
{
	pv_deliver_events(v, regs);
}
