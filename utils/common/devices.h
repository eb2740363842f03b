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

struct devices {
	struct disk_text *disks;
	struct nic_text *nics;
	size_t disk_count, nic_count;
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

/*
 * The keys disk= and vif= of a configuration. Two disks of one name, or two
 * cards of one number, are refused. Undo with devices_free, also on failure.
 */
int devices_from_config(
	struct devices *d, const struct config *config, struct why *why);
void devices_free(struct devices *d);
/* disk_check and nic_check for each. */
int devices_check(const struct devices *d, struct why *why);

/*
 * What is to be written for the guest `domid`: disks, then cards. The array
 * is the caller's to give to devices_free_specs.
 */
int devices_specs(const struct devices *d, uint32_t domid,
	struct device_spec **specs, size_t *count, struct why *why);
void devices_free_specs(struct device_spec *specs, size_t count);

#endif
