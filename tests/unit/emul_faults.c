/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of a guest's faults (pv/faults.c): carried out, repaired, or
 * told to its kernel, with the frame that says so; and pages of its LDT, which
 * are shown when they are first used (pv/descriptor.c).
 */
#include "mm_test.h"
#include <tenon/entry.h>
#include <tenon/pv.h>

#define DATA   8
#define L1     (DATA + 0)
#define SLOT   100
#define STACK  1 /* these pages of the space */
#define TEXT   2
#define LDT    3
#define CODE   (FAKE_SPACE_VA + TEXT * PAGE_SIZE + 64)
#define IF     (1UL << 9)
#define TF     (1UL << 8)
#define DR6_BS (1UL << 14)

static struct domain *d;
static struct vcpu *v;
static mfn_t m[DATA + FAKE_SPACE_TABLES];
static struct cpu_user_regs *regs;

static int start(void **state)
{
	(void)state;
	fake_start(1024, 1);
	d = fake_domain(1, 64, 1);
	v = d->vcpu[0];
	fake_enter(v, 0);
	if (fake_space(v, DATA, m))
		return -1;
	v->arch.kernel_sp = FAKE_SPACE_VA + (STACK + 1) * PAGE_SIZE;
	for (unsigned i = 0; i < 256; i++)
		v->arch.traps[i] = (struct trap_info){ (uint8_t)i, 0,
			FLAT_KERNEL_CS, 0x1000 + i };
	regs = arch_guest_regs();
	*regs = (struct cpu_user_regs){ .rip = CODE,
		.rsp = v->arch.kernel_sp,
		.cs = FLAT_KERNEL_CS,
		.ss = FLAT_KERNEL_SS,
		.rflags = IF | 2 };
	return 0;
}

static int stop(void **state)
{
	(void)state;
	mm_check();
	pv_invalidate_ldt(v);
	pv_destroy_gdt(v);
	mm_kill(d);
	fake_stop();
	return 0;
}

static void put_code(uint8_t a, uint8_t b, uint8_t c)
{
	uint8_t *at = (uint8_t *)mfn_to_virt(m[TEXT]) + 64;

	at[0] = a;
	at[1] = b;
	at[2] = c;
}

/* The handler of that vector was entered; word i of its frame. */
static uint64_t told(unsigned vector, unsigned i)
{
	assert_int_equal(regs->rip, 0x1000 + vector);
	return ((uint64_t *)mfn_to_virt(
		m[STACK]))[(regs->rsp & ~PAGE_MASK) / 8 + i];
}

/* The frame of a vector with an error code begins with rcx, r11. */
static void page_fault(vaddr_t addr, uint32_t error)
{
	regs->error_code = error;
	entry_page_fault(regs, addr);
}

static void faults_told(void **state)
{
	(void)state;
	/* Whatever stands there is not for the guest to know. */
	page_fault(HYPERVISOR_VA_START, PF_PRESENT | PF_WRITE);
	assert_int_equal(told(14, 2), PF_WRITE);
	assert_int_equal(told(14, 3), CODE);
	assert_int_equal(v->vcpu_info->arch.cr2, HYPERVISOR_VA_START);
	/* A hole, and a page that may only be read. */
	page_fault(64, PF_WRITE);
	assert_int_equal(told(14, 2) & PF_WRITE, PF_WRITE);
	assert_int_equal(
		pt_update_va(v, d, FAKE_SPACE_VA, pte_make(m[0], PTE_PRESENT)),
		0);
	regs->rip = CODE;
	page_fault(FAKE_SPACE_VA, PF_PRESENT | PF_WRITE);
	assert_int_equal(told(14, 2) & 3, PF_PRESENT | PF_WRITE);
	assert_int_equal(v->vcpu_info->arch.cr2, FAKE_SPACE_VA);
}

static void faults_repaired(void **state)
{
	vaddr_t addr = FAKE_SPACE_VA + L1 * PAGE_SIZE + SLOT * 8;
	uint64_t *slot = (uint64_t *)mfn_to_virt(m[L1]) + SLOT;

	(void)state;
	/* The entry allows it: only the TLB was behind. */
	page_fault(FAKE_SPACE_VA, PF_PRESENT | PF_WRITE);
	assert_int_equal(regs->rip, CODE);
	/* But not a bit that is reserved, nor what was no data. */
	page_fault(FAKE_SPACE_VA, PF_PRESENT | PF_RESERVED);
	assert_int_equal(told(14, 3), CODE);
	regs->rip = CODE;
	/* mov [rbx], rcx, into a table. */
	put_code(0x48, 0x89, 0x0b);
	regs->rcx = 0x4440;
	page_fault(addr, PF_PRESENT | PF_WRITE);
	assert_int_equal(regs->rip, CODE + 3);
	assert_int_equal(*slot, 0x4440);
	/* Step by step. */
	regs->rip = CODE;
	regs->rflags |= TF;
	regs->rcx = 0x5550;
	page_fault(addr, PF_PRESENT | PF_WRITE);
	assert_int_equal(*slot, 0x5550);
	assert_int_equal(told(1, 2), CODE + 3);
	assert_true(v->arch.dr[6] & DR6_BS);
	*slot = 0;
}

