/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transactions that meet: who pays for old versions, and who waits for whom.
 */
#include "store_rig.h"

#define MS 1000000u

static uint64_t now;

static bool pass(struct store *s, uint64_t ns)
{
	now += ns;
	return store_set_time(s, now);
}

static void make_nodes(struct conn *c, const char *value)
{
	char text[64];
	int i, n;

	for (i = 0; i < 40; i++) {
		n = snprintf(text, sizeof(text), "/d/n%d%c%s", i, 0, value);
		assert_string_equal(
			rig_ask(c, XS_WRITE, 0, text, (size_t)n, NULL), "OK");
	}
}

/* Nodes that others replace are charged to who keeps the old ones alive. */
static void test_old_versions_are_charged(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL), *g = rig_guest(c, 5);
	struct conn *h = rig_guest(c, 6);
	int64_t old, young;
	uint32_t t, u;

	(void)state;
	make_nodes(c, "1");
	make_nodes(c, "2");
	assert_int_equal(s->old_bytes, 0);
	t = rig_begin(g);
	make_nodes(c, "3");
	old = domain_find(s, 5)->account.old_bytes;
	assert_true(old >= 40 * 48);
	make_nodes(c, "4"); /* of these versions nobody has a snapshot */
	assert_int_equal(domain_find(s, 5)->account.old_bytes, old);

	/* The younger snapshot pays for what it holds, the older inherits. */
	u = rig_begin(h);
	make_nodes(c, "5");
	young = domain_find(s, 6)->account.old_bytes;
	assert_true(young >= 40 * 48);
	assert_int_equal(domain_find(s, 5)->account.old_bytes, old);
	OKAY(g, XS_TRANSACTION_END, t, "F");
	assert_int_equal(domain_find(s, 5)->account.old_bytes, 0);
	assert_int_equal(domain_find(s, 6)->account.old_bytes, young);
	OKAY(c, XS_RM, 0, "/d");
	assert_true(domain_find(s, 6)->account.old_bytes >= young);
	OKAY(h, XS_TRANSACTION_END, u, "T");
	assert_int_equal(s->old_bytes, 0);
	assert_int_equal(s->tree.live_bytes, s->node_bytes);
	store_free(s);
}

/* Too much of it, and the snapshot goes, not the others' changes. */
static void test_old_versions_have_a_limit(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL), *g = rig_guest(c, 5);
	uint32_t t;

	(void)state;
	make_nodes(c, "1");
	OKAY(c, XS_SET_QUOTA, 0, "5\0memory\0001000");
	t = rig_begin(g);
	OKAY(g, XS_MKDIR, t, "x");
	make_nodes(c, "2");
	assert_int_equal(s->old_bytes, 0);
	assert_int_equal(domain_find(s, 5)->quota_hits[QUOTA_MEMORY_HARD], 1);
	SAYS(g, XS_READ, t, "x", "EAGAIN");
	SAYS(g, XS_MKDIR, t, "y", "EAGAIN");
	SAYS(g, XS_TRANSACTION_END, t, "T", "EAGAIN");
	t = rig_begin(g);
	OKAY(g, XS_MKDIR, t, "x");
	OKAY(g, XS_TRANSACTION_END, t, "T");
	SAYS(c, XS_READ, 0, "/d/n3", "2");
	store_free(s);
}

/*
 * One that was open before a crash has lost what it made: whatever it can do it
 * does, and where it misses something its client is told to begin anew.
 */
static void test_open_before_a_crash(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL);
	const uint32_t t = 7;

	(void)state;
	assert_int_equal(txn_put(c, t), 0);
	OKAY(c, XS_MKDIR, t, "/made/after");
	OKAY(c, XS_SET_PERMS, t, "/made/after\0n5");
	SAYS(c, XS_SET_PERMS, t, "/made/before\0n5", "EAGAIN");
	SAYS(c, XS_RM, t, "/lost/before", "EAGAIN");
	SAYS(c, XS_READ, t, "/made/before", "ENOENT");
	SAYS(c, XS_TRANSACTION_END, t, "T", "EAGAIN");
	SAYS(c, XS_READ, 0, "/made", "ENOENT");
	store_free(s);
}

