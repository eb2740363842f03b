/* SPDX-License-Identifier: BSD-2-Clause */
/* Rates, order and history; see model.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <public/domctl.h>
#include "common/info.h"
#include "model.h"

const char *model_order_name(enum model_order order)
{
	static const char *const names[] = { "id", "name", "state", "cpu",
		"time", "memory", "sent", "received", "read", "written" };

	return names[order];
}

double model_rate(uint64_t now, uint64_t before, double seconds)
{
	return now > before && seconds > 0 ? (double)(now - before) / seconds
					   : 0;
}

double model_vcpu_cpu(const struct model *m, const struct model_row *row,
	const struct sample_vcpu *vcpu)
{
	for (size_t i = 0; row->before && i < row->before->vcpu_count; i++) {
		const struct sample_vcpu *old = &row->before->vcpus[i];

		if (old->id == vcpu->id)
			return model_rate(
				       vcpu->cpu_ns, old->cpu_ns, m->seconds) /
			       1e7;
	}
	return 0;
}

const struct sample_net *model_net_before(
	const struct model_row *row, uint32_t id)
{
	for (size_t i = 0; row->before && i < row->before->net_count; i++) {
		if (row->before->nets[i].id == id)
			return &row->before->nets[i];
	}
	return NULL;
}

const struct sample_disk *model_disk_before(
	const struct model_row *row, uint32_t id)
{
	for (size_t i = 0; row->before && i < row->before->disk_count; i++) {
		if (row->before->disks[i].id == id)
			return &row->before->disks[i];
	}
	return NULL;
}

/* A device that came since is counted from its next sample on. */
static void add_devices(struct model_row *row, double seconds)
{
	for (size_t i = 0; i < row->now->net_count; i++) {
		const struct sample_net *net = &row->now->nets[i];
		const struct sample_net *old = model_net_before(row, net->id);

		if (!old)
			continue;
		row->sent +=
			model_rate(net->sent.bytes, old->sent.bytes, seconds);
		row->received += model_rate(
			net->received.bytes, old->received.bytes, seconds);
	}
	for (size_t i = 0; i < row->now->disk_count; i++) {
		const struct sample_disk *disk = &row->now->disks[i];
		const struct sample_disk *old =
			model_disk_before(row, disk->id);

		if (!old)
			continue;
		row->read += 512 * model_rate(disk->sectors_read,
					   old->sectors_read, seconds);
		row->written += 512 * model_rate(disk->sectors_written,
					      old->sectors_written, seconds);
		row->reads += model_rate(disk->reads, old->reads, seconds);
		row->writes += model_rate(disk->writes, old->writes, seconds);
	}
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? (double)part * 100 / (double)whole : 0;
}

static bool is_same(
	const struct sample_domain *d, uint32_t domid, const uint8_t uuid[16])
{
	return d->domid == domid && !memcmp(d->uuid, uuid, sizeof(d->uuid));
}

static const struct model_history *find_history(
	const struct model *m, const struct sample_domain *d)
{
	for (size_t i = 0; i < m->history_count; i++) {
		if (is_same(d, m->histories[i].domid, m->histories[i].uuid))
			return &m->histories[i];
	}
	return NULL;
}

static void fill_row(const struct model *m, const struct sample_domain *d,
	struct model_row *row)
{
	uint64_t total = m->now->total_kib;
	const struct sample_domain *before =
		m->before ? sample_find(m->before, d->domid) : NULL;

	if (before && !is_same(d, before->domid, before->uuid))
		before = NULL;
	*row = (struct model_row){ .now = d, .before = before };
	row->history = find_history(m, d);
	row->memory = percent(d->memory_kib, total);
	row->max_memory =
		d->max_kib == INFO_NO_LIMIT ? -1 : percent(d->max_kib, total);
	if (!before)
		return;
	row->cpu = model_rate(d->cpu_ns, before->cpu_ns, m->seconds) / 1e7;
	add_devices(row, m->seconds);
}

static int compare_numbers(double a, double b)
{
	return (a > b) - (a < b);
}

