/* SPDX-License-Identifier: BSD-2-Clause */
/* Each request of the wire: what it answers, and what it does. */
#include "store_rig.h"

static void test_nodes(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL);
	struct answer a;

	(void)state;
	PUTS(c, 0, "/a/b\0hello");
	SAYS(c, XS_READ, 0, "/a/b", "hello");
	rig_ask(c, XS_READ, 0, "/a", 3, &a);
	assert_int_equal(a.type, XS_READ);
	assert_int_equal(a.len, 0);
	PUTS(c, 0, "/a/10\0x");
	PUTS(c, 0, "/a/9\0x");
	rig_ask(c, XS_DIRECTORY, 0, "/a", 3, &a);
	assert_int_equal(a.len, 7);
	assert_memory_equal(a.data, "9\00010\0b", 7);
	OKAY(c, XS_MKDIR, 0, "/a/b");
	SAYS(c, XS_READ, 0, "/a/b", "hello");
	OKAY(c, XS_MKDIR, 0, "/m/k/d");
	OKAY(c, XS_RM, 0, "/a");
	SAYS(c, XS_READ, 0, "/a/b", "ENOENT");
	OKAY(c, XS_RM, 0, "/a");
	SAYS(c, XS_RM, 0, "/a/b/c", "ENOENT");
	SAYS(c, XS_RM, 0, "/", "EINVAL");
	PUTS(c, 0, "rel\0x");
	SAYS(c, XS_READ, 0, "/local/domain/0/rel", "x");
	SAYS(c, XS_GET_DOMAIN_PATH, 0, "7", "/local/domain/7");
	store_free(s);
}

static void test_bad_requests(void **state)
{
	static const char *const bad[] = { "", "a//b", "/a/", "//", "/a b",
		"/a\n", "@x", "/a:" };
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
		"-/_@";
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL);
	char *big = calloc(1, 4096);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_string_equal(rig_ask(c, XS_READ, 0, bad[i],
					    strlen(bad[i]) + 1, NULL),
			"EINVAL");
	assert_string_equal(ASK_RAW(c, XS_READ, 0, "/a"), "EINVAL");
	assert_string_equal(rig_ask(c, XS_READ, 0, NULL, 0, NULL), "EINVAL");
	memset(big, 'a', 3080);
	big[0] = '/';
	assert_string_equal(rig_ask(c, XS_READ, 0, big, 3081, NULL), "EINVAL");
	big[3072] = '\0';
	assert_string_equal(rig_ask(c, XS_READ, 0, big, 3073, NULL), "ENOENT");
	big[0] = 'a';
	assert_string_equal(rig_ask(c, XS_READ, 0, big, 3073, NULL), "EINVAL");
	SAYS(c, 20, 0, "1", "ENOSYS");
	SAYS(c, XS_WATCH_EVENT, 0, "1", "ENOSYS");
	SAYS(c, 0xffff, 0, "1", "ENOSYS");
	SAYS(c, XS_READ, 99, "/", "ENOENT");
	SAYS(c, XS_TRANSACTION_END, 0, "T", "ENOENT");
	SAYS(c, XS_TRANSACTION_END, 0, "X", "EINVAL");
	SAYS(c, XS_GET_DOMAIN_PATH, 0, "65536", "EINVAL");
	SAYS(c, XS_GET_DOMAIN_PATH, 0, "-1", "EINVAL");
	SAYS(c, XS_SET_PERMS, 0, "/", "EINVAL");
	SAYS(c, XS_SET_PERMS, 0, "/\0x1", "EINVAL");
	SAYS(c, XS_SET_PERMS, 0, "/\0r70000", "EINVAL");
	for (i = 1; i < 256; i++) {
		char text[24] = "/0123456789abcd-f/_@";

		text[3 + i % 14] = (char)i;
		assert_string_equal(rig_ask(c, XS_READ, 0, text, 21, NULL),
			strchr(allowed, (int)i) ? "ENOENT" : "EINVAL");
	}
	free(big);
	store_free(s);
}

