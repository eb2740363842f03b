/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * platform_op: what dom0's kernel does to the machine; and the answers of
 * xsm_op and xenpmu_op, which are not there.
 */
#include <tenon/acpi.h>
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/console.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/efi.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/hypercall.h>
#include <tenon/pv.h>
#include <tenon/string.h>
#include <public/platform.h>

#define NS_PER_S	  1000000000ULL
#define PM_ENTRIES_MAX	  64 /* states of a CPU in one upload */
#define CPUID_VENDOR_LEAF 0
#define CPUID_VERSION	  1

/* What dom0 told of each ACPI processor's power states: kept for the tools;
 * the hypervisor itself halts with HLT and leaves frequencies alone. */
static struct {
	bool has_cx, has_px;
	uint32_t acpi_id;
	uint32_t cx_count, px_count, px_limit;
} pm_info[NR_CPUS];

static struct lock pm_lock = LOCK_INIT(LOCK_DOMAIN);

static long settime(uint64_t sec, uint32_t nsec, uint64_t system_time)
{
	if (nsec >= NS_PER_S)
		return -EINVAL;
	time_set_wallclock(sec, nsec, system_time);
	return 0;
}

static uint32_t max_present(void)
{
	return cpu_count ? cpu_count - 1 : 0;
}

static const struct cpu *cpu_of(uint32_t id)
{
	return id < NR_CPUS ? cpus[id] : NULL;
}

static long get_cpuinfo(struct xenpf_pcpuinfo *info)
{
	const struct cpu *c = cpu_of(info->xen_cpuid);

	info->max_present = max_present();
	info->apic_id = info->acpi_id = ~0U;
	info->flags = XEN_PCPU_FLAGS_INVALID;
	if (c) {
		info->apic_id = c->apic_id;
		info->acpi_id = c->acpi_id;
		info->flags = c->is_online ? XEN_PCPU_FLAGS_ONLINE : 0;
	}
	return 0;
}

/* Family, model and stepping out of leaf 1: SDM vol. 2A, CPUID. */
static long get_cpu_version(struct vcpu *v, struct xenpf_pcpu_version *info)
{
	const struct cpu *c = cpu_of(info->xen_cpuid);
	uint32_t regs[4], id = info->xen_cpuid, family, model;

	memset(info, 0, sizeof(*info));
	info->xen_cpuid = id;
	info->max_present = max_present();
	if (!c || !c->is_online)
		return 0;
	/* All CPUs are of one kind. */
	pv_cpuid(v, CPUID_VENDOR_LEAF, 0, regs);
	memcpy(info->vendor_id, &regs[1], 4);
	memcpy(info->vendor_id + 4, &regs[3], 4);
	memcpy(info->vendor_id + 8, &regs[2], 4);
	pv_cpuid(v, CPUID_VERSION, 0, regs);
	family = regs[0] >> 8 & 15;
	model = regs[0] >> 4 & 15;
	if (family == 15 || family == 6)
		model |= regs[0] >> 12 & 0xf0;
	if (family == 15)
		family += regs[0] >> 20 & 255;
	info->family = family;
	info->model = model;
	info->stepping = regs[0] & 15;
	return 0;
}

static long set_pminfo(const struct xenpf_set_processor_pminfo *op)
{
	uint32_t count = op->type == XEN_PM_CX ? op->u.power.count
					       : op->u.perf.state_count;
	unsigned i, cpu;
	long r = -EINVAL;

	/* _PDC: the capabilities are those that the firmware has; no change. */
	if (op->type == XEN_PM_PDC)
		return 0;
	if (op->type != XEN_PM_CX && op->type != XEN_PM_PX)
		return -EINVAL;
	if (count > PM_ENTRIES_MAX)
		return -EINVAL;
	lock_take(&pm_lock);
	cpu_for_each (cpu, atomic_read(&cpus_online)) {
		if (cpus[cpu]->acpi_id != op->id)
			continue;
		i = cpu;
		pm_info[i].acpi_id = op->id;
		if (op->type == XEN_PM_CX) {
			pm_info[i].has_cx = true;
			pm_info[i].cx_count = count;
		} else {
			pm_info[i].has_px = true;
			if (op->u.perf.flags & XEN_PX_PSS)
				pm_info[i].px_count = count;
			if (op->u.perf.flags & XEN_PX_PPC)
				pm_info[i].px_limit = op->u.perf.platform_limit;
		}
		r = 0;
		break;
	}
	lock_drop(&pm_lock);
	return r;
}

static long enter_sleep(const struct xenpf_enter_acpi_sleep *op)
{
	if (op->flags || !op->sleep_state || op->sleep_state > 5)
		return -EINVAL;
	log_info("dom0 enters ACPI state S%u", op->sleep_state);
	return acpi_enter_sleep(op->val_a, op->val_b, op->sleep_state);
}

