/* SPDX-License-Identifier: BSD-2-Clause */
/* The domctl hypercall and a builder's other calls; see tenonctrl/domctl.h. */
#include <errno.h>
#include <string.h>
#include <tenonctrl/call.h>
#include <tenonctrl/domctl.h>
#include <public/event_channel.h>
#include <public/memory.h>
#include "domctl_call.h"

#define SUPER_ORDER 9 /* 2 MiB */
#define SUPER_PAGES (1UL << SUPER_ORDER)
/* Extents a hypercall: what fits the arena of call.c beside other buffers. */
#define CHUNK 4096UL

/* x86's E820 type of usable memory, and the layout of one entry. */
#define E820_RAM 1
struct e820_entry {
	uint64_t start, size;
	uint32_t type;
} __attribute__((packed));

int domctl_call(struct ctrl *c, uint32_t domid, struct xen_domctl *op)
{
	struct xen_domctl *buf = call_buf_alloc(c, sizeof(*buf));
	long ret;

	if (!buf)
		return -ENOMEM;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = (domid_t)domid;
	*buf = *op;
	ret = call_hypercall(
		c, __HYPERVISOR_domctl, (uintptr_t)buf, 0, 0, 0, 0);
	if (ret >= 0)
		*op = *buf;
	call_buf_free(c, buf, sizeof(*buf));
	return ret < 0 ? (int)ret : 0;
}

long domctl_call_struct(struct ctrl *c, unsigned int number, unsigned int cmd,
	void *arg, size_t bytes)
{
	void *buf = call_buf_alloc(c, bytes);
	long ret;

	if (!buf)
		return -ENOMEM;
	memcpy(buf, arg, bytes);
	ret = call_hypercall(c, number, cmd, (uintptr_t)buf, 0, 0, 0);
	if (ret >= 0)
		memcpy(arg, buf, bytes);
	call_buf_free(c, buf, bytes);
	return ret;
}

int domctl_create(struct ctrl *c, const struct xen_domctl_createdomain *config,
	uint32_t *domid)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_createdomain };
	int ret;

	op.u.createdomain = *config;
	/* A number that is none lets the hypervisor choose. */
	ret = domctl_call(c, 0xffff, &op);
	if (!ret)
		*domid = op.domain;
	return ret;
}

static int simple(struct ctrl *c, uint32_t domid, uint32_t cmd)
{
	struct xen_domctl op = { .cmd = cmd };

	return domctl_call(c, domid, &op);
}

int domctl_destroy(struct ctrl *c, uint32_t domid)
{
	int ret;

	/* Long teardowns come back to let the caller breathe. */
	do {
		ret = simple(c, domid, XEN_DOMCTL_destroydomain);
	} while (ret == -EAGAIN || ret == -EINTR || ret == -ERESTART);
	return ret;
}

int domctl_pause(struct ctrl *c, uint32_t domid)
{
	return simple(c, domid, XEN_DOMCTL_pausedomain);
}

int domctl_unpause(struct ctrl *c, uint32_t domid)
{
	return simple(c, domid, XEN_DOMCTL_unpausedomain);
}

int domctl_max_vcpus(struct ctrl *c, uint32_t domid, uint32_t vcpus)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_max_vcpus };

	op.u.max_vcpus.max = vcpus;
	return domctl_call(c, domid, &op);
}

int domctl_max_mem(struct ctrl *c, uint32_t domid, uint64_t kib)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_max_mem };

	op.u.max_mem.max_memkb = kib;
	return domctl_call(c, domid, &op);
}

int domctl_set_handle(struct ctrl *c, uint32_t domid, const uint8_t uuid[16])
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_setdomainhandle };

	memcpy(op.u.setdomainhandle.handle, uuid, 16);
	return domctl_call(c, domid, &op);
}

