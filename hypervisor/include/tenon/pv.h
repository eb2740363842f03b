/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paravirtual vcpus: traps to the guest, its segments, its registers.
 */
#ifndef TENON_PV_H
#define TENON_PV_H

#include <tenon/types.h>
#include <public/xen.h>

struct domain;
struct vcpu;

/* Is the guest of these registers in its kernel (virtual ring 0)? */
bool pv_is_kernel(const struct vcpu *v, const struct cpu_user_regs *regs);

/*
 * Make a frame on the guest's kernel stack for its handler of vector, as
 * set_trap_table told; bad handler or stack: domain_crash.  error: pushed
 * when the vector has a code.  For #PF cr2 goes to vcpu_info.
 */
void pv_inject(struct vcpu *v, struct cpu_user_regs *regs, unsigned vector,
	uint32_t error);
void pv_inject_page_fault(struct vcpu *v, struct cpu_user_regs *regs,
	vaddr_t addr, uint32_t error);
/* The event upcall frame, if one is due. */
void pv_deliver_events(struct vcpu *v, struct cpu_user_regs *regs);
/* SYSCALL from guest user code, 64-bit and compatibility mode. */
void pv_syscall(struct vcpu *v, struct cpu_user_regs *regs);
void pv_syscall32(struct vcpu *v, struct cpu_user_regs *regs);
void pv_sysenter(struct vcpu *v, struct cpu_user_regs *regs);
/* The stack, the handlers or the assists changed by which the way in of user
 * code's system calls and page faults is chosen. */
void pv_prepare_bounce(struct vcpu *v);
/* A selector or IRETQ of the guest faulted on the way in: its failsafe
 * callback tells it. */
void pv_failsafe(struct vcpu *v, struct cpu_user_regs *regs);

/*
 * Emulate the privileged instruction at rip (pv/emulate.c).  True: done (or
 * an exception was injected); false: not an instruction that we emulate.
 */
bool pv_emulate_privileged(struct vcpu *v, struct cpu_user_regs *regs);
/* The same for what CR4.UMIP forbids, in kernel and user code (pv/umip.c). */
bool pv_emulate_umip(struct vcpu *v, struct cpu_user_regs *regs);
/* ud2a "xen" cpuid.  True: it was one. */
bool pv_emulate_forced_cpuid(struct vcpu *v, struct cpu_user_regs *regs);

/* CPUID leaf as guest v sees it (pv/cpuid.c). */
void pv_cpuid(const struct vcpu *v, uint32_t leaf, uint32_t subleaf,
	uint32_t regs[4]);
/*
 * What the policy of v's domain, if tools gave one, leaves (pv/cpuid_policy.c):
 * of the registers that CPUID would show, of XCR0's bits and of CR4's.
 */
void pv_limit_cpuid(const struct vcpu *v, uint32_t leaf, uint32_t subleaf,
	uint32_t regs[4]);
uint64_t pv_xcr0_mask(const struct vcpu *v);
uint64_t pv_cr4_mask(const struct vcpu *v);
/* MSRs: 0 or -EPERM (inject #GP). */
must_check int pv_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *value);
must_check int pv_wrmsr(struct vcpu *v, uint32_t msr, uint64_t value);

/* Control and debug registers as the guest sees them. */
uint64_t pv_read_cr(struct vcpu *v, unsigned nr);
must_check int pv_write_cr(struct vcpu *v, unsigned nr, uint64_t value);
must_check int pv_set_debugreg(struct vcpu *v, unsigned nr, uint64_t value);

/* set_gdt: frames are checked and typed; the old ones dropped. */
must_check int pv_set_gdt(
	struct vcpu *v, const uint64_t *frames, unsigned entries);
void pv_destroy_gdt(struct vcpu *v);
/* The LDT is mapped on demand: a fault at index (page) of it. */
bool pv_map_ldt_page(struct vcpu *v, unsigned index);
void pv_invalidate_ldt(struct vcpu *v);

/* Write context: domctl setvcpucontext and VCPUOP_initialise.  0 or -errno;
 * fills v->arch, takes the references on root and GDT. */
must_check int pv_set_context(
	struct vcpu *v, const struct vcpu_guest_context *ctx);
void pv_get_context(struct vcpu *v, struct vcpu_guest_context *ctx);

/* Write the 32-byte stubs of the hypercall page. */
void pv_fill_hypercall_page(void *page);

/* Copy instruction bytes at rip; returns how many could be read (0..n). */
unsigned pv_fetch(struct vcpu *v, vaddr_t rip, uint8_t *buf, unsigned n);

/* boot: make and start dom0 (pv/build.c). */
struct boot_module {
	paddr_t start;
	uint64_t size; /* bytes */
	const char *cmdline;
};
void pv_start_dom0(
	const struct boot_module *kernel, const struct boot_module *initrd);

#endif
