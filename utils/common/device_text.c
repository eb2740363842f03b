/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The syntax of one device: words with commas between them, "key=value" or, for
 * disks, by their place: target, format, name, access. A disk's target= is
 * always the last key and takes the rest, commas included.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/hotplug.h>
#include <tenonctrl/why.h>
#include "devices.h"
#include "words.h"

#define BRIDGE_DEFAULT	"xenbr0"
#define RATE_INTERVAL	50000U /* microseconds, as documented */
#define SCRIPT_PATH_MAX 256

static int bad(
	struct why *why, const char *device, const char *word, const char *what)
{
	return why_set(why, -EINVAL, "%s: '%s' %s", device, word, what);
}

/* A path as it is; a bare name is one of the standard folder. */
static const char *script_path(const char *name, char *room)
{
	if (*name == '/')
		return name;
	snprintf(room, SCRIPT_PATH_MAX, HOTPLUG_SCRIPTS "/%s", name);
	return room;
}

/* A disk being read; `place` counts the words without a key. */
struct disk_reader {
	struct disk_text *out;
	struct why *why;
	char *script; /* room for its path, behind the text */
	int place;
	bool is_phy; /* it was asked for */
	const char *original;
};

enum { PLACE_TARGET, PLACE_FORMAT, PLACE_VDEV, PLACE_ACCESS, PLACE_END };

static int set_format(struct disk_reader *r, const char *word)
{
	struct disk *disk = &r->out->disk;

	if (*word && disk_format_parse(word, &disk->format))
		return bad(r->why, r->original, word,
			"is no format; take raw, qcow2 or vhd");
	disk->by_qemu |= disk->format != DISK_RAW;
	return 0;
}

static int set_access(struct disk_reader *r, const char *word)
{
	static const char *const reads[] = { "r", "ro", NULL };
	static const char *const writes[] = { "w", "rw", "", NULL };
	static const char *const shares[] = { "w!", "rw!", "!", NULL };
	struct disk *disk = &r->out->disk;

	disk->is_shared = words_has(shares, word);
	disk->is_writable = disk->is_shared || words_has(writes, word);
	if (disk->is_writable || words_has(reads, word))
		return 0;
	return bad(r->why, r->original, word,
		"is no mode of access; take r, w or w!");
}

static bool is_vdev(const char *word)
{
	char name[32];
	uint32_t number;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, ":"), word);
	return !disk_number(name, &number);
}

/* "xvda", or in old files "hdc:cdrom" */
static int set_vdev(struct disk_reader *r, char *word)
{
	char *colon = strchr(word, ':');
	uint32_t number;

	if (colon) {
		*colon++ = '\0';
		if (!strcmp(colon, "cdrom"))
			r->out->disk.is_cdrom = true;
		else if (strcmp(colon, "disk") != 0)
			return bad(r->why, r->original, colon,
				"is no type of disk; take disk or cdrom");
	}
	if (disk_number(word, &number))
		return bad(r->why, r->original, word,
			"is no name of a disk; take xvda, xvdb, ...");
	r->out->disk.vdev = word;
	return 0;
}

/* The prefixes of old files say how, which is decided otherwise now. */
static int set_target(struct disk_reader *r, char *word)
{
	static const char *const prefixes[] = { "raw:", "phy:", "file:",
		"tap2:", "tap:", "aio:", "tapdisk:", NULL };
	bool again;

	do {
		again = false;
		for (int i = 0; prefixes[i]; i++) {
			size_t len = strlen(prefixes[i]);

			if (!strncmp(word, prefixes[i], len)) {
				word += len;
				again = true;
			}
		}
	} while (again);
	r->out->disk.target = word;
	return 0;
}

static int set_disk_key(struct disk_reader *r, const char *key, char *value)
{
	if (!strcmp(key, "format"))
		return set_format(r, value);
	if (!strcmp(key, "vdev"))
		return set_vdev(r, value);
	if (!strcmp(key, "access"))
		return set_access(r, value);
	if (!strcmp(key, "devtype")) {
		r->out->disk.is_cdrom = !strcmp(value, "cdrom");
		return r->out->disk.is_cdrom || !strcmp(value, "disk")
			       ? 0
			       : bad(r->why, r->original, value,
					 "is no type of disk; take disk or "
					 "cdrom");
	}
	if (!strcmp(key, "script")) {
		r->out->disk.script = script_path(value, r->script);
		return 0;
	}
	if (!strcmp(key, "backendtype")) {
		r->out->disk.by_qemu = !strcmp(value, "qdisk");
		r->is_phy = !strcmp(value, "phy");
		if (r->out->disk.by_qemu || r->is_phy)
			return 0;
		return why_set(r->why, -ENOTSUP,
			"the disk '%s': the back end %s is not supported; "
			"take phy or qdisk",
			r->original, value);
	}
	if (!strcmp(key, "backend")) {
		if (!strcmp(value, "0") || !strcmp(value, "Domain-0"))
			return 0;
		return why_set(r->why, -ENOTSUP,
			"the disk '%s': back ends outside dom0 are not "
			"supported",
			r->original);
	}
	return bad(r->why, r->original, key,
		"is no key of a disk; xl-disk-configuration(5) lists them");
}

