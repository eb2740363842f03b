/* SPDX-License-Identifier: BSD-2-Clause */
/* NMIs of the machine on their way to dom0's callback. */
#include "ctl_rig.h"

#include <tenon/boot.h>
#include <tenon/entry.h>
#include <tenon/pv.h>
#include <tenon/softirq.h>
#include <public/nmi.h>

#define HANDLER 0x4000ULL

static uint32_t status; /* port 0x61 */
static uint64_t stack[64];

static uint32_t io_read(uint16_t port, unsigned size)
{
	assert_int_equal(port, 0x61);
	assert_int_equal(size, 1);
	return status;
}

static void io_write(uint16_t port, unsigned size, uint32_t value)
{
	assert_int_equal(port, 0x61);
	assert_int_equal(size, 1);
	/* Clearing a reason takes it away; the rest is kept. */
	if (value & 4)
		status &= ~0x80U;
	if (value & 8)
		status &= ~0x40U;
	assert_int_equal(value & 3, status & 3);
}

static void start(void)
{
	struct xennmi_callback op = { .handler_address = HANDLER };

	ctl_start(1);
	nmi_init();
	fake_on_io_read = io_read;
	fake_on_io_write = io_write;
	boot_options.nmi = BOOT_NMI_DOM0;
	assert_int_equal(
		ctl_call(hc_nmi_op, XENNMI_register_callback, (uint64_t)&op, 0),
		0);
	current->arch.kernel_sp = (uint64_t)(stack + 64);
}

static void stop(void)
{
	fake_on_io_read = NULL;
	fake_on_io_write = NULL;
	boot_options.nmi = BOOT_NMI_DOM0;
	ctl_stop();
}

/* On the way out: does the handler run now? */
static bool is_delivered(void)
{
	struct cpu_user_regs *regs = arch_guest_regs();

	regs->rip = 0x1000;
	regs->rsp = (uint64_t)(stack + 64);
	entry_resume(current, regs);
	return regs->rip == HANDLER;
}

static uint64_t take_reasons(void)
{
	uint64_t why = dom[0]->shared_info->arch.nmi_reason;

	dom[0]->shared_info->arch.nmi_reason = 0;
	return why;
}

static void to_dom0(void **state)
{
	struct hypercall hc;

	(void)state;
	start();
	status = 0xb3;
	assert_false(entry_nmi());
	assert_int_equal(status & 0xc0, 0);
	/* Nothing but a note until softirqs run. */
	assert_int_equal(take_reasons(), 0);
	assert_true(softirq_pending());
	softirq_run();
	assert_int_equal(take_reasons(), XEN_NMIREASON_pci_serr);
	assert_true(is_delivered());
	/* Events are masked, and further NMIs until the handler's iret. */
	assert_int_equal(current->vcpu_info->evtchn_upcall_mask, 1);
	status = 0x43;
	assert_false(entry_nmi());
	assert_false(entry_nmi());
	softirq_run();
	assert_int_equal(
		take_reasons(), XEN_NMIREASON_io_error | XEN_NMIREASON_unknown);
	assert_false(is_delivered());
	hc = (struct hypercall){ .v = current, .d = current->domain };
	memset(stack, 0, sizeof(stack));
	arch_guest_regs()->rsp = (uint64_t)stack;
	assert_int_equal(hc_iret(&hc), 0);
	assert_true(is_delivered());
	current->arch.nmi_masked = 0;
	assert_false(is_delivered());

	/* One vcpu of any guest to another. */
	ctl_play(1);
	current->arch.traps[2].address = HANDLER;
	current->arch.kernel_sp = (uint64_t)(stack + 64);
	vcpu_send_nmi(current);
	assert_true(is_delivered());
	stop();
}

static void by_option(void **state)
{
	(void)state;
	start();
	boot_options.nmi = BOOT_NMI_IGNORE;
	status = 0x80;
	assert_false(entry_nmi());
	softirq_run();
	assert_int_equal(take_reasons(), 0);
	assert_false(is_delivered());
	boot_options.nmi = BOOT_NMI_FATAL;
	assert_true(entry_nmi());
	boot_options.nmi = BOOT_NMI_DOM0;
	softirq_run();
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(to_dom0),
		cmocka_unit_test(by_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
