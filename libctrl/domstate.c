/* SPDX-License-Identifier: BSD-2-Clause */
/* A stopped domain's state; see tenonctrl/domstate.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/call.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/domstate.h>
#include <public/memory.h>
#include "domctl_call.h"

int domstate_get_context(struct ctrl *c, uint32_t domid, uint32_t vcpu,
	struct vcpu_guest_context *context)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_getvcpucontext };
	struct vcpu_guest_context *buf = call_buf_alloc(c, sizeof(*buf));
	int ret;

	if (!buf)
		return -ENOMEM;
	op.u.vcpucontext.vcpu = vcpu;
	op.u.vcpucontext.ctxt.p = (void *)buf;
	ret = domctl_call(c, domid, &op);
	if (!ret)
		memcpy(context, buf, sizeof(*context));
	call_buf_free(c, buf, sizeof(*buf));
	return ret;
}

/* A copy of `size` bytes that outlives hypercall buffers. */
static int keep(const void *from, size_t size, void **blob)
{
	void *copy = malloc(size ? size : 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, from, size);
	*blob = copy;
	return 0;
}

static int get_extended(struct ctrl *c, uint32_t domid, uint32_t vcpu,
	void **blob, size_t *size)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_get_ext_vcpucontext };
	int ret;

	op.u.ext_vcpucontext.vcpu = vcpu;
	ret = domctl_call(c, domid, &op);
	if (ret)
		return ret;
	if (op.u.ext_vcpucontext.size > sizeof(op.u.ext_vcpucontext))
		return -EPROTO;
	*size = op.u.ext_vcpucontext.size;
	return keep(&op.u.ext_vcpucontext, *size, blob);
}

static int get_xsave(struct ctrl *c, uint32_t domid, uint32_t vcpu, void **blob,
	size_t *size)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_getvcpuextstate };
	size_t bytes;
	void *buf;
	int ret;

	op.u.vcpuextstate.vcpu = vcpu;
	ret = domctl_call(c, domid, &op);
	if (ret)
		return ret;
	bytes = op.u.vcpuextstate.size;
	if (!bytes) {
		*size = 0;
		return keep("", 0, blob);
	}
	buf = call_buf_alloc(c, bytes);
	if (!buf)
		return -ENOMEM;
	op.u.vcpuextstate.buffer.p = buf;
	ret = domctl_call(c, domid, &op);
	if (!ret && op.u.vcpuextstate.size > bytes)
		ret = -EPROTO;
	if (!ret) {
		*size = op.u.vcpuextstate.size;
		ret = keep(buf, *size, blob);
	}
	call_buf_free(c, buf, bytes);
	return ret;
}

static int get_msrs(struct ctrl *c, uint32_t domid, uint32_t vcpu, void **blob,
	size_t *size)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_get_vcpu_msrs };
	uint32_t count;
	size_t bytes;
	void *buf;
	int ret;

	op.u.vcpu_msrs.vcpu = vcpu;
	ret = domctl_call(c, domid, &op);
	if (ret)
		return ret;
	count = op.u.vcpu_msrs.msr_count;
	bytes = count * sizeof(struct xen_domctl_vcpu_msr);
	buf = call_buf_alloc(c, bytes ? bytes : 1);
	if (!buf)
		return -ENOMEM;
	op.u.vcpu_msrs.msrs.p = buf;
	if (count)
		ret = domctl_call(c, domid, &op);
	if (!ret && op.u.vcpu_msrs.msr_count > count)
		ret = -EPROTO;
	if (!ret) {
		*size = op.u.vcpu_msrs.msr_count *
			sizeof(struct xen_domctl_vcpu_msr);
		ret = keep(buf, *size, blob);
	}
	call_buf_free(c, buf, bytes ? bytes : 1);
	return ret;
}

int domstate_get(struct ctrl *c, uint32_t domid, uint32_t vcpu,
	enum domstate_kind kind, void **blob, size_t *size)
{
	switch (kind) {
	case DOMSTATE_EXTENDED:
		return get_extended(c, domid, vcpu, blob, size);
	case DOMSTATE_XSAVE:
		return get_xsave(c, domid, vcpu, blob, size);
	case DOMSTATE_MSRS:
		return get_msrs(c, domid, vcpu, blob, size);
	}
	return -EINVAL;
}

