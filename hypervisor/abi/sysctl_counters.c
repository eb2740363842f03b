/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The counters to look at: by debug key and by sysctl (perfc_op), whose values
 * are sums for what has numbers of its own, and one for each CPU otherwise.
 */
#include <tenon/console.h>
#include <tenon/counters.h>
#include <tenon/cpu.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/string.h>
#include "sysctl.h"

static const struct counter {
	const char *name;
	unsigned place;
	unsigned count; /* places; 0: one, shown for each CPU */
} counters[] = {
	{ "hypercalls", COUNT_HYPERCALL, COUNT_HYPERCALLS },
	{ "exceptions", COUNT_EXCEPTION, COUNT_VECTORS },
	{ "device interrupts", COUNT_INTERRUPT, 0 },
	{ "timer interrupts", COUNT_TIMER, 0 },
	{ "vcpu switches", COUNT_SWITCH, 0 },
};

static const char *const hypercall_names[COUNT_HYPERCALLS] = {
#define HYPERCALL(nr, name, args) [nr] = #name,
#include <tenon/hypercalls.def>
#undef HYPERCALL
};

static uint32_t sum(unsigned place)
{
	uint32_t n = 0;

	for (unsigned cpu = 0; cpu < cpu_count; cpu++)
		if (cpus[cpu])
			n += READ_ONCE(cpus[cpu]->counts[place]);
	return n;
}

static unsigned value_count(const struct counter *c)
{
	return c->count ? c->count : cpu_count;
}

static uint32_t value(const struct counter *c, unsigned n)
{
	if (c->count)
		return sum(c->place + n);
	return cpus[n] ? READ_ONCE(cpus[n]->counts[c->place]) : 0;
}

/* Another CPU may count one more meanwhile, on top of what it had. */
void counters_reset(void)
{
	for (unsigned cpu = 0; cpu < cpu_count; cpu++)
		for (unsigned i = 0; cpus[cpu] && i < COUNT_PLACES; i++)
			WRITE_ONCE(cpus[cpu]->counts[i], 0);
}

void counters_dump(void)
{
	uint32_t n;

	for (unsigned i = 0; i < COUNT_PLACES; i++) {
		n = sum(i);
		if (!n)
			continue;
		if (i < COUNT_EXCEPTION)
			log_info("hypercall %s: %u", hypercall_names[i], n);
		else if (i < COUNT_INTERRUPT)
			log_info("exception %u: %u", i - COUNT_EXCEPTION, n);
		else
			log_info("%s: %u",
				counters[2 + i - COUNT_INTERRUPT].name, n);
	}
}

static int copy_all(const struct xen_sysctl_perfc_op *arg)
{
	struct xen_sysctl_perfc_desc desc;
	unsigned at = 0;
	uint32_t v;

	for (unsigned i = 0; i < ARRAY_SIZE(counters); i++) {
		const struct counter *c = &counters[i];

		memset(&desc, 0, sizeof(desc));
		memcpy(desc.name, c->name, strlen(c->name));
		desc.nr_vals = value_count(c);
		if (arg->desc.va && guest_write_at(arg->desc, i, &desc))
			return -EFAULT;
		for (unsigned n = 0; n < desc.nr_vals; n++, at++) {
			v = value(c, n);
			if (arg->val.va && guest_write_at(arg->val, at, &v))
				return -EFAULT;
		}
	}
	return 0;
}

int sysctl_counters(struct sysctl *c)
{
	struct xen_sysctl_perfc_op *arg = &c->op.u.perfc_op;

	switch (arg->cmd) {
	case XEN_SYSCTL_PERFCOP_reset:
		counters_reset();
		return 0;
	case XEN_SYSCTL_PERFCOP_query:
		arg->nr_counters = ARRAY_SIZE(counters);
		arg->nr_vals = 0;
		for (unsigned i = 0; i < ARRAY_SIZE(counters); i++)
			arg->nr_vals += value_count(&counters[i]);
		c->must_copy_back = true;
		return copy_all(arg);
	default:
		return -EINVAL;
	}
}
