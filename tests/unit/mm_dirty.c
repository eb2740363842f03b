/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guests whose writes are followed: each first write is noted, and nothing
 * else; the guest's own tables are what it made of them; and no shadow says
 * what its table does not.
 */
#include <tenon/entry.h>
#include <tenon/shadow.h>
#include "mm_test.h"

#define DATA   200
#define FRAMES (DATA + FAKE_SPACE_TABLES)
#define L1     DATA
#define L2     (DATA + 1)
#define ROOT   (DATA + 3)
#define RW     (PTE_PRESENT | PTE_USER | PTE_RW)

static struct domain *d;
static struct vcpu *v;
static mfn_t m[FRAMES];

static vaddr_t va_of(unsigned page)
{
	return FAKE_SPACE_VA + page * PAGE_SIZE;
}

static uint64_t entry_of(unsigned page)
{
	return ((uint64_t *)mfn_to_virt(m[L1]))[page];
}

/* The guest's own load or store, mended by us as often as need be.  NULL: the
 * fault is its own; *error then. */
static void *touch_va(vaddr_t va, bool is_write, uint32_t *error)
{
	void *p;

	while (!(p = fake_guest_access(va, is_write, error)) &&
		d->is_followed && shadow_fault(v, va, error))
		;
	mm_check();
	return p;
}

static void *touch(unsigned page, bool is_write)
{
	uint32_t error = 0;

	return touch_va(va_of(page), is_write, &error);
}

/* How many frames are noted; first: which one, if any. */
static unsigned noted(unsigned *first, bool clean)
{
	unsigned n = 0;

	if (clean) {
		fake_enter(NULL, 0);
		shadow_protect(d);
	}
	for (uint64_t at = 0; at < shadow_pfns(d); at += 64) {
		uint64_t bits = clean ? shadow_take(d, at) : shadow_peek(d, at);

		for (unsigned i = 0; i < 64; i++)
			if (bits >> i & 1 && n++ == 0 && first)
				*first = (unsigned)at + i;
	}
	if (clean)
		fake_enter(v, 0);
	mm_check();
	return n;
}

static void follow(uint32_t tables)
{
	fake_enter(NULL, 0);
	assert_int_equal(shadow_enable(d, tables), 0);
	fake_enter(v, 0);
	mm_check();
}

