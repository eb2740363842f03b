#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every operation that the public headers name has its line in
# unit/abi_answers.def, and every hypercall a handler there or in hypercall(7).
cd "$top_srcdir" || exit 1
public=hypervisor/include/public
failed=0

# numbered PREFIX HEADER: names of numbers that begin so.
numbered() {
	awk -v prefix="$1" '$1 == "#define" && index($2, prefix) == 1 &&
		$3 ~ /^[0-9]+$/ { print $2 }' "$public/$2"
}

# operations PREFIX HEADER [PATTERN]: but for those, which are no operations.
operations() {
	for name in $(numbered "$1" "$2" | grep -vE "${3:-^$}"); do
		grep -q "^ANSWER($name," tests/unit/abi_answers.def || {
			echo "abi_answers.def has no line for $name ($2)"
			failed=1
		}
	done
}

operations MMU_ xen.h
operations MMUEXT_ xen.h
operations XENMEM_ memory.h '_op_|resource_[^ ]|_RDM_|_FORK_'
operations XENVER_ version.h
operations CONSOLEIO_ xen.h
operations GNTTABOP_ grant_table.h
operations VMASST_TYPE_ xen.h
operations VCPUOP_ vcpu.h
operations XENNMI_ nmi.h
operations SCHEDOP_ sched.h
operations CALLBACKOP_ callback.h
operations EVTCHNOP_ event_channel.h
operations PHYSDEVOP_ physdev.h _DBGP_
operations XENPF_ platform.h ACPI_SLEEP_EXTENDED
operations XEN_MC_ arch-x86/xen-mca.h 'XEN_MC_[A-Z]'
operations XENPMU_ pmu.h 'XENPMU_[A-Z]'
operations XEN_SYSCTL_ sysctl.h \
	'XEN_SYSCTL_([A-Z]|pm_op_|cpu_(featureset|policy)_)'
operations XEN_DOMCTL_ domctl.h \
	'XEN_DOMCTL_([A-Z]|vmtrace_(enable|disable|reset|output|get|set))'

for name in $(numbered __HYPERVISOR_ xen.h); do
	short=${name#__HYPERVISOR_}
	case $short in
	arch_*) continue ;;
	esac
	grep -qE "^HYPERCALL\([0-9]+, $short," \
		hypervisor/include/tenon/hypercalls.def ||
		grep -q "($short)" man/hypercall.7 || {
		echo "hypercalls.def has no $name, nor does hypercall(7) name it"
		failed=1
	}
done
exit $failed
