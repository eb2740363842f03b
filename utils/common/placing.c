/* SPDX-License-Identifier: BSD-2-Clause */
/* CPUs, shares and pools of guests; see placing.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include "args.h"
#include "config.h"
#include "cpulist.h"
#include "placing.h"
#include "pool.h"
#include "session.h"

static int bad(
	const struct config_setting *s, struct why *why, const char *what)
{
	return why_set(
		why, -EINVAL, "%s:%u: %s %s", s->source, s->line, s->key, what);
}

/* One list for all, or a list of lists: as many as vcpus, or fewer. */
static int get_lists(const struct config *config, const char *key,
	const struct config_value **value, struct why *why)
{
	const struct config_setting *s = config_find(config, key);

	if (!s)
		return 0;
	for (size_t i = 0; i < s->value.count; i++) {
		if (s->value.items[i].type == CONFIG_LIST)
			return bad(s, why,
				"must be a list of CPUs, or one for each vcpu");
	}
	*value = &s->value;
	return 0;
}

static int get_number(const struct config *config, const char *key, int64_t min,
	int64_t max, uint32_t *value, bool *given, struct why *why)
{
	const struct config_setting *s = config_find(config, key);
	int64_t number;

	if (!s)
		return 0;
	if (!config_number(&s->value, &number) || number < min || number > max)
		return why_set(why, -EINVAL,
			"%s:%u: %s must be a number from %lld to %lld",
			s->source, s->line, key, (long long)min,
			(long long)max);
	*value = (uint32_t)number;
	*given = true;
	return 0;
}

int placing_from_config(struct placing *p, const struct config *config,
	uint32_t vcpus, struct why *why)
{
	const struct config_setting *pool = config_find(config, "pool");
	bool given;
	int ret;

	*p = (struct placing){ 0 };
	if (pool && pool->value.type == CONFIG_LIST)
		return bad(pool, why, "must be the name of a CPU pool");
	if (pool)
		p->pool = pool->value.string;
	ret = get_lists(config, "cpus", &p->cpus, why);
	if (!ret)
		ret = get_lists(config, "cpus_soft", &p->cpus_soft, why);
	if (!ret)
		ret = get_number(config, "cpu_weight", 1, PLACING_WEIGHT_MAX,
			&p->weight, &given, why);
	if (!ret)
		ret = get_number(config, "cap", 0, 100LL * vcpus, &p->cap,
			&p->has_cap, why);
	return ret;
}

int placing_pool(struct session *s, const struct placing *p, uint32_t *id,
	struct why *why)
{
	struct sysctl_pool pool = { 0 };
	unsigned long long number = ~0ULL;
	uint32_t from = 0;
	bool found = !p->pool;

	if (!found)
		(void)args_number(p->pool, 0, UINT32_MAX, &number);
	while (!found && !sysctl_pool(s->ctrl, from, &pool)) {
		char *name = pool_name(s->xs, pool.id);

		found = (name && !strcmp(name, p->pool)) || pool.id == number;
		free(name);
		from = pool.id + 1;
	}
	if (!found)
		return why_set(why, -ENOENT,
			"there is no CPU pool '%s'; dompool lists those there "
			"are",
			p->pool);
	*id = pool.id;
	return 0;
}

static int count_cpus(struct session *s, uint32_t *cpus, struct why *why)
{
	struct xen_sysctl_physinfo machine;
	int ret = sysctl_physinfo(s->ctrl, &machine);

	if (ret)
		return why_set(why, ret, "cannot ask about the machine: %s",
			strerror(-ret));
	*cpus = machine.max_cpu_id + 1;
	if (*cpus > 8 * CPULIST_BYTES)
		*cpus = 8 * CPULIST_BYTES;
	return 0;
}

/* The list of a vcpu as text; NULL: none is for it. */
static const char *text_for(const struct config_value *lists, uint32_t vcpu)
{
	if (!lists)
		return NULL;
	if (lists->type != CONFIG_LIST)
		return lists->string;
	return vcpu < lists->count ? lists->items[vcpu].string : NULL;
}

static int check_lists(
	const struct config_value *lists, uint32_t cpus, struct why *why)
{
	size_t count = !lists			    ? 0
		       : lists->type == CONFIG_LIST ? lists->count
						    : 1;
	uint8_t map[CPULIST_BYTES];
	int ret = 0;

	for (uint32_t i = 0; !ret && i < count; i++)
		ret = cpulist_parse(text_for(lists, i), cpus, map, why);
	return ret;
}

int placing_check(struct session *s, const struct placing *p, struct why *why)
{
	uint32_t cpus = 0;
	int ret = count_cpus(s, &cpus, why);

	if (!ret)
		ret = check_lists(p->cpus, cpus, why);
	return ret ? ret : check_lists(p->cpus_soft, cpus, why);
}

static int apply_lists(struct session *s, uint32_t domid, uint32_t vcpus,
	const struct config_value *lists, bool hard, struct why *why)
{
	uint8_t map[CPULIST_BYTES];
	uint32_t cpus = 0;
	int ret = lists ? count_cpus(s, &cpus, why) : 0;

	for (uint32_t i = 0; lists && !ret && i < vcpus; i++) {
		const char *text = text_for(lists, i);

		if (!text)
			continue;
		ret = cpulist_parse(text, cpus, map, why);
		if (ret)
			break;
		ret = domctl_set_affinity(
			s->ctrl, domid, i, hard, map, (cpus + 7) / 8);
		if (ret)
			why_set(why, ret, "cannot place vcpu %u on CPUs %s: %s",
				i, text, strerror(-ret));
	}
	return ret;
}

static int apply_share(struct session *s, uint32_t domid,
	const struct placing *p, struct why *why)
{
	struct xen_domctl_sched_credit2 share;
	int ret;

	if (!p->weight && !p->has_cap)
		return 0;
	ret = domctl_get_share(s->ctrl, domid, &share);
	if (!ret) {
		if (p->weight)
			share.weight = (uint16_t)p->weight;
		if (p->has_cap)
			share.cap = (uint16_t)p->cap;
		ret = domctl_set_share(s->ctrl, domid, &share);
	}
	return ret ? why_set(why, ret, "cannot set the guest's share: %s",
			     strerror(-ret))
		   : 0;
}

int placing_apply(struct session *s, uint32_t domid, uint32_t vcpus,
	const struct placing *p, struct why *why)
{
	int ret = apply_lists(s, domid, vcpus, p->cpus, true, why);

	if (!ret)
		ret = apply_lists(s, domid, vcpus, p->cpus_soft, false, why);
	return ret ? ret : apply_share(s, domid, p, why);
}
