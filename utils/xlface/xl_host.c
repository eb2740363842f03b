/* SPDX-License-Identifier: BSD-2-Clause */
/* xl: the machine and its hypervisor; see xl.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include "common/args.h"
#include "common/host.h"
#include "common/pool.h"
#include "xl.h"

/* What `xl info` is to print. */
struct lines {
	struct xl_call *call;
	const char *field; /* that value alone; NULL: all */
	bool numa;
};

static void print_topology(struct xl_call *c)
{
	struct xen_sysctl_cputopo *cpus;
	struct xen_sysctl_meminfo *nodes;
	size_t count;

	puts("cpu_topology           :\ncpu:    core    socket     node");
	if (!sysctl_topology(c->session.ctrl, &cpus, &count)) {
		for (size_t i = 0; i < count; i++)
			printf("%3zu:%8u%9u%9u\n", i, cpus[i].core,
				cpus[i].socket, cpus[i].node);
		free(cpus);
	}
	puts("device topology        :\ndevice           node\n"
	     "No device topology data available\n"
	     "numa_info              :\n"
	     "node:    memsize    memfree    distances");
	if (sysctl_nodes(c->session.ctrl, &nodes, &count))
		return;
	/* A node is 10 away from itself; there is one node. */
	for (size_t i = 0; i < count; i++)
		printf("%4zu:%10llu%11llu      10\n", i,
			(unsigned long long)nodes[i].memsize >> 20,
			(unsigned long long)nodes[i].memfree >> 20);
	free(nodes);
}

static void print_line(void *state, const char *key, const char *value)
{
	struct lines *lines = state;

	if (lines->field) {
		if (!strcmp(lines->field, key))
			puts(value);
		return;
	}
	/* The topology stands before the version. */
	if (lines->numa && !strcmp(key, "xen_major"))
		print_topology(lines->call);
	printf("%-22s : %s\n", key, value);
}

