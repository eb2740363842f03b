/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vcpu's whole state in and out, as VCPUOP_initialise and the context
 * domctls carry it.
 */
#include <tenon/arch.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/pagetype.h>
#include <tenon/pte.h>
#include <tenon/pv.h>
#include <tenon/shadow.h>
#include <tenon/string.h>
#include <public/xen.h>

#define RFLAGS_IF   (1UL << 9)
#define RFLAGS_IOPL (3UL << 12)
#define RFLAGS_VM   (1UL << 17)

#define VM_ASSIST_KNOWN                                  \
	(1UL << VMASST_TYPE_4gb_segments |               \
		1UL << VMASST_TYPE_4gb_segments_notify | \
		1UL << VMASST_TYPE_writable_pagetables | \
		1UL << VMASST_TYPE_pae_extended_cr3 |    \
		1UL << VMASST_TYPE_architectural_iopl |  \
		1UL << VMASST_TYPE_runstate_update_flag)

static bool is_guest_code(uint64_t va)
{
	return is_canonical(va) && !is_hypervisor_va(va);
}

static bool is_sane(const struct vcpu_guest_context *c)
{
	if (!is_guest_code(c->event_callback_eip) ||
		!is_guest_code(c->failsafe_callback_eip) ||
		!is_guest_code(c->syscall_callback_eip) ||
		!is_canonical(c->fs_base) || !is_canonical(c->gs_base_kernel) ||
		!is_canonical(c->gs_base_user) ||
		!is_canonical(c->user_regs.rip))
		return false;
	if (c->ldt_ents > 8192 || (c->ldt_ents && (c->ldt_base & ~PAGE_MASK)))
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++)
		if (!is_guest_code(c->trap_ctxt[i].address))
			return false;
	return c->gdt_ents <= FIRST_RESERVED_GDT_ENTRY;
}

static int take_root(struct vcpu *v, uint64_t cr3, mfn_t *root)
{
	mfn_t m = MFN(xen_cr3_to_pfn(cr3));
	struct page *pg;
	int error;

	if (!mfn_valid(m))
		return -EINVAL;
	pg = mfn_to_page(m);
	if (!page_get(pg, v->domain))
		return -EINVAL;
	error = pagetype_get(pg, PT_L4);
	if (error) {
		page_put(pg);
		return error == -EINTR ? -ERESTART_HC : error;
	}
	*root = m;
	return 0;
}

static void drop_root(mfn_t *root)
{
	if (root->v)
		page_put_and_type(mfn_to_page(*root));
	*root = MFN(0);
}

static void set_registers(struct vcpu *v, const struct vcpu_guest_context *c)
{
	struct arch_vcpu *a = &v->arch;

	a->regs = c->user_regs;
	a->regs.cs |= 3;
	a->regs.ss |= 3;
	a->regs.rflags =
		(a->regs.rflags & ~(RFLAGS_IOPL | RFLAGS_VM)) | RFLAGS_IF | 2;
	a->regs.entry_vector = 0;
	/* IOPL is virtual: the guest's is kept beside the real flags. */
	a->iopl = c->user_regs.rflags >> 12 & 3;
	a->in_kernel = c->flags & VGCF_in_kernel;
	a->in_syscall = c->flags & VGCF_in_syscall;
	memset(a->traps, 0, sizeof(a->traps));
	for (unsigned i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++)
		if (c->trap_ctxt[i].address)
			a->traps[c->trap_ctxt[i].vector] = c->trap_ctxt[i];
	a->event.rip = c->event_callback_eip;
	a->failsafe.rip = c->failsafe_callback_eip;
	a->failsafe.masks_events = c->flags & VGCF_failsafe_disables_events;
	a->syscall.rip = c->syscall_callback_eip;
	a->syscall.masks_events = c->flags & VGCF_syscall_disables_events;
	a->kernel_ss = c->kernel_ss | 3;
	a->kernel_sp = c->kernel_sp;
	a->fs_base = c->fs_base;
	a->gs_base_kernel = c->gs_base_kernel;
	a->gs_base_user = c->gs_base_user;
	a->ldt_base = c->ldt_base;
	a->ldt_entries = (unsigned)c->ldt_ents;
	a->fpu_ts = c->ctrlreg[0] & 8;
	/* Bits that are not the guest's are left out; it cannot fail. */
	if (pv_write_cr(v, 4, c->ctrlreg[4]))
		a->cr[4] = 0;
}

