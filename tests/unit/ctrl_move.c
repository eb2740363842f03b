/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving a PV domain that runs, on the fake machine: a guest that writes,
 * makes page tables, gives pages away and exchanges frames between the rounds
 * arrives as it was when it was stopped. Failures anywhere leave it be.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <tenonctrl/move_pv.h>
#include "save_rig.h"

#define WRITTEN 20 /* from this number on, in each round */
#define WRITES	50
#define GIVEN	15 /* what is given away at the end */
#define SWAPPED 16 /* exchanges its frame with the next one */
#define TABLE	18 /* is a page table at the end */
#define NEW_VA	(VIRT + (100ULL << 21))

struct guest {
	struct world *w;
	unsigned int round; /* the last one told of */
	uint8_t value;	    /* what it writes */
	int suspend_error;
	bool grows, idles, has_stopped;
};

static uint64_t *list_of(struct world *w)
{
	struct fake_domain *d = &w->fake->domains[w->b.domid];
	struct start_info *si = fake_frame(w->fake, d->context.user_regs.rdx);

	return (void *)seen(w, w->b.domid, si->mfn_list);
}

static void note(struct world *w, uint64_t number)
{
	w->fake->domains[w->b.domid].dirty[number / 64] |= 1ULL << number % 64;
}

static void write_page(struct world *w, uint64_t number, uint8_t value)
{
	memset(fake_frame(w->fake, list_of(w)[number]), value, PAGE);
	note(w, number);
}

/* The number of the frame, from the list. */
static uint64_t number_of(struct world *w, uint64_t mfn)
{
	const uint64_t *list = list_of(w);

	for (uint64_t i = 0; i < PAGES; i++) {
		if (list[i] == mfn)
			return i;
	}
	fail_msg("frame %#lx is not the guest's", mfn);
	return 0;
}

/* The guest's own work while it is sent. */
static void tell(void *arg, unsigned int round, uint64_t done, uint64_t all)
{
	struct guest *g = arg;

	assert_true(done <= all);
	if (g->idles || g->has_stopped || round == g->round)
		return;
	g->round = round;
	for (uint64_t i = 0; i < WRITES / (round + 1); i++)
		write_page(g->w, WRITTEN + i, ++g->value);
}

/* The entry for `va` in the table of `level`, of which `number` it is. */
static uint64_t *entry_at(
	struct world *w, uint64_t va, int level, uint64_t *number)
{
	uint64_t table = w->fake->domains[w->b.domid].root, *entries;

	for (int at = 4; at > level; at--) {
		entries = fake_frame(w->fake, table);
		table = (entries[va >> (12 + 9 * (at - 1)) & 511] & FRAME) /
			PAGE;
		assert_true(table);
	}
	*number = number_of(w, table);
	entries = fake_frame(w->fake, table);
	return &entries[va >> (12 + 9 * (level - 1)) & 511];
}

/* A table that was data when it was sent, with a frame of the guest in it. */
static void make_table(struct world *w)
{
	uint64_t *list = list_of(w), number;
	uint64_t *entry = entry_at(w, NEW_VA, 2, &number);
	uint64_t *entries = fake_frame(w->fake, list[TABLE]);

	assert_int_equal(*entry, 0);
	*entry = list[TABLE] * PAGE | 0x27;
	note(w, number);
	/* Nobody may write to it by another way. */
	*entry_at(w, VIRT + TABLE * PAGE, 1, &number) &= ~2ULL;
	memset(entries, 0, PAGE);
	entries[3] = list[WRITTEN] * PAGE | 0x27;
	note(w, TABLE);
}

static void give_away(struct world *w)
{
	uint64_t *list = list_of(w), number;

	*entry_at(w, VIRT + GIVEN * PAGE, 1, &number) = 0;
	note(w, number);
	w->fake->owner[list[GIVEN] - FAKE_FIRST] = 0;
	w->fake->domains[w->b.domid].pages--;
	list[GIVEN] = ~0ULL;
}

static int stop(void *arg, struct why *why)
{
	struct guest *g = arg;
	struct world *w = g->w;
	uint64_t *list = list_of(w), mfn = list[SWAPPED];
	struct fake_domain *d = &w->fake->domains[w->b.domid];

	if (g->suspend_error)
		return why_set(why, g->suspend_error, "it does not");
	assert_true(d->is_followed);
	g->has_stopped = true;
	if (g->grows)
		((struct shared_info *)fake_frame(w->fake, d->shared_info))
			->arch.max_pfn--;
	make_table(w);
	write_page(w, WRITTEN + 1, 0xee);
	list[SWAPPED] = list[SWAPPED + 1];
	list[SWAPPED + 1] = mfn;
	give_away(w);
	return 0;
}

