/* SPDX-License-Identifier: BSD-2-Clause */
/* Disks: their names, numbers and nodes; see tenonctrl/device.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/device.h>
#include <tenonctrl/hotplug.h>
#include <tenonctrl/why.h>

/* Of the numbers of xen-vbd-interface(7). */
#define MAJOR_XVD  202U
#define MAJOR_SD   8U
#define MAJOR_HD_A 3U
#define MAJOR_HD_C 22U
#define EXTENDED   (1U << 28)
#define DISKS_MAX  (1U << 20)

/* "a" to "z", "aa" and on: 0 and up, as Linux names disks. */
static const char *read_letters(const char *at, uint32_t *disk)
{
	uint32_t number = 0;

	if (*at < 'a' || *at > 'z')
		return NULL;
	for (; *at >= 'a' && *at <= 'z'; at++) {
		number = number * 26 + (uint32_t)(*at - 'a') + 1;
		if (number > DISKS_MAX)
			return NULL;
	}
	*disk = number - 1;
	return at;
}

/* A number without leading zeros; `at` must end behind it. */
static bool read_partition(const char *at, uint32_t max, uint32_t *partition)
{
	char *end;
	unsigned long number;

	*partition = 0;
	if (!*at)
		return true;
	if (*at < '1' || *at > '9')
		return false;
	number = strtoul(at, &end, 10);
	*partition = (uint32_t)number;
	return !*end && number <= max;
}

/* "d0" or "d0p1" */
static const char *read_plain(const char *at, uint32_t *disk)
{
	char *end;
	unsigned long number;

	if (*at < '0' || *at > '9')
		return NULL;
	number = strtoul(at, &end, 10);
	if (number >= DISKS_MAX)
		return NULL;
	*disk = (uint32_t)number;
	if (*end == 'p')
		return end[1] ? end + 1 : NULL;
	return end;
}

int disk_number(const char *vdev, uint32_t *number)
{
	uint32_t disk, partition;
	const char *at;

	if (*vdev == 'd' || !strncmp(vdev, "xvd", 3)) {
		at = *vdev == 'd' ? read_plain(vdev + 1, &disk)
				  : read_letters(vdev + 3, &disk);
		if (!at || !read_partition(at, 255, &partition))
			return -EINVAL;
		if (disk < 16 && partition < 16)
			*number = MAJOR_XVD << 8 | disk << 4 | partition;
		else
			*number = EXTENDED | disk << 8 | partition;
		return 0;
	}
	if (!strncmp(vdev, "hd", 2)) {
		at = read_letters(vdev + 2, &disk);
		if (!at || disk > 3 || !read_partition(at, 63, &partition))
			return -EINVAL;
		*number = (disk < 2 ? MAJOR_HD_A : MAJOR_HD_C) << 8 |
			  (disk & 1) << 6 | partition;
		return 0;
	}
	if (!strncmp(vdev, "sd", 2)) {
		at = read_letters(vdev + 2, &disk);
		if (!at || disk > 15 || !read_partition(at, 15, &partition))
			return -EINVAL;
		*number = MAJOR_SD << 8 | disk << 4 | partition;
		return 0;
	}
	return -EINVAL;
}

/* A program is told the format, and dom0's kernel is by a script. */
static bool put_target(struct device_nodes *back, const struct disk *disk)
{
	if (disk->by_qemu)
		return device_put(back, "params", "%s:%s",
			disk->format == DISK_RAW
				? "aio"
				: disk_format_name(disk->format),
			disk->target);
	return device_put(back, "params", "%s", disk->target) &&
	       device_put(back, "script", "%s",
		       disk->script ? disk->script : HOTPLUG_BLOCK);
}

int disk_spec(const struct disk *disk, uint32_t domid, struct device_spec *spec,
	struct why *why)
{
	const char *type = disk->is_cdrom ? "cdrom" : "disk";
	struct device_nodes *back, *front;
	uint32_t number;

	if (disk_number(disk->vdev, &number))
		return why_set(why, -EINVAL,
			"'%s' is no name of a disk; take xvda, xvdb, ...",
			disk->vdev);
	memset(spec, 0, sizeof(*spec));
	spec->device.class = DEVICE_VBD;
	spec->device.domid = domid;
	spec->device.id = number;
	spec->device.by_qemu = disk->by_qemu;
	back = &spec->back;
	front = &spec->front;
	if (put_target(back, disk) &&
		device_put(back, "removable", "%d", disk->is_cdrom) &&
		device_put(back, "bootable", "1") &&
		device_put(back, "dev", "%s", disk->vdev) &&
		device_put(back, "type", disk->by_qemu ? "qdisk" : "phy") &&
		device_put(back, "mode", "%s",
			!disk->is_writable ? "r"
			: disk->is_shared  ? "w!"
					   : "w") &&
		device_put(back, "device-type", "%s", type) &&
		device_put(back, "discard-enable", "%d",
			disk->is_writable && !disk->no_discard) &&
		device_put(back, "specification", "xen") &&
		device_put(front, "virtual-device", "%u", number) &&
		device_put(front, "device-type", "%s", type) &&
		device_put(front, "protocol", "x86_64-abi") &&
		device_put(front, "trusted", "1"))
		return 0;
	device_spec_free(spec);
	return why_set(why, -ENOMEM, "out of memory");
}