int domctl_trigger(
	struct ctrl *c, uint32_t domid, uint32_t vcpu, uint32_t trigger)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_sendtrigger };

	op.u.sendtrigger.trigger = trigger;
	op.u.sendtrigger.vcpu = vcpu;
	return domctl_call(c, domid, &op);
}

int domctl_get_share(
	struct ctrl *c, uint32_t domid, struct xen_domctl_sched_credit2 *share)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_scheduler_op };
	int ret;

	op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
	ret = domctl_call(c, domid, &op);
	if (!ret)
		*share = op.u.scheduler_op.u.credit2;
	return ret;
}

int domctl_set_share(struct ctrl *c, uint32_t domid,
	const struct xen_domctl_sched_credit2 *share)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_scheduler_op };

	op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
	op.u.scheduler_op.u.credit2 = *share;
	return domctl_call(c, domid, &op);
}

/* Sets the map at `in`, or gets one into `out`: the other is NULL. */
static int affinity(struct ctrl *c, uint32_t domid, uint32_t vcpu, bool hard,
	const uint8_t *in, uint8_t *out, size_t bytes)
{
	struct xen_domctl op = { .cmd = in ? XEN_DOMCTL_setvcpuaffinity
					   : XEN_DOMCTL_getvcpuaffinity };
	struct xenctl_bitmap *bitmap = hard ? &op.u.vcpuaffinity.cpumap_hard
					    : &op.u.vcpuaffinity.cpumap_soft;
	uint8_t *buf = call_buf_alloc(c, bytes);
	int ret;

	if (!buf)
		return -ENOMEM;
	if (in)
		memcpy(buf, in, bytes);
	op.u.vcpuaffinity.vcpu = vcpu;
	op.u.vcpuaffinity.flags =
		hard ? XEN_VCPUAFFINITY_HARD : XEN_VCPUAFFINITY_SOFT;
	bitmap->bitmap.p = buf;
	bitmap->nr_bits = (uint32_t)bytes * 8;
	ret = domctl_call(c, domid, &op);
	if (!ret && out)
		memcpy(out, buf, bytes);
	call_buf_free(c, buf, bytes);
	return ret;
}

int domctl_set_affinity(struct ctrl *c, uint32_t domid, uint32_t vcpu,
	bool hard, const uint8_t *map, size_t bytes)
{
	return affinity(c, domid, vcpu, hard, map, NULL, bytes);
}

int domctl_get_affinity(struct ctrl *c, uint32_t domid, uint32_t vcpu,
	bool hard, uint8_t *map, size_t bytes)
{
	return affinity(c, domid, vcpu, hard, NULL, map, bytes);
}

int domctl_vcpu_info(struct ctrl *c, uint32_t domid, uint32_t vcpu,
	struct xen_domctl_getvcpuinfo *info)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_getvcpuinfo };
	int ret;

	op.u.getvcpuinfo.vcpu = vcpu;
	ret = domctl_call(c, domid, &op);
	if (!ret)
		*info = op.u.getvcpuinfo;
	return ret;
}

int domctl_set_context(struct ctrl *c, uint32_t domid, uint32_t vcpu,
	const struct vcpu_guest_context *context)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_setvcpucontext };
	struct vcpu_guest_context *buf = call_buf_alloc(c, sizeof(*buf));
	int ret;

	if (!buf)
		return -ENOMEM;
	memcpy(buf, context, sizeof(*buf));
	op.u.vcpucontext.vcpu = vcpu;
	op.u.vcpucontext.ctxt.p = (void *)buf;
	ret = domctl_call(c, domid, &op);
	call_buf_free(c, buf, sizeof(*buf));
	return ret;
}

/*
 * Populates `count` extents of 2^order pages from pfn `first` on, through
 * `frames`, a buffer of at least `count` entries. Returns how many it got.
 */
