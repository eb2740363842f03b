/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dom0, made from a kernel and an initrd: its memory, its first page tables,
 * its start_info.  Pseudo-physical memory of the new domain, upwards:
 *
 *   kernel            where its ELF says, at virt_base
 *   [p2m list]        unless the kernel names an address for it
 *   [initrd]          unless the kernel takes it unmapped
 *   start_info        one page, with the console's facts behind it
 *   page tables       L4 first; read-only, pinned
 *   stack             one page
 *   padding           at least 512 KiB, up to the next 4 MiB: end of the map
 *   [p2m list, its page tables]   mapped where the kernel wants them
 *   [initrd]          unmapped
 *   the rest of its memory
 */
#include <tenon/bitmap.h>
#include <tenon/boot.h>
#include <tenon/bzimage.h>
#include <tenon/console.h>
#include <tenon/decompress.h>
#include <tenon/domain.h>
#include <tenon/efi.h>
#include <tenon/elf.h>
#include <tenon/errno.h>
#include <tenon/irq.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/panic.h>
#include <tenon/pte.h>
#include <tenon/pv.h>
#include <tenon/string.h>
#include <public/domctl.h>
#include <public/xen.h>

#define TABLE_FLAGS	 (PTE_PRESENT | PTE_RW | PTE_USER | PTE_ACCESSED | PTE_DIRTY)
#define KERNEL_BYTES_MAX MIB(512)
#define PADDING		 KIB(512)
#define MAP_ROUND	 MIB(4)

struct build {
	struct domain *d;
	struct elf elf;
	struct xen_elf xen;
	void *unpacked; /* NULL: the ELF lies in the module */
	unsigned unpacked_order;

	uint64_t *p2m; /* scratch, ours: pfn -> mfn, pages entries */
	unsigned p2m_order;
	uint64_t pages;	    /* dom0's memory */
	uint64_t allocated; /* pfns that have a frame */

	/* In pfns; each counts pages. */
	uint64_t kernel_end;
	uint64_t p2m_pfn, p2m_pages, p2m_tables;
	uint64_t initrd_pfn, initrd_pages;
	uint64_t start_pfn, table_pfn, table_pages, stack_pfn;
	uint64_t map_end; /* end of the bootstrap map */
	uint64_t next_table;
};

static vaddr_t virt_of(const struct build *b, uint64_t pfn)
{
	return b->xen.virt_base + (pfn << PAGE_SHIFT);
}

static void *page_of(const struct build *b, uint64_t pfn)
{
	return mfn_to_virt(MFN(b->p2m[pfn]));
}

/* Copy to pseudo-physical memory, frame by frame; src NULL: zeros. */
static void fill(
	const struct build *b, uint64_t paddr, const void *src, uint64_t size)
{
	while (size) {
		uint64_t offset = paddr & ~PAGE_MASK;
		uint64_t n = MIN(size, PAGE_SIZE - offset);
		uint8_t *dst =
			(uint8_t *)page_of(b, paddr >> PAGE_SHIFT) + offset;

		if (src) {
			memcpy(dst, src, n);
			src = (const uint8_t *)src + n;
		} else {
			memset(dst, 0, n);
		}
		paddr += n;
		size -= n;
	}
}

