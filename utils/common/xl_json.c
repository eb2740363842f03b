/* SPDX-License-Identifier: BSD-2-Clause */
/* Configurations in libxl's form; see xl_json.h. */
#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/why.h>
#include "config.h"
#include "xl_json.h"

/* Settings being collected; the first error stays. */
struct reader {
	struct config *config;
	struct why *why;
	int error;
};

static struct json_object *get(struct json_object *o, const char *key)
{
	struct json_object *value;

	return o && json_object_is_type(o, json_type_object) &&
			       json_object_object_get_ex(o, key, &value)
		       ? value
		       : NULL;
}

/* NULL: not there, or no string. */
static const char *text(struct json_object *o, const char *key)
{
	struct json_object *value = get(o, key);

	return value && json_object_is_type(value, json_type_string)
		       ? json_object_get_string(value)
		       : NULL;
}

static int64_t number(struct json_object *o, const char *key, int64_t usual)
{
	struct json_object *value = get(o, key);

	return value && json_object_is_type(value, json_type_int)
		       ? json_object_get_int64(value)
		       : usual;
}

static void set(struct reader *r, const char *key, const char *value)
{
	const char *quote = strchr(value, '"') ? "'" : "\"";
	char *word;

	if (r->error)
		return;
	if (strchr(value, *quote)) {
		r->error = why_set(r->why, -EINVAL,
			"the guest's %s has both kinds of quotes", key);
		return;
	}
	if (asprintf(&word, "%s=%s%s%s", key, quote, value, quote) < 0) {
		r->error = why_set(r->why, -ENOMEM, "out of memory");
		return;
	}
	r->error = config_word(r->config, word, r->why);
	free(word);
}

static void set_text(struct reader *r, struct json_object *o, const char *from,
	const char *to)
{
	const char *value = text(o, from);

	if (value)
		set(r, to, value);
}

static void set_number(struct reader *r, const char *key, int64_t value)
{
	char word[64];

	snprintf(word, sizeof(word), "%s=%lld", key, (long long)value);
	if (!r->error)
		r->error = config_word(r->config, word, r->why);
}

/* Its names have '_' where ours have '-'; what is not there is "destroy". */
static void set_action(struct reader *r, struct json_object *o, const char *key)
{
	const char *from = text(o, key);
	char action[32];

	snprintf(action, sizeof(action), "%s", from ? from : "destroy");
	for (char *at = action; *at; at++) {
		if (*at == '_')
			*at = '-';
	}
	set(r, key, action);
}

static void put_option(
	FILE *file, struct json_object *o, const char *from, const char *to)
{
	const char *value = text(o, from);

	if (value)
		fprintf(file, "%s=%s,", to, value);
}

static bool is_false(struct json_object *o, const char *key)
{
	const char *value = text(o, key);

	return value && !strcmp(value, "False");
}

static void put_disk(FILE *file, struct json_object *o)
{
	const char *target = text(o, "pdev_path");

	put_option(file, o, "vdev", "vdev");
	put_option(file, o, "format", "format");
	put_option(file, o, "script", "script");
	fprintf(file, "access=%s,", number(o, "readwrite", 0) ? "rw" : "ro");
	if (number(o, "is_cdrom", 0))
		fputs("devtype=cdrom,", file);
	if (is_false(o, "discard_enable"))
		fputs("no-discard,", file);
	fprintf(file, "target=%s", target ? target : "");
}

static void put_nic(FILE *file, struct json_object *o)
{
	int64_t bytes = number(o, "rate_bytes_per_interval", 0);
	int64_t usecs = number(o, "rate_interval_usecs", 50000);

	put_option(file, o, "bridge", "bridge");
	put_option(file, o, "ip", "ip");
	put_option(file, o, "script", "script");
	put_option(file, o, "ifname", "vifname");
	put_option(file, o, "gatewaydev", "gatewaydev");
	if (number(o, "mtu", 0))
		fprintf(file, "mtu=%lld,", (long long)number(o, "mtu", 0));
	if (bytes > 0 && bytes <= UINT32_MAX && usecs > 0 &&
		usecs <= UINT32_MAX)
		fprintf(file, "rate=%lldB/s@%lldus,",
			(long long)(bytes * 1000000 / usecs), (long long)usecs);
	fprintf(file, "mac=%s", text(o, "mac") ? text(o, "mac") : "");
}

