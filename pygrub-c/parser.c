/* SPDX-License-Identifier: BSD-2-Clause */
/* The program of the parser's jail; see parser.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <tenonctrl/why.h>
#include "boot.h"
#include "cfg.h"
#include "disk.h"
#include "jail.h"
#include "parser.h"
#include "source.h"
#include "volumes.h"
#include "wire.h"

struct parser {
	const struct parser_task *task;
	struct reader disk;
	struct disk_table table;
	struct source source;
	char devices[VOLUMES_MAX][SOURCE_DEVICE_SIZE];
	/* The partition of each volume; -1: it has none of its own. */
	int parts[VOLUMES_MAX];
	/* What the broker said last of something that failed. */
	struct why said;
};

static int ask(struct parser *p, struct wire_message *m, const char *text,
	char **answer)
{
	m->length = text ? (uint32_t)strlen(text) : 0;
	return wire_ask(JAIL_SOCK, m, text, -1, answer, -1, &p->said);
}

static int read_disk(void *ctx, uint64_t offset, void *buf, size_t len)
{
	while (len) {
		size_t want = len < WIRE_CHUNK_MAX ? len : WIRE_CHUNK_MAX;
		struct wire_message m = {
			.op = WIRE_DISK, .a = offset, .b = want
		};
		char *bytes;
		int ret = ask(ctx, &m, NULL, &bytes);

		if (ret)
			return ret;
		if (m.length == want)
			memcpy(buf, bytes, want);
		free(bytes);
		if (m.length != want)
			return -EIO;
		buf = (char *)buf + want;
		offset += want;
		len -= want;
	}
	return 0;
}

static int get_stat(void *ctx, unsigned int volume, const char *path,
	struct source_stat *stat)
{
	struct wire_message m = { .op = WIRE_STAT, .a = volume };
	int ret = ask(ctx, &m, path, NULL);

	if (!ret) {
		stat->type = m.a == SOURCE_FILE	       ? SOURCE_FILE
			     : m.a == SOURCE_DIRECTORY ? SOURCE_DIRECTORY
						       : SOURCE_OTHER;
		stat->size = m.b;
	}
	return ret;
}

static int get_bytes(void *ctx, unsigned int volume, const char *path,
	uint64_t offset, void *buf, size_t len)
{
	while (len) {
		size_t want = len < WIRE_CHUNK_MAX ? len : WIRE_CHUNK_MAX;
		struct wire_message m = {
			.op = WIRE_READ, .a = volume, .b = offset, .c = want
		};
		char *bytes;
		int ret = ask(ctx, &m, path, &bytes);

		if (ret)
			return ret;
		if (m.length == want)
			memcpy(buf, bytes, want);
		free(bytes);
		if (m.length != want)
			return -ERANGE;
		buf = (char *)buf + want;
		offset += want;
		len -= want;
	}
	return 0;
}

static int get_names(void *ctx, unsigned int volume, const char *path,
	int (*each)(void *arg, const char *name), void *arg)
{
	struct wire_message m = { .op = WIRE_LIST, .a = volume };
	char *names;
	int ret = ask(ctx, &m, path, &names);

	if (ret)
		return ret;
	for (size_t at = 0; at < m.length && !ret; at += strlen(names + at) + 1)
		ret = each(arg, names + at);
	free(names);
	return ret;
}

static int search(
	void *ctx, enum source_key key, const char *value, unsigned int *volume)
{
	struct parser *p = ctx;
	struct wire_message m = { .op = WIRE_SEARCH, .a = key };
	int ret;

	if (key == SOURCE_UUID || key == SOURCE_LABEL) {
		ret = ask(p, &m, value, NULL);
		if (!ret && m.a >= p->source.volume_count)
			ret = -EPROTO;
		if (!ret)
			*volume = (unsigned int)m.a;
		return ret;
	}
	for (unsigned int i = 0; i < p->source.volume_count; i++) {
		if (key == SOURCE_DEVICE
				? !strcmp(p->devices[i], value)
				: p->parts[i] >= 0 &&
					  !strcasecmp(
						  p->table.parts[p->parts[i]]
							  .uuid,
						  value)) {
			*volume = i;
			return 0;
		}
	}
	return -ENOENT;
}

static int add_part(struct parser *p, unsigned int part)
{
	const struct disk_part *at = &p->table.parts[part];
	struct wire_message m = {
		.op = WIRE_VOLUME, .a = at->start, .b = at->size
	};
	unsigned int n = p->source.volume_count;
	int ret;

	m.c = at->use == DISK_USE_LVM || at->use == DISK_USE_RAID;
	ret = ask(p, &m, at->device, NULL);
	if (ret || m.c)
		return ret;
	if (m.a != n || n >= VOLUMES_MAX)
		return -EPROTO;
	memcpy(p->devices[n], at->device, sizeof(at->device));
	p->parts[n] = (int)part;
	p->source.volume_count++;
	return 0;
}

/* LVM and mdraid: failing is no reason not to read the rest. */
static void add_groups(struct parser *p)
{
	struct wire_message m = { .op = WIRE_GROUPS };
	bool has_members = false;
	char *names;

	for (unsigned int i = 0; i < p->table.count; i++) {
		enum disk_use use = p->table.parts[i].use;

		if (use == DISK_USE_LVM || use == DISK_USE_RAID)
			has_members |= !add_part(p, i);
	}
	if (!has_members || ask(p, &m, NULL, &names))
		return;
	for (size_t at = 0; at < m.length; at += strlen(names + at) + 1) {
		unsigned int n = p->source.volume_count;

		if (n == VOLUMES_MAX)
			break;
		snprintf(p->devices[n], sizeof(*p->devices), "%s", names + at);
		p->parts[n] = -1;
		p->source.volume_count++;
	}
	free(names);
}

