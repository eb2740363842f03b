/* SPDX-License-Identifier: BSD-2-Clause */
/* xl: disks and network cards; see xl.h. domdev adds and removes them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/device.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "common/args.h"
#include "xl.h"

/* A number below the device's place in the store; -1: none. */
static int read_number(struct xl_call *c, const char *place, const char *name)
{
	char path[DEVICE_PATH_MAX + 32];
	uint64_t value;

	snprintf(path, sizeof(path), "%s/%s", place, name);
	return xs_read_u64(c->session.xs, 0, path, &value) || value > 0x7fffffff
		       ? -1
		       : (int)value;
}

static void print_net(struct xl_call *c, const struct device *d)
{
	char front[DEVICE_PATH_MAX], back[DEVICE_PATH_MAX];
	char path[DEVICE_PATH_MAX + 8], *mac;
	size_t len;

	device_front_path(d, front);
	device_back_path(d, back);
	snprintf(path, sizeof(path), "%s/mac", back);
	if (xs_read(c->session.xs, 0, path, &mac, &len))
		mac = NULL;
	printf("%-3u %-2u %-17s %5d %5d %6d %5d/%-11d %-30s\n", d->id,
		d->backend_domid, mac ? mac : "", (int)d->id,
		read_number(c, front, "state"),
		read_number(c, front, "event-channel"),
		read_number(c, front, "tx-ring-ref"),
		read_number(c, front, "rx-ring-ref"), back);
	free(mac);
}

static void print_disk(struct xl_call *c, const struct device *d)
{
	char front[DEVICE_PATH_MAX], back[DEVICE_PATH_MAX];

	device_front_path(d, front);
	device_back_path(d, back);
	printf("%-5u %-3u %-6u %-5d %-6d %-8d %-30s\n", d->id, d->backend_domid,
		d->domid, read_number(c, front, "state"),
		read_number(c, front, "event-channel"),
		read_number(c, front, "ring-ref"), back);
}

static void print_devices(
	struct xl_call *c, uint32_t domid, enum device_class class)
{
	struct device *list;
	size_t count;

	if (device_list(c->session.xs, domid, &list, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		if (list[i].class != class)
			continue;
		if (class == DEVICE_VIF)
			print_net(c, &list[i]);
		else
			print_disk(c, &list[i]);
	}
	free(list);
}

int xl_network_list(struct xl_call *c)
{
	uint32_t domid;

	if (xl_plain(c) == XL_STOP)
		return c->status;
	puts("Idx BE Mac Addr.         handle state evt-ch   "
	     "tx-/rx-ring-ref BE-path                       ");
	for (int i = optind; i < c->argc; i++) {
		if (!xl_domain(c, c->argv[i], &domid))
			return XL_FAILED;
		print_devices(c, domid, DEVICE_VIF);
	}
	return XL_OK;
}

/* Stock goes on after a domain that is none, and takes that for no failure. */
int xl_block_list(struct xl_call *c)
{
	struct why why;
	uint32_t domid;

	if (xl_plain(c) == XL_STOP)
		return c->status;
	puts("Vdev  BE  handle state evt-ch ring-ref BE-path                "
	     "       ");
	for (int i = optind; i < c->argc; i++) {
		if (dom_find(c->session.ctrl, c->session.xs, c->argv[i], &domid,
			    &why))
			xl_fail("%s is an invalid domain identifier",
				c->argv[i]);
		else
			print_devices(c, domid, DEVICE_VBD);
	}
	return XL_OK;
}

/* The words from `at` on as one, joined by commas. */
static char *join(struct xl_call *c, int at)
{
	size_t size = 1;
	char *text;

	for (int i = at; i < c->argc; i++)
		size += strlen(c->argv[i]) + 1;
	text = calloc(1, size);
	for (int i = at; text && i < c->argc; i++) {
		if (i > at)
			strcat(text, ",");
		strcat(text, c->argv[i]);
	}
	return text;
}

static int attach(struct xl_call *c, const char *kind)
{
	char id[16], *spec;
	uint32_t domid;
	int ret;

	if (xl_plain(c) == XL_STOP)
		return c->status;
	if (!xl_domain(c, c->argv[optind], &domid))
		return XL_FAILED;
	spec = join(c, optind + 1);
	if (!spec)
		return xl_fail("out of memory");
	snprintf(id, sizeof(id), "%u", domid);
	ret = xl_become("domdev",
		(char *const[]){ (char *)"domdev", (char *)"add", id,
			(char *)kind, *spec ? spec : NULL, NULL },
		true);
	free(spec);
	return ret;
}

int xl_network_attach(struct xl_call *c)
{
	return attach(c, "net");
}

int xl_block_attach(struct xl_call *c)
{
	return attach(c, "disk");
}

/* The name by which domdev knows a device of the class; its number, its
 * address or its disk's name given. */
static bool find_device(struct xl_call *c, uint32_t domid,
	enum device_class class, const char *who, struct device *out)
{
	unsigned long long number = ~0ULL;
	struct device *list;
	bool found = false;
	uint32_t vdev = 0;
	size_t count;

