/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stock xl keeps of a guest's configuration, in its own form:
 * /var/lib/xen/userdata-d.N.UUID.libxl-json. Only what a PV guest has.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <tenonctrl/device.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/hotplug.h>

#define FOLDER "/var/lib/xen"

static void put_string(FILE *file, const char *key, const char *text)
{
	fprintf(file, "\"%s\": \"", key);
	for (; *text; text++) {
		unsigned char ch = (unsigned char)*text;

		if (ch == '"' || ch == '\\')
			fprintf(file, "\\%c", ch);
		else if (ch < ' ')
			fprintf(file, "\\u%04x", ch);
		else
			fputc(ch, file);
	}
	fputc('"', file);
}

static const char *find(const struct device_nodes *nodes, const char *name)
{
	for (size_t i = 0; i < nodes->count; i++) {
		if (!strcmp(nodes->at[i].name, name))
			return nodes->at[i].value;
	}
	return NULL;
}

/* A string that may not have been given, and that is not the default. */
static void put_given(FILE *file, const struct device_spec *spec,
	const char *node, const char *key, const char *usual)
{
	const char *text = find(&spec->back, node);

	if (!text || (usual && !strcmp(text, usual)))
		return;
	fputs(", ", file);
	put_string(file, key, text);
}

static void put_disk(FILE *file, const struct device_spec *spec)
{
	bool is_writable = *find(&spec->back, "mode") == 'w';
	const char *params = find(&spec->back, "params"), *target = params;
	bool is_raw = !spec->device.by_qemu || !strncmp(params, "aio:", 4);

	fputs("{ ", file);
	/* A program's target has its format before it. */
	if (spec->device.by_qemu)
		target = strchr(target, ':') + 1;
	put_string(file, "pdev_path", target);
	put_given(file, spec, "dev", "vdev", NULL);
	if (spec->device.by_qemu)
		fputs(", \"backend\": \"qdisk\"", file);
	fprintf(file, ", \"format\": \"%.*s\"",
		is_raw ? 3 : (int)strcspn(params, ":"),
		is_raw ? "raw" : params);
	put_given(file, spec, "script", "script", HOTPLUG_BLOCK);
	if (*find(&spec->back, "removable") == '1')
		fputs(", \"is_cdrom\": 1", file);
	fprintf(file, ", \"readwrite\": %d", is_writable);
	if (is_writable && *find(&spec->back, "discard-enable") == '0')
		fputs(", \"discard_enable\": \"False\"", file);
	fputs(", \"colo_restore_enable\": \"False\" }", file);
}

static void put_nic(FILE *file, const struct device_spec *spec)
{
	const char *rate = find(&spec->back, "rate");
	const char *mtu = find(&spec->back, "mtu");
	unsigned long long bytes;
	unsigned int period;

	fprintf(file, "{ \"devid\": %u", spec->device.id);
	if (mtu)
		fprintf(file, ", \"mtu\": %s", mtu);
	put_given(file, spec, "mac", "mac", NULL);
	put_given(file, spec, "ip", "ip", NULL);
	put_given(file, spec, "bridge", "bridge", NULL);
	put_given(file, spec, "vifname", "ifname", NULL);
	put_given(file, spec, "script", "script", HOTPLUG_BRIDGE);
	fputs(", \"nictype\": \"vif\"", file);
	if (rate && sscanf(rate, "%llu,%u", &bytes, &period) == 2)
		fprintf(file,
			", \"rate_bytes_per_interval\": %llu, "
			"\"rate_interval_usecs\": %u",
			bytes, period);
	put_given(file, spec, "gatewaydev", "gatewaydev", NULL);
	fputs(" }", file);
}

/* The devices of one class, when there are any. */
static void put_devices(FILE *file, const struct dom_record *r,
	enum device_class class, const char *key,
	void (*put)(FILE *file, const struct device_spec *spec))
{
	const char *before = NULL;

	for (size_t i = 0; i < r->device_count; i++) {
		if (r->devices[i].device.class != class)
			continue;
		if (!before)
			fprintf(file, "  \"%s\": [ ", key);
		fputs(before ? before : "", file);
		put(file, &r->devices[i]);
		before = ",\n    ";
	}
	if (before)
		fputs(" ],\n", file);
}

static void put_action(FILE *file, const char *key, enum dom_action action)
{
	fprintf(file, "  \"%s\": \"%s\",\n", key, dom_action_libxl(action));
}

