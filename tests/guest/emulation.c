/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Privileged instructions of the kernel: those of the interface are carried
 * out, all others fault without any effect; ports are for who may use them.
 */
#include <public/physdev.h>
#include "guest.h"

#define CR0_PG	 (1UL << 31)
#define CR4_VMXE (1UL << 13)

static uint64_t read_cr4(void)
{
	uint64_t v;

	__asm__ volatile("movq %%cr4, %0" : "=r"(v));
	return v;
}

static void carried_out(void)
{
	uint32_t a, d;
	uint64_t v;
	unsigned before = trap_count;

	__asm__ volatile("movq %%cr0, %0" : "=r"(v));
	expect("cr0: protected mode and paging", v & 0x80000001, 0x80000001);
	__asm__ volatile("clts");
	expect("cr4: PAE", read_cr4() >> 5 & 1, 1);
	__asm__ volatile("movq %%cr3, %0" : "=r"(v));
	expect("cr3: the root", v >> 12,
		virt_to_mfn((void *)start_info->pt_base));
	__asm__ volatile("movq %0, %%cr2" ::"r"(0x123456UL));
	__asm__ volatile("movq %%cr2, %0" : "=r"(v));
	expect("cr2 is kept", v, 0x123456);
	__asm__ volatile("wbinvd");
	__asm__ volatile("rdmsr" : "=a"(a), "=d"(d) : "c"(0xc0000080));
	expect("efer: long mode", a >> 10 & 1, 1);
	/* Prefixes that mean nothing here. */
	__asm__ volatile(".byte 0x66, 0x2e, 0x48, 0x0f, 0x20, 0xc0" : "=a"(v));
	expect("cr0 again, with prefixes", v & 0x80000001, 0x80000001);
	__asm__ volatile("movq %%cr0, %%r13\n\tmovq %%r13, %0"
			 : "=r"(v)::"r13");
	expect("cr0 to a high register", v & 0x80000001, 0x80000001);
	expect("nothing of it trapped", trap_count, before);
}

static void refused(void)
{
	static const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) table = { 0xffff, 0 };
	uint64_t v, cr4 = read_cr4();

	__asm__ volatile("movq %%cr0, %0" : "=r"(v));
	TRY("movq %0, %%cr0", ::"r"(v & ~CR0_PG));
	expect("paging off: #GP", last_trap.vector, 13);
	TRY("movq %0, %%cr4", ::"r"(cr4 | CR4_VMXE));
	expect("cr4 is not changed in bits that are not ours", read_cr4(), cr4);
	TRY("movq %0, %%cr3", ::"r"(virt_to_mfn(page_a) << 12));
	expect("a data page in cr3: #GP", last_trap.vector, 13);
	TRY("movq %0, %%cr3", ::"r"(0x7ffffffff000UL));
	expect("no frame in cr3: #GP", last_trap.vector, 13);
	TRY("movq %%cr8, %0", : "=r"(v));
	expect("cr8: #GP", last_trap.vector, 13);
	TRY("lgdt %0", ::"m"(table));
	expect("lgdt: #GP", last_trap.vector, 13);
	TRY("lidt %0", ::"m"(table));
	expect("lidt: #GP", last_trap.vector, 13);
	TRY("ltr %w0", ::"r"(0x40));
	expect("ltr: #GP", last_trap.vector, 13);
	TRY("lldt %w0", ::"r"(0));
	expect("lldt: #GP", last_trap.vector, 13);
	TRY("invlpg (%0)", ::"r"(page_a));
	expect("invlpg: #GP", last_trap.vector, 13);
	TRY("swapgs");
	expect("swapgs: #GP", last_trap.vector, 13);
	TRY("sysretq", ::: "rcx", "r11");
	expect("sysret: #GP", last_trap.vector, 13);
	TRY("xsetbv", ::"a"(0), "d"(0), "c"(0));
	expect_true("xcr0 without x87: refused",
		last_trap.vector == 13 || last_trap.vector == 6);
	TRY("xsetbv", ::"a"(~0), "d"(~0), "c"(0));
	expect_true("xcr0 with everything: refused",
		last_trap.vector == 13 || last_trap.vector == 6);
	TRY(".byte 0x0f, 0x01, 0xc1", ::"a"(~0UL));
	expect("vmcall: #UD", last_trap.vector, 6);
	TRY(".byte 0x0f, 0x01, 0xd9", ::"a"(~0UL));
	expect_true("vmmcall: a fault",
		last_trap.vector == 6 || last_trap.vector == 13);
}

static void ports(void)
{
	struct physdev_set_iopl op = { .iopl = 1 };
	uint32_t v = 0;

	if (!is_dom0) {
		TRY("inb $0x64, %%al", : "=a"(v));
		expect("a port without an IOPL: #GP", last_trap.vector, 13);
		expect_error("an IOPL is the kernel's own matter",
			HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &op),
			0);
	}
	v = 0;
	TRY("inl %%dx, %%eax", : "=a"(v) : "d"(0x1234));
	expect("a port with one: carried out", last_trap.vector, TRAP_NONE);
	if (!is_dom0) {
		expect("but nothing is there", v, ~0U);
		v = 0x11223344;
		TRY("inb $0x64, %%al", : "+a"(v));
		expect("a byte changes a byte", v, 0x112233ff);
		TRY("inw %%dx, %%ax", : "+a"(v) : "d"(0x60));
		expect("a word changes a word", v, 0x1122ffff);
	}
	TRY("inl %%dx, %%eax", : "=a"(v) : "d"(0xfffe));
	expect("beyond the last port: #GP", last_trap.vector, 13);
	page_a[0] = 1;
	TRY("rep outsb", ::"S"(0x1000UL), "d"(0x80), "c"(3UL));
	expect("a string from nowhere: #PF", last_trap.vector, 14);
	expect("at the string", shared->vcpu_info[0].arch.cr2, 0x1000);
}

/* The last bytes of a page whose next one is not there. */
static void page_end(void)
{
	static const uint8_t code[] = { 0x0f, 0x20, 0xc0, 0xc3 };
	static char pages[2][4096] __attribute__((aligned(4096)));
	char *at = pages[1] - 4;
	uint64_t mfn = virt_to_mfn(pages[1]), v;

	for (unsigned i = 0; i < sizeof(code); i++)
		at[i] = (char)code[i];
	expect_error("a hole behind it", map(pages[1], 0), 0);
	__asm__ volatile("call *%1" : "=a"(v) : "r"(at) : "memory");
	expect("mov from cr0 at a page's end", v & 0x80000001, 0x80000001);
	at[2] = 0x0f;
	at[3] = 0x20; /* cut off: the rest is in the hole */
	last_trap.vector = TRAP_NONE;
	__asm__ volatile(
		"movq $77f, trap_resume\n\tcall *%0\n"
		"77:\taddq $8, %%rsp\n\tmovq $0, trap_resume" ::"r"(at + 2)
		: "memory", "rax");
	/* QEMU's emulation looks at the privilege before the rest is there. */
	expect_true("cut off by the hole: #PF",
		last_trap.vector == 14 || last_trap.vector == 13);
	map(pages[1], mfn << 12 | 7);
}

void guest_tests(void)
{
	carried_out();
	refused();
	ports();
	page_end();
}