	if (!args_number(who, 0, UINT32_MAX, &number) && class == DEVICE_VBD &&
		!disk_number(who, &vdev))
		number = vdev;
	if (device_list(c->session.xs, domid, &list, &count))
		return false;
	for (size_t i = 0; i < count && !found; i++) {
		char back[DEVICE_PATH_MAX], path[DEVICE_PATH_MAX + 8], *mac;
		size_t len;

		if (list[i].class != class)
			continue;
		found = list[i].id == number;
		device_back_path(&list[i], back);
		snprintf(path, sizeof(path), "%s/mac", back);
		if (!found && !xs_read(c->session.xs, 0, path, &mac, &len)) {
			found = !strcasecmp(mac, who);
			free(mac);
		}
		*out = list[i];
	}
	free(list);
	return found;
}

static int detach(struct xl_call *c, enum device_class class)
{
	static const struct option longs[] = {
		{ "force", 0, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	const char *force = NULL;
	char guest[16], name[32], path[DEVICE_PATH_MAX + 8], *dev;
	struct device device;
	uint32_t domid;
	size_t len;
	int id;

	while ((id = xl_next(c, "f", longs)) >= 0)
		force = "-f";
	if (id == XL_STOP)
		return c->status;
	if (!xl_domain(c, c->argv[optind], &domid))
		return XL_FAILED;
	if (!find_device(c, domid, class, c->argv[optind + 1], &device))
		return xl_fail(
			"Error: Device %s not connected.", c->argv[optind + 1]);
	snprintf(guest, sizeof(guest), "%u", domid);
	if (class == DEVICE_VIF) {
		snprintf(name, sizeof(name), "vif%u", device.id);
	} else {
		device_back_path(&device, path);
		strcat(path, "/dev");
		if (xs_read(c->session.xs, 0, path, &dev, &len))
			return xl_fail("Error: Device %s not connected.",
				c->argv[optind + 1]);
		snprintf(name, sizeof(name), "%s", dev);
		free(dev);
	}
	return xl_become("domdev",
		(char *const[]){ (char *)"domdev", (char *)"rm", guest, name,
			(char *)force, NULL },
		true);
}

int xl_network_detach(struct xl_call *c)
{
	return detach(c, DEVICE_VIF);
}

int xl_block_detach(struct xl_call *c)
{
	return detach(c, DEVICE_VBD);
}

int xl_cd_insert(struct xl_call *c)
{
	uint32_t domid;

	if (xl_plain(c) == XL_STOP)
		return c->status;
	if (!xl_domain(c, c->argv[optind], &domid))
		return XL_FAILED;
	return xl_fail("domain %u is a PV guest: its disks are changed by "
		       "block-detach and block-attach",
		domid);
}
