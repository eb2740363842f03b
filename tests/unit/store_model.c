/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random requests against a model: a plain list of paths and values.
 *
 * Several connections of domain 0 write, make, remove, read and list in and
 * outside of transactions. The model of a transaction is a full copy. A
 * commit that succeeds must have been possible at that moment: its requests,
 * run again on the model, get the answers that its client was given. The
 * daemon may refuse a commit only when something was committed meanwhile.
 */
#include "store_rig.h"

#define PATHS 13 /* all paths of two names out of three, and their parents */
#define CONNS 3
#define LOG   40
#define VALUE 8

struct model {
	bool present[PATHS];
	char value[PATHS][VALUE];
};

struct entry {
	uint32_t op;
	int path;
	char value[VALUE];
	char said[64];
};

struct session {
	struct conn *conn;
	uint32_t tx;
	bool is_dirty;
	struct model own;
	struct entry log[LOG];
	int logged;
	unsigned long since;
};

static const char *const paths[PATHS] = { "/a", "/b", "/c", "/a/a", "/a/b",
	"/a/c", "/b/a", "/b/b", "/b/c", "/c/a", "/c/b", "/c/c", "/a/a/a" };

static unsigned int seed;

static unsigned int roll(unsigned int sides)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 10) % sides;
}

static bool is_below(int path, int of)
{
	size_t n = strlen(paths[of]);

	return !strncmp(paths[path], paths[of], n) &&
	       (!paths[path][n] || paths[path][n] == '/');
}

static bool has_parent(const struct model *m, int path)
{
	int i;

	for (i = 0; i < PATHS; i++)
		if (i != path && is_below(path, i) &&
			strlen(paths[i]) + 2 == strlen(paths[path]))
			return m->present[i];
	return true;
}

static void make(struct model *m, int path)
{
	int i;

	for (i = 0; i < PATHS; i++) {
		if (is_below(path, i) && !m->present[i]) {
			m->present[i] = true;
			m->value[i][0] = '\0';
		}
	}
}

/* The names that DIRECTORY would give, with '|' for their NULs. */
static void list(const struct model *m, int path, char *out)
{
	int i;

	for (i = 0; i < PATHS; i++)
		if (m->present[i] && i != path && is_below(i, path) &&
			strlen(paths[i]) == strlen(paths[path]) + 2)
			out += sprintf(
				out, "%s|", paths[i] + strlen(paths[path]) + 1);
	*out = '\0';
}

static void model_run(struct model *m, struct entry *e)
{
	int i;

	strcpy(e->said, "OK");
	switch (e->op) {
	case XS_WRITE:
		make(m, e->path);
		strcpy(m->value[e->path], e->value);
		break;
	case XS_MKDIR:
		make(m, e->path);
		break;
	case XS_RM:
		if (!m->present[e->path] && !has_parent(m, e->path))
			strcpy(e->said, "ENOENT");
		for (i = 0; i < PATHS; i++)
			if (is_below(i, e->path))
				m->present[i] = false;
		break;
	case XS_READ:
		strcpy(e->said,
			m->present[e->path] ? m->value[e->path] : "ENOENT");
		break;
	default:
		if (m->present[e->path])
			list(m, e->path, e->said);
		else
			strcpy(e->said, "ENOENT");
	}
}

static void ask_store(struct session *s, const struct entry *e, char *said)
{
	char text[64];
	size_t len = strlen(paths[e->path]) + 1, i;
	struct answer a;

	memcpy(text, paths[e->path], len);
	if (e->op == XS_WRITE) {
		memcpy(text + len, e->value, strlen(e->value));
		len += strlen(e->value);
	}
	rig_ask(s->conn, e->op, s->tx, text, len, &a);
	if (a.type == XS_DIRECTORY)
		for (i = 0; i < a.len; i++)
			if (!a.data[i])
				a.data[i] = '|';
	strcpy(said, a.data);
}

static void request(
	struct session *s, struct model *shared, unsigned long *commits)
{
	static const uint32_t ops[] = { XS_WRITE, XS_MKDIR, XS_RM, XS_READ,
		XS_DIRECTORY };
	struct entry e = { .op = ops[roll(5)], .path = (int)roll(PATHS) };
	char said[64];

	snprintf(e.value, sizeof(e.value), "%u", roll(4));
	model_run(s->tx ? &s->own : shared, &e);
	ask_store(s, &e, said);
	assert_string_equal(said, e.said);
	if (e.op == XS_READ || e.op == XS_DIRECTORY) {
		if (!s->tx)
			return;
	} else if (s->tx) {
		/* What was refused changes nothing. */
		s->is_dirty |= !strcmp(said, "OK");
	} else {
		++*commits;
	}
	if (s->tx)
		s->log[s->logged++] = e;
}

static void commit(
	struct session *s, struct model *shared, unsigned long *commits)
{
	struct model now = *shared;
	const char *answer = ASK(s->conn, XS_TRANSACTION_END, s->tx, "T");
	bool is_possible = true;
	struct entry e;
	int i;

	for (i = 0; i < s->logged; i++) {
		e = s->log[i];
		model_run(&now, &e);
		if (strcmp(e.said, s->log[i].said))
			is_possible = false;
	}
	if (!strcmp(answer, "OK")) {
		assert_true(is_possible || !s->is_dirty);
		if (s->is_dirty) {
			*shared = now;
			++*commits;
		}
	} else {
		assert_string_equal(answer, "EAGAIN");
		assert_true(s->since != *commits);
		assert_true(s->is_dirty);
		assert_false(is_possible);
	}
	s->tx = 0;
}

static void compare(struct conn *c, const struct model *m)
{
	char text[64];
	int i;

	for (i = 0; i < PATHS; i++) {
		strcpy(text, paths[i]);
		assert_string_equal(
			rig_ask(c, XS_READ, 0, text, strlen(text) + 1, NULL),
			m->present[i] ? m->value[i] : "ENOENT");
	}
}

static void run(unsigned int from)
{
	struct store *st = rig_new();
	struct session s[CONNS] = { 0 };
	struct model shared = { 0 };
	unsigned long commits = 0;
	int step, i;

	seed = from;
	for (i = 0; i < CONNS; i++)
		s[i].conn = conn_new(st, 0, false, NULL);
	for (step = 0; step < 300; step++) {
		i = (int)roll(CONNS);
		if (!s[i].tx && !roll(4)) {
			s[i].tx = rig_begin(s[i].conn);
			s[i].own = shared;
			s[i].logged = 0;
			s[i].is_dirty = false;
			s[i].since = commits;
		} else if (s[i].tx && (!roll(6) || s[i].logged == LOG)) {
			if (roll(5)) {
				commit(&s[i], &shared, &commits);
			} else {
				OKAY(s[i].conn, XS_TRANSACTION_END, s[i].tx,
					"F");
				s[i].tx = 0;
			}
		} else {
			request(&s[i], &shared, &commits);
		}
	}
	compare(s[0].conn, &shared);
	store_free(st);
}

static void test_random_requests(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 1; i <= 300; i++)
		run(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
