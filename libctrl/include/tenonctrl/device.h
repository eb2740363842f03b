/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paravirtual devices: their nodes in the store, and the states that both
 * ends go through (public xenbus protocol: enum xenbus_state of io/xenbus.h).
 *
 *   /local/domain/GUEST/device/CLASS/ID            the front end, the guest's
 *   /local/domain/BACK/backend/CLASS/GUEST/ID      the back end
 *   /libxl/GUEST/device/CLASS/ID                   the tools' own record
 *
 * Of a device only the last two are believed: no guest can write there. A
 * device comes up in three steps: its nodes are written, the back end's
 * driver answers by state 2, and hotplug (tenonctrl/hotplug.h) gives it what
 * it serves: a block device, a place on a bridge.
 */
#ifndef TENONCTRL_DEVICE_H
#define TENONCTRL_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

struct why;
struct xs;

enum device_class {
	DEVICE_VBD,
	DEVICE_VIF,
	/* These by QEMU alone. */
	DEVICE_VFB,
	DEVICE_VKBD,
	DEVICE_9PFS,
	DEVICE_CLASSES
};

struct device {
	enum device_class class;
	uint32_t domid, backend_domid;
	uint32_t id;  /* a disk's number, a network card's index */
	bool by_qemu; /* its back end is a program: tenonctrl/qemu.h */
};

#define DEVICE_NODES_MAX 16
#define DEVICE_PATH_MAX	 128

/* Nodes beside those that all devices have; the values are allocated. */
struct device_nodes {
	size_t count;
	struct {
		const char *name;
		char *value;
	} at[DEVICE_NODES_MAX];
};

/* A device that is to be made. */
struct device_spec {
	struct device device;
	struct device_nodes front, back;
};

/* As in paths of front ends: "vbd", "vif". */
const char *device_class_name(enum device_class class);

/* Adds a node; false when memory is out or the table is full. */
bool device_put(struct device_nodes *nodes, const char *name, const char *fmt,
	...) __attribute__((format(printf, 3, 4)));
void device_spec_free(struct device_spec *spec);

/* The three places, without a '/' at their ends. */
void device_front_path(const struct device *d, char path[DEVICE_PATH_MAX]);
void device_back_path(const struct device *d, char path[DEVICE_PATH_MAX]);
void device_record_path(const struct device *d, char path[DEVICE_PATH_MAX]);

/* Writes all nodes within the transaction `tx`; an error of the store. */
int device_write(struct xs *xs, uint32_t tx, const struct device_spec *spec);

/*
 * Waits until the back ends of `count` devices have answered, and plugs each
 * in. -ETIMEDOUT: a driver does not answer; -ENODEV: there is none; others
 * from hotplug_add. `why` names the device, and has the driver's own words if
 * it left any. What is half done stays: device_remove undoes it.
 */
int device_connect(struct xs *xs, const struct device_spec *specs, size_t count,
	unsigned int seconds, struct why *why);

/*
 * All devices of the guest that the tools have on record, consoles apart; the
 * list is the caller's to free().
 */
int device_list(
	struct xs *xs, uint32_t domid, struct device **list, size_t *count);

/*
 * Takes devices away. With `force` the front ends are not asked (their guest
 * is gone or paused); else the guest is asked to let go, and -EBUSY says that
 * it has not within `seconds`, and then nothing is changed for that device but
 * the request stands. With `force` whatever does not end in time is removed
 * nonetheless, and the first such error is returned at the end.
 */
int device_remove(struct xs *xs, const struct device *list, size_t count,
	bool force, unsigned int seconds, struct why *why);

/* Formats of images: but for raw, QEMU reads them. */
enum disk_format { DISK_RAW, DISK_QCOW, DISK_QCOW2, DISK_VHD, DISK_FORMATS };

/* A disk. Strings are the caller's. */
struct disk {
	const char *target; /* absolute path of a block device or an image */
	const char *vdev;   /* "xvda", "hda", "sda1", "d0p1" */
	const char *script; /* a path; NULL: the standard one */
	bool is_writable, is_cdrom, is_shared, no_discard;
	enum disk_format format; /* as it was stated: nobody guesses */
	bool by_qemu;		 /* also what dom0's kernel could serve */
};

/* "qcow2" */
const char *disk_format_name(enum disk_format format);
/* -EINVAL: it is none. */
int disk_format_parse(const char *name, enum disk_format *format);
#define DISK_SECTOR 512
/*
 * Whether an image is of its format and has all its contents itself, from its
 * first and last sector. -EINVAL: another format; -EPERM: it refers to another
 * file; -ENOTSUP: it is encrypted. Pure.
 */
int disk_format_check(enum disk_format format, const uint8_t first[DISK_SECTOR],
	const uint8_t last[DISK_SECTOR], const char *path, struct why *why);

/* A disk's number from its name, by the rules of the public
 * xen-vbd-interface(7); -EINVAL. */
int disk_number(const char *vdev, uint32_t *number);
/*
 * What can be known before the guest is there: -ENOENT and the like, the target
 * cannot be opened; -EINVAL: it is neither file nor block device. A disk of a
 * script of its own always passes.
 */
int disk_check(const struct disk *disk, struct why *why);
/* -EINVAL: the name is none; -ENOMEM. */
int disk_spec(const struct disk *disk, uint32_t domid, struct device_spec *spec,
	struct why *why);

/* A network card. Strings are the caller's. */
struct nic {
	uint8_t mac[6];
	const char *bridge; /* NULL: none, for a script that needs none */
	const char *script, *ip, *gateway, *vifname; /* NULL: not given */
	const char *rate; /* "bytes,microseconds"; NULL: without a limit */
	uint32_t id;
	uint32_t mtu; /* 0: the bridge's */
};

#define NIC_MAC_TEXT 18 /* bytes of an address as text, NUL included */

/* "00:16:3e:01:02:03" */
void nic_mac_format(const uint8_t mac[6], char text[NIC_MAC_TEXT]);
/* A random address of the range 00:16:3e. -EIO. */
int nic_random_mac(uint8_t mac[6]);
/* The same: -ENOENT, there is no such bridge. */
int nic_check(const struct nic *nic, struct why *why);
int nic_spec(const struct nic *nic, uint32_t domid, struct device_spec *spec,
	struct why *why);

/* A frame buffer, shown by VNC or not at all. */
struct vfb {
	const char *listen; /* an address of dom0 */
	uint32_t display;   /* port 5900 and up */
	bool has_vnc;
	bool is_unused; /* the first free display from that one on */
};

/* A folder of dom0 for a guest. Strings are the caller's. */
struct share {
	const char *tag, *path, *model; /* as QEMU's security_model */
	uint32_t id;
};

/* -ENOMEM. */
int vfb_spec(const struct vfb *vfb, uint32_t domid, struct device_spec *spec,
	struct why *why);
/* The keyboard and pointer that go with a frame buffer. */
int vkbd_spec(uint32_t domid, struct device_spec *spec, struct why *why);
int share_spec(const struct share *share, uint32_t domid,
	struct device_spec *spec, struct why *why);

#endif