static void software_interrupts(void **state)
{
	(void)state;
	put_code(0xcd, 0x80, 0x90);
	regs->error_code = 0x80 * 8 + 2;
	entry_general_protection(regs);
	assert_int_equal(told(0x80, 2), CODE + 2);
	/* A gate that is not there, or not for the kernel's users. */
	v->arch.traps[0x80].address = 0;
	regs->rip = CODE;
	entry_general_protection(regs);
	assert_int_equal(told(13, 2), 0x80 * 8 + 2);
	assert_int_equal(told(13, 3), CODE);
	regs->rip = CODE + 2; /* as the CPU's own gate leaves it */
	entry_int(regs, 0x80);
	assert_int_equal(told(13, 3), CODE);
	v->arch.traps[0x80].address = 0x1080;
	regs->rip = CODE + 2;
	entry_int(regs, 0x80);
	assert_int_equal(told(0x80, 2), CODE + 2);
	/* No such instruction: the error code is the kernel's to read. */
	put_code(0x90, 0x80, 0x90);
	regs->rip = CODE;
	regs->error_code = 0x80 * 8 + 2;
	entry_general_protection(regs);
	assert_int_equal(told(13, 2), 0x80 * 8 + 2);
}

static void other_exceptions(void **state)
{
	(void)state;
	put_code(0x0f, 0x0b, 0x90);
	entry_invalid_opcode(regs);
	assert_int_equal(told(6, 2), CODE);
	regs->rip = CODE;
	v->arch.fpu_ts = true;
	entry_device_not_available(regs);
	assert_int_equal(told(7, 2), CODE);
	assert_false(v->arch.fpu_ts);
	regs->rip = CODE;
	regs->error_code = 0x18;
	entry_exception(regs, 12);
	assert_int_equal(told(12, 2), 0x18);
	assert_int_equal(told(12, 3), CODE);
}

static void fetched(void **state)
{
	vaddr_t end = FAKE_SPACE_VA + DATA * PAGE_SIZE;
	uint8_t bytes[15];

	(void)state;
	assert_int_equal(pv_fetch(v, CODE, bytes, 15), 15);
	/* Over the end of a page, into the next one and into a hole. */
	assert_int_equal(pv_fetch(v, CODE - 64 - 4, bytes, 15), 15);
	assert_int_equal(pt_update_va(v, d, end - PAGE_SIZE, 0), 0);
	assert_int_equal(pv_fetch(v, end - PAGE_SIZE - 4, bytes, 15), 4);
	assert_int_equal(pv_fetch(v, end - PAGE_SIZE, bytes, 15), 0);
}

static void ldt_pages(void **state)
{
	struct page *pg = mfn_to_page(m[LDT]);
	vaddr_t base = FAKE_SPACE_VA + LDT * PAGE_SIZE;

	(void)state;
	v->arch.ldt_base = base;
	v->arch.ldt_entries = 513;
	/* Writable still: no table of descriptors. */
	assert_false(pv_map_ldt_page(v, 0));
	assert_int_equal(
		pt_update_va(v, d, base, pte_make(m[LDT], PTE_PRESENT)), 0);
	/* User code uses the kernel's. */
	v->arch.in_kernel = false;
	assert_true(pv_map_ldt_page(v, 0));
	assert_false(v->arch.in_kernel);
	v->arch.in_kernel = true;
	assert_int_equal(pg->type & TYPE_COUNT, 1);
	assert_false(pv_map_ldt_page(v, 0)); /* there */
	assert_false(pv_map_ldt_page(v, 1)); /* writable */
	assert_false(pv_map_ldt_page(v, 2)); /* beyond its end */
	assert_false(pv_map_ldt_page(v, 16));
	pv_invalidate_ldt(v);
	assert_int_equal(pg->type & TYPE_COUNT, 0);
	v->arch.ldt_base = 64;
	assert_false(pv_map_ldt_page(v, 0));
}

static void gdt_frames(void **state)
{
	uint64_t frames[2] = { m[LDT].v, ~0ULL >> PAGE_SHIFT };

	(void)state;
	assert_int_equal(
		pv_set_gdt(v, frames, FIRST_RESERVED_GDT_ENTRY + 1), -EINVAL);
	assert_int_equal(pv_set_gdt(v, frames, 1), -EINVAL); /* writable */
	assert_int_equal(pt_update_va(v, d, FAKE_SPACE_VA + LDT * PAGE_SIZE,
				 pte_make(m[LDT], PTE_PRESENT)),
		0);
	assert_int_equal(pv_set_gdt(v, frames, 513), -EINVAL); /* the second */
	assert_int_equal(mfn_to_page(m[LDT])->type & TYPE_COUNT, 0);
	assert_int_equal(pv_set_gdt(v, frames, 512), 0);
	assert_int_equal(v->arch.gdt_entries, 512);
	assert_int_equal(mfn_to_page(m[LDT])->type & TYPE_COUNT, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(faults_told),
		TEST(faults_repaired),
		TEST(software_interrupts),
		TEST(other_exceptions),
		TEST(fetched),
		TEST(ldt_pages),
		TEST(gdt_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
