/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fake machine; see os_fake.h. Foreign mappings are copies that are
 * written back when they are undone, so that reading a frame before its
 * mapping is gone shows the fault of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <public/domctl.h>
#include <public/event_channel.h>
#include <public/memory.h>
#include <public/sysctl.h>
#include <public/version.h>
#include "os_fake.h"

#define PAGE	4096UL
#define PRESENT 1ULL
#define RW	2ULL
#define FRAME	0x000ffffffffff000ULL

void *fake_frame(struct fake *f, uint64_t mfn)
{
	if (mfn < FAKE_FIRST || mfn >= FAKE_FIRST + FAKE_FRAMES)
		return NULL;
	return f->memory + (mfn - FAKE_FIRST) * PAGE;
}

static struct fake_domain *domain(struct fake *f, uint32_t domid)
{
	if (!domid || domid >= FAKE_DOMAINS || !f->domains[domid].exists)
		return NULL;
	return &f->domains[domid];
}

size_t fake_free_frames(const struct fake *f)
{
	size_t count = 0;

	for (size_t i = 0; i < FAKE_FRAMES; i++)
		count += !f->owner[i];
	return count;
}

size_t fake_map_count(const struct fake *f)
{
	size_t count = 0;

	for (size_t i = 0; i < FAKE_MAPS; i++)
		count += f->maps[i].base != NULL;
	return count;
}

/* A run of 2^order free frames, aligned to it; 0 when there is none. */
static uint64_t take_frames(struct fake *f, uint32_t domid, unsigned int order)
{
	size_t run = 1UL << order;

	for (size_t at = 0; at + run <= FAKE_FRAMES; at += run) {
		size_t i = 0;

		while (i < run && !f->owner[at + i])
			i++;
		if (i < run)
			continue;
		memset(f->owner + at, (int)domid, run);
		/* What an old owner left. */
		memset(f->memory + at * PAGE, 0x5a, run * PAGE);
		return FAKE_FIRST + at;
	}
	return 0;
}

static long create(struct fake *f, struct xen_domctl *op)
{
	for (uint32_t i = 1; i < FAKE_DOMAINS; i++) {
		struct fake_domain *d = &f->domains[i];

		if (d->exists)
			continue;
		memset(d, 0, sizeof(*d));
		d->exists = d->paused = true;
		memcpy(d->handle, op->u.createdomain.handle, 16);
		d->shared_info = take_frames(f, i, 0);
		memset(fake_frame(f, d->shared_info), 0, PAGE);
		op->domain = (domid_t)i;
		return 0;
	}
	return -ENOMEM;
}

static long destroy(struct fake *f, uint32_t domid)
{
	for (size_t i = 0; i < FAKE_FRAMES; i++) {
		if (f->owner[i] == domid)
			f->owner[i] = 0;
	}
	f->domains[domid].exists = false;
	return 0;
}

/* Stubs that a test knows again; only in memory that is no table. */
static long fill_stubs(struct fake *f, uint32_t domid, uint64_t mfn)
{
	void *page = fake_frame(f, mfn);

	if (!page || f->owner[mfn - FAKE_FIRST] != domid ||
		f->domains[domid].root)
		return -EACCES;
	memset(page, FAKE_STUB, PAGE);
	return 0;
}

static long vcpu_info(
	const struct fake_domain *d, struct xen_domctl_getvcpuinfo *info)
{
	if (info->vcpu >= d->vcpus)
		return -ESRCH;
	info->online = info->vcpu == 0;
	info->blocked = d->paused;
	info->running = !d->paused;
	info->cpu_time = d->cpu_ns;
	info->cpu = info->vcpu % FAKE_CPUS;
	return 0;
}

static long affinity(
	struct fake_domain *d, struct xen_domctl_vcpuaffinity *arg, bool is_set)
{
	bool is_hard = arg->flags & XEN_VCPUAFFINITY_HARD;
	struct xenctl_bitmap *map =
		is_hard ? &arg->cpumap_hard : &arg->cpumap_soft;
	uint8_t *place = &d->places[arg->vcpu % FAKE_PLACES][!is_hard];

