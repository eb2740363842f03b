/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest may know of the CPU: features that would not work are hidden,
 * and of MSRs the listed ones can be read and hardly any written.
 */
#include "guest.h"

static void cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
	__asm__ volatile(XEN_CPUID
			 : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
			 : "a"(leaf), "c"(sub));
}

static void features(void)
{
	uint32_t r[4];

	cpuid(0x40000000, 0, r);
	expect("the signature", r[1], 0x566e6558);
	expect_true("its leaves", r[0] >= 0x40000002 && r[0] < 0x40000100);
	cpuid(0x40000001, 0, r);
	expect("the version", r[0], 4 << 16 | 17);
	cpuid(1, 0, r);
	expect("no MONITOR", r[2] >> 3 & 1, 0);
	expect("no VMX", r[2] >> 5 & 1, 0);
	expect("no PCID", r[2] >> 17 & 1, 0);
	expect("no x2APIC", r[2] >> 21 & 1, 0);
	expect("no PSE", r[3] >> 3 & 1, 0);
	expect("no MTRR", r[3] >> 12 & 1, 0);
	expect("a hypervisor", r[2] >> 31, 1);
	cpuid(7, 0, r);
	expect("no SMEP", r[1] >> 7 & 1, 0);
	expect("no INVPCID", r[1] >> 10 & 1, 0);
	expect("no SMAP", r[1] >> 20 & 1, 0);
	expect("no PKU", r[2] >> 3 & 1, 0);
	expect("no five levels", r[2] >> 16 & 1, 0);
	cpuid(0x80000001, 0, r);
	expect("long mode", r[3] >> 29 & 1, 1);
	expect("no SVM", r[2] >> 2 & 1, 0);
	expect("no 1 GiB pages", r[3] >> 26 & 1, 0);
	cpuid(0xa, 0, r);
	expect("no performance counters", r[0] | r[1] | r[2] | r[3], 0);
	cpuid(0x12345678, 0x9abcdef0, r);
	expect("a leaf that is none", r[0] | r[1] | r[2] | r[3], 0);
}

/* The list of pv/msr.c, from the outside. */
static bool may_read(uint32_t msr)
{
	switch (msr) {
	case 0x10:
	case 0x8b:
	case 0x179:
	case 0x1a0:
	case 0x277:
	case 0xc0000080:
	case 0xc0000100:
	case 0xc0000101:
	case 0xc0000102:
	case 0xc0000103:
	case 0xc0010015:
		return true;
	case 0x1b:
		return is_dom0;
	default:
		return false;
	}
}

static bool may_write_back(uint32_t msr)
{
	switch (msr) {
	case 0x277:
	case 0xc0000080:
	case 0xc0000100:
	case 0xc0000101:
	case 0xc0000102:
	case 0xc0000103:
		return true;
	default:
		return false;
	}
}

static void scan(uint32_t first, uint32_t count)
{
	unsigned bad = 0;
	uint32_t which = 0;

	for (uint32_t msr = first; msr < first + count; msr++) {
		uint32_t a = 0, d = 0;
		bool got;

		TRY("rdmsr", : "=a"(a), "=d"(d) : "c"(msr));
		got = last_trap.vector == TRAP_NONE;
		/* Listed, but this CPU may lack it. */
		if (got && !may_read(msr)) {
			bad++;
			which = msr;
		}
		if (msr == 0x8b)
			continue; /* a zero may be written */
		TRY("wrmsr", ::"a"(a), "d"(d), "c"(msr));
		if (last_trap.vector == TRAP_NONE && !may_write_back(msr)) {
			bad++;
			which = msr;
		}
	}
	expect("MSRs beyond the list", bad ? which : 0, 0);
}

static void values(void)
{
	uint32_t a, d;

	__asm__ volatile("rdmsr" : "=a"(a), "=d"(d) : "c"(0x277));
	expect("the page attributes", (uint64_t)d << 32 | a, 0x050100070406ULL);
	TRY("wrmsr", ::"a"(0x00070406), "d"(0x00070406), "c"(0x277));
	expect("others: #GP", last_trap.vector, 13);
	TRY("wrmsr", ::"a"(0), "d"(0), "c"(0xc0000080));
	expect("another EFER: #GP", last_trap.vector, 13);
	TRY("wrmsr", ::"a"(0), "d"(0x80000000), "c"(0xc0000100));
	expect("a base that is no address: #GP", last_trap.vector, 13);
	TRY("wrmsr", ::"a"(0x1000), "d"(0), "c"(0xc0000082));
	expect("where SYSCALL goes: #GP", last_trap.vector, 13);
}

void guest_tests(void)
{
	features();
	values();
	scan(0, 0x800);
	scan(0x40000000, 0x20);
	scan(0xc0000000, 0x200);
	scan(0xc0010000, 0x200);
}
