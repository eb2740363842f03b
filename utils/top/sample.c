/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine and its domains; see sample.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tenonctrl/call.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/xs.h>
#include <public/version.h>
#include "common/info.h"
#include "common/session.h"
#include "sample.h"

void sample_free(struct sample *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++) {
		free(s->domains[i].name);
		free(s->domains[i].vcpus);
		free(s->domains[i].nets);
		free(s->domains[i].disks);
	}
	free(s->domains);
	free(s->idle_ns);
	free(s);
}

struct sample_domain *sample_find(const struct sample *s, uint32_t domid)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (s->domains[middle].domid == domid)
			return &s->domains[middle];
		if (s->domains[middle].domid < domid)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int take_host(struct ctrl *c, struct sample *s)
{
	struct xen_sysctl_physinfo machine;
	xen_extraversion_t extra = "";
	uint32_t version;
	int ret = sysctl_physinfo(c, &machine);

	if (!ret)
		ret = call_version(c, &version);
	if (!ret)
		ret = call_version_about(
			c, XENVER_extraversion, extra, sizeof(extra));
	if (ret)
		return ret;
	snprintf(s->version, sizeof(s->version), "%u.%u%.*s", version >> 16,
		version & 0xffff, (int)sizeof(extra), extra);
	s->cpus = machine.nr_cpus;
	s->cpu_khz = machine.cpu_khz;
	s->total_kib = machine.total_pages << 2;
	s->free_kib = machine.free_pages << 2;
	if (sysctl_idle(c, &s->idle_ns, &s->idle_count)) {
		s->idle_ns = NULL;
		s->idle_count = 0;
	}
	return 0;
}

void sample_clean(char *name)
{
	for (; *name; name++) {
		if (*name < ' ' || *name > '~')
			*name = '?';
	}
}

static char *take_name(struct xs *xs, uint32_t domid)
{
	char *name;

	if (dom_name(xs, domid, &name))
		return strdup(domid ? "" : "Domain-0");
	sample_clean(name);
	return name;
}

static int take_vcpus(struct ctrl *c, struct sample_domain *d)
{
	d->vcpus = calloc(d->max_vcpus, sizeof(*d->vcpus));
	if (!d->vcpus)
		return -ENOMEM;
	for (uint32_t i = 0; i < d->max_vcpus; i++) {
		struct xen_domctl_getvcpuinfo info;

		if (domctl_vcpu_info(c, d->domid, i, &info))
			continue;
		d->vcpus[d->vcpu_count++] = (struct sample_vcpu){
			.id = i,
			.cpu = info.cpu,
			.is_online = info.online,
			.is_running = info.running,
			.is_blocked = info.blocked,
			.cpu_ns = info.cpu_time,
		};
	}
	return 0;
}

static int take_domain(const struct sample_source *from,
	const struct xen_domctl_getdomaininfo *info, struct sample_domain *d)
{
	d->domid = info->domain;
	d->flags = info->flags;
	d->pool = info->cpupool;
	d->ssid = info->ssidref;
	memcpy(d->uuid, info->handle, sizeof(d->uuid));
	d->cpu_ns = info->cpu_time;
	d->memory_kib = info->tot_pages << 2;
	d->max_kib = info_max_kib(info);
	d->online_vcpus = info->nr_online_vcpus;
	d->max_vcpus = info->max_vcpu_id + 1;
	d->name = take_name(from->session->xs, d->domid);
	if (!d->name)
		return -ENOMEM;
	return from->wants_vcpus ? take_vcpus(from->session->ctrl, d) : 0;
}

static int take_domains(const struct sample_source *from, struct sample *s)
{
	struct xen_domctl_getdomaininfo *list;
	size_t count;
	int ret = sysctl_domains(from->session->ctrl, &list, &count);

	if (ret)
		return ret;
	s->domains = calloc(count + 1, sizeof(*s->domains));
	if (!s->domains)
		ret = -ENOMEM;
	while (!ret && s->count < count) {
		ret = take_domain(from, &list[s->count], &s->domains[s->count]);
		s->count++;
	}
	free(list);
	return ret;
}

int sample_take(const struct sample_source *from, struct sample **out)
{
	struct sample *s = calloc(1, sizeof(*s));
	struct timespec now;
	int ret;

	if (!s)
		return -ENOMEM;
	clock_gettime(CLOCK_MONOTONIC, &now);
	s->ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	ret = take_host(from->session->ctrl, s);
	if (!ret)
		ret = take_domains(from, s);
	if (!ret)
		ret = sample_devices(s, from->sys);
	if (ret) {
		sample_free(s);
		return ret;
	}
	*out = s;
	return 0;
}