	if (!map->nr_bits)
		return -EINVAL;
	if (is_set)
		*place = map->bitmap.p[0];
	else
		map->bitmap.p[0] = *place ? *place : 0xa;
	return 0;
}

static long share(struct fake_domain *d, struct xen_domctl_scheduler_op *arg)
{
	if (arg->sched_id != XEN_SCHEDULER_CREDIT2)
		return -EINVAL;
	if (arg->cmd == XEN_DOMCTL_SCHEDOP_putinfo) {
		d->weight = arg->u.credit2.weight;
		d->cap = arg->u.credit2.cap;
	} else {
		arg->u.credit2.weight = d->weight;
		arg->u.credit2.cap = d->cap;
	}
	return 0;
}

static long do_domctl(struct fake *f, struct xen_domctl *op)
{
	struct fake_domain *d;

	if (op->interface_version != XEN_DOMCTL_INTERFACE_VERSION)
		return -EACCES;
	if (op->cmd == XEN_DOMCTL_createdomain)
		return create(f, op);
	d = domain(f, op->domain);
	if (!d)
		return -ESRCH;
	switch (op->cmd) {
	case XEN_DOMCTL_destroydomain:
		return destroy(f, op->domain);
	case XEN_DOMCTL_unpausedomain:
		d->paused = false;
		return 0;
	case XEN_DOMCTL_max_vcpus:
		d->vcpus = op->u.max_vcpus.max;
		return 0;
	case XEN_DOMCTL_max_mem:
		d->max_kib = op->u.max_mem.max_memkb;
		return 0;
	case XEN_DOMCTL_setvcpucontext:
		memcpy(&d->context, (void *)op->u.vcpucontext.ctxt.p,
			sizeof(d->context));
		return 0;
	case XEN_DOMCTL_getvcpuinfo:
		return vcpu_info(d, &op->u.getvcpuinfo);
	case XEN_DOMCTL_getvcpuaffinity:
	case XEN_DOMCTL_setvcpuaffinity:
		return affinity(d, &op->u.vcpuaffinity,
			op->cmd == XEN_DOMCTL_setvcpuaffinity);
	case XEN_DOMCTL_scheduler_op:
		return share(d, &op->u.scheduler_op);
	case XEN_DOMCTL_hypercall_init:
		return fill_stubs(f, op->domain, op->u.hypercall_init.gmfn);
	default:
		return fake_state(f, op);
	}
}

static void fill_info(
	struct fake *f, uint32_t domid, struct xen_domctl_getdomaininfo *info)
{
	const struct fake_domain *d = &f->domains[domid];

	memset(info, 0, sizeof(*info));
	info->domain = (domid_t)domid;
	info->tot_pages = d->pages;
	info->max_pages = d->max_kib >> 2;
	info->shared_info_frame = d->shared_info;
	info->flags = d->paused ? XEN_DOMINF_paused : XEN_DOMINF_running;
	memcpy(info->handle, d->handle, 16);
}

static long read_log(struct fake *f, struct xen_sysctl_readconsole *arg)
{
	uint32_t from = arg->incremental ? arg->index : f->log_start;
	uint32_t end = f->log_start + f->log_size;

	if (from < f->log_start)
		from = f->log_start;
	if (from > end)
		from = end;
	if (arg->count > end - from)
		arg->count = end - from;
	memcpy(arg->buffer.p, f->log + (from - f->log_start), arg->count);
	arg->index = from + arg->count;
	if (arg->clear) {
		f->log_start = end;
		f->log_size = 0;
	}
	return 0;
}

static long press_keys(struct fake *f, const struct xen_sysctl_debug_keys *arg)
{
	if (arg->nr_keys >= sizeof(f->keys))
		return -E2BIG;
	memcpy(f->keys, arg->keys.p, arg->nr_keys);
	f->keys[arg->nr_keys] = '\0';
	return 0;
}

