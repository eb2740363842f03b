/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of a guest of the hypervisor: hypercalls, events, grants, page tables,
 * by Linux's devices in /dev/xen.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <public/domctl.h>
#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/io/xs_wire.h>
#include <public/memory.h>
#include <public/version.h>
#include <public/xen.h>
#include <xen/evtchn.h>
#include <xen/gntalloc.h>
#include <xen/gntdev.h>
#include "rows.h"

#define PAGE  4096
#define CALLS 32
#define PAGES 32

/* The argument of Linux's IOCTL_PRIVCMD_HYPERCALL (include/uapi/xen). */
struct call {
	uint64_t op;
	uint64_t arg[5];
};
#define CALL	_IOC(_IOC_NONE, 'P', 0, sizeof(struct call))
#define NO_CALL _IOC(_IOC_NONE, 'P', 99, 0)

static int privcmd = -1;
/* What the hypervisor reads and writes: locked in memory. */
static union {
	struct multicall_entry multi[CALLS];
	struct xen_domctl domctl;
	struct xen_memory_reservation memory;
	struct mmu_update update[512];
	struct mmuext_op ext;
	uint8_t bytes[4 * PAGE];
} * shared;

static long call(unsigned op, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	struct call arg = { op, { a, b, c, d, 0 } };

	return ioctl(privcmd, CALL, &arg);
}

static uint64_t address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static int open_calls(void)
{
	if (privcmd >= 0)
		return 0;
	privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
	if (privcmd < 0)
		return errno;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);
	return shared == MAP_FAILED ? errno : 0;
}

static uint64_t refused_call(unsigned n)
{
	ROW_REPEAT(n, ioctl(privcmd, NO_CALL, 0));
}

static uint64_t null_call(unsigned n)
{
	ROW_REPEAT(n, call(__HYPERVISOR_xen_version, XENVER_version, 0, 0, 0));
}

static uint64_t multicall(unsigned n)
{
	for (unsigned i = 0; i < CALLS; i++)
		shared->multi[i] = (struct multicall_entry){
			.op = __HYPERVISOR_xen_version
		};
	ROW_REPEAT(
		n, call(__HYPERVISOR_multicall, address(shared), CALLS, 0, 0));
}

/* Two ends of an event channel, both ours. */
static int end[2] = { -1, -1 };
static unsigned port[2];
static pid_t peer;

static void notify(unsigned i)
{
	struct ioctl_evtchn_notify arg = { port[i] };

	if (ioctl(end[i], IOCTL_EVTCHN_NOTIFY, &arg))
		row_fail("event: notify");
}

static void await(unsigned i)
{
	unsigned which;

	if (read(end[i], &which, sizeof(which)) != sizeof(which) ||
		write(end[i], &which, sizeof(which)) != sizeof(which))
		row_fail("event: read");
}

/* A new channel begins with an event. */
static void drain(unsigned i)
{
	struct pollfd fd = { .fd = end[i], .events = POLLIN };

	while (poll(&fd, 1, 50) > 0)
		await(i);
}

static int open_event(unsigned i)
{
	end[i] = open("/dev/xen/evtchn", O_RDWR | O_CLOEXEC);
	return end[i] < 0 ? errno : 0;
}

static int alloc_port(void)
{
	struct ioctl_evtchn_bind_unbound_port arg = { DOMID_SELF };

	return ioctl(end[0], IOCTL_EVTCHN_BIND_UNBOUND_PORT, &arg);
}

static int open_channel(void)
{
	struct ioctl_evtchn_bind_interdomain arg = { DOMID_SELF, 0 };
	int p, r = open_event(0);

	if (r || (r = open_event(1)))
		return r;
	p = alloc_port();
	if (p < 0)
		return errno;
	port[0] = arg.remote_port = (unsigned)p;
	p = ioctl(end[1], IOCTL_EVTCHN_BIND_INTERDOMAIN, &arg);
	if (p < 0)
		return errno;
	port[1] = (unsigned)p;
	drain(0);
	drain(1);
	return 0;
}

static void close_channel(void)
{
	close(end[0]);
	close(end[1]);
}

static uint64_t event_self(unsigned n)
{
	ROW_REPEAT(n, {
		notify(0);
		await(1);
	});
}

static int start_answerer(void)
{
	int r = open_channel();

	if (r)
		return r;
	peer = fork();
	if (!peer)
		for (;;) {
			await(1);
			notify(1);
		}
	return 0;
}

static void stop_answerer(void)
{
	kill(peer, SIGKILL);
	waitpid(peer, NULL, 0);
	close_channel();
}

static uint64_t event_ping_pong(unsigned n)
{
	ROW_REPEAT(n, {
		notify(0);
		await(0);
	});
}

static int begin_ports(void)
{
	return open_event(0);
}

static void end_ports(void)
{
	close(end[0]);
}

static void alloc_and_close(void)
{
	int p = alloc_port();
	struct ioctl_evtchn_unbind arg = { (unsigned)p };

	if (p < 0 || ioctl(end[0], IOCTL_EVTCHN_UNBIND, &arg))
		row_fail("event: alloc and close");
}

