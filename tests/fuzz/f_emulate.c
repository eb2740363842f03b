/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile instructions at the emulators (pv/emulate.c, pv/umip.c): any bytes,
 * at a page's start or end, with any registers, of kernel or user code of a
 * domain with or without devices. What is refused has changed nothing; what is
 * done touches only the domain's ports and memory.
 *
 * Input: who, mode, IOPL, place, then registers of two bytes each, then code.
 */
#include "unit/ctl_rig.h"
#include <tenon/panic.h>
#include <tenon/pte.h>
#include <tenon/pv.h>

#define PAGES 3
#define CODE  1 /* the page with the instruction */
#define REGS  16

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
	case 1:
		return FAKE_SPACE_VA + value * 57;
	case 2:
		return frames[value % ARRAY_SIZE(frames)].v << PAGE_SHIFT;
	case 3:
		return HYPERVISOR_VA_START + value;
	case 4:
		return ~0ULL - value;
	case 5:
		return 0xc0000000ULL + value; /* MSRs */
	case 6:
		return 0xcf0 + value % 32; /* PCI's ports */
	default:
		return (uint64_t)value << (kind >> 3) | kind;
	}
}

static void check_port(uint16_t port, unsigned size)
{
	BUG_ON(!rangeset_contains(
		       current->domain->ioports, port, port + size - 1) &&
		!current->domain->is_hardware);
}

static uint32_t on_read(uint16_t port, unsigned size)
{
	check_port(port, size);
	return 0x12345678;
}

static void on_write(uint16_t port, unsigned size, uint32_t value)
{
	(void)value;
	check_port(port, size);
}

static void start(void)
{
	unsigned flags = next(), who = flags & 1;
	uint8_t mode = next();
	struct vcpu *v;

	ctl_start(1);
	fake_on_io_read = on_read;
	fake_on_io_write = on_write;
	BUG_ON(rangeset_add(dom[1]->ioports, 0x60, 0x64));
	ctl_play(who);
	v = current;
	BUG_ON(fake_space(v, PAGES, frames));
	v->arch.user_root = MFN(0);
	v->arch.iopl = next() & 3;
	/* The time-stamp counter: made up, not for user code. */
	if (flags & 2)
		BUG_ON(tsc_set(v->domain, 1, flags << 20, flags << 8, 0));
	if (flags & 4)
		BUG_ON(pv_write_cr(v, 4, 1 << 2));
	v->arch.kernel_sp = FAKE_SPACE_VA + PAGE_SIZE;
	v->arch.traps[14].address = mode & 2 ? 0x1000 : 0;
	v->arch.in_kernel = !(mode & 1);
	if (!v->arch.in_kernel) {
		/* The same tables are the user's. */
		BUG_ON(pt_new_root(v, v->arch.root, true));
		arch_load_root(v);
	}
	if (mode & 4) {
		v->arch.iobitmap = FAKE_SPACE_VA + 8 * (mode >> 3);
		v->arch.iobitmap_ports = 65536;
	}
}

static void fill(struct cpu_user_regs *regs)
{
	uint64_t *const reg[REGS] = { &regs->rax, &regs->rcx, &regs->rdx,
		&regs->rbx, &regs->rsp, &regs->rbp, &regs->rsi, &regs->rdi,
		&regs->r8, &regs->r9, &regs->r10, &regs->r11, &regs->r12,
		&regs->r13, &regs->r14, &regs->r15 };
	unsigned place = next();

	*regs = (struct cpu_user_regs){ .cs = FLAT_KERNEL_CS,
		.ss = FLAT_KERNEL_SS,
		.rflags = 0x202 | (place & 1) << 10 };
	for (unsigned i = 0; i < REGS; i++)
		*reg[i] = word();
	/* At the very end: behind the tables nothing is mapped. */
	regs->rip = FAKE_SPACE_VA + CODE * PAGE_SIZE;
	if (place & 2)
		regs->rip += PAGE_SIZE - (place >> 2) % 16;
}

static void put_code(struct cpu_user_regs *regs)
{
	unsigned at = (unsigned)(regs->rip & ~PAGE_MASK);
	uint8_t *page = mfn_to_virt(frames[CODE]);

	for (unsigned i = 0; i < 15 && at + i < PAGE_SIZE; i++)
		page[at + i] = next();
	page = mfn_to_virt(frames[CODE + 1]);
	for (unsigned i = 0; i < 15; i++)
		page[i] = next();
}

static void check(const struct vcpu *v)
{
	for (unsigned i = 0; i < 4; i++)
		BUG_ON(is_hypervisor_va(v->arch.dr[i]));
	for (unsigned i = 0; i < 4; i++)
		BUG_ON((v->arch.dr[7] >> (16 + i * 4) & 3) == 2);
	BUG_ON(this_cpu()->locks_held || !arch_irq_enabled());
	BUG_ON(dom[2]->is_shutting_down);
	ctl_audit();
}

static void execute(struct vcpu *v)
{
	struct cpu_user_regs regs, before;

	fill(&regs);
	put_code(&regs);
	for (unsigned n = 0; n < 4; n++) {
		bool was_kernel = v->arch.in_kernel;
		uint64_t moved;

		/* A crash of dom0 would be the machine's end. */
		if (v->domain == dom[0]) {
			regs.rsp = v->arch.kernel_sp;
			v->arch.traps[14].address = 0x1000;
		}
		before = regs;
		if (!pv_emulate_privileged(v, &regs) &&
			!pv_emulate_umip(v, &regs) &&
			!pv_emulate_forced_cpuid(v, &regs)) {
			BUG_ON(memcmp(&regs, &before, sizeof(regs)));
			BUG_ON(v->arch.in_kernel != was_kernel);
			break;
		}
		moved = regs.rip - before.rip;
		BUG_ON(moved > 15 && regs.rip != 0x1000 &&
			!v->domain->is_shutting_down);
		check(v);
		if (v->domain->is_shutting_down)
			break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = data;
	input_end = data + size;
	start();
	if (!fake_panics())
		execute(current);
	else if (strcmp(fake_panic_text, "the core reboots"))
		panic("%s", fake_panic_text);
	/* Else dom0 crashed, as without a stack for a fault. */
	fake_panic_end();
	check(current);
	fake_on_io_read = NULL;
	fake_on_io_write = NULL;
	ctl_stop();
	return 0;
}
