/* SPDX-License-Identifier: BSD-2-Clause */
/* Makers of guests; see make.h. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <tenonctrl/device.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/domstate.h>
#include <tenonctrl/hotplug.h>
#include <tenonctrl/qemu.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "attach.h"
#include "create_lock.h"
#include "err.h"
#include "guardian.h"
#include "kept.h"
#include "make.h"

/* Event channels that a guest may have, as xl's default. */
#define PORTS_MAX 1023
/* The grant table version that a guest may choose at most. */
#define GRANT_VERSION 2
/* What the hypervisor keeps for a domain beside its memory, roughly. */
#define OVERHEAD_KIB 1024
#define TTY_SECONDS  10
/* What a driver in dom0 gets to answer for a device. */
#define DEVICE_SECONDS 20

void make_warn(const char *text)
{
	err_say("warning: %s", text);
}

static struct json_object *disks_json(const struct devices *d)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < d->disk_count; i++) {
		const struct disk *disk = &d->disks[i].disk;
		struct json_object *o = json_object_new_object();

		json_object_object_add(
			o, "target", json_object_new_string(disk->target));
		json_object_object_add(
			o, "vdev", json_object_new_string(disk->vdev));
		json_object_object_add(o, "writable",
			json_object_new_boolean(disk->is_writable));
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *nics_json(const struct devices *d)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < d->nic_count; i++) {
		const struct nic *nic = &d->nics[i].nic;
		struct json_object *o = json_object_new_object();
		char mac[NIC_MAC_TEXT];

		nic_mac_format(nic->mac, mac);
		json_object_object_add(o, "mac", json_object_new_string(mac));
		if (nic->bridge)
			json_object_object_add(o, "bridge",
				json_object_new_string(nic->bridge));
		json_object_array_add(list, o);
	}
	return list;
}

int make_print_json(const struct guest *g, uint32_t domid)
{
	struct json_object *o = json_object_new_object();
	char uuid[DOM_UUID_TEXT];

	if (!o)
		return -ENOMEM;
	dom_uuid_format(g->uuid, uuid);
	if (domid)
		json_object_object_add(
			o, "domid", json_object_new_int64(domid));
#define ADD(key, value) json_object_object_add(o, key, value)
	ADD("name", json_object_new_string(g->name));
	ADD("uuid", json_object_new_string(uuid));
	ADD("type", json_object_new_string("pv"));
	if (g->bootloader)
		ADD("bootloader", json_object_new_string(g->bootloader));
	else
		ADD("kernel", json_object_new_string(g->kernel));
	if (g->ramdisk)
		ADD("ramdisk", json_object_new_string(g->ramdisk));
	ADD("cmdline", json_object_new_string(g->cmdline));
	ADD("memory_mib", json_object_new_int64((int64_t)g->memory_mib));
	ADD("maxmem_mib", json_object_new_int64((int64_t)g->maxmem_mib));
	ADD("vcpus", json_object_new_int64(g->vcpus));
	ADD("maxvcpus", json_object_new_int64(g->maxvcpus));
	if (g->placing.pool)
		ADD("pool", json_object_new_string(g->placing.pool));
	if (g->placing.weight)
		ADD("cpu_weight", json_object_new_int64(g->placing.weight));
	if (g->placing.has_cap)
		ADD("cap", json_object_new_int64(g->placing.cap));
	ADD("disks", disks_json(&g->devices));
	ADD("nics", nics_json(&g->devices));
	ADD("on_poweroff",
		json_object_new_string(dom_action_name(g->on_poweroff)));
	ADD("on_reboot", json_object_new_string(dom_action_name(g->on_reboot)));
	ADD("on_crash", json_object_new_string(dom_action_name(g->on_crash)));
#undef ADD
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY));
	json_object_put(o);
	return 0;
}

