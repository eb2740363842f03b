/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rings' pages.  The table (struct t_info) is filled before it can be
 * mapped, read only; what stands in it is kept here and not read again.
 */
#include <tenon/trace_buffers.h>

#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/event.h>
#include <tenon/page.h>
#include <tenon/panic.h>
#include <tenon/softirq.h>
#include <tenon/trace.h>
#include <public/xen.h>

#define PAGES_MAX 0x8000U /* for each CPU: a power of two in 16 bits */

static struct {
	struct page *table;
	unsigned table_order;
	struct page *ring[NR_CPUS];
	unsigned order; /* of each ring */
} buffers;

static struct trace_settings settings;

static void give_back(struct page *first, unsigned order)
{
	for (uint64_t i = 0; first && i < 1ULL << order; i++)
		page_unshare(&first[i]);
}

static void drop(void)
{
	give_back(buffers.table, buffers.table_order);
	buffers.table = NULL;
	for (unsigned cpu = 0; cpu < NR_CPUS; cpu++) {
		trace_set_ring(cpu, NULL, 0);
		give_back(buffers.ring[cpu], buffers.order);
		buffers.ring[cpu] = NULL;
	}
}

/* Zeroed, and dom0's to map; NULL: no memory. */
static struct page *make(unsigned order, bool is_writable)
{
	struct page *first =
		order > PAGE_ORDER_MAX ? NULL : page_alloc(order, ALLOC_ZERO);

	for (uint64_t i = 0; first && i < 1ULL << order; i++) {
		if (!page_share(&first[i], domain_xen, is_writable))
			continue;
		give_back(first, order);
		return NULL;
	}
	return first;
}

/* Words of the table before its lists. */
static unsigned head_words(void)
{
	return DIV_UP((1 + cpu_count) * (unsigned)sizeof(uint16_t), 4);
}

static void fill_table(unsigned order)
{
	struct t_info *info = page_to_virt(buffers.table);
	uint32_t *word = (uint32_t *)info;
	unsigned at = head_words();

	info->tbuf_size = (uint16_t)(1U << order);
	for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
		info->mfn_offset[cpu] = 0;
		if (!buffers.ring[cpu])
			continue;
		info->mfn_offset[cpu] = (uint16_t)at;
		for (unsigned i = 0; i < 1U << order; i++)
			word[at++] =
				(uint32_t)page_to_mfn(buffers.ring[cpu]).v + i;
	}
}

static unsigned order_of(uint64_t n)
{
	unsigned order = 0;

	while (1ULL << order < n)
		order++;
	return order;
}

int trace_buffers_resize(unsigned pages)
{
	uint64_t words = head_words() + (uint64_t)pages * 2 * cpu_count;
	unsigned order = order_of(pages);

	if (buffers.table && pages && order == buffers.order)
		return 0;
	if (settings.is_on)
		return -EBUSY;
	if (pages > PAGES_MAX || words > UINT16_MAX)
		return -EINVAL;
	drop();
	if (!pages)
		return 0;
	buffers.order = order;
	buffers.table_order = order_of(DIV_UP(words * 4, PAGE_SIZE));
	buffers.table = make(buffers.table_order, false);
	for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
		if (!cpus[cpu])
			continue;
		buffers.ring[cpu] = make(order, true);
		if (!buffers.table || !buffers.ring[cpu]) {
			drop();
			return -ENOMEM;
		}
		trace_set_ring(cpu, page_to_virt(buffers.ring[cpu]),
			(uint32_t)(PAGE_SIZE << order));
	}
	fill_table(order);
	return 0;
}

const struct trace_settings *trace_buffers_settings(void)
{
	return &settings;
}

int trace_buffers_set(const struct trace_settings *to)
{
	if (to->is_on && !buffers.table)
		return -EINVAL;
	settings = *to;
	trace_set(to->is_on ? to->events : 0, to->cpus);
	return 0;
}

mfn_t trace_buffers_table(uint32_t *bytes)
{
	*bytes = buffers.table ? (uint32_t)(PAGE_SIZE << buffers.table_order)
			       : 0;
	return buffers.table ? page_to_mfn(buffers.table) : MFN(0);
}

/* SOFTIRQ_TRACE: a ring is half full. */
static void tell_reader(void)
{
	event_send_machine_virq(VIRQ_TBUF);
}

void trace_buffers_init(void)
{
	for (unsigned cpu = 0; cpu < NR_CPUS; cpu++) {
		buffers.ring[cpu] = NULL;
		trace_set_ring(cpu, NULL, 0);
	}
	buffers.table = NULL;
	settings = (struct trace_settings){ .events = TRC_ALL,
		.cpus = ~(cpumask_t)0 };
	softirq_register(SOFTIRQ_TRACE, tell_reader);
}

static void audit_pages(struct page *first, unsigned order)
{
	for (uint64_t i = 0; i < 1ULL << order; i++) {
		BUG_ON(page_owner(&first[i]) != DOMID_XEN);
		BUG_ON(!(READ_ONCE(first[i].ref) & PAGE_REF_SHARED));
		BUG_ON(!(READ_ONCE(first[i].ref) & PAGE_REF_COUNT));
	}
}

void trace_buffers_audit(void)
{
	const struct t_info *info;
	const uint32_t *word;

	BUG_ON(settings.is_on && !buffers.table);
	BUG_ON(READ_ONCE(trace_mask) != (settings.is_on ? settings.events : 0));
	if (!buffers.table)
		return;
	info = page_to_virt(buffers.table);
	word = (const uint32_t *)info;
	BUG_ON(info->tbuf_size != 1U << buffers.order);
	audit_pages(buffers.table, buffers.table_order);
	for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
		trace_ring_audit(cpu);
		if (!buffers.ring[cpu])
			continue;
		audit_pages(buffers.ring[cpu], buffers.order);
		for (unsigned i = 0; i < 1U << buffers.order; i++)
			BUG_ON(word[info->mfn_offset[cpu] + i] !=
				page_to_mfn(&buffers.ring[cpu][i]).v);
	}
}
