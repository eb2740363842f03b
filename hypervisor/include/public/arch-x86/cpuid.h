/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPUID leaves by which a guest finds the hypervisor, from 0x40000000 on
 * (in steps of 0x100 up when another interface stands there):
 *
 *  +0  eax the last leaf; ebx, ecx, edx the signature
 *  +1  eax the version, major << 16 | minor
 *  +2  eax hypercall pages, ebx the first MSR, ecx XEN_CPUID_FEAT1_*
 *  +3  the TSC. Subleaf 0: eax bit 0 emulated, bit 1 host's reliable, bit 2
 *      RDTSCP; ebx mode; ecx kHz; edx incarnation. 1: eax, ebx offset; ecx
 *      multiplier and edx shift to ns. 2: eax the host's kHz
 *  +4  HVM guests: eax XEN_HVM_CPUID_*, ebx vcpu, ecx domain
 *  +5  PV guests: ebx bits 0..7 the width of machine addresses
 */
#ifndef PUBLIC_ARCH_X86_CPUID_H
#define PUBLIC_ARCH_X86_CPUID_H

#define XEN_CPUID_FIRST_LEAF 0x40000000
#define XEN_CPUID_LEAF(n)    (XEN_CPUID_FIRST_LEAF + (n))

/* "XenVMMXenVMM" */
#define XEN_CPUID_SIGNATURE_EBX 0x566e6558
#define XEN_CPUID_SIGNATURE_ECX 0x65584d4d
#define XEN_CPUID_SIGNATURE_EDX 0x4d4d566e

/* MMU_PT_UPDATE_PRESERVE_AD exists. */
#define _XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD 0
#define XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD  1u

#define XEN_HVM_CPUID_APIC_ACCESS_VIRT		   0x01u /* by the processor */
#define XEN_HVM_CPUID_X2APIC_VIRT		   0x02u /* by the processor */
#define XEN_HVM_CPUID_IOMMU_MAPPINGS		   0x04u /* foreign pages too */
#define XEN_HVM_CPUID_VCPU_ID_PRESENT		   0x08u /* ebx is valid */
#define XEN_HVM_CPUID_DOMID_PRESENT		   0x10u /* ecx is valid */
#define XEN_HVM_CPUID_EXT_DEST_ID		   0x20u /* APIC ids of 15 bits */
#define XEN_HVM_CPUID_UPCALL_VECTOR		   0x40u /* works with pirqs */

#define XEN_CPUID_MACHINE_ADDRESS_WIDTH_MASK	   0xffu

#define XEN_CPUID_MAX_NUM_LEAVES		   5

#endif
