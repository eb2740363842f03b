/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frame allocator: a buddy system of three zones by address, each with
 * clean (zeroed) and dirty blocks apart, so that no allocation searches for
 * clean ones and idle time turns dirty into clean.
 *
 * Only the first frame of a free block has a record that says so: adding
 * memory touches one record a block.  A frame that a guest had comes back
 * dirty, and nobody gets it before every CPU has flushed what it may remember
 * of it: the clock's value at the last such free stands for all of them.
 */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/lock.h>
#include <tenon/page.h>
#include <tenon/panic.h>
#include <tenon/string.h>
#include <tenon/timer.h>
#include <tenon/tlb.h>
#include "page_private.h"

enum zone {
	ZONE_ISA,  /* below 16 MiB */
	ZONE_LOW,  /* below 4 GiB */
	ZONE_HIGH, /* the rest */
	ZONE_COUNT,
};

#define ORDERS (PAGE_ORDER_MAX + 1)

/* Kept below 4 GiB for those who need such frames: at most this much. */
#define LOW_RESERVE_MAX (MIB(64) >> PAGE_SHIFT)
/* Scrubbed in one go: 256 KiB, some tens of microseconds. */
#define SCRUB_ORDER 6
/* How often idle CPUs make others flush for it. */
#define SCRUB_FLUSH_NS 10000000ULL
/* How many blocks of a list are looked at for one with a low address. */
#define SEARCH_MAX 4096

/* Heads of the lists: frame numbers; 0 (never given to us) ends a list. */
static uint32_t free_lists[ZONE_COUNT][2][ORDERS];
static uint32_t lists_used[ZONE_COUNT][2]; /* a bit each order not empty */
static uint64_t free_frames[ZONE_COUNT];
static uint64_t dirty_frames;
static uint64_t total_frames;
static uint64_t zone_total[ZONE_COUNT];
static uint64_t claimed_frames;
static uint64_t guest_stamp; /* clock at the last free of a guest's frame */
static bool is_idle_scrubbing;
static struct lock frames_lock = LOCK_INIT(LOCK_FRAMES);

void page_reset(void)
{
	memset(free_lists, 0, sizeof(free_lists));
	memset(lists_used, 0, sizeof(lists_used));
	memset(free_frames, 0, sizeof(free_frames));
	memset(zone_total, 0, sizeof(zone_total));
	dirty_frames = 0;
	total_frames = 0;
	claimed_frames = 0;
	guest_stamp = 0;
	is_idle_scrubbing = false;
	lock_init(&frames_lock, LOCK_FRAMES);
}

static enum zone zone_of(uint64_t m)
{
	if (m < MIB(16) >> PAGE_SHIFT)
		return ZONE_ISA;
	return m < GIB(4) >> PAGE_SHIFT ? ZONE_LOW : ZONE_HIGH;
}

/* The type word of a block's first frame: next | previous << 32. */
static uint32_t next_of(uint64_t m)
{
	return (uint32_t)frame_table[m].type;
}

static uint32_t prev_of(uint64_t m)
{
	return (uint32_t)(frame_table[m].type >> 32);
}

static void set_links(uint64_t m, uint32_t next, uint32_t prev)
{
	frame_table[m].type = next | (uint64_t)prev << 32;
}

static void insert_block(uint64_t m, unsigned order, bool is_dirty)
{
	enum zone z = zone_of(m);
	uint32_t *head = &free_lists[z][is_dirty][order];

	if (*head)
		set_links(*head, next_of(*head), (uint32_t)m);
	set_links(m, *head, 0);
	WRITE_ONCE(frame_table[m].ref,
		PAGE_REF_NOBODY | PAGE_REF_FREE |
			(is_dirty ? PAGE_REF_SCRUB : 0) |
			(uint64_t)order << PAGE_REF_ORDER_SHIFT);
	*head = (uint32_t)m;
	lists_used[z][is_dirty] |= 1U << order;
}

static void remove_block(uint64_t m, unsigned order, bool is_dirty)
{
	enum zone z = zone_of(m);
	uint32_t next = next_of(m), prev = prev_of(m);

	if (next)
		set_links(next, next_of(next), prev);
	if (prev)
		set_links(prev, next, prev_of(prev));
	else
		free_lists[z][is_dirty][order] = next;
	if (!free_lists[z][is_dirty][order])
		lists_used[z][is_dirty] &= ~(1U << order);
	WRITE_ONCE(frame_table[m].ref, PAGE_REF_NOBODY);
	frame_table[m].type = 0;
}

