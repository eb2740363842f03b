/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU pools by name; see pool.h. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "args.h"
#include "cpulist.h"
#include "pool.h"
#include "session.h"

#define NAME_MAX_BYTES 63
#define PATH_MAX_BYTES 48

char *pool_name(struct xs *xs, uint32_t id)
{
	char path[PATH_MAX_BYTES], *name;
	size_t len;

	snprintf(path, sizeof(path), "/local/pool/%u/name", id);
	if (!xs_read(xs, 0, path, &name, &len))
		return name;
	return asprintf(&name, "Pool-%u", id) < 0 ? NULL : name;
}

unsigned int pool_cpu_count(const struct sysctl_pool *pool)
{
	unsigned int count = 0;

	for (size_t i = 0; i < sizeof(pool->cpus); i++)
		count += (unsigned int)__builtin_popcount(pool->cpus[i]);
	return count;
}

static bool has_cpu(const uint8_t *map, uint32_t cpu)
{
	return map[cpu / 8] >> cpu % 8 & 1;
}

int pool_find(struct session *s, const char *who, struct sysctl_pool *pool,
	struct why *why)
{
	unsigned long long id;
	bool is_number = args_number(who, 0, UINT32_MAX - 1, &id);
	struct sysctl_pool one;
	uint32_t at = 0;
	int ret;

	for (; !(ret = sysctl_pool(s->ctrl, at, &one)); at = one.id + 1) {
		char *name = pool_name(s->xs, one.id);
		bool is_it = (name && !strcmp(name, who)) ||
			     (is_number && one.id == id);

		free(name);
		if (is_it) {
			*pool = one;
			return 0;
		}
	}
	if (ret != -ENOENT)
		return why_set(why, ret, "cannot ask for the pools: %s",
			strerror(-ret));
	return why_set(
		why, ret, "there is no pool '%s'; dompool lists them", who);
}

static int parse_cpus(struct session *s, const char *text,
	uint8_t map[CPULIST_BYTES], struct why *why)
{
	struct xen_sysctl_physinfo info;
	int ret = sysctl_physinfo(s->ctrl, &info);

	if (ret)
		return why_set(why, ret, "cannot ask for the CPUs: %s",
			strerror(-ret));
	return cpulist_parse(text, info.max_cpu_id + 1, map, why);
}

/* Whose CPU it is, for a person. */
static int say_busy(struct session *s, uint32_t cpu, struct why *why)
{
	struct sysctl_pool one;
	uint32_t at = 0;

	for (; !sysctl_pool(s->ctrl, at, &one); at = one.id + 1) {
		char *name;

		if (!has_cpu(one.cpus, cpu))
			continue;
		name = pool_name(s->xs, one.id);
		(void)why_set(why, -EBUSY,
			"CPU %u is in pool '%s': take it out first, with "
			"dompool remove",
			cpu, name ? name : "?");
		free(name);
		return -EBUSY;
	}
	return why_set(why, -EBUSY, "CPU %u is not free", cpu);
}

/*
 * Does something with each CPU of a map, or with none: what was done before a
 * refusal is undone, and `*cpu` is the one that was refused.
 */
static int each_cpu(struct session *s, uint32_t id, const uint8_t *map,
	int (*act)(struct ctrl *c, uint32_t id, uint32_t cpu),
	int (*undo)(struct ctrl *c, uint32_t id, uint32_t cpu), uint32_t *cpu)
{
	uint32_t at, last = SYSCTL_POOL_BYTES * 8;
	int ret = 0;

	for (at = 0; at < last && !ret; at++)
		if (has_cpu(map, at))
			ret = act(s->ctrl, id, at);
	if (!ret)
		return 0;
	*cpu = last = --at;
	for (at = 0; at < last; at++)
		if (has_cpu(map, at))
			(void)undo(s->ctrl, id, at);
	return ret;
}

static int add_map(
	struct session *s, uint32_t id, const uint8_t *map, struct why *why)
{
	uint32_t cpu;
	int ret = each_cpu(
		s, id, map, sysctl_pool_add_cpu, sysctl_pool_remove_cpu, &cpu);

	if (!ret)
		return 0;
	if (ret == -EBUSY)
		return say_busy(s, cpu, why);
	return why_set(why, ret, "cannot add CPU %u: %s", cpu, strerror(-ret));
}

static int remove_map(
	struct session *s, uint32_t id, const uint8_t *map, struct why *why)
{
	uint32_t cpu;
	int ret = each_cpu(
		s, id, map, sysctl_pool_remove_cpu, sysctl_pool_add_cpu, &cpu);

	if (!ret)
		return 0;
	if (ret == -EBUSY)
		return why_set(why, ret,
			"CPU %u is the last of its pool, which has domains: "
			"move them first, with dompool move",
			cpu);
	if (ret == -EINVAL)
		return why_set(why, ret, "CPU %u is not in the pool", cpu);
	return why_set(
		why, ret, "cannot remove CPU %u: %s", cpu, strerror(-ret));
}