/* A word without '=': a flag, or by its place. */
static int set_place(struct disk_reader *r, char *word)
{
	if (!strcmp(word, "discard") || !strcmp(word, "no-discard")) {
		r->out->disk.no_discard = *word == 'n';
		return 0;
	}
	if (!strcmp(word, "direct-io-safe"))
		return 0;
	if (!strcmp(word, "cdrom")) {
		r->out->disk.is_cdrom = true;
		return 0;
	}
	/* In old files the format is left out. */
	if (r->place == PLACE_FORMAT && is_vdev(word))
		r->place = PLACE_VDEV;
	switch (r->place++) {
	case PLACE_TARGET:
		return set_target(r, word);
	case PLACE_FORMAT:
		return set_format(r, word);
	case PLACE_VDEV:
		return set_vdev(r, word);
	case PLACE_ACCESS:
		return set_access(r, word);
	default:
		return bad(r->why, r->original, word, "is one word too many");
	}
}

static int read_disk(struct disk_reader *r, char *at)
{
	int ret = 0;

	while (!ret && at) {
		char *word, *equals, *next;

		word = at + strspn(at, " \t");
		if (!strncmp(word, "target=", 7)) {
			ret = set_target(r, words_trim(word + 7));
			break;
		}
		next = strchr(word, ',');
		if (next)
			*next++ = '\0';
		word = words_trim(word);
		equals = strchr(word, '=');
		/* A path may have a '=' in it. */
		if (equals && *word != '/' && !strchr(word, ':')) {
			*equals = '\0';
			ret = set_disk_key(
				r, words_trim(word), words_trim(equals + 1));
		} else {
			ret = set_place(r, word);
		}
		at = next;
	}
	return ret;
}

int disk_parse(const char *text, struct disk_text *out, struct why *why)
{
	struct disk_reader r = { .out = out, .why = why, .original = text };
	size_t size = strlen(text) + 1;
	int ret;

	memset(out, 0, sizeof(*out));
	out->disk.is_writable = true;
	out->text = malloc(size + SCRIPT_PATH_MAX);
	if (!out->text)
		return why_set(why, -ENOMEM, "out of memory");
	memcpy(out->text, text, size);
	r.script = out->text + size;
	ret = read_disk(&r, out->text);
	if (!ret && !out->disk.vdev)
		ret = why_set(why, -EINVAL,
			"the disk '%s' has no name; add vdev=xvda", text);
	if (!ret && (!out->disk.target || !*out->disk.target))
		ret = why_set(why, -EINVAL,
			"the disk '%s' has no target; add target=/path", text);
	if (!ret && !out->disk.script && *out->disk.target != '/')
		ret = why_set(why, -EINVAL,
			"the disk '%s': the target must be an absolute path",
			text);
	if (!ret && out->disk.format != DISK_RAW && r.is_phy)
		ret = why_set(why, -EINVAL,
			"the disk '%s': dom0's kernel reads raw images alone; "
			"take backendtype=qdisk",
			text);
	if (!ret && out->disk.by_qemu && out->disk.script)
		ret = why_set(why, -ENOTSUP,
			"the disk '%s': QEMU's disks have no script", text);
	if (out->disk.is_cdrom)
		out->disk.is_writable = false;
	/* QEMU's Xen disks open what is below the format alone read-only. */
	if (!ret && out->disk.format != DISK_RAW && !out->disk.is_writable)
		ret = why_set(why, -ENOTSUP,
			"the disk '%s': QEMU serves %s images with mode w "
			"alone; convert it: qemu-img convert -O raw",
			text, disk_format_name(out->disk.format));
	if (ret)
		disk_free(out);
	return ret;
}

void disk_free(struct disk_text *disk)
{
	free(disk->text);
	disk->text = NULL;
}

static int parse_mac(const char *text, uint8_t mac[6])
{
	unsigned int part[6];
	int end = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &part[0], &part[1],
		    &part[2], &part[3], &part[4], &part[5], &end) != 6 ||
		text[end] || (part[0] & 1))
		return -EINVAL;
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)part[i];
	return 0;
}

/* A decimal number with one of the letters of `units`, each times 1000. */
static int parse_scaled(
	const char **at, const char *units, uint64_t *number, int *power)
{
	char *end;
	const char *unit;

	if (!isdigit((unsigned char)**at))
		return -EINVAL;
	*number = strtoull(*at, &end, 10);
	if (*number > 1000000000)
		return -EINVAL;
	*power = 0;
	unit = *end ? strchr(units, *end) : NULL;
	if (unit) {
		*power = (int)(unit - units) + 1;
		end++;
	}
	*at = end;
	return 0;
}

