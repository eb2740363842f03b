/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames to and from a PV kernel (pv/bounce.c, pv/iret.c): what stands in
 * them, where they are put, and that wild stacks, handlers, selectors and
 * flags give the guest no privilege and harm nobody but itself.
 */
#include "ctl_rig.h"
#include <public/sched.h>
#include <tenon/pte.h>
#include <tenon/pv.h>

#define IF   (1UL << 9)
#define IOPL (3UL << 12)
#define NT   (1UL << 14)
#define TF   (1UL << 8)
#define DF   (1UL << 10)
#define RF   (1UL << 16)
#define VM   (1UL << 17)
#define AC   (1UL << 18)

static uint64_t stack[512] __attribute__((aligned(16)));
static uint64_t *const top = &stack[512];
static struct cpu_user_regs regs;

static int start(void **state)
{
	struct vcpu *v;

	(void)state;
	ctl_start(1);
	ctl_play(1);
	v = current;
	memset(stack, 0x99, sizeof(stack));
	v->arch.in_kernel = true;
	v->arch.kernel_sp = (uint64_t)top;
	for (unsigned i = 0; i < 256; i++)
		v->arch.traps[i] = (struct trap_info){ (uint8_t)i, 0,
			FLAT_KERNEL_CS, 0x1000 + i };
	regs = (struct cpu_user_regs){ .rip = 0xaaaa,
		.rsp = (uint64_t)&stack[256],
		.cs = FLAT_KERNEL_CS,
		.ss = FLAT_KERNEL_SS,
		.rcx = 0xcccc,
		.r11 = 0x1111,
		.rflags = IF | 2 };
	return 0;
}

static int stop(void **state)
{
	(void)state;
	ctl_stop();
	return 0;
}

static uint64_t *frame(void)
{
	return (uint64_t *)regs.rsp;
}

static void from_kernel(void **state)
{
	(void)state;
	current->vcpu_info->evtchn_upcall_mask = 0;
	pv_inject(current, &regs, 6, 0);
	assert_int_equal(regs.rip, 0x1006);
	assert_ptr_equal(frame(), &stack[256 - 7]);
	assert_int_equal(frame()[0], 0xcccc);
	assert_int_equal(frame()[1], 0x1111);
	assert_int_equal(frame()[2], 0xaaaa);
	/* The ring of the kernel is hidden from it. */
	assert_int_equal(frame()[3], FLAT_KERNEL_CS & ~3);
	assert_int_equal(frame()[4], IF | 2);
	assert_int_equal(frame()[5], &stack[256]);
	assert_int_equal(frame()[6], FLAT_KERNEL_SS);
	assert_int_equal(regs.rcx, 0xcccc);
	/* Nothing above the frame is written. */
	assert_int_equal(stack[256], 0x9999999999999999);
}

static void from_user(void **state)
{
	(void)state;
	current->arch.in_kernel = false;
	current->vcpu_info->evtchn_upcall_mask = 1;
	regs.rsp = 0x123;
	regs.cs = FLAT_USER_CS;
	pv_inject(current, &regs, 13, 0x77);
	assert_true(current->arch.in_kernel);
	assert_ptr_equal(frame(), top - 8);
	assert_int_equal(frame()[2], 0x77);
	assert_int_equal(frame()[4], FLAT_USER_CS | 1ULL << 32);
	assert_int_equal(frame()[5] & IF, 0);
	assert_int_equal(frame()[6], 0x123);
	assert_int_equal(regs.cs, FLAT_KERNEL_CS);
	assert_int_equal(regs.ss, FLAT_KERNEL_SS);
}