static void put_config(FILE *file, const struct dom_record *r, const char *uuid)
{
	fputs("{ \"c_info\": { \"type\": \"pv\", ", file);
	put_string(file, "name", r->name);
	fprintf(file,
		", \"domid\": 4294967295, \"uuid\": \"%s\",\n"
		"    \"run_hotplug_scripts\": \"True\" },\n",
		uuid);
	fprintf(file, "  \"b_info\": { \"max_vcpus\": %u, \"avail_vcpus\": [",
		r->max_vcpus);
	for (uint32_t i = 0; i < r->vcpus; i++)
		fprintf(file, "%s%u", i ? ", " : " ", i);
	fprintf(file,
		" ],\n    \"max_memkb\": %llu, \"target_memkb\": %llu,\n"
		"    \"video_memkb\": 0, \"claim_mode\": \"True\", ",
		(unsigned long long)r->max_kib,
		(unsigned long long)r->memory_kib);
	put_string(file, "kernel", r->kernel);
	fputs(",\n    ", file);
	put_string(file, "cmdline", r->cmdline);
	if (r->ramdisk) {
		fputs(",\n    ", file);
		put_string(file, "ramdisk", r->ramdisk);
	}
	fputs(",\n    \"type.pv\": { }, \"arch_arm\": { }, "
	      "\"arch_x86\": { \"msr_relaxed\": \"False\" } },\n",
		file);
	put_devices(file, r, DEVICE_VBD, "disks", put_disk);
	put_devices(file, r, DEVICE_VIF, "nics", put_nic);
	put_action(file, "on_poweroff", r->on_poweroff);
	put_action(file, "on_reboot", r->on_reboot);
	put_action(file, "on_crash", r->on_crash);
	fputs("  \"on_soft_reset\": \"soft_reset\" }\n", file);
}

static void path_of(
	uint32_t domid, const uint8_t uuid[16], char *path, size_t size)
{
	char text[DOM_UUID_TEXT];

	dom_uuid_format(uuid, text);
	snprintf(
		path, size, FOLDER "/userdata-d.%u.%s.libxl-json", domid, text);
}

/* Makes the file with what `put` writes; nobody else may read it. */
static int write_file(uint32_t domid, const uint8_t uuid[16],
	void (*put)(FILE *file, const struct dom_record *r, const char *uuid),
	const struct dom_record *r)
{
	char path[160], text[DOM_UUID_TEXT];
	FILE *file;
	int fd, ret = 0;

	dom_uuid_format(uuid, text);
	path_of(domid, uuid, path, sizeof(path));
	(void)mkdir(FOLDER, 0755);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	file = fdopen(fd, "w");
	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	put(file, r, text);
	if (ferror(file))
		ret = -EIO;
	if (fclose(file))
		ret = -EIO;
	return ret;
}

int dom_userdata_write(uint32_t domid, const struct dom_record *r)
{
	return write_file(domid, r->uuid, put_config, r);
}

int dom_userdata_read(uint32_t domid, const uint8_t uuid[16], char **text)
{
	char path[160], *buf = NULL;
	size_t size;
	ssize_t got;
	FILE *file;

	path_of(domid, uuid, path, sizeof(path));
	file = fopen(path, "re");
	if (!file)
		return -errno;
	size = 0;
	got = getdelim(&buf, &size, '\0', file);
	fclose(file);
	if (got <= 0) {
		free(buf);
		return -EIO;
	}
	*text = buf;
	return 0;
}

static void put_dom0(FILE *file, const struct dom_record *r, const char *uuid)
{
	(void)r;
	(void)uuid;
	fputs("{ \"c_info\": { \"type\": \"pv\" },\n  \"b_info\": { "
	      "\"sched_params\": { }, \"type.pv\": { }, \"arch_arm\": { }, "
	      "\"arch_x86\": { } } }\n",
		file);
}

int dom_userdata_write_dom0(void)
{
	static const uint8_t none[16];

	return write_file(0, none, put_dom0, NULL);
}

void dom_userdata_move(
	uint32_t domid, const uint8_t from[16], const uint8_t to[16])
{
	char old[160], new[160];

	path_of(domid, from, old, sizeof(old));
	path_of(domid, to, new, sizeof(new));
	(void)rename(old, new);
}

void dom_userdata_remove(uint32_t domid)
{
	char prefix[64];
	struct dirent *entry;
	DIR *folder = opendir(FOLDER);

	if (!folder)
		return;
	snprintf(prefix, sizeof(prefix), "userdata-d.%u.", domid);
	while ((entry = readdir(folder))) {
		if (!strncmp(entry->d_name, prefix, strlen(prefix)))
			(void)unlinkat(dirfd(folder), entry->d_name, 0);
	}
	closedir(folder);
}