/* "10Mb/s@20ms" as bytes in an interval, and that in microseconds. */
static int parse_rate(const char *text, char rate[32])
{
	uint64_t amount, interval = RATE_INTERVAL;
	int power;

	if (parse_scaled(&text, "KMG", &amount, &power))
		return -EINVAL;
	for (; power; power--)
		amount *= 1000;
	if (*text == 'b')
		amount /= 8;
	else if (*text != 'B')
		return -EINVAL;
	if (strncmp(++text, "/s", 2) != 0)
		return -EINVAL;
	text += 2;
	if (*text == '@') {
		text++;
		/* "s", "ms", "us" */
		if (parse_scaled(&text, "mu", &interval, &power) ||
			strcmp(text, "s") != 0)
			return -EINVAL;
		for (power = 2 - power; power; power--)
			interval *= 1000;
		text = "";
	}
	if (*text || !interval || interval > UINT32_MAX || amount > 1ULL << 40)
		return -EINVAL;
	amount = amount * interval / 1000000;
	if (!amount || amount > UINT32_MAX)
		return -EINVAL;
	snprintf(rate, 32, "%" PRIu64 ",%" PRIu64, amount, interval);
	return 0;
}

static int parse_number(const char *text, unsigned long max, uint32_t *number)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end || !isdigit((unsigned char)*text) || value > max)
		return -EINVAL;
	*number = (uint32_t)value;
	return 0;
}

/* What a key of a card does to it; 1: there is no such key. */
static int set_nic_key(
	struct nic_text *out, char *script, const char *key, const char *value)
{
	static const char *const ignored[] = { "model", "accel", "trusted",
		NULL };
	struct nic *nic = &out->nic;

	if (!strcmp(key, "mac"))
		return parse_mac(value, nic->mac);
	if (!strcmp(key, "rate")) {
		nic->rate = out->rate;
		return parse_rate(value, out->rate);
	}
	if (!strcmp(key, "devid"))
		return parse_number(value, 255, &nic->id);
	if (!strcmp(key, "mtu"))
		return parse_number(value, 65535, &nic->mtu) || nic->mtu < 68
			       ? -EINVAL
			       : 0;
	if (!strcmp(key, "type"))
		return !strcmp(value, "vif") ? 0 : -EINVAL;
	if (!strcmp(key, "backend"))
		return !strcmp(value, "0") || !strcmp(value, "Domain-0")
			       ? 0
			       : -EINVAL;
	if (!strcmp(key, "bridge"))
		nic->bridge = value;
	else if (!strcmp(key, "script"))
		nic->script = script_path(value, script);
	else if (!strcmp(key, "ip"))
		nic->ip = value;
	else if (!strcmp(key, "gatewaydev") || !strcmp(key, "netdev"))
		nic->gateway = value;
	else if (!strcmp(key, "vifname"))
		nic->vifname = value;
	else if (!words_has(ignored, key))
		return 1;
	return 0;
}

static int read_nic(struct nic_text *out, char *script, const char *original,
	struct why *why)
{
	char *save = NULL;

	for (char *word = strtok_r(out->text, ",", &save); word;
		word = strtok_r(NULL, ",", &save)) {
		char *value;
		int ret;

		word = words_trim(word);
		if (!*word)
			continue;
		value = strchr(word, '=');
		if (!value)
			return bad(why, original, word,
				"is no setting of a network card; those are "
				"key=value");
		*value++ = '\0';
		word = words_trim(word);
		value = words_trim(value);
		ret = set_nic_key(out, script, word, value);
		if (ret > 0)
			return bad(why, original, word,
				"is no key of a network card; "
				"xl-network-configuration(5) lists them");
		if (ret)
			return why_set(why, ret,
				"%s: '%s' cannot be %s=", original, value,
				word);
	}
	return 0;
}

int nic_parse(const char *text, struct nic_text *out, struct why *why)
{
	static const uint8_t none[6];
	size_t size = strlen(text) + 1;
	uint32_t id = out->nic.id;
	int ret;

	memset(out, 0, sizeof(*out));
	out->nic.id = id;
	out->text = malloc(size + SCRIPT_PATH_MAX);
	if (!out->text)
		return why_set(why, -ENOMEM, "out of memory");
	memcpy(out->text, text, size);
	ret = read_nic(out, out->text + size, text, why);
	if (!ret && !out->nic.bridge && !out->nic.script)
		out->nic.bridge = BRIDGE_DEFAULT;
	if (!ret && !memcmp(out->nic.mac, none, 6) &&
		nic_random_mac(out->nic.mac))
		ret = why_set(why, -EIO, "no random bytes for an address");
	if (ret)
		nic_free(out);
	return ret;
}

void nic_free(struct nic_text *nic)
{
	free(nic->text);
	nic->text = NULL;
}
