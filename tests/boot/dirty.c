/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dirty DOMID on|off|clean|peek: log-dirty of a guest by shadow_op; clean and
 * peek print how many frames were written to, and how many faults were mended:
 *
 *	pages=32768 dirty=213 faults=340
 *
 * It asks by /dev/xen/privcmd itself, so that no library is needed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <public/xen.h>
#include <public/domctl.h>

#define PFNS (1U << 20)

/* The argument of Linux's IOCTL_PRIVCMD_HYPERCALL (include/uapi/xen). */
struct privcmd_hypercall {
	uint64_t op;
	uint64_t arg[5];
};
#define PRIVCMD_HYPERCALL \
	_IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))

/* What the hypervisor reads and writes: locked in memory. */
struct shared {
	struct xen_domctl op;
	uint64_t map[PFNS / 64];
};

static const struct {
	const char *word;
	uint32_t op;
} words[] = {
	{ "on", XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY },
	{ "off", XEN_DOMCTL_SHADOW_OP_OFF },
	{ "clean", XEN_DOMCTL_SHADOW_OP_CLEAN },
	{ "peek", XEN_DOMCTL_SHADOW_OP_PEEK },
};

static void print(const struct shared *s)
{
	const struct xen_domctl_shadow_op *op = &s->op.u.shadow_op;
	unsigned dirty = 0;

	for (uint64_t i = 0; i < op->pages; i++)
		dirty += s->map[i / 64] >> i % 64 & 1;
	printf("pages=%llu dirty=%u faults=%u\n", (unsigned long long)op->pages,
		dirty, op->stats.fault_count);
}

int main(int argc, char **argv)
{
	int privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
	struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);
	struct privcmd_hypercall c = { .op = __HYPERVISOR_domctl };
	size_t i = 0;

	while (argc == 3 && i < sizeof(words) / sizeof(words[0]) &&
		strcmp(argv[2], words[i].word) != 0)
		i++;
	if (argc != 3 || i == sizeof(words) / sizeof(words[0])) {
		fputs("usage: dirty DOMID on|off|clean|peek\n", stderr);
		return 2;
	}
	if (privcmd < 0 || s == MAP_FAILED) {
		perror("dirty");
		return 1;
	}
	s->op.cmd = XEN_DOMCTL_shadow_op;
	s->op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	s->op.domain = (uint16_t)strtoul(argv[1], NULL, 10);
	s->op.u.shadow_op.op = words[i].op;
	s->op.u.shadow_op.pages = PFNS;
	s->op.u.shadow_op.dirty_bitmap.p = (uint8_t *)s->map;
	c.arg[0] = (uintptr_t)&s->op;
	if (ioctl(privcmd, PRIVCMD_HYPERCALL, &c) < 0) {
		fprintf(stderr, "dirty: %s of domain %s: %s\n", argv[2],
			argv[1], strerror(errno));
		return 1;
	}
	if (i >= 2)
		print(s);
	return 0;
}
