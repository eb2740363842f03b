/* SPDX-License-Identifier: BSD-2-Clause */
/* Fixed samples for tests of the monitor. */
#ifndef TOP_RIG_H
#define TOP_RIG_H

#include <stdlib.h>
#include <string.h>
#include <public/domctl.h>
#include "common/info.h"
#include "top/sample.h"

#define SECOND 1000000000ULL

/* A machine of 2 CPUs and 4095 MiB at that second, with nothing in it. */
static inline struct sample *rig_sample(uint64_t seconds)
{
	struct sample *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->ns = seconds * SECOND;
	strcpy(s->version, "4.17.9");
	s->cpus = 2;
	s->total_kib = 4095 << 10;
	s->free_kib = 1095 << 10;
	s->idle_ns = calloc(2, sizeof(*s->idle_ns));
	s->idle_count = 2;
	return s;
}

static inline struct sample_domain *rig_domain(
	struct sample *s, uint32_t domid, const char *name, uint32_t flags)
{
	struct sample_domain *d;

	s->domains = realloc(s->domains, (s->count + 1) * sizeof(*d));
	assert_non_null(s->domains);
	d = &s->domains[s->count++];
	memset(d, 0, sizeof(*d));
	d->domid = domid;
	d->flags = flags;
	d->name = strdup(name);
	d->uuid[0] = (uint8_t)domid;
	d->memory_kib = 196608;
	d->max_kib = 197632;
	d->online_vcpus = 1;
	d->max_vcpus = 2;
	return d;
}

static inline void rig_vcpu(struct sample_domain *d, bool online, uint64_t ns)
{
	d->vcpus = realloc(d->vcpus, (d->vcpu_count + 1) * sizeof(*d->vcpus));
	assert_non_null(d->vcpus);
	d->vcpus[d->vcpu_count] = (struct sample_vcpu){
		.id = (uint32_t)d->vcpu_count,
		.cpu = 1,
		.is_online = online,
		.is_blocked = true,
		.cpu_ns = ns,
	};
	d->vcpu_count++;
}

static inline void rig_net(
	struct sample_domain *d, uint32_t id, uint64_t sent, uint64_t received)
{
	d->nets = realloc(d->nets, (d->net_count + 1) * sizeof(*d->nets));
	assert_non_null(d->nets);
	d->nets[d->net_count++] = (struct sample_net){
		.id = id,
		.sent = { .bytes = sent, .packets = 15 },
		.received = { .bytes = received, .packets = 19 },
	};
}

static inline void rig_disk(struct sample_domain *d, uint32_t id,
	uint64_t reads, uint64_t writes, uint64_t in, uint64_t out)
{
	d->disks = realloc(d->disks, (d->disk_count + 1) * sizeof(*d->disks));
	assert_non_null(d->disks);
	d->disks[d->disk_count++] = (struct sample_disk){
		.id = id,
		.reads = reads,
		.writes = writes,
		.sectors_read = in,
		.sectors_written = out,
	};
}

#endif
