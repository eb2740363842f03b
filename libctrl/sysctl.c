/* SPDX-License-Identifier: BSD-2-Clause */
/* The sysctl hypercall; see tenonctrl/sysctl.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/call.h>
#include <tenonctrl/sysctl.h>

/* Enough for most machines in one call, and it fits the arena of call.c. */
#define LIST_CHUNK 256U

/* Sends `op` and takes the answer back. */
static int do_sysctl(struct ctrl *c, struct xen_sysctl *op)
{
	struct xen_sysctl *buf = call_buf_alloc(c, sizeof(*buf));
	long ret;

	if (!buf)
		return -ENOMEM;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	*buf = *op;
	ret = call_hypercall(
		c, __HYPERVISOR_sysctl, (uintptr_t)buf, 0, 0, 0, 0);
	if (ret >= 0)
		*op = *buf;
	call_buf_free(c, buf, sizeof(*buf));
	return ret < 0 ? (int)ret : 0;
}

int sysctl_physinfo(struct ctrl *c, struct xen_sysctl_physinfo *info)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_physinfo };
	int ret = do_sysctl(c, &op);

	if (!ret)
		*info = op.u.physinfo;
	return ret;
}

/* Up to `max` domains from number `first` on, into `list`. */
static int list_from(struct ctrl *c, uint32_t first, uint32_t max,
	struct xen_domctl_getdomaininfo *list, uint32_t *count)
{
	size_t bytes = max * sizeof(*list);
	struct xen_domctl_getdomaininfo *buf = call_buf_alloc(c, bytes);
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_getdomaininfolist };
	int ret;

	if (!buf)
		return -ENOMEM;
	op.u.getdomaininfolist.first_domain = (domid_t)first;
	op.u.getdomaininfolist.max_domains = max;
	op.u.getdomaininfolist.buffer.p = buf;
	ret = do_sysctl(c, &op);
	if (!ret) {
		*count = op.u.getdomaininfolist.num_domains;
		if (*count > max)
			ret = -EPROTO;
		else
			memcpy(list, buf, *count * sizeof(*list));
	}
	call_buf_free(c, buf, bytes);
	return ret;
}

int sysctl_domains(
	struct ctrl *c, struct xen_domctl_getdomaininfo **list, size_t *count)
{
	struct xen_domctl_getdomaininfo *all = NULL, *more;
	uint32_t first = 0, got;
	size_t have = 0;
	int ret;

	do {
		more = realloc(all, (have + LIST_CHUNK) * sizeof(*all));
		if (!more) {
			free(all);
			return -ENOMEM;
		}
		all = more;
		ret = list_from(c, first, LIST_CHUNK, all + have, &got);
		if (ret) {
			free(all);
			return ret;
		}
		have += got;
		if (got)
			first = all[have - 1].domain + 1U;
	} while (got == LIST_CHUNK && first < DOMID_FIRST_RESERVED);
	*list = all;
	*count = have;
	return 0;
}

int sysctl_domain(
	struct ctrl *c, uint32_t domid, struct xen_domctl_getdomaininfo *info)
{
	struct xen_domctl_getdomaininfo one;
	uint32_t got;
	int ret;

	if (domid >= DOMID_FIRST_RESERVED)
		return -ESRCH;
	ret = list_from(c, domid, 1, &one, &got);
	if (ret)
		return ret;
	if (!got || one.domain != domid)
		return -ESRCH;
	*info = one;
	return 0;
}