static void test_permissions(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL), *g, *h;
	struct answer a;

	(void)state;
	g = rig_guest(c, 5);
	h = rig_guest(c, 6);
	PUTS(g, 0, "data\0mine");
	rig_ask(c, XS_GET_PERMS, 0, "/local/domain/5/data", 21, &a);
	assert_string_equal(a.data, "n5");
	SAYS(h, XS_READ, 0, "/local/domain/5/data", "EACCES");
	SAYS(h, XS_READ, 0, "/local/domain/5/nothing", "EACCES");
	SAYS(g, XS_READ, 0, "nothing", "ENOENT");
	OKAY(g, XS_SET_PERMS, 0, "data\0n5\0r6");
	SAYS(h, XS_READ, 0, "/local/domain/5/data", "mine");
	assert_string_equal(
		ASK_RAW(h, XS_WRITE, 0, "/local/domain/5/data\0x"), "EACCES");
	SAYS(h, XS_SET_PERMS, 0, "/local/domain/5/data\0n6", "EACCES");
	SAYS(g, XS_SET_PERMS, 0, "data\0n6", "EPERM");
	OKAY(c, XS_SET_PERMS, 0, "/local/domain/5/data\0w6");
	SAYS(g, XS_READ, 0, "data", "EACCES");
	PUTS(g, 0, "data\0again");
	PUTS(c, 0, "/dir\0");
	OKAY(c, XS_SET_PERMS, 0, "/dir\0b0");
	PUTS(g, 0, "/dir/g\0v");
	rig_ask(c, XS_GET_PERMS, 0, "/dir/g", 7, &a);
	assert_string_equal(a.data, "b5");
	SAYS(g, XS_INTRODUCE, 0, "9\0001\0001", "EACCES");
	SAYS(g, XS_RELEASE, 0, "6", "EACCES");
	SAYS(g, XS_SET_TARGET, 0, "5\0006", "EACCES");
	SAYS(g, XS_CONTROL, 0, "check", "EACCES");
	SAYS(c, XS_CONTROL, 0, "check", "OK");
	OKAY(c, XS_SET_TARGET, 0, "6\0005");
	PUTS(h, 0, "/local/domain/5/new\0by-helper");
	SAYS(g, XS_READ, 0, "new", "EACCES");
	store_free(s);
}

static void test_watches(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL);
	struct conn *w = conn_new(s, 0, false, NULL);

	(void)state;
	OKAY(w, XS_WATCH, 0, "/a\0t");
	rig_event(w, "/a", "t");
	rig_no_event(w);
	SAYS(w, XS_WATCH, 0, "/a\0t", "EEXIST");
	OKAY(w, XS_WATCH, 0, "rel\0r");
	rig_event(w, "rel", "r");
	PUTS(c, 0, "/a/b/c\0x");
	rig_event(w, "/a/b/c", "t");
	PUTS(c, 0, "rel/x\0x");
	rig_event(w, "rel/x", "r");
	PUTS(c, 0, "/ab\0x");
	rig_no_event(w);
	OKAY(w, XS_WATCH, 0, "/a/b\0two");
	rig_event(w, "/a/b", "two");
	OKAY(w, XS_WATCH, 0, "/a/zz\0none");
	rig_event(w, "/a/zz", "none");
	OKAY(c, XS_RM, 0, "/a");
	rig_event(w, "/a", "t");
	rig_event(w, "/a/b", "two");
	rig_no_event(w);
	OKAY(c, XS_RM, 0, "/a");
	rig_no_event(w);
	OKAY(w, XS_UNWATCH, 0, "/a\0t");
	SAYS(w, XS_UNWATCH, 0, "/a\0t", "ENOENT");
	PUTS(c, 0, "/a\0x");
	rig_no_event(w);
	OKAY(w, XS_WATCH, 0, "/d\0d\0001");
	rig_event(w, "/d", "d");
	PUTS(c, 0, "/d/e/f\0x");
	rig_no_event(w);
	PUTS(c, 0, "/d/e\0x");
	rig_event(w, "/d/e", "d");
	OKAY(c, XS_WATCH, 0, "/self\0s");
	rig_event(c, "/self", "s");
	PUTS(c, 0, "/self\0x"); /* the answer stands before the event */
	rig_event(c, "/self", "s");
	store_free(s);
}

