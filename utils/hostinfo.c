/* SPDX-License-Identifier: BSD-2-Clause */
/* hostinfo: what this machine and its hypervisor are. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/call.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include "common/args.h"
#include "common/err.h"
#include "common/facts.h"
#include "common/host.h"

static const struct args_option options[] = {
	{ 't', "topology", NULL, "also CPUs and memory nodes one by one" },
	{ 'j', "json", NULL, "print JSON" },
	{ 0, NULL, NULL, NULL },
};

/* A number is one in JSON, too. */
static void add_line(void *state, const char *key, const char *value)
{
	unsigned long long number;

	if (args_number(value, 0, UINT64_MAX >> 1, &number))
		facts_number(state, key, number);
	else
		facts_text(state, key, value);
}

/* What is neither free nor a domain's. */
static int add_kept(
	struct ctrl *c, const struct host *host, struct json_object *o)
{
	uint64_t pages = host->machine.total_pages - host->machine.free_pages -
			 host->machine.scrub_pages;
	struct xen_domctl_getdomaininfo *list;
	size_t count;
	int ret = sysctl_domains(c, &list, &count);

	if (ret)
		return ret;
	/* Memory may have changed hands between the two calls. */
	for (size_t i = 0; i < count; i++)
		pages -= list[i].tot_pages < pages ? list[i].tot_pages : pages;
	free(list);
	facts_number(o, "hypervisor_kib", pages << 2);
	return 0;
}

static int add_topology(struct ctrl *c, struct json_object *o)
{
	struct xen_sysctl_meminfo *nodes;
	struct xen_sysctl_cputopo *cpus;
	struct json_object *list;
	size_t count;
	int ret = sysctl_topology(c, &cpus, &count);

	if (ret)
		return ret;
	list = facts_list(o, "cpus");
	for (size_t i = 0; i < count; i++) {
		struct json_object *cpu = json_object_new_object();

		facts_number(cpu, "cpu", i);
		facts_number(cpu, "core", cpus[i].core);
		facts_number(cpu, "socket", cpus[i].socket);
		facts_number(cpu, "node", cpus[i].node);
		json_object_array_add(list, cpu);
	}
	free(cpus);
	ret = sysctl_nodes(c, &nodes, &count);
	if (ret)
		return ret;
	list = facts_list(o, "nodes");
	for (size_t i = 0; i < count; i++) {
		struct json_object *node = json_object_new_object();

		facts_number(node, "node", i);
		facts_number(node, "memory_mib", nodes[i].memsize >> 20);
		facts_number(node, "free_mib", nodes[i].memfree >> 20);
		json_object_array_add(list, node);
	}
	free(nodes);
	return 0;
}

/* All of it, or the value of one key. */
static int print(struct json_object *o, const char *key, bool json)
{
	struct json_object *value;
	int ret;

	if (!key) {
		ret = facts_print(o, json);
		if (ret)
			err_say("cannot write: %s", strerror(-ret));
		return ret;
	}
	if (!json_object_object_get_ex(o, key, &value)) {
		err_say("there is no '%s'; hostinfo without operands lists all",
			key);
		return -ENOENT;
	}
	puts(json ? json_object_to_json_string(value)
		  : json_object_get_string(value));
	return fflush(stdout) ? -EIO : 0;
}

static int run(const char *key, bool topology, bool json)
{
	struct json_object *o;
	struct host host;
	struct ctrl *c;
	struct why why;
	int ret = ctrl_open(&c, &why);

	if (ret) {
		err_say("%s", why.text);
		return 1;
	}
	o = json_object_new_object();
	ret = o ? host_read(c, &host, &why)
		: why_set(&why, -ENOMEM, "out of memory");
	if (!ret) {
		host_lines(&host, add_line, o);
		ret = add_kept(c, &host, o);
		if (ret)
			why_set(&why, ret, "cannot ask for the domains: %s",
				strerror(-ret));
	}
	if (!ret && topology) {
		ret = add_topology(c, o);
		if (ret)
			why_set(&why, ret, "cannot ask for the topology: %s",
				strerror(-ret));
	}
	if (ret)
		err_say("%s", why.text);
	else
		ret = print(o, key, json);
	json_object_put(o);
	ctrl_close(c);
	return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "hostinfo",
		.synopsis = "[KEY]",
		.about = "Tells what this machine and its hypervisor are; with "
			 "a key that value alone.",
		.options = options,
	};
	bool json = false, topology = false;
	int id, ret;

	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0) {
		json |= id == 'j';
		topology |= id == 't';
	}
	if (id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (args.operand_count > 1)
		ret = args_usage_error(&args, "one key at most is expected");
	else
		ret = run(args.operands[0], topology, json);
	args_free(&args);
	return ret;
}