/* Makes "/n" hot: a commit fails over it. */
static void heat(struct store *s, struct conn *a, struct conn *b)
{
	uint32_t t;

	pass(s, MS);
	PUTS(b, 0, "/n\0000");
	t = rig_begin(a);
	SAYS(a, XS_READ, t, "/n", "0");
	PUTS(a, t, "/n\0001");
	PUTS(b, 0, "/n\0002");
	SAYS(a, XS_TRANSACTION_END, t, "T", "EAGAIN");
}

static bool is_dirty(struct store *s, const struct conn *c)
{
	bool is_found = false;
	struct conn *d;

	while ((d = store_next_dirty(s)))
		is_found |= d == c;
	return is_found;
}

static void drain(struct conn *c)
{
	struct answer a;

	while (rig_take(c, &a))
		;
}

static void test_readers_of_a_hot_node_take_turns(void **state)
{
	struct store *s = rig_new();
	struct conn *a = conn_new(s, 0, false, NULL);
	struct conn *b = conn_new(s, 0, false, NULL), *c;
	struct answer r;
	uint32_t t, u, v;

	(void)state;
	heat(s, a, b);
	c = conn_new(s, 0, false, NULL);
	t = rig_begin(a);
	u = rig_begin(b);
	v = rig_begin(c);
	SAYS(a, XS_READ, t, "/n", "2");
	drain(b);
	drain(c);
	rig_post(b, XS_READ, u, "/n", 3);
	assert_int_equal(conn_process(b, 1), 0);
	assert_false(conn_is_ready(b));
	assert_false(conn_wants_input(b));
	rig_post(c, XS_READ, v, "/n", 3);
	assert_int_equal(conn_process(c, 1), 0);
	rig_audit(s);
	assert_true(store_next_wakeup(s) > 0);
	PUTS(a, t, "/n\0003");
	while (store_next_dirty(s))
		;
	OKAY(a, XS_TRANSACTION_END, t, "T");
	assert_true(is_dirty(s, b));
	assert_true(conn_is_ready(b));
	assert_false(conn_is_ready(c)); /* it is not its turn */
	assert_int_equal(conn_process(b, 1), 1);
	assert_true(rig_take(b, &r));
	assert_string_equal(r.data, "3"); /* what the first one has left */
	PUTS(b, u, "/n\0004");
	OKAY(b, XS_TRANSACTION_END, u, "T");
	assert_int_equal(conn_process(c, 1), 1);
	assert_true(rig_take(c, &r));
	assert_string_equal(r.data, "4");
	OKAY(c, XS_TRANSACTION_END, v, "F");
	assert_int_equal(s->txns.parked, 2);
	assert_int_equal(store_next_wakeup(s), -1);
	store_free(s);
}

/* A claim that is not used holds nobody up for longer than a moment. */
static void test_nobody_waits_for_the_idle(void **state)
{
	struct store *s = rig_new();
	struct conn *a = conn_new(s, 0, false, NULL);
	struct conn *b = conn_new(s, 0, false, NULL);
	struct answer r;
	uint32_t t, u;

	(void)state;
	heat(s, a, b);
	t = rig_begin(a);
	u = rig_begin(b);
	SAYS(a, XS_READ, t, "/n", "2");
	drain(b);
	rig_post(b, XS_READ, u, "/n", 3);
	assert_int_equal(conn_process(b, 1), 0);
	pass(s, 2 * MS);
	assert_true(is_dirty(s, b));
	assert_int_equal(conn_process(b, 1), 1);
	assert_true(rig_take(b, &r));
	PUTS(b, u, "/n\0003");
	OKAY(b, XS_TRANSACTION_END, u, "T");
	PUTS(a, t, "/n\0003");
	SAYS(a, XS_TRANSACTION_END, t, "T", "EAGAIN");

	/* And who was idle gets no claim for a while. */
	t = rig_begin(a);
	u = rig_begin(b);
	SAYS(a, XS_READ, t, "/n", "3");
	drain(b);
	rig_post(b, XS_READ, u, "/n", 3);
	assert_int_equal(conn_process(b, 1), 1);
	drain(b);
	rig_audit(s);
	store_free(s);
}

