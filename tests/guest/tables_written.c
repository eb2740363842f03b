/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plain instructions that write to a page table in use: carried out when the
 * entry may be so, with the registers and flags that the instruction leaves;
 * else they fault, and the entry stays.
 */
#include "guest.h"

static char eight_pages[8 * 4096] __attribute__((aligned(8 * 4096)));

/* Entries cleared and copied many at once, as memset and memcpy do it. */
static void strings(volatile uint64_t *entries, uint64_t entry)
{
	static uint64_t source[8];
	volatile uint64_t *at = entries;
	uint64_t *from = source, count = 8, sum = 0;

	for (unsigned i = 0; i < 8; i++)
		source[i] = entry | 5;
	__asm__ volatile("rep movsq"
			 : "+D"(at), "+S"(from), "+c"(count)::"memory");
	expect("rep movsq: all of them", (uint64_t)(at - entries), 8);
	expect("rep movsq: the count", count, 0);
	for (unsigned i = 0; i < 8; i++)
		sum += entries[i] & 3;
	expect("rep movsq: read-only entries", sum, 8);
	at = entries;
	count = 8;
	__asm__ volatile("rep stosq"
			 : "+D"(at), "+c"(count)
			 : "a"(0)
			 : "memory");
	sum = 0;
	for (unsigned i = 0; i < 8; i++)
		sum |= entries[i];
	expect("rep stosq: nothing is left", sum, 0);
	__asm__ volatile("movnti %1, %0" : "+m"(*entries) : "r"(entry | 7));
	expect("movnti", *entries & 3, 3);
}

/* Entries that are not present may say anything. */
static void shifts(volatile uint64_t *e)
{
	uint64_t flags;

	*e = 0xab00;
	__asm__ volatile("shlq $3, %0" : "+m"(*e)::"cc");
	expect("shl", *e, 0x55800);
	__asm__ volatile("rorq $8, %0; pushfq; popq %1"
			 : "+m"(*e), "=r"(flags)::"cc");
	expect("ror", *e, 0x558);
	expect("ror: the bit that went round last", flags & 1, 0);
	__asm__ volatile("shrdq $48, %1, %0" : "+m"(*e) : "r"(0x3400UL) : "cc");
	expect("shrd", *e, 0x34000000);
	__asm__ volatile("stc; setc %0"
			 : "+m"(((volatile uint8_t *)e)[2])::"cc");
	expect("setc", *e, 0x34010000);
	__asm__ volatile("pushq $0x5500; popq %0" : "=m"(*e));
	expect("pop", *e, 0x5500);
}

void guest_tests(void)
{
	volatile uint64_t *e = pte_of(page_a, 1);
	uint64_t entry = virt_to_mfn(page_a) << 12;
	uint64_t root = virt_to_mfn((void *)start_info->pt_base) << 12;
	uint64_t v, flags;
	uint32_t low;
	unsigned before = trap_count;

	*e = entry | 5;
	expect("a store: done", *e & 3, 1);
	v = entry | 7;
	__asm__ volatile("xchgq %0, %1" : "+r"(v), "+m"(*e));
	expect("xchg: the old value", v & 3, 1);
	expect("xchg: the new one", *e & 3, 3);
	__asm__ volatile("lock andq %1, %0" : "+m"(*e) : "r"(~2UL));
	expect("lock and", *e & 3, 1);
	__asm__ volatile("lock btsq %2, %0; pushfq; popq %1"
			 : "+m"(*e), "=r"(flags)
			 : "r"(1UL));
	expect("lock bts", *e & 3, 3);
	expect("lock bts: the bit was clear", flags & 1, 0);
	__asm__ volatile("lock btrq %2, %0; pushfq; popq %1"
			 : "+m"(*e), "=r"(flags)
			 : "r"(1UL));
	expect("lock btr", *e & 3, 1);
	expect("lock btr: the bit was set", flags & 1, 1);
	v = *e;
	__asm__ volatile("lock cmpxchgq %2, %1"
			 : "+a"(v), "+m"(*e)
			 : "r"(entry | 7)
			 : "cc");
	expect("cmpxchg", *e & 3, 3);
	v = 5;
	__asm__ volatile("lock cmpxchgq %3, %1; pushfq; popq %2"
			 : "+a"(v), "+m"(*e), "=r"(flags)
			 : "r"(0UL)
			 : "cc");
	expect("cmpxchg that fails: what is there", v & ~0x60ULL, entry | 7);
	expect("cmpxchg that fails: ZF", flags >> 6 & 1, 0);
	low = (uint32_t)(entry | 5);
	__asm__ volatile("movl %1, %0"
			 : "+m"(*(volatile uint32_t *)e)
			 : "r"(low));
	expect("a store of four bytes", *e & 3, 1);
	strings(pte_of(eight_pages, 1), entry);
	shifts(pte_of(eight_pages + 4096, 1));
	*e = entry | 7;
	expect("nothing of it trapped", trap_count, before);

	TRY("movq %1, %0", : "+m"(*e) : "r"(root | 7));
	expect_true("a writable mapping of the root: a fault",
		last_trap.vector != TRAP_NONE);
	expect("and the entry stays", *e & ~0x60ULL, entry | 7);
	TRY("movq %1, %0", : "+m"(*e) : "r"(0x200007UL));
	expect_true("a frame of the hypervisor: a fault",
		last_trap.vector != TRAP_NONE);
	expect("and the entry stays", *e & ~0x60ULL, entry | 7);
	TRY("movdqu %%xmm0, %0", : "+m"(*e)::);
	expect("sixteen bytes: #PF", last_trap.vector, 14);
	expect("error: present, a write", last_trap.error, 3);
	expect("and the entry stays", *e & ~0x60ULL, entry | 7);
	page_a[5] = 9;
	expect("the page is still there", (uint64_t)page_a[5], 9);
}
