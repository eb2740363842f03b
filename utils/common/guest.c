/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests from configurations; see guest.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/why.h>
#include "config.h"
#include "guest.h"
#include "words.h"

/* Accepted for old files; they mean nothing for a PV guest. */
static const char *const deprecated[] = { "builder", "device_model", "sdl",
	"vncunused", "pae", "apic", "soundhw", "cpu", "localtime", "usbdevice",
	"dhcp", "netmask", "gateway", "hostname", "nfs_server", "nfs_root",
	NULL };

/* Known to xl, not possible here yet; an empty list asks for nothing. */
static const char *const unsupported[] = { "pci", "vtpm", "vdispl", "vsnd",
	"vkb", "channel", "usbctrl", "usbdev", "device_model_version",
	"device_model_override", "driver_domain", "e820_host", "cpuid",
	"max_grant_frames", "max_maptrack_frames", "claim_mode", "localtime",
	"rtc_timeoffset", "on_watchdog", "on_soft_reset", "nomigrate",
	"seclabel", "iomem", "ioports", "irqs", "numa_placement",
	"event_channels", "passthrough", NULL };

/* Text and numbers are read by these; each knows its own key. */
static const char *const known[] = { "name", "uuid", "type", "kernel",
	"bootloader", "bootloader_args", "ramdisk", "extra", "cmdline", "root",
	"memory", "maxmem", "vcpus", "maxvcpus", "on_poweroff", "on_reboot",
	"on_crash", "disk", "vif", "cpus", "cpus_soft", "cpu_weight", "cap",
	"pool", "vfb", "p9", "tsc_mode", NULL };

/* "FILE:LINE: KEY" */
static int bad(const struct config_setting *s, struct why *why, int error,
	const char *what)
{
	if (!s->line)
		return why_set(
			why, error, "%s: %s %s", s->source, s->key, what);
	return why_set(
		why, error, "%s:%u: %s %s", s->source, s->line, s->key, what);
}

static int check_keys(const struct config *config,
	void (*warn)(const char *text), struct why *why)
{
	for (size_t i = 0; i < config->count; i++) {
		const struct config_setting *s = &config->settings[i];
		bool empty = s->value.type == CONFIG_LIST && !s->value.count;
		char text[160];

		if (words_has(known, s->key))
			continue;
		if (words_has(deprecated, s->key)) {
			snprintf(text, sizeof(text),
				"%s:%u: %s is deprecated and has no effect",
				s->source, s->line, s->key);
			warn(text);
		} else if (!words_has(unsupported, s->key)) {
			return bad(s, why, -EINVAL,
				"is no known key; domcreate(1) lists them");
		} else if (!empty) {
			return bad(s, why, -ENOTSUP,
				"is not supported yet; take it out");
		}
	}
	return 0;
}

/* A string, which may be written without quotes if it is a number. */
static int get_string(const struct config *config, const char *key,
	const char **value, struct why *why)
{
	const struct config_setting *s = config_find(config, key);

	if (!s)
		return 0;
	if (s->value.type == CONFIG_LIST)
		return bad(s, why, -EINVAL, "must be a string, not a list");
	*value = s->value.string;
	return 0;
}

static int get_number(const struct config *config, const char *key,
	uint64_t min, uint64_t max, uint64_t *value, struct why *why)
{
	const struct config_setting *s = config_find(config, key);
	char text[96];
	int64_t number;

	if (!s)
		return 0;
	if (!config_number(&s->value, &number) || number < 0 ||
		(uint64_t)number < min || (uint64_t)number > max) {
		snprintf(text, sizeof(text),
			"must be a number from %llu to %llu",
			(unsigned long long)min, (unsigned long long)max);
		return bad(s, why, -EINVAL, text);
	}
	*value = (uint64_t)number;
	return 0;
}

static int get_action(const struct config *config, const char *key,
	enum dom_action *action, struct why *why)
{
	const struct config_setting *s = config_find(config, key);
	const char *text = "";
	int ret = get_string(config, key, &text, why);

	if (!s || ret)
		return ret;
	if (!dom_action_parse(text, action))
		return 0;
	if (!strcmp(text, "soft-reset"))
		return bad(s, why, -ENOTSUP,
			"asks for a soft-reset, which is not supported; take "
			"\"restart\"");
	return bad(s, why, -EINVAL,
		"must be \"destroy\", \"restart\", \"rename-restart\", "
		"\"preserve\", \"coredump-destroy\" or "
		"\"coredump-restart\"");
}

