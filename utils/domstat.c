/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domstat: counters of the machine and its domains, once, for programs that
 * watch them: as lines, as JSON, or as Prometheus reads them. One table of
 * metrics makes all three.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <tenonctrl/dom.h>
#include <public/domctl.h>
#include "common/args.h"
#include "common/err.h"
#include "common/facts.h"
#include "common/info.h"
#include "common/session.h"
#include "top/sample.h"

enum form { FORM_TEXT, FORM_JSON, FORM_PROMETHEUS };

static const struct args_option options[] = {
	{ 'j', "json", NULL, "print JSON" },
	{ 'p', "prometheus", NULL, "print Prometheus' text format" },
	{ 0, NULL, NULL, NULL },
};

/* A figure of the machine or of a domain. */
struct metric {
	const char *name, *help;
	bool is_counter;
	bool is_seconds; /* the value is in ns */
	uint64_t (*of_host)(const struct sample *s);
	uint64_t (*of_domain)(const struct sample_domain *d);
};

static uint64_t host_cpus(const struct sample *s)
{
	return s->cpus;
}

static uint64_t host_memory(const struct sample *s)
{
	return s->total_kib << 10;
}

static uint64_t host_free(const struct sample *s)
{
	return s->free_kib << 10;
}

static uint64_t host_domains(const struct sample *s)
{
	return s->count;
}

static uint64_t host_idle(const struct sample *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->idle_count; i++)
		sum += s->idle_ns[i];
	return sum;
}

static uint64_t domain_cpu(const struct sample_domain *d)
{
	return d->cpu_ns;
}

static uint64_t domain_memory(const struct sample_domain *d)
{
	return d->memory_kib << 10;
}

static uint64_t domain_vcpus(const struct sample_domain *d)
{
	return d->online_vcpus;
}

static uint64_t domain_is_running(const struct sample_domain *d)
{
	return !(d->flags &
		 (XEN_DOMINF_dying | XEN_DOMINF_shutdown | XEN_DOMINF_paused));
}

static uint64_t domain_is_crashed(const struct sample_domain *d)
{
	const struct xen_domctl_getdomaininfo info = { .flags = d->flags };

	return !strcmp(info_reason(&info), "crash");
}

/* Sums over the devices of a domain. */
#define SUM(function, list, count, field)                       \
	static uint64_t function(const struct sample_domain *d) \
	{                                                       \
		uint64_t sum = 0;                               \
                                                                \
		for (size_t i = 0; i < d->count; i++)           \
			sum += d->list[i].field;                \
		return sum;                                     \
	}

SUM(net_sent, nets, net_count, sent.bytes)
SUM(net_received, nets, net_count, received.bytes)
SUM(net_sent_packets, nets, net_count, sent.packets)
SUM(net_received_packets, nets, net_count, received.packets)
SUM(disk_reads, disks, disk_count, reads)
SUM(disk_writes, disks, disk_count, writes)
SUM(disk_read_bytes, disks, disk_count, sectors_read * 512)
SUM(disk_written_bytes, disks, disk_count, sectors_written * 512)
SUM(disk_waits, disks, disk_count, waits)

static const struct metric metrics[] = {
	{ "host_cpus", "CPUs that are online.", false, false, host_cpus, NULL },
	{ "host_memory_bytes", "Memory of the machine.", false, false,
		host_memory, NULL },
	{ "host_free_memory_bytes", "Memory that nobody has.", false, false,
		host_free, NULL },
	{ "host_domains", "Domains, domain 0 included.", false, false,
		host_domains, NULL },
	{ "host_idle_seconds_total", "Time that CPUs were idle.", true, true,
		host_idle, NULL },
	{ "domain_cpu_seconds_total", "CPU time of all vcpus.", true, true,
		NULL, domain_cpu },
	{ "domain_memory_bytes", "Memory of the domain.", false, false, NULL,
		domain_memory },
	{ "domain_vcpus", "Vcpus that are online.", false, false, NULL,
		domain_vcpus },
	{ "domain_is_running", "1 unless paused, stopped or dying.", false,
		false, NULL, domain_is_running },
	{ "domain_is_crashed", "1 if it stopped by a crash.", false, false,
		NULL, domain_is_crashed },
	{ "domain_net_sent_bytes_total", "Sent by its network cards.", true,
		false, NULL, net_sent },
	{ "domain_net_received_bytes_total", "Received by them.", true, false,
		NULL, net_received },
	{ "domain_net_sent_packets_total", "Sent by them.", true, false, NULL,
		net_sent_packets },
	{ "domain_net_received_packets_total", "Received by them.", true, false,
		NULL, net_received_packets },
	{ "domain_disk_reads_total", "Requests of its disks.", true, false,
		NULL, disk_reads },
	{ "domain_disk_writes_total", "Requests of its disks.", true, false,
		NULL, disk_writes },
	{ "domain_disk_read_bytes_total", "Read from its disks.", true, false,
		NULL, disk_read_bytes },
	{ "domain_disk_written_bytes_total", "Written to its disks.", true,
		false, NULL, disk_written_bytes },
	{ "domain_disk_waits_total", "Requests that waited for memory.", true,
		false, NULL, disk_waits },
};

