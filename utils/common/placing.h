/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a guest runs and what share of the CPUs it gets, as configurations say
 * it: cpus, cpus_soft, cpu_weight, cap and pool of xl.cfg(5).
 */
#ifndef UTILS_PLACING_H
#define UTILS_PLACING_H

#include <stdbool.h>
#include <stdint.h>

struct config;
struct config_value;
struct session;
struct why;

#define PLACING_WEIGHT_MAX 65535 /* of credit2 */

struct placing {
	/* A list of CPUs for all vcpus, or one for each; the config's. */
	const struct config_value *cpus, *cpus_soft; /* NULL: not given */
	const char *pool;			     /* its name; NULL */
	uint32_t weight;			     /* 0: not given */
	uint32_t cap;				     /* percent of a CPU */
	bool has_cap;
};

/*
 * -EINVAL: a value is of the wrong kind or out of its range for `vcpus` vcpus.
 * Which CPUs there are is not looked at: it may be another machine's.
 */
int placing_from_config(struct placing *p, const struct config *config,
	uint32_t vcpus, struct why *why);
/* The number of the pool, 0 if none is given; -ENOENT: none has that name. */
int placing_pool(struct session *s, const struct placing *p, uint32_t *id,
	struct why *why);
/*
 * Whether the CPUs are there; -EINVAL and which are not. Changes nothing: for
 * domain `domid` with `vcpus` vcpus placing_apply() does what was checked.
 */
int placing_check(struct session *s, const struct placing *p, struct why *why);
int placing_apply(struct session *s, uint32_t domid, uint32_t vcpus,
	const struct placing *p, struct why *why);

#endif
