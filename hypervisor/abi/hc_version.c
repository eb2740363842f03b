/* SPDX-License-Identifier: BSD-2-Clause */
/* xen_version: which ABI is spoken here, by whom it was built, what it can. */
#include <tenon/boot.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/fmt.h>
#include <tenon/guest_copy.h>
#include <tenon/hypercall.h>
#include <tenon/string.h>
#include <public/version.h>

/*
 * The ABI that is implemented: that of the 4.17 releases.  Scripts of dom0 tell
 * this hypervisor from another by /sys/hypervisor/version/extra.
 */
#define ABI_MAJOR	 4
#define ABI_MINOR	 17
#define ABI_EXTRAVERSION ".7-tenon"

/* 64-bit paravirtual guests: libxl's and libvirt's name for them. */
#define CAPABILITIES "xen-3.0-x86_64 "

#ifndef TENON_CHANGESET
#define TENON_CHANGESET "tenon"
#endif

static uint32_t features(const struct domain *d)
{
	uint32_t map = 1U << XENFEAT_mmu_pt_update_preserve_ad |
		       1U << XENFEAT_gnttab_map_avail_bits |
		       1U << XENFEAT_not_direct_mapped;

	if (d->is_hardware)
		map |= 1U << XENFEAT_dom0;
	if (d->vm_assist & 1ULL << VMASST_TYPE_pae_extended_cr3)
		map |= 1U << XENFEAT_pae_pgdir_above_4gb;
	return map;
}

/* A string in a field of the whole size, the rest zero. */
static long give_string(vaddr_t va, const char *s, size_t size)
{
	size_t n = strnlen(s, size - 1);

	if (arch_clear_guest(va, size) != 0)
		return -EFAULT;
	return arch_copy_to_guest(va, s, n);
}

static long get_compile_info(vaddr_t va)
{
	struct xen_compile_info info = { 0 };

	strlcpy(info.compiler, __VERSION__, sizeof(info.compiler));
	strlcpy(info.compile_by, "tenon", sizeof(info.compile_by));
	return guest_write_va(va, &info);
}

static long get_features(const struct domain *d, vaddr_t va)
{
	struct xen_feature_info info;

	if (guest_read_va(&info, va) != 0)
		return -EFAULT;
	if (info.submap_idx >= XENFEAT_NR_SUBMAPS)
		return -EINVAL;
	info.submap = features(d);
	return guest_write_va(va, &info);
}

static long get_commandline(const struct domain *d, vaddr_t va)
{
	const char *line = d->is_privileged ? boot_info.cmdline : NULL;

	return give_string(va, line ? line : "", sizeof(xen_commandline_t));
}

static long get_build_id(const struct domain *d, vaddr_t va)
{
	struct xen_build_id head;
	const void *id;
	size_t n = arch_build_id(&id);

	if (!d->is_privileged)
		return -EPERM;
	if (!n)
		return -ENODATA;
	/* To be told how much room it takes. */
	if (!va)
		return (long)n;
	if (guest_read_va(&head, va) != 0)
		return -EFAULT;
	if (!head.len)
		return -EINVAL;
	if (head.len < n)
		return -ENOBUFS;
	if (arch_copy_to_guest(
		    va + offsetof(struct xen_build_id, buf), id, n) != 0)
		return -EFAULT;
	return (long)n;
}

/* Arguments: the command, where its result goes. */
long hc_xen_version(struct hypercall *hc)
{
	struct xen_platform_parameters platform = {
		.virt_start = HYPERVISOR_VIRT_START,
	};
	vaddr_t va = hc->arg[1];

	switch ((uint32_t)hc->arg[0]) {
	case XENVER_version:
		return ABI_MAJOR << 16 | ABI_MINOR;
	case XENVER_extraversion:
		return give_string(va, ABI_EXTRAVERSION, XEN_EXTRAVERSION_LEN);
	case XENVER_compile_info:
		return get_compile_info(va);
	case XENVER_capabilities:
		return give_string(va, CAPABILITIES, XEN_CAPABILITIES_INFO_LEN);
	case XENVER_changeset:
		return give_string(va, TENON_CHANGESET, XEN_CHANGESET_INFO_LEN);
	case XENVER_platform_parameters:
		return guest_write_va(va, &platform);
	case XENVER_get_features:
		return get_features(hc->d, va);
	case XENVER_pagesize:
		return va ? -EINVAL : (long)PAGE_SIZE;
	case XENVER_guest_handle:
		return arch_copy_to_guest(
			va, hc->d->handle, sizeof(hc->d->handle));
	case XENVER_commandline:
		return get_commandline(hc->d, va);
	case XENVER_build_id:
		return get_build_id(hc->d, va);
	default:
		return -ENOSYS;
	}
}