/* Which vectors push an error code: SDM vol. 3A, table 6-1. */
static void error_codes(void **state)
{
	static const bool has[32] = { [8] = true,
		[10] = true,
		[11] = true,
		[12] = true,
		[13] = true,
		[14] = true,
		[17] = true,
		[21] = true };

	(void)state;
	for (unsigned n = 0; n < 256; n++) {
		regs.rsp = (uint64_t)&stack[256];
		pv_inject(current, &regs, n, 0x55);
		assert_int_equal(regs.rip, 0x1000 + n);
		assert_int_equal(regs.rsp % 16, n < 32 && has[n] ? 0 : 8);
		if (n < 32 && has[n])
			assert_int_equal(frame()[2], 0x55);
		regs.rip = 0xaaaa;
	}
}

/* Flags that a handler must not start with; the frame keeps the old ones. */
static void flags_of_handlers(void **state)
{
	(void)state;
	regs.rflags = IF | 2 | TF | DF | NT | RF | VM | AC;
	pv_inject(current, &regs, 3, 0);
	assert_int_equal(regs.rflags, IF | 2);
	assert_int_equal(frame()[4] & (TF | DF | NT | AC), TF | DF | NT | AC);
	/* The real IOPL is the hypervisor's. */
	regs.rflags = IF | 2 | IOPL;
	pv_inject(current, &regs, 3, 0);
	assert_int_equal(regs.rflags & IOPL, 0);
	assert_int_equal(frame()[4] & IOPL, 0);
	current->arch.iopl = 1;
	current->domain->vm_assist = 1 << VMASST_TYPE_architectural_iopl;
	pv_inject(current, &regs, 3, 0);
	assert_int_equal(frame()[4] & IOPL, 1 << 12);
}

static void masks(void **state)
{
	uint8_t *mask = &current->vcpu_info->evtchn_upcall_mask;

	(void)state;
	*mask = 0;
	pv_inject(current, &regs, 3, 0);
	assert_int_equal(*mask, 0);
	current->arch.traps[3].flags = 4;
	pv_inject(current, &regs, 3, 0);
	assert_int_equal(*mask, 1);
	*mask = 0;
	current->arch.in_kernel = false;
	current->arch.syscall = (struct pv_callback){ 0x2000, false };
	pv_syscall(current, &regs);
	assert_int_equal(*mask, 0);
	assert_int_equal(regs.rip, 0x2000);
	current->arch.in_kernel = false;
	current->arch.syscall.masks_events = true;
	pv_syscall(current, &regs);
	assert_int_equal(*mask, 1);
}

static void failsafe_frame(void **state)
{
	(void)state;
	current->arch.failsafe = (struct pv_callback){ 0x3000, false };
	regs.ds = 1;
	regs.es = 2;
	regs.fs = 3;
	regs.gs = 4;
	pv_failsafe(current, &regs);
	assert_int_equal(regs.rip, 0x3000);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(frame()[i], i + 1);
	assert_int_equal(frame()[4], 0xcccc);
	assert_int_equal(frame()[6], 0xaaaa);
}

static bool is_crashed(void)
{
	return dom[1]->is_shutting_down &&
	       dom[1]->shutdown_code == SHUTDOWN_crash;
}

/* Stacks that no frame can be put on: the domain's end, and only its. */
static void wild_stacks(void **state)
{
	static const uint64_t wild[] = { 0, 8, 64, 4095, 1UL << 47, 1UL << 63,
		HYPERVISOR_VA_START, HYPERVISOR_VA_START + 4096, ~0ULL };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(wild); i++)
		for (unsigned user = 0; user < 2; user++) {
			current->arch.in_kernel = !user;
			current->arch.kernel_sp = wild[i];
			regs.rsp = wild[i];
			/* The fake machine maps what the test may write. */
			fake_fail_copy_after(0);
			pv_inject(current, &regs, 14, 0);
			fake_fail_copy_after(~0ULL);
			assert_true(is_crashed());
			assert_false(dom[2]->is_shutting_down);
			stop(NULL);
			start(NULL);
		}
}

