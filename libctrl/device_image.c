/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Images of other formats than raw: whether one is of the format that was
 * stated, and refers to no other file. Its bytes may be a guest's.
 */
#include <errno.h>
#include <string.h>
#include <tenonctrl/device.h>
#include <tenonctrl/why.h>

/* QEMU's docs/interop/qcow2.txt. */
#define QCOW_MAGIC    "QFI\xfb"
#define QCOW_VERSION  4
#define QCOW_BACKING  8
#define QCOW_CRYPT    32
#define QCOW1_CRYPT   36
#define QCOW_FEATURES 72
/* Bits of the features that a reader must know. */
#define QCOW_DATA_FILE (1U << 2)

/* Microsoft's Virtual Hard Disk Image Format Specification, 1.0. */
#define VHD_COOKIE  "conectix"
#define VHD_TYPE    60
#define VHD_FIXED   2
#define VHD_DYNAMIC 3

static const char *const names[DISK_FORMATS] = { [DISK_RAW] = "raw",
	[DISK_QCOW] = "qcow",
	[DISK_QCOW2] = "qcow2",
	[DISK_VHD] = "vhd" };

const char *disk_format_name(enum disk_format format)
{
	return names[format];
}

int disk_format_parse(const char *name, enum disk_format *format)
{
	for (int i = 0; i < DISK_FORMATS; i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		*format = (enum disk_format)i;
		return 0;
	}
	return -EINVAL;
}

static uint32_t big32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	       (uint32_t)at[2] << 8 | at[3];
}

static int check_qcow(
	const uint8_t *head, bool is_old, const char *path, struct why *why)
{
	uint32_t version = big32(head + QCOW_VERSION);
	bool fits = is_old ? version == 1 : version == 2 || version == 3;

	if (memcmp(head, QCOW_MAGIC, 4) != 0 || !fits)
		return why_set(why, -EINVAL,
			"%s is no %s image; qemu-img info says what it is",
			path, is_old ? "qcow" : "qcow2");
	if (big32(head + QCOW_BACKING) || big32(head + QCOW_BACKING + 4))
		return why_set(why, -EPERM,
			"%s takes its contents from another file, which its "
			"writer chose; join them: qemu-img convert",
			path);
	if (big32(head + (is_old ? QCOW1_CRYPT : QCOW_CRYPT)))
		return why_set(why, -ENOTSUP, "%s is encrypted", path);
	if (version == 3 && big32(head + QCOW_FEATURES + 4) & QCOW_DATA_FILE)
		return why_set(why, -EPERM,
			"%s has its contents in another file; join them: "
			"qemu-img convert",
			path);
	return 0;
}

/* At its begin stands a copy of the last sector, if it is no fixed one. */
static int check_vhd(const uint8_t *head, const uint8_t *last, const char *path,
	struct why *why)
{
	bool is_fixed = memcmp(head, VHD_COOKIE, 8) != 0;
	const uint8_t *at = is_fixed ? last : head;

	if (memcmp(at, VHD_COOKIE, 8) != 0)
		return why_set(why, -EINVAL,
			"%s is no vhd image; qemu-img info says what it is",
			path);
	if (big32(at + VHD_TYPE) == (is_fixed ? VHD_FIXED : VHD_DYNAMIC))
		return 0;
	return why_set(why, -EPERM,
		"%s is a vhd that takes its contents from another file; join "
		"them: qemu-img convert",
		path);
}

int disk_format_check(enum disk_format format, const uint8_t first[DISK_SECTOR],
	const uint8_t last[DISK_SECTOR], const char *path, struct why *why)
{
	switch (format) {
	case DISK_QCOW:
	case DISK_QCOW2:
		return check_qcow(first, format == DISK_QCOW, path, why);
	case DISK_VHD:
		return check_vhd(first, last, path, why);
	default:
		return 0;
	}
}
