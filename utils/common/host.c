/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine and its hypervisor; see host.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <tenonctrl/call.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include "host.h"
#include "pool.h"

#define PAGES_PER_MIB 256
/* Of the configuration syntax; stock's xl has said so since its beginning. */
#define CONFIG_FORMAT "4"

static void read_build_id(struct ctrl *c, struct host *host)
{
	struct {
		uint32_t len;
		unsigned char bytes[sizeof(host->build_id) / 2];
	} id = { .len = sizeof(id.bytes) };
	struct xen_build_id *buf = call_buf_alloc(c, sizeof(id));
	long got;

	if (!buf)
		return;
	memcpy(buf, &id, sizeof(id));
	got = call_hypercall(c, __HYPERVISOR_xen_version, XENVER_build_id,
		(uintptr_t)buf, 0, 0, 0);
	for (long i = 0; i < got && i < (long)sizeof(id.bytes); i++)
		snprintf(host->build_id + 2 * i, 3, "%02x", buf->buf[i]);
	call_buf_free(c, buf, sizeof(id));
}

/* CPUs that no pool has. */
static int count_free_cpus(struct ctrl *c, struct host *host)
{
	struct sysctl_pool pool = { .id = 0 };
	uint32_t at = 0, used = 0;
	int ret;

	while (!(ret = sysctl_pool(c, at, &pool))) {
		used += pool_cpu_count(&pool);
		at = pool.id + 1;
	}
	if (ret != -ENOENT)
		return ret;
	host->free_cpus =
		used < host->machine.nr_cpus ? host->machine.nr_cpus - used : 0;
	return 0;
}

static int read_texts(struct ctrl *c, struct host *host)
{
	const struct {
		unsigned int what;
		void *to;
		size_t size;
	} texts[] = {
		{ XENVER_extraversion, host->extra, sizeof(host->extra) },
		{ XENVER_capabilities, host->capabilities,
			sizeof(host->capabilities) },
		{ XENVER_changeset, host->changeset, sizeof(host->changeset) },
		{ XENVER_commandline, host->command_line,
			sizeof(host->command_line) },
		{ XENVER_compile_info, &host->built, sizeof(host->built) },
		{ XENVER_platform_parameters, &host->virt_start,
			sizeof(host->virt_start) },
	};
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(texts) / sizeof(texts[0]); i++)
		ret = call_version_about(
			c, texts[i].what, texts[i].to, texts[i].size);
	return ret;
}

int host_read(struct ctrl *c, struct host *host, struct why *why)
{
	long page_size = call_hypercall(
		c, __HYPERVISOR_xen_version, XENVER_pagesize, 0, 0, 0, 0);
	int ret;

	memset(host, 0, sizeof(*host));
	uname(&host->kernel);
	ret = sysctl_physinfo(c, &host->machine);
	if (!ret)
		ret = sysctl_scheduler(c, &host->scheduler);
	if (!ret)
		ret = call_version(c, &host->version);
	if (!ret)
		ret = read_texts(c, host);
	if (!ret)
		ret = count_free_cpus(c, host);
	if (ret || page_size < 0)
		return why_set(why, ret ? ret : (int)page_size,
			"cannot ask the hypervisor what it is: %s",
			strerror(ret ? -ret : (int)-page_size));
	host->page_size = (uint32_t)page_size;
	read_build_id(c, host);
	return 0;
}

uint64_t host_free_mib(const struct host *host)
{
	return (host->machine.free_pages + host->machine.scrub_pages -
		       host->machine.outstanding_pages) /
	       PAGES_PER_MIB;
}

uint64_t host_total_mib(const struct host *host)
{
	return host->machine.total_pages / PAGES_PER_MIB;
}

/* Who gets the lines. */
struct out {
	void (*each)(void *state, const char *key, const char *value);
	void *state;
};

static void __attribute__((format(printf, 3, 4)))
say(const struct out *out, const char *key, const char *fmt, ...)
{
	char text[1100];
	va_list list;

	va_start(list, fmt);
	vsnprintf(text, sizeof(text), fmt, list);
	va_end(list);
	out->each(out->state, key, text);
}

