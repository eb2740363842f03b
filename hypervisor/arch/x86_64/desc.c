/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptor tables and SYSCALL of each CPU.
 *
 * GDTR points at the CPU's window (mm.c): pages 0 to 13 show the running
 * guest's GDT frames, page 14 is ours (selectors 0xe000 on), pages 16 to 31
 * the guest's LDT, mapped on demand.
 */
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/page.h>
#include <tenon/panic.h>
#include <tenon/pte.h>
#include <tenon/string.h>
#include "x86.h"

#define WINDOW_FLAGS (PTE_PRESENT | PTE_RW | PTE_ACCESSED | PTE_DIRTY)
#define OUR_GDT_PAGE 14
#define STUB_SIZE    128

struct gate {
	uint64_t low, high;
};

static struct gate idt[256] page_aligned;
static uint8_t zero_page[4096] page_aligned;

extern char exception_stubs[], interrupt_stubs[], entry_int80[];
extern char ist_nmi[], ist_double_fault[], ist_machine_check[], ist_debug[];
extern char syscall32_common[];
extern char sysenter_common[];
extern uint8_t syscall_stubs[];

static void set_gate(
	unsigned vector, const void *entry, unsigned ist, unsigned dpl)
{
	uint64_t at = (uint64_t)entry;

	/* Interrupt gate, SDM vol. 3A, figure 6-8. */
	idt[vector].low = (at & 0xffff) | ((uint64_t)SEL_HV_CS << 16) |
			  ((uint64_t)ist << 32) |
			  ((uint64_t)(0x8e | dpl << 5) << 40) |
			  ((at >> 16 & 0xffff) << 48);
	idt[vector].high = at >> 32;
}

static void make_idt(void)
{
	for (unsigned i = 0; i < 32; i++)
		set_gate(i, exception_stubs + i * 16, 0,
			i == 3 || i == 4 ? 3 : 0);
	for (unsigned i = 32; i < 256; i++)
		set_gate(i, interrupt_stubs + (i - 32) * 16, 0, 0);
	set_gate(1, ist_debug, IST_DB, 0);
	set_gate(2, ist_nmi, IST_NMI, 0);
	set_gate(8, ist_double_fault, IST_DF, 0);
	set_gate(18, ist_machine_check, IST_MC, 0);
	set_gate(VECTOR_INT80, entry_int80, 0, 3);
}

/* 16-byte system descriptor of type 9 (TSS) or 2 (LDT). */
static void set_system(uint64_t *e, vaddr_t base, uint32_t limit, unsigned type)
{
	e[0] = (limit & 0xffff) | (base & 0xffffff) << 16 |
	       (uint64_t)(0x80 | type) << 40 |
	       (uint64_t)(limit >> 16 & 0xf) << 48 | (base >> 24 & 0xff) << 56;
	e[1] = base >> 32;
}

static struct cpu_top *cpu_top(const struct cpu *c)
{
	return (struct cpu_top *)(c->arch.stack + STACK_SIZE) - 1;
}

static vaddr_t make_stub(struct cpu *c, unsigned slot, const char *target)
{
	struct cpu_top *top = cpu_top(c);
	uint8_t *va = syscall_stubs + c->id * STUB_SIZE + slot * 64;
	uint8_t code[28];
	uint64_t address;
	int32_t relative = (int32_t)((const char *)target - (char *)(va + 28));

	/* movabs %rax, slots[0]; mov %rsp, %rax; movabs $top, %rsp; jmp */
	code[0] = 0x48;
	code[1] = 0xa3;
	address = (uint64_t)&top->slots[0];
	memcpy(code + 2, &address, 8);
	memcpy(code + 10, "\x48\x89\xe0\x48\xbc", 5);
	address = (uint64_t)&top->guest.es;
	memcpy(code + 15, &address, 8);
	code[23] = 0xe9;
	memcpy(code + 24, &relative, 4);
	/* The text is read-only here: write by the direct map. */
	memcpy(directmap + ((uint64_t)va - IMAGE_BASE), code, sizeof(code));
	return (vaddr_t)va;
}