static uint8_t free_cpus(const struct fake *f)
{
	uint8_t left = (1U << FAKE_CPUS) - 1;

	for (int i = 0; i < FAKE_POOLS; i++)
		left &= (uint8_t)~f->pool_cpus[i];
	return left;
}

static long pool_info(struct fake *f, struct xen_sysctl_cpupool_op *arg)
{
	while (arg->cpupool_id < FAKE_POOLS &&
		!(f->pools >> arg->cpupool_id & 1))
		arg->cpupool_id++;
	if (arg->cpupool_id >= FAKE_POOLS)
		return -ENOENT;
	arg->sched_id = XEN_SCHEDULER_CREDIT2;
	arg->n_dom = 0;
	for (int i = 0; i < FAKE_DOMAINS; i++)
		arg->n_dom += f->domains[i].exists &&
			      f->pool_of[i] == arg->cpupool_id;
	arg->cpumap.bitmap.p[0] = f->pool_cpus[arg->cpupool_id];
	return 0;
}

static long pool_create(struct fake *f, struct xen_sysctl_cpupool_op *arg)
{
	for (arg->cpupool_id = 0; f->pools >> arg->cpupool_id & 1;)
		arg->cpupool_id++;
	if (arg->cpupool_id >= FAKE_POOLS)
		return -ENOSPC;
	f->pools |= (uint8_t)(1U << arg->cpupool_id);
	return 0;
}

static long pool_op(struct fake *f, struct xen_sysctl_cpupool_op *arg)
{
	uint32_t id = arg->cpupool_id;
	uint8_t cpu = arg->cpu < FAKE_CPUS ? (uint8_t)(1U << arg->cpu) : 0;

	if (arg->op == XEN_SYSCTL_CPUPOOL_OP_INFO)
		return pool_info(f, arg);
	if (arg->op == XEN_SYSCTL_CPUPOOL_OP_CREATE)
		return pool_create(f, arg);
	if (arg->op == XEN_SYSCTL_CPUPOOL_OP_FREEINFO) {
		arg->cpumap.bitmap.p[0] = free_cpus(f);
		return 0;
	}
	if (id >= FAKE_POOLS || !(f->pools >> id & 1))
		return -ENOENT;
	switch (arg->op) {
	case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
		if (f->pool_cpus[id])
			return -EBUSY;
		f->pools &= (uint8_t) ~(1U << id);
		return 0;
	case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
		if (!(free_cpus(f) & cpu))
			return cpu ? -EBUSY : -EINVAL;
		f->pool_cpus[id] |= cpu;
		return 0;
	case XEN_SYSCTL_CPUPOOL_OP_RMCPU:
		if (!(f->pool_cpus[id] & cpu))
			return -EINVAL;
		f->pool_cpus[id] &= (uint8_t)~cpu;
		return 0;
	default:
		if (!f->pool_cpus[id])
			return -EINVAL;
		f->pool_of[arg->domid % FAKE_DOMAINS] = (uint8_t)id;
		return 0;
	}
}

static long fill_topology(struct xen_sysctl_cputopoinfo *arg)
{
	for (uint32_t i = 0; i < FAKE_CPUS && i < arg->num_cpus; i++)
		arg->cputopo.p[i] = (struct xen_sysctl_cputopo){ i / 2, 0, 0 };
	arg->num_cpus = FAKE_CPUS;
	return 0;
}

static long fill_idle(struct xen_sysctl_getcpuinfo *arg)
{
	for (uint32_t i = 0; i < FAKE_CPUS && i < arg->max_cpus; i++)
		arg->info.p[i].idletime = 1000 + i;
	arg->nr_cpus = FAKE_CPUS;
	return 0;
}