static void test_special_watches(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL), *g;
	struct conn *w = conn_new(s, 0, false, NULL);

	(void)state;
	OKAY(w, XS_WATCH, 0, "@introduceDomain\0i");
	rig_event(w, "@introduceDomain", "i");
	OKAY(w, XS_WATCH, 0, "@releaseDomain\0r\0001");
	rig_event(w, "@releaseDomain", "r");
	SAYS(w, XS_WATCH, 0, "@other\0r", "EINVAL");
	g = rig_guest(c, 5);
	rig_event(w, "@introduceDomain", "i");
	SAYS(c, XS_IS_DOMAIN_INTRODUCED, 0, "5", "T");
	SAYS(g, XS_WATCH, 0, "@releaseDomain\0g", "EACCES");
	OKAY(c, XS_SET_PERMS, 0, "@releaseDomain\0n0\0r5");
	OKAY(g, XS_WATCH, 0, "@releaseDomain\0g");
	rig_event(g, "@releaseDomain", "g");
	store_domain_shutdown(s, 5);
	store_domain_shutdown(s, 5);
	rig_event(w, "@releaseDomain/5", "r");
	rig_no_event(w);
	OKAY(c, XS_RESUME, 0, "5");
	store_domain_shutdown(s, 5);
	rig_event(w, "@releaseDomain/5", "r");
	conn_free(g);
	OKAY(c, XS_RELEASE, 0, "5");
	rig_audit(s);
	rig_event(w, "@releaseDomain/5", "r");
	SAYS(c, XS_IS_DOMAIN_INTRODUCED, 0, "5", "F");
	SAYS(c, XS_READ, 0, "/local/domain/5", "ENOENT");
	SAYS(c, XS_RELEASE, 0, "5", "ENOENT");
	SAYS(c, XS_INTRODUCE, 0, "0\0001\0001", "EINVAL");
	SAYS(c, XS_INTRODUCE, 0, "32752\0001\0001", "EINVAL");
	store_free(s);
}

static void test_directory_part(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL);
	char text[64], all[40000], stamp[32] = "";
	size_t got = 0, len, head, i;
	struct answer a;
	int n;

	(void)state;
	for (i = 0; i < 3000; i++) {
		n = snprintf(text, sizeof(text), "/big/child-%zu", i);
		rig_post(c, XS_MKDIR, 0, text, (size_t)n + 1);
		assert_int_equal(conn_process(c, 1), 1);
		assert_true(rig_take(c, &a));
	}
	SAYS(c, XS_DIRECTORY, 0, "/big", "E2BIG");
	do {
		len = (size_t)snprintf(text, sizeof(text), "/big%c%zu", 0, got);
		rig_ask(c, XS_DIRECTORY_PART, 0, text, len + 1, &a);
		assert_int_equal(a.type, XS_DIRECTORY_PART);
		head = strlen(a.data) + 1;
		if (!stamp[0])
			strcpy(stamp, a.data);
		assert_string_equal(stamp, a.data);
		memcpy(all + got, a.data + head, a.len - head);
		got += a.len - head;
	} while (a.len < 2 || a.data[a.len - 2]);
	for (i = 0, len = 0; len < got - 1; len += strlen(all + len) + 1)
		i++;
	assert_int_equal(i, 3000);
	SAYS(c, XS_DIRECTORY_PART, 0, "/big\000999999", "EINVAL");
	OKAY(c, XS_MKDIR, 0, "/big/one-more");
	rig_ask(c, XS_DIRECTORY_PART, 0, "/big\0000", 7, &a);
	assert_string_not_equal(stamp, a.data);
	PUTS(c, 0, "/empty\0");
	rig_ask(c, XS_DIRECTORY_PART, 0, "/empty\0000", 9, &a);
	assert_int_equal(a.len, strlen(a.data) + 2);
	store_free(s);
}