/* By what is greatest first, but for names, numbers and states. */
static int compare(const void *left, const void *right, void *model)
{
	const struct model_row *a = left, *b = right;
	const struct model *m = model;
	int order = 0;

	switch (m->order) {
	case MODEL_BY_NAME:
		order = strcasecmp(a->now->name, b->now->name);
		break;
	case MODEL_BY_STATE: {
		struct xen_domctl_getdomaininfo x = { .flags = a->now->flags };
		struct xen_domctl_getdomaininfo y = { .flags = b->now->flags };

		order = strcmp(info_state(&x), info_state(&y));
		break;
	}
	case MODEL_BY_CPU:
		order = compare_numbers(b->cpu, a->cpu);
		break;
	case MODEL_BY_TIME:
		order = (b->now->cpu_ns > a->now->cpu_ns) -
			(b->now->cpu_ns < a->now->cpu_ns);
		break;
	case MODEL_BY_MEMORY:
		order = compare_numbers(b->memory, a->memory);
		break;
	case MODEL_BY_SENT:
		order = compare_numbers(b->sent, a->sent);
		break;
	case MODEL_BY_RECEIVED:
		order = compare_numbers(b->received, a->received);
		break;
	case MODEL_BY_READ:
		order = compare_numbers(b->read, a->read);
		break;
	case MODEL_BY_WRITTEN:
		order = compare_numbers(b->written, a->written);
		break;
	default:
		break;
	}
	if (!order)
		order = compare_numbers(a->now->domid, b->now->domid);
	return m->is_reversed ? -order : order;
}

int model_arrange(struct model *m)
{
	struct model_row *rows;
	size_t count = 0;

	if (!m->now)
		return 0;
	rows = calloc(m->now->count + 1, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < m->now->count; i++) {
		const struct sample_domain *d = &m->now->domains[i];

		if (!m->filter[0] || strcasestr(d->name, m->filter))
			fill_row(m, d, &rows[count++]);
	}
	qsort_r(rows, count, sizeof(*rows), compare, m);
	free(m->rows);
	m->rows = rows;
	m->count = count;
	return 0;
}

static unsigned int push(float *points, unsigned int count, double value)
{
	if (count == MODEL_HISTORY) {
		memmove(points, points + 1,
			(MODEL_HISTORY - 1) * sizeof(points[0]));
		count--;
	}
	points[count] = (float)value;
	return count + 1;
}

/* One point more for each domain; those that are gone lose theirs. */
static int remember(struct model *m)
{
	struct model_history *list = calloc(m->now->count + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < m->now->count; i++) {
		const struct sample_domain *d = &m->now->domains[i];
		const struct model_history *old = find_history(m, d);
		struct model_row row;

		if (old)
			list[i] = *old;
		list[i].domid = d->domid;
		memcpy(list[i].uuid, d->uuid, sizeof(d->uuid));
		fill_row(m, d, &row);
		if (!row.before)
			continue;
		push(list[i].cpu, list[i].count, row.cpu);
		list[i].count = push(list[i].traffic, list[i].count,
			row.sent + row.received + row.read + row.written);
	}
	free(m->histories);
	m->histories = list;
	m->history_count = m->now->count;
	return 0;
}

/* What is not idle, of all CPUs. */
static double busy_of(const struct model *m)
{
	double idle = 0;

	if (!m->before || !m->now->idle_count ||
		m->now->idle_count != m->before->idle_count)
		return 0;
	for (size_t i = 0; i < m->now->idle_count; i++)
		idle += model_rate(
			m->now->idle_ns[i], m->before->idle_ns[i], m->seconds);
	idle = 100 - idle / 1e7 / (double)m->now->idle_count;
	return idle < 0 ? 0 : idle > 100 ? 100 : idle;
}

int model_feed(struct model *m, struct sample *sample)
{
	const struct model old = *m;
	int ret;

	m->before = m->now;
	m->now = sample;
	m->seconds = m->before && sample->ns > m->before->ns
			     ? (double)(sample->ns - m->before->ns) / 1e9
			     : 0;
	m->busy = busy_of(m);
	ret = remember(m);
	if (!ret)
		ret = model_arrange(m);
	if (ret) {
		/* The histories may have gone on; the rows are the old. */
		m->before = old.before;
		m->now = old.now;
		m->seconds = old.seconds;
		m->busy = old.busy;
		sample_free(sample);
		return ret;
	}
	if (m->before)
		m->busy_count = push(m->busy_history, m->busy_count, m->busy);
	sample_free(old.before);
	return 0;
}

void model_free(struct model *m)
{
	sample_free(m->now);
	sample_free(m->before);
	free(m->rows);
	free(m->histories);
	memset(m, 0, sizeof(*m));
}
