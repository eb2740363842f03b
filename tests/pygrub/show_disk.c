/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show_disk IMAGE: the partitions that pygrub-c finds on a disk, a line each:
 * number, begin and size in bytes, "active" or "-", PARTUUID, GRUB's name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <tenonctrl/why.h>
#include "disk.h"

static int read_file(void *ctx, uint64_t offset, void *buf, size_t len)
{
	ssize_t got = pread(*(int *)ctx, buf, len, (off_t)offset);

	return got < 0 ? -errno : (size_t)got == len ? 0 : -EIO;
}

int main(int argc, char *argv[])
{
	static struct disk_table table;
	struct why why = { "" };
	struct reader reader;
	struct stat stat;
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;

	if (fd < 0 || fstat(fd, &stat)) {
		fputs("usage: show_disk IMAGE\n", stderr);
		return 2;
	}
	reader = (struct reader){ read_file, &fd, (uint64_t)stat.st_size };
	if (disk_scan(&reader, 0, &table, &why)) {
		fprintf(stderr, "show_disk: %s: %s\n", argv[1], why.text);
		return 1;
	}
	for (unsigned int i = 0; i < table.count; i++) {
		const struct disk_part *part = &table.parts[i];

		printf("%u %llu %llu %s %s %s\n", part->number,
			(unsigned long long)part->start,
			(unsigned long long)part->size,
			part->is_active ? "active" : "-",
			*part->uuid ? part->uuid : "-", part->device);
	}
	close(fd);
	return 0;
}