/* The kernel's ELF: the module itself, or what is packed in it. */
static void open_kernel(struct build *b, const struct boot_module *m)
{
	const void *data = directmap + m->start;
	const void *payload;
	size_t size = m->size, out, work_size;
	const char *why = NULL;
	struct page *pg, *work;
	int r;

	if (bzimage_is_bzimage(data, size)) {
		r = bzimage_payload(data, size, &payload, &size);
		if (r)
			panic("dom0 kernel: the bzImage is cut off or too old "
			      "(error %d): copy it again to /boot",
				r);
		data = payload;
	}
	if (decompress_format(data, size)) {
		r = decompress_out_size(data, size, &out);
		if (r || out > KERNEL_BYTES_MAX)
			panic("dom0 kernel: the packed kernel is cut off or "
			      "corrupt (error %d): copy it again to /boot",
				r);
		while ((PAGE_SIZE << b->unpacked_order) < out)
			b->unpacked_order++;
		work_size = decompress_work_size(data, size);
		pg = page_alloc(b->unpacked_order, 0);
		work = page_alloc(6, 0);
		if (!pg || !work || work_size > (PAGE_SIZE << 6))
			panic("dom0 kernel: no memory to unpack %lu MiB",
				(unsigned long)(out >> 20));
		b->unpacked = page_to_virt(pg);
		r = decompress(data, size, b->unpacked,
			PAGE_SIZE << b->unpacked_order, &out,
			page_to_virt(work));
		page_free(work, 6);
		if (r)
			panic("dom0 kernel: the packed kernel is corrupt or "
			      "cut off (error %d): copy it again to /boot",
				r);
		data = b->unpacked;
		size = out;
	}
	if (!elf_is_elf(data, size))
		panic("module 1 is not a kernel that Tenon knows (an ELF, or a "
		      "bzImage packed with gzip, xz, lz4 or zstd): check the first "
		      "module2 line");
	if (elf_open(&b->elf, data, size, &why) ||
		xen_elf_read(&b->xen, &b->elf, &why))
		panic("dom0 kernel: %s", why);
}

static void plan_error(uint64_t needed)
{
	panic("dom0_mem is too little: kernel and initrd need %lu MiB; "
	      "raise dom0_mem",
		(unsigned long)(needed >> (20 - PAGE_SHIFT)) + 32);
}

/* How many table pages map [start, end) from level 1 up to level 3. */
static uint64_t tables_for(vaddr_t start, vaddr_t end)
{
	uint64_t n = 0;

	for (unsigned level = 1; level <= 3; level++) {
		unsigned shift = PAGE_SHIFT + 9 * level;

		n += ((end - 1) >> shift) - (start >> shift) + 1;
	}
	return n;
}

/* Where everything goes: see the drawing at the head. */
static void plan(struct build *b, const struct boot_module *initrd)
{
	uint64_t at = ALIGN_UP(b->xen.virt_end - b->xen.virt_base, PAGE_SIZE) >>
		      PAGE_SHIFT;
	uint64_t rest;

	/* Before anything loops over it: the kernel's size is its own claim. */
	if (at > b->pages)
		plan_error(at);
	b->kernel_end = at;
	b->p2m_pages = DIV_UP(b->pages * 8, PAGE_SIZE);
	b->initrd_pages = initrd ? DIV_UP(initrd->size, PAGE_SIZE) : 0;
	if (!b->xen.has_init_p2m) {
		b->p2m_pfn = at;
		at += b->p2m_pages;
	}
	if (!b->xen.mod_start_pfn) {
		b->initrd_pfn = at;
		at += b->initrd_pages;
	}
	b->start_pfn = at++;
	b->table_pfn = at;
	/* The tables map themselves: more of them may need one more. */
	for (b->table_pages = 4;; b->table_pages++) {
		uint64_t end = (b->table_pfn + b->table_pages + 1)
			       << PAGE_SHIFT;

		b->map_end = ALIGN_UP(end + PADDING, MAP_ROUND) >> PAGE_SHIFT;
		if (1 + tables_for(virt_of(b, 0), virt_of(b, b->map_end)) <=
			b->table_pages)
			break;
	}
	b->stack_pfn = b->table_pfn + b->table_pages;
	rest = b->map_end;
	if (b->xen.has_init_p2m) {
		b->p2m_pfn = rest;
		b->p2m_tables = tables_for(b->xen.init_p2m,
			b->xen.init_p2m + (b->p2m_pages << PAGE_SHIFT));
		rest += b->p2m_pages + b->p2m_tables;
	}
	if (b->xen.mod_start_pfn) {
		b->initrd_pfn = rest;
		rest += b->initrd_pages;
	}
	if (rest > b->pages)
		plan_error(rest);
}

/* Give the domain frames for pfns up to end, in large pieces. */
static void allocate(struct build *b, uint64_t end)
{
	unsigned order = 13; /* 32 MiB */

	while (b->allocated < end) {
		struct page *pg;
		uint64_t first;

		while (order && (1ULL << order) > end - b->allocated)
			order--;
		if (page_alloc_domain(b->d, order, ALLOC_NO_SCRUB, &pg)) {
			if (order == 0)
				panic("no memory for dom0: it is to have %lu "
				      "MiB, and %lu MiB are there; lower "
				      "dom0_mem",
					(unsigned long)b->pages >> 8,
					(unsigned long)b->allocated >> 8);
			order--;
			continue;
		}
		first = page_to_mfn(pg).v;
		for (uint64_t i = 0; i < 1ULL << order; i++) {
			b->p2m[b->allocated] = first + i;
			m2p[first + i] = b->allocated++;
		}
	}
}

