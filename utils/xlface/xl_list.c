/* SPDX-License-Identifier: BSD-2-Clause */
/* xl: lists of domains, and what they are called; see xl.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <public/sched.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/xs.h>
#include "common/pool.h"
#include "xl.h"

/* What `xl list` shows beside the usual. */
struct show {
	bool uuid, label, pool, nodes, claims, is_long;
};

static void print_head(const struct show *show)
{
	printf("Name                                        ID   Mem VCPUs\t"
	       "State\tTime(s)");
	if (show->uuid)
		printf("   UUID                            Reason-Code\t"
		       "Security Label");
	if (show->label && !show->uuid)
		printf("   Security Label");
	if (show->claims)
		printf("  Claimed");
	if (show->pool)
		printf("         Cpupool");
	if (show->nodes)
		printf(" NODE Affinity");
	putchar('\n');
}

static void print_domain(struct xl_call *c, const struct show *show,
	const struct xen_domctl_getdomaininfo *d)
{
	uint32_t reason =
		d->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
	bool stopped = d->flags & XEN_DOMINF_shutdown;
	char uuid[DOM_UUID_TEXT], *name = xl_name(c, d->domain), *pool;

	printf("%-40s %5u %5llu %5u     %c%c%c%c%c%c  %8.1f", name ? name : "",
		d->domain,
		(unsigned long long)(d->tot_pages + d->outstanding_pages) / 256,
		d->nr_online_vcpus, d->flags & XEN_DOMINF_running ? 'r' : '-',
		d->flags & XEN_DOMINF_blocked ? 'b' : '-',
		d->flags & XEN_DOMINF_paused ? 'p' : '-', stopped ? 's' : '-',
		stopped && reason == SHUTDOWN_crash ? 'c' : '-',
		d->flags & XEN_DOMINF_dying ? 'd' : '-',
		(double)d->cpu_time / 1e9);
	free(name);
	if (show->uuid) {
		dom_uuid_format(d->handle, uuid);
		printf(" %s", uuid);
		if (stopped)
			printf(" %8x", reason);
		else
			printf(" %8s", "-");
	}
	if (show->label)
		printf(" %16s", "-");
	if (show->claims)
		printf(" %5llu",
			(unsigned long long)d->outstanding_pages / 256);
	if (show->pool) {
		pool = pool_name(c->session.xs, d->cpupool);
		printf("%16s", pool ? pool : "");
		free(pool);
	}
	if (show->nodes)
		printf(" all");
	putchar('\n');
}

static int print_list(struct xl_call *c, const struct show *show,
	const struct xen_domctl_getdomaininfo *list, size_t count)
{
	if (show->is_long)
		return xl_list_long(c, list, count);
	print_head(show);
	for (size_t i = 0; i < count; i++)
		print_domain(c, show, &list[i]);
	return XL_OK;
}

static int list_all(struct xl_call *c, const struct show *show)
{
	struct xen_domctl_getdomaininfo *list;
	size_t count;
	int ret = sysctl_domains(c->session.ctrl, &list, &count);

	if (ret)
		return xl_fail("cannot list the domains: %s", strerror(-ret));
	ret = print_list(c, show, list, count);
	free(list);
	return ret;
}

static int list_one(struct xl_call *c, const struct show *show, const char *who)
{
	struct xen_domctl_getdomaininfo info;
	uint32_t domid;

	/* Stock says it otherwise of a number. */
	if (who[strspn(who, "0123456789")] == '\0' &&
		sysctl_domain(c->session.ctrl, (uint32_t)atoi(who), &info))
		return xl_fail("Error: Domain '%s' does not exist.", who);
	if (!xl_domain(c, who, &domid))
		return XL_FAILED;
	if (sysctl_domain(c->session.ctrl, domid, &info))
		return xl_fail("Error: Domain '%s' does not exist.", who);
	return print_list(c, show, &info, 1);
}

