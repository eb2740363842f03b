/* SPDX-License-Identifier: BSD-2-Clause */
/* C that entry.S calls, and what traps.c shares with its neighbours. */
#ifndef X86_TRAPS_H
#define X86_TRAPS_H

#include <tenon/page.h>
#include <tenon/types.h>

struct cpu_user_regs;

void x86_exception(struct cpu_user_regs *regs);
void x86_exception_hv(struct cpu_user_regs *regs);
void x86_interrupt(struct cpu_user_regs *regs);
void x86_ist_nmi(struct cpu_user_regs *regs);
void x86_page_fault(struct cpu_user_regs *regs); /* of a guest */
void x86_ist_double_fault(struct cpu_user_regs *regs);
void x86_ist_machine_check(struct cpu_user_regs *regs);
void x86_syscall(struct cpu_user_regs *regs);
void x86_syscall32(struct cpu_user_regs *regs);
void x86_sysenter(struct cpu_user_regs *regs);
void x86_exit_work(void);
void x86_idle_loop(void);

/* entry.S: where a fault is, the rest is entry_copy_guest's. */
int x86_copy_in(void *dst, vaddr_t src, size_t n);
int x86_copy_out(vaddr_t dst, const void *src, size_t n);
/* May fault, then -EFAULT. */
int x86_clear(void *dst, size_t n);
void x86_load_ds(uint32_t sel);
void x86_load_es(uint32_t sel);
void x86_load_fs(uint32_t sel);
void x86_load_gs(uint32_t sel);
int x86_rdmsr_safe(uint32_t msr, uint64_t *value);
int x86_wrmsr_safe(uint32_t msr, uint64_t value);
int x86_xsetbv_safe(uint64_t value);
int x86_xrstor_safe(void *area, uint64_t mask);
int x86_fxrstor_safe(void *area);

/* dump.c */
void dump_regs(const struct cpu_user_regs *regs);
void dump_backtrace(uint64_t rip, uint64_t rbp);
/* "name+0x12" for an address of the image. */
const char *symbol_name(uint64_t address, uint64_t *offset);

bool smp_is_stopping(void);

#endif
