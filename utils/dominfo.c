/* SPDX-License-Identifier: BSD-2-Clause */
/* dominfo: all that is known of one domain. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/device.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "common/args.h"
#include "common/cpulist.h"
#include "common/err.h"
#include "common/facts.h"
#include "common/info.h"
#include "common/session.h"

static const struct args_option options[] = {
	{ 'j', "json", NULL, "print JSON" },
	{ 0, NULL, NULL, NULL },
};

/* A node of the store as a fact, if it is there. */
static void add_node(
	struct xs *xs, struct json_object *o, const char *key, const char *path)
{
	char *value;
	size_t len;

	if (xs_read(xs, 0, path, &value, &len))
		return;
	facts_text(o, key, value);
	free(value);
}

static void add_domain(struct session *s, struct json_object *o,
	const struct xen_domctl_getdomaininfo *info)
{
	struct xen_domctl_sched_credit2 share;
	char path[96], uuid[DOM_UUID_TEXT];
	uint64_t target;

	snprintf(path, sizeof(path), "/local/domain/%u/name", info->domain);
	add_node(s->xs, o, "name", path);
	facts_number(o, "id", info->domain);
	dom_uuid_format(info->handle, uuid);
	facts_text(o, "uuid", uuid);
	facts_text(
		o, "kind", info->flags & XEN_DOMINF_hvm_guest ? "hvm" : "pv");
	facts_bool(o, "ours", dom_is_ours(s->xs, info->domain));
	facts_text(o, "state", info_state(info));
	facts_text(o, "reason", info_reason(info));
	facts_real(o, "cpu_seconds", (double)info->cpu_time / 1e9, 3);
	facts_number(o, "memory_kib", info->tot_pages << 2);
	snprintf(path, sizeof(path), "/local/domain/%u/memory/target",
		info->domain);
	if (!xs_read_u64(s->xs, 0, path, &target))
		facts_number(o, "target_kib", target);
	if (info_max_kib(info) != INFO_NO_LIMIT)
		facts_number(o, "maxmem_kib", info_max_kib(info));
	facts_number(o, "vcpus", info->nr_online_vcpus);
	facts_number(o, "maxvcpus", info->max_vcpu_id + 1ULL);
	facts_number(o, "pool", info->cpupool);
	if (!domctl_get_share(s->ctrl, info->domain, &share)) {
		facts_number(o, "cpu_weight", share.weight);
		facts_number(o, "cap", share.cap);
	}
	snprintf(path, sizeof(path), "/local/domain/%u/console/tty",
		info->domain);
	add_node(s->xs, o, "console", path);
}

static void add_vcpus(struct session *s, struct json_object *o,
	const struct xen_domctl_getdomaininfo *info)
{
	struct json_object *list = facts_list(o, "vcpu_list");
	struct xen_sysctl_physinfo machine;
	uint32_t cpus =
		sysctl_physinfo(s->ctrl, &machine) ? 0 : machine.nr_cpus;

	for (uint32_t i = 0; list && i <= info->max_vcpu_id; i++) {
		struct xen_domctl_getvcpuinfo v;
		uint8_t map[CPULIST_BYTES] = { 0 };
		struct json_object *vcpu;
		char text[256];

		if (domctl_vcpu_info(s->ctrl, info->domain, i, &v))
			continue;
		vcpu = json_object_new_object();
		facts_number(vcpu, "vcpu", i);
		facts_bool(vcpu, "online", v.online);
		if (v.online)
			facts_number(vcpu, "cpu", v.cpu);
		facts_real(vcpu, "cpu_seconds", (double)v.cpu_time / 1e9, 3);
		if (!domctl_get_affinity(
			    s->ctrl, info->domain, i, true, map, sizeof(map))) {
			cpulist_format(
				map, sizeof(map), cpus, text, sizeof(text));
			facts_text(vcpu, "cpus", text);
		}
		json_object_array_add(list, vcpu);
	}
}

static void add_devices(
	struct session *s, struct json_object *o, uint32_t domid)
{
	struct json_object *list = facts_list(o, "devices");
	struct device *devices;
	size_t count;

	if (!list || device_list(s->xs, domid, &devices, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		static const char *const nodes[] = { "state", "mode", "params",
			"mac", "bridge" };
		struct json_object *device = json_object_new_object();
		char back[DEVICE_PATH_MAX], path[DEVICE_PATH_MAX + 16];

		facts_text(
			device, "class", device_class_name(devices[i].class));
		facts_number(device, "id", devices[i].id);
		device_back_path(&devices[i], back);
		for (size_t k = 0; k < sizeof(nodes) / sizeof(nodes[0]); k++) {
			snprintf(path, sizeof(path), "%s/%s", back, nodes[k]);
			add_node(s->xs, device, nodes[k], path);
		}
		json_object_array_add(list, device);
	}
	free(devices);
}

static int run(const char *who, bool json)
{
	struct xen_domctl_getdomaininfo info;
	struct session session = { NULL, NULL };
	struct json_object *o = NULL;
	struct why why;
	uint32_t domid;
	int ret = session_open(&session);

	if (ret)
		return 1;
	ret = dom_find(session.ctrl, session.xs, who, &domid, &why);
	if (!ret && sysctl_domain(session.ctrl, domid, &info))
		ret = why_set(&why, -ESRCH, "domain '%s' ended just now", who);
	if (!ret) {
		o = json_object_new_object();
		if (!o)
			ret = why_set(&why, -ENOMEM, "out of memory");
	}
	if (!ret) {
		add_domain(&session, o, &info);
		add_vcpus(&session, o, &info);
		add_devices(&session, o, domid);
		ret = facts_print(o, json);
		if (ret)
			why_set(&why, ret, "cannot write: %s", strerror(-ret));
	}
	if (ret)
		err_say("%s", why.text);
	json_object_put(o);
	session_close(&session);
	return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "dominfo",
		.synopsis = "NAME|ID",
		.about = "Tells all that is known of one domain.",
		.options = options,
	};
	bool json = false;
	int id, ret;

	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0)
		json = true;
	if (id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (args.operand_count != 1)
		ret = args_usage_error(&args, "one domain is expected");
	else
		ret = run(args.operands[0], json);
	args_free(&args);
	return ret;
}
