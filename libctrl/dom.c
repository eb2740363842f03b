/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding and ending guests, and UUIDs; see tenonctrl/dom.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <tenonctrl/device.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/qemu.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>

/* What a driver in dom0 gets to let go of a guest that ends. */
#define DEVICE_SECONDS 10

int dom_name(struct xs *xs, uint32_t domid, char **name)
{
	char path[64];
	size_t len;

	snprintf(path, sizeof(path), "/local/domain/%u/name", domid);
	return xs_read(xs, 0, path, name, &len);
}

static bool parse_domid(const char *text, uint32_t *domid)
{
	char *end;
	unsigned long value;

	if (*text < '0' || *text > '9')
		return false;
	value = strtoul(text, &end, 10);
	if (*end || value >= DOMID_FIRST_RESERVED)
		return false;
	*domid = (uint32_t)value;
	return true;
}

int dom_find(struct ctrl *c, struct xs *xs, const char *who, uint32_t *domid,
	struct why *why)
{
	struct xen_domctl_getdomaininfo *list, one;
	uint32_t number;
	size_t count;
	bool found = false;
	int ret;

	/* A name first: a guest may be called "7". */
	ret = sysctl_domains(c, &list, &count);
	if (ret)
		return why_set(why, ret, "cannot list the domains: %s",
			strerror(-ret));
	for (size_t i = 0; i < count && !found; i++) {
		char *name;

		if (dom_name(xs, list[i].domain, &name))
			continue;
		found = !strcmp(name, who);
		if (found)
			*domid = list[i].domain;
		free(name);
	}
	free(list);
	if (found)
		return 0;
	if (parse_domid(who, &number) && !sysctl_domain(c, number, &one)) {
		*domid = number;
		return 0;
	}
	return why_set(why, -ESRCH,
		"there is no domain '%s'; domls lists those that run", who);
}

int dom_check_free(struct ctrl *c, struct xs *xs, const char *name,
	const uint8_t uuid[16], struct why *why)
{
	struct xen_domctl_getdomaininfo *list;
	char text[DOM_UUID_TEXT];
	size_t count;
	int ret = sysctl_domains(c, &list, &count);

	if (ret)
		return why_set(why, ret, "cannot list the domains: %s",
			strerror(-ret));
	for (size_t i = 0; i < count && !ret; i++) {
		char *taken = NULL;

		if (list[i].domain == 0 && !strcmp(name, "Domain-0"))
			ret = why_set(why, -EEXIST,
				"the name 'Domain-0' belongs to dom0; choose "
				"another");
		else if (!dom_name(xs, list[i].domain, &taken) &&
			 !strcmp(taken, name))
			ret = why_set(why, -EEXIST,
				"the name '%s' is in use by domain %u; stop "
				"that one (domstop %s) or choose another",
				name, list[i].domain, name);
		else if (uuid && list[i].domain != 0 &&
			 !memcmp(list[i].handle, uuid, 16)) {
			dom_uuid_format(uuid, text);
			ret = why_set(why, -EEXIST,
				"the uuid %s is in use by domain %u; leave "
				"uuid out to get a fresh one",
				text, list[i].domain);
		}
		free(taken);
	}
	free(list);
	return ret;
}

/*
 * The drivers of dom0 let go of the guest's memory before it ends. A device
 * that stays behind is told of, and is no reason to keep the guest.
 */
static int remove_devices(struct xs *xs, uint32_t domid, struct why *why)
{
	struct device *list;
	size_t count;
	int ret = device_list(xs, domid, &list, &count);

	if (ret)
		return why_set(why, ret,
			"cannot list the devices of domain %u: %s", domid,
			strerror(-ret));
	ret = device_remove(xs, list, count, true, DEVICE_SECONDS, why);
	free(list);
	return ret;
}

int dom_destroy(struct ctrl *c, struct xs *xs, uint32_t domid, struct why *why)
{
	bool introduced = false;
	int ret, left;

	/* It must not run on without its devices. */
	(void)domctl_pause(c, domid);
	(void)qemu_stop(xs, domid);
	left = remove_devices(xs, domid, why);
	ret = domctl_destroy(c, domid);
	if (ret && ret != -ESRCH)
		return why_set(why, ret, "cannot destroy domain %u: %s", domid,
			strerror(-ret));
	/* The daemon may have noticed by itself. */
	if (!xs_is_introduced(xs, domid, &introduced) && introduced)
		(void)xs_release(xs, domid);
	ret = dom_record_remove(xs, domid);
	return ret ? why_set(why, ret,
			     "domain %u is gone but its nodes in the store "
			     "cannot be removed: %s",
			     domid, strerror(-ret))
		   : left;
}

static const struct {
	const char *name, *libxl;
} actions[DOM_ACTIONS] = {
	[DOM_DESTROY] = { "destroy", "destroy" },
	[DOM_PRESERVE] = { "preserve", "preserve" },
	[DOM_RESTART] = { "restart", "restart" },
	[DOM_RENAME_RESTART] = { "rename-restart", "rename_restart" },
	[DOM_COREDUMP_DESTROY] = { "coredump-destroy", "coredump_destroy" },
	[DOM_COREDUMP_RESTART] = { "coredump-restart", "coredump_restart" },
};

const char *dom_action_name(enum dom_action action)
{
	return actions[action].name;
}

const char *dom_action_libxl(enum dom_action action)
{
	return actions[action].libxl;
}

int dom_action_parse(const char *name, enum dom_action *action)
{
	for (size_t i = 0; i < DOM_ACTIONS; i++) {
		if (strcmp(actions[i].name, name) != 0)
			continue;
		*action = (enum dom_action)i;
		return 0;
	}
	return -EINVAL;
}

void dom_uuid_format(const uint8_t uuid[16], char text[DOM_UUID_TEXT])
{
	char *at = text;

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		at += sprintf(at, "%02x", uuid[i]);
	}
}

static int hex_digit(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	if (ch >= 'a' && ch <= 'f')
		return ch - 'a' + 10;
	if (ch >= 'A' && ch <= 'F')
		return ch - 'A' + 10;
	return -1;
}

int dom_uuid_parse(const char *text, uint8_t uuid[16])
{
	bool dashes = strlen(text) == DOM_UUID_TEXT - 1;
	uint8_t bytes[16];

	for (int i = 0; i < 16; i++) {
		int high, low;

		if (dashes && (i == 4 || i == 6 || i == 8 || i == 10) &&
			*text++ != '-')
			return -EINVAL;
		high = hex_digit(text[0]);
		low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0)
			return -EINVAL;
		bytes[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	if (*text)
		return -EINVAL;
	memcpy(uuid, bytes, sizeof(bytes));
	return 0;
}

int dom_uuid_random(uint8_t uuid[16])
{
	if (getrandom(uuid, 16, 0) != 16)
		return -EIO;
	uuid[6] = (uuid[6] & 0x0f) | 0x40;
	uuid[8] = (uuid[8] & 0x3f) | 0x80;
	return 0;
}
