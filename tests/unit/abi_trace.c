/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trace rings as a reader in dom0 finds them: by sysctl, the table and the
 * pages, whatever is written to the reader's word.
 */
#include "ctl_rig.h"
#include <tenon/entry.h>
#include <tenon/trace.h>
#include <public/sched.h>

#define PAGES	   2U
#define DATA_BYTES (PAGES * 4096 - 8)

static struct xen_sysctl ctl;

static long op(unsigned cmd)
{
	long r;

	ctl.cmd = XEN_SYSCTL_tbuf_op;
	ctl.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	ctl.u.tbuf_op.cmd = cmd;
	r = ctl_call(hc_sysctl, (uintptr_t)&ctl, 0, 0);
	ctl_audit();
	return r;
}

static void set(uint32_t events, uint8_t cpu_mask)
{
	memset(&ctl, 0, sizeof(ctl));
	ctl.u.tbuf_op.evt_mask = events;
	assert_int_equal(op(XEN_SYSCTL_TBUFOP_set_evt_mask), 0);
	ctl.u.tbuf_op.cpu_mask.bitmap.p = &cpu_mask;
	ctl.u.tbuf_op.cpu_mask.nr_bits = 8;
	assert_int_equal(op(XEN_SYSCTL_TBUFOP_set_cpu_mask), 0);
}

static long resize(uint32_t pages)
{
	ctl.u.tbuf_op.size = pages;
	return op(XEN_SYSCTL_TBUFOP_set_size);
}

static struct t_buf *ring_of(unsigned cpu)
{
	const struct t_info *info;
	const uint32_t *word;

	assert_int_equal(op(XEN_SYSCTL_TBUFOP_get_info), 0);
	assert_true(ctl.u.tbuf_op.size >= 4096);
	info = mfn_to_virt(MFN(ctl.u.tbuf_op.buffer_mfn));
	assert_int_equal(info->tbuf_size, PAGES);
	word = (const uint32_t *)info + info->mfn_offset[cpu];
	assert_int_equal(word[0] + 1, word[1]);
	return mfn_to_virt(MFN(word[0]));
}

static void start(void)
{
	ctl_start(2);
	memset(&ctl, 0, sizeof(ctl));
	assert_int_equal(op(XEN_SYSCTL_TBUFOP_get_info), 0);
	assert_int_equal(ctl.u.tbuf_op.size, 0);
	assert_int_equal(ctl.u.tbuf_op.evt_mask, TRC_ALL);
	assert_int_equal(op(XEN_SYSCTL_TBUFOP_enable), -EINVAL);
	assert_int_equal(resize(PAGES), 0);
	set(TRC_GUEST, 0xff);
	assert_int_equal(op(XEN_SYSCTL_TBUFOP_enable), 0);
}

static void stop(void)
{
	assert_int_equal(op(XEN_SYSCTL_TBUFOP_disable), 0);
	assert_int_equal(resize(0), 0);
	ctl_stop();
}

/* The next record at the reader's offset, which moves on; wraps are passed
 * over.  Returns the event; 0: there is none. */
static uint32_t next(struct t_buf *b, uint32_t *extra, unsigned *n)
{
	const uint32_t *word;
	uint32_t event, bytes;

	do {
		if (b->cons == b->prod)
			return 0;
		word = (const uint32_t *)((uint8_t *)(b + 1) +
					  b->cons % DATA_BYTES);
		event = TRC_HD_TO_EVENT(*word);
		*n = TRC_HD_EXTRA(*word);
		bytes = 4 + *n * 4;
		if (TRC_HD_INCLUDES_CYCLE_COUNT(*word++)) {
			bytes += 8;
			word += 2;
		}
		assert_true(b->cons % DATA_BYTES + bytes <= DATA_BYTES);
		memcpy(extra, word, *n * 4);
		b->cons = (b->cons + bytes) % (2 * DATA_BYTES);
	} while (event == TRC_TRACE_WRAP_BUFFER);
	return event;
}

static void records(void **state)
{
	uint64_t free_before;
	uint32_t extra[TRACE_EXTRA_MAX];
	struct t_buf *b;
	unsigned n;

	(void)state;
	start();
	b = ring_of(0);
	assert_int_equal(b->prod, 0);
	TRACE(TRC_GUEST + 1, 7, TRACE_64(0x123456789abcdef0));
	TRACE(TRC_SCHED_WAKE, 1, 2);
	assert_int_equal(next(b, extra, &n), TRC_GUEST + 1);
	assert_int_equal(n, 3);
	assert_int_equal(extra[0], 7);
	assert_int_equal(extra[1], 0x9abcdef0);
	assert_int_equal(extra[2], 0x12345678);
	assert_int_equal(next(b, extra, &n), 0);

	/* A class without the subclass, and other CPUs. */
	set(TRC_SCHED_VERBOSE, 0xff);
	TRACE(TRC_SCHED_WAKE, 1, 2);
	TRACE(TRC_SCHED_RUNSTATE_CHANGE, 1);
	assert_int_equal(next(b, extra, &n), TRC_SCHED_WAKE);
	assert_int_equal(next(b, extra, &n), 0);
	set(TRC_ALL, 2);
	TRACE(TRC_SCHED_WAKE, 1, 2);
	assert_int_equal(next(b, extra, &n), 0);
	fake_play(1);
	TRACE(TRC_SCHED_WAKE, 3, 4);
	ctl_play(0);
	assert_int_equal(next(ring_of(1), extra, &n), TRC_SCHED_WAKE);
	assert_int_equal(extra[1], 4);

	/* A ring in use has its size; one that is not can have another. */
	assert_int_equal(resize(PAGES - 1), -EBUSY);
	assert_int_equal(resize(PAGES), 0);
	assert_int_equal(op(XEN_SYSCTL_TBUFOP_disable), 0);
	TRACE(TRC_SCHED_WAKE, 3, 4);
	assert_int_equal(b->prod, b->cons);
	assert_int_equal(resize(0x10000), -EINVAL);
	free_before = page_free_count();
	assert_int_equal(resize(1), 0);
	assert_int_equal(page_free_count(), free_before + 2);
	assert_int_equal(resize(2048), -ENOMEM);
	assert_int_equal(op(XEN_SYSCTL_TBUFOP_enable), -EINVAL);
	assert_int_equal(page_free_count(), free_before + 5);
	assert_int_equal(op(9), -EINVAL);
	stop();
}

