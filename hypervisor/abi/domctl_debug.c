/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domctl: a debugger in dom0 (stock gdbsx): the guest's memory by its kernel's
 * addresses, vcpus held one by one, and which of them has hit a breakpoint.
 */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/pte.h>
#include "domctl.h"

/* In one call; gdbsx asks for some hundred bytes. */
#define COPY_MAX 65536U

int domctl_set_debugging(struct domctl *c)
{
	if (c->d == c->hc->d)
		return -EINVAL;
	domain_pause(c->d);
	c->d->has_debugger = c->op.u.setdebugging.enable;
	domain_unpause(c->d);
	return 0;
}

/* n bytes, all in one page of the guest's. */
static int copy_in_page(
	struct vcpu *v, vaddr_t gva, uint64_t uva, unsigned n, bool is_write)
{
	struct domain *d = v->domain;
	struct page *pg;
	uint64_t entry;
	uint8_t *at;
	int r;

	if (!pt_lookup_kernel(v, gva, &entry) || !mfn_valid(pte_mfn(entry)))
		return -EFAULT;
	pg = mfn_to_page(pte_mfn(entry));
	at = (uint8_t *)page_to_virt(pg) + (gva & ~PAGE_MASK);
	/* Tables and descriptors change by checked ways alone. */
	if (is_write) {
		if (!page_get_and_type(pg, d, PT_WRITABLE))
			return -EFAULT;
		r = arch_copy_from_guest(at, uva, n);
		page_put_and_type(pg);
	} else {
		if (!page_get(pg, d))
			return -EFAULT;
		r = arch_copy_to_guest(uva, at, n);
		page_put(pg);
	}
	return r;
}

int domctl_debug_memory(struct domctl *c)
{
	struct xen_domctl_gdbsx_memio *io = &c->op.u.gdbsx_guest_memio;
	uint64_t gva = io->gva, uva = io->uva;
	struct vcpu *v;
	int r = domctl_find_vcpu(c, 0, &v);

	if (r)
		return r;
	if (c->d == c->hc->d || io->len > COPY_MAX)
		return -EINVAL;
	io->remain = io->len;
	domain_pause(c->d);
	while (io->remain) {
		unsigned n = MIN(
			io->remain, (unsigned)(PAGE_SIZE - (gva & ~PAGE_MASK)));

		r = copy_in_page(v, gva, uva, n, io->gwr);
		if (r)
			break;
		gva += n;
		uva += n;
		io->remain -= n;
	}
	domain_unpause(c->d);
	/* How much is missing says where it failed. */
	c->must_copy_back = true;
	return r;
}

/* vcpus are held only while their domain is paused. */
static int find_held(struct domctl *c, struct vcpu **v)
{
	if (!c->d->controller_pauses)
		return -EBUSY;
	if (domctl_find_vcpu(c, c->op.u.gdbsx_pauseunp_vcpu.vcpu, v))
		return -EINVAL;
	return *v == current ? -EINVAL : 0;
}

int domctl_debug_pause_vcpu(struct domctl *c)
{
	struct vcpu *v;
	int r = find_held(c, &v);

	if (r)
		return r;
	if (v->is_held)
		return -EBUSY;
	v->is_held = true;
	vcpu_pause(v);
	return 0;
}

int domctl_debug_unpause_vcpu(struct domctl *c)
{
	struct vcpu *v;
	int r = find_held(c, &v);

	if (r)
		return r;
	if (!v->is_held)
		return -EINVAL;
	v->is_held = false;
	vcpu_unpause(v);
	return 0;
}

int domctl_debug_status(struct domctl *c)
{
	struct xen_domctl_gdbsx_domstatus *status = &c->op.u.gdbsx_domstatus;
	struct vcpu *v;

	*status = (struct xen_domctl_gdbsx_domstatus){
		.paused = c->d->controller_pauses != 0, .vcpu_id = ~0U
	};
	c->must_copy_back = true;
	if (!status->paused)
		return 0;
	vcpu_for_each (c->d, v) {
		uint32_t event = atomic_swap(&v->debug_event, 0);

		if (!event)
			continue;
		status->vcpu_id = v->id;
		status->vcpu_ev = event;
		break;
	}
	return 0;
}
