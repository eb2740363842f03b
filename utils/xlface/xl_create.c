/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xl create: domcreate makes the guest; a dry run prints what stock xl would
 * have made of the configuration; see xl.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include "common/config.h"
#include "common/facts.h"
#include "common/guest.h"
#include "common/kept.h"
#include "common/make.h"
#include "common/saved.h"
#include "xl.h"

/* What stock returns where a file cannot be read, and where none is given. */
enum { NO_CONFIG = 6, NO_GUEST = 3 };

struct wish {
	bool quiet, paused, console, dry;
	const char *file; /* NULL: settings alone */
	int first;	  /* operand that is a setting */
};

static void empty(struct json_object *o, const char *key)
{
	facts_add(o, key, json_object_new_object());
}

static struct json_object *build_info(
	const struct guest *g, const struct config *config)
{
	struct json_object *o = json_object_new_object(), *list;

	if (config_find(config, "vcpus") || config_find(config, "maxvcpus")) {
		facts_number(o, "max_vcpus", g->maxvcpus);
		list = facts_list(o, "avail_vcpus");
		for (uint32_t i = 0; i < g->vcpus; i++)
			json_object_array_add(list, json_object_new_int64(i));
	}
	facts_number(o, "max_memkb", g->maxmem_mib << 10);
	facts_number(o, "target_memkb", g->memory_mib << 10);
	empty(o, "sched_params");
	facts_text(o, "claim_mode", "True");
	if (g->bootloader)
		facts_text(o, "bootloader", g->bootloader);
	if (g->kernel)
		facts_text(o, "kernel", g->kernel);
	if (*g->cmdline)
		facts_text(o, "cmdline", g->cmdline);
	if (g->ramdisk)
		facts_text(o, "ramdisk", g->ramdisk);
	empty(o, "type.pv");
	empty(o, "arch_arm");
	empty(o, "arch_x86");
	return o;
}

static void add_disks(struct json_object *o, const struct devices *d)
{
	struct json_object *list =
		d->disk_count ? facts_list(o, "disks") : NULL;

	for (size_t i = 0; i < d->disk_count; i++) {
		const struct disk *disk = &d->disks[i].disk;
		struct json_object *one = json_object_new_object();

		facts_text(one, "pdev_path", disk->target);
		facts_text(one, "vdev", disk->vdev);
		facts_text(one, "format", disk_format_name(disk->format));
		if (disk->script)
			facts_text(one, "script", disk->script);
		if (disk->is_cdrom)
			facts_number(one, "is_cdrom", 1);
		facts_number(one, "readwrite", disk->is_writable);
		json_object_array_add(list, one);
	}
}

static void add_nics(struct json_object *o, const struct devices *d)
{
	struct json_object *list = d->nic_count ? facts_list(o, "nics") : NULL;

	for (size_t i = 0; i < d->nic_count; i++) {
		const struct nic *nic = &d->nics[i].nic;
		struct json_object *one = json_object_new_object();
		char mac[NIC_MAC_TEXT];

		nic_mac_format(nic->mac, mac);
		facts_number(one, "devid", nic->id);
		facts_text(one, "mac", mac);
		if (nic->ip)
			facts_text(one, "ip", nic->ip);
		if (nic->bridge)
			facts_text(one, "bridge", nic->bridge);
		if (nic->vifname)
			facts_text(one, "ifname", nic->vifname);
		if (nic->script)
			facts_text(one, "script", nic->script);
		json_object_array_add(list, one);
	}
}

/* The default is not written. */
static void add_action(
	struct json_object *o, const char *key, enum dom_action action)
{
	if (action != DOM_DESTROY)
		facts_text(o, key, dom_action_libxl(action));
}

static void print_guest(const struct guest *g, const struct config *config)
{
	struct json_object *o = json_object_new_object();
	struct json_object *info = json_object_new_object();
	char uuid[DOM_UUID_TEXT];

	dom_uuid_format(g->uuid, uuid);
	facts_text(info, "type", "pv");
	facts_text(info, "name", g->name);
	facts_text(info, "uuid", uuid);
	facts_text(info, "run_hotplug_scripts", "True");
	facts_add(o, "c_info", info);
	facts_add(o, "b_info", build_info(g, config));
	add_disks(o, &g->devices);
	add_nics(o, &g->devices);
	add_action(o, "on_poweroff", g->on_poweroff);
	add_action(o, "on_reboot", g->on_reboot);
	add_action(o, "on_crash", g->on_crash);
	facts_text(o, "on_soft_reset", "soft_reset");
	xl_print_json(o, 0);
	putchar('\n');
	json_object_put(o);
}