/* All lengths, round and round; then none is read until some are lost. */
static void wraps_and_loses(void **state)
{
	uint32_t words[TRACE_EXTRA_MAX] = { 0 }, extra[TRACE_EXTRA_MAX];
	unsigned n, written = 0, seen = 0;
	struct t_buf *b;

	(void)state;
	start();
	b = ring_of(0);
	for (uint32_t i = 0; i < 5000; i++) {
		words[0] = i;
		trace_write(TRC_GUEST + 2, words, 1 + i % TRACE_EXTRA_MAX);
		assert_int_equal(next(b, extra, &n), TRC_GUEST + 2);
		assert_int_equal(n, 1 + i % TRACE_EXTRA_MAX);
		assert_int_equal(extra[0], i);
		assert_int_equal(next(b, extra, &n), 0);
	}
	assert_false(softirq_pending());
	for (uint32_t i = 0; i < 1000; i++) {
		words[0] = i;
		trace_write(TRC_GUEST + 3, words, 4);
	}
	assert_true(this_cpu()->softirqs & 1U << SOFTIRQ_TRACE);
	trace_buffers_audit();
	while (next(b, extra, &n)) {
		assert_int_equal(extra[0], seen);
		seen++;
	}
	assert_in_range(seen, DATA_BYTES / 28 - 4, 999);
	written = 1000 - seen;
	trace_write(TRC_GUEST + 4, words, 0);
	assert_int_equal(next(b, extra, &n), TRC_LOST_RECORDS);
	assert_int_equal(extra[0], written);
	assert_int_equal(next(b, extra, &n), TRC_GUEST + 4);
	softirq_run();
	stop();
}

/* What a reader may write changes nothing but what it sees. */
static void hostile(void **state)
{
	static const uint32_t words[] = { 0, 1, DATA_BYTES - 1, DATA_BYTES,
		2 * DATA_BYTES - 3, 2 * DATA_BYTES, 0x80000000, 0xffffffff };
	struct t_buf *b;

	(void)state;
	start();
	b = ring_of(0);
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
		for (unsigned n = 0; n < 600; n++) {
			b->cons = words[i];
			b->prod = words[(i + n) % ARRAY_SIZE(words)];
			TRACE(TRC_GUEST + 5, n, n, n);
			assert_true(
				b->prod == words[(i + n) % ARRAY_SIZE(words)] ||
				b->prod < 2 * DATA_BYTES);
		}
		trace_buffers_audit();
	}
	softirq_run();
	stop();
}

/* What the core itself records. */
static void kinds(void **state)
{
	struct cpu_user_regs regs = { 0 };
	uint32_t extra[TRACE_EXTRA_MAX], seen = 0, event;
	struct t_buf *b;
	unsigned n;

	(void)state;
	start();
	set(TRC_ALL, 0xff);
	b = ring_of(0);
	b->cons = b->prod;
	regs.rax = __HYPERVISOR_sched_op;
	regs.rdi = SCHEDOP_yield;
	entry_hypercall(&regs);
	assert_int_equal(next(b, extra, &n), TRC_PV_HYPERCALL_V2);
	assert_int_equal(extra[0] & ~TRC_PV_HYPERCALL_V2_ARG_MASK,
		__HYPERVISOR_sched_op);
	assert_int_equal(extra[0] & TRC_PV_HYPERCALL_V2_ARG_MASK,
		TRC_PV_HYPERCALL_V2_ARG_64(0) | TRC_PV_HYPERCALL_V2_ARG_64(1));
	assert_int_equal(n, 5);
	assert_int_equal(extra[1], SCHEDOP_yield);
	assert_int_equal(next(b, extra, &n), TRC_SCHED_YIELD);
	timer_interrupt();
	assert_int_equal(next(b, extra, &n), TRACE_HW_TIMER);
	dom[1]->pauses = 0;
	vcpu_bring_up(dom[1]->vcpu[0]);
	while ((event = next(b, extra, &n)) != 0)
		seen |= event == TRC_SCHED_WAKE && extra[0] == dom[1]->id;
	assert_true(seen);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records),
		cmocka_unit_test(wraps_and_loses),
		cmocka_unit_test(hostile),
		cmocka_unit_test(kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
