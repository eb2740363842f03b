/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * churn KERNEL COUNT ALIVE: makes COUNT guests of 4 MiB from KERNEL, with one
 * and two vcpus in turn, by libtenonctrl alone: without store, console or tool.
 * When ALIVE are there, the oldest ends before the next begins, and at the end
 * all do. Each must have run, and none may have stopped or crashed. Prints
 *
 *	made=2000 most=100 make_us=41000 end_us=9000
 *
 * with the most that the hypervisor listed at once besides dom0, and the mean
 * time for each. Runs in dom0, for soak/guests.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <tenonctrl/build_pv.h>
#include <tenonctrl/call.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/image.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>

#define GUEST_PAGES 1024
/* A guest gets its turn within this on any host. */
#define RUN_SECONDS 120

static struct ctrl *ctrl;
static struct image image;
static struct why why;

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void must(int ret, const char *what, uint64_t guest)
{
	if (!ret)
		return;
	fprintf(stderr, "churn: guest %" PRIu64 ": %s: %s %s\n", guest, what,
		strerror(-ret), why.text);
	exit(1);
}

static uint32_t make(uint64_t n)
{
	struct xen_domctl_createdomain config = {
		.max_vcpus = 1 + n % 2,
		.max_evtchn_port = 1023,
		.max_grant_frames = 4,
		.max_maptrack_frames = 4,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};
	struct build_pv build = {
		.kernel = &image,
		.cmdline = "",
		.pages = GUEST_PAGES,
	};
	uint32_t domid;

	must(domctl_create(ctrl, &config, &domid), "createdomain", n);
	must(domctl_max_vcpus(ctrl, domid, config.max_vcpus), "max_vcpus", n);
	must(domctl_max_mem(ctrl, domid, GUEST_PAGES * 4), "max_mem", n);
	must(domctl_alloc_port(ctrl, domid, 0, &build.store_port), "port", n);
	must(domctl_alloc_port(ctrl, domid, 0, &build.console_port), "port", n);
	build.domid = domid;
	must(build_pv(ctrl, &build, &why), "build", n);
	must(domctl_unpause(ctrl, domid), "unpause", n);
	return domid;
}

static void end(uint32_t domid, uint64_t n)
{
	struct xen_domctl_getdomaininfo info;

	for (unsigned i = 0; i < RUN_SECONDS * 1000; i++) {
		must(sysctl_domain(ctrl, domid, &info), "getdomaininfo", n);
		if (info.cpu_time)
			break;
		usleep(1000);
	}
	if (!info.cpu_time ||
		info.flags & (XEN_DOMINF_shutdown | XEN_DOMINF_dying)) {
		fprintf(stderr,
			"churn: guest %" PRIu64 ": ran %" PRIu64
			" ns, flags %#x\n",
			n, info.cpu_time, info.flags);
		exit(1);
	}
	must(domctl_destroy(ctrl, domid), "destroydomain", n);
}

static size_t count_guests(void)
{
	struct xen_domctl_getdomaininfo *list;
	size_t count;

	must(sysctl_domains(ctrl, &list, &count), "list", 0);
	free(list);
	return count - 1;
}

int main(int argc, char **argv)
{
	uint64_t count = argc == 4 ? strtoull(argv[2], NULL, 10) : 0;
	uint64_t alive = argc == 4 ? strtoull(argv[3], NULL, 10) : 0;
	uint64_t make_us = 0, end_us = 0, start;
	size_t most = 0, there;
	uint32_t *domids;

	if (!count || !alive || alive > count) {
		fprintf(stderr, "usage: churn KERNEL COUNT ALIVE\n");
		return 2;
	}
	domids = calloc(count, sizeof(*domids));
	if (!domids || ctrl_open(&ctrl, &why) ||
		image_open(argv[1], GUEST_PAGES * 4096, NULL, &image, &why)) {
		fprintf(stderr, "churn: %s\n", why.text);
		return 1;
	}
	for (uint64_t n = 0; n < count + alive; n++) {
		start = now_us();
		if (n >= alive)
			end(domids[n - alive], n - alive);
		end_us += now_us() - start;
		start = now_us();
		if (n < count)
			domids[n] = make(n);
		make_us += now_us() - start;
		if (n % alive != alive - 1)
			continue;
		there = count_guests();
		most = there > most ? there : most;
	}
	printf("made=%" PRIu64 " most=%zu make_us=%" PRIu64 " end_us=%" PRIu64
	       "\n",
		count, most, make_us / count, end_us / count);
	image_close(&image);
	ctrl_close(ctrl);
	free(domids);
	return 0;
}