static long list_domains(struct fake *f, struct xen_sysctl *op)
{
	op->u.getdomaininfolist.num_domains = 0;
	for (uint32_t i = op->u.getdomaininfolist.first_domain;
		i < FAKE_DOMAINS; i++) {
		uint32_t at = op->u.getdomaininfolist.num_domains;

		if (!f->domains[i].exists)
			continue;
		if (at == op->u.getdomaininfolist.max_domains)
			break;
		fill_info(f, i, &op->u.getdomaininfolist.buffer.p[at]);
		op->u.getdomaininfolist.num_domains++;
	}
	return 0;
}

static long do_sysctl(struct fake *f, struct xen_sysctl *op)
{
	if (op->interface_version != XEN_SYSCTL_INTERFACE_VERSION)
		return -EACCES;
	switch (op->cmd) {
	case XEN_SYSCTL_physinfo:
		op->u.physinfo.nr_cpus = FAKE_CPUS;
		op->u.physinfo.max_cpu_id = FAKE_CPUS - 1;
		op->u.physinfo.total_pages = FAKE_FRAMES;
		op->u.physinfo.free_pages = fake_free_frames(f);
		op->u.physinfo.max_mfn = FAKE_FIRST + FAKE_FRAMES - 1;
		return 0;
	case XEN_SYSCTL_getdomaininfolist:
		return list_domains(f, op);
	case XEN_SYSCTL_readconsole:
		return read_log(f, &op->u.readconsole);
	case XEN_SYSCTL_debug_keys:
		return press_keys(f, &op->u.debug_keys);
	case XEN_SYSCTL_cpupool_op:
		return pool_op(f, &op->u.cpupool_op);
	case XEN_SYSCTL_cputopoinfo:
		return fill_topology(&op->u.cputopoinfo);
	case XEN_SYSCTL_getcpuinfo:
		return fill_idle(&op->u.getcpuinfo);
	case XEN_SYSCTL_sched_id:
		op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
		return 0;
	default:
		return -ENOSYS;
	}
}

static long populate(struct fake *f, struct xen_memory_reservation *r)
{
	struct fake_domain *d = domain(f, r->domid);
	size_t i;

	if (!d)
		return -ESRCH;
	if (r->extent_order && f->no_superpages)
		return 0;
	for (i = 0; i < r->nr_extents; i++) {
		uint64_t mfn;

		if ((d->pages + (1UL << r->extent_order)) * 4 > d->max_kib)
			break;
		mfn = take_frames(f, r->domid, r->extent_order);
		if (!mfn)
			break;
		r->extent_start.p[i] = mfn;
		d->pages += 1UL << r->extent_order;
	}
	return (long)i;
}

static long release(struct fake *f, struct xen_memory_reservation *r)
{
	struct fake_domain *d = domain(f, r->domid);
	size_t i;

	if (!d)
		return -ESRCH;
	for (i = 0; i < r->nr_extents; i++) {
		uint64_t mfn = r->extent_start.p[i];

		if (!fake_frame(f, mfn) ||
			f->owner[mfn - FAKE_FIRST] != r->domid)
			break;
		f->owner[mfn - FAKE_FIRST] = 0;
		d->pages--;
	}
	return (long)i;
}

/* What a real hypervisor finds out by types and counts. */
static long check_table(
	struct fake *f, uint32_t domid, uint64_t mfn, unsigned int level)
{
	uint64_t *entries = fake_frame(f, mfn);

	if (!entries || f->owner[mfn - FAKE_FIRST] != domid)
		return -EINVAL;
	if (f->writable[mfn - FAKE_FIRST])
		return -EBUSY;
	for (int i = 0; i < 512; i++) {
		uint64_t next = (entries[i] & FRAME) / PAGE;
		long ret;

		if (!(entries[i] & PRESENT))
			continue;
		if (level > 1) {
			ret = check_table(f, domid, next, level - 1);
			if (ret)
				return ret;
		} else if (!fake_frame(f, next) ||
			   f->owner[next - FAKE_FIRST] != domid) {
			return -EPERM;
		}
	}
	return 0;
}

/* Marks every table below `mfn`, then looks for writable maps of them. */
static void mark_tables(
	struct fake *f, uint8_t *marks, uint64_t mfn, unsigned int level)
{
	uint64_t *entries = fake_frame(f, mfn);

