/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's own address space.  All roots share these slots:
 *
 *   0xffff800000000000  machine-to-phys table, read-only for guests (ABI)
 *   0xffff808000000000  the same, writable for us
 *   0xffff82b000000000  device registers (MMIO_BASE)
 *   0xffff82c000000000  a window a CPU: its GDT (16 pages) and LDT (16)
 *   0xffff82d000200000  the image, text read-only, data not executable
 *   0xffff82e000000000  frame table, 16 bytes a frame
 *   0xffff830000000000  direct map of all RAM, up to 5 TiB
 *
 * Everything is mapped global; the third-level tables of all slots exist from
 * here on, so that roots copied later see later changes.
 */
#include <tenon/arch.h>
#include <tenon/boot.h>
#include <tenon/console.h>
#include <tenon/domain.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/panic.h>
#include <tenon/pte.h>
#include <tenon/string.h>
#include <public/xen.h>
#include "boot/multiboot.h"
#include "x86.h"

#define HV_RW (PTE_PRESENT | PTE_RW | PTE_ACCESSED | PTE_DIRTY | PTE_GLOBAL)
/* A record of zeros: nobody can refer to the frame (page.h). */
#define OWNER_NONE 0
#define TABLE	   (PTE_PRESENT | PTE_RW | PTE_USER | PTE_ACCESSED | PTE_DIRTY)

extern char image_start[], image_text_end[], image_rodata_end[], image_end[];

extern char init_start[], init_end[];	     /* hv.lds */
extern uint64_t boot_l2[4 * PTES_PER_TABLE]; /* head.S */

uint64_t frame_count;

static uint64_t nx_bit;
static vaddr_t device_next = MMIO_BASE;

/* Physical ranges that hold something: the image, modules, early tables. */
static struct used_range {
	paddr_t start, end;
} used[48];
static unsigned used_count;
static bool is_early = true;

static void mark_used(paddr_t start, paddr_t end)
{
	if (used_count == ARRAY_SIZE(used))
		panic("too many boot modules");
	used[used_count].start = ALIGN_DOWN(start, PAGE_SIZE);
	used[used_count].end = ALIGN_UP(end, PAGE_SIZE);
	used_count++;
}

static const struct used_range *find_used(paddr_t start, paddr_t end)
{
	for (unsigned i = 0; i < used_count; i++)
		if (start < used[i].end && end > used[i].start)
			return &used[i];
	return NULL;
}

/*
 * Zeroed memory before the allocator runs: from the top of RAM below 4 GiB
 * downwards, so that low memory is kept for devices' sake.
 */
static paddr_t early_alloc(uint64_t size, uint64_t align)
{
	static paddr_t ceiling = GIB(4);
	paddr_t best = 0;

	for (unsigned i = 0; i < boot_info.e820_count; i++) {
		const struct boot_range *r = &boot_info.e820[i];
		paddr_t top = MIN(r->start + r->size, ceiling);
		paddr_t low = MAX(r->start, MIB(1));

		if (r->type != 1)
			continue;
		while (top > low && top - low >= size) {
			paddr_t at = ALIGN_DOWN(top - size, align);
			const struct used_range *u;

			if (at < low || at > top)
				break;
			u = find_used(at, at + size);
			if (!u) {
				best = MAX(best, at);
				break;
			}
			top = u->start;
		}
	}
	if (best == 0)
		panic("not enough memory below 4 GiB for the frame table");
	/* Neighbouring allocations join in one used range. */
	if (used_count && used[used_count - 1].start == best + size)
		used[used_count - 1].start = best;
	else
		mark_used(best, best + size);
	memset(directmap + best, 0, size);
	return best;
}

static uint64_t *new_table(paddr_t *pa)
{
	if (is_early) {
		*pa = early_alloc(PAGE_SIZE, PAGE_SIZE);
	} else {
		struct page *pg = page_alloc(0, ALLOC_ZERO);

		if (!pg)
			panic("no memory for the hypervisor's page tables");
		*pa = page_to_mfn(pg).v << PAGE_SHIFT;
	}
	return (uint64_t *)(directmap + *pa);
}

