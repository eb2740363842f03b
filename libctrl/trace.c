/* SPDX-License-Identifier: BSD-2-Clause */
/* The reader's side of the trace rings; see tenonctrl/trace.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/call.h>
#include <tenonctrl/fmem.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/trace.h>
#include <tenonctrl/why.h>
#include "sysctl_call.h"

#define PAGE	  4096U
#define TABLE_MAX (64U * PAGE) /* its offsets have 16 bits, in words */

struct trace {
	struct ctrl *ctrl;
	uint32_t cpus;
	size_t pages; /* of each ring */
	struct t_buf **rings;
};

static int control(struct ctrl *c, uint32_t cmd, struct xen_sysctl_tbuf_op *arg)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_tbuf_op };
	int ret;

	op.u.tbuf_op = *arg;
	op.u.tbuf_op.cmd = cmd;
	ret = sysctl_call(c, &op);
	if (!ret)
		*arg = op.u.tbuf_op;
	return ret;
}

static int simple(struct ctrl *c, uint32_t cmd, uint32_t size)
{
	struct xen_sysctl_tbuf_op arg = { .size = size };

	return control(c, cmd, &arg);
}

/* One ring, whose frames stand in the table's list from `word` on. */
static int map_ring(struct trace *t, uint32_t cpu, const uint32_t *table,
	size_t words, size_t word)
{
	xen_pfn_t *frames;
	void *map;
	int ret;

	if (!word)
		return 0; /* no such CPU */
	if (word > words || t->pages > words - word)
		return -EPROTO;
	frames = calloc(t->pages, sizeof(*frames));
	if (!frames)
		return -ENOMEM;
	for (size_t i = 0; i < t->pages; i++)
		frames[i] = table[word + i];
	ret = fmem_map(t->ctrl, DOMID_XEN, frames, t->pages, &map);
	free(frames);
	if (ret)
		return ret;
	t->rings[cpu] = map;
	t->rings[cpu]->cons =
		__atomic_load_n(&t->rings[cpu]->prod, __ATOMIC_ACQUIRE);
	return 0;
}

static int map_rings(struct trace *t, const struct t_info *info, size_t bytes)
{
	int ret = 0;

	t->pages = info->tbuf_size;
	t->rings = calloc(t->cpus, sizeof(*t->rings));
	if (!t->rings)
		return -ENOMEM;
	if (!t->pages || (t->cpus + 1) * sizeof(uint16_t) > bytes)
		return -EPROTO;
	for (uint32_t cpu = 0; !ret && cpu < t->cpus; cpu++)
		ret = map_ring(t, cpu, (const uint32_t *)(const void *)info,
			bytes / 4, info->mfn_offset[cpu]);
	return ret;
}

static int map_all(struct trace *t, const struct xen_sysctl_tbuf_op *info)
{
	xen_pfn_t frames[TABLE_MAX / PAGE];
	size_t count = info->size / PAGE;
	void *table;
	int ret;

	if (!count || info->size > TABLE_MAX)
		return -EPROTO;
	for (size_t i = 0; i < count; i++)
		frames[i] = info->buffer_mfn + i;
	ret = fmem_map_read(t->ctrl, DOMID_XEN, frames, count, &table);
	if (ret)
		return ret;
	ret = map_rings(t, table, info->size);
	fmem_unmap(t->ctrl, table, count);
	return ret;
}

static int open_rings(struct trace *t, uint32_t pages)
{
	struct xen_sysctl_tbuf_op info = { 0 };
	struct xen_sysctl_physinfo machine;
	int ret = sysctl_physinfo(t->ctrl, &machine), made;

	if (ret)
		return ret;
	t->cpus = machine.max_cpu_id + 1;
	made = simple(t->ctrl, XEN_SYSCTL_TBUFOP_set_size, pages);
	if (made == -EBUSY)
		return made;
	ret = control(t->ctrl, XEN_SYSCTL_TBUFOP_get_info, &info);
	if (ret)
		return ret;
	/* One that cannot change the size of its rings says -EINVAL. */
	if (!info.size)
		return made ? made : -EPROTO;
	return map_all(t, &info);
}

