/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frequent ways against the general ones, their oracle: the same sequence
 * of changes to page tables on two machines alike, with pt_fast.h and without.
 * After every step results, registers, frame records and tables are equal.
 */
#include <stdlib.h>
#include "mm_test.h"

#define DATA   8
#define FRAMES (DATA + FAKE_SPACE_TABLES)
#define STEPS  6000
#define L1     DATA
#define CODE   (FAKE_SPACE_VA + (DATA - 1) * PAGE_SIZE)

extern bool pt_fast_is_off; /* pv/pt_fast.h */

static struct domain *d, *other;
static mfn_t m[FRAMES], m2[FRAMES];
static uint64_t seed;

/* Marsaglia 2003, xorshift. */
static unsigned draw(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 32) % below;
}

static uint64_t draw_entry(void)
{
	static const uint64_t flags[] = { 0, PTE_PRESENT, PTE_PRESENT | PTE_RW,
		PTE_PRESENT | PTE_RW | PTE_USER | PTE_ACCESSED | PTE_DIRTY,
		PTE_PRESENT | PTE_RW | PTE_USER, PTE_PRESENT | PTE_USER,
		PTE_PRESENT | PTE_USER | PTE_NX | PTE_ACCESSED,
		PTE_PRESENT | PTE_GLOBAL, PTE_PRESENT | PTE_RW | PTE_PCD,
		PTE_PRESENT | PTE_RW | PTE_GRANT, PTE_RW };
	unsigned frame = draw(FRAMES + 3);
	mfn_t to = frame < FRAMES    ? m[frame]
		   : frame == FRAMES ? MFN(frame_count + 5)
				     : m2[draw(DATA)];

	return pte_make(to, flags[draw(ARRAY_SIZE(flags))]);
}

static int store(struct vcpu *v)
{
	static const uint8_t insns[][8] = { { 0x48, 0x89, 0x0b },
		{ 0x48, 0x87, 0x0b }, { 0x48, 0x87, 0x4b, 0x00 },
		{ 0x4c, 0x87, 0x8b, 0, 0, 0, 0 }, { 0xf0, 0x80, 0x23, 0xfd },
		{ 0x48, 0x89, 0x0c, 0x23 }, { 0xf0, 0x48, 0x0f, 0xb1, 0x0b } };
	struct cpu_user_regs *r = arch_guest_regs();
	vaddr_t va = FAKE_SPACE_VA + (L1 + (draw(8) == 0)) * PAGE_SIZE +
		     (16 + draw(12)) * 8;

	memcpy(mfn_to_virt(m[DATA - 1]), insns[draw(ARRAY_SIZE(insns))], 8);
	memset(r, 0, sizeof(*r));
	r->rip = CODE;
	r->rbx = va;
	r->rcx = draw_entry();
	r->r9 = draw_entry();
	r->rax = draw(2) ? 0 : draw_entry();
	return pt_write_fault(v, va, r);
}

/* Pages that steps may leave unmapped or read-only are left alone: the code,
 * and the tables' own mappings. */
static int step(struct vcpu *v)
{
	switch (draw(8)) {
	case 0:
	case 1:
	case 2:
		return pt_commit(d, d, v, m[L1 + (draw(8) == 0)], 16 + draw(12),
			draw_entry(), draw(2));
	case 3:
		return pt_commit(d, other, v, m[L1], 16 + draw(12),
			draw_entry(), draw(2));
	case 4:
		return pt_update_va(v, draw(4) ? d : other,
			FAKE_SPACE_VA + (16 + draw(12)) * PAGE_SIZE,
			draw_entry());
	case 5:
		return draw(2) ? pt_pin(d, m[draw(FRAMES)], 1 + draw(2))
			       : pt_unpin(d, m[draw(FRAMES)]);
	default:
		return store(v);
	}
}

struct state {
	int result;
	uint64_t sum;
};

static uint64_t mix(uint64_t sum, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	/* FNV-1a (Fowler, Noll, Vo). */
	for (size_t i = 0; i < n; i++)
		sum = (sum ^ p[i]) * 0x100000001b3;
	return sum;
}

static uint64_t sum_of_all(void)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (unsigned i = 0; i < FRAMES; i++) {
		sum = mix(sum, mfn_to_page(m[i]), sizeof(struct page));
		sum = mix(sum, mfn_to_page(m2[i]), sizeof(struct page));
		sum = mix(sum, mfn_to_virt(m[i]), PAGE_SIZE);
	}
	return mix(sum, arch_guest_regs(), sizeof(struct cpu_user_regs));
}

static void run(bool is_off, struct state *states)
{
	struct vcpu *v;

	pt_fast_is_off = is_off;
	fake_start(1024, 1);
	other = fake_domain(2, 64, 1);
	fake_enter(other->vcpu[0], 0);
	assert_int_equal(fake_space(other->vcpu[0], DATA, m2), 0);
	d = fake_domain(0, 64, 1);
	d->is_privileged = true;
	v = d->vcpu[0];
	fake_enter(v, 0);
	assert_int_equal(fake_space(v, DATA, m), 0);
	seed = 0x9e3779b97f4a7c15;
	for (unsigned i = 0; i < STEPS; i++) {
		states[i].result = step(v);
		states[i].sum = sum_of_all();
		if (i % 64 == 0)
			mm_check();
	}
	mm_check();
	mm_kill(d);
	mm_kill(other);
	fake_stop();
	pt_fast_is_off = false;
}

static void test_both_ways(void **state)
{
	struct state *fast = calloc(STEPS, sizeof(*fast));
	struct state *general = calloc(STEPS, sizeof(*general));
	unsigned done = 0;

	(void)state;
	assert_non_null(fast);
	assert_non_null(general);
	run(true, general);
	run(false, fast);
	for (unsigned i = 0; i < STEPS; i++) {
		done += general[i].result == 0;
		if (fast[i].result != general[i].result ||
			fast[i].sum != general[i].sum)
			fail_msg("step %u: %d by the general way, %d by the "
				 "other, frames %s",
				i, general[i].result, fast[i].result,
				fast[i].sum == general[i].sum ? "equal"
							      : "differ");
	}
	/* The sequence does change things. */
	assert_in_range(done, STEPS / 4, STEPS);
	free(fast);
	free(general);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_both_ways) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
