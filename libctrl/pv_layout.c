/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the parts of a PV guest go, from frame 0 up:
 *
 *   kernel | [initrd] | [p2m list] | start_info | store | console | tables |
 *   stack | at least 512 KiB, up to 4 MiB |  p2m list, its tables | initrd
 *   '---------------- the bootstrap map ---------------------------'
 *
 * The list and the initrd stand inside the map for kernels that do not take
 * them elsewhere. Linux takes first_p2m_pfn for the end of the map, so a list
 * outside follows the map at once.
 */
#include <errno.h>
#include <tenonctrl/build_pv.h>
#include <tenonctrl/why.h>

#define PAGE_SHIFT  12
#define PAGE	    4096ULL
#define TAIL	    (512ULL << 10)
#define MAP_ALIGN   (4ULL << 20)
#define P2M_IN_PAGE 512
/* What p2m lists of up to 4 TiB of guest memory and tables can use. */
#define PAGES_MAX (1ULL << 30)

static uint64_t pages_of(uint64_t bytes)
{
	return bytes / PAGE + (bytes % PAGE != 0);
}

/* How many units of 2^shift bytes [start, start + bytes) touches. */
static uint64_t touched(uint64_t start, uint64_t bytes, unsigned int shift)
{
	return ((start + bytes - 1) >> shift) - (start >> shift) + 1;
}

/* The tables of levels 1 to 3 that map a range. */
static uint64_t tables_for(uint64_t start, uint64_t bytes)
{
	return touched(start, bytes, 21) + touched(start, bytes, 30) +
	       touched(start, bytes, 39);
}

/* The bootstrap tables from frame `at` on, which map themselves, too. */
static void place_tables(struct pv_layout *l, uint64_t at)
{
	uint64_t count = 4, end;

	l->table_pfn = at;
	do {
		l->table_count = count;
		l->stack_pfn = at + count;
		end = l->virt_base + ((l->stack_pfn + 1) << PAGE_SHIFT) + TAIL;
		end = (end + MAP_ALIGN - 1) & ~(MAP_ALIGN - 1);
		l->map_pages = (end - l->virt_base) >> PAGE_SHIFT;
		count = 1 + tables_for(l->virt_base, end - l->virt_base);
	} while (count > l->table_count);
}

int pv_layout(const struct image_plan *kernel, uint64_t initrd, uint64_t pages,
	struct pv_layout *layout, struct why *why)
{
	struct pv_layout l = { .virt_base = kernel->virt_base };
	uint64_t at = pages_of(kernel->paddr_end);

	if (pages > PAGES_MAX || initrd > PAGES_MAX * PAGE)
		return why_set(why, -EFBIG,
			"a PV guest can have at most %llu MiB",
			(unsigned long long)(PAGES_MAX >> 8));
	l.initrd_pages = pages_of(initrd);
	l.p2m_pages = (pages + P2M_IN_PAGE - 1) / P2M_IN_PAGE;
	if (!kernel->mod_start_pfn) {
		l.initrd_pfn = at;
		at += l.initrd_pages;
	}
	if (!kernel->init_p2m) {
		l.p2m_pfn = at;
		l.p2m_virt = l.virt_base + (at << PAGE_SHIFT);
		at += l.p2m_pages;
	}
	l.start_info_pfn = at++;
	l.store_pfn = at++;
	l.console_pfn = at++;
	place_tables(&l, at);
	at = l.map_pages;
	if (kernel->init_p2m) {
		l.p2m_pfn = at;
		l.p2m_virt = kernel->init_p2m;
		l.p2m_tables = tables_for(l.p2m_virt, l.p2m_pages * PAGE);
		at += l.p2m_pages + l.p2m_tables;
	}
	if (kernel->mod_start_pfn) {
		l.initrd_pfn = at;
		at += l.initrd_pages;
	}
	l.used_pages = at;
	if (((l.virt_base + (l.map_pages << PAGE_SHIFT) - 1) ^ l.virt_base) >>
			47 ||
		(l.p2m_tables && (l.p2m_virt + l.p2m_pages * PAGE - 1) >> 39 ==
					 l.virt_base >> 39))
		return why_set(why, -EFBIG,
			"the kernel and its initrd do not fit the addresses "
			"that the kernel asks for");
	if (at > pages)
		return why_set(why, -EFBIG,
			"the guest has %llu MiB of memory but its kernel, "
			"initrd and tables alone take %llu MiB; give it more "
			"memory",
			(unsigned long long)(pages >> 8),
			(unsigned long long)((at + 255) >> 8));
	*layout = l;
	return 0;
}
