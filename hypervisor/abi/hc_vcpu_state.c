/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a kernel tells about itself: traps, callbacks, stack, segments, debug
 * registers, FPU, assists.
 */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/hypercall.h>
#include <tenon/pte.h>
#include <tenon/pv.h>
#include <public/callback.h>
#include <public/nmi.h>

#define TRAPS_MAX 256

/* Selectors run in ring 3, whatever the kernel wrote in the low bits. */
#define RING3 3

/* Argument: the table, ended by address 0; a null pointer clears all. */
long hc_set_trap_table(struct hypercall *hc)
{
	struct trap_info *traps = hc->v->arch.traps;
	struct trap_info t;
	unsigned i;

	if (!hc->arg[0]) {
		for (i = 0; i < TRAPS_MAX; i++)
			traps[i] = (struct trap_info){ .vector = (uint8_t)i };
		pv_prepare_bounce(hc->v);
		return 0;
	}
	for (i = 0; i <= TRAPS_MAX; i++) {
		if (guest_read_va(&t, hc->arg[0] + i * sizeof(t)) != 0)
			return -EFAULT;
		if (!t.address)
			return 0;
		if (i == TRAPS_MAX || !is_canonical(t.address))
			return -EINVAL;
		t.cs |= RING3;
		traps[t.vector] = t;
		pv_prepare_bounce(hc->v);
	}
	return 0;
}

/* Arguments: event, failsafe and system call entry. */
long hc_set_callbacks(struct hypercall *hc)
{
	struct arch_vcpu *a = &hc->v->arch;

	if (!is_canonical(hc->arg[0]) || !is_canonical(hc->arg[1]) ||
		!is_canonical(hc->arg[2]))
		return -EINVAL;
	a->event.rip = hc->arg[0];
	a->failsafe.rip = hc->arg[1];
	a->syscall.rip = hc->arg[2];
	a->syscall.masks_events = a->failsafe.masks_events = false;
	pv_prepare_bounce(hc->v);
	return 0;
}

static struct pv_callback *callback_of(struct vcpu *v, unsigned type)
{
	switch (type) {
	case CALLBACKTYPE_event:
		return &v->arch.event;
	case CALLBACKTYPE_failsafe:
		return &v->arch.failsafe;
	case CALLBACKTYPE_syscall:
		return &v->arch.syscall;
	case CALLBACKTYPE_syscall32:
		return &v->arch.syscall32;
	case CALLBACKTYPE_sysenter:
		return &v->arch.sysenter;
	case CALLBACKTYPE_nmi:
		return &v->arch.nmi;
	default:
		return NULL;
	}
}

static long callback_register(struct vcpu *v, vaddr_t va)
{
	struct callback_register op;
	struct pv_callback *c;
	bool masks_events;

	if (guest_read_va(&op, va) != 0)
		return -EFAULT;
	c = callback_of(v, op.type);
	if (!c)
		return -ENOSYS;
	if (!is_canonical(op.address))
		return -EINVAL;
	masks_events = op.flags & CALLBACKF_mask_events ||
		       op.type == CALLBACKTYPE_event ||
		       op.type == CALLBACKTYPE_nmi;
	*c = (struct pv_callback){ op.address, masks_events };
	pv_prepare_bounce(v);
	return 0;
}

static long callback_unregister(struct vcpu *v, vaddr_t va)
{
	struct callback_unregister op;
	struct pv_callback *c;

	if (guest_read_va(&op, va) != 0)
		return -EFAULT;
	c = callback_of(v, op.type);
	if (!c)
		return -ENOSYS;
	if (op.type != CALLBACKTYPE_nmi)
		return -EINVAL;
	*c = (struct pv_callback){ 0 };
	return 0;
}

/* Arguments: the command, its structure. */
long hc_callback_op(struct hypercall *hc)
{
	switch ((uint32_t)hc->arg[0]) {
	case CALLBACKOP_register:
		return callback_register(hc->v, hc->arg[1]);
	case CALLBACKOP_unregister:
		return callback_unregister(hc->v, hc->arg[1]);
	default:
		return -ENOSYS;
	}
}

