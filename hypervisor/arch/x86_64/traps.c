/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What arrives from entry.S: sorted into ours and the guest's, and the work
 * on the way out.
 */
#include <tenon/arch.h>
#include <tenon/console.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/entry.h>
#include <tenon/event.h>
#include <tenon/panic.h>
#include <tenon/pte.h>
#include <tenon/pv.h>
#include <tenon/softirq.h>
#include <tenon/string.h>
#include <tenon/timer.h>
#include <tenon/tlb.h>
#include <tenon/trace.h>
#include "traps.h"
#include "x86.h"

_Static_assert(offsetof(struct cpu_user_regs, rax) == REGS_RAX, "entry.S");
_Static_assert(
	offsetof(struct cpu_user_regs, error_code) == REGS_ERROR, "entry.S");
_Static_assert(offsetof(struct cpu_user_regs, cs) == REGS_CS, "entry.S");
_Static_assert(offsetof(struct cpu_user_regs, es) == REGS_ES, "entry.S");
_Static_assert(sizeof(struct cpu_user_regs) == REGS_SIZE, "entry.S");
_Static_assert(offsetof(struct cpu_top, cpu) == TOP_CPU, "entry.S");
_Static_assert(offsetof(struct cpu_top, slots) == TOP_RAX, "entry.S");
_Static_assert(sizeof(struct cpu_top) == TOP_SIZE, "entry.S");
_Static_assert(offsetof(struct cpu, vcpu) == CPU_VCPU, "entry.S");
_Static_assert(offsetof(struct cpu, softirqs) == CPU_SOFTIRQS, "entry.S");
_Static_assert(offsetof(struct cpu, tlb_flushed) == CPU_TLB_FLUSHED, "entry.S");
_Static_assert(offsetof(struct vcpu, vcpu_info) == VCPU_INFO, "entry.S");
_Static_assert(
	offsetof(struct vcpu, nmi_pending) == VCPU_NMI_PENDING, "entry.S");
#define VCPU_AT(field, at) \
	_Static_assert(offsetof(struct vcpu, arch.field) == (at), "entry.S")
VCPU_AT(in_kernel, VCPU_IN_KERNEL);
VCPU_AT(nmi_masked, VCPU_NMI_MASKED);
VCPU_AT(cpu_root, VCPU_ROOT);
VCPU_AT(cpu_user_root, VCPU_USER_ROOT);
VCPU_AT(syscall_frame, VCPU_SYSCALL_FRAME);
VCPU_AT(fault_frame, VCPU_FAULT_FRAME);
VCPU_AT(syscall.rip, VCPU_SYSCALL_RIP);
VCPU_AT(traps[14].address, VCPU_FAULT_RIP);
#define INFO_AT(field, at) \
	_Static_assert(offsetof(struct vcpu_info, field) == (at), "entry.S")
INFO_AT(evtchn_upcall_pending, INFO_UPCALL_PENDING);
INFO_AT(evtchn_upcall_mask, INFO_UPCALL_MASK);
INFO_AT(arch.cr2, INFO_CR2);
#define IRET_AT(field, at) \
	_Static_assert(offsetof(struct iret_context, field) == (at), "entry.S")
IRET_AT(rax, IRET_RAX);
IRET_AT(r11, IRET_R11);
IRET_AT(rcx, IRET_RCX);
IRET_AT(flags, IRET_FLAGS);
IRET_AT(rip, IRET_RIP);
IRET_AT(cs, IRET_CS);
IRET_AT(rflags, IRET_RFLAGS);
IRET_AT(rsp, IRET_RSP);
IRET_AT(ss, IRET_SS);
_Static_assert(IRET_IN_SYSCALL == VGCF_in_syscall, "entry.S");
_Static_assert(TRACED_FAULTS == (TRC_PV & TRACE_CLASSES), "entry.S");
_Static_assert(HYPERCALL_IRET == __HYPERVISOR_iret, "entry.S");
_Static_assert(HYPERVISOR_END == HYPERVISOR_VA_END, "entry.S");

extern char iret_to_guest[];

struct fixup {
	uint64_t from, to;
};