	marks[mfn - FAKE_FIRST] = 1;
	for (int i = 0; level > 1 && i < 512; i++) {
		if (entries[i] & PRESENT)
			mark_tables(f, marks, (entries[i] & FRAME) / PAGE,
				level - 1);
	}
}

static bool writes_table(
	struct fake *f, const uint8_t *marks, uint64_t mfn, unsigned int level)
{
	uint64_t *entries = fake_frame(f, mfn);

	for (int i = 0; i < 512; i++) {
		uint64_t next = (entries[i] & FRAME) / PAGE;

		if (!(entries[i] & PRESENT))
			continue;
		if (level > 1 ? writes_table(f, marks, next, level - 1)
			      : (entries[i] & RW) && marks[next - FAKE_FIRST])
			return true;
	}
	return false;
}

static long pin(struct fake *f, const struct mmuext_op *op, uint32_t domid)
{
	struct fake_domain *d = domain(f, domid);
	uint8_t *marks;
	long ret;

	if (!d)
		return -ESRCH;
	if (op->cmd != MMUEXT_PIN_L4_TABLE)
		return -ENOSYS;
	ret = check_table(f, domid, op->arg1.mfn, 4);
	if (ret)
		return ret;
	marks = calloc(FAKE_FRAMES, 1);
	if (!marks)
		return -ENOMEM;
	mark_tables(f, marks, op->arg1.mfn, 4);
	if (writes_table(f, marks, op->arg1.mfn, 4))
		ret = -EINVAL;
	else
		d->root = op->arg1.mfn;
	free(marks);
	return ret;
}

static long alloc_port(struct fake *f, struct evtchn_alloc_unbound *op)
{
	struct fake_domain *d = domain(f, op->dom);

	if (!d)
		return -ESRCH;
	op->port = ++d->ports;
	return 0;
}

static long tell_version(uint64_t what, void *answer)
{
	switch (what) {
	case XENVER_version:
		return 4 << 16 | 17;
	case XENVER_pagesize:
		return PAGE;
	case XENVER_extraversion:
		strcpy(answer, ".9");
		return 0;
	case XENVER_capabilities:
	case XENVER_changeset:
	case XENVER_commandline:
		*(char *)answer = '\0';
		return 0;
	case XENVER_compile_info:
		strcpy(((struct xen_compile_info *)answer)->compiler, "cc");
		return 0;
	case XENVER_platform_parameters:
		*(uint64_t *)answer = 0xffff800000000000;
		return 0;
	default:
		return -ENOSYS;
	}
}

static long fake_hypercall(
	void *state, unsigned int number, const uint64_t args[5])
{
	struct fake *f = state;

	f->calls++;
	if (f->fail_after == 0)
		return -ENOMEM;
	if (f->fail_after > 0)
		f->fail_after--;
	switch (number) {
	case __HYPERVISOR_domctl:
		return do_domctl(f, (void *)args[0]);
	case __HYPERVISOR_sysctl:
		return do_sysctl(f, (void *)args[0]);
	case __HYPERVISOR_memory_op:
		if (args[0] == XENMEM_populate_physmap)
			return populate(f, (void *)args[1]);
		if (args[0] == XENMEM_decrease_reservation)
			return release(f, (void *)args[1]);
		return args[0] == XENMEM_set_memory_map ? 0 : -ENOSYS;
	case __HYPERVISOR_event_channel_op:
		return args[0] == EVTCHNOP_alloc_unbound
			       ? alloc_port(f, (void *)args[1])
			       : -ENOSYS;
	case __HYPERVISOR_mmuext_op:
		return args[1] == 1 ? pin(f, (void *)args[0], (uint32_t)args[3])
				    : -ENOSYS;
	case __HYPERVISOR_xen_version:
		return tell_version(args[0], (void *)args[1]);
	default:
		return -ENOSYS;
	}
}

