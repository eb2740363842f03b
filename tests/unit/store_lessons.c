/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What went wrong in stores before this one: one test each, with the audit
 * after every request.
 */
#include "store_rig.h"
#include "stream.h"

#include <errno.h>

static void test_oversized_replies(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL);
	char text[64];
	int i, n;

	(void)state;
	for (i = 0; i < 300; i++) {
		n = snprintf(text, sizeof(text), "/d/a-long-enough-name-%d", i);
		assert_string_equal(
			rig_ask(c, XS_MKDIR, 0, text, (size_t)n + 1, NULL),
			"OK");
	}
	SAYS(c, XS_DIRECTORY, 0, "/d", "E2BIG");
	store_free(s);
}

/* A guest that makes others' commits fail is made to wait; they are not. */
static void test_conflicts_cost_their_cause(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL);
	struct conn *bad = rig_guest(c, 5), *good = rig_guest(c, 6);
	char text[] = "/shared\0bad-a";
	uint32_t t;
	int i;

	(void)state;
	store_set_time(s, 1000000000);
	PUTS(c, 0, "/shared\0");
	OKAY(c, XS_SET_PERMS, 0, "/shared\0b0");
	for (i = 0; i < 11; i++) {
		t = rig_begin(good);
		ASK(good, XS_READ, t, "/shared");
		PUTS(good, t, "/shared\0good");
		text[sizeof(text) - 2] = (char)('a' + i);
		assert_string_equal(
			rig_ask(bad, XS_WRITE, 0, text, sizeof(text) - 1, NULL),
			"OK");
		SAYS(good, XS_TRANSACTION_END, t, "T", "EAGAIN");
	}
	rig_post(bad, XS_READ, 0, "/shared", 8);
	assert_int_equal(conn_process(bad, 1), 0);
	assert_false(conn_wants_input(bad));
	assert_true(store_next_wakeup(s) > 0);
	t = rig_begin(good);
	ASK(good, XS_READ, t, "/shared");
	PUTS(good, t, "/shared\0good");
	OKAY(good, XS_TRANSACTION_END, t, "T");
	store_set_time(s, 2000000000);
	assert_int_equal(conn_process(bad, 1), 1);
	rig_audit(s);
	store_free(s);
}

/* A guest and the helper that acts for it end in either order. */
static void test_guest_and_helper_end_together(void **state)
{
	int order;

	(void)state;
	for (order = 0; order < 2; order++) {
		struct store *s = rig_new();
		struct conn *c = conn_new(s, 0, false, NULL);
		struct conn *g = rig_guest(c, 5), *h = rig_guest(c, 6);

		OKAY(c, XS_SET_TARGET, 0, "6\0005");
		PUTS(h, 0, "/local/domain/5/x\0v");
		OKAY(h, XS_WATCH, 0, "/local/domain/5\0t");
		rig_begin(g);
		conn_free(order ? g : h);
		store_domain_gone(s, order ? 5 : 6);
		rig_audit(s);
		conn_free(order ? h : g);
		store_domain_gone(s, order ? 6 : 5);
		rig_audit(s);
		/* The next domain of that id is nobody's helper. */
		g = rig_guest(c, 5);
		h = rig_guest(c, 6);
		assert_string_equal(
			ASK_RAW(h, XS_WRITE, 0, "/local/domain/5/y\0v"),
			"EACCES");
		store_free(s);
	}
}

static int fill(struct conn *g, uint32_t tx, const char *prefix, int from)
{
	char text[64];
	int i, n;

	for (i = from; i < 3000; i++) {
		n = snprintf(text, sizeof(text), "%s%d", prefix, i) + 1;
		if (strcmp(rig_ask(g, XS_WRITE, tx, text, (size_t)n, NULL),
			    "OK"))
			return i;
	}
	return -1;
}