/* A breakpoint where none may be is left out, not an error. */
static void set_debug(struct vcpu *v, const struct vcpu_guest_context *c)
{
	static const uint8_t order[] = { 0, 1, 2, 3, 6, 7 };

	for (unsigned i = 0; i < ARRAY_SIZE(order); i++)
		if (pv_set_debugreg(v, order[i], c->debugreg[order[i]]))
			v->arch.dr[order[i]] = 0;
}

int pv_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
	uint64_t frames[PV_GDT_FRAMES];
	mfn_t root = MFN(0), user_root = MFN(0);
	int error;

	if (!is_sane(c))
		return -EINVAL;
	error = take_root(v, c->ctrlreg[3], &root);
	if (error)
		return error;
	if (c->ctrlreg[1]) {
		error = take_root(v, c->ctrlreg[1], &user_root);
		if (error)
			goto out_root;
	}
	error = -EINVAL;
	if (!(c->flags & VGCF_in_kernel) && user_root.v == 0)
		goto out_root;
	for (unsigned i = 0; i < PV_GDT_FRAMES; i++)
		frames[i] = c->gdt_frames[i];
	error = pv_set_gdt(v, frames, (unsigned)c->gdt_ents);
	if (error)
		goto out_root;

	pv_invalidate_ldt(v);
	drop_root(&v->arch.root);
	drop_root(&v->arch.user_root);
	v->arch.root = root;
	v->arch.user_root = user_root;
	shadow_set_roots(v);
	set_registers(v, c);
	set_debug(v, c);
	v->domain->vm_assist |= c->vm_assist & VM_ASSIST_KNOWN;
	pv_prepare_bounce(v);
	if (c->flags & VGCF_i387_valid)
		arch_set_fxsave(v, c->fpu_ctxt.x);
	return 0;

out_root:
	drop_root(&user_root);
	drop_root(&root);
	return error;
}

void pv_get_context(struct vcpu *v, struct vcpu_guest_context *c)
{
	const struct arch_vcpu *a = &v->arch;

	memset(c, 0, sizeof(*c));
	arch_get_fxsave(v, c->fpu_ctxt.x);
	c->flags = VGCF_i387_valid;
	c->flags |= a->in_kernel ? VGCF_in_kernel : 0;
	c->flags |= a->in_syscall ? VGCF_in_syscall : 0;
	c->flags |=
		a->failsafe.masks_events ? VGCF_failsafe_disables_events : 0;
	c->flags |= a->syscall.masks_events ? VGCF_syscall_disables_events : 0;
	c->flags |= v->pause_flags & VCPU_DOWN ? 0 : VGCF_online;
	c->user_regs = a->regs;
	c->user_regs.entry_vector = 0;
	c->user_regs.error_code = 0;
	c->user_regs.rflags |= (uint64_t)a->iopl << 12;
	for (unsigned i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++) {
		c->trap_ctxt[i] = a->traps[i];
		c->trap_ctxt[i].vector = (uint8_t)i;
	}
	c->ldt_base = a->ldt_base;
	c->ldt_ents = a->ldt_entries;
	for (unsigned i = 0; i < PV_GDT_FRAMES; i++)
		c->gdt_frames[i] = a->gdt_frames[i].v;
	c->gdt_ents = a->gdt_entries;
	c->kernel_ss = a->kernel_ss;
	c->kernel_sp = a->kernel_sp;
	c->ctrlreg[0] = pv_read_cr(v, 0);
	c->ctrlreg[1] = a->user_root.v ? xen_pfn_to_cr3(a->user_root.v) : 0;
	c->ctrlreg[3] = xen_pfn_to_cr3(a->root.v);
	c->ctrlreg[4] = pv_read_cr(v, 4);
	memcpy(c->debugreg, a->dr, sizeof(c->debugreg));
	c->event_callback_eip = a->event.rip;
	c->failsafe_callback_eip = a->failsafe.rip;
	c->syscall_callback_eip = a->syscall.rip;
	c->vm_assist = v->domain->vm_assist;
	c->fs_base = a->fs_base;
	c->gs_base_kernel = a->gs_base_kernel;
	c->gs_base_user = a->gs_base_user;
}