static void no_handlers(void **state)
{
	(void)state;
	current->arch.traps[6].address = 0;
	pv_inject(current, &regs, 6, 0);
	assert_true(is_crashed());
	stop(NULL);
	start(NULL);
	/* A callback that was never told. */
	current->arch.in_kernel = false;
	current->arch.syscall.rip = 0;
	pv_syscall(current, &regs);
	assert_true(is_crashed());
	stop(NULL);
	start(NULL);
	current->arch.failsafe.rip = 0;
	pv_failsafe(current, &regs);
	assert_true(is_crashed());
}

/* --- the way back --- */

static long do_iret(const struct iret_context *f, bool has_user_root)
{
	struct cpu_user_regs *live = arch_guest_regs();

	current->arch.in_kernel = true;
	current->arch.user_root = MFN(0);
	/* Only whether there is one is asked here. */
	if (has_user_root)
		current->arch.user_root = current->arch.root;
	live->rsp = (uint64_t)f;
	return ctl_call(hc_iret, 0, 0, 0);
}

static void to_kernel(void **state)
{
	struct cpu_user_regs *live = arch_guest_regs();
	struct iret_context f = { .rax = 1,
		.r11 = 2,
		.rcx = 3,
		.rip = 0x4444,
		.cs = FLAT_KERNEL_CS & ~3UL,
		.rflags = ~0ULL,
		.rsp = 0x5555,
		.ss = FLAT_KERNEL_SS & ~3UL };

	(void)state;
	assert_int_equal(do_iret(&f, false), 0);
	assert_true(current->arch.in_kernel);
	assert_int_equal(live->rip, 0x4444);
	assert_int_equal(live->cs, FLAT_KERNEL_CS);
	assert_int_equal(live->ss, FLAT_KERNEL_SS);
	assert_int_equal(live->rsp, 0x5555);
	assert_int_equal(live->rax, 1);
	assert_int_equal(live->r11, 2);
	assert_int_equal(live->rcx, 3);
	/* Neither I/O nor virtual-8086 mode, and interrupts stay on. */
	assert_int_equal(live->rflags & (IOPL | VM), 0);
	assert_int_equal(live->rflags & (IF | 2), IF | 2);
	assert_int_equal(current->vcpu_info->evtchn_upcall_mask, 0);
	f.rflags = 0;
	do_iret(&f, false);
	assert_int_equal(live->rflags & (IF | 2), IF | 2);
	assert_int_equal(current->vcpu_info->evtchn_upcall_mask, 1);
}

/* Whatever the frame's selectors say, ring 3 is where it goes on. */
static void selectors(void **state)
{
	struct cpu_user_regs *live = arch_guest_regs();
	struct iret_context f = { .rip = 1 };

	(void)state;
	for (uint64_t s = 0; s < 0x20000; s += 7) {
		f.cs = s & ~3ULL; /* to the kernel */
		f.ss = s;
		do_iret(&f, false);
		assert_int_equal(live->cs & 3, 3);
		assert_int_equal(live->ss & 3, 3);
		assert_int_equal(live->cs >> 16, 0);
	}
}

static void to_nowhere(void **state)
{
	struct iret_context f = { .cs = FLAT_USER_CS };

	(void)state;
	/* To user mode, which has no page table. */
	assert_int_equal(do_iret(&f, false), 0);
	assert_true(is_crashed());
	stop(NULL);
	start(NULL);
	assert_int_equal(do_iret((void *)BAD_VA, false), 0);
	assert_true(is_crashed());
	stop(NULL);
	start(NULL);
	fake_fail_copy_after(0);
	do_iret(&f, false);
	fake_fail_copy_after(~0ULL);
	assert_true(is_crashed());
	assert_false(dom[0]->is_shutting_down);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(from_kernel),
		TEST(from_user),
		TEST(error_codes),
		TEST(flags_of_handlers),
		TEST(masks),
		TEST(failsafe_frame),
		TEST(wild_stacks),
		TEST(no_handlers),
		TEST(to_kernel),
		TEST(selectors),
		TEST(to_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