/* Is m the first of a free block of this order and kind? */
static bool is_block(uint64_t m, unsigned order, bool is_dirty)
{
	uint64_t want = PAGE_REF_FREE | (is_dirty ? PAGE_REF_SCRUB : 0) |
			(uint64_t)order << PAGE_REF_ORDER_SHIFT;

	return m < frame_count &&
	       (frame_table[m].ref & (PAGE_REF_FREE | PAGE_REF_SCRUB |
					     PAGE_REF_ORDER_MASK)) == want;
}

/* Adds a block to the free ones, joined with its buddies. */
static void free_block(uint64_t m, unsigned order, bool is_dirty)
{
	free_frames[zone_of(m)] += 1ULL << order;
	if (is_dirty)
		dirty_frames += 1ULL << order;
	while (order < PAGE_ORDER_MAX) {
		uint64_t buddy = m ^ (1ULL << order);

		if (zone_of(buddy) != zone_of(m) ||
			!is_block(buddy, order, is_dirty))
			break;
		remove_block(buddy, order, is_dirty);
		m &= ~(1ULL << order);
		order++;
	}
	insert_block(m, order, is_dirty);
}

/* Takes the block at m out and gives back what is above the wanted order. */
static void take_block(uint64_t m, unsigned order, unsigned want, bool is_dirty)
{
	remove_block(m, order, is_dirty);
	while (order > want) {
		order--;
		insert_block(m + (1ULL << order), order, is_dirty);
	}
	free_frames[zone_of(m)] -= 1ULL << want;
	if (is_dirty)
		dirty_frames -= 1ULL << want;
}

/* Calls fn for the largest aligned blocks that make up [m, m + n). */
static void for_each_block(
	uint64_t m, uint64_t n, void (*fn)(uint64_t m, unsigned order))
{
	while (n) {
		unsigned order = m ? (unsigned)__builtin_ctzll(m) : 0;

		order = MIN(order, PAGE_ORDER_MAX);
		while (1ULL << order > n)
			order--;
		fn(m, order);
		m += 1ULL << order;
		n -= 1ULL << order;
	}
}

static void add_block(uint64_t m, unsigned order)
{
	total_frames += 1ULL << order;
	zone_total[zone_of(m)] += 1ULL << order;
	free_block(m, order, true);
}

void page_add_range(mfn_t start, mfn_t end)
{
	const uint64_t edges[] = { MIB(16) >> PAGE_SHIFT, GIB(4) >> PAGE_SHIFT,
		~0ULL };
	uint64_t m = MAX(start.v, 1);

	BUG_ON(end.v > frame_count || end.v > UINT32_MAX);
	lock_take(&frames_lock);
	for (unsigned i = 0; i < ARRAY_SIZE(edges) && m < end.v; i++) {
		uint64_t stop = MIN(end.v, edges[i]);

		if (m >= stop)
			continue;
		for_each_block(m, stop - m, add_block);
		m = stop;
	}
	lock_drop(&frames_lock);
}

/*
 * A block of at least the order in zone z, of this kind, that ends below
 * limit (a frame number); 0: none.
 */
static uint64_t find_block(enum zone z, bool is_dirty, unsigned order,
	uint64_t limit, unsigned *found)
{
	uint32_t used = lists_used[z][is_dirty] & ~((1U << order) - 1);

	while (used) {
		unsigned o = (unsigned)__builtin_ctz(used);
		uint64_t m = free_lists[z][is_dirty][o];

		used &= used - 1;
		for (unsigned i = 0; m && i < SEARCH_MAX; i++) {
			if (m + (1ULL << order) <= limit) {
				*found = o;
				return m;
			}
			m = next_of(m);
		}
	}
	return 0;
}

static uint64_t low_reserve(void)
{
	uint64_t low = zone_total[ZONE_ISA] + zone_total[ZONE_LOW];

	/* Without memory above, any frame will do. */
	return zone_total[ZONE_HIGH] ? MIN(LOW_RESERVE_MAX, low / 16) : 0;
}

/* May this request go down to zone z? */
static bool may_use(enum zone z, unsigned order, unsigned flags)
{
	unsigned bits = ALLOC_BITS(flags);

	if (z == ZONE_HIGH)
		return !bits || bits > 32;
	if ((bits && bits <= 32) || flags & ALLOC_LOW_OK)
		return true;
	return free_frames[ZONE_ISA] + free_frames[ZONE_LOW] >=
	       low_reserve() + (1ULL << order);
}