static void load_kernel(struct build *b)
{
	struct elf_segment s;
	uint32_t cursor = 0;

	while (elf_next_segment(&b->elf, &cursor, &s)) {
		uint64_t paddr = xen_elf_virt(&b->xen, &s) - b->xen.virt_base;

		fill(b, paddr, s.data, s.data_size);
		fill(b, paddr + s.data_size, NULL, s.mem_size - s.data_size);
	}
	if (b->unpacked) {
		page_free(virt_to_page(b->unpacked), b->unpacked_order);
		b->unpacked = NULL;
	}
	if (b->xen.has_hypercall_page)
		pv_fill_hypercall_page(
			page_of(b, (b->xen.hypercall_page - b->xen.virt_base) >>
					   PAGE_SHIFT));
}

/* The entry of va at a level, in tables taken from *next on. */
static uint64_t *entry_of(
	struct build *b, vaddr_t va, unsigned level, uint64_t *next)
{
	uint64_t *table = page_of(b, b->table_pfn);

	for (unsigned l = 4; l > level; l--) {
		uint64_t *e = &table[pte_index(va, l)];

		if (!(*e & PTE_PRESENT)) {
			memset(page_of(b, *next), 0, PAGE_SIZE);
			*e = pte_make(MFN(b->p2m[*next]), TABLE_FLAGS);
			(*next)++;
		}
		table = mfn_to_virt(pte_mfn(*e));
	}
	return &table[pte_index(va, level)];
}

static bool is_table(const struct build *b, uint64_t pfn)
{
	return (pfn >= b->table_pfn && pfn < b->table_pfn + b->table_pages) ||
	       (pfn >= b->p2m_pfn + b->p2m_pages &&
		       pfn < b->p2m_pfn + b->p2m_pages + b->p2m_tables);
}

static void build_tables(struct build *b)
{
	uint64_t next = b->table_pfn + 1;
	uint64_t next_p2m = b->p2m_pfn + b->p2m_pages;

	memset(page_of(b, b->table_pfn), 0, PAGE_SIZE);
	for (uint64_t pfn = 0; pfn < b->map_end; pfn++)
		*entry_of(b, virt_of(b, pfn), 1, &next) = pte_make(
			MFN(b->p2m[pfn]),
			is_table(b, pfn) ? TABLE_FLAGS & ~PTE_RW : TABLE_FLAGS);
	for (uint64_t i = 0; b->xen.has_init_p2m && i < b->p2m_pages; i++)
		*entry_of(
			b, b->xen.init_p2m + (i << PAGE_SHIFT), 1, &next_p2m) =
			pte_make(MFN(b->p2m[b->p2m_pfn + i]), TABLE_FLAGS);
	/* What the plan counted and nobody needed is still a table page. */
	for (; next < b->table_pfn + b->table_pages; next++)
		memset(page_of(b, next), 0, PAGE_SIZE);
}

static void fill_console_info(struct dom0_vga_console_info *c)
{
	if (boot_has_text_screen()) {
		c->video_type = XEN_VGATYPE_TEXT_MODE_3;
		c->u.text_mode_3.font_height = 16;
		c->u.text_mode_3.cursor_y = 24;
		c->u.text_mode_3.rows = 25;
		c->u.text_mode_3.columns = 80;
		return;
	}
	if (!boot_info.has_framebuffer)
		return; /* nothing is known: zeros */
	c->video_type =
		efi.is_found ? XEN_VGATYPE_EFI_LFB : XEN_VGATYPE_VESA_LFB;
	c->u.vesa_lfb.width = (uint16_t)boot_info.fb.width;
	c->u.vesa_lfb.height = (uint16_t)boot_info.fb.height;
	c->u.vesa_lfb.bytes_per_line = (uint16_t)boot_info.fb.pitch;
	c->u.vesa_lfb.bits_per_pixel = boot_info.fb.bpp;
	c->u.vesa_lfb.lfb_base = (uint32_t)boot_info.fb.base;
	c->u.vesa_lfb.ext_lfb_base = (uint32_t)(boot_info.fb.base >> 32);
	c->u.vesa_lfb.lfb_size = (uint32_t)(DIV_UP(
		boot_info.fb.pitch * boot_info.fb.height, 65536U));
	c->u.vesa_lfb.red_pos = boot_info.fb.red_pos;
	c->u.vesa_lfb.red_size = boot_info.fb.red_size;
	c->u.vesa_lfb.green_pos = boot_info.fb.green_pos;
	c->u.vesa_lfb.green_size = boot_info.fb.green_size;
	c->u.vesa_lfb.blue_pos = boot_info.fb.blue_pos;
	c->u.vesa_lfb.blue_size = boot_info.fb.blue_size;
}