static uint64_t event_port(unsigned n)
{
	ROW_REPEAT(n, alloc_and_close());
}

static int gntalloc = -1, gntdev = -1;
static uint16_t self; /* our domain's number */
static uint32_t refs[PAGES];
static char *granted;
static uint64_t granted_index;

/* dom0 is the one with the store's own end; others ask the store. */
static int find_self(void)
{
	struct {
		struct xsd_sockmsg head;
		char body[16];
	} m = { { .type = XS_READ, .len = 6 + 1 }, "domid" };
	int fd;

	self = 0;
	if (access("/dev/xen/xenbus_backend", F_OK) == 0)
		return 0;
	fd = open("/dev/xen/xenbus", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno;
	m.head.len = 6;
	if (write(fd, &m, sizeof(m.head) + 6) < 0 ||
		read(fd, &m.head, sizeof(m.head)) != sizeof(m.head) ||
		m.head.len >= sizeof(m.body) ||
		read(fd, m.body, m.head.len) != (ssize_t)m.head.len) {
		close(fd);
		return EIO;
	}
	m.body[m.head.len] = 0;
	self = (uint16_t)atoi(m.body);
	close(fd);
	return 0;
}

static int begin_grants(void)
{
	union {
		struct ioctl_gntalloc_alloc_gref arg;
		uint8_t room[sizeof(struct ioctl_gntalloc_alloc_gref) +
			     PAGES * sizeof(uint32_t)];
	} u = { .arg = { .flags = GNTALLOC_FLAG_WRITABLE, .count = PAGES } };
	int r = find_self();

	if (r)
		return r;
	gntalloc = open("/dev/xen/gntalloc", O_RDWR | O_CLOEXEC);
	gntdev = open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC);
	if (gntalloc < 0 || gntdev < 0)
		return errno;
	u.arg.domid = self;
	if (ioctl(gntalloc, IOCTL_GNTALLOC_ALLOC_GREF, &u))
		return errno;
	memcpy(refs,
		u.room + offsetof(struct ioctl_gntalloc_alloc_gref, gref_ids),
		sizeof(refs));
	granted_index = u.arg.index;
	granted = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		gntalloc, (off_t)granted_index);
	if (granted == MAP_FAILED)
		return errno;
	for (unsigned i = 0; i < PAGES; i++)
		granted[i * PAGE] = (char)(i + 1);
	return 0;
}

static void end_grants(void)
{
	struct ioctl_gntalloc_dealloc_gref arg = { granted_index, PAGES };

	munmap(granted, PAGES * PAGE);
	ioctl(gntalloc, IOCTL_GNTALLOC_DEALLOC_GREF, &arg);
	close(gntdev);
	close(gntalloc);
}

static void map_and_unmap(unsigned pages)
{
	union {
		struct ioctl_gntdev_map_grant_ref arg;
		uint8_t room[sizeof(struct ioctl_gntdev_map_grant_ref) +
			     PAGES * sizeof(struct ioctl_gntdev_grant_ref)];
	} u = { .arg = { .count = pages } };
	struct ioctl_gntdev_unmap_grant_ref unmap = { .count = pages };
	volatile char *p;

	for (unsigned i = 0; i < pages; i++) {
		struct ioctl_gntdev_grant_ref ref = { self, refs[i] };

		memcpy(u.room +
				offsetof(struct ioctl_gntdev_map_grant_ref,
					refs) +
				i * sizeof(ref),
			&ref, sizeof(ref));
	}
	if (ioctl(gntdev, IOCTL_GNTDEV_MAP_GRANT_REF, &u))
		row_fail("grant: map");
	p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, gntdev,
		(off_t)u.arg.index);
	if (p == MAP_FAILED)
		row_fail("grant: mmap");
	for (unsigned i = 0; i < pages; i++)
		if (p[i * PAGE] != (char)(i + 1)) {
			errno = EIO;
			row_fail("grant: another page is mapped");
		}
	munmap((void *)p, pages * PAGE);
	unmap.index = u.arg.index;
	if (ioctl(gntdev, IOCTL_GNTDEV_UNMAP_GRANT_REF, &unmap))
		row_fail("grant: unmap");
}

static uint64_t grant_map_1(unsigned n)
{
	ROW_REPEAT(n, map_and_unmap(1));
}

static uint64_t grant_map_32(unsigned n)
{
	ROW_REPEAT(n, map_and_unmap(PAGES));
}

static uint64_t grant_copy(unsigned n)
{
	static uint8_t buffer[PAGE] __attribute__((aligned(PAGE)));
	struct gntdev_grant_copy_segment segment = {
		.source.foreign = { refs[0], 0, self },
		.dest.virt = buffer,
		.len = PAGE,
		.flags = GNTCOPY_source_gref,
	};
	struct ioctl_gntdev_grant_copy arg = { 1, &segment };

	buffer[0] = 0;
	ROW_REPEAT(n, {
		if (ioctl(gntdev, IOCTL_GNTDEV_GRANT_COPY, &arg) ||
			segment.status || buffer[0] != 1)
			row_fail("grant: copy");
	});
}