static void test_transactions(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL);
	struct conn *w = conn_new(s, 0, false, NULL);
	uint32_t t, u;

	(void)state;
	PUTS(c, 0, "/n\0001");
	OKAY(w, XS_WATCH, 0, "/\0w");
	rig_event(w, "/", "w");
	t = rig_begin(c);
	SAYS(c, XS_TRANSACTION_START, t, "", "EBUSY");
	PUTS(c, t, "/t/x\0in");
	SAYS(c, XS_READ, t, "/t/x", "in");
	SAYS(c, XS_READ, 0, "/t/x", "ENOENT");
	rig_no_event(w);
	OKAY(c, XS_TRANSACTION_END, t, "T");
	SAYS(c, XS_READ, 0, "/t/x", "in");
	rig_event(w, "/t/x", "w");
	rig_no_event(w);
	t = rig_begin(c);
	OKAY(c, XS_RM, t, "/t");
	OKAY(c, XS_TRANSACTION_END, t, "F");
	SAYS(c, XS_READ, 0, "/t/x", "in");
	SAYS(c, XS_TRANSACTION_END, t, "F", "ENOENT");

	/* Two that count up: the second must be told. */
	t = rig_begin(c);
	u = rig_begin(w);
	SAYS(c, XS_READ, t, "/n", "1");
	SAYS(w, XS_READ, u, "/n", "1");
	PUTS(c, t, "/n\0002");
	PUTS(w, u, "/n\0002");
	OKAY(c, XS_TRANSACTION_END, t, "T");
	SAYS(w, XS_TRANSACTION_END, u, "T", "EAGAIN");

	/* Two that touch different children of one directory: both win. */
	t = rig_begin(c);
	u = rig_begin(w);
	PUTS(c, t, "/t/one\0a");
	PUTS(w, u, "/t/two\0b");
	OKAY(c, XS_TRANSACTION_END, t, "T");
	OKAY(w, XS_TRANSACTION_END, u, "T");
	SAYS(c, XS_READ, 0, "/t/one", "a");
	SAYS(c, XS_READ, 0, "/t/two", "b");

	/* One that listed the directory does not. */
	t = rig_begin(c);
	ASK(c, XS_DIRECTORY, t, "/t");
	PUTS(c, t, "/count\0003");
	PUTS(w, 0, "/t/three\0c");
	SAYS(c, XS_TRANSACTION_END, t, "T", "EAGAIN");

	/* Reading alone never fails, whatever happens meanwhile. */
	t = rig_begin(c);
	SAYS(c, XS_READ, t, "/n", "2");
	PUTS(w, 0, "/n\0009");
	SAYS(c, XS_READ, t, "/n", "2");
	OKAY(c, XS_TRANSACTION_END, t, "T");

	/* The absence of a node is an answer too. */
	t = rig_begin(c);
	SAYS(c, XS_READ, t, "/lock", "ENOENT");
	PUTS(c, t, "/lock\0c");
	PUTS(w, 0, "/lock\0w");
	SAYS(c, XS_TRANSACTION_END, t, "T", "EAGAIN");
	rig_begin(c);
	conn_free(c);
	rig_audit(s);
	store_free(s);
}

static void test_features(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL), *g, *h;

	(void)state;
	SAYS(c, XS_GET_FEATURE, 0, "5", "ENOENT");
	SAYS(c, XS_SET_FEATURE, 0, "5\00016", "EINVAL");
	SAYS(c, XS_SET_FEATURE, 0, "5", "EINVAL");
	OKAY(c, XS_SET_FEATURE, 0, "5\0003");
	SAYS(c, XS_GET_FEATURE, 0, "5", "3");
	g = rig_guest(c, 5);
	h = rig_guest(c, 6);
	SAYS(c, XS_SET_FEATURE, 0, "5\0001", "EBUSY");
	assert_string_equal(rig_ask(g, XS_GET_FEATURE, 0, "", 0, NULL), "3");
	assert_string_equal(rig_ask(h, XS_GET_FEATURE, 0, "", 0, NULL), "15");
	SAYS(h, XS_GET_FEATURE, 0, "5", "EACCES");
	SAYS(h, XS_SET_FEATURE, 0, "5\0001", "EACCES");
	SAYS(g, XS_WATCH, 0, "x\0t\0001", "EINVAL");
	OKAY(h, XS_WATCH, 0, "x\0t\0001");

	/* The word for everybody, from who was offered it and who was not. */
	PUTS(g, 0, "p\0v");
	PUTS(h, 0, "p\0v");
	OKAY(g, XS_SET_PERMS, 0, "p\0n5\0r32756");
	OKAY(h, XS_SET_PERMS, 0, "p\0n6\0r32756");
	SAYS(h, XS_READ, 0, "/local/domain/5/p", "EACCES");
	SAYS(g, XS_READ, 0, "/local/domain/6/p", "v");
	assert_string_equal(
		ASK_RAW(g, XS_WRITE, 0, "/local/domain/6/p\0w"), "EACCES");
	SAYS(h, XS_SET_PERMS, 0, "p\0r32756\0n6", "EINVAL");
	store_free(s);
}