static void fill_start_info(struct build *b, const struct boot_module *kernel,
	const struct boot_module *initrd)
{
	struct start_info *si = page_of(b, b->start_pfn);

	memset(si, 0, PAGE_SIZE);
	strlcpy(si->magic, "xen-3.0-x86_64", sizeof(si->magic));
	si->nr_pages = b->pages;
	si->shared_info = virt_to_mfn(b->d->shared_info).v << PAGE_SHIFT;
	si->flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
	si->pt_base = virt_of(b, b->table_pfn);
	si->nr_pt_frames = b->table_pages;
	si->mfn_list =
		b->xen.has_init_p2m ? b->xen.init_p2m : virt_of(b, b->p2m_pfn);
	if (b->xen.has_init_p2m) {
		si->flags |= SIF_VIRT_P2M_4TOOLS;
		si->first_p2m_pfn = b->p2m_pfn;
		si->nr_p2m_frames = b->p2m_pages + b->p2m_tables;
	}
	if (initrd) {
		si->mod_len = initrd->size;
		si->mod_start = b->xen.mod_start_pfn
					? b->initrd_pfn
					: virt_of(b, b->initrd_pfn);
		si->flags |= b->xen.mod_start_pfn ? SIF_MOD_START_PFN : 0;
	}
	if (kernel->cmdline)
		strlcpy((char *)si->cmd_line, kernel->cmdline,
			sizeof(si->cmd_line));
	si->console.dom0.info_off = sizeof(*si);
	si->console.dom0.info_size = sizeof(struct dom0_vga_console_info);
	fill_console_info((struct dom0_vga_console_info *)(si + 1));
}

static void set_first_vcpu(struct build *b)
{
	struct vcpu_guest_context *c = heap_alloc(sizeof(*c));
	mfn_t root = MFN(b->p2m[b->table_pfn]);
	int r;

	if (!c)
		panic("no memory for dom0's first vcpu");
	/* Nothing preempts yet; a validation may all the same stop when an
	 * interrupt waits. */
	do
		r = pt_pin(b->d, root, 4);
	while (r == -ERESTART_HC);
	if (r)
		panic("dom0's page tables are refused (error %d)", r);
	c->flags = VGCF_in_kernel;
	c->user_regs.rip = b->xen.entry;
	c->user_regs.rsp = virt_of(b, b->stack_pfn + 1);
	c->user_regs.rsi = virt_of(b, b->start_pfn);
	c->user_regs.cs = FLAT_KERNEL_CS;
	c->user_regs.ss = FLAT_KERNEL_SS;
	c->kernel_ss = FLAT_KERNEL_SS;
	c->kernel_sp = c->user_regs.rsp;
	c->ctrlreg[3] = xen_pfn_to_cr3(root.v);
	r = pv_set_context(b->d->vcpu[0], c);
	if (r)
		panic("dom0's first vcpu is refused (error %d)", r);
	b->d->vcpu[0]->is_initialised = true;
	heap_free(c);
}

static uint64_t pages_of(const struct boot_amount *a, uint64_t free_pages)
{
	uint64_t pages = a->bytes >> PAGE_SHIFT;

	return !a->is_less	    ? pages
	       : free_pages > pages ? free_pages - pages
				    : 0;
}

