/* SPDX-License-Identifier: BSD-2-Clause */
/* What this machine is: its kernel, its CPUs and memory, its hypervisor. */
#ifndef UTILS_HOST_H
#define UTILS_HOST_H

#include <stdint.h>
#include <sys/utsname.h>
#include <public/sysctl.h>
#include <public/version.h>

struct ctrl;
struct why;

struct host {
	struct utsname kernel;
	struct xen_sysctl_physinfo machine;
	uint32_t version; /* 0xMMMMmmmm */
	uint32_t scheduler;
	uint32_t page_size;
	uint32_t free_cpus; /* in no pool */
	uint64_t virt_start;
	xen_extraversion_t extra;
	xen_capabilities_info_t capabilities;
	xen_changeset_info_t changeset;
	xen_commandline_t command_line;
	struct xen_compile_info built;
	char build_id[65]; /* hex digits; "" when there is none */
};

/* Asks for all of it; the first error. */
int host_read(struct ctrl *c, struct host *host, struct why *why);
/* Free memory and memory in all, in MiB, as stock counts them. */
uint64_t host_free_mib(const struct host *host);
uint64_t host_total_mib(const struct host *host);

/*
 * Calls `each` for every line of `xl info`, in its order and with its keys and
 * values.
 */
void host_lines(const struct host *host,
	void (*each)(void *state, const char *key, const char *value),
	void *state);

#endif
