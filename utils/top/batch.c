/* SPDX-License-Identifier: BSD-2-Clause */
/* Rounds for programs; see batch.h. Widths are measured from xentop's output.
 */
#include <errno.h>
#include <json-c/json.h>
#include <public/domctl.h>
#include <public/sched.h>
#include <tenonctrl/dom.h>
#include "batch.h"
#include "common/facts.h"
#include "common/info.h"
#include "model.h"

#define HEADER                                                              \
	"      NAME  STATE   CPU(sec) CPU(%)     MEM(k) MEM(%)  MAXMEM(k) " \
	"MAXMEM(%) VCPUS NETS NETTX(k) NETRX(k) VBDS   VBD_OO   VBD_RD   "  \
	"VBD_WR  VBD_RSECT  VBD_WSECT SSID\n"

static void put_state(uint32_t flags, FILE *to)
{
	uint32_t reason =
		flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
	bool stopped = flags & XEN_DOMINF_shutdown;
	bool crashed = stopped && reason == SHUTDOWN_crash;

	fprintf(to, " %c%c%c%c%c%c", flags & XEN_DOMINF_dying ? 'd' : '-',
		stopped && !crashed ? 's' : '-',
		flags & XEN_DOMINF_blocked ? 'b' : '-', crashed ? 'c' : '-',
		flags & XEN_DOMINF_paused ? 'p' : '-',
		flags & XEN_DOMINF_running ? 'r' : '-');
}

static void put_domain(
	const struct model_row *row, const struct batch_wish *wish, FILE *to)
{
	const struct sample_domain *d = row->now;
	uint64_t tx = 0, rx = 0;
	struct sample_disk all = { 0 };

	for (size_t i = 0; i < d->net_count; i++) {
		/* xentop looks from dom0: what it sends a guest receives. */
		tx += d->nets[i].received.bytes;
		rx += d->nets[i].sent.bytes;
	}
	for (size_t i = 0; i < d->disk_count; i++) {
		all.waits += d->disks[i].waits;
		all.reads += d->disks[i].reads;
		all.writes += d->disks[i].writes;
		all.sectors_read += d->disks[i].sectors_read;
		all.sectors_written += d->disks[i].sectors_written;
	}
	fprintf(to, wish->full_names ? "%10s" : "%10.10s", d->name);
	put_state(d->flags, to);
	fprintf(to, " %10llu %6.1f %10llu %6.1f",
		(unsigned long long)d->cpu_ns / 1000000000, row->cpu,
		(unsigned long long)d->memory_kib, row->memory);
	if (row->max_memory < 0)
		fprintf(to, " %10s %9s", "no limit", "n/a");
	else
		fprintf(to, " %10llu %9.1f", (unsigned long long)d->max_kib,
			row->max_memory);
	fprintf(to, " %5u %4zu %8llu %8llu %4zu", d->max_vcpus, d->net_count,
		(unsigned long long)tx >> 10, (unsigned long long)rx >> 10,
		d->disk_count);
	fprintf(to, " %8llu %8llu %8llu %10llu %10llu %4u\n",
		(unsigned long long)all.waits, (unsigned long long)all.reads,
		(unsigned long long)all.writes,
		(unsigned long long)all.sectors_read,
		(unsigned long long)all.sectors_written, d->ssid);
}

static void put_vcpus(const struct sample_domain *d, FILE *to)
{
	fputs("VCPUs(sec): ", to);
	for (size_t i = 0; i < d->vcpu_count; i++) {
		if (d->vcpus[i].is_online)
			fprintf(to, " %2u: %10llus", d->vcpus[i].id,
				(unsigned long long)d->vcpus[i].cpu_ns /
					1000000000);
	}
	fputc('\n', to);
}

static void put_flow(const char *name, const struct sample_flow *f, FILE *to)
{
	fprintf(to, "%s: %8llubytes %8llupkts %8lluerr %8lludrop", name,
		(unsigned long long)f->bytes, (unsigned long long)f->packets,
		(unsigned long long)f->errors, (unsigned long long)f->drops);
}

static void put_nets(const struct sample_domain *d, FILE *to)
{
	for (size_t i = 0; i < d->net_count; i++) {
		fprintf(to, "Net%u ", d->nets[i].id);
		put_flow("RX", &d->nets[i].sent, to);
		fputs("  ", to);
		put_flow("TX", &d->nets[i].received, to);
		fputc('\n', to);
	}
}

static void put_disks(const struct sample_domain *d, FILE *to)
{
	for (size_t i = 0; i < d->disk_count; i++) {
		const struct sample_disk *disk = &d->disks[i];

		fprintf(to,
			"VBD BlkBack %5u [%2x:%2x]  OO: %8llu   RD: %8llu   "
			"WR: %8llu   RSECT: %10llu   WSECT: %10llu\n",
			disk->id, disk->id >> 8 & 0xff, disk->id & 0xff,
			(unsigned long long)disk->waits,
			(unsigned long long)disk->reads,
			(unsigned long long)disk->writes,
			(unsigned long long)disk->sectors_read,
			(unsigned long long)disk->sectors_written);
	}
}

