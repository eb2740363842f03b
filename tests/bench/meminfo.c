/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * meminfo: prints, in one line and in KiB, the machine's memory, what is free,
 * what each domain has, and what is left: the hypervisor's own.
 *
 *	total=4193784 free=3080000 dom0=1048576 own=65208
 *
 * For the benchmark and the leak checks, on stock Xen and Tenon alike; it asks
 * by /dev/xen/privcmd itself, so that no library of ours can colour the answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <public/xen.h>
#include <public/domctl.h>
#include <public/sysctl.h>

#define DOMAIN_MAX 32
#define PAGE_KIB   4

/* The argument of Linux's IOCTL_PRIVCMD_HYPERCALL (include/uapi/xen). */
struct privcmd_hypercall {
	uint64_t op;
	uint64_t arg[5];
};
#define PRIVCMD_HYPERCALL \
	_IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))

/* What the hypervisor reads and writes: locked in memory. */
struct shared {
	struct xen_sysctl op;
	struct xen_domctl_getdomaininfo domain[DOMAIN_MAX];
};

static int ask(int fd, struct shared *s, uint32_t cmd)
{
	struct privcmd_hypercall call = {
		.op = __HYPERVISOR_sysctl,
		.arg = { (uint64_t)(uintptr_t)&s->op },
	};

	s->op.cmd = cmd;
	s->op.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	if (ioctl(fd, PRIVCMD_HYPERCALL, &call) < 0) {
		fprintf(stderr, "meminfo: sysctl %u: %s\n", cmd,
			strerror(errno));
		return -1;
	}
	return 0;
}

int main(void)
{
	int fd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
	struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED, -1, 0);
	uint64_t total, own;

	if (fd < 0 || s == MAP_FAILED) {
		fprintf(stderr, "meminfo: /dev/xen/privcmd: %s\n",
			strerror(errno));
		return 1;
	}
	if (ask(fd, s, XEN_SYSCTL_physinfo))
		return 1;
	total = s->op.u.physinfo.total_pages * PAGE_KIB;
	own = total - s->op.u.physinfo.free_pages * PAGE_KIB;
	printf("total=%" PRIu64 " free=%" PRIu64, total, total - own);

	memset(&s->op, 0, sizeof(s->op));
	s->op.u.getdomaininfolist.max_domains = DOMAIN_MAX;
	s->op.u.getdomaininfolist.buffer.p = s->domain;
	if (ask(fd, s, XEN_SYSCTL_getdomaininfolist))
		return 1;
	for (uint32_t i = 0; i < s->op.u.getdomaininfolist.num_domains; i++) {
		uint64_t kib = s->domain[i].tot_pages * PAGE_KIB;

		printf(" dom%u=%" PRIu64, s->domain[i].domain, kib);
		own -= kib;
	}
	printf(" own=%" PRIu64 "\n", own);
	return 0;
}
