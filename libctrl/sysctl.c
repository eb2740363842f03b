/* SPDX-License-Identifier: BSD-2-Clause */
/* The sysctl hypercall; see tenonctrl/sysctl.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/call.h>
#include <tenonctrl/sysctl.h>
#include "sysctl_call.h"

/* Enough for most machines in one call, and it fits the arena of call.c. */
#define LIST_CHUNK 256U

/* The log is read in pieces of this. */
#define LOG_CHUNK 16384U
/* More than any machine has; such arrays are taken whole. */
#define CPUS_MAX  4096U
#define NODES_MAX 64U

int sysctl_call(struct ctrl *c, struct xen_sysctl *op)
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
	int ret = sysctl_call(c, &op);

	if (!ret)
		*info = op.u.physinfo;
	return ret;
}

/*
 * Calls for an array: `op` has room for `max` entries at `buf`, where *count
 * says afterwards how many there are. Makes a copy of them.
 */
static int take_array(struct ctrl *c, struct xen_sysctl *op,
	const uint32_t *count, const void *buf, uint32_t max, size_t size,
	void **list, size_t *got)
{
	int ret = sysctl_call(c, op);

	if (ret)
		return ret;
	if (*count > max)
		return -EPROTO;
	*list = malloc(*count * size + 1);
	if (!*list)
		return -ENOMEM;
	memcpy(*list, buf, *count * size);
	*got = *count;
	return 0;
}

int sysctl_idle(struct ctrl *c, uint64_t **list, size_t *count)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_getcpuinfo };
	struct xen_sysctl_getcpuinfo *arg = &op.u.getcpuinfo;
	void *buf = call_buf_alloc(c, CPUS_MAX * sizeof(**list)), *all;
	int ret;

	if (!buf)
		return -ENOMEM;
	arg->max_cpus = CPUS_MAX;
	arg->info.p = buf;
	ret = take_array(c, &op, &arg->nr_cpus, buf, CPUS_MAX, sizeof(**list),
		&all, count);
	call_buf_free(c, buf, CPUS_MAX * sizeof(**list));
	if (!ret)
		*list = all;
	return ret;
}

int sysctl_topology(
	struct ctrl *c, struct xen_sysctl_cputopo **list, size_t *count)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_cputopoinfo };
	struct xen_sysctl_cputopoinfo *arg = &op.u.cputopoinfo;
	void *buf = call_buf_alloc(c, CPUS_MAX * sizeof(**list)), *all;
	int ret;

	if (!buf)
		return -ENOMEM;
	arg->num_cpus = CPUS_MAX;
	arg->cputopo.p = buf;
	ret = take_array(c, &op, &arg->num_cpus, buf, CPUS_MAX, sizeof(**list),
		&all, count);
	call_buf_free(c, buf, CPUS_MAX * sizeof(**list));
	if (!ret)
		*list = all;
	return ret;
}

int sysctl_nodes(
	struct ctrl *c, struct xen_sysctl_meminfo **list, size_t *count)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_numainfo };
	struct xen_sysctl_numainfo *arg = &op.u.numainfo;
	void *buf = call_buf_alloc(c, NODES_MAX * sizeof(**list)), *all;
	int ret;

	if (!buf)
		return -ENOMEM;
	arg->num_nodes = NODES_MAX;
	arg->meminfo.p = buf;
	ret = take_array(c, &op, &arg->num_nodes, buf, NODES_MAX,
		sizeof(**list), &all, count);
	call_buf_free(c, buf, NODES_MAX * sizeof(**list));
	if (!ret)
		*list = all;
	return ret;
}

int sysctl_scheduler(struct ctrl *c, uint32_t *id)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_sched_id };
	int ret = sysctl_call(c, &op);

	if (!ret)
		*id = op.u.sched_id.sched_id;
	return ret;
}

const char *sysctl_scheduler_name(uint32_t id)
{
	switch (id) {
	case XEN_SCHEDULER_CREDIT:
		return "credit";
	case XEN_SCHEDULER_CREDIT2:
		return "credit2";
	case XEN_SCHEDULER_ARINC653:
		return "arinc653";
	case XEN_SCHEDULER_RTDS:
		return "rtds";
	case XEN_SCHEDULER_NULL:
		return "null";
	default:
		return "unknown";
	}
}

static int call_ratelimit(
	struct ctrl *c, uint32_t pool, uint32_t cmd, uint32_t *us)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_scheduler_op };
	int ret;

	op.u.scheduler_op.cpupool_id = pool;
	op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	op.u.scheduler_op.cmd = cmd;
	op.u.scheduler_op.u.sched_credit2.ratelimit_us = *us;
	ret = sysctl_call(c, &op);
	if (!ret)
		*us = op.u.scheduler_op.u.sched_credit2.ratelimit_us;
	return ret;
}

int sysctl_get_ratelimit(struct ctrl *c, uint32_t pool, uint32_t *us)
{
	uint32_t got = 0;
	int ret = call_ratelimit(c, pool, XEN_SYSCTL_SCHEDOP_getinfo, &got);

	if (!ret)
		*us = got;
	return ret;
}

int sysctl_set_ratelimit(struct ctrl *c, uint32_t pool, uint32_t us)
{
	return call_ratelimit(c, pool, XEN_SYSCTL_SCHEDOP_putinfo, &us);
}

