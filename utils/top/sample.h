/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counters of the machine and of all its domains at one instant: from the
 * hypervisor, names from the store, devices from the kernel of dom0, where
 * their back ends run. What a guest could have written is not believed: names
 * come from nodes that only dom0 writes, numbers are numbers.
 */
#ifndef TOP_SAMPLE_H
#define TOP_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session;

struct sample_vcpu {
	uint32_t id, cpu;
	bool is_online, is_running, is_blocked;
	uint64_t cpu_ns;
};

/* A network card; sent and received by the guest. */
struct sample_net {
	uint32_t id;
	struct sample_flow {
		uint64_t bytes, packets, errors, drops;
	} sent, received;
};

/* A disk: requests, those that waited for memory, sectors of 512 bytes. */
struct sample_disk {
	uint32_t id; /* its number: public xen-vbd-interface(7) */
	uint64_t waits, reads, writes, sectors_read, sectors_written;
};

struct sample_domain {
	uint32_t domid, flags; /* XEN_DOMINF_* */
	uint32_t pool, ssid;
	char *name; /* printable ASCII; "" when it has none */
	uint8_t uuid[16];
	uint64_t cpu_ns, memory_kib, max_kib; /* INFO_NO_LIMIT: any */
	uint32_t online_vcpus, max_vcpus;
	struct sample_vcpu *vcpus;
	struct sample_net *nets;
	struct sample_disk *disks;
	size_t vcpu_count, net_count, disk_count;
};

struct sample {
	uint64_t ns; /* of the monotonic clock */
	char version[48];
	uint32_t cpus, cpu_khz;
	uint64_t total_kib, free_kib;
	uint64_t *idle_ns; /* of each CPU; NULL: not known */
	size_t idle_count;
	struct sample_domain *domains; /* by number */
	size_t count;
};

/* Where the kernel's figures are read. */
#define SAMPLE_SYS "/sys"

struct sample_source {
	struct session *session;
	const char *sys;
	bool wants_vcpus; /* one call more for each */
};

/*
 * Takes a sample; sample_free() it. -ENOMEM, or what the hypervisor answers.
 * A device whose figures cannot be read has none.
 */
int sample_take(const struct sample_source *from, struct sample **out);
void sample_free(struct sample *s);
/* NULL: there is none of that number. */
struct sample_domain *sample_find(const struct sample *s, uint32_t domid);

/* Puts a '?' for each byte of a name that could disturb a terminal. */
void sample_clean(char *name);

/* sample_devices.c: fills in the devices of all domains of `s`. -ENOMEM. */
int sample_devices(struct sample *s, const char *sys);

#endif