static uint64_t find_and_take(unsigned order, unsigned flags, bool is_dirty)
{
	unsigned bits = ALLOC_BITS(flags), found;
	uint64_t limit =
		bits && bits < 64 ? (1ULL << bits) >> PAGE_SHIFT : frame_count;

	for (unsigned i = 0; i < ZONE_COUNT; i++) {
		enum zone z = ZONE_COUNT - 1 - i;
		uint64_t m;

		if (!may_use(z, order, flags))
			continue;
		m = find_block(z, is_dirty, order, limit, &found);
		if (m) {
			take_block(m, found, order, is_dirty);
			return m;
		}
	}
	return 0;
}

/*
 * One block, clean when wanted so; *is_dirty and *stamp say what has to be
 * done to it before it is used.
 */
static uint64_t take_any(
	unsigned order, unsigned flags, bool *is_dirty, uint64_t *stamp)
{
	bool first = flags & ALLOC_NO_SCRUB || !(flags & ALLOC_ZERO);
	uint64_t m = 0;

	lock_take(&frames_lock);
	/* Interrupts off: no other CPU can be made to flush. */
	if (!arch_irq_enabled() &&
		tlb_stale_cpus(~CPUMASK(this_cpu()->id), guest_stamp)) {
		m = find_and_take(order, flags, false);
		*is_dirty = false;
	} else {
		*is_dirty = first;
		m = find_and_take(order, flags, *is_dirty);
		if (!m) {
			*is_dirty = !first;
			m = find_and_take(order, flags, *is_dirty);
		}
	}
	*stamp = guest_stamp;
	lock_drop(&frames_lock);
	return m;
}

static void give_clean(uint64_t m, unsigned order)
{
	free_block(m, order, false);
}

static void give_dirty(uint64_t m, unsigned order)
{
	free_block(m, order, true);
}

/*
 * Other CPUs are to flush for some frames that are dirty.  Who does not need
 * the frames asks for it seldom: while guests trade frames there is always a
 * new one, and an interrupt for each costs them more than a clean frame saves.
 */
static bool may_disturb(uint64_t stamp, bool is_urgent)
{
	static uint64_t last; /* ns; a lost update costs a flush */
	uint64_t now;

	if (is_urgent || !tlb_stale_cpus(~CPUMASK(this_cpu()->id), stamp))
		return true;
	now = time_now();
	if (now - READ_ONCE(last) < SCRUB_FLUSH_NS)
		return false;
	WRITE_ONCE(last, now);
	return true;
}

/* Makes a dirty block clean; false: there is none, or not now. */
static bool scrub(bool is_urgent)
{
	unsigned order = 0;
	uint64_t m = 0, stamp;

	lock_take(&frames_lock);
	stamp = guest_stamp;
	if (dirty_frames && may_disturb(stamp, is_urgent))
		for (unsigned z = 0; z < ZONE_COUNT && !m; z++)
			m = find_block(z, true, 0, frame_count, &order);
	if (!m) {
		lock_drop(&frames_lock);
		return false;
	}
	take_block(m, order, MIN(order, SCRUB_ORDER), true);
	order = MIN(order, SCRUB_ORDER);
	lock_drop(&frames_lock);

	if (tlb_flush_since(~0ULL, stamp)) {
		arch_clear_pages(mfn_to_virt(MFN(m)), 1UL << order);
		lock_take(&frames_lock);
		give_clean(m, order);
		lock_drop(&frames_lock);
		return true;
	}
	lock_take(&frames_lock);
	give_dirty(m, order);
	lock_drop(&frames_lock);
	return false;
}

static bool is_exhausted(unsigned order)
{
	return page_free_count() < 1ULL << order;
}

struct page *page_take(unsigned order, unsigned flags)
{
	bool is_dirty;
	uint64_t stamp, m;

