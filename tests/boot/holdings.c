/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * holdings [-k KEYS]: prints, in one line, what must be as before when a guest
 * has come and gone: free frames, domains, dom0's event channels that are not
 * closed, dom0's mappings of others' grants, and its own grants in use.
 *
 *	free=700123 domains=1 ports=31 mappings=1 grants=0
 *
 * -k sends debug keys first (and the answer to them stands in the log). It
 * asks by /dev/xen/privcmd itself, so that no library of ours can colour the
 * answer; of grants the hypervisor's log tells, for no call does.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <public/xen.h>
#include <public/domctl.h>
#include <public/event_channel.h>
#include <public/sysctl.h>

#define DOMAIN_MAX 64
#define PORT_MAX   4096
#define LOG_MAX	   65536

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
	struct evtchn_status port;
	struct xen_domctl_getdomaininfo domain[DOMAIN_MAX];
	char keys[16];
	char log[LOG_MAX + 1];
};

static int privcmd;
static struct shared *s;

static long call(uint64_t number, uint64_t a, const void *b)
{
	struct privcmd_hypercall c = {
		.op = number,
		.arg = { a, (uint64_t)(uintptr_t)b },
	};
	int ret = ioctl(privcmd, PRIVCMD_HYPERCALL, &c);

	return ret < 0 ? -errno : ret;
}

static void sysctl(uint32_t cmd)
{
	long ret;

	s->op.cmd = cmd;
	s->op.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	ret = call(__HYPERVISOR_sysctl, (uintptr_t)&s->op, NULL);
	if (ret < 0) {
		fprintf(stderr, "holdings: sysctl %u: %s\n", cmd,
			strerror((int)-ret));
		exit(1);
	}
}

static void press(const char *keys)
{
	memset(&s->op, 0, sizeof(s->op));
	snprintf(s->keys, sizeof(s->keys), "%s", keys);
	s->op.u.debug_keys.keys.p = s->keys;
	s->op.u.debug_keys.nr_keys = (uint32_t)strlen(s->keys);
	sysctl(XEN_SYSCTL_debug_keys);
}

static unsigned count_ports(void)
{
	unsigned count = 0;

	for (uint32_t port = 1; port < PORT_MAX; port++) {
		memset(&s->port, 0, sizeof(s->port));
		s->port.dom = DOMID_SELF;
		s->port.port = port;
		if (call(__HYPERVISOR_event_channel_op, EVTCHNOP_status,
			    &s->port))
			break;
		count += s->port.status != EVTCHNSTAT_closed;
	}
	return count;
}

/* The last number that the log has in this form; false: there is none. */
static bool last_in_log(const char *begin, const char *form, unsigned *number)
{
	bool is_found = false;

	for (const char *at = s->log; (at = strstr(at, begin)); at++)
		is_found |= sscanf(at, form, number) == 1;
	return is_found;
}

/* dom0's lines of debug key g. */
static bool read_grants(unsigned *mappings, unsigned *used)
{
	press("g");
	memset(&s->op, 0, sizeof(s->op));
	s->op.u.readconsole.buffer.p = s->log;
	s->op.u.readconsole.count = LOG_MAX;
	sysctl(XEN_SYSCTL_readconsole);
	s->log[s->op.u.readconsole.count] = '\0';
	return last_in_log("d0: grants: ",
		       "d0: grants: %*u of %*u pages, %u mappings", mappings) &&
	       last_in_log("d0: ", "d0: %u grants in use", used);
}

int main(int argc, char **argv)
{
	uint64_t free_frames;
	unsigned mappings, grants;

	privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED, -1, 0);
	if (privcmd < 0 || s == MAP_FAILED) {
		fprintf(stderr, "holdings: /dev/xen/privcmd: %s\n",
			strerror(errno));
		return 1;
	}
	if (argc == 3 && !strcmp(argv[1], "-k"))
		press(argv[2]);
	if (!read_grants(&mappings, &grants)) {
		fprintf(stderr, "holdings: no answer to debug key g\n");
		return 1;
	}
	memset(&s->op, 0, sizeof(s->op));
	sysctl(XEN_SYSCTL_physinfo);
	free_frames = s->op.u.physinfo.free_pages;
	memset(&s->op, 0, sizeof(s->op));
	s->op.u.getdomaininfolist.max_domains = DOMAIN_MAX;
	s->op.u.getdomaininfolist.buffer.p = s->domain;
	sysctl(XEN_SYSCTL_getdomaininfolist);
	printf("free=%" PRIu64 " domains=%u ports=%u mappings=%u grants=%u\n",
		free_frames, s->op.u.getdomaininfolist.num_domains,
		count_ports(), mappings, grants);
	return 0;
}
