/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions, control registers and MSRs, by the SDM's names (vol. 2 and 4),
 * and the private contracts between the files of arch/x86_64.
 */
#ifndef X86_X86_H
#define X86_X86_H

#include <tenon/types.h>
#include <arch/io.h>
#include "layout.h"

struct cpu;
struct vcpu;
struct cpu_user_regs;

#define CR0_TS		   (1UL << 3)
#define CR0_PG		   (1UL << 31)
#define CR0_WP		   (1UL << 16)

#define CR4_VME		   (1UL << 0)
#define CR4_PVI		   (1UL << 1)
#define CR4_TSD		   (1UL << 2)
#define CR4_DE		   (1UL << 3)
#define CR4_PAE		   (1UL << 5)
#define CR4_MCE		   (1UL << 6)
#define CR4_PGE		   (1UL << 7)
#define CR4_OSFXSR	   (1UL << 9)
#define CR4_OSXMMEXCPT	   (1UL << 10)
#define CR4_UMIP	   (1UL << 11)
#define CR4_FSGSBASE	   (1UL << 16)
#define CR4_OSXSAVE	   (1UL << 18)
#define CR4_SMEP	   (1UL << 20)
#define CR4_SMAP	   (1UL << 21)

#define RFLAGS_CF	   (1UL << 0)
#define RFLAGS_TF	   (1UL << 8)
#define RFLAGS_IF	   (1UL << 9)
#define RFLAGS_DF	   (1UL << 10)
#define RFLAGS_IOPL	   (3UL << 12)
#define RFLAGS_NT	   (1UL << 14)
#define RFLAGS_RF	   (1UL << 16)
#define RFLAGS_VM	   (1UL << 17)
#define RFLAGS_AC	   (1UL << 18)
#define RFLAGS_VIF	   (1UL << 19)
#define RFLAGS_VIP	   (1UL << 20)

#define MSR_TSC		   0x10
#define MSR_APIC_BASE	   0x1b
#define MSR_X2APIC	   0x800 /* the register at offset 16 n is n on */
#define MSR_MISC_ENABLE	   0x1a0
#define MSR_PAT		   0x277
#define MSR_EFER	   0xc0000080
#define MSR_STAR	   0xc0000081
#define MSR_LSTAR	   0xc0000082
#define MSR_CSTAR	   0xc0000083
#define MSR_SFMASK	   0xc0000084
#define MSR_FS_BASE	   0xc0000100
#define MSR_GS_BASE	   0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX	   0xc0000103
#define MSR_SYSENTER_CS	   0x174
#define MSR_SYSENTER_ESP   0x175
#define MSR_SYSENTER_EIP   0x176

/* WB WT UC- UC WC WP UC UC: PV.md, and public ABI of PV guests. */
#define PAT_VALUE 0x050100070406ULL

static inline void cpuid_count(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
			 : "a"(leaf), "c"(sub));
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return ((uint64_t)hi << 32) | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile(
		"wrmsr" ::"a"((uint32_t)v), "d"((uint32_t)(v >> 32)), "c"(msr)
		: "memory");
}

#define READ_REG(name)                                                       \
	static inline uint64_t read_##name(void)                             \
	{                                                                    \
		uint64_t v;                                                  \
		__asm__ volatile("mov %%" #name ", %0" : "=r"(v)::"memory"); \
		return v;                                                    \
	}
#define WRITE_REG(name)                                                   \
	static inline void write_##name(uint64_t v)                       \
	{                                                                 \
		__asm__ volatile("mov %0, %%" #name ::"r"(v) : "memory"); \
	}
READ_REG(cr0);
READ_REG(cr2);
READ_REG(cr3);
READ_REG(cr4);
READ_REG(db6);
READ_REG(db7);
WRITE_REG(cr0);
WRITE_REG(cr3);
WRITE_REG(cr4);
WRITE_REG(db0);
WRITE_REG(db1);
WRITE_REG(db2);
WRITE_REG(db3);
WRITE_REG(db6);
WRITE_REG(db7);

static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return ((uint64_t)hi << 32) | lo;
}

static inline void invlpg(vaddr_t va)
{
	__asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
}

/* What this CPU model can do (features.c), the same on all CPUs. */
struct cpu_features {
	bool has_nx, has_fsgsbase, has_smep, has_smap, has_umip, has_xsave;
	bool has_xsaveopt, has_1g, has_rdtscp, has_invariant_tsc, is_amd;
	bool is_tcg; /* under QEMU's emulator: see its errata there */
	bool has_tsc_adjust, has_x2apic;
	uint64_t xcr0_mask;  /* components that XSETBV takes */
	uint32_t xsave_size; /* bytes for all of them */
	uint32_t max_leaf, max_extended;
	unsigned phys_bits;
	char brand[49];
};

extern struct cpu_features cpu_features;
void features_detect(void);
/* After the command line, before an IDT is loaded. */
void features_set_smap(void);
/* CR4 bits that are on while guests run. */
uint64_t features_cr4(void);

/* mm.c */
extern uint64_t idle_root[512];
void mm_init(void);
/* After domain_init. */
void mm_share_m2p(void);
void mm_free_modules(void);
/* The code that only the start needs: nobody calls it from now on. */
void mm_free_init(void);
/* Map device registers, uncached; never unmapped.  Boot. */
volatile void *mm_map_device(paddr_t pa, size_t size);
/* The L1 table of a CPU's descriptor window, made at its start. */
uint64_t *mm_make_window(unsigned cpu);
#define WINDOW(cpu)	(WINDOW_BASE + (uint64_t)(cpu)*0x200000)
#define WINDOW_LDT_PAGE 16
/* The first 2 MiB at identical addresses, while other CPUs start. */
void mm_map_trampoline(void);
void mm_drop_identity(void);

/* desc.c: GDT, IDT, TSS, SYSCALL of a CPU. */
void desc_init_cpu(struct cpu *c);
/* Show v's GDT and LDT in this CPU's window; v is or becomes current. */
void desc_load_guest(struct vcpu *v);

/* apic.c */
#define XAPIC_ID_MAX 254U /* 255 is everybody */

/* After ACPI's tables are read: which mode, and where the registers are. */
void apic_init(paddr_t base);
/* May interrupts be sent to that id in the mode chosen? */
bool apic_reaches(uint32_t apic);
void apic_init_cpu(void);
void apic_eoi(void);
uint32_t apic_id(void);
void apic_send_ipi(uint32_t apic, uint32_t command);
/* From an NMI: the way out is taken once more. */
void apic_kick_self(void);
void apic_timer_calibrate(void);

/* smp.c */
void smp_make_cpu_early(void);
void smp_start_all(void);
struct cpu *smp_make_cpu(unsigned id, uint32_t apic, uint32_t acpi);
void smp_call_interrupt(void);
/* Stop all other CPUs for good (panic, power-off). */
void smp_stop_others(void);

/* calibrate.c: TSC ticks a second; after acpi_init.  Boot. */
uint64_t clock_calibrate(void);

/* clock.c */
/* hz: TSC ticks a second. */
void clock_init(uint64_t hz);
void clock_init_cpu(void);
uint64_t clock_tsc_khz(void);
void udelay(unsigned us);

/* fpu.c */
void fpu_init_cpu(void);
void fpu_save(struct vcpu *v);
void fpu_restore(struct vcpu *v);

/* entry.S */
noreturn void x86_resume_guest(void); /* from cpu_top()->guest */
noreturn void x86_idle_enter(void);   /* fresh stack, then idle loop */
extern char syscall_common[];

/* traps.c: fix-ups for instructions of ours that may fault. */
uint64_t extable_find(uint64_t rip);

#endif
