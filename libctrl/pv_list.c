/* SPDX-License-Identifier: BSD-2-Clause */
/* A PV guest's list of its memory; see pv_list.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <tenonctrl/fmem.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include "pv_list.h"

#define PAGE	   4096UL
#define PAGE_SHIFT 12
#define PRESENT	   1ULL
#define LARGE	   0x80ULL
#define FRAME	   0x000ffffffffff000ULL

/* A walk through the guest's page tables that keeps the last ones mapped. */
struct walk {
	struct ctrl *c;
	uint32_t domid;
	struct {
		xen_pfn_t mfn;
		uint64_t *page; /* NULL: none */
	} table[4];		/* by level - 1 */
};

static int table_at(struct walk *w, int level, xen_pfn_t mfn, uint64_t **page)
{
	void *map;
	int ret;

	if (!w->table[level].page || w->table[level].mfn != mfn) {
		ret = fmem_map_read(w->c, w->domid, &mfn, 1, &map);
		if (ret)
			return ret;
		fmem_unmap(w->c, w->table[level].page, 1);
		w->table[level].page = map;
		w->table[level].mfn = mfn;
	}
	*page = w->table[level].page;
	return 0;
}

/* The machine frame behind a virtual address. */
static int walk_to(struct walk *w, xen_pfn_t root, uint64_t va, xen_pfn_t *mfn)
{
	xen_pfn_t at = root;

	for (int level = 3; level >= 0; level--) {
		uint64_t *page, entry;
		int ret = table_at(w, level, at, &page);

		if (ret)
			return ret;
		entry = page[va >> (PAGE_SHIFT + 9 * level) & 511];
		if (!(entry & PRESENT) || (level && entry & LARGE))
			return -EINVAL;
		at = (entry & FRAME) >> PAGE_SHIFT;
	}
	*mfn = at;
	return 0;
}

static void walk_end(struct walk *w)
{
	for (int i = 0; i < 4; i++)
		fmem_unmap(w->c, w->table[i].page, 1);
}

/* The linear list at a virtual address. */
static int find_linear(struct ctrl *c, uint32_t domid,
	const struct arch_shared_info *arch, struct pv_list *list)
{
	struct walk w = { .c = c, .domid = domid };
	xen_pfn_t root = xen_cr3_to_pfn(arch->p2m_cr3);
	int ret = arch->p2m_vaddr % PAGE ? -EINVAL : 0;

	for (size_t i = 0; i < list->list_pages && !ret; i++)
		ret = walk_to(&w, root, arch->p2m_vaddr + i * PAGE,
			&list->list_mfns[i]);
	walk_end(&w);
	return ret;
}

/* The older form: a page of frames of pages of frames of the list's pages. */
static int find_tree(struct ctrl *c, uint32_t domid,
	const struct arch_shared_info *arch, struct pv_list *list)
{
	struct walk w = { .c = c, .domid = domid };
	int ret = 0;

	if (list->list_pages > 512UL * 512)
		return -EINVAL;
	for (size_t i = 0; i < list->list_pages && !ret; i++) {
		uint64_t *top, *middle;

		ret = table_at(&w, 1, arch->pfn_to_mfn_frame_list_list, &top);
		if (!ret)
			ret = table_at(&w, 0, top[i / 512], &middle);
		if (!ret)
			list->list_mfns[i] = middle[i % 512];
	}
	walk_end(&w);
	return ret;
}

static int read_arch(struct ctrl *c,
	const struct xen_domctl_getdomaininfo *info,
	struct arch_shared_info *arch)
{
	xen_pfn_t mfn = info->shared_info_frame;
	void *map;
	int ret = fmem_map_read(c, info->domain, &mfn, 1, &map);

	if (!ret) {
		*arch = ((struct shared_info *)map)->arch;
		fmem_unmap(c, map, 1);
	}
	return ret;
}

/* The frames of the list itself. */
static int find_list(struct ctrl *c, uint32_t domid,
	const struct arch_shared_info *arch, struct pv_list *list)
{
	if (arch->p2m_vaddr && arch->p2m_cr3)
		return find_linear(c, domid, arch, list);
	if (arch->pfn_to_mfn_frame_list_list + 1 > 1)
		return find_tree(c, domid, arch, list);
	return -ENOTSUP;
}

static int copy_list(struct ctrl *c, uint32_t domid, struct pv_list *list)
{
	void *map;
	int ret = fmem_map_read(
		c, domid, list->list_mfns, list->list_pages, &map);

	if (!ret) {
		memcpy(list->p2m, map, list->list_pages * PAGE);
		fmem_unmap(c, map, list->list_pages);
	}
	return ret;
}

/* What is no frame becomes "none"; the way back is noted. */
static void index_list(struct pv_list *list)
{
	for (uint64_t i = 0; i < list->count; i++) {
		uint64_t mfn = list->p2m[i];

		if (mfn > list->max_mfn)
			list->p2m[i] = PV_LIST_NONE;
		else
			list->m2p[mfn] = (uint32_t)i + 1;
	}
}