extern const struct fixup extable_start[], extable_end[];

uint64_t extable_find(uint64_t rip)
{
	for (const struct fixup *f = extable_start; f < extable_end; f++)
		if (f->from == rip)
			return f->to;
	return 0;
}

struct cpu_user_regs *arch_guest_regs(void)
{
	return &arch_cpu_top()->guest;
}

static const char *const exception_names[32] = { "divide error", "debug", "NMI",
	"breakpoint", "overflow", "bound range", "invalid opcode",
	"device not available", "double fault", "coprocessor overrun",
	"invalid TSS", "segment not present", "stack fault",
	"general protection", "page fault", "reserved", "x87 error",
	"alignment check", "machine check", "SIMD error" };

/* A page fault of the guest on its descriptor tables in our window. */
static bool fix_window_fault(struct cpu_user_regs *regs, vaddr_t addr)
{
	struct cpu *c = this_cpu();
	uint64_t offset = addr - WINDOW(c->id);
	unsigned page = (unsigned)(offset >> PAGE_SHIFT);

	if (addr < WINDOW(c->id) || offset >= 32 * PAGE_SIZE)
		return false;
	if (page >= WINDOW_LDT_PAGE &&
		pv_map_ldt_page(current, page - WINDOW_LDT_PAGE))
		return true;
	/* The selector names nothing: as the CPU would say it. */
	regs->error_code =
		(uint32_t)(offset & 0xfff8) | (page >= WINDOW_LDT_PAGE ? 4 : 0);
	regs->entry_vector = 13;
	entry_general_protection(regs);
	return true;
}

void arch_show_ldt_page(unsigned index, mfn_t frame)
{
	this_cpu()->arch.window[WINDOW_LDT_PAGE + index] = pte_make(
		frame, PTE_PRESENT | PTE_RW | PTE_ACCESSED | PTE_DIRTY);
}

void x86_page_fault(struct cpu_user_regs *regs)
{
	vaddr_t cr2 = read_cr2();

	cpu_count_event(COUNT_EXCEPTION + 14);
	arch_irq_enable();
	if (likely(!is_hypervisor_va(cr2)) || !fix_window_fault(regs, cr2))
		entry_page_fault(regs, cr2);
}

void x86_exception(struct cpu_user_regs *regs)
{
	unsigned vector = regs->entry_vector & 0xff;
	uint64_t dr6;

	cpu_count_event(COUNT_EXCEPTION + vector % COUNT_VECTORS);
	switch (vector) {
	case 13:
		arch_irq_enable();
		entry_general_protection(regs);
		break;
	case 6:
		arch_irq_enable();
		entry_invalid_opcode(regs);
		break;
	case 7:
		entry_device_not_available(regs);
		break;
	case 1:
		dr6 = read_db6();
		write_db6(0xffff0ff0);
		entry_debug(regs, dr6);
		break;
	case VECTOR_INT80:
		entry_int(regs, vector);
		break;
	default:
		entry_exception(regs, vector);
		break;
	}
}

/*
 * IRETQ to the guest faulted.  The CPU pushed its frame over the saved
 * registers, and this entry saved them again lower down: put them back where
 * they belong, then tell the guest by its failsafe callback.
 */
static noreturn void iret_fault(struct cpu_user_regs *regs)
{
	struct cpu_user_regs *guest = arch_guest_regs();

	memmove(guest, regs, offsetof(struct cpu_user_regs, error_code));
	guest->error_code = 0;
	guest->entry_vector = 13;
	pv_failsafe(current, guest);
	x86_resume_guest();
}

static noreturn void die(const struct cpu_user_regs *regs, const char *what)
{
	console_force();
	dump_regs(regs);
	panic("%s in the hypervisor (vector %u, error %#x, cr2 %#lx)", what,
		regs->entry_vector & 0xff, regs->error_code, read_cr2());
}