int sysctl_pool(struct ctrl *c, uint32_t from, struct sysctl_pool *pool)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_cpupool_op };
	struct xen_sysctl_cpupool_op *arg = &op.u.cpupool_op;
	uint8_t *map = call_buf_alloc(c, SYSCTL_POOL_BYTES);
	int ret;

	if (!map)
		return -ENOMEM;
	arg->op = XEN_SYSCTL_CPUPOOL_OP_INFO;
	arg->cpupool_id = from;
	arg->cpumap.bitmap.p = map;
	arg->cpumap.nr_bits = SYSCTL_POOL_BYTES * 8;
	ret = sysctl_call(c, &op);
	if (!ret) {
		pool->id = arg->cpupool_id;
		pool->scheduler = arg->sched_id;
		pool->domain_count = arg->n_dom;
		memcpy(pool->cpus, map, SYSCTL_POOL_BYTES);
	}
	call_buf_free(c, map, SYSCTL_POOL_BYTES);
	return ret;
}

int sysctl_free_cpus(struct ctrl *c, uint8_t map[SYSCTL_POOL_BYTES])
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_cpupool_op };
	uint8_t *buf = call_buf_alloc(c, SYSCTL_POOL_BYTES);
	int ret;

	if (!buf)
		return -ENOMEM;
	op.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_FREEINFO;
	op.u.cpupool_op.cpumap.bitmap.p = buf;
	op.u.cpupool_op.cpumap.nr_bits = SYSCTL_POOL_BYTES * 8;
	ret = sysctl_call(c, &op);
	if (!ret)
		memcpy(map, buf, SYSCTL_POOL_BYTES);
	call_buf_free(c, buf, SYSCTL_POOL_BYTES);
	return ret;
}

static int change_pool(struct ctrl *c, uint32_t what, uint32_t *id,
	uint32_t cpu, uint32_t domid)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_cpupool_op };
	int ret;

	op.u.cpupool_op.op = what;
	op.u.cpupool_op.cpupool_id = *id;
	op.u.cpupool_op.sched_id = XEN_SCHEDULER_CREDIT2;
	op.u.cpupool_op.cpu = cpu;
	op.u.cpupool_op.domid = domid;
	ret = sysctl_call(c, &op);
	if (!ret)
		*id = op.u.cpupool_op.cpupool_id;
	return ret;
}

int sysctl_pool_create(struct ctrl *c, uint32_t *id)
{
	uint32_t made = XEN_SYSCTL_CPUPOOL_PAR_ANY;
	int ret = change_pool(c, XEN_SYSCTL_CPUPOOL_OP_CREATE, &made, 0, 0);

	if (!ret)
		*id = made;
	return ret;
}

int sysctl_pool_destroy(struct ctrl *c, uint32_t id)
{
	return change_pool(c, XEN_SYSCTL_CPUPOOL_OP_DESTROY, &id, 0, 0);
}

int sysctl_pool_add_cpu(struct ctrl *c, uint32_t id, uint32_t cpu)
{
	return change_pool(c, XEN_SYSCTL_CPUPOOL_OP_ADDCPU, &id, cpu, 0);
}

int sysctl_pool_remove_cpu(struct ctrl *c, uint32_t id, uint32_t cpu)
{
	return change_pool(c, XEN_SYSCTL_CPUPOOL_OP_RMCPU, &id, cpu, 0);
}

int sysctl_pool_move(struct ctrl *c, uint32_t id, uint32_t domid)
{
	return change_pool(c, XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, &id, 0, domid);
}

/* One piece of the log into `buf`, which has room for LOG_CHUNK. */
static int read_piece(
	struct ctrl *c, bool clear, uint32_t *at, char *buf, uint32_t *size)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_readconsole };
	int ret;

	op.u.readconsole.clear = clear;
	op.u.readconsole.incremental = 1;
	op.u.readconsole.index = *at;
	op.u.readconsole.buffer.p = buf;
	op.u.readconsole.count = LOG_CHUNK;
	ret = sysctl_call(c, &op);
	if (ret)
		return ret;
	if (op.u.readconsole.count > LOG_CHUNK)
		return -EPROTO;
	*at = op.u.readconsole.index;
	*size = op.u.readconsole.count;
	return 0;
}

int sysctl_log(
	struct ctrl *c, bool clear, uint32_t *at, char **text, size_t *size)
{
	char *buf = call_buf_alloc(c, LOG_CHUNK), *all = NULL, *more;
	uint32_t next = *at, got = 0;
	bool cleared = false;
	size_t have = 0;
	int ret;

	if (!buf)
		return -ENOMEM;
	/* Cleared by the call that reads the last of it. */
	do {
		bool last = clear && have && got < LOG_CHUNK;

		ret = read_piece(c, last, &next, buf, &got);
		more = ret ? NULL : realloc(all, have + got + 1);
		if (!ret && !more)
			ret = -ENOMEM;
		if (ret)
			break;
		all = more;
		memcpy(all + have, buf, got);
		have += got;
		all[have] = '\0';
		cleared = last;
	} while (got == LOG_CHUNK || (clear && have && !cleared));
	call_buf_free(c, buf, LOG_CHUNK);
	if (ret) {
		free(all);
		return ret;
	}
	*at = next;
	*text = all;
	*size = have;
	return 0;
}

int sysctl_press(struct ctrl *c, const char *keys)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_debug_keys };
	size_t count = strlen(keys);
	char *buf = call_buf_alloc(c, count + 1);
	int ret;

	if (!buf)
		return -ENOMEM;
	memcpy(buf, keys, count);
	op.u.debug_keys.keys.p = buf;
	op.u.debug_keys.nr_keys = (uint32_t)count;
	ret = sysctl_call(c, &op);
	call_buf_free(c, buf, count + 1);
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
	ret = sysctl_call(c, &op);
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