static int allocate(struct ctrl *c, struct pv_list *list)
{
	struct xen_sysctl_physinfo machine;
	int ret = sysctl_physinfo(c, &machine);
	void *m2p;

	if (ret)
		return ret;
	list->max_mfn = machine.max_mfn;
	list->list_pages =
		(list->count + PV_LIST_PER_PAGE - 1) / PV_LIST_PER_PAGE;
	/* Only what is written takes memory. */
	m2p = mmap(NULL, (list->max_mfn + 1) * sizeof(uint32_t),
		PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	list->m2p = m2p == MAP_FAILED ? NULL : m2p;
	list->p2m = malloc(list->list_pages * PAGE);
	list->list_mfns = calloc(list->list_pages, sizeof(xen_pfn_t));
	return list->m2p && list->p2m && list->list_mfns ? 0 : -ENOMEM;
}

static int list_failed(uint32_t domid, int error, struct why *why)
{
	if (error == -EBUSY)
		return why_set(why, error,
			"domain %u got another list of its memory meanwhile; "
			"try again",
			domid);
	return why_set(why, error,
		"the list that domain %u keeps of its memory cannot be read: "
		"%s",
		domid, strerror(-error));
}

int pv_list_read(struct ctrl *c, const struct xen_domctl_getdomaininfo *info,
	struct pv_list *list, struct why *why)
{
	struct arch_shared_info arch;
	uint64_t most = info->max_pages * 2 + 65536;
	int ret = read_arch(c, info, &arch);

	memset(list, 0, sizeof(*list));
	if (ret)
		return why_set(why, ret,
			"cannot read the shared page of domain %u: %s",
			info->domain, strerror(-ret));
	list->count = arch.max_pfn;
	if (!list->count || list->count > most || list->count > UINT32_MAX)
		return why_set(why, -EINVAL,
			"the kernel of domain %u says that it has %llu pages: "
			"that cannot be, or it has not started yet",
			info->domain, (unsigned long long)list->count);
	ret = allocate(c, list);
	if (!ret)
		ret = find_list(c, info->domain, &arch, list);
	if (!ret)
		ret = copy_list(c, info->domain, list);
	if (ret) {
		pv_list_free(list);
		return list_failed(info->domain, ret, why);
	}
	index_list(list);
	return 0;
}

/* A page of the list is `now`; most are as they were. */
static void change_page(struct pv_list *list, size_t page, const uint64_t *now,
	uint64_t *changed)
{
	uint64_t first = page * PV_LIST_PER_PAGE;

	if (!memcmp(&list->p2m[first], now, PAGE))
		return;
	for (uint64_t n = first;
		n < list->count && n < first + PV_LIST_PER_PAGE; n++) {
		uint64_t old = list->p2m[n], mfn = now[n - first];

		if (mfn > list->max_mfn)
			mfn = PV_LIST_NONE;
		if (mfn == old)
			continue;
		/* Unless another number has that frame by now. */
		if (old != PV_LIST_NONE && list->m2p[old] == n + 1)
			list->m2p[old] = 0;
		if (mfn != PV_LIST_NONE)
			list->m2p[mfn] = (uint32_t)n + 1;
		list->p2m[n] = mfn;
		changed[n / 64] |= 1ULL << n % 64;
	}
}

static int change_list(
	struct ctrl *c, uint32_t domid, struct pv_list *list, uint64_t *changed)
{
	void *map;
	int ret = fmem_map_read(
		c, domid, list->list_mfns, list->list_pages, &map);

	if (ret)
		return ret;
	for (size_t i = 0; i < list->list_pages; i++)
		change_page(list, i, (void *)((char *)map + i * PAGE), changed);
	fmem_unmap(c, map, list->list_pages);
	return 0;
}

int pv_list_read_again(struct ctrl *c,
	const struct xen_domctl_getdomaininfo *info, struct pv_list *list,
	uint64_t *changed, struct why *why)
{
	size_t size = list->list_pages * sizeof(xen_pfn_t);
	struct pv_list now = { .list_pages = list->list_pages };
	struct arch_shared_info arch;
	int ret = read_arch(c, info, &arch);

	now.list_mfns = malloc(size);
	if (!ret && !now.list_mfns)
		ret = -ENOMEM;
	if (!ret && arch.max_pfn != list->count)
		ret = -EBUSY;
	if (!ret)
		ret = find_list(c, info->domain, &arch, &now);
	if (!ret && memcmp(now.list_mfns, list->list_mfns, size) != 0)
		ret = -EBUSY;
	free(now.list_mfns);
	if (!ret)
		ret = change_list(c, info->domain, list, changed);
	return ret ? list_failed(info->domain, ret, why) : 0;
}

void pv_list_free(struct pv_list *list)
{
	if (list->m2p)
		munmap(list->m2p, (list->max_mfn + 1) * sizeof(uint32_t));
	free(list->p2m);
	free(list->list_mfns);
	memset(list, 0, sizeof(*list));
}

uint64_t pv_list_find(const struct pv_list *list, uint64_t mfn)
{
	return mfn > list->max_mfn || !list->m2p[mfn] ? PV_LIST_NONE
						      : list->m2p[mfn] - 1ULL;
}