	if (order > PAGE_ORDER_MAX || arch_alloc_fails())
		return NULL;
	m = take_any(order, flags, &is_dirty, &stamp);
	/* Large blocks may exist in halves of two kinds: make all one kind.
	 * Not for a limit on addresses: guests try limits from 2^18 on up, and
	 * all memory would be scrubbed for what is not there. */
	if (!m && order && arch_irq_enabled() && dirty_frames &&
		!ALLOC_BITS(flags) && !is_exhausted(order)) {
		while (scrub(true))
			;
		m = take_any(order, flags, &is_dirty, &stamp);
	}
	if (!m)
		return NULL;
	if (is_dirty) {
		if (!tlb_flush_since(~0ULL, stamp))
			panic("dirty frames taken with interrupts off");
		if (flags & ALLOC_ZERO)
			arch_clear_pages(mfn_to_virt(MFN(m)), 1UL << order);
	}
	return &frame_table[m];
}

void page_give(struct page *pg, uint64_t count, bool is_guests)
{
	lock_take(&frames_lock);
	if (is_guests)
		guest_stamp = tlb_stamp();
	for_each_block(page_to_mfn(pg).v, count, give_dirty);
	lock_drop(&frames_lock);
}

struct page *page_alloc(unsigned order, unsigned flags)
{
	struct page *pg = page_take(order, flags);

	/* One reference, owned by nobody: page_get_any works on it, and
	 * page_share gives it to a guest. */
	for (uint64_t i = 0; pg && i < 1ULL << order; i++) {
		pg[i].type = 0;
		WRITE_ONCE(pg[i].ref, PAGE_REF_NOBODY | 1);
	}
	return pg;
}

static void release_own(struct page *pg, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		uint64_t old = atomic_swap(&pg[i].ref, PAGE_REF_NOBODY);

		BUG_ON(old != (PAGE_REF_NOBODY | 1));
		pg[i].type = 0;
	}
	page_give(pg, count, false);
}

void page_free(struct page *pg, unsigned order)
{
	release_own(pg, 1ULL << order);
}

void page_free_count_of(struct page *pg, uint64_t count)
{
	release_own(pg, count);
}

/*
 * One CPU at a time: memory has no more bandwidth for several, and those who
 * need frames would wait for the lock behind all that have nothing to do.
 */
bool page_scrub_some(void)
{
	bool has_more;

	if (atomic_swap(&is_idle_scrubbing, true))
		return false;
	has_more = scrub(false);
	atomic_write(&is_idle_scrubbing, false);
	return has_more;
}

uint64_t page_free_count(void)
{
	return READ_ONCE(free_frames[ZONE_ISA]) +
	       READ_ONCE(free_frames[ZONE_LOW]) +
	       READ_ONCE(free_frames[ZONE_HIGH]);
}

uint64_t page_free_count_below(unsigned bits)
{
	uint64_t n = READ_ONCE(free_frames[ZONE_ISA]);

	if (bits > 24)
		n += READ_ONCE(free_frames[ZONE_LOW]);
	if (bits > 32)
		n += READ_ONCE(free_frames[ZONE_HIGH]);
	return n;
}

uint64_t page_total_count(void)
{
	return total_frames;
}

uint64_t page_claimed_count(void)
{
	return READ_ONCE(claimed_frames);
}

bool page_claim_change(uint64_t old, uint64_t new)
{
	bool ok = true;

	lock_take(&frames_lock);
	if (new > old && page_free_count() < claimed_frames + (new - old))
		ok = false;
	else
		claimed_frames += new - old;
	lock_drop(&frames_lock);
	return ok;
}

/* Recounts the lists; the records' own audit is in page_audit.c. */
uint64_t page_audit_free(void)
{
	uint64_t seen = 0, dirty = 0;

	for (unsigned i = 0; i < ZONE_COUNT * 2 * ORDERS; i++) {
		unsigned z = i / (2 * ORDERS), kind = i / ORDERS % 2;
		unsigned order = i % ORDERS;
		uint32_t prev = 0;

		for (uint32_t m = free_lists[z][kind][order]; m;
			m = next_of(m)) {
			if (!is_block(m, order, kind) || prev_of(m) != prev ||
				zone_of(m) != z || m & ((1U << order) - 1))
				panic("free block %#x of order %u is broken", m,
					order);
			for (uint64_t f = m; f < m + (1ULL << order); f++)
				if (frame_table[f].ref & PAGE_REF_COUNT)
					panic("free frame %#lx has references",
						f);
			seen += 1ULL << order;
			dirty += kind ? 1ULL << order : 0;
			prev = m;
		}
	}
	if (seen != page_free_count() || dirty != dirty_frames)
		panic("%lu frames free, counted %lu; %lu dirty, counted %lu",
			page_free_count(), seen, dirty_frames, dirty);
	return seen;
}