/* dom0_vcpus_pin: one CPU each, by turns. */
static void pin_vcpus(struct domain *d)
{
	unsigned cpu, id = 0;

	while (id < d->vcpu_count) {
		cpu_for_each (cpu, cpus_online)
			if (id < d->vcpu_count &&
				sched_set_affinity(
					d->vcpu[id++], CPUMASK(cpu), ~0ULL))
				log_warn(
					"dom0's vcpu %u is not pinned", id - 1);
	}
}

static void create_domain(struct build *b)
{
	struct xen_domctl_createdomain config = {
		.max_evtchn_port = ~0U,
		.max_grant_frames = -1,
		.max_maptrack_frames = -1,
	};
	unsigned vcpus = (unsigned)bitmap_weight(&cpus_online, NR_CPUS);
	uint64_t free_pages = page_free_count();
	uint64_t spare = MAX(free_pages / 16, MIB(64) >> PAGE_SHIFT);
	uint64_t max = pages_of(&boot_options.dom0_mem_max, free_pages);
	int r;

	if (boot_options.dom0_max_vcpus)
		vcpus = MIN(boot_options.dom0_max_vcpus, DOMAIN_MAX_VCPUS);
	config.max_vcpus = vcpus;
	r = domain_create(0, &config, true, &b->d);
	if (r)
		panic("dom0 cannot be created (error %d)", r);
	dom0 = b->d;
	for (unsigned i = 0; i < vcpus; i++) {
		r = vcpu_create(b->d, i);
		if (r)
			panic("dom0's vcpu %u cannot be created (error %d)", i,
				r);
		b->d->vcpu[i]->vcpu_info->evtchn_upcall_mask = 1;
	}
	if (boot_options.dom0_vcpus_pin)
		pin_vcpus(b->d);
	r = machine_rights_dom0(b->d);
	if (r)
		panic("dom0 cannot be given the devices (error %d)", r);
	b->pages = pages_of(&boot_options.dom0_mem, free_pages);
	if (b->pages == 0)
		b->pages = free_pages > spare ? free_pages - spare : 0;
	b->pages =
		MAX(b->pages, pages_of(&boot_options.dom0_mem_min, free_pages));
	if (max)
		b->pages = MIN(b->pages, max);
	b->d->page_max = MAX(b->pages, max);
}

static void make_p2m_scratch(struct build *b)
{
	struct page *pg;

	while ((PAGE_SIZE << b->p2m_order) < b->pages * 8)
		b->p2m_order++;
	pg = page_alloc(b->p2m_order, 0);
	if (!pg)
		panic("no memory to build dom0: dom0_mem is %lu MiB, %lu MiB "
		      "are free; lower it",
			(unsigned long)b->pages >> 8,
			(unsigned long)page_free_count() >> 8);
	b->p2m = page_to_virt(pg);
}

void pv_start_dom0(
	const struct boot_module *kernel, const struct boot_module *initrd)
{
	static struct build b; /* large for a stack */

	b = (struct build){ 0 };
	create_domain(&b);
	open_kernel(&b, kernel);
	if (b.pages >
		page_free_count() + (b.unpacked ? 1ULL << b.unpacked_order : 0))
		panic("dom0_mem=%luM is more than the machine has: %lu MiB are "
		      "free; lower it",
			(unsigned long)b.pages >> 8,
			(unsigned long)page_free_count() >> 8);
	plan(&b, initrd);
	make_p2m_scratch(&b);
	/* The kernel first, so that the unpacked copy can go. */
	allocate(&b, b.kernel_end);
	load_kernel(&b);
	allocate(&b, b.pages);
	if (initrd)
		fill(&b, b.initrd_pfn << PAGE_SHIFT, directmap + initrd->start,
			initrd->size);
	fill(&b, b.p2m_pfn << PAGE_SHIFT, b.p2m, b.pages * 8);
	build_tables(&b);
	fill_start_info(&b, kernel, initrd);
	set_first_vcpu(&b);
	log_info("dom0: %lu MiB, %u vcpus, kernel %s, entry %p",
		(unsigned long)b.pages >> 8, b.d->vcpu_count, b.xen.guest_os,
		(void *)b.xen.entry);
	page_free(virt_to_page(b.p2m), b.p2m_order);
	b.p2m = NULL;
	vcpu_bring_up(dom0->vcpu[0]);
	BUG_ON(domain_unpause_by_controller(dom0));
}