#define METRIC_COUNT (sizeof(metrics) / sizeof(metrics[0]))

/* Seconds have their nanoseconds, and no digit is lost. */
static void format(const struct metric *m, uint64_t value, char text[32])
{
	if (m->is_seconds)
		snprintf(text, 32, "%llu.%09llu",
			(unsigned long long)value / 1000000000,
			(unsigned long long)value % 1000000000);
	else
		snprintf(text, 32, "%llu", (unsigned long long)value);
}

/* A label's value: names are printable, two characters are escaped. */
static void print_label(const char *name)
{
	for (; *name; name++) {
		if (*name == '"' || *name == '\\')
			putchar('\\');
		putchar(*name);
	}
}

static void print_prometheus(const struct sample *s)
{
	char value[32], uuid[DOM_UUID_TEXT];

	for (const struct metric *m = metrics; m < metrics + METRIC_COUNT;
		m++) {
		printf("# HELP tenon_%s %s\n# TYPE tenon_%s %s\n", m->name,
			m->help, m->name, m->is_counter ? "counter" : "gauge");
		if (m->of_host) {
			format(m, m->of_host(s), value);
			printf("tenon_%s %s\n", m->name, value);
			continue;
		}
		for (size_t i = 0; i < s->count; i++) {
			const struct sample_domain *d = &s->domains[i];

			format(m, m->of_domain(d), value);
			dom_uuid_format(d->uuid, uuid);
			printf("tenon_%s{domid=\"%u\",uuid=\"%s\",name=\"",
				m->name, d->domid, uuid);
			print_label(d->name);
			printf("\"} %s\n", value);
		}
	}
}

static void print_text(const struct sample *s)
{
	char value[32];

	for (const struct metric *m = metrics; m < metrics + METRIC_COUNT;
		m++) {
		if (!m->of_host)
			continue;
		format(m, m->of_host(s), value);
		printf("%s %s\n", m->name, value);
	}
	for (size_t i = 0; i < s->count; i++) {
		const struct sample_domain *d = &s->domains[i];

		for (const struct metric *m = metrics;
			m < metrics + METRIC_COUNT; m++) {
			if (!m->of_domain)
				continue;
			format(m, m->of_domain(d), value);
			printf("%u %s %s %s\n", d->domid,
				*d->name ? d->name : "(null)", m->name, value);
		}
	}
}

static void add_metric(
	struct json_object *o, const struct metric *m, uint64_t value)
{
	if (m->is_seconds)
		facts_real(o, m->name, (double)value / 1e9, 9);
	else
		facts_number(o, m->name, value);
}

static int print_json(const struct sample *s)
{
	struct json_object *o = json_object_new_object(), *list;
	int ret;

	for (const struct metric *m = metrics; m < metrics + METRIC_COUNT;
		m++) {
		if (m->of_host)
			add_metric(o, m, m->of_host(s));
	}
	list = o ? facts_list(o, "domains") : NULL;
	for (size_t i = 0; list && i < s->count; i++) {
		struct json_object *domain = json_object_new_object();
		char uuid[DOM_UUID_TEXT];

		dom_uuid_format(s->domains[i].uuid, uuid);
		facts_number(domain, "id", s->domains[i].domid);
		facts_text(domain, "name", s->domains[i].name);
		facts_text(domain, "uuid", uuid);
		for (const struct metric *m = metrics;
			m < metrics + METRIC_COUNT; m++) {
			if (m->of_domain)
				add_metric(domain, m,
					m->of_domain(&s->domains[i]));
		}
		json_object_array_add(list, domain);
	}
	ret = list ? facts_print(o, true) : -ENOMEM;
	json_object_put(o);
	return ret;
}

static int run(enum form form)
{
	struct session session = { NULL, NULL };
	const struct sample_source from = {
		.session = &session,
		.sys = SAMPLE_SYS,
	};
	struct sample *s = NULL;
	int ret = session_open(&session);

	if (ret)
		return 1;
	ret = sample_take(&from, &s);
	if (ret)
		err_say("cannot read the counters: %s", strerror(-ret));
	else if (form == FORM_JSON)
		ret = print_json(s);
	else if (form == FORM_TEXT)
		print_text(s);
	else
		print_prometheus(s);
	if (!ret && (fflush(stdout) || ferror(stdout))) {
		err_say("cannot write: %s", strerror(errno));
		ret = -EIO;
	}
	sample_free(s);
	session_close(&session);
	return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "domstat",
		.synopsis = "",
		.about = "Prints counters of the machine and of all domains.",
		.options = options,
	};
	enum form form = FORM_TEXT;
	int id, ret;

	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0)
		form = id == 'j' ? FORM_JSON : FORM_PROMETHEUS;
	if (id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (args.operand_count)
		ret = args_usage_error(
			&args, "'%s' is not expected", args.operands[0]);
	else
		ret = run(form);
	args_free(&args);
	return ret;
}