/* One key with a list of devices, each a string. */
static void set_devices(struct reader *r, struct json_object *o,
	const char *from, const char *to,
	void (*put)(FILE *file, struct json_object *o))
{
	struct json_object *list = get(o, from);
	char *word;
	size_t size, count;
	FILE *file;

	if (r->error || !list || !json_object_is_type(list, json_type_array))
		return;
	count = json_object_array_length(list);
	file = open_memstream(&word, &size);
	if (!file) {
		r->error = why_set(r->why, -ENOMEM, "out of memory");
		return;
	}
	fprintf(file, "%s=[", to);
	for (size_t i = 0; i < count; i++) {
		fputs(i ? ",\"" : "\"", file);
		put(file, json_object_array_get_idx(list, i));
		fputc('"', file);
	}
	fputc(']', file);
	if (fclose(file))
		r->error = why_set(r->why, -ENOMEM, "out of memory");
	else
		r->error = config_word(r->config, word, r->why);
	free(word);
}

/* Devices that we have no back end for. */
static void refuse(struct reader *r, struct json_object *o)
{
	static const char *const lists[] = { "vfbs", "vkbs", "vtpms", "p9",
		"p9s", "pcidevs", "rdms", "dtdevs", "usbctrls", "usbdevs",
		"channels", "vdispls", "vsnds", "pvcallsifs" };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct json_object *list = get(o, lists[i]);

		if (!r->error && list &&
			json_object_is_type(list, json_type_array) &&
			json_object_array_length(list))
			r->error = why_set(r->why, -ENOTSUP,
				"the guest has devices of the kind %s, which "
				"are not supported yet",
				lists[i]);
	}
}

static void read_sizes(struct reader *r, struct json_object *b)
{
	struct json_object *available = get(b, "avail_vcpus");
	int64_t most = number(b, "max_vcpus", 1);
	int64_t memory = number(b, "target_memkb", 0);
	int64_t max = number(b, "max_memkb", 0);
	size_t vcpus = 1;

	if (available && json_object_is_type(available, json_type_array))
		vcpus = json_object_array_length(available);
	set_number(r, "vcpus", vcpus ? (int64_t)vcpus : 1);
	set_number(r, "maxvcpus", most);
	set_number(r, "memory", (memory + 1023) / 1024);
	set_number(r, "maxmem", ((max > memory ? max : memory) + 1023) / 1024);
}

static void read_kernel(struct reader *r, struct json_object *b)
{
	struct json_object *args = get(b, "bootloader_args");
	const char *loader = text(b, "bootloader");
	char *word;
	int len;

	if (!loader) {
		set_text(r, b, "kernel", "kernel");
		set_text(r, b, "ramdisk", "ramdisk");
		set_text(r, b, "cmdline", "cmdline");
		return;
	}
	set(r, "bootloader", loader);
	set_text(r, b, "cmdline", "extra");
	if (r->error || !args || !json_object_is_type(args, json_type_array))
		return;
	/* A list of strings in JSON is one in a configuration. */
	len = asprintf(&word, "bootloader_args=%s",
		json_object_to_json_string_ext(
			args, JSON_C_TO_STRING_NOSLASHESCAPE));
	if (len < 0) {
		r->error = why_set(r->why, -ENOMEM, "out of memory");
		return;
	}
	r->error = config_word(r->config, word, r->why);
	free(word);
}

int xl_json_read(struct config *config, const char *json, struct why *why)
{
	struct reader r = { .config = config, .why = why };
	struct json_object *o = json_tokener_parse(json);
	struct json_object *c = get(o, "c_info"), *b = get(o, "b_info");

	if (!c || !b) {
		json_object_put(o);
		return why_set(why, -EINVAL,
			"the configuration in the file is not libxl's");
	}
	set_text(&r, c, "type", "type");
	set_text(&r, c, "name", "name");
	set_text(&r, c, "uuid", "uuid");
	read_sizes(&r, b);
	read_kernel(&r, b);
	set_devices(&r, o, "disks", "disk", put_disk);
	set_devices(&r, o, "nics", "vif", put_nic);
	refuse(&r, o);
	set_action(&r, o, "on_poweroff");
	set_action(&r, o, "on_reboot");
	set_action(&r, o, "on_crash");
	json_object_put(o);
	return r.error;
}

int xl_json_update(const char *json, const char *name, uint64_t memory_kib,
	uint64_t max_kib, char **out, struct why *why)
{
	struct json_object *o = json_tokener_parse(json);
	struct json_object *c = get(o, "c_info"), *b = get(o, "b_info");
	char *copy = NULL;

	if (c && b) {
		json_object_object_add(c, "name", json_object_new_string(name));
		json_object_object_add(b, "target_memkb",
			json_object_new_int64((int64_t)memory_kib));
		json_object_object_add(b, "max_memkb",
			json_object_new_int64((int64_t)max_kib));
		copy = strdup(json_object_to_json_string_ext(
			o, JSON_C_TO_STRING_NOSLASHESCAPE));
	}
	json_object_put(o);
	if (!c || !b)
		return why_set(why, -EINVAL,
			"the guest's configuration is not in libxl's form");
	if (!copy)
		return why_set(why, -ENOMEM, "out of memory");
	*out = copy;
	return 0;
}