/* Arguments: the command, its structure. */
long hc_nmi_op(struct hypercall *hc)
{
	struct xennmi_callback op;

	switch ((uint32_t)hc->arg[0]) {
	case XENNMI_register_callback:
		if (guest_read_va(&op, hc->arg[1]) != 0)
			return -EFAULT;
		if (hc->v->id != 0 || !is_canonical(op.handler_address))
			return -EINVAL;
		hc->v->arch.nmi =
			(struct pv_callback){ op.handler_address, true };
		return 0;
	case XENNMI_unregister_callback:
		hc->v->arch.nmi = (struct pv_callback){ 0 };
		return 0;
	default:
		return -ENOSYS;
	}
}

/* Arguments: ss, rsp of the kernel. */
long hc_stack_switch(struct hypercall *hc)
{
	if (!is_canonical(hc->arg[1]))
		return -EINVAL;
	hc->v->arch.kernel_ss = (uint16_t)hc->arg[0] | RING3;
	hc->v->arch.kernel_sp = hc->arg[1];
	pv_prepare_bounce(hc->v);
	return 0;
}

/* Argument: set or clear CR0.TS. */
long hc_fpu_taskswitch(struct hypercall *hc)
{
	hc->v->arch.fpu_ts = hc->arg[0] != 0;
	arch_set_fpu_ts(hc->v, hc->v->arch.fpu_ts);
	return 0;
}

/* DR4 and DR5 are other names of DR6 and DR7: SDM vol. 3B, 18.2.2. */
static bool debugreg_number(uint64_t arg, unsigned *nr)
{
	if (arg > 7)
		return false;
	*nr = arg == 4 || arg == 5 ? (unsigned)arg + 2 : (unsigned)arg;
	return true;
}

/* Arguments: the register, its value. */
long hc_set_debugreg(struct hypercall *hc)
{
	unsigned nr;

	if (!debugreg_number(hc->arg[0], &nr))
		return -ENODEV;
	return pv_set_debugreg(hc->v, nr, hc->arg[1]);
}

/* Argument: the register; the result is its value. */
long hc_get_debugreg(struct hypercall *hc)
{
	unsigned nr;

	if (!debugreg_number(hc->arg[0], &nr))
		return -ENODEV;
	return (long)hc->v->arch.dr[nr];
}

/* Arguments: a SEGBASE_*, the base (or the selector). */
long hc_set_segment_base(struct hypercall *hc)
{
	uint64_t which = (uint32_t)hc->arg[0], base = hc->arg[1];

	if (which > SEGBASE_GS_USER_SEL)
		return -EINVAL;
	if (which == SEGBASE_GS_USER_SEL)
		base &= 0xffff;
	else if (!is_canonical(base))
		return -EINVAL;
	arch_set_segment_base(hc->v, (unsigned)which, base);
	return 0;
}

/* Assists that a 64-bit guest may ask for. */
#define ASSISTS_KNOWN                                        \
	((1ULL << VMASST_TYPE_4gb_segments) |                \
		(1ULL << VMASST_TYPE_4gb_segments_notify) |  \
		(1ULL << VMASST_TYPE_writable_pagetables) |  \
		(1ULL << VMASST_TYPE_pae_extended_cr3) |     \
		(1ULL << VMASST_TYPE_architectural_iopl) |   \
		(1ULL << VMASST_TYPE_runstate_update_flag) | \
		(1ULL << VMASST_TYPE_m2p_strict))

/* Arguments: enable or disable, a VMASST_TYPE_*. */
long hc_vm_assist(struct hypercall *hc)
{
	uint32_t type = (uint32_t)hc->arg[1];
	struct vcpu *v;

	if (type >= 64 || !(ASSISTS_KNOWN >> type & 1))
		return -EINVAL;
	switch ((uint32_t)hc->arg[0]) {
	case VMASST_CMD_enable:
		atomic_or(&hc->d->vm_assist, 1ULL << type);
		break;
	case VMASST_CMD_disable:
		atomic_and(&hc->d->vm_assist, ~(1ULL << type));
		break;
	default:
		return -ENOSYS;
	}
	vcpu_for_each (hc->d, v)
		pv_prepare_bounce(v);
	return 0;
}
