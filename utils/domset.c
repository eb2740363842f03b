/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domset: changes what a running guest has: vcpus, memory, its share of the
 * CPUs and which of them it uses. All that is asked for is checked before
 * anything is changed. vcpus and memory are requests, by the store; the
 * guest's kernel carries them out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "common/args.h"
#include "common/config.h"
#include "common/cpulist.h"
#include "common/each.h"
#include "common/err.h"
#include "common/kept.h"
#include "common/session.h"

/* What stock tools let a guest have beyond its target, in KiB. */
#define SLACK_KIB  1024
#define MIB_MAX	   (1U << 22)
#define WEIGHT_MAX 65535 /* of credit2 */
/* Several vcpus may get lists of their own. */
#define PLACES_MAX 64

static const struct args_option options[] = { { 0, NULL, NULL, NULL } };

/* One vcpu's CPUs, or every one's. */
struct place {
	bool hard, every;
	uint32_t vcpu;
	uint8_t map[CPULIST_BYTES];
};

struct change {
	struct session session;
	struct each guest;
	uint32_t vcpu_count;
	uint32_t cpus;	       /* of the machine */
	uint64_t free_kib;     /* of the machine */
	bool has_cap;	       /* 0 is a cap, too: none */
	int64_t vcpus, weight; /* 0: as it is */
	int64_t target, max;   /* KiB; 0: as it is */
	int64_t top;	       /* KiB: maxmem as it will be; 0: not asked */
	int64_t cap;
	struct place *places;
	size_t place_count;
};

static int get_number(const struct config_setting *s, int64_t min, int64_t max,
	int64_t *value, struct why *why)
{
	if (s->value.type != CONFIG_NUMBER || s->value.number < min ||
		s->value.number > max)
		return why_set(why, -EINVAL,
			"%s must be a number from %lld to %lld", s->key,
			(long long)min, (long long)max);
	*value = s->value.number;
	return 0;
}

/* "cpus", "cpus_soft", either with ".VCPU" behind. */
static int get_place(
	struct change *c, const struct config_setting *s, struct why *why)
{
	struct place *place = &c->places[c->place_count];
	const char *at = s->key + strlen("cpus");
	unsigned long long vcpu = 0;

	if (c->place_count == PLACES_MAX)
		return why_set(
			why, -E2BIG, "at most %d lists of CPUs", PLACES_MAX);
	place->hard = strncmp(at, "_soft", 5) != 0;
	at += place->hard ? 0 : 5;
	place->every = !*at;
	if (*at && (*at != '.' ||
			   !args_number(at + 1, 0, c->vcpu_count - 1, &vcpu)))
		return why_set(why, -EINVAL,
			"%s names no vcpu of domain '%s': it has 0 to %u",
			s->key, c->guest.who, c->vcpu_count - 1);
	place->vcpu = (uint32_t)vcpu;
	if (s->value.type == CONFIG_LIST)
		return why_set(why, -EINVAL, "%s must be a string", s->key);
	c->place_count++;
	return cpulist_parse(s->value.string, c->cpus, place->map, why);
}

static int get_setting(
	struct change *c, const struct config_setting *s, struct why *why)
{
	int64_t mib = 0;
	int ret;

	if (!strcmp(s->key, "vcpus"))
		return get_number(s, 1, c->vcpu_count, &c->vcpus, why);
	if (!strcmp(s->key, "cpu_weight"))
		return get_number(s, 1, WEIGHT_MAX, &c->weight, why);
	if (!strcmp(s->key, "cap")) {
		c->has_cap = true;
		return get_number(s, 0, 100LL * c->vcpu_count, &c->cap, why);
	}
	if (!strcmp(s->key, "memory") || !strcmp(s->key, "maxmem")) {
		ret = get_number(s, 4, MIB_MAX, &mib, why);
		*(s->key[1] == 'e' ? &c->target : &c->max) = mib << 10;
		return ret;
	}
	if (!strncmp(s->key, "cpus", 4))
		return get_place(c, s, why);
	return why_set(why, -EINVAL,
		"%s cannot be set: vcpus, memory, maxmem, cpu_weight, cap, "
		"cpus and cpus_soft can",
		s->key);
}

static int node_kib(
	struct change *c, const char *name, uint64_t *kib, struct why *why)
{
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "/local/domain/%u/memory/%s",
		c->guest.domid, name);
	ret = xs_read_u64(c->session.xs, 0, path, kib);
	return ret ? why_set(why, ret, "cannot read %s: %s", path,
			     strerror(-ret))
		   : 0;
}

