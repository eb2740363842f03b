/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hotplug: what dom0 does for a device when its back end's driver is ready.
 *
 * The standard scripts' work is done here, without a process: an image file
 * gets a loop device that vanishes with its last user, a network card its
 * place on the bridge. Any other script is run with the arguments and the
 * environment of stock tools, and must leave hotplug-status in the store.
 */
#ifndef TENONCTRL_HOTPLUG_H
#define TENONCTRL_HOTPLUG_H

struct device;
struct device_spec;
struct why;
struct xs;

#define HOTPLUG_SCRIPTS "/etc/xen/scripts"
#define HOTPLUG_BLOCK	HOTPLUG_SCRIPTS "/block"
#define HOTPLUG_BRIDGE	HOTPLUG_SCRIPTS "/vif-bridge"
#define HOTPLUG_LOG	"/var/log/xen/xen-hotplug.log"

/*
 * Plugs in a device whose back end is in state 2 (InitWait). -EBUSY: the disk
 * is in use; -ENOENT: file, device or bridge is missing; -ETIMEDOUT: the
 * script does not end; -EIO: it failed, and `why` has its last words.
 */
int hotplug_add(struct xs *xs, const struct device *d, struct why *why);
/* Undoes it after the back end has closed; best effort, but says why. */
int hotplug_remove(struct xs *xs, const struct device *d, struct why *why);

/*
 * Whether a disk that QEMU is to serve is nobody else's, before its nodes are
 * written; -EBUSY: it is, and one of the two writes. 0 for other devices:
 * hotplug_add looks at those.
 */
int hotplug_disk_check(
	struct xs *xs, const struct device_spec *spec, struct why *why);

/* For hotplug_add: the standard ways. */
int hotplug_disk_add(struct xs *xs, const struct device *d, const char *back,
	struct why *why);
int hotplug_disk_remove(struct xs *xs, const char *back);
int hotplug_net_add(struct xs *xs, const struct device *d, const char *back,
	struct why *why);
/* Whether dom0's bridges filter packets, so that a script's rule is needed. */
int hotplug_net_needs_script(void);

#endif