int xl_list(struct xl_call *c)
{
	static const struct option longs[] = {
		{ "long", 0, NULL, 'l' },
		{ "verbose", 0, NULL, 'v' },
		{ "context", 0, NULL, 'Z' },
		{ "cpupool", 0, NULL, 'c' },
		{ "numa", 0, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	struct show show = { .uuid = false };
	int id;

	while ((id = xl_next(c, "lvZcn", longs)) >= 0) {
		show.is_long |= id == 'l';
		show.uuid |= id == 'v';
		show.label |= id == 'v' || id == 'Z';
		show.pool |= id == 'c';
		show.nodes |= id == 'n';
	}
	if (id == XL_STOP)
		return c->status;
	if (c->argc - optind > 1) {
		xl_usage(c->command);
		return XL_FAILED;
	}
	return optind < c->argc ? list_one(c, &show, c->argv[optind])
				: list_all(c, &show);
}

int xl_claims(struct xl_call *c)
{
	const struct show show = { .claims = true };

	return xl_plain(c) == XL_STOP ? c->status : list_all(c, &show);
}

int xl_vm_list(struct xl_call *c)
{
	struct xen_domctl_getdomaininfo *list;
	size_t count;
	int ret;

	if (xl_plain(c) == XL_STOP)
		return c->status;
	ret = sysctl_domains(c->session.ctrl, &list, &count);
	if (ret)
		return xl_fail("cannot list the domains: %s", strerror(-ret));
	puts("UUID                                  ID    name");
	for (size_t i = 0; i < count; i++) {
		char uuid[DOM_UUID_TEXT], *name;

		name = xl_name(c, list[i].domain);
		dom_uuid_format(list[i].handle, uuid);
		printf("%s  %d    %-30s\n", uuid, list[i].domain,
			name ? name : "");
		free(name);
	}
	free(list);
	return XL_OK;
}

int xl_domid(struct xl_call *c)
{
	struct xen_domctl_getdomaininfo *list;
	const char *who;
	size_t count;
	bool found = false;
	int ret;

	if (xl_plain(c) == XL_STOP)
		return c->status;
	who = c->argv[optind];
	ret = sysctl_domains(c->session.ctrl, &list, &count);
	if (ret)
		return xl_fail("cannot list the domains: %s", strerror(-ret));
	for (size_t i = 0; i < count && !found; i++) {
		char *name = xl_name(c, list[i].domain);

		found = name && !strcmp(name, who);
		if (found)
			printf("%u\n", list[i].domain);
		free(name);
	}
	free(list);
	return found ? XL_OK
		     : xl_fail("Can't get domid of domain name '%s', maybe "
			       "this domain does not exist.",
			       who);
}

int xl_domname(struct xl_call *c)
{
	const char *who;
	char *end, *name;
	uint32_t domid;

	if (xl_plain(c) == XL_STOP)
		return c->status;
	who = c->argv[optind];
	domid = (uint32_t)strtoul(who, &end, 10);
	if (!*who || *end)
		return xl_fail("Invalid domain id.\n");
	if (dom_name(c->session.xs, domid, &name))
		return xl_fail("Can't get domain name of domain id '%s', maybe "
			       "this domain does not exist.",
			who);
	puts(name);
	free(name);
	return XL_OK;
}

/* Seconds since the domain was made; of domain 0, since its kernel started. */
static long age_of(struct xl_call *c, uint32_t domid)
{
	char path[64], *vm, *start;
	double since = 0;
	size_t len;
	FILE *file;

	if (!domid) {
		file = fopen("/proc/uptime", "re");
		if (file && fscanf(file, "%lf", &since) != 1)
			since = 0;
		if (file)
			fclose(file);
		return (long)since;
	}
	snprintf(path, sizeof(path), "/local/domain/%u/vm", domid);
	if (xs_read(c->session.xs, 0, path, &vm, &len))
		return 0;
	snprintf(path, sizeof(path), "%s/start_time", vm);
	free(vm);
	if (xs_read(c->session.xs, 0, path, &start, &len))
		return 0;
	since = strtod(start, NULL);
	free(start);
	return (long)time(NULL) - (long)since;
}

static void print_age(struct xl_call *c, uint32_t domid, bool is_short)
{
	long age = age_of(c, domid), days = age / 86400;
	char *name = xl_name(c, domid), until[48] = "", clock[16];
	int hours = (int)(age % 86400 / 3600), minutes = (int)(age % 3600 / 60);
	time_t now = time(NULL);
	struct tm local;

	if (days)
		snprintf(until, sizeof(until), "%ld day%s, ", days,
			days > 1 ? "s" : "");
	if (is_short) {
		localtime_r(&now, &local);
		strftime(clock, sizeof(clock), "%H:%M:%S", &local);
		printf(" %s up %s%2d:%02d, %s (%u)\n", clock, until, hours,
			minutes, name ? name : "", domid);
	} else {
		printf("%-33s %4u %s%2d:%02d:%02d\n", name ? name : "", domid,
			until, hours, minutes, (int)(age % 60));
	}
	free(name);
}

int xl_uptime(struct xl_call *c)
{
	struct xen_domctl_getdomaininfo *list;
	bool is_short = false;
	size_t count = 0;
	uint32_t domid;
	int id, ret;

	while ((id = xl_next(c, "s", NULL)) >= 0)
		is_short = true;
	if (id == XL_STOP)
		return c->status;
	for (int i = optind; i < c->argc; i++) {
		if (!xl_domain(c, c->argv[i], &domid))
			return XL_FAILED;
	}
	if (!is_short)
		puts("Name                                ID Uptime");
	for (int i = optind; i < c->argc; i++) {
		if (xl_domain(c, c->argv[i], &domid))
			print_age(c, domid, is_short);
	}
	if (optind < c->argc)
		return XL_OK;
	ret = sysctl_domains(c->session.ctrl, &list, &count);
	if (ret)
		return xl_fail("cannot list the domains: %s", strerror(-ret));
	for (size_t i = 0; i < count; i++)
		print_age(c, list[i].domain, is_short);
	free(list);
	return XL_OK;
}
