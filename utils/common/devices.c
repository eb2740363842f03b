/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices of a configuration as lists; see devices.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/why.h>
#include "config.h"
#include "devices.h"

/* The list of strings that a key holds; none when it is not set. */
static int get_list(const struct config *config, const char *key,
	const struct config_value **list, struct why *why)
{
	const struct config_setting *s = config_find(config, key);

	*list = NULL;
	if (!s)
		return 0;
	if (s->value.type != CONFIG_LIST)
		return why_set(why, -EINVAL,
			"%s:%u: %s must be a list: %s = [ '...' ]", s->source,
			s->line, key, key);
	for (size_t i = 0; i < s->value.count; i++) {
		if (s->value.items[i].type == CONFIG_LIST)
			return why_set(why, -EINVAL,
				"%s:%u: %s must be a list of strings",
				s->source, s->line, key);
	}
	*list = &s->value;
	return 0;
}

/* What dom0's kernel serves is looked at when it is plugged in. */
static bool is_apart(const struct disk *a, const struct disk *b)
{
	return !(a->by_qemu || b->by_qemu) || strcmp(a->target, b->target) ||
	       !(a->is_writable || b->is_writable) ||
	       (a->is_shared && b->is_shared);
}

static int add_disk(struct devices *d, const char *text, struct why *why)
{
	struct disk_text *disk = &d->disks[d->disk_count];
	int ret = disk_parse(text, disk, why);

	if (ret)
		return ret;
	d->disk_count++;
	for (size_t i = 0; i + 1 < d->disk_count; i++) {
		if (!strcmp(d->disks[i].disk.vdev, disk->disk.vdev))
			return why_set(why, -EINVAL,
				"two disks are called %s; give each its own "
				"name",
				disk->disk.vdev);
		if (!is_apart(&d->disks[i].disk, &disk->disk))
			return why_set(why, -EINVAL,
				"%s is two disks of the guest, by QEMU, and "
				"one of them writes",
				disk->disk.target);
	}
	return 0;
}

/* A card without a number of its own gets its place in the list. */
static int add_nic(struct devices *d, const char *text, struct why *why)
{
	struct nic_text *nic = &d->nics[d->nic_count];
	int ret;

	nic->nic.id = (uint32_t)d->nic_count;
	ret = nic_parse(text, nic, why);
	if (ret)
		return ret;
	d->nic_count++;
	for (size_t i = 0; i + 1 < d->nic_count; i++) {
		if (d->nics[i].nic.id == nic->nic.id)
			return why_set(why, -EINVAL,
				"two network cards have the number %u; change "
				"devid=",
				nic->nic.id);
	}
	return 0;
}

static int add_share(struct devices *d, const char *text, struct why *why)
{
	struct share_text *share = &d->shares[d->share_count];
	int ret;

	share->share.id = (uint32_t)d->share_count;
	ret = share_parse(text, share, why);
	d->share_count += !ret;
	return ret;
}

/* What QEMU alone serves. */
static int get_others(
	struct devices *d, const struct config *config, struct why *why)
{
	const struct config_value *vfbs, *shares;
	int ret = get_list(config, "vfb", &vfbs, why);

	if (!ret)
		ret = get_list(config, "p9", &shares, why);
	if (ret)
		return ret;
	if (vfbs && vfbs->count > 1)
		return why_set(why, -ENOTSUP,
			"vfb has %zu frame buffers; a guest has one at most",
			vfbs->count);
	if (vfbs && vfbs->count)
		ret = vfb_parse(vfbs->items[0].string, &d->vfb, why);
	if (shares && shares->count)
		d->shares = calloc(shares->count, sizeof(*d->shares));
	if (shares && shares->count && !d->shares)
		return why_set(why, -ENOMEM, "out of memory");
	for (size_t i = 0; shares && i < shares->count && !ret; i++)
		ret = add_share(d, shares->items[i].string, why);
	return ret;
}

int devices_from_config(
	struct devices *d, const struct config *config, struct why *why)
{
	const struct config_value *disks, *nics;
	int ret = get_list(config, "disk", &disks, why);

	memset(d, 0, sizeof(*d));
	if (!ret)
		ret = get_list(config, "vif", &nics, why);
	if (!ret)
		ret = get_others(d, config, why);
	if (ret)
		return ret;
	if (disks && disks->count)
		d->disks = calloc(disks->count, sizeof(*d->disks));
	if (nics && nics->count)
		d->nics = calloc(nics->count, sizeof(*d->nics));
	if ((disks && disks->count && !d->disks) ||
		(nics && nics->count && !d->nics))
		return why_set(why, -ENOMEM, "out of memory");
	for (size_t i = 0; disks && i < disks->count && !ret; i++)
		ret = add_disk(d, disks->items[i].string, why);
	for (size_t i = 0; nics && i < nics->count && !ret; i++)
		ret = add_nic(d, nics->items[i].string, why);
	return ret;
}

void devices_free(struct devices *d)
{
	while (d->disk_count)
		disk_free(&d->disks[--d->disk_count]);
	while (d->nic_count)
		nic_free(&d->nics[--d->nic_count]);
	while (d->share_count)
		share_free(&d->shares[--d->share_count]);
	vfb_free(&d->vfb);
	free(d->disks);
	free(d->nics);
	free(d->shares);
	memset(d, 0, sizeof(*d));
}

int devices_check(const struct devices *d, struct why *why)
{
	int ret = 0;

	for (size_t i = 0; i < d->disk_count && !ret; i++)
		ret = disk_check(&d->disks[i].disk, why);
	for (size_t i = 0; i < d->nic_count && !ret; i++)
		ret = nic_check(&d->nics[i].nic, why);
	for (size_t i = 0; i < d->share_count && !ret; i++)
		ret = share_check(&d->shares[i].share, why);
	return ret;
}

bool devices_need_qemu(const struct devices *d)
{
	bool need = d->vfb.text || d->share_count;

	for (size_t i = 0; i < d->disk_count; i++)
		need |= d->disks[i].disk.by_qemu;
	return need;
}

int devices_specs(const struct devices *d, uint32_t domid,
	struct device_spec **specs, size_t *count, struct why *why)
{
	/* A frame buffer has a keyboard. */
	size_t want = d->disk_count + d->nic_count + d->share_count + 2;
	size_t made = 0;
	struct device_spec *list = calloc(want, sizeof(*list));
	int ret = 0;

	if (!list)
		return why_set(why, -ENOMEM, "out of memory");
	for (size_t i = 0; i < d->disk_count && !ret; i++) {
		ret = disk_spec(&d->disks[i].disk, domid, &list[made], why);
		made += !ret;
	}
	for (size_t i = 0; i < d->nic_count && !ret; i++) {
		ret = nic_spec(&d->nics[i].nic, domid, &list[made], why);
		made += !ret;
	}
	for (size_t i = 0; i < d->share_count && !ret; i++) {
		ret = share_spec(&d->shares[i].share, domid, &list[made], why);
		made += !ret;
	}
	if (d->vfb.text && !ret) {
		ret = vfb_spec(&d->vfb.vfb, domid, &list[made], why);
		made += !ret;
	}
	if (d->vfb.text && !ret) {
		ret = vkbd_spec(domid, &list[made], why);
		made += !ret;
	}
	if (ret) {
		devices_free_specs(list, made);
		return ret;
	}
	*specs = list;
	*count = made;
	return 0;
}

void devices_free_specs(struct device_spec *specs, size_t count)
{
	while (count)
		device_spec_free(&specs[--count]);
	free(specs);
}
