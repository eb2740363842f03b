/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile kernels at their frames (pv/bounce.c, pv/iret.c): exceptions, system
 * calls, failsafes, events and returns in any order, with stacks, handlers and
 * frames of the fuzzer's choice. Whatever comes of it runs in ring 3 with
 * interrupts on and without privilege, or the domain has crashed.
 */
#include "unit/ctl_rig.h"
#include <tenon/panic.h>
#include <tenon/pte.h>
#include <tenon/pv.h>

#define PAGES 4
#define STEPS 64

#define IF    (1UL << 9)
#define IOPL  (3UL << 12)
#define VM    (1UL << 17)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *input, *input_end;
static mfn_t frames[PAGES + FAKE_SPACE_TABLES];

static uint8_t next(void)
{
	return input < input_end ? *input++ : 0;
}

static uint64_t word(void)
{
	uint8_t kind = next(), value = next();

	switch (kind & 7) {
	case 0:
		return value;
	case 1: /* some place on a stack, one too high or in the tables */
		return FAKE_SPACE_VA + value * 128 + (kind >> 3);
	case 2:
		return FAKE_SPACE_VA + (1 + value % PAGES) * PAGE_SIZE;
	case 3:
		return HYPERVISOR_VA_START + value;
	case 4:
		return ~0ULL - value;
	case 5:
		return FLAT_KERNEL_CS & ~(value & 3ULL);
	case 6:
		return 1ULL << (value & 63);
	default:
		return (uint64_t)value << (kind >> 3);
	}
}

static void start(void)
{
	struct vcpu *v;

	ctl_start(1);
	ctl_play(1);
	v = current;
	BUG_ON(fake_space(v, PAGES, frames));
	if (next() & 1)
		BUG_ON(pt_new_root(v, v->arch.root, true));
	v->arch.kernel_sp = FAKE_SPACE_VA + 2 * PAGE_SIZE;
	for (unsigned i = 0; i < 256; i++)
		v->arch.traps[i].address = 0x1000 + i;
	v->arch.event.rip = 0x2000;
	v->arch.failsafe.rip = 0x2001;
	v->arch.syscall.rip = 0x2002;
	*arch_guest_regs() = (struct cpu_user_regs){ .rip = 0x3000,
		.rsp = FAKE_SPACE_VA + PAGE_SIZE,
		.cs = FLAT_KERNEL_CS,
		.ss = FLAT_KERNEL_SS,
		.rflags = IF | 2 };
}

/* A frame for iret, if there is memory where it looks. */
static void put_frame(const struct cpu_user_regs *regs)
{
	for (unsigned i = 0; i < sizeof(struct iret_context) / 8; i++) {
		uint64_t *at = fake_guest_access(regs->rsp + i * 8, true, NULL);
		uint64_t value = word();

		if (at && !(regs->rsp & 7))
			*at = value;
	}
}

static void tell(struct vcpu *v)
{
	struct pv_callback *const list[] = { &v->arch.event, &v->arch.failsafe,
		&v->arch.syscall, &v->arch.syscall32, &v->arch.nmi };
	struct pv_callback *c = list[next() % ARRAY_SIZE(list)];

	/* As the hypercalls: canonical addresses alone. */
	c->rip = word();
	if (!is_canonical(c->rip))
		c->rip = 0;
	c->masks_events = next() & 1;
}

static void step(struct vcpu *v, struct cpu_user_regs *regs)
{
	switch (next() % 10) {
	case 0:
		pv_inject(v, regs, next(), next());
		break;
	case 1:
		pv_inject_page_fault(v, regs, word(), next());
		break;
	case 2:
		if (!v->arch.in_kernel)
			pv_syscall(v, regs);
		break;
	case 3:
		pv_syscall32(v, regs);
		break;
	case 4:
		pv_failsafe(v, regs);
		break;
	case 5:
		if (!v->arch.in_kernel)
			break;
		put_frame(regs);
		(void)ctl_call(hc_iret, 0, 0, 0);
		break;
	case 6:
		tell(v);
		break;
	case 7: /* the guest's own doing */
		regs->rsp = word();
		regs->rflags = (word() & ~(IOPL | VM)) | IF | 2;
		break;
	case 8:
		v->arch.kernel_sp = word();
		v->arch.traps[next()].address = next();
		v->vcpu_info->evtchn_upcall_mask = next() & 1;
		break;
	default:
		v->vcpu_info->evtchn_upcall_pending = 1;
		v->nmi_pending = next() & 1;
		pv_deliver_events(v, regs);
		break;
	}
}

static void check(const struct vcpu *v, const struct cpu_user_regs *regs)
{
	BUG_ON((regs->cs & 3) != 3 || (regs->ss & 3) != 3);
	BUG_ON(regs->rflags & (IOPL | VM) || !(regs->rflags & IF));
	BUG_ON(!v->arch.in_kernel && !v->arch.user_root.v);
	BUG_ON(this_cpu()->locks_held || !arch_irq_enabled());
	BUG_ON(dom[0]->is_shutting_down || dom[2]->is_shutting_down);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vcpu *v;

	input = data;
	input_end = data + size;
	start();
	v = current;
	for (unsigned n = 0; n < STEPS && input < input_end; n++) {
		step(v, arch_guest_regs());
		if (v->domain->is_shutting_down)
			break;
		check(v, arch_guest_regs());
	}
	ctl_stop();
	return 0;
}