static int check_memory(struct maker *m, struct why *why)
{
	struct xen_sysctl_physinfo info;
	uint64_t need = (m->guest.memory_mib << 10) + OVERHEAD_KIB, have;
	int ret = sysctl_physinfo(m->session.ctrl, &info);

	if (ret == -EACCES)
		return why_set(why, ret,
			"the hypervisor speaks another version of the control "
			"interface than 0x15 (that of 4.17)");
	if (ret)
		return why_set(why, ret, "cannot ask for free memory: %s",
			strerror(-ret));
	have = (info.free_pages + info.scrub_pages - info.outstanding_pages)
	       << 2;
	if (need <= have)
		return 0;
	return why_set(why, -ENOMEM,
		"too little memory: the guest takes %llu + 1 MiB, the machine "
		"has %llu MiB free of %llu MiB; give the guest less, stop "
		"another, or boot with a smaller dom0_mem=",
		(unsigned long long)m->guest.memory_mib,
		(unsigned long long)(have >> 10),
		(unsigned long long)(info.total_pages >> 8));
}

static int make_domain(struct maker *m, struct why *why)
{
	struct ctrl *c = m->session.ctrl;
	struct xen_domctl_createdomain config = {
		.max_vcpus = m->guest.maxvcpus,
		.max_evtchn_port = PORTS_MAX,
		.max_grant_frames = -1,
		.max_maptrack_frames = -1,
		.grant_opts = GRANT_VERSION,
	};
	const struct xen_domctl_tsc_info tsc = { .tsc_mode =
							 m->guest.tsc_mode };
	int ret;

	memcpy(config.handle, m->guest.uuid, sizeof(config.handle));
	ret = placing_pool(
		&m->session, &m->guest.placing, &config.cpupool_id, why);
	if (ret)
		return ret;
	ret = domctl_create(c, &config, &m->domid);
	if (ret)
		return why_set(why, ret, "the hypervisor makes no domain: %s",
			strerror(-ret));
	ret = domctl_max_vcpus(c, m->domid, m->guest.maxvcpus);
	if (ret)
		return why_set(why, ret, "cannot give domain %u %u vcpus: %s",
			m->domid, m->guest.maxvcpus, strerror(-ret));
	ret = placing_apply(&m->session, m->domid, m->guest.maxvcpus,
		&m->guest.placing, why);
	if (ret)
		return ret;
	ret = domctl_max_mem(c, m->domid, m->guest.maxmem_mib << 10);
	/* A kernel falls back to the memory that it sees. */
	if (!ret)
		ret = domctl_memory_map(c, m->domid, m->guest.maxmem_mib << 20);
	if (ret == -ENOSYS)
		ret = 0;
	if (!ret && tsc.tsc_mode)
		ret = domstate_set_tsc(c, m->domid, &tsc);
	if (!ret)
		ret = domctl_alloc_port(c, m->domid, 0, &m->record.store_port);
	if (!ret)
		ret = domctl_alloc_port(
			c, m->domid, 0, &m->record.console_port);
	return ret ? why_set(why, ret, "cannot set domain %u up: %s", m->domid,
			     strerror(-ret))
		   : 0;
}

static int write_record(struct maker *m, struct why *why)
{
	const struct guest *g = &m->guest;
	struct dom_record *r = &m->record;
	int ret;

	r->name = g->name;
	memcpy(r->uuid, g->uuid, sizeof(r->uuid));
	r->kernel = g->kernel;
	r->ramdisk = g->ramdisk;
	r->cmdline = g->cmdline;
	r->memory_kib = g->memory_mib << 10;
	r->max_kib = g->maxmem_mib << 10;
	r->vcpus = g->vcpus;
	r->max_vcpus = g->maxvcpus;
	r->on_poweroff = g->on_poweroff;
	r->on_reboot = g->on_reboot;
	r->on_crash = g->on_crash;
	ret = devices_specs(
		&g->devices, m->domid, &m->devices, &m->device_count, why);
	for (size_t i = 0; !ret && i < m->device_count; i++)
		ret = hotplug_disk_check(m->session.xs, &m->devices[i], why);
	if (ret)
		return ret;
	r->devices = m->devices;
	r->device_count = m->device_count;
	/* Only stock tools miss it. */
	if (dom_userdata_write(m->domid, r))
		make_warn("stock xl will not show this guest's configuration: "
			  "/var/lib/xen cannot be written");
	ret = kept_write(m->domid, &m->config, g, why);
	return ret ? ret : dom_record_write(m->session.xs, m->domid, r, why);
}