static int check_memory(struct change *c, struct why *why)
{
	uint64_t have = c->guest.info.tot_pages << 2, max, target;
	uint64_t want;
	int ret;

	if (!c->target && !c->max)
		return 0;
	ret = node_kib(c, "static-max", &max, why);
	if (!ret)
		ret = node_kib(c, "target", &target, why);
	if (ret)
		return ret;
	max = c->max ? (uint64_t)c->max : max;
	c->top = (int64_t)max;
	want = c->target ? (uint64_t)c->target : target;
	if (want > max)
		return why_set(why, -EINVAL,
			"memory (%llu MiB) would be more than maxmem (%llu "
			"MiB) of domain '%s'; set maxmem, too",
			(unsigned long long)want >> 10,
			(unsigned long long)max >> 10, c->guest.who);
	if (c->target && want > have && want - have > c->free_kib)
		return why_set(why, -ENOMEM,
			"too little memory: domain '%s' has %llu MiB and "
			"would take %llu more, the machine has %llu MiB free",
			c->guest.who, (unsigned long long)have >> 10,
			(unsigned long long)(want - have) >> 10,
			(unsigned long long)c->free_kib >> 10);
	return 0;
}

static int put_node(
	struct change *c, const char *name, const char *value, struct why *why)
{
	char path[96];
	int ret;

	snprintf(path, sizeof(path), "/local/domain/%u/%s", c->guest.domid,
		name);
	ret = xs_write(c->session.xs, 0, path, value, strlen(value));
	return ret ? why_set(why, ret, "cannot write %s into the store: %s",
			     path, strerror(-ret))
		   : 0;
}

static int set_vcpus(struct change *c, struct why *why)
{
	char name[48];
	int ret = 0;

	for (uint32_t i = 0; !ret && c->vcpus && i < c->vcpu_count; i++) {
		snprintf(name, sizeof(name), "cpu/%u/availability", i);
		ret = put_node(
			c, name, i < c->vcpus ? "online" : "offline", why);
	}
	return ret;
}

static int limit_memory(struct change *c, int64_t kib, struct why *why)
{
	int ret = domctl_max_mem(
		c->session.ctrl, c->guest.domid, (uint64_t)kib + SLACK_KIB);

	return ret ? why_set(why, ret,
			     "cannot limit domain '%s' to %lld MiB: %s",
			     c->guest.who, (long long)kib >> 10, strerror(-ret))
		   : 0;
}

/* The limit follows the target, as with stock tools. */
static int set_memory(struct change *c, struct why *why)
{
	char value[32];
	int ret = 0;

	if (c->max) {
		snprintf(value, sizeof(value), "%lld", (long long)c->max);
		ret = put_node(c, "memory/static-max", value, why);
		if (!ret && !c->target)
			ret = limit_memory(c, c->max, why);
	}
	if (!ret && c->target) {
		ret = limit_memory(c, c->target, why);
		snprintf(value, sizeof(value), "%lld", (long long)c->target);
		if (!ret)
			ret = put_node(c, "memory/target", value, why);
	}
	return ret;
}

static int set_share(struct change *c, struct why *why)
{
	struct xen_domctl_sched_credit2 share;
	int ret;

	if (!c->weight && !c->has_cap)
		return 0;
	ret = domctl_get_share(c->session.ctrl, c->guest.domid, &share);
	if (!ret) {
		if (c->weight)
			share.weight = (uint16_t)c->weight;
		if (c->has_cap)
			share.cap = (uint16_t)c->cap;
		ret = domctl_set_share(c->session.ctrl, c->guest.domid, &share);
	}
	return ret ? why_set(why, ret,
			     "cannot set the share of domain '%s': %s",
			     c->guest.who, strerror(-ret))
		   : 0;
}

static int set_place(
	struct change *c, const struct place *place, struct why *why)
{
	uint32_t first = place->every ? 0 : place->vcpu;
	uint32_t last = place->every ? c->vcpu_count - 1 : place->vcpu;

	for (uint32_t i = first; i <= last; i++) {
		int ret = domctl_set_affinity(c->session.ctrl, c->guest.domid,
			i, place->hard, place->map, (c->cpus + 7) / 8);

		if (ret)
			return why_set(why, ret,
				"cannot place vcpu %u of domain '%s': %s", i,
				c->guest.who, strerror(-ret));
	}
	return 0;
}

