/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xl list -l: what is kept of each domain's configuration, with what has
 * changed since; see xl.h. Scripts grep whole lines of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/xs.h>
#include "common/facts.h"
#include "common/info.h"
#include "xl.h"

#define KEPT "/var/lib/xen/userdata-d.%u.%s.libxl-json"

/* Where stock tools want it: in front of what follows it in their form. */
static void put_share(
	struct xl_call *c, uint32_t domid, struct json_object *b_info)
{
	struct xen_domctl_sched_credit2 share;
	struct json_object *params = json_object_new_object();

	facts_text(params, "sched", "credit2");
	if (!domctl_get_share(c->session.ctrl, domid, &share)) {
		facts_number(params, "weight", share.weight);
		facts_number(params, "cap", share.cap);
	}
	facts_add(b_info, "sched_params", params);
}

/* A figure of the store that tools change, if it is there. */
static void put_kib(struct xl_call *c, uint32_t domid, const char *node,
	struct json_object *b_info, const char *key)
{
	char path[64];
	uint64_t kib;

	snprintf(path, sizeof(path), "/local/domain/%u/memory/%s", domid, node);
	if (!xs_read_u64(c->session.xs, 0, path, &kib))
		facts_number(b_info, key, kib);
}

/*
 * b_info in stock's order of keys, which is that of the kept file with the
 * share of the CPUs between the memory's figures and the rest.
 */
static struct json_object *build_info(struct xl_call *c,
	const struct xen_domctl_getdomaininfo *d, struct json_object *kept)
{
	struct json_object *o = json_object_new_object();
	bool shared = false;

	json_object_object_foreach(kept, key, value)
	{
		bool is_memory = strstr(key, "memkb") || strstr(key, "vcpus");

		if (!strcmp(key, "sched_params"))
			continue;
		if (!is_memory && !shared) {
			shared = true;
			put_kib(c, d->domain, "static-max", o, "max_memkb");
			put_kib(c, d->domain, "target", o, "target_memkb");
			if (!d->domain && info_max_kib(d) != INFO_NO_LIMIT)
				facts_number(o, "max_memkb", info_max_kib(d));
			put_share(c, d->domain, o);
		}
		facts_add(o, key, json_object_get(value));
	}
	return o;
}

static struct json_object *domain_json(
	struct xl_call *c, const struct xen_domctl_getdomaininfo *d)
{
	struct json_object *o, *config, *info, *old;
	char path[160], uuid[DOM_UUID_TEXT], *name;

	dom_uuid_format(d->handle, uuid);
	snprintf(path, sizeof(path), KEPT, d->domain, uuid);
	config = json_object_from_file(path);
	if (!config)
		return NULL;
	if (json_object_object_get_ex(config, "c_info", &info)) {
		name = xl_name(c, d->domain);
		facts_text(info, "name", name ? name : "");
		free(name);
	}
	if (json_object_object_get_ex(config, "b_info", &old))
		json_object_object_add(config, "b_info", build_info(c, d, old));
	/* What is the default is not written. */
	if (json_object_object_get_ex(config, "on_poweroff", &old) &&
		!strcmp(json_object_get_string(old), "destroy"))
		json_object_object_del(config, "on_poweroff");
	if (json_object_object_get_ex(config, "on_crash", &old) &&
		!strcmp(json_object_get_string(old), "destroy"))
		json_object_object_del(config, "on_crash");
	o = json_object_new_object();
	facts_number(o, "domid", d->domain);
	facts_add(o, "config", config);
	return o;
}

int xl_list_long(struct xl_call *c, const struct xen_domctl_getdomaininfo *list,
	size_t count)
{
	struct json_object *all = json_object_new_array();

	for (size_t i = 0; i < count; i++) {
		struct json_object *o = domain_json(c, &list[i]);

		if (o)
			json_object_array_add(all, o);
	}
	xl_print_json(all, 0);
	fputs("\n\n", stdout);
	json_object_put(all);
	return XL_OK;
}