/* A domain without a vcpu that runs, for its page tables. */
static uint16_t victim;
static xen_pfn_t frames[2]; /* a level-1 table, and what it maps */

static long domctl(uint32_t cmd)
{
	shared->domctl.cmd = cmd;
	shared->domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	return call(__HYPERVISOR_domctl, address(shared), 0, 0, 0);
}

int row_follow(unsigned domid, int is_on)
{
	struct xen_domctl_shadow_op *op;
	int r = open_calls();

	if (r)
		return r;
	op = &shared->domctl.u.shadow_op;
	memset(shared, 0, sizeof(*shared));
	shared->domctl.domain = (uint16_t)domid;
	/* Stock has no memory for it at first. */
	op->op = XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION;
	op->mb = 8;
	if (is_on)
		(void)domctl(XEN_DOMCTL_shadow_op);
	memset(op, 0, sizeof(*op));
	op->op = is_on ? XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY
		       : XEN_DOMCTL_SHADOW_OP_OFF;
	return domctl(XEN_DOMCTL_shadow_op) ? errno : 0;
}

static void destroy_victim(void)
{
	memset(shared, 0, sizeof(*shared));
	shared->domctl.domain = victim;
	(void)domctl(XEN_DOMCTL_destroydomain);
}

static int create_victim(void)
{
	struct xen_domctl_createdomain *c = &shared->domctl.u.createdomain;

	memset(shared, 0, sizeof(*shared));
	c->max_vcpus = 1;
	c->max_evtchn_port = 31;
	c->max_grant_frames = 4;
	c->max_maptrack_frames = 4;
	c->grant_opts = 1; /* version 1 */
	if (domctl(XEN_DOMCTL_createdomain))
		return errno;
	victim = shared->domctl.domain;
	/* Stock's mmu_update refuses a domain without a vcpu. */
	shared->domctl.u.max_vcpus.max = 1;
	if (domctl(XEN_DOMCTL_max_vcpus))
		return errno;
	shared->domctl.u.max_mem.max_memkb = 64;
	return domctl(XEN_DOMCTL_max_mem) ? errno : 0;
}

static int populate_victim(void)
{
	xen_pfn_t *list = (xen_pfn_t *)(shared->bytes + PAGE);

	memset(shared, 0, sizeof(*shared));
	list[1] = 1;
	shared->memory.extent_start.p = list;
	shared->memory.nr_extents = 2;
	shared->memory.domid = victim;
	if (call(__HYPERVISOR_memory_op, XENMEM_populate_physmap,
		    address(shared), 0, 0) != 2)
		return ENOMEM;
	memcpy(frames, list, sizeof(frames));
	return 0;
}

/* All 512 entries map the other frame, read-only for user code. */
static int fill_table(void)
{
	for (unsigned i = 0; i < 512; i++)
		shared->update[i] = (struct mmu_update){
			.ptr = frames[0] * PAGE + i * 8 + MMU_NORMAL_PT_UPDATE,
			.val = frames[1] * PAGE | 5,
		};
	return call(__HYPERVISOR_mmu_update, address(shared), 512, 0,
		       victim | (victim + 1ULL) << 16)
		       ? errno
		       : 0;
}

static int begin_pin(void)
{
	int r = open_calls();

	if (r || (r = create_victim()))
		return r;
	r = populate_victim();
	if (!r)
		r = fill_table();
	if (r)
		destroy_victim();
	return r;
}

static void pin_and_unpin(void)
{
	shared->ext = (struct mmuext_op){ .cmd = MMUEXT_PIN_L1_TABLE,
		.arg1.mfn = frames[0] };
	if (call(__HYPERVISOR_mmuext_op, address(shared), 1, 0, victim))
		row_fail("pin");
	shared->ext.cmd = MMUEXT_UNPIN_TABLE;
	if (call(__HYPERVISOR_mmuext_op, address(shared), 1, 0, victim))
		row_fail("unpin");
}

static uint64_t pin_unpin(unsigned n)
{
	ROW_REPEAT(n, pin_and_unpin());
}

const struct row xen_rows[] = {
	{ "refused-ioctl", 2000, open_calls, refused_call, NULL },
	{ "null-hypercall", 2000, open_calls, null_call, NULL },
	{ "multicall-32", 500, open_calls, multicall, NULL },
	{ "event-self", 400, open_channel, event_self, close_channel },
	{ "event-ping-pong", 100, start_answerer, event_ping_pong,
		stop_answerer },
	{ "event-port", 60, begin_ports, event_port, end_ports },
	{ "grant-map-1", 50, begin_grants, grant_map_1, end_grants },
	{ "grant-map-32", 15, begin_grants, grant_map_32, end_grants },
	{ "grant-copy", 300, begin_grants, grant_copy, end_grants },
	{ "pin-unpin", 100, begin_pin, pin_unpin, destroy_victim },
	{ NULL, 0, NULL, NULL, NULL },
};
