/* SPDX-License-Identifier: BSD-2-Clause */
/* Which way a device is plugged in; see tenonctrl/hotplug.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/device.h>
#include <tenonctrl/hotplug.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "hotplug_private.h"
#include "hotplug_script.h"

char *hotplug_read(struct xs *xs, const char *base, const char *name)
{
	char path[DEVICE_PATH_MAX + 32], *value;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", base, name);
	return xs_read(xs, 0, path, &value, &len) ? NULL : value;
}

/* Whether the device's script is a standard one that is not needed. */
static bool is_built_in(const struct device *d, const char *script)
{
	if (d->class == DEVICE_VBD)
		return !strcmp(script, HOTPLUG_BLOCK);
	return !strcmp(script, HOTPLUG_BRIDGE) && !hotplug_net_needs_script();
}

int hotplug_add(struct xs *xs, const struct device *d, struct why *why)
{
	char back[DEVICE_PATH_MAX], *script;
	int ret;

	device_back_path(d, back);
	script = hotplug_read(xs, back, "script");
	if (!script)
		return why_set(why, -ENOENT,
			"%s %u of domain %u names no script in the store",
			device_class_name(d->class), d->id, d->domid);
	if (!is_built_in(d, script))
		ret = hotplug_script_add(xs, d, back, script, why);
	else if (d->class == DEVICE_VBD)
		ret = hotplug_disk_add(xs, d, back, why);
	else
		ret = hotplug_net_add(xs, d, back, why);
	free(script);
	return ret;
}

/*
 * Whether the script may have something to undo. Of a card of another tool
 * nobody can say once netback has closed and taken the status away.
 */
static bool was_begun(struct xs *xs, const struct device *d, const char *back)
{
	int begun = hotplug_script_begun(xs, d);
	char *status;

	if (begun >= 0)
		return begun;
	status = hotplug_read(xs, back, "hotplug-status");
	begun = status ? *status : d->class == DEVICE_VIF;
	free(status);
	return begun;
}

static int remove_disk(struct xs *xs, const struct device *d, const char *back,
	struct why *why)
{
	int ret = hotplug_disk_remove(xs, back);

	return ret ? why_set(why, ret,
			     "the loop device of vbd %u of domain %u stays: %s",
			     d->id, d->domid, strerror(-ret))
		   : 0;
}

int hotplug_remove(struct xs *xs, const struct device *d, struct why *why)
{
	char back[DEVICE_PATH_MAX], *script;
	int ret = 0;

	device_back_path(d, back);
	script = hotplug_read(xs, back, "script");
	if (!script)
		return 0;
	if (!is_built_in(d, script)) {
		if (was_begun(xs, d, back))
			ret = hotplug_script_remove(xs, d, back, script, why);
	} else if (d->class == DEVICE_VBD) {
		ret = remove_disk(xs, d, back, why);
	}
	free(script);
	return ret;
}