/* Looks the guest and the machine up. */
static int look_up(struct change *c, const char *who, struct why *why)
{
	struct xen_sysctl_physinfo machine;
	int ret = each_find(&c->session, who, &c->guest, why);

	if (ret)
		return ret;
	ret = sysctl_physinfo(c->session.ctrl, &machine);
	if (ret)
		return why_set(why, ret, "cannot ask about the machine: %s",
			strerror(-ret));
	c->cpus = machine.max_cpu_id + 1;
	if (c->cpus > 8 * CPULIST_BYTES)
		c->cpus = 8 * CPULIST_BYTES;
	c->free_kib = (machine.free_pages + machine.scrub_pages -
			      machine.outstanding_pages)
		      << 2;
	c->vcpu_count = c->guest.info.max_vcpu_id + 1;
	return 0;
}

/* A list of CPUs for each vcpu, as they are now. */
static void keep_places(struct change *c, const char *key, bool hard)
{
	uint8_t map[CPULIST_BYTES];
	char *text, cpus[256];
	size_t size;
	FILE *file = open_memstream(&text, &size);
	int ret = file ? 0 : -ENOMEM;

	if (!file)
		return;
	for (uint32_t i = 0; !ret && i < c->vcpu_count; i++) {
		memset(map, 0, sizeof(map));
		ret = domctl_get_affinity(c->session.ctrl, c->guest.domid, i,
			hard, map, (c->cpus + 7) / 8);
		cpulist_format(
			map, (c->cpus + 7) / 8, c->cpus, cpus, sizeof(cpus));
		fprintf(file, "%s\"%s\"", i ? ", " : "[ ", cpus);
	}
	fputs(" ]", file);
	/* Without memory, or a guest, the next start finds it as it was. */
	if (!fclose(file) && !ret)
		kept_change(c->guest.domid, key, text);
	free(text);
}

/* What a configuration can say stays so when the guest starts again. */
static void keep(struct change *c)
{
	const struct {
		const char *key;
		int64_t value;
	} kept[] = {
		{ "vcpus", c->vcpus },
		{ "maxvcpus", c->vcpus ? c->vcpu_count : 0 },
		{ "maxmem", c->top >> 10 },
		{ "memory", c->target >> 10 },
		{ "cpu_weight", c->weight },
	};
	bool hard = false, soft = false;
	char value[32];

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		snprintf(
			value, sizeof(value), "%lld", (long long)kept[i].value);
		if (kept[i].value)
			kept_change(c->guest.domid, kept[i].key, value);
	}
	snprintf(value, sizeof(value), "%lld", (long long)c->cap);
	if (c->has_cap)
		kept_change(c->guest.domid, "cap", value);
	for (size_t i = 0; i < c->place_count; i++) {
		hard |= c->places[i].hard;
		soft |= !c->places[i].hard;
	}
	if (hard)
		keep_places(c, "cpus", true);
	if (soft)
		keep_places(c, "cpus_soft", false);
}

static int carry_out(struct change *c, const char *who,
	const struct config *config, struct why *why)
{
	int ret = look_up(c, who, why);

	for (size_t i = 0; !ret && i < config->count; i++)
		ret = get_setting(c, &config->settings[i], why);
	if (!ret)
		ret = check_memory(c, why);
	if (!ret)
		ret = set_vcpus(c, why);
	if (!ret)
		ret = set_memory(c, why);
	if (!ret)
		ret = set_share(c, why);
	for (size_t i = 0; !ret && i < c->place_count; i++)
		ret = set_place(c, &c->places[i], why);
	if (!ret)
		keep(c);
	return ret;
}

static int run(const struct args *args)
{
	struct change c = { .places = calloc(PLACES_MAX, sizeof(*c.places)) };
	struct config config = { 0 };
	struct why why;
	int ret = c.places ? 0 : why_set(&why, -ENOMEM, "out of memory");

	for (int i = 1; !ret && i < args->operand_count; i++)
		ret = config_word(&config, args->operands[i], &why);
	if (ret)
		err_say("%s", why.text);
	else
		ret = session_open(&c.session);
	if (!ret) {
		ret = carry_out(&c, args->operands[0], &config, &why);
		if (ret)
			err_say("%s", why.text);
	}
	session_close(&c.session);
	config_free(&config);
	free(c.places);
	return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "domset",
		.synopsis = "NAME|ID KEY=VALUE...",
		.about =
			"Changes a running guest: vcpus, memory, maxmem (MiB), "
			"cpu_weight, cap (percent\nof a CPU), cpus, "
			"cpus_soft (as in 0-3,^2; cpus.N: of vcpu N alone).",
		.options = options,
	};
	int id, ret;

	args_start(&args, argc, argv);
	id = args_next(&args);
	if (id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (args.operand_count < 2)
		ret = args_usage_error(
			&args, "a domain and what to change are expected");
	else
		ret = run(&args);
	args_free(&args);
	return ret;
}
