/* SPDX-License-Identifier: BSD-2-Clause */
/* The few doors by which an architecture calls up into the core. */
#ifndef TENON_ENTRY_H
#define TENON_ENTRY_H

#include <tenon/types.h>

struct cpu_user_regs;
struct vcpu;

/* hypercall.c: number in rax, arguments in rdi rsi rdx r10 r8 r9; the result
 * goes to rax. */
void entry_hypercall(struct cpu_user_regs *regs);

/* Faults that a PV guest caused, for pv/: each either repairs, emulates, or
 * queues an exception for the guest's handler.  error is the CPU's code. */
void entry_page_fault(struct cpu_user_regs *regs, vaddr_t addr);
void entry_general_protection(struct cpu_user_regs *regs);
void entry_invalid_opcode(struct cpu_user_regs *regs);
void entry_device_not_available(struct cpu_user_regs *regs);
void entry_exception(struct cpu_user_regs *regs, unsigned vector);
void entry_debug(struct cpu_user_regs *regs, uint64_t dr6);
void entry_int(struct cpu_user_regs *regs, unsigned vector);

/*
 * A copy that the CPU could not do in the current vcpu's guest: for guests
 * whose writes are followed it is done by software, in their own tables.  to or
 * from is NULL, which says the direction; both: clear.  0 or -EFAULT.
 */
must_check int entry_copy_guest(
	vaddr_t va, void *to, const void *from, size_t n);

/* irq.c: a device interrupt arrived on vector. */
void entry_interrupt(unsigned vector);

/* nmi.c: an NMI of the machine arrived.  NMI context: no locks, no log.  True:
 * it is fatal by the command line.  Else the caller sees to it that softirqs
 * run soon. */
bool entry_nmi(void);

/* On the way out to the guest, interrupts off: deliver events or a pending
 * NMI; true when the frame was changed. */
void entry_resume(struct vcpu *v, struct cpu_user_regs *regs);

#endif
