/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The figures of back ends in dom0's kernel, which are the devices of the bus
 * xen-backend: vbd-DOMAIN-NUMBER with files of xen-blkback, vif-DOMAIN-NUMBER
 * with the network interface, whatever that is called.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "sample.h"

/* Of a folder that is open; 0: not to be read. */
static uint64_t read_number(int folder, const char *name)
{
	char path[64], text[32];
	ssize_t got = -1;
	int fd;

	snprintf(path, sizeof(path), "statistics/%s", name);
	fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		got = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	if (got <= 0)
		return 0;
	text[got] = '\0';
	return strtoull(text, NULL, 10);
}

static int add_disk(struct sample_domain *d, uint32_t id, int folder)
{
	struct sample_disk *more =
		realloc(d->disks, (d->disk_count + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	d->disks = more;
	more[d->disk_count++] = (struct sample_disk){
		.id = id,
		.waits = read_number(folder, "oo_req"),
		.reads = read_number(folder, "rd_req"),
		.writes = read_number(folder, "wr_req"),
		.sectors_read = read_number(folder, "rd_sect"),
		.sectors_written = read_number(folder, "wr_sect"),
	};
	return 0;
}

static int by_disk(const void *a, const void *b)
{
	const struct sample_disk *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

static int by_net(const void *a, const void *b)
{
	const struct sample_net *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

/* The interface is the one folder in `folder`/net. */
static int open_interface(int folder)
{
	int fd = -1, net = openat(folder, "net", O_RDONLY | O_DIRECTORY);
	struct dirent *entry;
	DIR *dir = net < 0 ? NULL : fdopendir(net);

	if (!dir)
		return -1;
	while (fd < 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			fd = openat(net, entry->d_name,
				O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	closedir(dir);
	return fd;
}

/* What the interface received the guest has sent. */
static int add_net(struct sample_domain *d, uint32_t id, int folder)
{
	struct sample_net *more =
		realloc(d->nets, (d->net_count + 1) * sizeof(*more));
	int fd;

	if (!more)
		return -ENOMEM;
	d->nets = more;
	more += d->net_count++;
	*more = (struct sample_net){ .id = id };
	fd = open_interface(folder);
	if (fd < 0)
		return 0;
	more->sent.bytes = read_number(fd, "rx_bytes");
	more->sent.packets = read_number(fd, "rx_packets");
	more->sent.errors = read_number(fd, "rx_errors");
	more->sent.drops = read_number(fd, "rx_dropped");
	more->received.bytes = read_number(fd, "tx_bytes");
	more->received.packets = read_number(fd, "tx_packets");
	more->received.errors = read_number(fd, "tx_errors");
	more->received.drops = read_number(fd, "tx_dropped");
	close(fd);
	return 0;
}

/* One device of the bus, by its name. */
static int take_device(struct sample *s, int bus, const char *name)
{
	unsigned int domid, id;
	struct sample_domain *d;
	bool is_disk;
	int folder, ret;
	char end;

	is_disk = sscanf(name, "vbd-%u-%u%c", &domid, &id, &end) == 2;
	if (!is_disk && sscanf(name, "vif-%u-%u%c", &domid, &id, &end) != 2)
		return 0;
	d = sample_find(s, domid);
	folder = d ? openat(bus, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (folder < 0)
		return 0;
	ret = is_disk ? add_disk(d, id, folder) : add_net(d, id, folder);
	close(folder);
	return ret;
}

static int take_bus(struct sample *s, const char *sys)
{
	char path[256];
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/bus/xen-backend/devices", sys);
	dir = opendir(path);
	if (!dir)
		return 0;
	while (!ret && (entry = readdir(dir)))
		ret = take_device(s, dirfd(dir), entry->d_name);
	closedir(dir);
	return ret;
}

int sample_devices(struct sample *s, const char *sys)
{
	int ret = take_bus(s, sys);

	for (size_t i = 0; i < s->count; i++) {
		struct sample_domain *d = &s->domains[i];

		if (d->disk_count)
			qsort(d->disks, d->disk_count, sizeof(*d->disks),
				by_disk);
		if (d->net_count)
			qsort(d->nets, d->net_count, sizeof(*d->nets), by_net);
	}
	return ret;
}