static void test_quota_requests(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL), *g = rig_guest(c, 5);
	struct conn *h = rig_guest(c, 6);

	(void)state;
	assert_string_equal(rig_ask(c, XS_GET_QUOTA, 0, "", 0, NULL),
		"nodes watches transactions node-size permissions outstanding "
		"memory-soft memory");
	SAYS(c, XS_GET_QUOTA, 0, "nodes", "1000");
	SAYS(c, XS_GET_QUOTA, 0, "5\0nodes", "1000");
	SAYS(c, XS_GET_QUOTA, 0, "0\0nodes", "0");
	SAYS(c, XS_GET_QUOTA, 0, "7\0nodes", "ENOENT");
	SAYS(c, XS_GET_QUOTA, 0, "none", "EINVAL");
	SAYS(g, XS_GET_QUOTA, 0, "nodes", "EACCES");
	SAYS(g, XS_SET_QUOTA, 0, "5\0nodes\0000", "EACCES");
	OKAY(c, XS_SET_QUOTA, 0, "5\0nodes\0002");
	OKAY(c, XS_SET_QUOTA, 0, "nodes\0003");
	SAYS(c, XS_SET_QUOTA, 0, "nodes\000x", "EINVAL");
	SAYS(c, XS_GET_QUOTA, 0, "5\0nodes", "2");
	SAYS(c, XS_GET_QUOTA, 0, "6\0nodes", "3");
	OKAY(g, XS_MKDIR, 0, "a");
	SAYS(g, XS_MKDIR, 0, "b", "ENOSPC");
	OKAY(h, XS_MKDIR, 0, "a");
	OKAY(h, XS_MKDIR, 0, "b");
	SAYS(h, XS_MKDIR, 0, "c", "ENOSPC");
	OKAY(c, XS_SET_QUOTA, 0, "5\0nodes\0000"); /* no limit */
	OKAY(g, XS_MKDIR, 0, "b");
	OKAY(c, XS_CONTROL, 0, "quota\0set\0005\0watches\0001");
	OKAY(g, XS_WATCH, 0, "a\0t");
	SAYS(g, XS_WATCH, 0, "b\0t", "ENOSPC");
	OKAY(c, XS_CONTROL, 0, "quota\0set\0watches\0009");
	SAYS(c, XS_GET_QUOTA, 0, "watches", "9");
	OKAY(c, XS_CONTROL, 0, "quota-soft\0set\0memory\000100");
	SAYS(c, XS_GET_QUOTA, 0, "memory-soft", "100");
	store_free(s);
}

/* A shutdown or an end of one domain, told to who asked for that one. */
static void test_release_of_one(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL);
	struct conn *w = conn_new(s, 0, false, NULL);

	(void)state;
	rig_guest(c, 5);
	rig_guest(c, 6);
	OKAY(w, XS_WATCH, 0, "@releaseDomain/5\0t");
	rig_event(w, "@releaseDomain/5", "t");
	SAYS(w, XS_WATCH, 0, "@releaseDomain/x\0t", "EINVAL");
	SAYS(w, XS_WATCH, 0, "@releaseDomain/\0t", "EINVAL");
	SAYS(w, XS_WATCH, 0, "@releaseDomain/70000\0t", "EINVAL");
	SAYS(w, XS_WATCH, 0, "@introduceDomain/5\0t", "EINVAL");
	SAYS(w, XS_WATCH, 0, "@releaseDomain\0t\0002", "EINVAL");
	store_domain_shutdown(s, 6);
	rig_no_event(w);
	store_domain_shutdown(s, 5);
	rig_event(w, "@releaseDomain/5", "t");
	OKAY(w, XS_UNWATCH, 0, "@releaseDomain/5\0t");
	store_free(s);
}

/* An entry for a domain that is not there is no right of one to come. */
static void test_permissions_of_nobody(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL), *g = rig_guest(c, 5), *h;

	(void)state;
	PUTS(g, 0, "p\0v");
	OKAY(g, XS_SET_PERMS, 0, "p\0n5\0r6");
	h = rig_guest(c, 6);
	SAYS(h, XS_READ, 0, "/local/domain/5/p", "EACCES");
	OKAY(g, XS_SET_PERMS, 0, "p\0n5\0r6");
	SAYS(h, XS_READ, 0, "/local/domain/5/p", "v");
	store_free(s);
}