static long populate(struct ctrl *c, uint32_t domid, xen_pfn_t first,
	size_t count, unsigned int order, xen_pfn_t *frames, xen_pfn_t *p2m)
{
	struct xen_memory_reservation request = {
		.nr_extents = count,
		.extent_order = order,
		.domid = (domid_t)domid,
	};
	long got;

	request.extent_start.p = frames;
	for (size_t i = 0; i < count; i++)
		frames[i] = first + (i << order);
	got = domctl_call_struct(c, __HYPERVISOR_memory_op,
		XENMEM_populate_physmap, &request, sizeof(request));
	if (got > (long)count)
		return -EPROTO;
	for (long i = 0; i < got; i++) {
		for (size_t j = 0; j < 1UL << order; j++)
			*p2m++ = frames[i] + j;
	}
	return got;
}

int domctl_populate_from(struct ctrl *c, uint32_t domid, xen_pfn_t first,
	size_t count, xen_pfn_t *p2m)
{
	xen_pfn_t *frames = call_buf_alloc(c, CHUNK * sizeof(*frames));
	unsigned int order = SUPER_ORDER;
	size_t at = 0;
	int ret = 0;

	if (!frames)
		return -ENOMEM;
	while (at < count) {
		size_t want = (count - at) >> order;
		long got;

		if (!want) {
			order = 0;
			continue;
		}
		if (want > CHUNK)
			want = CHUNK;
		got = populate(
			c, domid, first + at, want, order, frames, p2m + at);
		if (got > 0)
			at += (size_t)got << order;
		if (got == (long)want)
			continue;
		/* Memory is in pieces: go on with single pages. */
		if (order && (got >= 0 || got == -ENOMEM)) {
			order = 0;
			continue;
		}
		ret = got < 0 ? (int)got : -ENOMEM;
		break;
	}
	call_buf_free(c, frames, CHUNK * sizeof(*frames));
	return ret;
}

int domctl_populate(
	struct ctrl *c, uint32_t domid, size_t count, xen_pfn_t *p2m)
{
	return domctl_populate_from(c, domid, 0, count, p2m);
}

int domctl_memory_map(struct ctrl *c, uint32_t domid, uint64_t bytes)
{
	struct xen_foreign_memory_map request = { .domid = (domid_t)domid };
	struct e820_entry *entry = call_buf_alloc(c, sizeof(*entry));
	long ret;

	if (!entry)
		return -ENOMEM;
	entry->size = bytes;
	entry->type = E820_RAM;
	request.map.nr_entries = 1;
	request.map.buffer.p = (void *)entry;
	ret = domctl_call_struct(c, __HYPERVISOR_memory_op,
		XENMEM_set_memory_map, &request, sizeof(request));
	call_buf_free(c, entry, sizeof(*entry));
	return ret < 0 ? (int)ret : 0;
}

int domctl_alloc_port(
	struct ctrl *c, uint32_t domid, uint32_t remote, uint32_t *port)
{
	struct evtchn_alloc_unbound request = {
		.dom = (domid_t)domid,
		.remote_dom = (domid_t)remote,
	};
	long ret = domctl_call_struct(c, __HYPERVISOR_event_channel_op,
		EVTCHNOP_alloc_unbound, &request, sizeof(request));

	if (ret < 0)
		return (int)ret;
	*port = request.port;
	return 0;
}

int domctl_hypercall_page(struct ctrl *c, uint32_t domid, xen_pfn_t mfn)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_hypercall_init };

	op.u.hypercall_init.gmfn = mfn;
	return domctl_call(c, domid, &op);
}

int domctl_pin_l4(struct ctrl *c, uint32_t domid, xen_pfn_t mfn)
{
	struct mmuext_op *op = call_buf_alloc(c, sizeof(*op));
	long ret;

	if (!op)
		return -ENOMEM;
	op->cmd = MMUEXT_PIN_L4_TABLE;
	op->arg1.mfn = mfn;
	ret = call_hypercall(
		c, __HYPERVISOR_mmuext_op, (uintptr_t)op, 1, 0, domid, 0);
	call_buf_free(c, op, sizeof(*op));
	return ret < 0 ? (int)ret : 0;
}