static void test_node_quota(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL), *g;
	uint32_t t;

	(void)state;
	store_quota(s, QUOTA_NODES)->value = 50;
	g = rig_guest(c, 5); /* its home is one */
	assert_int_equal(fill(g, 0, "n", 0), 49);
	assert_int_equal(store_quota(s, QUOTA_NODES)->denied, 1);
	SAYS(g, XS_MKDIR, 0, "a/b/c", "ENOSPC");
	PUTS(g, 0, "n0\0still");
	OKAY(g, XS_RM, 0, "n0");
	OKAY(g, XS_RM, 0, "n0"); /* a second removal gives nothing back */
	PUTS(g, 0, "n0\0x");
	SAYS(g, XS_MKDIR, 0, "one-more", "ENOSPC");

	/* Created and deleted inside a transaction: nothing is gained. */
	OKAY(g, XS_RM, 0, "n1");
	t = rig_begin(g);
	OKAY(g, XS_MKDIR, t, "x");
	OKAY(g, XS_RM, t, "x");
	OKAY(g, XS_RM, t, "n2");
	OKAY(g, XS_MKDIR, t, "y");
	OKAY(g, XS_MKDIR, t, "z");
	SAYS(g, XS_MKDIR, t, "zz", "ENOSPC");
	SAYS(g, XS_TRANSACTION_END, t, "T", "ENOSPC");
	assert_int_equal(domain_find(s, 5)->account.nodes, 49);

	/* Two transactions cannot share one free place. */
	t = rig_begin(g);
	OKAY(g, XS_MKDIR, t, "x");
	OKAY(g, XS_MKDIR, 0, "y");
	SAYS(g, XS_TRANSACTION_END, t, "T", "EAGAIN");

	/* Domain 0 gives nodes away and takes them: the accounts follow. */
	OKAY(c, XS_SET_PERMS, 0, "/local/domain/5/n3\0n0");
	assert_int_equal(domain_find(s, 5)->account.nodes, 49);
	OKAY(c, XS_SET_PERMS, 0, "/local/domain/5/n3\0n5");
	assert_int_equal(domain_find(s, 5)->account.nodes, 50);

	/* The next domain of that id begins with nothing. */
	conn_free(g);
	OKAY(c, XS_RELEASE, 0, "5");
	g = rig_guest(c, 5);
	assert_int_equal(domain_find(s, 5)->account.nodes, 1);
	assert_int_equal(fill(g, 0, "n", 0), 49);
	store_free(s);
}

static void test_watches_leak_no_paths(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL);
	struct conn *g = rig_guest(c, 5), *spy = rig_guest(c, 6);

	(void)state;
	OKAY(spy, XS_WATCH, 0, "/\0all");
	rig_event(spy, "/", "all");
	OKAY(spy, XS_WATCH, 0, "/local/domain/5/secret\0one");
	rig_event(spy, "/local/domain/5/secret", "one");
	PUTS(g, 0, "secret/key\0v");
	OKAY(g, XS_RM, 0, "secret");
	rig_no_event(spy);
	PUTS(g, 0, "open\0v");
	rig_no_event(spy);
	OKAY(g, XS_SET_PERMS, 0, "open\0n5\0r6");
	rig_event(spy, "/local/domain/5/open", "all");
	PUTS(g, 0, "open\0w");
	rig_event(spy, "/local/domain/5/open", "all");
	OKAY(g, XS_SET_PERMS, 0, "open\0n5");
	rig_event(spy, "/local/domain/5/open", "all"); /* it could until now */
	PUTS(g, 0, "open\0x");
	rig_no_event(spy);
	conn_free(g);
	OKAY(c, XS_RELEASE, 0, "5");
	rig_no_event(spy);
	store_free(s);
}

static void test_permissions_end_with_their_domain(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL), *g = rig_guest(c, 5);
	struct answer a;

	(void)state;
	PUTS(c, 0, "/key\0secret");
	OKAY(c, XS_SET_PERMS, 0, "/key\0n0\0r5");
	OKAY(c, XS_SET_PERMS, 0, "@releaseDomain\0n0\0r5");
	SAYS(g, XS_READ, 0, "/key", "secret");
	conn_free(g);
	OKAY(c, XS_RELEASE, 0, "5");
	g = rig_guest(c, 5);
	SAYS(g, XS_READ, 0, "/key", "EACCES");
	SAYS(g, XS_WATCH, 0, "@releaseDomain\0t", "EACCES");
	rig_ask(c, XS_GET_PERMS, 0, "/key", 5, &a);
	assert_int_equal(a.len, 3);
	assert_string_equal(a.data, "n0");

	/* Nor does an open transaction carry an owner over its death. */
	{
		uint32_t t = rig_begin(c);

		PUTS(c, t, "/gift\0v");
		OKAY(c, XS_SET_PERMS, t, "/gift\0n5");
		conn_free(g);
		OKAY(c, XS_RELEASE, 0, "5");
		SAYS(c, XS_TRANSACTION_END, t, "T", "EAGAIN");
	}
	store_free(s);
}

