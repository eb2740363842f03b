/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random requests against the reference model of store_model.h.
 *
 * Two clients of domain 0 and two guests read and change nodes and
 * permissions in and outside of transactions, watch, hit their quotas, die
 * and come again; each answer and each event must be the model's. A commit
 * that succeeds must have been possible at that moment: its requests, run
 * again on the model, get the answers that its client was given. The daemon
 * may refuse a commit only when something was committed meanwhile. Now and
 * then the store is killed with a request half done and comes back from its
 * journal: nothing but open transactions is lost, and the request is done
 * once.
 *
 * store_model [SEEDS [FIRST [STEPS]]]
 */
#include "store_rig.h"
#include "inbox.h"
#include "journal.h"
#include "store_model.h"
#include "stream.h"

#define SESSIONS 4
#define LOG	 40
#define WATCHES	 4
#define EVENTS	 400
#define REGION	 (4 << 20)

struct model_watch {
	int path, token, depth; /* path PATHS: @releaseDomain */
};

struct session {
	struct conn *conn;
	struct inbox *inbox;
	uint64_t sent;
	uint32_t id;
	uint16_t domid;
	uint32_t tx;
	bool is_dirty, is_lost, has_failed;
	struct model own, base;
	struct entry log[LOG];
	int logged;
	unsigned long since, deaths;
	struct model_watch watch[WATCHES];
	int watches;
	char want[EVENTS][32], got[EVENTS][32];
	int wanted, gotten;
};

struct run {
	struct store *s;
	struct journal j;
	char *region;
	bool is_kept;
	struct world world;
	struct model shared;
	unsigned long commits, deaths;
	uint32_t next_id;
	int watch_limit;
	unsigned int seed;
	struct session session[SESSIONS];
};

static const char boot[] = "11111111-2222-3333-4444-555555555555";
static const uint16_t domids[SESSIONS] = { 0, 0, 5, 6 };
static unsigned int seed, seeds = 150, first_seed = 1, steps = 300;

static unsigned int roll(unsigned int sides)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 10) % sides;
}

static const char *watched_path(const struct model_watch *w)
{
	return w->path == PATHS ? "@releaseDomain" : paths[w->path];
}

/* Events. */

static void want(struct session *s, const char *path, int token)
{
	char text[32];
	int i;

	snprintf(text, sizeof(text), "%s %d", path, token);
	assert_true(s->wanted < EVENTS);
	i = s->wanted++;
	strcpy(s->want[i], text);
}

/* One that waits already is not told twice: of one watch, the same path. */
static void want_once(struct session *s, const struct model_watch *w, int path,
	bool (*told)[PATHS])
{
	if (told[w - s->watch][path])
		return;
	told[w - s->watch][path] = true;
	want(s, paths[path], w->token);
}

static bool reads(const struct run *r, const struct session *s,
	const struct model_node *n)
{
	return n->present && model_access(&r->world, n, s->domid) & PERM_READ;
}

/*
 * Whether a session may be told: it can read what is there now, could read
 * what was there, or can see the directory in which something comes or goes.
 */
static bool may_see(const struct run *r, const struct session *s,
	const struct effect *fx, int path)
{
	const struct model *now = &r->shared, *was = &fx->before;
	int parent = parents[path];

	if (!s->domid)
		return true;
	if (path != fx->path)
		return reads(r, s, &was->node[path]) ||
		       reads(r, s, &was->node[parent]);
	if (reads(r, s, &now->node[path]))
		return true;
	if ((fx->removed || fx->has_perms) && reads(r, s, &was->node[path]))
		return true;
	return (fx->created || fx->removed) &&
	       reads(r, s, &now->node[model_nearest(now, parent)]);
}

static void want_of(struct run *r, struct session *s, const struct effect *fx,
	bool (*told)[PATHS])
{
	const struct model_watch *w;
	int i, levels;

	for (i = 0; i < s->watches; i++) {
		w = &s->watch[i];
		if (w->path == PATHS)
			continue;
		if (model_is_below(fx->path, w->path)) {
			levels = model_depth(fx->path) - model_depth(w->path);
			if ((w->depth < 0 || levels <= w->depth) &&
				may_see(r, s, fx, fx->path))
				want_once(s, w, fx->path, told);
		} else if (fx->removed && model_is_below(w->path, fx->path) &&
			   fx->before.node[w->path].present &&
			   may_see(r, s, fx, w->path)) {
			want_once(s, w, w->path, told);
		}
	}
}