static int setup(void **state)
{
	(void)state;
	fake_start(1024, 2);
	d = fake_domain(1, 512, 2);
	v = d->vcpu[0];
	fake_enter(v, 0);
	assert_int_equal(fake_space(v, DATA, m), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	mm_kill(d);
	fake_stop();
	return 0;
}

static void writes_are_noted(void **state)
{
	unsigned first = 0;

	(void)state;
	/* Remembered as writable before, too. */
	assert_non_null(touch(5, true));
	follow(0);
	assert_int_equal(noted(NULL, false), 0);
	assert_non_null(touch(5, false));
	assert_non_null(touch(6, false));
	assert_int_equal(noted(NULL, false), 0);
	assert_non_null(touch(5, true));
	assert_int_equal(noted(&first, false), 1);
	assert_int_equal(first, 5);
	/* The dirty bit of page 9 changes its table, which is noted as well. */
	assert_non_null(touch(9, true));
	assert_int_equal(noted(NULL, false), 3);
	assert_true(entry_of(9) & PTE_DIRTY && entry_of(9) & PTE_ACCESSED);
	assert_true(entry_of(9) & PTE_RW);
	assert_false(entry_of(6) & PTE_DIRTY);
	assert_true(entry_of(6) & PTE_ACCESSED);
	assert_int_equal(noted(NULL, true), 3);
	assert_int_equal(noted(NULL, false), 0);
	assert_non_null(touch(9, true));
	assert_int_equal(noted(&first, false), 1);
	assert_int_equal(first, 9);
	assert_true(shadow_read_stats(d, false).faults >= 4);
	fake_enter(NULL, 0);
	shadow_disable(d);
	fake_enter(v, 0);
	assert_non_null(touch(7, true));
	assert_int_equal(shadow_pfns(d), 0);
}

static void faults_of_the_guest(void **state)
{
	uint32_t error = 0;

	(void)state;
	follow(0);
	assert_int_equal(pt_update_va(v, d, va_of(3),
				 pte_make(m[3], PTE_PRESENT | PTE_USER)),
		0);
	assert_int_equal(pt_update_va(v, d, va_of(4), 0), 0);
	assert_non_null(touch(3, false));
	error = 0;
	assert_null(touch_va(va_of(3), true, &error));
	assert_int_equal(error, PF_PRESENT | PF_WRITE | PF_USER);
	/* The same when no shadow has the page yet: present is present. */
	fake_enter(NULL, 0);
	shadow_disable(d);
	follow(0);
	error = 0;
	assert_null(touch_va(va_of(3), true, &error));
	assert_int_equal(error, PF_PRESENT | PF_WRITE | PF_USER);
	error = 0;
	assert_null(touch_va(va_of(4), false, &error));
	assert_int_equal(error, PF_USER);
	error = 0;
	assert_null(touch_va(va_of(1000), true, &error));
	assert_int_equal(error, PF_WRITE | PF_USER);
	/* No page table is ever writable. */
	assert_null(touch(L1, true));
	assert_non_null(touch(L1, false));
}

static void changes_are_seen(void **state)
{
	uint8_t *p;

	(void)state;
	follow(0);
	p = touch(1, true);
	assert_non_null(p);
	*p = 77;
	/* Another frame at the same place. */
	assert_int_equal(pt_update_va(v, d, va_of(1), pte_make(m[2], RW)), 0);
	arch_tlb_flush(CPUMASK(0), TLB_PAGE, va_of(1));
	p = touch(1, false);
	assert_ptr_equal(p, mfn_to_virt(m[2]));
	/* Cleared bits are set anew by the next use. */
	assert_int_equal(pt_update_va(v, d, va_of(1), pte_make(m[2], RW)), 0);
	assert_false(entry_of(1) & PTE_ACCESSED);
	arch_tlb_flush(CPUMASK(0), TLB_PAGE, va_of(1));
	assert_non_null(touch(1, true));
	assert_true(entry_of(1) & PTE_DIRTY);
	/* A whole table goes, and with it what was seen through it. */
	assert_int_equal(pt_commit(d, d, v, m[L2], pte_index(FAKE_SPACE_VA, 2),
				 0, false),
		0);
	mm_check();
	arch_tlb_flush(CPUMASK(0), TLB_ALL, 0);
	assert_null(touch(1, false));
}

/* A table of 2 MiB for every data page: more than there are shadows. */
static void out_of_shadows(void **state)
{
	enum { TABLES = 60 };

	(void)state;
	for (unsigned i = 0; i < TABLES; i++) {
		assert_int_equal(
			pt_update_va(v, d, va_of(i),
				pte_make(m[i], PTE_PRESENT | PTE_USER)),
			0);
		memset(mfn_to_virt(m[i]), 0, PAGE_SIZE);
		((uint64_t *)mfn_to_virt(m[i]))[0] = pte_make(m[100 + i], RW);
		assert_int_equal(pt_commit(d, d, v, m[L2], 100 + i,
					 pte_make(m[i], RW), false),
			0);
	}
	follow(1);
	assert_true(shadow_tables(d) < TABLES);
	for (unsigned turn = 0; turn < 3; turn++)
		for (unsigned i = 0; i < TABLES; i++) {
			uint32_t error = 0;
			vaddr_t va = (FAKE_SPACE_VA & ~(GIB(1) - 1)) +
				     (100 + i) * MIB(2);

			assert_ptr_equal(touch_va(va, turn != 1, &error),
				mfn_to_virt(m[100 + i]));
		}
	/* Each frame, and each table that got a dirty bit. */
	assert_int_equal(noted(NULL, false), 2 * TABLES);
}

static void copies_are_noted(void **state)
{
	uint64_t word = 5;
	unsigned first = 0;

	(void)state;
	follow(0);
	/* Nothing is in the shadows yet. */
	assert_int_equal(arch_copy_to_guest(va_of(20) + 8, &word, 8), 0);
	assert_int_equal(((uint64_t *)mfn_to_virt(m[20]))[1], 5);
	assert_int_equal(noted(&first, true), 2);
	assert_int_equal(first, 20);
	assert_int_equal(arch_copy_from_guest(&word, va_of(21), 8), 0);
	assert_int_equal(noted(NULL, false), 0);
	/* Over the end of a page; to what is read-only. */
	assert_int_equal(arch_clear_guest(va_of(23) - 4, 8), 0);
	assert_int_equal(noted(NULL, true), 3);
	assert_int_equal(arch_copy_to_guest(va_of(L1), &word, 8), -EFAULT);
	assert_int_equal(arch_copy_to_guest(va_of(1000), &word, 8), -EFAULT);
	assert_int_equal(noted(NULL, false), 0);
}

/* A frame that becomes another thing is noted, unwritten as it is. */
static void kinds_are_noted(void **state)
{
	unsigned first = 0;

	(void)state;
	memset(mfn_to_virt(m[30]), 0, PAGE_SIZE);
	assert_int_equal(pt_update_va(v, d, va_of(30),
				 pte_make(m[30], PTE_PRESENT | PTE_USER)),
		0);
	follow(0);
	assert_int_equal(pt_pin(d, m[30], 1), 0);
	assert_int_equal(noted(&first, true), 1);
	assert_int_equal(first, 30);
	assert_int_equal(pt_pin(d, m[30], 1), -EINVAL);
	assert_int_equal(noted(NULL, true), 0);
	assert_int_equal(pt_unpin(d, m[30]), 0);
	assert_int_equal(noted(&first, true), 1);
	assert_int_equal(first, 30);
	/* One that is a table anyway, pinned or not. */
	assert_int_equal(pt_pin(d, m[L1], 1), 0);
	assert_int_equal(noted(&first, true), 1);
	assert_int_equal(first, L1);
	assert_int_equal(pt_unpin(d, m[L1]), 0);
	assert_int_equal(noted(&first, true), 1);
	assert_int_equal(first, L1);
	/* What is refused was nothing, and is nothing. */
	((uint64_t *)mfn_to_virt(m[30]))[7] = pte_make(m[ROOT], RW);
	assert_int_equal(pt_pin(d, m[30], 1), -EINVAL);
	assert_int_equal(noted(&first, true), 1);
	assert_int_equal(first, 30);
}

static void roots(void **state)
{
	(void)state;
	follow(0);
	assert_int_equal(pt_new_root(v, m[ROOT], true), 0);
	arch_toggle_mode(v);
	assert_non_null(touch(2, true));
	arch_toggle_mode(v);
	assert_int_equal(pt_new_root(v, MFN(0), true), 0);
	assert_non_null(touch(2, true));
	/* A root that maps itself shows the guest its own tables. */
	assert_int_equal(
		pt_commit(d, d, v, m[ROOT], 300,
			pte_make(m[ROOT], PTE_PRESENT | PTE_USER), false),
		0);
	{
		uint32_t error = 0;
		vaddr_t self = 0xffff000000000000ULL | 300ULL << 39 |
			       300ULL << 30 | 300ULL << 21 | 300ULL << 12;

		assert_ptr_equal(
			touch_va(self, false, &error), mfn_to_virt(m[ROOT]));
		error = 0;
		assert_null(touch_va(self, true, &error));
	}
}

static void no_memory(void **state)
{
	size_t used = heap_used();

	(void)state;
	fake_enter(NULL, 0);
	for (unsigned n = 0;; n++) {
		int r;

		fake_fail_alloc_after(n);
		r = shadow_enable(d, 0);
		fake_fail_alloc_after(~0ULL);
		mm_check();
		if (!r)
			break;
		assert_int_equal(r, -ENOMEM);
		assert_false(d->is_followed);
	}
	assert_int_equal(shadow_enable(d, 0), -EINVAL);
	shadow_disable(d);
	shadow_disable(d);
	/* But for the record that stays. */
	assert_true(heap_used() <= used + 256);
	fake_enter(v, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(writes_are_noted),
		T(faults_of_the_guest),
		T(changes_are_seen),
		T(out_of_shadows),
		T(copies_are_noted),
		T(kinds_are_noted),
		T(roots),
		T(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