static void init_syscall(struct cpu *c)
{
	wrmsr(MSR_STAR,
		(uint64_t)SEL_USER_32 << 48 | (uint64_t)SEL_HV_CS << 32);
	wrmsr(MSR_LSTAR, make_stub(c, 0, syscall_common));
	wrmsr(MSR_CSTAR, make_stub(c, 1, syscall32_common));
	wrmsr(MSR_SFMASK, RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL |
				  RFLAGS_NT | RFLAGS_RF | RFLAGS_VM |
				  RFLAGS_AC);
	/* In long mode of AMD's CPUs there is no SYSENTER: #UD. */
	if (!cpu_features.is_amd) {
		wrmsr(MSR_SYSENTER_CS, SEL_HV_CS);
		wrmsr(MSR_SYSENTER_ESP, (uint64_t)&cpu_top(c)->guest.es);
		wrmsr(MSR_SYSENTER_EIP, (uint64_t)sysenter_common);
	}
}

void desc_init_cpu(struct cpu *c)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) gdtr, idtr;
	uint64_t *g = c->arch.gdt;
	struct tss *tss = c->arch.tss;

	if (idt[0].low == 0)
		make_idt();
	g[1] = 0x00af9b000000ffff;
	g[2] = 0x00cf93000000ffff;
	g[4] = 0x00cffb000000ffff;
	g[5] = 0x00cff3000000ffff;
	g[6] = 0x00affb000000ffff;
	set_system(&g[8], (vaddr_t)tss, sizeof(*tss) - 1, 9);

	tss->rsp[0] = (uint64_t)&cpu_top(c)->guest.es;
	/* The lower half of the stack's pages serve the ISTs. */
	tss->ist[IST_DF - 1] = (uint64_t)c->arch.stack + 0x1000;
	tss->ist[IST_NMI - 1] = (uint64_t)c->arch.stack + 0x2000;
	tss->ist[IST_MC - 1] = (uint64_t)c->arch.stack + 0x3000;
	tss->ist[IST_DB - 1] = (uint64_t)c->arch.stack + 0x4000;
	tss->iomap_base = sizeof(*tss);

	for (unsigned i = 0; i < OUR_GDT_PAGE; i++)
		c->arch.window[i] = pte_make(
			MFN(((uint64_t)zero_page - IMAGE_BASE) >> PAGE_SHIFT),
			WINDOW_FLAGS & ~PTE_RW);
	c->arch.window[OUR_GDT_PAGE] =
		pte_make(virt_to_mfn(g), WINDOW_FLAGS | PTE_GLOBAL);

	gdtr.limit = (OUR_GDT_PAGE + 1) * 4096 - 1;
	gdtr.base = WINDOW(c->id);
	idtr.limit = sizeof(idt) - 1;
	idtr.base = (uint64_t)idt;
	__asm__ volatile("lgdt %0\n\t"
			 "lidt %1\n\t"
			 "pushq %2\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\tmovl %3, %%ss\n\t"
			 "xorl %%eax, %%eax\n\t"
			 "movl %%eax, %%ds\n\t"
			 "movl %%eax, %%es\n\t"
			 "movl %%eax, %%fs\n\t"
			 "movl %%eax, %%gs\n\t"
			 "lldt %%ax\n\t"
			 "ltr %w4"
			 :
			 : "m"(gdtr), "m"(idtr), "i"(SEL_HV_CS), "r"(SEL_HV_DS),
			 "r"(SEL_TSS)
			 : "rax", "memory");
	init_syscall(c);
}

void desc_load_guest(struct vcpu *v)
{
	struct cpu *c = this_cpu();
	uint64_t *w = c->arch.window;

	for (unsigned i = 0; i < PV_GDT_FRAMES; i++) {
		uint64_t e =
			v->arch.gdt_frames[i].v
				? pte_make(v->arch.gdt_frames[i], WINDOW_FLAGS)
				: pte_make(MFN(((uint64_t)zero_page -
						       IMAGE_BASE) >>
						   PAGE_SHIFT),
					  WINDOW_FLAGS & ~PTE_RW);

		if (w[i] != e)
			w[i] = e;
	}
	if (v->arch.ldt_entries) {
		set_system(&c->arch.gdt[SEL_LDT / 8 - 0xe000 / 8],
			WINDOW(c->id) + WINDOW_LDT_PAGE * PAGE_SIZE,
			v->arch.ldt_entries * 8 - 1, 2);
		for (unsigned i = 0; i < ARRAY_SIZE(v->arch.ldt_frames); i++)
			w[WINDOW_LDT_PAGE + i] =
				v->arch.ldt_frames[i].v
					? pte_make(v->arch.ldt_frames[i],
						  WINDOW_FLAGS)
					: 0;
		__asm__ volatile("lldt %w0" ::"r"(SEL_LDT));
	} else {
		__asm__ volatile("lldt %w0" ::"r"(0));
	}
}