/* What a number of edits, all done now, tell everybody. */
static void fire(struct run *r, const struct effect *fx, int count)
{
	bool told[WATCHES][PATHS];
	int i, k;

	for (i = 0; i < SESSIONS; i++) {
		memset(told, 0, sizeof(told));
		for (k = 0; k < count; k++)
			if (fx[k].happened)
				want_of(r, &r->session[i], &fx[k], told);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void take_event(struct session *s, const struct answer *a)
{
	char *out = s->got[s->gotten++];
	size_t path_len = strlen(a->data);

	assert_int_equal(a->type, XS_WATCH_EVENT);
	assert_true(s->gotten < EVENTS && a->len < sizeof(s->got[0]));
	memcpy(out, a->data, a->len);
	out[path_len] = ' ';
}

static void compare_events(const struct run *r, const struct session *s)
{
	int k = 0;

	while (k < s->wanted && k < s->gotten && !strcmp(s->want[k], s->got[k]))
		k++;
	if (k == s->wanted && k == s->gotten)
		return;
	fail_msg("seed %u, a session of domain %u: event %d is \"%s\", not "
		 "\"%s\"",
		r->seed, s->domid, k, k < s->gotten ? s->got[k] : "none",
		k < s->wanted ? s->want[k] : "none");
}

static void check_events(struct run *r)
{
	struct session *s;
	struct answer a;
	int i;

	for (i = 0; i < SESSIONS; i++) {
		s = &r->session[i];
		while (rig_take(s->conn, &a))
			take_event(s, &a);
		s->sent = s->conn->out_total;
		qsort(s->want, (size_t)s->wanted, sizeof(s->want[0]), by_text);
		qsort(s->got, (size_t)s->gotten, sizeof(s->got[0]), by_text);
		compare_events(r, s);
		s->wanted = s->gotten = 0;
	}
	assert_int_equal(journal_commit(&r->j), 0);
}

/* The store, its journal, and its end. */

static void on_effect(void *ctx, const struct store_effect *e)
{
	struct run *r = ctx;

	if (r->is_kept)
		stream_effect(&r->j.sink, r->s, e);
}

static uint64_t on_sent(void *ctx, uint32_t id)
{
	const struct run *r = ctx;
	int i;

	for (i = 0; i < SESSIONS; i++)
		if (r->session[i].id == id)
			return r->session[i].sent;
	return 0;
}

static struct store *make_store(struct run *r)
{
	struct store_host host = {
		.effect = on_effect, .sent = on_sent, .ctx = r
	};
	struct store *s = store_new(&host, rig_seed);

	assert_non_null(s);
	return s;
}

static void connect_session(struct run *r, int i)
{
	struct session *s = &r->session[i];

	memset(s->inbox, 0, sizeof(*s->inbox));
	s->domid = domids[i];
	s->conn = conn_new(r->s, s->domid, i >= 2, NULL);
	assert_non_null(s->conn);
	assert_int_equal(conn_attach(s->conn, s->inbox, NULL), 0);
	s->id = ++r->next_id;
	s->sent = 0;
	assert_int_equal(conn_number(s->conn, s->id), 0);
	s->tx = 0;
	s->watches = 0;
	if (s->domid)
		assert_int_equal(store_introduce(r->s, s->domid), 0);
}

static void begin_journal(struct run *r)
{
	journal_begin(&r->j, r->region, REGION, 1, NULL);
	stream_save(r->s, &r->j.sink);
	assert_int_equal(journal_stream_end(&r->j), 0);
	assert_int_equal(journal_seal(&r->j, boot), 0);
	r->is_kept = true;
}

/* Killed at this moment: what is not committed is not. */
static void crash(struct run *r)
{
	struct session *s;
	uint32_t units;
	int i;

	r->is_kept = false;
	store_free(r->s);
	r->s = make_store(r);
	assert_int_equal(
		journal_replay(&r->j, r->s, r->region, REGION, NULL, &units),
		0);
	for (i = 0; i < SESSIONS; i++) {
		s = &r->session[i];
		s->conn = conn_find(r->s, s->id);
		assert_non_null(s->conn);
		assert_int_equal(conn_attach(s->conn, s->inbox, NULL), 0);
		s->is_lost |= s->tx;
	}
	rig_audit(r->s);
	r->is_kept = true;
}

/* Requests. */

static size_t put_perm(char *out, const struct model_perm *p)
{
	return (size_t)sprintf(out, "%c%u", "nrwb"[p->access], p -> domid) + 1;
}

static size_t make_request(const struct entry *e, char *text)
{
	size_t len = strlen(paths[e->path]) + 1;

	strcpy(text, paths[e->path]);
	if (e->op == XS_WRITE) {
		memcpy(text + len, e->value, strlen(e->value));
		len += strlen(e->value);
	} else if (e->op == XS_SET_PERMS) {
		len += put_perm(text + len, &e->owner);
		if (e->other.domid)
			len += put_perm(text + len, &e->other);
	}
	return len;
}

/* Serves what was posted; its answer, with '|' for NULs in lists. */
static void take_answer(struct session *s, struct answer *a)
{
	size_t i;

	rig_audit(s->conn->store);
	assert_true(rig_take(s->conn, a));
	if (a->type == XS_DIRECTORY || a->type == XS_GET_PERMS)
		for (i = 0; i < a->len; i++)
			if (!a->data[i])
				a->data[i] = '|';
}

static const char *ask(struct run *r, struct session *s, uint32_t op,
	const void *text, size_t len)
{
	static struct answer a;

	rig_post(s->conn, op, s->tx, text, len);
	assert_int_equal(conn_process(s->conn, 64), 1);
	if (!s->tx && !roll(60)) {
		crash(r);
		assert_int_equal(conn_process(s->conn, 64), 1);
	}
	take_answer(s, &a);
	return a.data;
}

static struct model_perm random_perm(const struct run *r, uint16_t domid)
{
	return (struct model_perm){ domid, (uint8_t)roll(4),
		r->world.era[model_guest(domid)] };
}

static struct entry random_entry(const struct run *r, const struct session *s)
{
	static const uint32_t ops[] = { XS_WRITE, XS_WRITE, XS_MKDIR, XS_RM,
		XS_READ, XS_DIRECTORY, XS_GET_PERMS, XS_SET_PERMS };
	static const uint16_t who[] = { 0, 5, 6 };
	struct entry e = { .op = ops[roll(8)], .path = (int)roll(PATHS) };

	snprintf(e.value, sizeof(e.value), "%u", roll(4));
	e.owner = random_perm(r, s->domid && roll(4) ? s->domid : who[roll(3)]);
	if (roll(2))
		e.other = random_perm(r, who[1 + roll(2)]);
	if (!e.path && (e.op == XS_RM || e.op == XS_SET_PERMS))
		e.op = XS_READ; /* the root stays everybody's */
	return e;
}

static bool is_edit(const struct entry *e)
{
	return e->op == XS_WRITE || e->op == XS_MKDIR || e->op == XS_RM ||
	       e->op == XS_SET_PERMS;
}

static void request(struct run *r, struct session *s)
{
	struct entry e = random_entry(r, s);
	struct world world = r->world;
	struct effect fx;
	char text[64];
	size_t len = make_request(&e, text);
	int g = model_guest(s->domid);

	strcpy(e.said, ask(r, s, e.op, text, len));
	if (s->tx && s->is_lost)
		return; /* whatever it is told, its end will fail */
	if (s->tx && g)
		world.nodes_elsewhere[g] = model_count(&r->shared, s->domid) -
					   model_count(&s->base, s->domid);
	model_run(
		s->tx ? &s->own : &r->shared, &world, s->domid, &e, text, &fx);
	assert_string_equal(e.said, text);
	if (s->tx) {
		s->is_dirty |= is_edit(&e) && !strcmp(text, "OK");
		s->has_failed |= is_edit(&e) && !strcmp(text, "ENOSPC");
		s->log[s->logged++] = e;
	} else if (is_edit(&e)) {
		r->commits++;
		fire(r, &fx, 1);
	}
}

static void commit(struct run *r, struct session *s)
{
	static struct effect fx[LOG];
	struct model now = r->shared;
	bool is_possible = true;
	const char *answer;
	char said[SAID];
	int i;

	answer = ask(r, s, XS_TRANSACTION_END, "T", 2);
	s->tx = 0;
	for (i = 0; i < s->logged; i++) {
		model_run(&now, &r->world, s->domid, &s->log[i], said, &fx[i]);
		if (strcmp(said, s->log[i].said) != 0)
			is_possible = false;
		if (s->log[i].op == XS_SET_PERMS &&
			!model_is(&r->world, &s->log[i].owner,
				s->log[i].owner.domid))
			is_possible = false;
	}
	if (s->has_failed && !s->is_lost) {
		assert_string_equal(answer, "ENOSPC");
	} else if (!strcmp(answer, "OK")) {
		assert_false(s->is_lost);
		assert_true(is_possible || !s->is_dirty);
		if (s->is_dirty) {
			r->shared = now;
			r->commits++;
			fire(r, fx, s->logged);
		}
	} else {
		assert_string_equal(answer, "EAGAIN");
		if (s->is_lost)
			return;
		assert_true(s->since != r->commits);
		assert_true(s->is_dirty);
		assert_true(!is_possible || s->deaths != r->deaths);
	}
}

static void transact(struct run *r, struct session *s)
{
	const char *answer;

	if (!s->tx) {
		answer = ask(r, s, XS_TRANSACTION_START, "", 1);
		s->tx = (uint32_t)strtoul(answer, NULL, 10);
		assert_int_not_equal(s->tx, 0);
		s->own = s->base = r->shared;
		s->logged = 0;
		s->is_dirty = s->is_lost = s->has_failed = false;
		s->since = r->commits;
		s->deaths = r->deaths;
	} else if (roll(5)) {
		commit(r, s);
	} else {
		assert_string_equal(
			ask(r, s, XS_TRANSACTION_END, "F", 2), "OK");
		s->tx = 0;
	}
}

static int find_watch(const struct session *s, const struct model_watch *w)
{
	int i;

	for (i = 0; i < s->watches; i++)
		if (s->watch[i].path == w->path &&
			s->watch[i].token == w->token)
			return i;
	return -1;
}

static void watch(struct run *r, struct session *s)
{
	struct model_watch w = { (int)roll(PATHS + 1), (int)roll(2),
		(int)roll(3) - 1 };
	bool is_special = w.path == PATHS, is_removal = !roll(3);
	const char *expected = "OK";
	char text[64];
	int len, at = find_watch(s, &w);

	if (is_special)
		w.depth = -1;
	len = snprintf(
		text, sizeof(text), "%s%c%d", watched_path(&w), 0, w.token);
	if (is_removal) {
		assert_string_equal(
			ask(r, s, XS_UNWATCH, text, (size_t)len + 1),
			at < 0 ? "ENOENT" : "OK");
		if (at >= 0)
			s->watch[at] = s->watch[--s->watches];
		return;
	}
	if (w.depth >= 0)
		len += snprintf(text + len + 1, 8, "%d", w.depth) + 1;
	if (s->watches == WATCHES && at < 0)
		return;
	/* In this order: who may, how many, which. */
	if (is_special && s->domid)
		expected = "EACCES";
	else if (s->domid && s->watches >= r->watch_limit)
		expected = "ENOSPC";
	else if (at >= 0)
		expected = "EEXIST";
	assert_string_equal(
		ask(r, s, XS_WATCH, text, (size_t)len + 1), expected);
	if (strcmp(expected, "OK") != 0)
		return;
	s->watch[s->watches++] = w;
	want(s, watched_path(&w), w.token);
}

/* A guest dies: what it owned goes, its rights end, another one comes. */
static void die(struct run *r, int i)
{
	struct session *s = &r->session[i];
	struct entry e = { .op = XS_RM };
	struct effect fx;
	char said[SAID];
	struct model was = r->shared;
	bool told[SESSIONS][WATCHES][PATHS] = { 0 };
	int p, k;

	conn_free(s->conn);
	store_domain_gone(r->s, s->domid);
	s->watches = 0;
	for (k = 1; k < PATHS; k++) {
		static const int order[PATHS] = { 0, 1, 4, 13, 5, 6, 2, 7, 8, 9,
			3, 10, 11, 12 };

		p = order[k];
		if (!was.node[p].present ||
			was.node[p].owner.domid != s->domid ||
			!r->shared.node[p].present)
			continue;
		e.path = p;
		model_run(&r->shared, &r->world, 0, &e, said, &fx);
		for (i = 0; i < SESSIONS; i++)
			want_of(r, &r->session[i], &fx, told[i]);
	}
	r->world.era[model_guest(s->domid)]++;
	r->deaths++;
	r->commits++;
	for (i = 0; i < SESSIONS; i++)
		for (k = 0; k < r->session[i].watches; k++)
			if (r->session[i].watch[k].path == PATHS)
				want(&r->session[i], "@releaseDomain",
					r->session[i].watch[k].token);
	connect_session(r, (int)(s - r->session));
	rig_audit(r->s);
}

static void compare(struct run *r)
{
	struct session *s = &r->session[0];
	struct entry e = { 0 };
	struct effect fx;
	char text[64], said[SAID];
	int i, k;
	static const uint32_t ops[] = { XS_READ, XS_DIRECTORY, XS_GET_PERMS };

	s->tx = 0;
	for (i = 0; i < PATHS; i++) {
		for (k = 0; k < 3; k++) {
			e.op = ops[k];
			e.path = i;
			model_run(&r->shared, &r->world, 0, &e, said, &fx);
			assert_string_equal(
				ask(r, s, e.op, text, make_request(&e, text)),
				said);
			check_events(r);
		}
	}
}

static void start(struct run *r)
{
	int i;

	memset(r, 0, sizeof(*r));
	r->region = calloc(1, REGION);
	r->world.node_limit = 4;
	r->watch_limit = 2;
	r->shared.node[0] = (struct model_node){ .present = true };
	r->shared.node[0].owner.access = PERM_BOTH;
	r->s = make_store(r);
	quota_set(r->s, DOMID_COUNT, QUOTA_NODES, 4);
	quota_set(r->s, DOMID_COUNT, QUOTA_WATCHES, 2);
	for (i = 0; i < SESSIONS; i++) {
		r->session[i].inbox = calloc(1, sizeof(struct inbox));
		connect_session(r, i);
	}
	begin_journal(r);
	assert_string_equal(
		ask(r, &r->session[0], XS_SET_PERMS, "/\0b0", 5), "OK");
	check_events(r);
}

static void run(unsigned int from)
{
	static struct run r;
	struct session *s;
	unsigned int step, what;
	int i;

	seed = from;
	start(&r);
	r.seed = from;
	for (step = 0; step < steps; step++) {
		i = (int)roll(SESSIONS);
		s = &r.session[i];
		what = roll(24);
		if (what < 4 || (s->tx && s->logged == LOG))
			transact(&r, s);
		else if (what < 7)
			watch(&r, s);
		else if (what == 7 && i >= 2)
			die(&r, i);
		else
			request(&r, s);
		check_events(&r);
	}
	compare(&r);
	r.is_kept = false;
	store_free(r.s);
	for (i = 0; i < SESSIONS; i++)
		free(r.session[i].inbox);
	free(r.region);
}

static unsigned int at_seed;

static void test_random_requests(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < seeds; i++) {
		at_seed = first_seed + i;
		run(at_seed);
	}
	at_seed = 0;
}

/* Which run to look at, when one has failed. */
static int tell_seed(void **state)
{
	(void)state;
	if (at_seed)
		print_error("try: store_model 1 %u %u\n", at_seed, steps);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_random_requests, tell_seed),
	};

	if (argc > 1)
		seeds = (unsigned int)strtoul(argv[1], NULL, 10);
	if (argc > 2)
		first_seed = (unsigned int)strtoul(argv[2], NULL, 10);
	if (argc > 3)
		steps = (unsigned int)strtoul(argv[3], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
