/* SPDX-License-Identifier: BSD-2-Clause */
/* xl: vcpus and memory of domains; see xl.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "common/args.h"
#include "common/cpulist.h"
#include "xl.h"

static uint32_t count_cpus(struct xl_call *c)
{
	struct xen_sysctl_physinfo machine;

	return sysctl_physinfo(c->session.ctrl, &machine)
		       ? 0
		       : machine.max_cpu_id + 1;
}

static void put_affinity(struct xl_call *c, uint32_t domid, uint32_t vcpu,
	bool hard, uint32_t cpus)
{
	uint8_t map[CPULIST_BYTES] = { 0 };
	char text[256];
	int ret = domctl_get_affinity(
		c->session.ctrl, domid, vcpu, hard, map, (cpus + 7) / 8);

	xl_cpus(map, (cpus + 7) / 8, cpus, text, sizeof(text));
	printf("%s%s", hard ? "  " : " / ", ret ? "-" : text);
}

static void print_vcpus(struct xl_call *c,
	const struct xen_domctl_getdomaininfo *d, uint32_t cpus)
{
	char *name = xl_name(c, d->domain);

	for (uint32_t i = 0; i <= d->max_vcpu_id; i++) {
		struct xen_domctl_getvcpuinfo v;

		if (domctl_vcpu_info(c->session.ctrl, d->domain, i, &v))
			continue;
		printf("%-32s %5u %5u", name ? name : "", d->domain, i);
		if (v.online)
			printf(" %4u   %c%c-", v.cpu, v.running ? 'r' : '-',
				v.blocked ? 'b' : '-');
		else
			printf(" %4s   --p", "-");
		printf("%10.1f", (double)v.cpu_time / 1e9);
		put_affinity(c, d->domain, i, true, cpus);
		put_affinity(c, d->domain, i, false, cpus);
		putchar('\n');
	}
	free(name);
}

int xl_vcpu_list(struct xl_call *c)
{
	struct xen_domctl_getdomaininfo *list, one;
	uint32_t cpus, domid;
	size_t count;
	int ret;

	if (xl_plain(c) == XL_STOP)
		return c->status;
	cpus = count_cpus(c);
	puts("Name                                ID  VCPU   CPU State   "
	     "Time(s) Affinity (Hard / Soft)");
	for (int i = optind; i < c->argc; i++) {
		if (!xl_domain(c, c->argv[i], &domid))
			return XL_FAILED;
		if (!sysctl_domain(c->session.ctrl, domid, &one))
			print_vcpus(c, &one, cpus);
	}
	if (optind < c->argc)
		return XL_OK;
	ret = sysctl_domains(c->session.ctrl, &list, &count);
	if (ret)
		return xl_fail("cannot list the domains: %s", strerror(-ret));
	for (size_t i = 0; i < count; i++)
		print_vcpus(c, &list[i], cpus);
	free(list);
	return XL_OK;
}

/* One list of CPUs for a vcpu, or for all; "-" leaves it as it is. */
static int pin(struct xl_call *c, uint32_t domid, const char *vcpu,
	const char *list, bool hard)
{
	struct xen_domctl_getdomaininfo info;
	unsigned long long first = 0, last;
	uint8_t map[CPULIST_BYTES];
	uint32_t cpus = count_cpus(c);
	struct why why;
	int ret = 0;

	if (!strcmp(list, "-"))
		return XL_OK;
	if (cpulist_parse(list, cpus, map, &why))
		return xl_fail("%s", why.text);
	if (sysctl_domain(c->session.ctrl, domid, &info))
		return xl_fail("domain %u ended just now", domid);
	last = info.max_vcpu_id;
	if (strcmp(vcpu, "all")) {
		if (!args_number(vcpu, 0, last, &first))
			return xl_fail(
				"Error: Invalid argument %s as VCPU.", vcpu);
		last = first;
	}
	for (unsigned long long i = first; !ret && i <= last; i++)
		ret = domctl_set_affinity(c->session.ctrl, domid, (uint32_t)i,
			hard, map, (cpus + 7) / 8);
	return ret ? xl_fail("cannot pin the vcpus of domain %u: %s", domid,
			     strerror(-ret))
		   : XL_OK;
}

