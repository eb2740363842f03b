/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile callers at the hypercalls that concern several domains: events,
 * grants, memory_op, domctl, sysctl.  Three domains with page tables of their
 * own, the first privileged, take turns.  Each step fills an argument page from
 * the input (numbers, pointers and frames that make sense among those that do
 * not), makes one call, as often as it asks to be entered again, and audits
 * everything.
 */
#include "unit/ctl_rig.h"
#include <tenon/boot.h>
#include <tenon/console.h>

#define PAGES 6
#define STEPS 60
/* Words of the argument page that are made from the input. */
#define WORDS 24

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *input, *input_end;
static mfn_t frames[CTL_DOMAINS][PAGES + FAKE_SPACE_TABLES];
static unsigned caller;

static uint8_t next(void)
{
	return input < input_end ? *input++ : 0;
}

static uint64_t raw(unsigned bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | next();
	return value;
}

static vaddr_t va_of(unsigned page)
{
	return FAKE_SPACE_VA + page * PAGE_SIZE;
}

/* A word that some field may take for something. */
static uint64_t word(void)
{
	uint8_t kind = next(), value = next();

	switch (kind % 10) {
	case 0:
		return value % 16;
	case 1: /* two small fields */
		return value % 16 | (uint64_t)(value / 16) << 32;
	case 2: /* four: domain numbers stand side by side */
		return (value & 3) | (uint64_t)(value >> 2 & 3) << 16 |
		       (uint64_t)(value >> 4 & 15) << 32;
	case 3:
		return va_of(1 + value % (PAGES - 1));
	case 4:
		return frames[value % CTL_DOMAINS]
			     [value / 8 % (PAGES + FAKE_SPACE_TABLES)]
				     .v;
	case 5:
		return ~0ULL << (value % 64);
	case 6:
		return DOMID_SELF | (uint64_t)value << 16;
	case 7:
		return va_of(value % PAGES) + value * 16;
	case 8:
		return raw(8);
	default:
		return value;
	}
}

static void fill_page(unsigned page, unsigned words)
{
	uint64_t *to = mfn_to_virt(frames[caller][page]);

	for (unsigned i = 0; i < words; i++)
		to[i] = word();
}

/* A table entry that grants something, perhaps. */
static void write_entry(void)
{
	struct domain *d = dom[next() % CTL_DOMAINS];
	struct grant_entry_v1 *e;
	struct page *pg;

	if (!d || grant_table_frame(d, 0, false, &pg))
		return;
	e = page_to_virt(pg);
	e[next() % 16] = (struct grant_entry_v1){
		.flags = next() & (next() % 4 ? 7 : 0xff),
		.domid = next() % CTL_DOMAINS,
		.frame = (uint32_t)word(),
	};
}

static void event_words(void)
{
	struct shared_info *s = dom[caller]->shared_info;

	/* Queues' words and control blocks, perhaps. */
	*(uint32_t *)((uint8_t *)mfn_to_virt(frames[caller][next() % PAGES]) +
		      next() * 4) ^= (uint32_t)raw(4);
	s->evtchn_pending[0] ^= raw(2);
	s->evtchn_mask[0] ^= raw(2);
	dom[caller]->vcpu[0]->vcpu_info->evtchn_upcall_pending = next();
	dom[caller]->vcpu[0]->vcpu_info->evtchn_pending_sel = raw(2);
}

static void control(bool is_domctl)
{
	uint32_t *arg = mfn_to_virt(frames[caller][0]);

	fill_page(0, WORDS);
	arg[0] = next();
	if (next() % 32)
		arg[1] = XEN_DOMCTL_INTERFACE_VERSION;
	if (is_domctl)
		arg[2] = next() % 8;
	(void)ctl_call(is_domctl ? hc_domctl : hc_sysctl, va_of(0), 0, 0);
}

static void step(void)
{
	uint8_t kind = next();

	switch (kind % 8) {
	case 0:
		write_entry();
		break;
	case 1:
		event_words();
		break;
	case 2:
		fill_page(0, 4);
		(void)ctl_call(hc_event_channel_op, next() % 15, va_of(0), 0);
		break;
	case 3:
	case 4:
		fill_page(0, WORDS);
		(void)ctl_call(
			hc_grant_table_op, next() % 14, va_of(0), next() % 5);
		break;
	case 5:
		fill_page(0, WORDS);
		fill_page(1, 8);
		(void)ctl_call(hc_memory_op,
			next() % 30 | (kind & 0x80 ? raw(2) << 6 : 0), va_of(0),
			0);
		break;
	case 6:
		control(true);
		break;
	default:
		control(false);
	}
}

static bool sometimes(void)
{
	return next() & 1;
}

/* Domains that died are nobody's to audit; dom0 never does. */
static void forget_dead(void)
{
	for (unsigned i = 1; i < CTL_DOMAINS; i++)
		if (dom[i] && dom[i]->life != DOMAIN_ALIVE)
			dom[i] = NULL;
}

/* By the scheduler: domain i's first vcpu runs and no other.  false: it may not
 * (it is paused, or shut down). */
static bool take_turn(unsigned i)
{
	struct vcpu *wanted, *v;

	if (!dom[i])
		return false;
	wanted = dom[i]->vcpu[0];
	vcpu_bring_up(wanted);
	for (unsigned n = 0; n < CTL_DOMAINS; n++) {
		if (!dom[n])
			continue;
		vcpu_for_each (dom[n], v)
			if (v != wanted)
				vcpu_take_down(v);
	}
	rig_settle();
	caller = i;
	return current == wanted;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = data;
	input_end = data + size;
	ctl_start(1);
	console_set_level(LOG_ERR);
	boot_options.guest_loglvl_limited = LOG_NONE;
	fake_enter(NULL, 0);
	for (unsigned i = CTL_DOMAINS; i-- > 0;) {
		(void)!domain_unpause_by_controller(dom[i]);
		assert_true(take_turn(i));
		/* Not to run out of memory before anything happens. */
		dom[i]->page_max = 200;
		assert_int_equal(
			fake_space(dom[i]->vcpu[0], PAGES, frames[i]), 0);
	}
	fake_should_yield = sometimes;
	for (unsigned n = 0; n < STEPS && input < input_end; n++) {
		if (!take_turn(next() % CTL_DOMAINS))
			assert_true(take_turn(0));
		step();
		forget_dead();
		ctl_audit();
	}
	(void)take_turn(0);
	vcpu_take_down(dom[0]->vcpu[0]);
	rig_settle();
	ctl_stop();
	return 0;
}
