/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Grant mapping on Linux. The requests are those of Linux's
 * include/uapi/xen/gntdev.h: a grant is first announced, which gives the
 * offset to map it at; after the unmapping the announcement is withdrawn.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <tenonctrl/gnt.h>

#define PAGE 4096UL

struct gntdev_map {
	uint32_t count, pad;
	uint64_t offset;
	struct {
		uint32_t domid, ref;
	} refs[1];
};

struct gntdev_unmap {
	uint64_t offset;
	uint32_t count, pad;
};

struct gntdev_offset {
	uint64_t address;
	uint64_t offset;
	uint32_t count, pad;
};

#define GNTDEV_MAP    _IOC(_IOC_NONE, 'G', 0, sizeof(struct gntdev_map))
#define GNTDEV_UNMAP  _IOC(_IOC_NONE, 'G', 1, sizeof(struct gntdev_unmap))
#define GNTDEV_OFFSET _IOC(_IOC_NONE, 'G', 2, sizeof(struct gntdev_offset))

struct gnt {
	int fd;
};

int gnt_open(struct gnt **out)
{
	struct gnt *g = malloc(sizeof(*g));
	int ret;

	if (!g)
		return -ENOMEM;
	g->fd = open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC);
	if (g->fd < 0) {
		ret = -errno;
		free(g);
		return ret;
	}
	*out = g;
	return 0;
}

void gnt_close(struct gnt *g)
{
	if (!g)
		return;
	close(g->fd);
	free(g);
}

static void withdraw(struct gnt *g, uint64_t offset)
{
	struct gntdev_unmap request = { .offset = offset, .count = 1 };

	/* It can only fail for an offset that was never announced. */
	(void)ioctl(g->fd, GNTDEV_UNMAP, &request);
}

int gnt_map(struct gnt *g, uint32_t domid, uint32_t ref, void **page)
{
	struct gntdev_map request = { .count = 1, .refs = { { domid, ref } } };
	void *map;
	int ret;

	if (ioctl(g->fd, GNTDEV_MAP, &request) < 0)
		return -errno;
	map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, g->fd,
		(off_t)request.offset);
	if (map == MAP_FAILED) {
		ret = -errno;
		withdraw(g, request.offset);
		return ret;
	}
	*page = map;
	return 0;
}

void gnt_unmap(struct gnt *g, void *page)
{
	struct gntdev_offset request = { .address = (uintptr_t)page };
	int known = ioctl(g->fd, GNTDEV_OFFSET, &request) == 0;

	munmap(page, PAGE);
	if (known)
		withdraw(g, request.offset);
}