static const char *stats(struct conn *c, const char *section, const char *from)
{
	static struct answer a;
	char text[64];
	int len;

	len = snprintf(
		text, sizeof(text), "stats%c%s%c%s", 0, section, 0, from);
	rig_ask(c, XS_CONTROL, 0, text, (size_t)len + 1, &a);
	assert_int_equal(a.type, XS_CONTROL);
	assert_int_equal(a.data[a.len - 1], '\0');
	return a.data;
}

static void test_stats(void **state)
{
	struct store *s = rig_new();
	struct conn *c = conn_new(s, 0, false, NULL), *g = NULL;
	uint64_t from = 0, domids = 0;
	const char *text, *at;
	uint16_t i;

	(void)state;
	for (i = 1; i <= 40; i++)
		g = rig_guest(c, i);
	SAYS(g, XS_READ, 0, "none", "ENOENT");
	for (i = 0; i < 127; i++)
		rig_ask(g, XS_WATCH, 0,
			(char[]){ 'w', 0, (char)('!' + i % 90),
				(char)('!' + i / 90), 0 },
			5, NULL);
	SAYS(c, XS_CONTROL, 0, "stats\0nothing", "EINVAL");
	text = stats(c, "store", "0");
	assert_non_null(strstr(text, "\"domains\":41,"));
	assert_non_null(strstr(text, "\"watches\":127,"));
	text = stats(c, "operations", "0");
	assert_non_null(
		strstr(text, "{\"id\":2,\"name\":\"READ\",\"requests\":1,"
			     "\"errors\":1,"));
	assert_non_null(strstr(text, "\"next\":null}"));
	do {
		char number[24];

		snprintf(number, sizeof(number), "%u", (unsigned int)from);
		text = stats(c, "domains", number);
		for (at = text; (at = strstr(at, "{\"domid\":")); at++)
			domids++;
		at = strstr(text, "\"next\":") + strlen("\"next\":");
		from = strtoul(at, NULL, 10);
	} while (from);
	assert_int_equal(domids, 41);
	OKAY(c, XS_SET_QUOTA, 0, "watches\0001");
	SAYS(g, XS_WATCH, 0, "w\0more", "ENOSPC");
	text = stats(c, "quotas", "0");
	assert_non_null(
		strstr(text, "{\"name\":\"watches\",\"value\":1,\"hits\":1}"));
	text = stats(c, "domains", "40");
	assert_non_null(strstr(text, "\"quota_hits\":{\"watches\":1}"));
	store_free(s);
}

static unsigned int told;
static uint64_t left_out;

static void on_access(void *ctx, const struct store_access *a)
{
	(void)ctx;
	told++;
	left_out += a->skipped;
	assert_string_equal(a->op, "READ");
	assert_string_equal(a->error, "ENOENT");
	assert_memory_equal(a->text, "/x", 2);
	assert_int_equal(a->text_len, 2);
}

static void test_access_log(void **state)
{
	struct store_host host = { .access = on_access };
	struct store *s = store_new(&host, rig_seed);
	struct conn *c = conn_new(s, 0, false, NULL);
	int i;

	(void)state;
	store_set_time(s, 1000000000);
	SAYS(c, XS_READ, 0, "/x", "ENOENT");
	assert_int_equal(told, 0);
	store_set_access_log(s, 10);
	for (i = 0; i < 15; i++)
		SAYS(c, XS_READ, 0, "/x", "ENOENT");
	assert_int_equal(told, 10);
	assert_int_equal(left_out, 0);
	store_set_time(s, 1200000000);
	for (i = 0; i < 3; i++)
		SAYS(c, XS_READ, 0, "/x", "ENOENT");
	assert_int_equal(told, 12);
	assert_int_equal(left_out, 5);
	store_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_bad_requests),
		cmocka_unit_test(test_permissions),
		cmocka_unit_test(test_watches),
		cmocka_unit_test(test_special_watches),
		cmocka_unit_test(test_directory_part),
		cmocka_unit_test(test_transactions),
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_quota_requests),
		cmocka_unit_test(test_release_of_one),
		cmocka_unit_test(test_permissions_of_nobody),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_access_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