static void test_events_fit_a_packet(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL);
	struct conn *w = conn_new(s, 0, false, NULL);
	char *text = calloc(1, WIRE_PAYLOAD_MAX);
	struct answer a;
	size_t i;

	(void)state;
	memcpy(text, "/a", 3);
	memset(text + 3, 't', 1023);
	assert_string_equal(
		rig_ask(w, XS_WATCH, 0, text, 3 + 1023 + 1, NULL), "E2BIG");
	text[3 + 1022] = '\0';
	assert_string_equal(
		rig_ask(w, XS_WATCH, 0, text, 3 + 1022 + 1, NULL), "OK");
	assert_true(rig_take(w, &a));
	memset(text, 'b', 3072);
	memcpy(text, "/a/", 3);
	for (i = 1000; i < 3072; i += 1000)
		text[i] = '/';
	text[3072] = '\0';
	assert_string_equal(rig_ask(c, XS_WRITE, 0, text, 3073, NULL), "OK");
	assert_true(rig_take(w, &a));
	assert_int_equal(a.len, WIRE_PAYLOAD_MAX);
	free(text);
	store_free(s);
}

static bool released[16];

static void note_release(void *ctx, uint16_t domid)
{
	(void)ctx;
	released[domid] = true;
}

static bool lives(void *ctx, uint16_t domid)
{
	(void)ctx;
	return domid == 5;
}

/* Cutting off a guest's connection is not its death. */
static void test_record_outlives_connection(void **state)
{
	struct store_host host = { .release = note_release, .exists = lives };
	struct store *s = store_new(&host, rig_seed);
	struct conn *c = conn_new(s, 0, false, NULL);
	struct conn *w = conn_new(s, 0, false, NULL), *g = rig_guest(c, 5);
	struct wire_header hdr = { XS_READ, 0, 0, WIRE_PAYLOAD_MAX + 1 };

	(void)state;
	OKAY(w, XS_WATCH, 0, "@releaseDomain\0r");
	rig_event(w, "@releaseDomain", "r");
	PUTS(g, 0, "x\0v");
	rig_put(g, &hdr, sizeof(hdr));
	assert_int_equal(conn_process(g, 1), -EPROTO);
	conn_reset(g);
	rig_audit(s);
	rig_no_event(w);
	SAYS(c, XS_IS_DOMAIN_INTRODUCED, 0, "5", "T");
	SAYS(c, XS_READ, 0, "/local/domain/5/x", "v");
	SAYS(g, XS_READ, 0, "x", "v");

	/* Released, but the hypervisor still has it: its nodes remain. */
	conn_free(g);
	OKAY(c, XS_RELEASE, 0, "5");
	assert_true(released[5]);
	rig_event(w, "@releaseDomain", "r");
	SAYS(c, XS_READ, 0, "/local/domain/5/x", "v");
	store_domain_gone(s, 5);
	rig_audit(s);
	SAYS(c, XS_READ, 0, "/local/domain/5/x", "ENOENT");
	store_free(s);
}

static void test_unread_output_is_bounded(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL);
	struct conn *w = conn_new(s, 0, false, NULL), *g = rig_guest(c, 5);
	struct wire_header hdr = { XS_READ, 7, 0, 2 };
	char text[64];
	int i, n, count = 0;
	struct answer a;

	(void)state;
	/* Replies: a guest with 20 unread ones is not served. */
	PUTS(g, 0, "x\0v");
	for (i = 0; i < 30; i++) {
		rig_put(g, &hdr, sizeof(hdr));
		rig_put(g, "x", 2);
	}
	assert_int_equal(conn_process(g, 100), 20);
	assert_false(conn_wants_input(g));
	assert_false(conn_is_ready(g));
	assert_true(rig_take(g, &a));
	assert_int_equal(conn_process(g, 100), 1);

	/* Events: one that waits already is not told twice. */
	OKAY(w, XS_WATCH, 0, "/f\0t");
	for (i = 0; i < 1000; i++)
		PUTS(c, 0, "/f/same\0v");
	rig_event(w, "/f", "t");
	rig_event(w, "/f/same", "t");
	rig_no_event(w);

	/* And a flood of different ones melts into "look at all of it". */
	for (i = 0; i < 20000; i++) {
		n = snprintf(text, sizeof(text), "/f/a-longer-name-%d",
			    i % 10000) +
		    1;
		rig_post(c, XS_WRITE, 0, text, (size_t)n);
		assert_int_equal(conn_process(c, 1), 1);
		while (rig_take(c, &a))
			;
		assert_true(conn_pending(w) < EVENT_BYTES_MAX + 8192);
	}
	rig_audit(s);
	while (rig_take(w, &a))
		if (!strcmp(a.data, "/f"))
			count++;
	assert_int_equal(count, 1);
	assert_int_equal(domain_find(s, 5)->account.watch_bytes, 0);
	store_free(s);
}

