/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mca: dom0 asks what CPUs there are and whether machine checks have noted
 * something.  Nothing is ever noted: errors that the hardware corrects are not
 * looked for, and any other one stops the machine.
 */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/hypercall.h>
#include <tenon/string.h>
#include <public/arch-x86/xen-mca.h>

#define MSR_MCG_CAP 0x179U

/* Family, model and stepping: SDM vol. 2A, CPUID, leaf 1. */
static void set_model(struct mcinfo_logical_cpu *info, uint32_t id)
{
	info->mc_family = id >> 8 & 15;
	info->mc_model = id >> 4 & 15;
	if (info->mc_family == 15 || info->mc_family == 6)
		info->mc_model |= id >> 12 & 0xf0;
	if (info->mc_family == 15)
		info->mc_family += id >> 20 & 255;
	info->mc_step = id & 15;
}

/* All CPUs are of one kind: but for its numbers as this one. */
static void describe(struct mcinfo_logical_cpu *info, const struct cpu *c)
{
	uint32_t r[4], caps[2][4];
	uint64_t cap = 0;

	memset(info, 0, sizeof(*info));
	info->mc_cpunr = c->id;
	info->mc_coreid = (uint16_t)c->id;
	info->mc_apicid = c->apic_id;
	info->mc_ncores = info->mc_ncores_active = cpu_count;
	info->mc_nthreads = 1;
	arch_cpuid(0, 0, r);
	info->mc_cpuid_level = (int32_t)r[0];
	memcpy(info->mc_vendorid, &r[1], 4);
	memcpy(info->mc_vendorid + 4, &r[3], 4);
	memcpy(info->mc_vendorid + 8, &r[2], 4);
	for (unsigned i = 0; i < 3; i++) {
		arch_cpuid(0x80000002 + i, 0, r);
		memcpy(info->mc_brandid + i * 16, r, 16);
	}
	arch_cpuid(1, 0, caps[0]);
	arch_cpuid(0x80000001, 0, caps[1]);
	set_model(info, caps[0][0]);
	info->mc_cpu_caps[MC_CAPS_STD_EDX] = caps[0][3];
	info->mc_cpu_caps[MC_CAPS_STD_ECX] = caps[0][2];
	info->mc_cpu_caps[MC_CAPS_AMD_EDX] = caps[1][3];
	info->mc_cpu_caps[MC_CAPS_AMD_ECX] = caps[1][2];
	info->mc_cache_alignment = (caps[0][1] >> 8 & 255) * 8;
	if (!arch_rdmsr(MSR_MCG_CAP, &cap)) {
		info->mc_nmsrvals = 1;
		info->mc_msrvalues[0] = (struct mcinfo_msr){ MSR_MCG_CAP, cap };
	}
}

static long list_cpus(struct xen_mc_physcpuinfo *op)
{
	cpumask_t online = atomic_read(&cpus_online);
	uint32_t n = 0, room = op->info.va ? op->ncpus : NR_CPUS;
	struct mcinfo_logical_cpu info;
	unsigned cpu;

	if (!room)
		return -EINVAL;
	cpu_for_each (cpu, online) {
		if (n == room)
			break;
		if (op->info.va) {
			describe(&info, cpus[cpu]);
			if (guest_write_at(op->info, n, &info))
				return -EFAULT;
		}
		n++;
	}
	op->ncpus = n;
	return 0;
}

/* Of either kind of errors there is none; what is acknowledged is gone. */
static long fetch(struct xen_mc_fetch *op)
{
	uint32_t kind = op->flags & (XEN_MC_NONURGENT | XEN_MC_URGENT);

	if (kind != XEN_MC_NONURGENT && kind != XEN_MC_URGENT)
		return -EINVAL;
	if (op->flags & XEN_MC_ACK)
		return 0;
	if (!op->data.va)
		return -EINVAL;
	op->flags = XEN_MC_NODATA;
	op->fetch_id = 0;
	return 0;
}

static long run(struct xen_mc *op)
{
	switch (op->cmd) {
	case XEN_MC_fetch:
		return fetch(&op->u.mc_fetch);
	case XEN_MC_physcpuinfo:
		return list_cpus(&op->u.mc_physcpuinfo);
	case XEN_MC_msrinject:
	case XEN_MC_mceinject:
	case XEN_MC_inject_v2:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

/* Argument: the operation. */
long hc_mca(struct hypercall *hc)
{
	struct xen_mc op;
	long r;

	if (!hc->d->is_hardware)
		return -EPERM;
	if (guest_read_va(&op, hc->arg[0]) != 0)
		return -EFAULT;
	if (op.interface_version != XEN_MCA_INTERFACE_VERSION)
		return -EACCES;
	r = run(&op);
	if (r)
		return r;
	return guest_write_va(hc->arg[0], &op);
}
