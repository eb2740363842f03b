/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domctl: the extended state (XSAVE image) of a stopped vcpu.  On the wire
 * XCR0 and the union of all values that XCR0 had stand before the image.
 */
#include <tenon/arch.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/page.h>
#include <tenon/pv.h>
#include <tenon/string.h>
#include "domctl.h"

struct xstate_head {
	uint64_t xcr0, xcr0_accum;
};

/* The standard form: legacy area of 512 bytes, header of 64 (SDM vol. 1,
 * 13.4). */
#define XSAVE_BV	512
#define XSAVE_IMAGE_MIN 576

/* A vcpu that is not the caller's own. */
static int find_other(const struct domctl *c, uint32_t id, struct vcpu **v)
{
	int r = domctl_find_vcpu(c, id, v);

	if (r)
		return r;
	return *v == current ? -EINVAL : 0;
}

int domctl_get_ext_state(struct domctl *c)
{
	struct xen_domctl_vcpuextstate *arg = &c->op.u.vcpuextstate;
	struct xstate_head head;
	struct vcpu *v;
	size_t size;
	void *area;
	int r = find_other(c, arg->vcpu, &v);

	if (r)
		return r;
	size = arch_xsave_area(v, &area);
	c->must_copy_back = true;
	if (size && arg->buffer.va) {
		if (arg->size < sizeof(head) + size)
			return -EINVAL;
		vcpu_pause(v);
		arch_sync_vcpu(v);
		head.xcr0 = head.xcr0_accum = v->arch.xcr0;
		if (arch_copy_to_guest(arg->buffer.va, &head, sizeof(head)) ||
			arch_copy_to_guest(
				arg->buffer.va + sizeof(head), area, size))
			r = -EFAULT;
		vcpu_unpause(v);
	}
	arg->xfeature_mask = arch_xcr0_mask();
	arg->size = size ? sizeof(head) + size : 0;
	return r;
}

/* Can the image be loaded with this XCR0 at all?  The CPU has the last word
 * when it is (fpu_restore). */
static int check_image(const struct vcpu *v, const struct xstate_head *head,
	const uint8_t *image)
{
	uint64_t header[8];

	memcpy(header, image + XSAVE_BV, sizeof(header));
	if (!(head->xcr0 & 1) || head->xcr0 & ~pv_xcr0_mask(v) ||
		header[0] & ~arch_xcr0_mask())
		return -EINVAL;
	/* Not the compacted form, and nothing in the reserved words. */
	for (unsigned i = 1; i < ARRAY_SIZE(header); i++)
		if (header[i])
			return -EINVAL;
	return 0;
}

int domctl_set_ext_state(struct domctl *c)
{
	const struct xen_domctl_vcpuextstate *arg = &c->op.u.vcpuextstate;
	struct xstate_head head;
	uint8_t *image;
	struct vcpu *v;
	size_t size;
	void *area;
	int r = find_other(c, arg->vcpu, &v);

	if (r)
		return r;
	size = arch_xsave_area(v, &area);
	if (!size)
		return -EOPNOTSUPP;
	if (arg->size < sizeof(head) + XSAVE_IMAGE_MIN ||
		arg->size > sizeof(head) + size)
		return -EINVAL;
	image = heap_alloc(size);
	if (!image)
		return -ENOMEM;
	if (arch_copy_from_guest(&head, arg->buffer.va, sizeof(head)) ||
		arch_copy_from_guest(image, arg->buffer.va + sizeof(head),
			arg->size - sizeof(head)))
		r = -EFAULT;
	if (!r)
		r = check_image(v, &head, image);
	if (!r) {
		vcpu_pause(v);
		memcpy(area, image, size);
		v->arch.xcr0 = head.xcr0;
		v->arch.fpu_initialised = true;
		vcpu_unpause(v);
	}
	heap_free(image);
	return r;
}