/* The entry of va at the given level; makes the tables above it. */
static uint64_t *entry_of(vaddr_t va, unsigned level)
{
	uint64_t *t = idle_root;

	for (unsigned l = 4; l > level; l--) {
		uint64_t *e = &t[pte_index(va, l)];

		if (!(*e & PTE_PRESENT)) {
			paddr_t pa;

			new_table(&pa);
			*e = pa | TABLE;
		}
		t = (uint64_t *)(directmap + (*e & PTE_FRAME_MASK));
	}
	return &t[pte_index(va, level)];
}

/* Map with the largest pages that fit. */
static void map(vaddr_t va, paddr_t pa, uint64_t size, uint64_t flags)
{
	while (size) {
		unsigned level = 1;
		uint64_t step = PAGE_SIZE;

		if (cpu_features.has_1g && size >= GIB(1) &&
			((va | pa) & (GIB(1) - 1)) == 0) {
			level = 3;
			step = GIB(1);
		} else if (size >= MIB(2) && ((va | pa) & (MIB(2) - 1)) == 0) {
			level = 2;
			step = MIB(2);
		}
		*entry_of(va, level) = pa | flags | (level > 1 ? PTE_PSE : 0);
		va += step;
		pa += step;
		size -= MIN(step, size);
	}
}

/* head.S mapped the first 4 GiB.  Make that global and not executable, and
 * map the RAM above. */
static void map_all_ram(void)
{
	uint64_t *l2 = boot_l2;

	for (unsigned i = 0; i < 4 * PTES_PER_TABLE; i++)
		l2[i] |= HV_RW | nx_bit;
	for (unsigned i = 0; i < boot_info.e820_count; i++) {
		const struct boot_range *r = &boot_info.e820[i];
		paddr_t start = ALIGN_DOWN(r->start, MIB(2));
		paddr_t end = ALIGN_UP(r->start + r->size, MIB(2));

		if (r->type != 1 || end <= GIB(4))
			continue;
		start = MAX(start, GIB(4));
		map(DIRECTMAP_BASE + start, start, end - start, HV_RW | nx_bit);
	}
}

/* From 2 MiB pages that allow everything to what each section needs. */
static void protect_image(void)
{
	uint64_t base = IMAGE_BASE;
	uint64_t *l3 =
		(uint64_t *)(directmap + (idle_root[261] & PTE_FRAME_MASK));
	vaddr_t va = (vaddr_t)image_start;
	paddr_t l2_pa;
	uint64_t *l2 = new_table(&l2_pa);

	for (; va < (vaddr_t)image_end; va += PAGE_SIZE) {
		uint64_t flags = HV_RW | nx_bit;
		uint64_t *slot = &l2[pte_index(va, 2)];
		uint64_t *l1;

		if (va < (vaddr_t)image_text_end)
			flags = HV_RW & ~PTE_RW;
		else if (va < (vaddr_t)image_rodata_end)
			flags &= ~PTE_RW;
		if (!*slot) {
			paddr_t pa;

			new_table(&pa);
			*slot = pa | TABLE;
		}
		l1 = (uint64_t *)(directmap + (*slot & PTE_FRAME_MASK));
		l1[pte_index(va, 1)] = (va - base) | flags;
	}
	l3[pte_index(va - 1, 3)] = l2_pa | TABLE;
}

static void tables_of_frames(void)
{
	uint64_t frames_size =
		ALIGN_UP(frame_count * sizeof(struct page), MIB(2));
	uint64_t m2p_size = ALIGN_UP(frame_count * 8, MIB(2));
	paddr_t pa;

	/* In pieces, for memory below 4 GiB may be cut up. */
	for (uint64_t at = 0; at < frames_size; at += MIB(2)) {
		pa = early_alloc(MIB(2), MIB(2));
		map(FRAME_TABLE_BASE + at, pa, MIB(2), HV_RW | nx_bit);
	}
	for (uint64_t at = 0; at < m2p_size; at += MIB(2)) {
		pa = early_alloc(MIB(2), MIB(2));
		memset(directmap + pa, 0xff, MIB(2));
		map(M2P_BASE + at, pa, MIB(2), HV_RW | nx_bit);
		map(M2P_RO_BASE + at, pa, MIB(2),
			(HV_RW & ~PTE_RW) | PTE_USER | nx_bit);
	}
}

