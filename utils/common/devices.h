/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices as configurations and command lines name them: disks in the syntax
 * of xl-disk-configuration(5), network cards in that of
 * xl-network-configuration(5).
 */
#ifndef UTILS_DEVICES_H
#define UTILS_DEVICES_H

#include <stddef.h>
#include <tenonctrl/device.h>

struct config;
struct why;

/* Strings of a device point into `text`, a copy of what was written. */
struct disk_text {
	struct disk disk;
	char *text;
};

struct nic_text {
	struct nic nic;
	char *text;
	char rate[32];
};

struct vfb_text {
	struct vfb vfb;
	char *text;
};

struct share_text {
	struct share share;
	char *text;
};

struct devices {
	struct disk_text *disks;
	struct nic_text *nics;
	struct share_text *shares;
	struct vfb_text vfb; /* without a text: there is none */
	size_t disk_count, nic_count, share_count;
};

/*
 * Reads one disk: -EINVAL a wrong word or value, -ENOTSUP one that cannot be
 * honoured; `why` quotes it. Undo with disk_free.
 */
int disk_parse(const char *text, struct disk_text *out, struct why *why);
void disk_free(struct disk_text *disk);
/* The same for a network card; without mac= it gets a random address. */
int nic_parse(const char *text, struct nic_text *out, struct why *why);
void nic_free(struct nic_text *nic);

/* A frame buffer, and a shared folder, as vfb= and p9= have them. */
int vfb_parse(const char *text, struct vfb_text *out, struct why *why);
void vfb_free(struct vfb_text *vfb);
/* What QEMU's -vnc takes, to be freed; NULL: no memory. */
char *vfb_option(const struct vfb *vfb);
int share_parse(const char *text, struct share_text *out, struct why *why);
void share_free(struct share_text *share);
/* The folder is there; -ENOENT and the like. */
int share_check(const struct share *share, struct why *why);

/*
 * The keys disk=, vif=, vfb= and p9= of a configuration. Two disks of one name,
 * or two cards of one number, are refused. Undo with devices_free, also on
 * failure.
 */
int devices_from_config(
	struct devices *d, const struct config *config, struct why *why);
void devices_free(struct devices *d);
/* disk_check, nic_check and share_check for each. */
int devices_check(const struct devices *d, struct why *why);

/* Whether one of them needs QEMU. */
bool devices_need_qemu(const struct devices *d);
/*
 * What is to be written for the guest `domid`: disks, then cards, then what
 * QEMU alone serves. The array is the caller's to give to devices_free_specs.
 */
int devices_specs(const struct devices *d, uint32_t domid,
	struct device_spec **specs, size_t *count, struct why *why);
void devices_free_specs(struct device_spec *specs, size_t count);

#endif