int trace_open(
	struct ctrl *c, uint32_t pages, struct trace **out, struct why *why)
{
	struct trace *t = calloc(1, sizeof(*t));
	int ret;

	if (!t)
		return why_set(why, -ENOMEM, "no memory for the trace rings");
	t->ctrl = c;
	ret = open_rings(t, pages);
	if (!ret) {
		*out = t;
		return 0;
	}
	if (ret == -EBUSY) {
		/* They are another's. */
		free(t);
		return why_set(
			why, ret, "somebody else is tracing: end that first");
	}
	trace_close(t);
	return why_set(why, ret,
		"cannot get trace rings of %u pages for each CPU: %s%s", pages,
		strerror(-ret), ret == -ENOMEM ? "; ask for fewer" : "");
}

int trace_start(
	struct trace *t, uint32_t events, const uint8_t *map, size_t bytes)
{
	struct xen_sysctl_tbuf_op arg = { .evt_mask = events };
	uint8_t *buf = call_buf_alloc(t->ctrl, bytes);
	int ret;

	if (!buf)
		return -ENOMEM;
	memcpy(buf, map, bytes);
	arg.cpu_mask.bitmap.p = buf;
	arg.cpu_mask.nr_bits = (uint32_t)bytes * 8;
	ret = control(t->ctrl, XEN_SYSCTL_TBUFOP_set_cpu_mask, &arg);
	if (!ret)
		ret = control(t->ctrl, XEN_SYSCTL_TBUFOP_set_evt_mask, &arg);
	if (!ret)
		ret = control(t->ctrl, XEN_SYSCTL_TBUFOP_enable, &arg);
	call_buf_free(t->ctrl, buf, bytes);
	return ret;
}

int trace_stop(struct trace *t)
{
	return simple(t->ctrl, XEN_SYSCTL_TBUFOP_disable, 0);
}

uint32_t trace_cpus(const struct trace *t)
{
	return t->cpus;
}

int trace_take(struct trace *t, uint32_t cpu, uint8_t **bytes, size_t *size)
{
	struct t_buf *ring = cpu < t->cpus ? t->rings[cpu] : NULL;
	uint32_t room = (uint32_t)(t->pages * PAGE - sizeof(*ring));
	uint32_t cons, prod, n, at, first;

	*bytes = NULL;
	*size = 0;
	if (!ring)
		return 0;
	cons = ring->cons;
	prod = __atomic_load_n(&ring->prod, __ATOMIC_ACQUIRE);
	if (prod == cons)
		return 0;
	n = prod > cons ? prod - cons : prod + 2 * room - cons;
	if (cons >= 2 * room || prod >= 2 * room || n > room)
		return -EPROTO;
	*bytes = malloc(n);
	if (!*bytes)
		return -ENOMEM;
	at = cons % room;
	first = n < room - at ? n : room - at;
	memcpy(*bytes, (uint8_t *)(ring + 1) + at, first);
	memcpy(*bytes + first, ring + 1, n - first);
	__atomic_store_n(&ring->cons, prod, __ATOMIC_RELEASE);
	*size = n;
	return 0;
}

void trace_close(struct trace *t)
{
	if (!t)
		return;
	(void)simple(t->ctrl, XEN_SYSCTL_TBUFOP_disable, 0);
	for (uint32_t cpu = 0; t->rings && cpu < t->cpus; cpu++)
		fmem_unmap(t->ctrl, t->rings[cpu], t->pages);
	free(t->rings);
	/* Xen keeps its rings, and refuses. */
	(void)simple(t->ctrl, XEN_SYSCTL_TBUFOP_set_size, 0);
	free(t);
}