static int find_volumes(struct parser *p, struct why *why)
{
	unsigned int order[DISK_PARTS_MAX], count;
	int ret = disk_scan(&p->disk, 0, &p->table, why);

	if (ret)
		return ret;
	if (p->task->has_offset) {
		struct disk_part part;

		ret = disk_at_offset(
			&p->disk, &p->table, p->task->offset, &part);
		if (ret)
			return why_set(why, ret,
				"--offset %llu is not inside the disk (%llu "
				"bytes)",
				(unsigned long long)p->task->offset,
				(unsigned long long)p->disk.size);
		p->table.parts[0] = part;
		p->table.count = 1;
	}
	count = disk_order(&p->table, order);
	for (unsigned int i = 0; i < count && !ret; i++) {
		enum disk_use use = p->table.parts[order[i]].use;

		if (use != DISK_USE_LVM && use != DISK_USE_RAID)
			ret = add_part(p, order[i]);
	}
	if (ret)
		return why_set(why, ret, "%s", p->said.text);
	add_groups(p);
	if (!p->source.volume_count)
		return why_set(why, -ENOENT,
			"the disk has no partition that could hold files");
	return 0;
}

/* "(hd0,gpt2)/boot/x", or the first volume that has the path. */
static int find_file(struct parser *p, const char *text, unsigned int *volume,
	char path[SOURCE_PATH_MAX + 1], struct why *why)
{
	const char *end = *text == '(' ? strchr(text, ')') : NULL;
	char device[SOURCE_DEVICE_SIZE];
	int ret = source_path(end ? end + 1 : text, path);

	if (ret)
		return why_set(why, ret, "%s is not a path", text);
	if (end) {
		snprintf(device, sizeof(device), "%.*s", (int)(end - text - 1),
			text + 1);
		ret = search(p, SOURCE_DEVICE, device, volume);
		return ret ? why_set(why, ret, "the disk has no (%s)", device)
			   : 0;
	}
	for (*volume = 0; *volume < p->source.volume_count; ++*volume) {
		if (source_has_file(&p->source, *volume, path))
			return 0;
	}
	return why_set(
		why, -ENOENT, "no volume of the disk has a file %s", path);
}

static int make_entry(struct parser *p, struct boot_menu *menu, struct why *why)
{
	char path[SOURCE_PATH_MAX + 1];
	unsigned int n, volume;
	int ret = boot_add(menu, p->task->kernel, -1, &n);

	if (!ret)
		ret = find_file(p, p->task->kernel, &volume, path, why);
	if (!ret)
		ret = boot_set_kernel(&menu->entries[n], volume, path);
	if (!ret)
		ret = boot_set_args(&menu->entries[n], "");
	if (ret || !p->task->ramdisk)
		return ret;
	ret = find_file(p, p->task->ramdisk, &volume, path, why);
	if (!ret)
		ret = boot_add_initrd(&menu->entries[n], volume, path);
	return ret;
}

static int parse(struct parser *p, struct boot_menu *menu, struct why *why)
{
	unsigned int volumes[VOLUMES_MAX];
	int ret;

	if (p->task->config) {
		strcpy(p->devices[0], "config");
		p->parts[0] = -1;
		p->source.volume_count = 1;
		return cfg_parse_file(
			&p->source, 0, p->task->config, menu, why);
	}
	ret = find_volumes(p, why);
	if (ret)
		return ret;
	if (p->task->kernel) {
		ret = make_entry(p, menu, why);
		if (!ret)
			ret = boot_finish(menu);
		return ret;
	}
	for (unsigned int i = 0; i < p->source.volume_count; i++)
		volumes[i] = i;
	return cfg_find(&p->source, volumes, p->source.volume_count, menu, why);
}

static int send_menu(const struct boot_menu *menu)
{
	struct wire_message m = { .op = WIRE_MENU };
	uint8_t *bytes;
	size_t size;
	int ret = boot_write(menu, &bytes, &size);

	if (ret)
		return ret;
	m.length = (uint32_t)size;
	ret = wire_send(JAIL_SOCK, &m, bytes, -1);
	free(bytes);
	return ret;
}

int parser_run(void *arg)
{
	static struct parser p;
	struct boot_menu menu;
	struct why why;
	int ret = jail_lock(JAIL_PARSER);

	if (ret) {
		why_set(&why, ret, "no filter of system calls: %s",
			strerror(-ret));
		return wire_fail(JAIL_SOCK, ret, &why) ? 1 : 0;
	}
	p.task = arg;
	p.disk = (struct reader){
		.read = read_disk, .ctx = &p, .size = p.task->disk_size
	};
	p.source = (struct source){ .stat = get_stat,
		.read = get_bytes,
		.list = get_names,
		.search = search,
		.ctx = &p,
		.devices = (const char(*)[SOURCE_DEVICE_SIZE])p.devices };
	boot_init(&menu);
	why_set(&why, 0, "out of memory");
	ret = parse(&p, &menu, &why);
	if (!ret) {
		ret = send_menu(&menu);
		why_set(&why, 0, "the menu cannot be sent: %s", strerror(-ret));
	}
	if (ret)
		wire_fail(JAIL_SOCK, ret, &why);
	boot_free(&menu);
	return ret ? 1 : 0;
}