static int start_qemu(struct maker *m, struct why *why)
{
	const struct vfb_text *vfb = &m->guest.devices.vfb;
	char *vnc = vfb->text ? vfb_option(&vfb->vfb) : NULL;
	int ret = qemu_start(m->session.xs, m->domid, m->guest.name, vnc, why);

	free(vnc);
	return ret;
}

/* From a checked configuration to a paused guest with its record. */
static int make(struct maker *m, struct guardian *g, struct why *why)
{
	int ret = create_lock(&m->lock, why);

	/* Names and memory that the dead hold are free again. */
	guardian_sweep(&m->session);
	if (!ret)
		ret = dom_check_free(m->session.ctrl, m->session.xs,
			m->guest.name, m->guest.uuid, why);
	if (!ret)
		ret = placing_check(&m->session, &m->guest.placing, why);
	if (!ret)
		ret = check_memory(m, why);
	if (!ret)
		ret = guardian_arm(g, why);
	if (!ret)
		ret = make_domain(m, why);
	if (!ret)
		ret = m->build(m, why);
	if (!ret)
		ret = write_record(m, why);
	if (!ret && devices_need_qemu(&m->guest.devices))
		ret = start_qemu(m, why);
	if (!ret)
		ret = device_connect(m->session.xs, m->devices, m->device_count,
			DEVICE_SECONDS, why);
	return ret;
}

static int start(struct maker *m, const struct make_wish *wish, int *tty,
	struct why *why)
{
	int ret = 0;

	if (wish->console)
		ret = attach_open(
			m->session.xs, m->domid, TTY_SECONDS, tty, why);
	if (!ret && !wish->paused)
		ret = domctl_unpause(m->session.ctrl, m->domid);
	else if (!ret)
		return 0;
	else
		return ret;
	return ret ? why_set(why, ret, "cannot start domain %u: %s", m->domid,
			     strerror(-ret))
		   : 0;
}

int make_paused(struct maker *m, struct guardian *g)
{
	struct why why;
	int ret = guardian_start(g, m->guest.uuid, &why);

	if (ret) {
		err_say("%s", why.text);
		return ret;
	}
	/* Says by itself what is wrong. */
	ret = session_open(&m->session);
	if (!ret) {
		ret = make(m, g, &why);
		if (!ret && m->ready)
			ret = m->ready(m, &why);
		if (ret)
			err_say("guest '%s': %s", m->guest.name, why.text);
	}
	if (m->lock >= 0)
		close(m->lock);
	m->lock = -1;
	if (ret)
		guardian_fire(g);
	return ret;
}

int make_guest(struct maker *m, const struct make_wish *wish)
{
	struct guardian guardian;
	struct why why;
	int tty = -1, ret = make_paused(m, &guardian);

	if (ret)
		return ret;
	ret = start(m, wish, &tty, &why);
	if (ret) {
		err_say("guest '%s': %s", m->guest.name, why.text);
		guardian_fire(&guardian);
		return ret;
	}
	guardian_dismiss(&guardian);
	if (wish->json)
		ret = make_print_json(&m->guest, m->domid);
	else
		printf("domain %u is '%s'%s\n", m->domid, m->guest.name,
			wish->paused ? ", paused" : "");
	fflush(stdout);
	if (!ret && wish->console) {
		ret = attach_run(tty, &why);
		if (ret)
			err_say("%s", why.text);
	}
	return ret;
}

void make_end(struct maker *m)
{
	session_close(&m->session);
	if (m->lock >= 0)
		close(m->lock);
	devices_free_specs(m->devices, m->device_count);
	guest_free(&m->guest);
	config_free(&m->config);
}