static void warn(const char *text)
{
	fprintf(stderr, "WARNING: %s\n", text);
}

static int dry_run(struct xl_call *c, const struct wish *wish)
{
	struct config config = { 0 };
	struct guest guest = { 0 };
	struct why why;
	int ret = wish->file ? config_read(&config, wish->file, &why) : 0;

	for (int i = wish->first; !ret && i < c->argc; i++)
		ret = config_word(&config, c->argv[i], &why);
	if (!ret)
		ret = guest_from_config(&guest, &config, warn, &why);
	if (!ret)
		print_guest(&guest, &config);
	else
		xl_fail("%s", why.text);
	guest_free(&guest);
	config_free(&config);
	return ret ? NO_GUEST : XL_OK;
}

static int make(struct xl_call *c, const struct wish *wish)
{
	char **argv = calloc((size_t)c->argc + 5, sizeof(*argv));
	int count = 0;

	if (!argv)
		return xl_fail("out of memory");
	argv[count++] = (char *)"domcreate";
	if (wish->paused)
		argv[count++] = (char *)"-p";
	if (wish->console)
		argv[count++] = (char *)"-c";
	argv[count++] = (char *)"--";
	if (wish->file)
		argv[count++] = (char *)wish->file;
	for (int i = wish->first; i < c->argc; i++)
		argv[count++] = c->argv[i];
	return xl_become(argv[0], argv, !wish->console);
}

int xl_create(struct xl_call *c)
{
	static const struct option longs[] = {
		{ "dryrun", 0, NULL, 'n' },
		{ "quiet", 0, NULL, 'q' },
		{ "defconfig", 1, NULL, 'f' },
		{ "vncviewer", 0, NULL, 'V' },
		{ "vncviewer-autopass", 0, NULL, 'A' },
		{ "ignore-global-affinity-masks", 0, NULL, 'i' },
		{ NULL, 0, NULL, 0 },
	};
	struct wish wish = { .dry = c->is_dry };
	FILE *file;
	int id;

	/* e and F keep xl beside the guest; tenon-reaper is there for all. */
	while ((id = xl_next(c, "Fnqf:pcdeVAi", longs)) >= 0) {
		wish.dry |= id == 'n';
		wish.quiet |= id == 'q';
		wish.paused |= id == 'p';
		wish.console |= id == 'c';
		if (id == 'f')
			wish.file = optarg;
	}
	if (id == XL_STOP)
		return c->status;
	wish.first = optind;
	if (!wish.file && optind < c->argc && !strchr(c->argv[optind], '='))
		wish.file = c->argv[wish.first++];
	if (!wish.file && wish.first >= c->argc) {
		xl_fail("Config file not specified and none in save file");
		return NO_CONFIG;
	}
	file = wish.file ? fopen(wish.file, "re") : NULL;
	if (wish.file && !file) {
		xl_fail("Failed to read config file: %s: %s", wish.file,
			strerror(errno));
		return NO_GUEST;
	}
	if (file)
		fclose(file);
	if (wish.file && !wish.quiet)
		fprintf(stderr, "Parsing config from %s\n", wish.file);
	return wish.dry ? dry_run(c, &wish) : make(c, &wish);
}

int xl_config_update(struct xl_call *c)
{
	struct config config = { 0 };
	struct guest guest = { 0 };
	struct why why;
	uint32_t domid;
	int ret;

	if (xl_plain(c) == XL_STOP)
		return c->status;
	if (!xl_domain(c, c->argv[optind], &domid))
		return XL_FAILED;
	if (!dom_is_ours(c->session.xs, domid))
		return xl_fail("domain %u is another tool's, which keeps its "
			       "configuration elsewhere",
			domid);
	ret = saved_other(&c->session, domid, c->argv[optind + 1],
		c->argv + optind + 2, c->argc - optind - 2, &config, &guest,
		&why);
	if (!ret)
		ret = kept_write(domid, &config, &guest, &why);
	guest_free(&guest);
	config_free(&config);
	return ret ? xl_fail("%s", why.text) : XL_OK;
}