static void *fake_pages_alloc(void *state, size_t pages)
{
	struct fake *f = state;
	void *map = aligned_alloc(PAGE, pages * PAGE);

	if (!map)
		return NULL;
	f->buffers += pages;
	return memset(map, 0, pages * PAGE);
}

static void fake_pages_free(void *state, void *base, size_t pages)
{
	struct fake *f = state;

	f->buffers -= pages;
	free(base);
}

static int fake_map_frames(void *state, uint32_t domid, const xen_pfn_t *frames,
	size_t count, bool writable, int *errors, void **out)
{
	struct fake *f = state;
	struct fake_map *map = f->maps;

	while (map < f->maps + FAKE_MAPS && map->base)
		map++;
	if (map == f->maps + FAKE_MAPS)
		return -ENOMEM;
	map->base = aligned_alloc(PAGE, count * PAGE);
	map->frames = calloc(count, sizeof(*frames));
	map->count = count;
	for (size_t i = 0; i < count; i++) {
		void *from = fake_frame(f, frames[i]);

		if (!from || f->owner[frames[i] - FAKE_FIRST] != domid) {
			errors[i] = -EINVAL;
			continue;
		}
		if (writable) {
			map->frames[i] = frames[i];
			f->writable[frames[i] - FAKE_FIRST]++;
		}
		memcpy(map->base + i * PAGE, from, PAGE);
	}
	*out = map->base;
	return 0;
}

static int fake_map_resource(void *state, uint32_t domid, uint32_t type,
	uint32_t id, uint32_t index, size_t count, void **out)
{
	struct fake *f = state;

	if (!domain(f, domid) || type != XENMEM_resource_grant_table || id ||
		index || count != 1)
		return -EINVAL;
	*out = f->grants[domid];
	return 0;
}

static void fake_unmap(void *state, void *base, size_t count)
{
	struct fake *f = state;

	for (struct fake_map *map = f->maps; map < f->maps + FAKE_MAPS; map++) {
		if (map->base != base || map->count != count)
			continue;
		for (size_t i = 0; i < count; i++) {
			if (!map->frames[i])
				continue;
			memcpy(fake_frame(f, map->frames[i]),
				map->base + i * PAGE, PAGE);
			f->writable[map->frames[i] - FAKE_FIRST]--;
		}
		free(map->base);
		free(map->frames);
		map->base = NULL;
		return;
	}
}

static void fake_close(void *state)
{
	(void)state;
}

const struct os_ops fake_ops = {
	.hypercall = fake_hypercall,
	.pages_alloc = fake_pages_alloc,
	.pages_free = fake_pages_free,
	.map_frames = fake_map_frames,
	.map_resource = fake_map_resource,
	.unmap = fake_unmap,
	.close = fake_close,
};

struct fake *fake_new(void)
{
	struct fake *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->memory = malloc(FAKE_FRAMES * PAGE);
	f->owner = calloc(FAKE_FRAMES, 1);
	f->writable = calloc(FAKE_FRAMES, sizeof(*f->writable));
	f->fail_after = -1;
	f->domains[0].exists = true;
	/* One pool, number 2, with all CPUs and domains. */
	f->pools = 1U << 2;
	f->pool_cpus[2] = (1U << FAKE_CPUS) - 1;
	memset(f->pool_of, 2, sizeof(f->pool_of));
	if (!f->memory || !f->owner || !f->writable) {
		fake_free(f);
		return NULL;
	}
	return f;
}

void fake_free(struct fake *f)
{
	free(f->memory);
	free(f->owner);
	free(f->writable);
	free(f);
}

uint64_t fake_walk(struct fake *f, uint32_t domid, uint64_t va)
{
	uint64_t entry = f->domains[domid].root * PAGE | PRESENT;

	for (unsigned int level = 4; level; level--) {
		uint64_t *table = fake_frame(f, (entry & FRAME) / PAGE);

		if (!table)
			return 0;
		entry = table[va >> (12 + 9 * (level - 1)) & 511];
		if (!(entry & PRESENT))
			return 0;
	}
	return entry;
}