static int check_name(struct session *s, const char *name, struct why *why)
{
	struct sysctl_pool other;
	size_t length = strlen(name);
	unsigned long long id;

	if (!length || length > NAME_MAX_BYTES || strpbrk(name, " \t\n/") ||
		args_number(name, 0, UINT32_MAX, &id))
		return why_set(why, -EINVAL,
			"'%s' is no name for a pool: at most %d characters "
			"without spaces and slashes, and no number",
			name, NAME_MAX_BYTES);
	if (!pool_find(s, name, &other, NULL))
		return why_set(
			why, -EEXIST, "there is a pool '%s' already", name);
	return 0;
}

static int write_name(
	struct session *s, uint32_t id, const char *name, struct why *why)
{
	char path[PATH_MAX_BYTES];
	int ret;

	snprintf(path, sizeof(path), "/local/pool/%u/name", id);
	ret = xs_printf(s->xs, 0, path, "%s", name);
	return ret ? why_set(why, ret, "cannot write %s into the store: %s",
			     path, strerror(-ret))
		   : 0;
}

static void forget_name(struct session *s, uint32_t id)
{
	char path[PATH_MAX_BYTES];

	snprintf(path, sizeof(path), "/local/pool/%u", id);
	(void)xs_rm(s->xs, 0, path);
}

static int first_free(struct session *s, uint8_t *map, struct why *why)
{
	uint8_t all[SYSCTL_POOL_BYTES];
	int ret = sysctl_free_cpus(s->ctrl, all);

	if (ret)
		return why_set(why, ret, "cannot ask for the CPUs: %s",
			strerror(-ret));
	for (size_t i = 0; i < sizeof(all); i++) {
		if (!all[i])
			continue;
		map[i] = (uint8_t)(all[i] & -all[i]);
		return 0;
	}
	return why_set(why, -EBUSY,
		"no CPU is free: take one out of a pool, with dompool remove");
}

int pool_create(
	struct session *s, const char *name, const char *cpus, struct why *why)
{
	uint8_t map[CPULIST_BYTES] = { 0 };
	uint32_t id;
	int ret = check_name(s, name, why);

	if (!ret)
		ret = cpus ? parse_cpus(s, cpus, map, why)
			   : first_free(s, map, why);
	if (ret)
		return ret;
	ret = sysctl_pool_create(s->ctrl, &id);
	if (ret)
		return why_set(
			why, ret, "cannot make a pool: %s", strerror(-ret));
	ret = add_map(s, id, map, why);
	if (!ret) {
		ret = write_name(s, id, name, why);
		if (ret)
			(void)remove_map(s, id, map, NULL);
	}
	if (ret)
		(void)sysctl_pool_destroy(s->ctrl, id);
	return ret;
}

int pool_destroy(struct session *s, const char *who, struct why *why)
{
	struct sysctl_pool pool;
	int ret = pool_find(s, who, &pool, why);

	if (ret)
		return ret;
	if (!pool.id)
		return why_set(
			why, -EBUSY, "pool '%s' has domain 0, and stays", who);
	if (pool.domain_count)
		return why_set(why, -EBUSY,
			"pool '%s' has %u domains: move them first, with "
			"dompool move",
			who, pool.domain_count);
	ret = remove_map(s, pool.id, pool.cpus, why);
	if (ret)
		return ret;
	ret = sysctl_pool_destroy(s->ctrl, pool.id);
	if (ret) {
		(void)add_map(s, pool.id, pool.cpus, NULL);
		return why_set(why, ret, "cannot destroy pool '%s': %s", who,
			strerror(-ret));
	}
	forget_name(s, pool.id);
	return 0;
}

int pool_add_cpus(
	struct session *s, const char *who, const char *cpus, struct why *why)
{
	uint8_t map[CPULIST_BYTES];
	struct sysctl_pool pool;
	int ret = pool_find(s, who, &pool, why);

	if (!ret)
		ret = parse_cpus(s, cpus, map, why);
	return ret ? ret : add_map(s, pool.id, map, why);
}

int pool_remove_cpus(
	struct session *s, const char *who, const char *cpus, struct why *why)
{
	uint8_t map[CPULIST_BYTES];
	struct sysctl_pool pool;
	int ret = pool_find(s, who, &pool, why);

	if (!ret)
		ret = parse_cpus(s, cpus, map, why);
	return ret ? ret : remove_map(s, pool.id, map, why);
}

int pool_move(
	struct session *s, const char *domain, const char *who, struct why *why)
{
	struct sysctl_pool pool;
	uint32_t domid;
	int ret = dom_find(s->ctrl, s->xs, domain, &domid, why);

	if (!ret)
		ret = pool_find(s, who, &pool, why);
	if (ret)
		return ret;
	ret = sysctl_pool_move(s->ctrl, pool.id, domid);
	if (ret == -EINVAL && !domid)
		return why_set(why, ret, "domain 0 stays in its pool");
	if (ret == -EINVAL)
		return why_set(why, ret,
			"pool '%s' has no CPU: give it one, with dompool add",
			who);
	return ret ? why_set(why, ret, "cannot move domain %u to '%s': %s",
			     domid, who, strerror(-ret))
		   : 0;
}

int pool_rename(
	struct session *s, const char *who, const char *name, struct why *why)
{
	struct sysctl_pool pool;
	int ret = pool_find(s, who, &pool, why);

	if (!ret)
		ret = check_name(s, name, why);
	return ret ? ret : write_name(s, pool.id, name, why);
}