/* Who has paid for its conflicts goes on, though others are in a line then. */
static void test_the_held_go_on_beside_the_parked(void **state)
{
	struct store *s = rig_new();
	struct conn *c[3], *g;
	uint32_t t[3];
	int i;

	(void)state;
	for (i = 0; i < 3; i++)
		c[i] = conn_new(s, 0, false, NULL);
	g = rig_guest(c[0], 5);
	pass(s, MS);
	for (i = 0; i < 11; i++) {
		t[0] = rig_begin(c[0]);
		SAYS(c[0], XS_READ, t[0], "/local/domain/5/x",
			i ? i % 2 ? "0" : "1" : "ENOENT");
		PUTS(c[0], t[0], "/y\0001");
		if (i % 2)
			PUTS(g, 0, "x\0001");
		else
			PUTS(g, 0, "x\0000");
		SAYS(c[0], XS_TRANSACTION_END, t[0], "T", "EAGAIN");
	}
	rig_post(g, XS_READ, 0, "x", 2);
	assert_false(conn_is_ready(g));
	assert_true(store_next_wakeup(s) > 100 * MS);
	assert_false(pass(s, (uint64_t)store_next_wakeup(s) - 3 * MS / 2));

	heat(s, c[0], c[1]);
	for (i = 0; i < 3; i++) {
		t[i] = rig_begin(c[i]);
		drain(c[i]);
		rig_post(c[i], XS_READ, t[i], "/n", 3);
		assert_int_equal(conn_process(c[i], 1), i == 0);
	}
	assert_true(pass(s, MS));
	assert_true(store_next_wakeup(s) >= 0); /* of those in the line */
	assert_true(conn_is_ready(g));
	rig_audit(s);
	store_free(s);
}

/* Whoever ends, whenever: the line goes on. */
static void test_ends_in_the_line(void **state)
{
	int who;

	(void)state;
	for (who = 0; who < 3; who++) {
		struct store *s = rig_new();
		struct conn *c[3];
		uint32_t t[3];
		int i;

		for (i = 0; i < 3; i++)
			c[i] = conn_new(s, 0, false, NULL);
		heat(s, c[0], c[1]);
		for (i = 0; i < 3; i++)
			t[i] = rig_begin(c[i]);
		for (i = 0; i < 3; i++) {
			drain(c[i]);
			rig_post(c[i], XS_READ, t[i], "/n", 3);
			assert_int_equal(conn_process(c[i], 1), i == 0);
		}
		if (who == 1) { /* the heir goes before it has been served */
			drain(c[0]);
			OKAY(c[0], XS_TRANSACTION_END, t[0], "F");
		}
		conn_free(c[who]);
		rig_audit(s);
		if (who == 2) {
			drain(c[0]);
			OKAY(c[0], XS_TRANSACTION_END, t[0], "F");
		}
		assert_true(conn_is_ready(c[who == 0 || who == 2 ? 1 : 2]));
		store_free(s);
	}
}

/* Who makes much work with one request goes without a turn or two. */
static void test_work_is_paid_for(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL);
	char text[64];
	int i, n;

	(void)state;
	for (i = 0; i < 800; i++) {
		n = snprintf(text, sizeof(text), "/big/n%d", i) + 1;
		assert_string_equal(
			rig_ask(c, XS_MKDIR, 0, text, (size_t)n, NULL), "OK");
	}
	drain(c);
	rig_post(c, XS_RM, 0, "/big", 5);
	rig_post(c, XS_READ, 0, "/", 2);
	assert_int_equal(conn_process(c, 16), 1); /* worth 51 requests */
	for (i = 0; i < 2; i++) {
		while (store_next_dirty(s))
			;
		assert_int_equal(conn_process(c, 16), 0);
		assert_true(conn_is_ready(c));
		assert_true(is_dirty(s, c)); /* so that it is asked again */
	}
	assert_int_equal(conn_process(c, 16), 1);
	store_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_old_versions_are_charged),
		cmocka_unit_test(test_old_versions_have_a_limit),
		cmocka_unit_test(test_open_before_a_crash),
		cmocka_unit_test(test_readers_of_a_hot_node_take_turns),
		cmocka_unit_test(test_nobody_waits_for_the_idle),
		cmocka_unit_test(test_the_held_go_on_beside_the_parked),
		cmocka_unit_test(test_ends_in_the_line),
		cmocka_unit_test(test_work_is_paid_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