/* Where the time-stamp counter that the guest reads comes from. */
static int get_tsc_mode(
	struct guest *guest, const struct config *config, struct why *why)
{
	static const char *const modes[] = { "default", "always_emulate",
		"native" };
	const char *text = modes[0];
	int ret = get_string(config, "tsc_mode", &text, why);

	for (uint32_t i = 0; !ret && i < 3; i++) {
		if (strcmp(text, modes[i]) != 0)
			continue;
		guest->tsc_mode = i;
		return 0;
	}
	return ret ? ret
		   : bad(config_find(config, "tsc_mode"), why, -EINVAL,
			     "must be \"default\", \"always_emulate\" or "
			     "\"native\"");
}

/* Names appear in paths of the store and of log files. */
bool guest_name_fits(const char *name)
{
	size_t len =
		strspn(name, "abcdefghijklmnopqrstuvwxyz"
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+:@ ");

	return *name && !name[len] && len <= DOM_NAME_MAX && *name != '-' &&
	       *name != '.';
}

static int check_name(
	const struct config *config, const char *name, struct why *why)
{
	const struct config_setting *s = config_find(config, "name");

	if (!s)
		return why_set(why, -EINVAL,
			"the guest has no name; add name=\"...\"");
	if (!guest_name_fits(name))
		return bad(s, why, -EINVAL, "must have " GUEST_NAME_RULE);
	return 0;
}

static int get_uuid(
	struct guest *guest, const struct config *config, struct why *why)
{
	const char *text = NULL;
	int ret = get_string(config, "uuid", &text, why);

	if (ret)
		return ret;
	if (!text) {
		ret = dom_uuid_random(guest->uuid);
		return ret ? why_set(why, ret, "no random bytes for a uuid")
			   : 0;
	}
	if (dom_uuid_parse(text, guest->uuid))
		return bad(config_find(config, "uuid"), why, -EINVAL,
			"must look like "
			"01234567-89ab-cdef-0123-456789abcdef");
	return 0;
}

/* cmdline as it is, or root= and extra together, as xl does. */
static int get_cmdline(
	struct guest *guest, const struct config *config, struct why *why)
{
	const char *cmdline = NULL, *root = NULL, *extra = NULL;
	int ret = get_string(config, "cmdline", &cmdline, why);

	if (!ret)
		ret = get_string(config, "root", &root, why);
	if (!ret)
		ret = get_string(config, "extra", &extra, why);
	if (ret)
		return ret;
	if (cmdline && (root || extra))
		return bad(config_find(config, "cmdline"), why, -EINVAL,
			"replaces root and extra; give one or the others");
	if (cmdline)
		ret = asprintf(&guest->cmdline, "%s", cmdline);
	else
		ret = asprintf(&guest->cmdline, "%s%s%s%s", root ? "root=" : "",
			root ? root : "", root && extra ? " " : "",
			extra ? extra : "");
	if (ret < 0) {
		guest->cmdline = NULL;
		return why_set(why, -ENOMEM, "out of memory");
	}
	if (strlen(guest->cmdline) >= MAX_GUEST_CMDLINE)
		return why_set(why, -EINVAL,
			"the kernel's command line has %zu bytes, at most %d "
			"are possible",
			strlen(guest->cmdline), MAX_GUEST_CMDLINE - 1);
	return 0;
}

static int check_type(const struct config *config, struct why *why)
{
	const char *type = "pv", *builder = "linux";
	int ret = get_string(config, "type", &type, why);

	if (!ret)
		ret = get_string(config, "builder", &builder, why);
	if (ret)
		return ret;
	if (strcmp(type, "pv") != 0)
		return bad(config_find(config, "type"), why, -ENOTSUP,
			"must be \"pv\"; other types are not supported yet");
	if (strcmp(builder, "linux") != 0 && strcmp(builder, "generic") != 0)
		return bad(config_find(config, "builder"), why, -ENOTSUP,
			"must be \"linux\"; HVM is not supported yet");
	return 0;
}

static int get_sizes(
	struct guest *guest, const struct config *config, struct why *why)
{
	uint64_t vcpus = 1, maxvcpus;
	int ret;

	guest->memory_mib = GUEST_MEMORY_DEFAULT;
	ret = get_number(
		config, "memory", 4, 1ULL << 22, &guest->memory_mib, why);
	guest->maxmem_mib = guest->memory_mib;
	if (!ret)
		ret = get_number(config, "maxmem", guest->memory_mib,
			1ULL << 22, &guest->maxmem_mib, why);
	if (!ret)
		ret = get_number(
			config, "vcpus", 1, GUEST_VCPUS_MAX, &vcpus, why);
	maxvcpus = vcpus;
	if (!ret)
		ret = get_number(config, "maxvcpus", vcpus, GUEST_VCPUS_MAX,
			&maxvcpus, why);
	guest->vcpus = (uint32_t)vcpus;
	guest->maxvcpus = (uint32_t)maxvcpus;
	return ret;
}

/* Words of bootloader_args: a list of them, or one string. */
static int get_loader_args(
	struct guest *guest, const struct config *config, struct why *why)
{
	const struct config_setting *s = config_find(config, "bootloader_args");
	const struct config_value *items;
	size_t count;

	if (!s)
		return 0;
	items = s->value.type == CONFIG_LIST ? s->value.items : &s->value;
	count = s->value.type == CONFIG_LIST ? s->value.count : 1;
	guest->bootloader_args = calloc(count + 1, sizeof(char *));
	if (!guest->bootloader_args)
		return why_set(why, -ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		if (items[i].type == CONFIG_LIST)
			return bad(
				s, why, -EINVAL, "must be a list of strings");
		guest->bootloader_args[i] = items[i].string;
	}
	return 0;
}

/* A kernel of dom0's, or somebody who finds one on the guest's disk. */
static int get_kernel(
	struct guest *guest, const struct config *config, struct why *why)
{
	int ret = get_string(config, "kernel", &guest->kernel, why);

	if (!ret)
		ret = get_string(config, "bootloader", &guest->bootloader, why);
	if (!ret)
		ret = get_loader_args(guest, config, why);
	if (!ret)
		ret = get_string(config, "extra", &guest->extra, why);
	if (ret)
		return ret;
	if (guest->kernel && !*guest->kernel)
		guest->kernel = NULL;
	if (guest->bootloader && !*guest->bootloader)
		guest->bootloader = NULL;
	if (guest->kernel && guest->bootloader)
		return bad(config_find(config, "bootloader"), why, -EINVAL,
			"and kernel are both given; take one out");
	if (!guest->kernel && !guest->bootloader)
		return why_set(why, -EINVAL,
			"the guest has no kernel; add kernel=\"/path\", or "
			"bootloader=\"pygrub-c\" to boot that of its disk");
	return 0;
}

static int get_all(
	struct guest *guest, const struct config *config, struct why *why)
{
	int ret = check_type(config, why);

	if (!ret)
		ret = get_string(config, "name", &guest->name, why);
	if (!ret)
		ret = check_name(config, guest->name, why);
	if (!ret)
		ret = get_uuid(guest, config, why);
	if (!ret)
		ret = get_kernel(guest, config, why);
	if (!ret)
		ret = get_string(config, "ramdisk", &guest->ramdisk, why);
	if (guest->ramdisk && !*guest->ramdisk)
		guest->ramdisk = NULL;
	if (!ret)
		ret = get_cmdline(guest, config, why);
	if (!ret)
		ret = get_sizes(guest, config, why);
	if (!ret)
		ret = placing_from_config(
			&guest->placing, config, guest->maxvcpus, why);
	if (!ret)
		ret = get_action(
			config, "on_poweroff", &guest->on_poweroff, why);
	guest->on_reboot = DOM_RESTART;
	if (!ret)
		ret = get_action(config, "on_reboot", &guest->on_reboot, why);
	if (!ret)
		ret = get_action(config, "on_crash", &guest->on_crash, why);
	if (!ret)
		ret = get_tsc_mode(guest, config, why);
	if (!ret)
		ret = devices_from_config(&guest->devices, config, why);
	if (!ret && guest->bootloader && !guest->devices.disk_count)
		return bad(config_find(config, "bootloader"), why, -EINVAL,
			"needs a disk to boot from; add disk=[...]");
	return ret;
}

int guest_from_config(struct guest *guest, const struct config *config,
	void (*warn)(const char *text), struct why *why)
{
	int ret;

	memset(guest, 0, sizeof(*guest));
	ret = check_keys(config, warn, why);
	if (!ret)
		ret = get_all(guest, config, why);
	if (ret)
		guest_free(guest);
	return ret;
}

void guest_free(struct guest *guest)
{
	free(guest->cmdline);
	guest->cmdline = NULL;
	free(guest->bootloader_args);
	guest->bootloader_args = NULL;
	devices_free(&guest->devices);
}