int domstate_set(struct ctrl *c, uint32_t domid, uint32_t vcpu,
	enum domstate_kind kind, const void *blob, size_t size)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_set_ext_vcpucontext };
	void *buf;
	int ret;

	if (kind == DOMSTATE_EXTENDED) {
		if (size > sizeof(op.u.ext_vcpucontext))
			return -EINVAL;
		memcpy(&op.u.ext_vcpucontext, blob, size);
		op.u.ext_vcpucontext.vcpu = vcpu;
		op.u.ext_vcpucontext.size = (uint32_t)size;
		return domctl_call(c, domid, &op);
	}
	if (!size)
		return 0;
	buf = call_buf_alloc(c, size);
	if (!buf)
		return -ENOMEM;
	memcpy(buf, blob, size);
	if (kind == DOMSTATE_XSAVE) {
		op.cmd = XEN_DOMCTL_setvcpuextstate;
		op.u.vcpuextstate.vcpu = vcpu;
		op.u.vcpuextstate.size = size;
		op.u.vcpuextstate.buffer.p = buf;
		if (size >= 2 * sizeof(uint64_t))
			memcpy(&op.u.vcpuextstate.xfeature_mask,
				(char *)buf + sizeof(uint64_t),
				sizeof(uint64_t));
	} else {
		op.cmd = XEN_DOMCTL_set_vcpu_msrs;
		op.u.vcpu_msrs.vcpu = vcpu;
		op.u.vcpu_msrs.msr_count =
			(uint32_t)(size / sizeof(struct xen_domctl_vcpu_msr));
		op.u.vcpu_msrs.msrs.p = buf;
	}
	ret = size % sizeof(uint64_t) ? -EINVAL : domctl_call(c, domid, &op);
	call_buf_free(c, buf, size);
	return ret;
}

int domstate_get_tsc(
	struct ctrl *c, uint32_t domid, struct xen_domctl_tsc_info *tsc)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_gettscinfo };
	int ret = domctl_call(c, domid, &op);

	if (!ret)
		*tsc = op.u.tsc_info;
	return ret;
}

int domstate_set_tsc(
	struct ctrl *c, uint32_t domid, const struct xen_domctl_tsc_info *tsc)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_settscinfo };

	op.u.tsc_info = *tsc;
	return domctl_call(c, domid, &op);
}

/* One call with both arrays in hypercall buffers. */
static int call_policy(
	struct ctrl *c, uint32_t domid, uint32_t cmd, struct domstate_policy *p)
{
	struct xen_domctl op = { .cmd = cmd };
	size_t leaf_bytes = p->leaf_count * sizeof(*p->leaves);
	size_t msr_bytes = p->msr_count * sizeof(*p->msrs);
	char *buf = call_buf_alloc(c, leaf_bytes + msr_bytes);
	int ret;

	if (!buf)
		return -ENOMEM;
	memcpy(buf, p->leaves, leaf_bytes);
	memcpy(buf + leaf_bytes, p->msrs, msr_bytes);
	op.u.cpu_policy.nr_leaves = p->leaf_count;
	op.u.cpu_policy.nr_msrs = p->msr_count;
	op.u.cpu_policy.leaves.p = (void *)buf;
	op.u.cpu_policy.msrs.p = (void *)(buf + leaf_bytes);
	ret = domctl_call(c, domid, &op);
	if (!ret && cmd == XEN_DOMCTL_get_cpu_policy) {
		if (op.u.cpu_policy.nr_leaves > p->leaf_count ||
			op.u.cpu_policy.nr_msrs > p->msr_count)
			ret = -EPROTO;
		else {
			memcpy(p->leaves, buf, leaf_bytes);
			memcpy(p->msrs, buf + leaf_bytes, msr_bytes);
			p->leaf_count = op.u.cpu_policy.nr_leaves;
			p->msr_count = op.u.cpu_policy.nr_msrs;
		}
	}
	call_buf_free(c, buf, leaf_bytes + msr_bytes);
	return ret;
}

/* More than any policy has. */
#define LEAVES_MAX 512
#define MSRS_MAX   64

int domstate_get_policy(
	struct ctrl *c, uint32_t domid, struct domstate_policy *policy)
{
	struct domstate_policy p = { .leaves = calloc(
					     LEAVES_MAX, sizeof(*p.leaves)),
		.msrs = calloc(MSRS_MAX, sizeof(*p.msrs)),
		.leaf_count = LEAVES_MAX,
		.msr_count = MSRS_MAX };
	int ret = -ENOMEM;