static int move_to(struct guest *g, struct move_pv *m, int fd)
{
	static char json[] = "{ }", kept[] = "name = \"x\"\n";
	const struct save_head head = { json, kept, 3, sizeof(kept) - 1 };
	struct world *w = g->w;
	struct save_file f;
	int ret;

	*m = (struct move_pv){ .domid = w->b.domid,
		.downtime_ms = 0,
		.rounds = 5,
		.suspend = stop,
		.tell = tell,
		.arg = g };
	g->round = UINT32_MAX;
	g->has_stopped = false;
	assert_int_equal(save_file_begin(&f, fd), 0);
	ret = save_head_write(&f, &head, &w->why);
	if (!ret)
		ret = move_pv(w->c, m, &f, &w->why);
	save_file_end(&f);
	assert_int_equal(fake_map_count(w->fake), 0);
	return ret;
}

static int move(struct guest *g, struct move_pv *m)
{
	assert_int_equal(ftruncate(g->w->file, 0), 0);
	assert_int_equal(lseek(g->w->file, 0, SEEK_SET), 0);
	return move_to(g, m, g->w->file);
}

/* Mappings of the two guests at `va` show the same bytes. */
static void same(struct world *w, uint32_t domid, uint64_t va)
{
	assert_memory_equal(seen(w, domid, va), seen(w, w->b.domid, va), PAGE);
}

static void arrives(void **state)
{
	struct guest g = { 0 };
	struct restore_pv r;
	struct move_pv m;
	struct world w;
	uint64_t list_va;

	(void)state;
	start(&w);
	g.w = &w;
	for (uint64_t i = 8; i < 200; i++)
		write_page(&w, i, (uint8_t)i);
	if (move(&g, &m))
		fail_msg("%s", w.why.text);
	assert_true(m.rounds_done > 1);
	assert_true(m.pages_sent > PAGES && m.pages_last < PAGES / 4);
	assert_false(w.fake->domains[w.b.domid].is_followed);
	if (restore(&w, &r))
		fail_msg("%s", w.why.text);
	assert_int_equal(w.fake->domains[r.domid].pages, PAGES - 1);
	for (uint64_t i = 8; i < 200; i++) {
		if (i != GIVEN && i != TABLE)
			same(&w, r.domid, VIRT + i * PAGE);
	}
	/* Through the new table. */
	same(&w, r.domid, NEW_VA + 3 * PAGE);
	assert_ptr_equal(seen(&w, r.domid, NEW_VA + 3 * PAGE),
		seen(&w, r.domid, VIRT + WRITTEN * PAGE));
	list_va = ((struct start_info *)fake_frame(w.fake,
			   w.fake->domains[r.domid].context.user_regs.rdx))
			  ->mfn_list;
	assert_int_equal(
		((uint64_t *)(void *)seen(&w, r.domid, list_va))[GIVEN], ~0ULL);
	assert_int_equal(domctl_destroy(w.c, r.domid), 0);
	finish(&w);
}

/* One that does nothing is sent once. */
static void idle(void **state)
{
	struct guest g = { .idles = true };
	struct move_pv m;
	struct world w;

	(void)state;
	start(&w);
	g.w = &w;
	assert_int_equal(move(&g, &m), 0);
	assert_int_equal(m.rounds_done, 1);
	/* Of the tables only those that changed. */
	assert_in_range(m.pages_last, 1, 8);
	finish(&w);
}

static void fails(void **state)
{
	struct guest g = { .suspend_error = -ETIMEDOUT };
	struct fake_domain *d;
	struct move_pv m;
	struct world w;
	int pipes[2];

	(void)state;
	start(&w);
	g.w = &w;
	d = &w.fake->domains[w.b.domid];
	assert_int_equal(move(&g, &m), -ETIMEDOUT);
	assert_false(d->is_followed);
	/* Somebody else moves it. */
	d->is_followed = true;
	assert_int_equal(move(&g, &m), -EINVAL);
	d->is_followed = false;
	/* The hypervisor fails: nothing is unnoticed or stays mapped. */
	for (int i = 0; i < 60; i++) {
		w.fake->fail_after = i;
		assert_true(move(&g, &m) < 0);
		assert_true(w.why.text[0]);
		w.fake->fail_after = -1;
		d->is_followed = false;
	}
	/* Nobody reads any more. */
	assert_int_equal(pipe(pipes), 0);
	close(pipes[0]);
	assert_int_equal(move_to(&g, &m, pipes[1]), -EPIPE);
	assert_false(d->is_followed);
	close(pipes[1]);
	g = (struct guest){ .w = &w, .grows = true };
	assert_int_equal(move(&g, &m), -EBUSY);
	assert_false(d->is_followed);
	finish(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrives),
		cmocka_unit_test(idle),
		cmocka_unit_test(fails),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
