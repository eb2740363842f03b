/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libctrl on Linux: /dev/xen/privcmd for hypercalls and mappings,
 * /dev/xen/hypercall for memory that hypercalls may name (locked memory where
 * the kernel has no such device). The requests and their layouts are those of
 * Linux's include/uapi/xen/privcmd.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <tenonctrl/why.h>
#include "os.h"
#include "os_linux.h"

#define PAGE 4096UL

struct privcmd_call {
	uint64_t number;
	uint64_t args[5];
};

struct privcmd_map_frames {
	uint32_t count;
	uint16_t domid;
	uint64_t address;
	const xen_pfn_t *frames;
	int *errors;
};

struct privcmd_map_resource {
	uint16_t domid;
	uint32_t type, id, index;
	uint64_t count;
	uint64_t address;
};

#define PRIVCMD_CALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_call))
#define PRIVCMD_MAP_FRAMES \
	_IOC(_IOC_NONE, 'P', 4, sizeof(struct privcmd_map_frames))
#define PRIVCMD_MAP_RESOURCE \
	_IOC(_IOC_NONE, 'P', 7, sizeof(struct privcmd_map_resource))

/* Not libc's ioctl(): that one cuts results to an int. */
static long raw_ioctl(int fd, unsigned long request, void *arg)
{
	long ret = syscall(SYS_ioctl, fd, request, arg);

	return ret == -1 ? -errno : ret;
}

long os_linux_call(void *state, unsigned int number, const uint64_t args[5])
{
	struct os_linux *os = state;
	struct privcmd_call call = { .number = number };

	memcpy(call.args, args, sizeof(call.args));
	return raw_ioctl(os->privcmd, PRIVCMD_CALL, &call);
}

void *os_linux_pages(void *state, size_t pages)
{
	struct os_linux *os = state;
	void *map;

	if (os->hypercall >= 0) {
		map = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
			MAP_SHARED, os->hypercall, 0);
		return map == MAP_FAILED ? NULL : map;
	}
	map = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);
	if (map == MAP_FAILED)
		return NULL;
	/* A child's copy-on-write would make our pages read-only. */
	if (madvise(map, pages * PAGE, MADV_DONTFORK)) {
		munmap(map, pages * PAGE);
		return NULL;
	}
	return map;
}

static void linux_pages_free(void *state, void *base, size_t pages)
{
	(void)state;
	munmap(base, pages * PAGE);
}

static void linux_unmap(void *state, void *map, size_t count)
{
	os_remap_unmap(state, map, count);
}

static int linux_map_frames(void *state, uint32_t domid,
	const xen_pfn_t *frames, size_t count, bool writable, int *errors,
	void **out)
{
	struct os_linux *os = state;
	struct privcmd_map_frames request = {
		.count = (uint32_t)count,
		.domid = (uint16_t)domid,
		.frames = frames,
		.errors = errors,
	};
	void *map = os_remap_map(os, domid, frames, count, writable);
	long ret;

	if (map) {
		memset(errors, 0, count * sizeof(*errors));
		*out = map;
		return 0;
	}
	map = mmap(NULL, count * PAGE,
		writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED,
		os->privcmd, 0);
	if (map == MAP_FAILED)
		return -errno;
	request.address = (uintptr_t)map;
	ret = raw_ioctl(os->privcmd, PRIVCMD_MAP_FRAMES, &request);
	/* ENOENT: a frame was paged out, errors[] tells which. */
	if (ret < 0 && ret != -ENOENT) {
		munmap(map, count * PAGE);
		return (int)ret;
	}
	os_remap_adopt(os, map, count, writable);
	*out = map;
	return 0;
}

static int linux_map_resource(void *state, uint32_t domid, uint32_t type,
	uint32_t id, uint32_t index, size_t count, void **out)
{
	struct os_linux *os = state;
	struct privcmd_map_resource request = {
		.domid = (uint16_t)domid,
		.type = type,
		.id = id,
		.index = index,
		.count = count,
	};
	void *map = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		os->privcmd, 0);
	long ret;

	if (map == MAP_FAILED)
		return -errno;
	request.address = (uintptr_t)map;
	ret = raw_ioctl(os->privcmd, PRIVCMD_MAP_RESOURCE, &request);
	if (ret < 0) {
		munmap(map, count * PAGE);
		return (int)ret;
	}
	*out = map;
	return 0;
}

static void linux_close(void *state)
{
	struct os_linux *os = state;

	os_remap_end(os);
	if (os->hypercall >= 0)
		close(os->hypercall);
	close(os->privcmd);
	free(os);
}

static const struct os_ops linux_ops = {
	.hypercall = os_linux_call,
	.pages_alloc = os_linux_pages,
	.pages_free = linux_pages_free,
	.map_frames = linux_map_frames,
	.remap = os_remap_again,
	.map_resource = linux_map_resource,
	.unmap = linux_unmap,
	.close = linux_close,
};

/* Tells "no hypervisor" from "not dom0" from "not root". */
static int explain(int error, struct why *why)
{
	char guest_type[16] = "";
	int fd;

	if (error == -EACCES || error == -EPERM)
		return why_set(why, -EACCES,
			"/dev/xen/privcmd: permission denied; run this as root");
	fd = open("/sys/hypervisor/type", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (read(fd, guest_type, sizeof(guest_type) - 1) < 0)
			guest_type[0] = '\0';
		close(fd);
	}
	if (!strncmp(guest_type, "xen", 3))
		return why_set(why, -ENOENT,
			"/dev/xen/privcmd is missing although a hypervisor "
			"runs below; try: modprobe xen-privcmd");
	return why_set(why, -ENOENT,
		"no hypervisor runs below this kernel (no /dev/xen/privcmd); "
		"boot it as dom0, by the Tenon entry of the boot menu");
}

static int check_dom0(struct why *why)
{
	char text[64] = "";
	int fd = open("/proc/xen/capabilities", O_RDONLY | O_CLOEXEC);
	ssize_t got;

	/* Not mounted: the hypercalls themselves will tell. */
	if (fd < 0)
		return 0;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got < 0 || strstr(text, "control_d"))
		return 0;
	return why_set(why, -EPERM,
		"this domain is not dom0 and cannot control others; "
		"run this in dom0");
}

int os_linux_open(const struct os_ops **ops, void **state, struct why *why)
{
	struct os_linux *os = calloc(1, sizeof(*os));
	int ret;

	if (!os)
		return why_set(why, -ENOMEM, "out of memory");
	os->privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
	if (os->privcmd < 0) {
		ret = explain(-errno, why);
		free(os);
		return ret;
	}
	ret = check_dom0(why);
	if (ret) {
		close(os->privcmd);
		free(os);
		return ret;
	}
	os->hypercall = open("/dev/xen/hypercall", O_RDWR | O_CLOEXEC);
	*ops = &linux_ops;
	*state = os;
	return 0;
}