/* Three levels, of which the quota allows two: none of them is made. */
static void test_no_half_made_nodes(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL), *g = rig_guest(c, 5);
	uint32_t t;

	(void)state;
	store_quota(s, QUOTA_NODES)->value = 3;
	t = rig_begin(g);
	SAYS(g, XS_MKDIR, t, "a/b/c", "ENOSPC");
	SAYS(g, XS_DIRECTORY, t, "a", "ENOENT");
	SAYS(g, XS_TRANSACTION_END, t, "T", "ENOSPC");
	SAYS(g, XS_DIRECTORY, 0, "a", "ENOENT");
	store_free(s);
}

static void test_deep_trees(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL), *g;
	struct conn *w = conn_new(s, 0, false, NULL);
	char *text = calloc(1, 4096);
	int i;

	(void)state;
	store_quota(s, QUOTA_NODES)->value = 0;
	g = rig_guest(c, 5);
	for (i = 0; i < 1000; i++)
		memcpy(text + 2 * i, "a/", 2);
	text[1999] = '\0';
	assert_string_equal(rig_ask(g, XS_WRITE, 0, text, 2000, NULL), "OK");
	memcpy(text + 2000, "t", 2);
	assert_string_equal(rig_ask(g, XS_WATCH, 0, text, 2002, NULL), "OK");
	OKAY(w, XS_WATCH, 0, "/\0t");
	OKAY(g, XS_RM, 0, "a");
	SAYS(g, XS_READ, 0, "a", "ENOENT");
	assert_int_equal(domain_find(s, 5)->account.nodes, 1);
	free(text);
	store_free(s);
}

static void test_reset_in_transaction(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL), *g = rig_guest(c, 5);
	uint32_t t;

	(void)state;
	OKAY(g, XS_WATCH, 0, "x\0t");
	t = rig_begin(g);
	PUTS(g, t, "x\0v");
	OKAY(g, XS_RESET_WATCHES, t, "");
	SAYS(g, XS_TRANSACTION_END, t, "T", "ENOENT");
	SAYS(g, XS_UNWATCH, 0, "x\0t", "ENOENT");
	SAYS(g, XS_READ, 0, "x", "ENOENT");
	store_free(s);
}

static void test_small_traps(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL), *g = rig_guest(c, 5);
	struct wire_header hdr = { XS_READ, 0, 0, (uint32_t)-1 };
	struct conn *x = conn_new(s, 0, false, NULL);

	(void)state;
	SAYS(c, XS_WATCH, 0, "/a/\0t", "EINVAL");
	SAYS(c, XS_MKDIR, 0, "/a/", "EINVAL");
	SAYS(g, XS_DIRECTORY, 0, "/", "EACCES");
	SAYS(g, XS_SET_PERMS, 0, "/\0b5", "EACCES");
	assert_string_equal(ASK_RAW(g, XS_WRITE, 0, "/\0x"), "EACCES");
	SAYS(g, XS_MKDIR, 0, "/top", "EACCES");
	rig_put(x, &hdr, sizeof(hdr));
	assert_int_equal(conn_process(x, 1), -EPROTO);
	store_free(s);
}