static void set_owner(paddr_t start, paddr_t end, uint64_t owner)
{
	for (uint64_t m = start >> PAGE_SHIFT;
		m < end >> PAGE_SHIFT && m < frame_count; m++) {
		frame_table[m].ref = owner << PAGE_REF_OWNER_SHIFT;
		frame_table[m].type = 0;
	}
}

/* Give what is free in [start, end) to the allocator, around used ranges. */
static void add_free(paddr_t start, paddr_t end)
{
	while (start < end) {
		paddr_t stop = end;
		const struct used_range *inside = NULL;

		for (unsigned i = 0; i < used_count; i++) {
			if (used[i].start <= start && start < used[i].end)
				inside = &used[i];
			else if (used[i].start > start && used[i].start < stop)
				stop = used[i].start;
		}
		if (inside) {
			stop = MIN(inside->end, end);
			set_owner(start, stop, OWNER_NONE);
		} else {
			page_add_range(MFN(start >> PAGE_SHIFT),
				MFN(stop >> PAGE_SHIFT));
		}
		start = stop;
	}
}

static void add_all_ram(void)
{
	paddr_t done = 0;

	/* The map is sorted and its RAM ranges do not overlap (main.c). */
	for (unsigned i = 0; i < boot_info.e820_count; i++) {
		const struct boot_range *r = &boot_info.e820[i];
		paddr_t start = ALIGN_UP(r->start, PAGE_SIZE);
		paddr_t end = ALIGN_DOWN(r->start + r->size, PAGE_SIZE);

		if (r->type != 1 || end <= start)
			continue;
		set_owner(done, start, DOMID_IO);
		done = end;
		if (start < MIB(1)) {
			/* Firmware's and the trampoline's. */
			set_owner(start, MIN(end, MIB(1)), OWNER_NONE);
			start = MIB(1);
		}
		if (start < end)
			add_free(start, end);
	}
	set_owner(done, frame_count << PAGE_SHIFT, DOMID_IO);
}

void mm_init(void)
{
	paddr_t top = 0;

	nx_bit = cpu_features.has_nx ? PTE_NX : 0;
	for (unsigned i = 0; i < boot_info.e820_count; i++)
		if (boot_info.e820[i].type == 1)
			top = MAX(top, boot_info.e820[i].start +
					       boot_info.e820[i].size);
	frame_count = top >> PAGE_SHIFT;

	mark_used(IMAGE_PHYS, (paddr_t)image_end - IMAGE_BASE);
	mark_used(boot_info.info_start, boot_info.info_end);
	for (unsigned i = 0; i < boot_info.module_count; i++)
		mark_used(boot_info.module[i].start, boot_info.module[i].end);

	for (unsigned s = HYPERVISOR_SLOT_FIRST; s <= HYPERVISOR_SLOT_LAST;
		s++) {
		paddr_t pa;

		if (idle_root[s])
			continue;
		new_table(&pa);
		idle_root[s] = pa | TABLE;
	}
	/* Guests may look at the first table alone; user only there. */
	for (unsigned s = HYPERVISOR_SLOT_FIRST + 1; s <= HYPERVISOR_SLOT_LAST;
		s++)
		idle_root[s] &= ~PTE_USER;
	protect_image();
	write_cr3((paddr_t)idle_root - IMAGE_BASE);
	map_all_ram();
	tables_of_frames();
	write_cr3((paddr_t)idle_root - IMAGE_BASE);
	is_early = false;
	add_all_ram();
}

