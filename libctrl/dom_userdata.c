/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stock xl keeps of a guest's configuration, in its own form:
 * /var/lib/xen/userdata-d.N.UUID.libxl-json. Only what a PV guest has.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <tenonctrl/device.h>
#include <tenonctrl/dom.h>

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

static void put_disk(FILE *file, const struct device_spec *spec)
{
	fputs("{ ", file);
	put_string(file, "pdev_path", find(&spec->back, "params"));
	fputs(", ", file);
	put_string(file, "vdev", find(&spec->back, "dev"));
	fprintf(file, ", \"format\": \"raw\", \"readwrite\": %d }",
		*find(&spec->back, "mode") == 'w');
}

static void put_nic(FILE *file, const struct device_spec *spec)
{
	const char *bridge = find(&spec->back, "bridge");

	fprintf(file, "{ \"devid\": %u, ", spec->device.id);
	put_string(file, "mac", find(&spec->back, "mac"));
	if (bridge) {
		fputs(", ", file);
		put_string(file, "bridge", bridge);
	}
	fputs(", \"nictype\": \"vif\" }", file);
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

static void put_config(FILE *file, const struct dom_record *r, const char *uuid)
{
	fputs("{ \"c_info\": { \"type\": \"pv\", ", file);
	put_string(file, "name", r->name);
	fprintf(file, ", \"uuid\": \"%s\" },\n", uuid);
	fprintf(file, "  \"b_info\": { \"max_vcpus\": %u, \"avail_vcpus\": [",
		r->max_vcpus);
	for (uint32_t i = 0; i < r->vcpus; i++)
		fprintf(file, "%s%u", i ? ", " : " ", i);
	fprintf(file,
		" ],\n    \"max_memkb\": %llu, \"target_memkb\": %llu,\n"
		"    \"video_memkb\": 0, ",
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
	      "\"arch_x86\": { } },\n",
		file);
	put_devices(file, r, DEVICE_VBD, "disks", put_disk);
	put_devices(file, r, DEVICE_VIF, "nics", put_nic);
	fputs("  ", file);
	put_string(file, "on_poweroff", dom_action_name(r->on_poweroff));
	fputs(", ", file);
	put_string(file, "on_reboot", dom_action_name(r->on_reboot));
	fputs(", ", file);
	put_string(file, "on_crash", dom_action_name(r->on_crash));
	fputs(" }\n", file);
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
