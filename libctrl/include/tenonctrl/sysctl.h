/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions about the machine and about all domains at once, by the sysctl
 * hypercall (interface version 0x15). -EACCES: the hypervisor speaks another
 * version; -EPERM: not dom0.
 */
#ifndef TENONCTRL_SYSCTL_H
#define TENONCTRL_SYSCTL_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <public/xen.h>
#include <public/domctl.h>
#include <public/sysctl.h>

struct ctrl;

/* CPUs, and memory in pages of 4096 bytes. */
int sysctl_physinfo(struct ctrl *c, struct xen_sysctl_physinfo *info);

/* Idle time of each CPU since its start, in ns; `list` is to be free()d. */
int sysctl_idle(struct ctrl *c, uint64_t **list, size_t *count);
/* Core, socket and node of each CPU; `list` is to be free()d. */
int sysctl_topology(
	struct ctrl *c, struct xen_sysctl_cputopo **list, size_t *count);
/* Bytes of each memory node, free and in all; `list` is to be free()d. */
int sysctl_nodes(
	struct ctrl *c, struct xen_sysctl_meminfo **list, size_t *count);

/* XEN_SCHEDULER_* of the machine. */
int sysctl_scheduler(struct ctrl *c, uint32_t *id);
/* "credit2" for XEN_SCHEDULER_CREDIT2; "unknown" for a number that is none. */
const char *sysctl_scheduler_name(uint32_t id);
/* How long a vcpu runs undisturbed in a pool under credit2, in us. */
int sysctl_get_ratelimit(struct ctrl *c, uint32_t pool, uint32_t *us);
int sysctl_set_ratelimit(struct ctrl *c, uint32_t pool, uint32_t us);

#define SYSCTL_POOL_BYTES 64 /* of a pool's map: 512 CPUs */

struct sysctl_pool {
	uint32_t id;
	uint32_t scheduler; /* XEN_SCHEDULER_* */
	uint32_t domain_count;
	uint8_t cpus[SYSCTL_POOL_BYTES]; /* bit 0 of byte 0 is CPU 0 */
};

/*
 * The CPU pool of number `from`, or the next one there is; -ENOENT behind the
 * last.
 */
int sysctl_pool(struct ctrl *c, uint32_t from, struct sysctl_pool *pool);
/* CPUs that are in no pool. */
int sysctl_free_cpus(struct ctrl *c, uint8_t map[SYSCTL_POOL_BYTES]);
/* A pool without CPUs, under credit2; *id is its number. -ENOSPC. */
int sysctl_pool_create(struct ctrl *c, uint32_t *id);
/* -ENOENT; -EBUSY: it has CPUs or domains, or is number 0. */
int sysctl_pool_destroy(struct ctrl *c, uint32_t id);
/* -ENOENT no such pool; -EINVAL no such CPU; -EBUSY it is in a pool. */
int sysctl_pool_add_cpu(struct ctrl *c, uint32_t id, uint32_t cpu);
/* -EINVAL it is not in that pool; -EBUSY a domain would have none left. */
int sysctl_pool_remove_cpu(struct ctrl *c, uint32_t id, uint32_t cpu);
/* -ENOENT no such pool; -ESRCH no such domain; -EINVAL no CPU, or domain 0. */
int sysctl_pool_move(struct ctrl *c, uint32_t id, uint32_t domid);

/*
 * What the hypervisor's message ring has from position `*at` on, which moves
 * behind it (0: from the oldest message that is left). `text` ends with a NUL
 * that is not counted, and is to be free()d. With `clear` the ring is empty
 * afterwards.
 */
int sysctl_log(
	struct ctrl *c, bool clear, uint32_t *at, char **text, size_t *size);
/* Presses debug keys; what they tell goes into the log. */
int sysctl_press(struct ctrl *c, const char *keys);

/*
 * All domains in the order of their numbers, those being destroyed included.
 * The array is the caller's to free().
 */
int sysctl_domains(
	struct ctrl *c, struct xen_domctl_getdomaininfo **list, size_t *count);

/* One domain; -ESRCH when there is none of that number. */
int sysctl_domain(
	struct ctrl *c, uint32_t domid, struct xen_domctl_getdomaininfo *info);

#endif