/* The vendor's name, as much as there is room for, its end included. */
static long efi_vendor(union xenpf_efi_info *info)
{
	uint32_t room = info->vendor.bufsz / 2;

	info->vendor.revision = efi.vendor_revision;
	for (uint32_t i = 0; i < room; i++) {
		uint16_t c = i < room - 1 ? efi.vendor[i] : 0;

		if (arch_copy_to_guest(info->vendor.name.va + i * 2UL, &c, 2))
			return -EFAULT;
		if (!c)
			break;
	}
	return 0;
}

static long efi_memory(union xenpf_efi_info *info)
{
	struct efi_memory m;
	uint64_t rest;

	if (efi_find_memory(&efi, info->mem.addr, &m))
		return -ENODEV;
	/* From the address on, and no more than was asked for. */
	rest = m.size - (info->mem.addr - m.start);
	info->mem.size = MIN(info->mem.size, rest);
	info->mem.attr = m.attributes;
	info->mem.type = m.type;
	return 0;
}

static long efi_facts(uint32_t index, union xenpf_efi_info *info)
{
	if (!efi.is_found)
		return -ENODEV;
	switch (index) {
	case XEN_FW_EFI_VERSION:
		info->version = efi.revision;
		return 0;
	case XEN_FW_EFI_RT_VERSION:
		info->version = efi.runtime_revision;
		return 0;
	case XEN_FW_EFI_CONFIG_TABLE:
		info->cfg.addr = efi.config;
		info->cfg.nent = efi.config_count;
		return 0;
	case XEN_FW_EFI_VENDOR:
		return efi_vendor(info);
	case XEN_FW_EFI_MEM_INFO:
		return efi_memory(info);
	case XEN_FW_EFI_PCI_ROM:
	case XEN_FW_EFI_APPLE_PROPERTIES:
		return -ENODEV;
	default:
		return -EINVAL;
	}
}

/* From a BIOS that was not asked: no disks, no monitor. */
static long firmware_info(struct xenpf_firmware_info *op)
{
	switch (op->type) {
	case XEN_FW_DISK_INFO:
	case XEN_FW_DISK_MBR_SIGNATURE:
	case XEN_FW_VBEDDC_INFO:
		return -ESRCH;
	case XEN_FW_EFI_INFO:
		return efi_facts(op->index, &op->u.efi_info);
	case XEN_FW_KBD_SHIFT_FLAGS:
		if (op->index)
			return -ESRCH;
		op->u.kbd_shift_flags = 0;
		return 0;
	default:
		return -EINVAL;
	}
}

static long core_parking(struct xenpf_core_parking *op)
{
	if (op->type == XEN_CORE_PARKING_SET)
		return -ENOSYS;
	if (op->type != XEN_CORE_PARKING_GET)
		return -EINVAL;
	op->idle_nums = 0;
	return 0;
}

/* Quirks of chipsets older than this CPU's architecture. */
static long platform_quirk(uint32_t quirk)
{
	switch (quirk) {
	case QUIRK_NOIRQBALANCING:
	case QUIRK_IOAPIC_BAD_REGSEL:
	case QUIRK_IOAPIC_GOOD_REGSEL:
		return 0;
	default:
		return -EINVAL;
	}
}

/* The part of an operation that has results, to be copied back. */
static long run(struct hypercall *hc, struct xen_platform_op *op)
{
	switch (op->cmd) {
	case XENPF_settime32:
		return settime(op->u.settime32.secs, op->u.settime32.nsecs,
			op->u.settime32.system_time);
	case XENPF_settime64:
		if (op->u.settime64.mbz)
			return -EINVAL;
		return settime(op->u.settime64.secs, op->u.settime64.nsecs,
			op->u.settime64.system_time);
	case XENPF_get_cpuinfo:
		return get_cpuinfo(&op->u.pcpu_info);
	case XENPF_get_cpu_version:
		return get_cpu_version(hc->v, &op->u.pcpu_version);
	case XENPF_set_processor_pminfo:
		return set_pminfo(&op->u.set_pminfo);
	case XENPF_enter_acpi_sleep:
		return enter_sleep(&op->u.enter_acpi_sleep);
	case XENPF_firmware_info:
		return firmware_info(&op->u.firmware_info);
	case XENPF_core_parking:
		return core_parking(&op->u.core_parking);
	case XENPF_platform_quirk:
		return platform_quirk(op->u.platform_quirk.quirk_id);
	default:
		return -ENOSYS;
	}
}

/* Argument: the operation. */
long hc_platform_op(struct hypercall *hc)
{
	struct xen_platform_op op;
	long r;

	if (!hc->d->is_hardware)
		return -EPERM;
	if (guest_read_va(&op, hc->arg[0]) != 0)
		return -EFAULT;
	if (op.interface_version != XENPF_INTERFACE_VERSION)
		return -EACCES;
	r = run(hc, &op);
	if (r)
		return r;
	return guest_write_va(hc->arg[0], &op);
}

/* Performance counters: as where they are turned off, not left out. */
long hc_xenpmu_op(struct hypercall *hc)
{
	(void)hc;
	return -EOPNOTSUPP;
}

/* Security modules: none is loaded. */
long hc_xsm_op(struct hypercall *hc)
{
	(void)hc;
	return -ENOSYS;
}
