/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ticket locks: served in the order of arrival, so that no CPU starves.  With
 * TENON_DEBUG each CPU keeps the ranks that it holds and every take is checked
 * against the highest.
 */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/lock.h>
#include <tenon/panic.h>

#ifdef TENON_DEBUG
/*
 * Interrupt handlers take locks too and share this CPU's list: it is changed
 * with interrupts off.
 */
void lock_check_rank(const struct lock *l, bool is_pair)
{
	uint64_t flags = arch_irq_save();
	struct cpu *cpu = this_cpu();
	unsigned n = cpu->locks_held;
	unsigned top = n ? cpu->lock_ranks[n - 1] : 0;

	if (n == ARRAY_SIZE(cpu->lock_ranks))
		panic("CPU %u holds %u locks", cpu->id, n);
	if (top > l->rank || (top == l->rank && n && !is_pair))
		panic("lock of rank %u taken under one of rank %u", l->rank,
			top);
	arch_irq_restore(flags);
}

void lock_note_take(struct lock *l)
{
	uint64_t flags = arch_irq_save();
	struct cpu *cpu = this_cpu();
	unsigned n = cpu->locks_held;

	/* Kept in ascending order, so that the last is always the highest:
	 * lock_try may come out of order. */
	BUG_ON(n == ARRAY_SIZE(cpu->lock_ranks));
	while (n && cpu->lock_ranks[n - 1] > l->rank) {
		cpu->lock_ranks[n] = cpu->lock_ranks[n - 1];
		n--;
	}
	cpu->lock_ranks[n] = l->rank;
	cpu->locks_held++;
	l->cpu = cpu->id + 1;
	arch_irq_restore(flags);
}

void lock_note_drop(struct lock *l)
{
	uint64_t flags = arch_irq_save();
	struct cpu *cpu = this_cpu();
	unsigned i = cpu->locks_held;

	BUG_ON(l->cpu != cpu->id + 1);
	l->cpu = 0;
	while (i && cpu->lock_ranks[i - 1] != l->rank)
		i--;
	BUG_ON(!i);
	for (; i < cpu->locks_held; i++)
		cpu->lock_ranks[i - 1] = cpu->lock_ranks[i];
	cpu->locks_held--;
	arch_irq_restore(flags);
}
#endif

void lock_init(struct lock *l, enum lock_rank rank)
{
	*l = (struct lock)LOCK_INIT(rank);
}

bool lock_try(struct lock *l)
{
	/* head is the low half, tail the high half of one word. */
	uint32_t *word = (uint32_t *)(void *)&l->head;
	uint32_t old = atomic_read(word);

	if ((uint16_t)old != old >> 16)
		return false;
	if (!atomic_cas(word, &old, old + (1U << 16)))
		return false;
	lock_note_take(l);
	return true;
}

bool lock_is_mine(const struct lock *l)
{
#ifdef TENON_DEBUG
	return l->cpu == this_cpu()->id + 1;
#else
	(void)l;
	return true;
#endif
}

void lock_take_two(struct lock *a, struct lock *b)
{
	if (a == b) {
		lock_take_ranked(a, false);
		return;
	}
	lock_take_ranked(a < b ? a : b, false);
	lock_take_ranked(a < b ? b : a, true);
}

void lock_drop_two(struct lock *a, struct lock *b)
{
	lock_drop(a);
	if (a != b)
		lock_drop(b);
}

_Static_assert(sizeof(struct lock) == 8 && offsetof(struct lock, tail) == 2,
	"lock_try takes both tickets in one word");
