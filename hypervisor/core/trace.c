/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing records.  Only its own CPU writes to a ring, with interrupts off, so
 * that whoever has been answered by all CPUs knows that none is half done.
 * dom0 may write anything to its pages: of them only the reader's offset is
 * believed, and that no more than that it may say that the ring is full.
 */
#include <tenon/trace.h>

#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/panic.h>
#include <tenon/softirq.h>

/* Words of the header and of the time; bytes of the longest record. */
#define RECORD_HEAD 3U
#define RECORD_MAX  ((RECORD_HEAD + TRACE_EXTRA_MAX) * 4)
#define LOST_WORDS  4U /* how many; by whom (not told); since when */

struct ring {
	struct t_buf *head; /* NULL: none */
	uint8_t *data;
	uint32_t size;	   /* bytes of data, a multiple of 4 */
	uint32_t produced; /* below twice the size */
	uint32_t lost;
	uint64_t lost_since; /* TSC */
} cache_aligned;

uint32_t trace_mask cache_aligned;
static cpumask_t traced_cpus;
static struct ring rings[NR_CPUS];

/* Bytes that wait for the reader; all there are if it says nonsense. */
static uint32_t used(const struct ring *r)
{
	uint32_t cons = READ_ONCE(r->head->cons), n;

	if (cons >= 2 * r->size)
		return r->size;
	n = r->produced >= cons ? r->produced - cons
				: r->produced + 2 * r->size - cons;
	return MIN(n, r->size);
}

static void advance(struct ring *r, uint32_t bytes)
{
	r->produced += bytes;
	if (r->produced >= 2 * r->size)
		r->produced -= 2 * r->size;
}

/* The rest of the ring, too short for a record, is one that says so. */
static void fill_rest(struct ring *r, uint32_t at, uint32_t left)
{
	uint32_t *word = (uint32_t *)(r->data + at), n = left / 4 - 1;
	uint32_t has_time = n > TRACE_EXTRA_MAX ? TRC_HD_CYCLE_FLAG : 0;

	*word = TRC_TRACE_WRAP_BUFFER | has_time |
		(has_time ? n - 2 : n) << TRACE_EXTRA_SHIFT;
	while (n--)
		*++word = 0;
	advance(r, left);
}

/* There is room for it and for a rest before it. */
static void put(struct ring *r, uint32_t event, uint64_t tsc,
	const uint32_t *words, unsigned n)
{
	uint32_t bytes = (RECORD_HEAD + n) * 4;
	uint32_t at = r->produced % r->size, *word;

	if (r->size - at < bytes) {
		fill_rest(r, at, r->size - at);
		at = 0;
	}
	word = (uint32_t *)(r->data + at);
	*word++ = event | n << TRACE_EXTRA_SHIFT | TRC_HD_CYCLE_FLAG;
	*word++ = (uint32_t)tsc;
	*word++ = (uint32_t)(tsc >> 32);
	for (unsigned i = 0; i < n; i++)
		*word++ = words[i];
	advance(r, bytes);
}

static void put_lost(struct ring *r, uint64_t tsc)
{
	const uint32_t words[LOST_WORDS] = { r->lost, 0,
		TRACE_64(r->lost_since) };

	put(r, TRC_LOST_RECORDS, tsc, words, LOST_WORDS);
	r->lost = 0;
}

static void add(
	struct ring *r, uint32_t event, const uint32_t *words, unsigned n)
{
	uint64_t tsc = arch_tsc();
	uint32_t before = used(r), needs = (RECORD_HEAD + n) * 4 + RECORD_MAX;

	if (r->lost)
		needs += (RECORD_HEAD + LOST_WORDS) * 4;
	if (r->size - before < needs) {
		if (!r->lost++)
			r->lost_since = tsc;
		return;
	}
	if (r->lost)
		put_lost(r, tsc);
	put(r, event, tsc, words, n);
	smp_wmb(); /* pairs with the reader's, between prod and the records */
	WRITE_ONCE(r->head->prod, r->produced);
	if (before < r->size / 2 && used(r) >= r->size / 2)
		softirq_raise(SOFTIRQ_TRACE);
}

/* The class, and in it the subclass. */
static bool is_wanted(uint32_t event)
{
	uint32_t both = event & READ_ONCE(trace_mask);

	return both & TRACE_CLASSES && both & TRACE_SUBCLASSES;
}

void trace_write(uint32_t event, const uint32_t *words, unsigned n)
{
	uint64_t flags = arch_irq_save();
	unsigned cpu = this_cpu()->id;

	if (is_wanted(event) && traced_cpus & CPUMASK(cpu) && rings[cpu].head)
		add(&rings[cpu], event, words, MIN(n, TRACE_EXTRA_MAX));
	arch_irq_restore(flags);
}

static void nothing(void *arg)
{
	(void)arg;
}

void trace_set(uint32_t mask, cpumask_t on)
{
	WRITE_ONCE(traced_cpus, on);
	WRITE_ONCE(trace_mask, mask);
	smp_mb();
	arch_call(atomic_read(&cpus_online), nothing, NULL);
}

void trace_set_ring(unsigned cpu, void *page, uint32_t size)
{
	struct ring *r = &rings[cpu];

	BUG_ON(READ_ONCE(trace_mask));
	*r = (struct ring){ .head = page };
	if (!page)
		return;
	r->data = (uint8_t *)(r->head + 1);
	r->size = size - sizeof(*r->head);
}

void trace_ring_audit(unsigned cpu)
{
	const struct ring *r = &rings[cpu];

	BUG_ON(r->head && (r->size % 4 || r->produced % 4));
	BUG_ON(r->head && r->produced >= 2 * r->size);
}