int batch_text(const struct model *m, const struct batch_wish *wish, FILE *to)
{
	for (size_t i = 0; i < m->count; i++) {
		if (!i || wish->repeats_header)
			fputs(HEADER, to);
		put_domain(&m->rows[i], wish, to);
		if (wish->vcpus)
			put_vcpus(m->rows[i].now, to);
		if (wish->networks)
			put_nets(m->rows[i].now, to);
		if (wish->disks)
			put_disks(m->rows[i].now, to);
	}
	return fflush(to) || ferror(to) ? -EIO : 0;
}

static void add_devices(
	struct json_object *o, const struct model_row *row, double seconds)
{
	struct json_object *list = facts_list(o, "networks");

	for (size_t i = 0; i < row->now->net_count; i++) {
		const struct sample_net *n = &row->now->nets[i];
		const struct sample_net *old = model_net_before(row, n->id);
		struct json_object *net = json_object_new_object();

		old = old ? old : n;
		facts_number(net, "id", n->id);
		facts_number(net, "sent_bytes", n->sent.bytes);
		facts_number(net, "received_bytes", n->received.bytes);
		facts_real(net, "sent_rate",
			model_rate(n->sent.bytes, old->sent.bytes, seconds), 0);
		facts_real(net, "received_rate",
			model_rate(n->received.bytes, old->received.bytes,
				seconds),
			0);
		json_object_array_add(list, net);
	}
	list = facts_list(o, "disks");
	for (size_t i = 0; i < row->now->disk_count; i++) {
		const struct sample_disk *d = &row->now->disks[i];
		const struct sample_disk *old = model_disk_before(row, d->id);
		struct json_object *disk = json_object_new_object();

		old = old ? old : d;
		facts_number(disk, "id", d->id);
		facts_number(disk, "reads", d->reads);
		facts_number(disk, "writes", d->writes);
		facts_number(disk, "read_bytes", d->sectors_read * 512);
		facts_number(disk, "written_bytes", d->sectors_written * 512);
		facts_real(disk, "read_rate",
			512 * model_rate(d->sectors_read, old->sectors_read,
				      seconds),
			0);
		facts_real(disk, "written_rate",
			512 * model_rate(d->sectors_written,
				      old->sectors_written, seconds),
			0);
		json_object_array_add(list, disk);
	}
}

static struct json_object *domain_json(
	const struct model *m, const struct model_row *row)
{
	const struct xen_domctl_getdomaininfo info = {
		.flags = row->now->flags
	};
	struct json_object *o = json_object_new_object(), *list;
	const struct sample_domain *d = row->now;
	char uuid[DOM_UUID_TEXT];

	dom_uuid_format(d->uuid, uuid);
	facts_text(o, "name", d->name);
	facts_number(o, "id", d->domid);
	facts_text(o, "uuid", uuid);
	facts_text(o, "state", info_state(&info));
	facts_real(o, "cpu_seconds", (double)d->cpu_ns / 1e9, 3);
	facts_real(o, "cpu_percent", row->cpu, 1);
	facts_number(o, "memory_kib", d->memory_kib);
	facts_real(o, "memory_percent", row->memory, 1);
	if (d->max_kib != INFO_NO_LIMIT)
		facts_number(o, "maxmem_kib", d->max_kib);
	list = facts_list(o, "vcpus");
	for (size_t i = 0; list && i < d->vcpu_count; i++) {
		struct json_object *vcpu = json_object_new_object();

		facts_number(vcpu, "vcpu", d->vcpus[i].id);
		facts_bool(vcpu, "online", d->vcpus[i].is_online);
		facts_number(vcpu, "cpu", d->vcpus[i].cpu);
		facts_real(vcpu, "cpu_percent",
			model_vcpu_cpu(m, row, &d->vcpus[i]), 1);
		json_object_array_add(list, vcpu);
	}
	add_devices(o, row, m->seconds);
	return o;
}

int batch_json(const struct model *m, FILE *to)
{
	struct json_object *o = json_object_new_object(), *list;

	list = o ? facts_list(o, "domains") : NULL;
	if (!list) {
		json_object_put(o);
		return -ENOMEM;
	}
	facts_real(o, "seconds", m->seconds, 3);
	facts_number(o, "cpus", m->now->cpus);
	facts_real(o, "busy_percent", m->busy, 1);
	facts_number(o, "memory_kib", m->now->total_kib);
	facts_number(o, "free_kib", m->now->free_kib);
	for (size_t i = 0; i < m->count; i++)
		json_object_array_add(list, domain_json(m, &m->rows[i]));
	fprintf(to, "%s\n",
		json_object_to_json_string_ext(
			o, JSON_C_TO_STRING_PLAIN |
				   JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
	return fflush(to) || ferror(to) ? -EIO : 0;
}