static void say_virtualization(const struct out *out, uint32_t bits)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {
		{ XEN_SYSCTL_PHYSCAP_pv, "pv" },
		{ XEN_SYSCTL_PHYSCAP_hvm, "hvm" },
		{ XEN_SYSCTL_PHYSCAP_directio, "directio" },
		{ XEN_SYSCTL_PHYSCAP_hap, "hap" },
		{ XEN_SYSCTL_PHYSCAP_shadow, "shadow" },
		{ XEN_SYSCTL_PHYSCAP_iommu_hap_pt_share, "iommu_hap_pt_share" },
		{ XEN_SYSCTL_PHYSCAP_vmtrace, "vmtrace" },
		{ XEN_SYSCTL_PHYSCAP_vpmu, "vpmu" },
		{ XEN_SYSCTL_PHYSCAP_gnttab_v1, "gnttab-v1" },
		{ XEN_SYSCTL_PHYSCAP_gnttab_v2, "gnttab-v2" },
	};
	char text[128] = "";
	size_t at = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (bits & names[i].bit)
			at += (size_t)snprintf(text + at, sizeof(text) - at,
				"%s%s", at ? " " : "", names[i].name);
	}
	say(out, "virt_caps", "%s", text);
}

static void say_machine(
	const struct out *out, const struct xen_sysctl_physinfo *m)
{
	say(out, "nr_cpus", "%u", m->nr_cpus);
	say(out, "max_cpu_id", "%u", m->max_cpu_id);
	say(out, "nr_nodes", "%u", m->nr_nodes);
	say(out, "cores_per_socket", "%u", m->cores_per_socket);
	say(out, "threads_per_core", "%u", m->threads_per_core);
	say(out, "cpu_mhz", "%u.%03u", m->cpu_khz / 1000, m->cpu_khz % 1000);
	say(out, "hw_caps", "%08x:%08x:%08x:%08x:%08x:%08x:%08x:%08x",
		m->hw_cap[0], m->hw_cap[1], m->hw_cap[2], m->hw_cap[3],
		m->hw_cap[4], m->hw_cap[5], m->hw_cap[6], m->hw_cap[7]);
	say_virtualization(out, m->capabilities);
}

void host_lines(const struct host *host,
	void (*each)(void *state, const char *key, const char *value),
	void *state)
{
	const struct out to = { each, state }, *out = &to;

	say(out, "host", "%s", host->kernel.nodename);
	say(out, "release", "%s", host->kernel.release);
	say(out, "version", "%s", host->kernel.version);
	say(out, "machine", "%s", host->kernel.machine);
	say_machine(out, &host->machine);
	say(out, "total_memory", "%llu",
		(unsigned long long)host_total_mib(host));
	say(out, "free_memory", "%llu",
		(unsigned long long)host_free_mib(host));
	/* Pages are not shared between guests. */
	say(out, "sharing_freed_memory", "0");
	say(out, "sharing_used_memory", "0");
	say(out, "outstanding_claims", "%llu",
		(unsigned long long)host->machine.outstanding_pages /
			PAGES_PER_MIB);
	say(out, "free_cpus", "%u", host->free_cpus);
	say(out, "xen_major", "%u", host->version >> 16);
	say(out, "xen_minor", "%u", host->version & 0xffff);
	say(out, "xen_extra", "%s", host->extra);
	say(out, "xen_version", "%u.%u%s", host->version >> 16,
		host->version & 0xffff, host->extra);
	say(out, "xen_caps", "%s", host->capabilities);
	say(out, "xen_scheduler", "%s", sysctl_scheduler_name(host->scheduler));
	say(out, "xen_pagesize", "%u", host->page_size);
	say(out, "platform_params", "virt_start=0x%llx",
		(unsigned long long)host->virt_start);
	say(out, "xen_changeset", "%s", host->changeset);
	say(out, "xen_commandline", "%s", host->command_line);
	say(out, "cc_compiler", "%s", host->built.compiler);
	say(out, "cc_compile_by", "%s", host->built.compile_by);
	say(out, "cc_compile_domain", "%s", host->built.compile_domain);
	say(out, "cc_compile_date", "%s", host->built.compile_date);
	say(out, "build_id", "%s", host->build_id);
	say(out, "xend_config_format", CONFIG_FORMAT);
}