/* dom0 has copies of its kernel and initrd: their memory is free. */
void mm_free_modules(void)
{
	for (unsigned i = 0; i < boot_info.module_count; i++) {
		paddr_t start = ALIGN_UP(boot_info.module[i].start, PAGE_SIZE);
		paddr_t end = ALIGN_DOWN(boot_info.module[i].end, PAGE_SIZE);

		/* The loader's own block may share the last page or begin
		 * inside: it stays. */
		if (start < boot_info.info_end && end > boot_info.info_start)
			continue;
		if (start >= MIB(1) && start < end)
			page_add_range(MFN(start >> PAGE_SHIFT),
				MFN(end >> PAGE_SHIFT));
	}
	boot_info.module_count = 0;
}

/* Decoders, dom0's builder and the like: nothing calls them any more. */
void mm_free_init(void)
{
	for (char *va = init_start; va < init_end; va += PAGE_SIZE)
		*entry_of((vaddr_t)va, 1) = 0;
	arch_tlb_flush(~0ULL, TLB_GLOBAL, 0);
	page_add_range(MFN(((paddr_t)init_start - IMAGE_BASE) >> PAGE_SHIFT),
		MFN(((paddr_t)init_end - IMAGE_BASE) >> PAGE_SHIFT));
	log_info("memory: %lu KiB of start-up code freed",
		(unsigned long)(init_end - init_start) >> 10);
}

/* The frames of the machine-to-phys table, for tools that map it. */
void mm_share_m2p(void)
{
	uint64_t chunks = DIV_UP(frame_count * 8, MIB(2));

	for (uint64_t i = 0; i < chunks * 512; i++) {
		uint64_t at = *entry_of(M2P_BASE + (i / 512) * MIB(2), 2) &
			      PTE_FRAME_MASK;
		mfn_t m = MFN((at >> PAGE_SHIFT) + i % 512);

		if (page_share(mfn_to_page(m), domain_xen, false))
			panic("no memory to account for the frame table");
	}
}

/* Other CPUs turn paging on while they run at identical addresses. */
void mm_map_trampoline(void)
{
	paddr_t l3_pa, l2_pa;
	uint64_t *l3 = new_table(&l3_pa);
	uint64_t *l2 = new_table(&l2_pa);

	l2[0] = PTE_PRESENT | PTE_RW | PTE_PSE;
	l3[0] = l2_pa | TABLE;
	idle_root[0] = l3_pa | TABLE;
	write_cr3(read_cr3());
}

void mm_drop_identity(void)
{
	idle_root[0] = 0;
	write_cr3(read_cr3());
}

volatile void *mm_map_device(paddr_t pa, size_t size)
{
	vaddr_t va = device_next + (pa & ~PAGE_MASK);

	size = ALIGN_UP(size + (pa & ~PAGE_MASK), PAGE_SIZE);
	pa &= PAGE_MASK;
	for (size_t at = 0; at < size; at += PAGE_SIZE)
		*entry_of(device_next + at, 1) =
			(pa + at) | HV_RW | nx_bit | PTE_PCD | PTE_PWT;
	device_next += size + PAGE_SIZE;
	return (volatile void *)va;
}

uint64_t *mm_make_window(unsigned cpu)
{
	return entry_of(WINDOW(cpu), 1);
}

void pt_fill_hypervisor_slots(uint64_t *root)
{
	for (unsigned s = HYPERVISOR_SLOT_FIRST; s <= HYPERVISOR_SLOT_LAST; s++)
		root[s] = idle_root[s];
}

/* MOVNTI, SDM vol. 2B: eight words a turn, fenced at the end. */
void arch_clear_pages(void *start, uint64_t count)
{
	uint64_t *p = start;
	uint64_t *end = p + count * (PAGE_SIZE / 8);

	for (; p < end; p += 8)
		__asm__ volatile("movnti %1, (%0)\n\t"
				 "movnti %1, 8(%0)\n\t"
				 "movnti %1, 16(%0)\n\t"
				 "movnti %1, 24(%0)\n\t"
				 "movnti %1, 32(%0)\n\t"
				 "movnti %1, 40(%0)\n\t"
				 "movnti %1, 48(%0)\n\t"
				 "movnti %1, 56(%0)"
				 :
				 : "r"(p), "r"(0UL)
				 : "memory");
	__asm__ volatile("sfence" ::: "memory");
}