int xl_vcpu_pin(struct xl_call *c)
{
	static const struct option longs[] = {
		{ "force", 0, NULL, 'f' },
		{ "ignore-global-affinity-masks", 0, NULL, 'i' },
		{ NULL, 0, NULL, 0 },
	};
	const char *vcpu, *hard, *soft;
	uint32_t domid;
	int id, ret;

	while ((id = xl_next(c, "fi", longs)) >= 0)
		;
	if (id == XL_STOP)
		return c->status;
	vcpu = c->argv[optind + 1];
	hard = c->argv[optind + 2];
	soft = optind + 3 < c->argc ? c->argv[optind + 3] : "-";
	if (!xl_domain(c, c->argv[optind], &domid))
		return XL_FAILED;
	ret = pin(c, domid, vcpu, hard, true);
	return ret ? ret : pin(c, domid, vcpu, soft, false);
}

/* The domain is told by the store; its kernel does it. */
int xl_vcpu_set(struct xl_call *c)
{
	static const struct option longs[] = {
		{ "ignore-host", 0, NULL, 'i' },
		{ NULL, 0, NULL, 0 },
	};
	struct xen_domctl_getdomaininfo info;
	unsigned long long wanted;
	bool ignores_host = false;
	uint32_t domid, cpus;
	int id, ret = 0;

	while ((id = xl_next(c, "i", longs)) >= 0)
		ignores_host = true;
	if (id == XL_STOP)
		return c->status;
	if (!xl_domain(c, c->argv[optind], &domid))
		return XL_FAILED;
	if (!args_number(c->argv[optind + 1], 1, 4096, &wanted))
		return xl_fail("Error: Invalid argument.");
	cpus = count_cpus(c);
	if (wanted > cpus && !ignores_host)
		return xl_fail("You are overcommmitting! You have %u physical "
			       "CPUs and want %llu vCPUs! Aborting, use "
			       "--ignore-host to continue",
			cpus, wanted);
	if (sysctl_domain(c->session.ctrl, domid, &info))
		return xl_fail("domain %u ended just now", domid);
	if (wanted > info.max_vcpu_id + 1ULL)
		return xl_fail("domain %u has %u vcpus at most", domid,
			info.max_vcpu_id + 1);
	for (uint32_t i = 0; !ret && i <= info.max_vcpu_id; i++) {
		const char *state = i < wanted ? "online" : "offline";
		char path[64];

		snprintf(path, sizeof(path),
			"/local/domain/%u/cpu/%u/availability", domid, i);
		ret = xs_write(c->session.xs, 0, path, state, strlen(state));
	}
	return ret ? xl_fail("cannot write into the store: %s", strerror(-ret))
		   : XL_OK;
}

/* "192", "192m", "1g"; a number alone is in MiB. In KiB; false: no size. */
static bool parse_size(const char *text, uint64_t *kib)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || errno || number >= 1ULL << 40)
		return false;
	switch (*end ? end[0] | 0x20 : 'm') {
	case 't':
		number <<= 30;
		break;
	case 'g':
		number <<= 20;
		break;
	case 'm':
		number <<= 10;
		break;
	case 'k':
		break;
	case 'b':
		number >>= 10;
		break;
	default:
		return false;
	}
	*kib = number;
	return !*end || !end[1] || !strcmp(end + 1, "b") ||
	       !strcmp(end + 1, "B");
}

/* domset has all the checks. */
int xl_mem_set(struct xl_call *c)
{
	char setting[48], id[16];
	uint32_t domid;
	uint64_t kib;

	if (xl_plain(c) == XL_STOP)
		return c->status;
	if (!xl_domain(c, c->argv[optind], &domid))
		return XL_FAILED;
	if (!parse_size(c->argv[optind + 1], &kib))
		return xl_fail("invalid memory size: %s", c->argv[optind + 1]);
	snprintf(id, sizeof(id), "%u", domid);
	snprintf(setting, sizeof(setting), "memory=%llu",
		(unsigned long long)kib >> 10);
	return xl_become("domset",
		(char *const[]){ (char *)"domset", id, setting, NULL }, false);
}

/* The hypervisor's limit alone, as stock does it. */
int xl_mem_max(struct xl_call *c)
{
	uint32_t domid;
	uint64_t kib;
	int ret;

	if (xl_plain(c) == XL_STOP)
		return c->status;
	if (!xl_domain(c, c->argv[optind], &domid))
		return XL_FAILED;
	if (!parse_size(c->argv[optind + 1], &kib))
		return xl_fail("invalid memory size: %s", c->argv[optind + 1]);
	ret = domctl_max_mem(c->session.ctrl, domid, kib);
	return ret ? xl_fail("cannot set domid %u static max memory to : %s",
			     domid, c->argv[optind + 1])
		   : XL_OK;
}
