/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that only the control domain has: sound in every way, and refused to
 * any other; nothing of what they ask for happens.
 */
#include <public/domctl.h>
#include <public/memory.h>
#include <public/physdev.h>
#include <public/platform.h>
#include <public/sched.h>
#include <public/sysctl.h>
#include "guest.h"

static void on_domains(void)
{
	static const uint32_t cmd[] = { XEN_DOMCTL_destroydomain,
		XEN_DOMCTL_pausedomain, XEN_DOMCTL_unpausedomain,
		XEN_DOMCTL_getdomaininfo, XEN_DOMCTL_max_mem,
		XEN_DOMCTL_createdomain, XEN_DOMCTL_getvcpucontext,
		XEN_DOMCTL_hypercall_init, XEN_DOMCTL_ioport_permission };
	static struct xen_domctl op;

	for (unsigned i = 0; i < sizeof(cmd) / sizeof(cmd[0]); i++)
		for (unsigned domain = 0; domain < 3; domain++) {
			op.cmd = cmd[i];
			op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
			op.domain = (domid_t)domain;
			expect_error("a domctl", HC1(__HYPERVISOR_domctl, &op),
				XEN_EPERM);
		}
}

static void on_the_machine(void)
{
	static const uint32_t cmd[] = { XEN_SYSCTL_readconsole,
		XEN_SYSCTL_physinfo, XEN_SYSCTL_debug_keys,
		XEN_SYSCTL_getdomaininfolist, XEN_SYSCTL_cputopoinfo };
	static struct xen_sysctl op;
	static struct xen_platform_op pl;
	struct sched_remote_shutdown down = { 0, SHUTDOWN_reboot };
	struct xen_memory_map e820 = { .nr_entries = 0 };

	for (unsigned i = 0; i < sizeof(cmd) / sizeof(cmd[0]); i++) {
		op.cmd = cmd[i];
		op.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
		expect_error(
			"a sysctl", HC1(__HYPERVISOR_sysctl, &op), XEN_EPERM);
	}
	pl.cmd = XENPF_enter_acpi_sleep;
	pl.interface_version = XENPF_INTERFACE_VERSION;
	expect_error("putting the machine to sleep",
		HC1(__HYPERVISOR_platform_op, &pl), XEN_EPERM);
	pl.cmd = XENPF_settime64;
	expect_error("setting its clock", HC1(__HYPERVISOR_platform_op, &pl),
		XEN_EPERM);
	expect_true("shutting dom0 down",
		HC2(__HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, &down) < 0);
	expect_true("the machine's memory map",
		HC2(__HYPERVISOR_memory_op, XENMEM_machine_memory_map, &e820) <
			0);
}

static void on_devices(void)
{
	static uint8_t arg[128] __attribute__((aligned(8)));
	unsigned done = 0;

	for (unsigned cmd = 0; cmd < 40; cmd++) {
		/* These concern the caller alone. */
		if (cmd == PHYSDEVOP_IRQ_UNMASK_NOTIFY ||
			cmd == PHYSDEVOP_set_iopl ||
			cmd == PHYSDEVOP_set_iobitmap ||
			cmd == PHYSDEVOP_get_free_pirq ||
			cmd == PHYSDEVOP_irq_status_query)
			continue;
		for (unsigned i = 0; i < sizeof(arg); i++)
			arg[i] = 0;
		done += HC2(__HYPERVISOR_physdev_op, cmd, arg) >= 0;
	}
	expect("calls about devices that succeed", done, 0);
}

void guest_tests(void)
{
	if (is_dom0)
		return;
	on_domains();
	on_the_machine();
	on_devices();
}
