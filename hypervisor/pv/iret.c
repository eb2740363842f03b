/* SPDX-License-Identifier: BSD-2-Clause */
/* The iret hypercall: back to where a frame on the guest's stack says. */
#include <tenon/arch.h>
#include <tenon/domain.h>
#include <tenon/guest_copy.h>
#include <tenon/hypercall.h>
#include <tenon/pv.h>
#include <public/xen.h>

#define RFLAGS_IF   (1UL << 9)
#define RFLAGS_IOPL (3UL << 12)
#define RFLAGS_VM   (1UL << 17)

long hc_iret(struct hypercall *hc)
{
	struct vcpu *v = hc->v;
	struct cpu_user_regs *regs = arch_guest_regs();
	struct iret_context f;

	/* Read once: another vcpu may write the stack meanwhile. */
	if (arch_copy_from_guest(&f, regs->rsp, sizeof(f))) {
		domain_crash(hc->d, "vcpu %u: iret without a frame at %p",
			v->id, (void *)regs->rsp);
		return 0;
	}
	if ((f.cs & 3) == 3) {
		if (v->arch.user_root.v == 0) {
			domain_crash(hc->d,
				"vcpu %u: iret to user mode without a user "
				"page table",
				v->id);
			return 0;
		}
		arch_toggle_mode(v);
	}
	regs->rip = f.rip;
	regs->cs = (uint16_t)(f.cs | 3);
	regs->rflags = (f.rflags & ~(RFLAGS_IOPL | RFLAGS_VM)) | RFLAGS_IF | 2;
	regs->rsp = f.rsp;
	regs->ss = (uint16_t)(f.ss | 3);
	if (!(f.flags & VGCF_in_syscall)) {
		regs->entry_vector = 0;
		regs->r11 = f.r11;
		regs->rcx = f.rcx;
	} else {
		/* A SYSRET: what the instruction leaves behind. */
		regs->r11 = regs->rflags;
		regs->rcx = f.rip;
	}
	regs->rax = f.rax;
	v->arch.nmi_masked = 0;
	WRITE_ONCE(v->vcpu_info->evtchn_upcall_mask, !(f.rflags & RFLAGS_IF));
	return 0;
}
