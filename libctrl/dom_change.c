/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes of a guest's record while it lives; see tenonctrl/dom.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>

/* Both places within the transaction `tx`. */
static int write_names(
	struct xs *xs, uint32_t tx, uint32_t domid, const char *name)
{
	char path[128], *vm;
	size_t len;
	int ret;

	snprintf(path, sizeof(path), "/local/domain/%u/vm", domid);
	ret = xs_read(xs, tx, path, &vm, &len);
	if (ret)
		return ret == -ENOENT ? -ESRCH : ret;
	snprintf(path, sizeof(path), "/local/domain/%u/name", domid);
	ret = xs_printf(xs, tx, path, "%s", name);
	/* Only tools can write that node: it is believed. */
	snprintf(path, sizeof(path), "%.64s/name", vm);
	if (!ret)
		ret = xs_printf(xs, tx, path, "%s", name);
	free(vm);
	return ret;
}

int dom_rename(struct xs *xs, uint32_t domid, const char *name, struct why *why)
{
	uint32_t tx;
	int ret, end;

	do {
		ret = xs_begin(xs, &tx);
		if (ret)
			break;
		ret = write_names(xs, tx, domid, name);
		end = xs_end(xs, tx, !ret);
		ret = ret ? ret : end;
	} while (ret == -EAGAIN);
	return ret ? why_set(why, ret, "cannot rename domain %u: %s", domid,
			     ret == -ESRCH ? "it has no record in the store"
					   : strerror(-ret))
		   : 0;
}

/* Nothing is to be done with it any more. */
static int write_preserve(struct xs *xs, uint32_t tx, uint32_t domid)
{
	static const char *const events[] = { "poweroff", "reboot", "crash" };
	char path[64];
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(events) / sizeof(events[0]);
		i++) {
		snprintf(path, sizeof(path), "/libxl/%u/tenon/on_%s", domid,
			events[i]);
		ret = xs_printf(
			xs, tx, path, "%s", dom_action_name(DOM_PRESERVE));
	}
	return ret;
}

/*
 * Moves /vm/UUID: what a tool looks for there. *uuid is the domain's, or, when
 * this was interrupted before, the one that it already got in the store.
 */
static int move_vm(struct xs *xs, uint32_t tx, uint32_t domid, const char *name,
	const uint8_t old[16], uint8_t uuid[16])
{
	char at[64], text[DOM_UUID_TEXT], path[80], *vm;
	struct xs_perm perms[2] = { { 0, 'n' }, { domid, 'r' } };
	uint8_t seen[16];
	size_t len;
	int ret;

	snprintf(at, sizeof(at), "/local/domain/%u/vm", domid);
	ret = xs_read(xs, tx, at, &vm, &len);
	if (ret)
		return ret;
	ret = len > 4 ? dom_uuid_parse(vm + 4, seen) : -EINVAL;
	if (!ret && memcmp(seen, old, 16) != 0) {
		memcpy(uuid, seen, 16);
		free(vm);
		return 0;
	}
	dom_uuid_format(uuid, text);
	snprintf(path, sizeof(path), "/vm/%s/name", text);
	if (!ret)
		ret = xs_printf(xs, tx, path, "%s", name);
	snprintf(path, sizeof(path), "/vm/%s/uuid", text);
	if (!ret)
		ret = xs_printf(xs, tx, path, "%s", text);
	snprintf(path, sizeof(path), "/vm/%s", text);
	if (!ret)
		ret = xs_set_perms(xs, tx, path, perms, 2);
	if (!ret)
		ret = xs_printf(xs, tx, at, "%s", path);
	if (!ret)
		ret = xs_rm(xs, tx, vm);
	free(vm);
	return ret;
}

int dom_set_aside(struct ctrl *c, struct xs *xs, uint32_t domid,
	const char *name, struct why *why)
{
	struct xen_domctl_getdomaininfo info;
	uint8_t uuid[16];
	uint32_t tx;
	int ret = sysctl_domain(c, domid, &info), end;

	if (!ret)
		ret = dom_uuid_random(uuid);
	while (!ret) {
		ret = xs_begin(xs, &tx);
		if (ret)
			break;
		ret = write_names(xs, tx, domid, name);
		if (!ret)
			ret = write_preserve(xs, tx, domid);
		if (!ret)
			ret = move_vm(xs, tx, domid, name, info.handle, uuid);
		end = xs_end(xs, tx, !ret);
		ret = ret ? ret : end;
		if (ret != -EAGAIN)
			break;
		ret = 0;
	}
	if (!ret) {
		dom_userdata_move(domid, info.handle, uuid);
		ret = domctl_set_handle(c, domid, uuid);
	}
	return ret ? why_set(why, ret, "cannot set domain %u aside: %s", domid,
			     strerror(-ret))
		   : 0;
}