int xl_info(struct xl_call *c)
{
	static const struct option longs[] = {
		{ "numa", 0, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	struct lines lines = { .call = c };
	struct host host;
	struct why why;
	int id;

	while ((id = xl_next(c, "n", longs)) >= 0)
		lines.numa = true;
	if (id == XL_STOP)
		return c->status;
	if (optind < c->argc)
		lines.field = c->argv[optind];
	if (host_read(c->session.ctrl, &host, &why))
		return xl_fail("%s", why.text);
	host_lines(&host, print_line, &lines);
	return XL_OK;
}

int xl_dmesg(struct xl_call *c)
{
	static const struct option longs[] = {
		{ "clear", 0, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	bool clear = false;
	uint32_t at = 0;
	size_t size;
	char *text;
	int id, ret;

	while ((id = xl_next(c, "c", longs)) >= 0)
		clear = true;
	if (id == XL_STOP)
		return c->status;
	ret = sysctl_log(c->session.ctrl, clear, &at, &text, &size);
	if (ret)
		return xl_fail("cannot read the messages: %s", strerror(-ret));
	fwrite(text, 1, size, stdout);
	free(text);
	return XL_OK;
}

int xl_debug_keys(struct xl_call *c)
{
	int ret;

	if (xl_plain(c) == XL_STOP)
		return c->status;
	ret = sysctl_press(c->session.ctrl, c->argv[optind]);
	return ret ? xl_fail("cannot send debug keys: %s: %s", c->argv[optind],
			     strerror(-ret))
		   : XL_OK;
}

int xl_top(struct xl_call *c)
{
	char *const argv[] = { (char *)"domtop", NULL };

	return xl_plain(c) == XL_STOP ? c->status
				      : xl_become(argv[0], argv, false);
}

static void print_share_head(void)
{
	puts("Name                                ID Weight  Cap");
}

static int print_share(struct xl_call *c, uint32_t domid)
{
	struct xen_domctl_sched_credit2 share;
	char *name;
	int ret = domctl_get_share(c->session.ctrl, domid, &share);

	if (ret)
		return xl_fail("cannot ask for the share of domain %u: %s",
			domid, strerror(-ret));
	name = xl_name(c, domid);
	printf("%-33s %4u %6u %4u\n", name ? name : "", domid, share.weight,
		share.cap);
	free(name);
	return XL_OK;
}

/* Every pool that is wanted, with the domains in it. */
static int print_shares(struct xl_call *c, const char *wanted, bool domains)
{
	struct xen_domctl_getdomaininfo *list;
	struct sysctl_pool pool = { .id = 0 };
	uint32_t at = 0, us;
	size_t count;
	int ret = sysctl_domains(c->session.ctrl, &list, &count);

	if (ret)
		return xl_fail("cannot list the domains: %s", strerror(-ret));
	for (; !sysctl_pool(c->session.ctrl, at, &pool); at = pool.id + 1) {
		char *name = pool_name(c->session.xs, pool.id);
		bool is_wanted = name && (!wanted || !strcmp(name, wanted));

		if (is_wanted && pool.scheduler == XEN_SCHEDULER_CREDIT2 &&
			!sysctl_get_ratelimit(c->session.ctrl, pool.id, &us)) {
			printf("Cpupool %s: ratelimit=%uus\n", name, us);
			if (domains)
				print_share_head();
			for (size_t i = 0; domains && i < count; i++) {
				if (list[i].cpupool == pool.id)
					ret |= print_share(c, list[i].domain);
			}
		}
		free(name);
	}
	free(list);
	return ret;
}

/* A number of an option of sched-credit2, "-w 512" or "-w=512". */
static bool number(const char *text, unsigned long long min,
	unsigned long long max, unsigned long long *value)
{
	return args_number(text + (*text == '='), min, max, value);
}

static int set_share(struct xl_call *c, uint32_t domid,
	const unsigned long long *weight, const unsigned long long *cap)
{
	struct xen_domctl_sched_credit2 share;
	int ret = domctl_get_share(c->session.ctrl, domid, &share);

	if (!ret) {
		share.weight = weight ? (uint16_t)*weight : share.weight;
		share.cap = cap ? (uint16_t)*cap : share.cap;
		ret = domctl_set_share(c->session.ctrl, domid, &share);
	}
	return ret ? xl_fail("cannot set the share of domain %u: %s", domid,
			     strerror(-ret))
		   : XL_OK;
}

int xl_sched_credit2(struct xl_call *c)
{
	static const struct option longs[] = {
		{ "domain", 1, NULL, 'd' },
		{ "weight", 1, NULL, 'w' },
		{ "cap", 1, NULL, 'c' },
		{ "schedparam", 0, NULL, 's' },
		{ "ratelimit_us", 1, NULL, 'r' },
		{ "cpupool", 1, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	unsigned long long weight = 0, cap = 0, limit = 0;
	bool sets_weight = false, sets_cap = false, parameters = false;
	const char *who = NULL, *pool = NULL;
	uint32_t domid;
	int id, ret;

	while ((id = xl_next(c, "d:w:c:sr:p:", longs)) >= 0) {
		bool fits = true;

		if (id == 'd')
			who = optarg;
		else if (id == 'p')
			pool = optarg;
		else if (id == 's')
			parameters = true;
		else if (id == 'w')
			fits = sets_weight = number(optarg, 1, 65535, &weight);
		else if (id == 'c')
			fits = sets_cap = number(optarg, 0, 65535, &cap);
		else
			fits = number(optarg, 0, 500000, &limit);
		if (!fits)
			return xl_fail("'%s' is no number that fits", optarg);
	}
	if (id == XL_STOP)
		return c->status;
	if (limit) {
		ret = sysctl_set_ratelimit(c->session.ctrl, 0, (uint32_t)limit);
		return ret ? xl_fail("cannot set the rate limit: %s",
				     strerror(-ret))
			   : XL_OK;
	}
	if (!who)
		return sets_weight || sets_cap
			       ? xl_fail("Must specify a domain.")
			       : print_shares(c, pool, !parameters);
	if (!xl_domain(c, who, &domid))
		return XL_FAILED;
	if (sets_weight || sets_cap)
		return set_share(c, domid, sets_weight ? &weight : NULL,
			sets_cap ? &cap : NULL);
	print_share_head();
	return print_share(c, domid);
}