	if (p.leaves && p.msrs)
		ret = call_policy(c, domid, XEN_DOMCTL_get_cpu_policy, &p);
	if (ret) {
		free(p.leaves);
		free(p.msrs);
		return ret;
	}
	*policy = p;
	return 0;
}

int domstate_set_policy(
	struct ctrl *c, uint32_t domid, const struct domstate_policy *policy)
{
	struct domstate_policy p = *policy;

	return call_policy(c, domid, XEN_DOMCTL_set_cpu_policy, &p);
}

int domstate_page_types(
	struct ctrl *c, uint32_t domid, xen_pfn_t *frames, size_t count)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_getpageframeinfo3 };
	xen_pfn_t *buf = call_buf_alloc(c, count * sizeof(*buf));
	int ret;

	if (!buf)
		return -ENOMEM;
	memcpy(buf, frames, count * sizeof(*buf));
	op.u.getpageframeinfo3.num = count;
	op.u.getpageframeinfo3.array.p = buf;
	ret = domctl_call(c, domid, &op);
	if (!ret)
		memcpy(frames, buf, count * sizeof(*buf));
	call_buf_free(c, buf, count * sizeof(*buf));
	return ret;
}

int domstate_pin(struct ctrl *c, uint32_t domid, const xen_pfn_t *frames,
	const uint8_t *levels, size_t count)
{
	struct mmuext_op *ops = call_buf_alloc(c, count * sizeof(*ops));
	long ret;

	if (!ops)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		ops[i].cmd = MMUEXT_PIN_L1_TABLE + levels[i] - 1U;
		ops[i].arg1.mfn = frames[i];
	}
	ret = call_hypercall(
		c, __HYPERVISOR_mmuext_op, (uintptr_t)ops, count, 0, domid, 0);
	call_buf_free(c, ops, count * sizeof(*ops));
	return ret < 0 ? (int)ret : 0;
}

/* A memory_op on single frames; how many it did, which may have changed them.
 */
static long reserve(struct ctrl *c, uint32_t domid, unsigned int op,
	const xen_pfn_t *in, xen_pfn_t *out, size_t count)
{
	struct xen_memory_reservation request = {
		.nr_extents = count,
		.domid = (domid_t)domid,
	};
	xen_pfn_t *buf = call_buf_alloc(c, count * sizeof(*buf));
	long got;

	if (!buf)
		return -ENOMEM;
	memcpy(buf, in, count * sizeof(*buf));
	request.extent_start.p = buf;
	got = domctl_call_struct(
		c, __HYPERVISOR_memory_op, op, &request, sizeof(request));
	if (out && got == (long)count)
		memcpy(out, buf, count * sizeof(*buf));
	call_buf_free(c, buf, count * sizeof(*buf));
	return got;
}

int domstate_populate(
	struct ctrl *c, uint32_t domid, xen_pfn_t *frames, size_t count)
{
	long got = reserve(
		c, domid, XENMEM_populate_physmap, frames, frames, count);

	if (got < 0)
		return (int)got;
	return got == (long)count ? 0 : -ENOMEM;
}

int domstate_release(
	struct ctrl *c, uint32_t domid, const xen_pfn_t *frames, size_t count)
{
	long got = reserve(
		c, domid, XENMEM_decrease_reservation, frames, NULL, count);

	if (got < 0)
		return (int)got;
	return got == (long)count ? 0 : -EBUSY;
}

int domstate_follow(struct ctrl *c, uint32_t domid, bool follow)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_shadow_op };

	op.u.shadow_op.op = follow ? XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY
				   : XEN_DOMCTL_SHADOW_OP_OFF;
	return domctl_call(c, domid, &op);
}

int domstate_take_dirty(
	struct ctrl *c, uint32_t domid, uint64_t *map, uint64_t *pages)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_shadow_op };
	size_t size = (*pages + 63) / 64 * sizeof(*map);
	uint64_t *buf = call_buf_alloc(c, size);
	int ret;

	if (!buf)
		return -ENOMEM;
	op.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_CLEAN;
	op.u.shadow_op.pages = *pages;
	op.u.shadow_op.dirty_bitmap.p = (void *)buf;
	ret = domctl_call(c, domid, &op);
	if (!ret && op.u.shadow_op.pages > *pages)
		ret = -EPROTO;
	if (!ret) {
		memcpy(map, buf, size);
		*pages = op.u.shadow_op.pages;
	}
	call_buf_free(c, buf, size);
	return ret;
}

int domstate_resume(struct ctrl *c, uint32_t domid)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_resumedomain };

	return domctl_call(c, domid, &op);
}