void x86_exception_hv(struct cpu_user_regs *regs)
{
	unsigned vector = regs->entry_vector & 0xff;
	uint64_t to;

	if (vector == 14 && !current->is_idle) {
		vaddr_t cr2 = read_cr2();

		/* IRETQ or a selector load may need an LDT page. */
		if (cr2 >= WINDOW(this_cpu()->id) +
					WINDOW_LDT_PAGE * PAGE_SIZE &&
			cr2 < WINDOW(this_cpu()->id) + 32 * PAGE_SIZE &&
			pv_map_ldt_page(current,
				(unsigned)((cr2 - WINDOW(this_cpu()->id)) >>
					   PAGE_SHIFT) -
					WINDOW_LDT_PAGE))
			return;
	}
	to = extable_find(regs->rip);
	if (to == 0) {
		if (vector == 1) {
			write_db6(0xffff0ff0);
			regs->rflags &= ~RFLAGS_TF;
			return;
		}
		die(regs, vector < 20 ? exception_names[vector] : "exception");
	}
	if (to == (uint64_t)iret_to_guest)
		iret_fault(regs);
	regs->rip = to;
}

void x86_ist_nmi(struct cpu_user_regs *regs)
{
	/* The chipset's, or a stop order from panic(). */
	if (smp_is_stopping())
		for (;;)
			__asm__ volatile("cli; hlt");
	if (entry_nmi())
		die(regs, "NMI");
	apic_kick_self();
}

void x86_ist_double_fault(struct cpu_user_regs *regs)
{
	die(regs, "double fault");
}

void x86_ist_machine_check(struct cpu_user_regs *regs)
{
	die(regs, "machine check");
}

void x86_interrupt(struct cpu_user_regs *regs)
{
	struct cpu *c = this_cpu();

	c->irq_depth++;
	switch (regs->entry_vector & 0xff) {
	case VECTOR_TIMER:
		apic_eoi();
		timer_interrupt();
		break;
	case VECTOR_KICK:
		/* Its point is that the way out is taken. */
		apic_eoi();
		break;
	case VECTOR_CALL:
		apic_eoi();
		smp_call_interrupt();
		break;
	case VECTOR_ERROR:
		apic_eoi();
		break;
	case VECTOR_SPURIOUS:
		break;
	default:
		/* The irq layer sends the EOI: for a level line only later. */
		entry_interrupt(regs->entry_vector & 0xff);
		break;
	}
	c->irq_depth--;
}

void x86_syscall(struct cpu_user_regs *regs)
{
	struct vcpu *v = current;

	if (likely(v->arch.in_kernel)) {
		arch_irq_enable();
		entry_hypercall(regs);
	} else {
		pv_syscall(v, regs);
	}
}

void x86_syscall32(struct cpu_user_regs *regs)
{
	pv_syscall32(current, regs);
}

void x86_sysenter(struct cpu_user_regs *regs)
{
	pv_sysenter(current, regs);
}

/* Interrupts are off; they are on while work is done. */
void x86_exit_work(void)
{
	for (;;) {
		struct vcpu *v = current;

		if (softirq_pending()) {
			arch_irq_enable();
			softirq_run();
			arch_irq_disable();
			continue;
		}
		if (v->is_idle)
			x86_idle_enter();
		entry_resume(v, arch_guest_regs());
		if (!softirq_pending() && current == v)
			return;
	}
}

void x86_idle_loop(void)
{
	struct cpu *c = this_cpu();
	bool has_more;

	/* Its first time on a CPU: arch_switch has not been here. */
	if (!tlb_is_empty(c->id)) {
		write_cr3(read_cr3());
		tlb_flush_end(c->id, TLB_EMPTY);
	}
	for (;;) {
		arch_irq_disable();
		if (softirq_pending()) {
			arch_irq_enable();
			softirq_run();
			arch_irq_disable();
			if (!c->vcpu->is_idle)
				x86_resume_guest();
			continue;
		}
		/* A scrub may have to flush other CPUs: with interrupts on. */
		arch_irq_enable();
		has_more = page_scrub_some();
		arch_irq_disable();
		if (has_more || softirq_pending())
			continue;
		WRITE_ONCE(c->arch.is_idle_loop, true);
		/* STI takes effect after HLT has begun. */
		__asm__ volatile("sti; hlt" ::: "memory");
		WRITE_ONCE(c->arch.is_idle_loop, false);
	}
}