static void test_other_quotas(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL), *g = rig_guest(c, 5);
	char *text = calloc(1, 4096);
	int i, n;

	(void)state;
	for (i = 0; i < 128; i++) {
		n = snprintf(text, 64, "w%c%d", 0, i) + 1;
		assert_string_equal(
			rig_ask(g, XS_WATCH, 0, text, (size_t)n, NULL), "OK");
	}
	SAYS(g, XS_WATCH, 0, "w\0more", "ENOSPC");
	for (i = 0; i < 10; i++)
		assert_int_not_equal(rig_begin(g), 0);
	SAYS(g, XS_TRANSACTION_START, 0, "", "ENOSPC");
	OKAY(g, XS_RESET_WATCHES, 0, "");
	memset(text, 'v', 4096);
	memcpy(text, "big", 4);
	assert_string_equal(
		rig_ask(g, XS_WRITE, 0, text, 4 + 2049, NULL), "ENOSPC");
	assert_string_equal(rig_ask(c, XS_WRITE, 0, text, 4096, NULL), "OK");
	PUTS(g, 0, "p\0v");
	SAYS(g, XS_SET_PERMS, 0, "p\0n5\0r1\0r2\0r3\0r4\0r6", "ENOSPC");
	store_quota(s, QUOTA_MEMORY_HARD)->value = 20000;
	text[1500] = '\0';
	for (i = 0; i < 100; i++) {
		n = snprintf(text, 16, "m%d", i);
		text[n + 1] = 'v';
		if (strcmp(rig_ask(g, XS_WRITE, 0, text, 1500, NULL), "OK"))
			break;
	}
	assert_in_range(i, 5, 15);
	assert_int_equal(store_quota(s, QUOTA_MEMORY_HARD)->denied, 1);
	free(text);
	store_free(s);
}

static bool grow_nothing(struct sink *k, size_t need)
{
	(void)k;
	(void)need;
	return false;
}

/* The store dies, and comes back with all that was in it. */
static void test_the_store_comes_back(void **state)
{
	static char state_bytes[65536];
	static struct inbox inbox;
	struct sink k = { state_bytes, state_bytes + sizeof(state_bytes), false,
		grow_nothing };
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL), *g = rig_guest(c, 5);
	uint32_t t;

	(void)state;
	assert_int_equal(conn_attach(g, &inbox, NULL), 0);
	assert_int_equal(conn_number(c, 1), 0);
	assert_int_equal(conn_number(g, 2), 0);
	PUTS(g, 0, "key\0value");
	OKAY(g, XS_SET_PERMS, 0, "key\0n5\0r0");
	OKAY(g, XS_WATCH, 0, "key\0t");
	rig_event(g, "key", "t");
	OKAY(c, XS_SET_QUOTA, 0, "5\0nodes\0003");
	t = rig_begin(g);
	PUTS(g, t, "key\0never");
	stream_save(s, &k);
	assert_false(k.has_failed);
	store_free(s);

	s = rig_new();
	assert_true(
		stream_load(s, state_bytes, (size_t)(k.at - state_bytes)) > 0);
	rig_audit(s);
	assert_non_null(conn_find(s, 1));
	g = conn_find(s, 2);
	assert_non_null(g);
	assert_int_equal(conn_attach(g, &inbox, NULL), 0);
	SAYS(g, XS_READ, 0, "key", "value");
	SAYS(g, XS_TRANSACTION_END, t, "T", "EAGAIN");
	OKAY(g, XS_MKDIR, 0, "one");
	SAYS(g, XS_MKDIR, 0, "two", "ENOSPC");
	PUTS(g, 0, "key\0again");
	rig_event(g, "key", "t");
	store_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oversized_replies),
		cmocka_unit_test(test_conflicts_cost_their_cause),
		cmocka_unit_test(test_guest_and_helper_end_together),
		cmocka_unit_test(test_node_quota),
		cmocka_unit_test(test_watches_leak_no_paths),
		cmocka_unit_test(test_permissions_end_with_their_domain),
		cmocka_unit_test(test_events_fit_a_packet),
		cmocka_unit_test(test_record_outlives_connection),
		cmocka_unit_test(test_unread_output_is_bounded),
		cmocka_unit_test(test_no_half_made_nodes),
		cmocka_unit_test(test_deep_trees),
		cmocka_unit_test(test_reset_in_transaction),
		cmocka_unit_test(test_small_traps),
		cmocka_unit_test(test_other_quotas),
		cmocka_unit_test(test_the_store_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
