/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The journal: a store that is killed at every byte of it comes back as it
 * was after the last whole unit; the stream of a state read back is the same
 * stream; and bytes that are no journal are refused, never half believed.
 */
#include "store_rig.h"
#include "journal.h"
#include "stream.h"

#include <errno.h>

#define REGION	 (4 << 20)
#define STEPS	 400
#define SESSIONS 5

static const char boot[] = "11111111-2222-3333-4444-555555555555";
static unsigned int seed;

static unsigned int roll(unsigned int sides)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 10) % sides;
}

struct image {
	char *bytes;
	size_t len;
};

static bool grow_image(struct sink *k, size_t need)
{
	(void)k;
	(void)need;
	return false;
}

static struct image save(struct store *s)
{
	struct image i = { malloc(REGION), 0 };
	struct sink k = { i.bytes, i.bytes + REGION, false, grow_image };

	stream_save(s, &k);
	assert_false(k.has_failed);
	i.len = (size_t)(k.at - i.bytes);
	i.bytes = realloc(i.bytes, i.len);
	return i;
}

struct bench {
	struct store *s;
	struct journal j;
	bool is_kept; /* what happens is told to the journal */
	char *region;
	struct conn *conn[SESSIONS];
	uint32_t tx[SESSIONS], next_id;
	struct image after[STEPS + 1]; /* the state after each unit */
	size_t end[STEPS + 1];	       /* and where that unit ends */
	uint32_t units;
};

static void on_effect(void *ctx, const struct store_effect *e)
{
	struct bench *b = ctx;

	if (b->is_kept)
		stream_effect(&b->j.sink, b->s, e);
}

static void note(struct bench *b)
{
	uint32_t before = b->j.number;

	assert_int_equal(journal_commit(&b->j), 0);
	if (b->j.number == before)
		return;
	b->units++;
	b->after[b->units] = save(b->s);
	b->end[b->units] = b->j.unit;
}

static void connect_one(struct bench *b, int i)
{
	b->conn[i] = conn_new(b->s, i < 2 ? 0 : (uint16_t)i, i >= 2, NULL);
	assert_non_null(b->conn[i]);
	assert_int_equal(conn_number(b->conn[i], ++b->next_id), 0);
	b->tx[i] = 0;
}

static void start(struct bench *b)
{
	struct store_host host = { .effect = on_effect, .ctx = b };

	memset(b, 0, sizeof(*b));
	b->region = calloc(1, REGION);
	b->s = store_new(&host, rig_seed);
	journal_begin(&b->j, b->region, REGION, 7, NULL);
	stream_save(b->s, &b->j.sink);
	assert_int_equal(journal_stream_end(&b->j), 0);
	assert_int_equal(journal_seal(&b->j, boot), 0);
	b->after[0] = save(b->s);
	b->end[0] = b->j.unit;
	b->is_kept = true;
}

static void stop(struct bench *b)
{
	uint32_t i;

	store_free(b->s);
	for (i = 0; i <= b->units; i++)
		free(b->after[i].bytes);
	free(b->region);
}

/* Posts and serves one request; what is answered stays unread. */
static void post(
	struct bench *b, int i, uint32_t type, const char *text, size_t len)
{
	rig_post(b->conn[i], type, b->tx[i], text, len);
	conn_process(b->conn[i], 1);
	rig_audit(b->s);
}

static void random_path(char *out)
{
	static const char *const tops[] = { "/a", "/a/b", "/a/b/c", "/d",
		"/local/domain/2", "/local/domain/2/x", "/local/domain/3",
		"/local/domain/4/y", "@releaseDomain", "rel", "/a/d/e/f" };

	strcpy(out, tops[roll(sizeof(tops) / sizeof(tops[0]))]);
	if (out[0] == '/' && roll(3) == 0)
		sprintf(out + strlen(out), "/%u", roll(4));
}

static void request(struct bench *b, int i)
{
	char text[128];
	size_t len;

	random_path(text);
	len = strlen(text) + 1;
	switch (roll(12)) {
	case 0:
	case 1:
	case 2:
		len += (size_t)sprintf(text + len, "value %u", roll(1000));
		post(b, i, XS_WRITE, text, len);
		break;
	case 3:
		post(b, i, XS_MKDIR, text, len);
		break;
	case 4:
		post(b, i, XS_RM, text, len);
		break;
	case 5:
		len += (size_t)sprintf(text + len, "%c%u", "nrwb"[roll(4)],
			       2 + roll(3)) +
		       1;
		if (roll(2))
			len += (size_t)sprintf(text + len, "r%u", roll(5)) + 1;
		post(b, i, XS_SET_PERMS, text, len);
		break;
	case 6:
		len += (size_t)sprintf(text + len, "tok%u", roll(3)) + 1;
		if (roll(2))
			len += (size_t)sprintf(text + len, "%u", roll(3)) + 1;
		post(b, i, XS_WATCH, text, len);
		break;
	case 7:
		len += (size_t)sprintf(text + len, "tok%u", roll(3)) + 1;
		post(b, i, XS_UNWATCH, text, len);
		break;
	case 8:
		b->tx[i] = 0;
		if (list_is_empty(&b->conn[i]->txns))
			post(b, i, XS_TRANSACTION_START, "", 1);
		if (!list_is_empty(&b->conn[i]->txns))
			b->tx[i] = b->conn[i]->next_txn;
		break;
	case 9:
		post(b, i, XS_TRANSACTION_END, roll(4) ? "T" : "F", 2);
		b->tx[i] = 0;
		break;
	case 10:
		post(b, i, XS_READ, text, len);
		break;
	default:
		post(b, i, XS_RESET_WATCHES, "", 1);
		b->tx[i] = 0;
	}
}

static void step(struct bench *b)
{
	int i = (int)roll(SESSIONS);
	char text[32];
	size_t len;

	if (!b->conn[i]) {
		connect_one(b, i);
		return;
	}
	/* The peer reads some of what it was sent: no journal tells. */
	conn_sent(b->conn[i], roll((unsigned int)conn_pending(b->conn[i]) + 1));
	switch (roll(24)) {
	case 0:
		conn_free(b->conn[i]);
		b->conn[i] = NULL;
		break;
	case 1:
		conn_reset(b->conn[i]);
		b->tx[i] = 0;
		break;
	case 2:
		len = (size_t)sprintf(text, "%u", 2 + roll(3)) + 1;
		memcpy(text + len, "1\0002", 4);
		if (b->conn[0])
			post(b, 0, XS_INTRODUCE, text, len + 4);
		break;
	case 3:
		store_domain_shutdown(b->s, (uint16_t)(2 + roll(3)));
		break;
	case 4:
		i = 2 + (int)roll(3);
		if (b->conn[i])
			conn_free(b->conn[i]);
		b->conn[i] = NULL;
		store_domain_gone(b->s, (uint16_t)i);
		break;
	default:
		request(b, i);
	}
	rig_audit(b->s);
}

/* What every peer has got at that moment, for a store that is read back. */
struct got {
	uint64_t sent[STEPS * 2];
};

static uint64_t sent_of(void *ctx, uint32_t id)
{
	const struct got *g = ctx;

	return g->sent[id];
}

static void learn(void *ctx, struct conn *c)
{
	struct got *g = ctx;

	g->sent[c->id] = c->out_total - conn_pending(c);
}

/*
 * Reads back a copy of the first `len` bytes. What was sent is taken from
 * the image of the state that must come out.
 */
static struct store *reload(
	const struct bench *b, size_t len, uint32_t *units, int *rc)
{
	struct store_host host = { 0 };
	struct store *s = store_new(&host, rig_seed);
	char *copy = malloc(len);
	struct journal j;

	memcpy(copy, b->region, len);
	*rc = journal_replay(&j, s, copy, len, NULL, units);
	free(copy);
	return s;
}

/* Of two streams, with what is pending brought to the same mark. */
static void assert_same(struct store *s, const struct image *expected)
{
	struct got *got = calloc(1, sizeof(*got));
	struct store_host host = { .sent = sent_of, .ctx = got };
	struct store *want = store_new(NULL, rig_seed), *both[2];
	struct image image[2];
	int i;

	assert_int_equal(stream_load(want, expected->bytes, expected->len),
		expected->len);
	rig_audit(want);
	conn_visit(want, learn, got);
	image[0] = save(s);
	for (i = 0; i < 2; i++) {
		both[i] = store_new(&host, rig_seed);
		assert_true(stream_load(both[i],
				    i ? expected->bytes : image[0].bytes,
				    i ? expected->len : image[0].len) > 0);
		rig_audit(both[i]);
	}
	free(image[0].bytes);
	for (i = 0; i < 2; i++)
		image[i] = save(both[i]);
	assert_int_equal(image[0].len, image[1].len);
	assert_memory_equal(image[0].bytes, image[1].bytes, image[0].len);
	for (i = 0; i < 2; i++) {
		free(image[i].bytes);
		store_free(both[i]);
	}
	store_free(want);
	free(got);
}

static void test_every_unit(void **state)
{
	struct bench b;
	struct store *s;
	uint32_t i, n, units;
	int rc;

	(void)state;
	for (n = 0; n < 6; n++) {
		seed = n * 77 + 1;
		start(&b);
		for (i = 0; i < STEPS; i++) {
			step(&b);
			note(&b);
		}
		assert_true(b.units > STEPS / 2);
		for (i = 0; i <= b.units; i++) {
			s = reload(&b, b.end[i], &units, &rc);
			assert_int_equal(rc, 0);
			assert_int_equal(units, i);
			rig_audit(s);
			assert_same(s, &b.after[i]);
			store_free(s);
		}
		stop(&b);
	}
}

/* Wherever it is cut, it is as long as its whole units; flips end it. */
static void test_every_byte(void **state)
{
	struct bench b;
	struct store *s;
	uint32_t i, units, whole = 0;
	size_t at;
	int rc;

	(void)state;
	seed = 4711;
	start(&b);
	for (i = 0; i < 60; i++) {
		step(&b);
		note(&b);
	}
	for (at = b.end[0]; at <= b.end[b.units]; at++) {
		while (whole < b.units && b.end[whole + 1] <= at)
			whole++;
		s = reload(&b, at, &units, &rc);
		assert_int_equal(rc, 0);
		assert_int_equal(units, whole);
		if (at == b.end[whole])
			assert_same(s, &b.after[whole]);
		store_free(s);
	}
	whole = 0;
	for (at = b.end[0]; at < b.end[b.units]; at++) {
		while (b.end[whole + 1] <= at)
			whole++;
		b.region[at] ^= 0x10;
		s = reload(&b, b.end[b.units], &units, &rc);
		b.region[at] ^= 0x10;
		assert_int_equal(rc, 0);
		assert_int_equal(units, whole);
		store_free(s);
	}
	for (at = 0; at < b.end[0]; at++) {
		b.region[at] ^= 1;
		s = reload(&b, b.end[b.units], &units, &rc);
		assert_true(rc == -EINVAL || rc == -EBADMSG);
		/* In the head it is seen at once, else nothing was read. */
		if (journal_probe(b.region, REGION, boot))
			assert_int_equal(rc, -EBADMSG);
		b.region[at] ^= 1;
		store_free(s);
	}
	assert_int_equal(journal_probe(b.region, REGION, boot), 7);
	assert_int_equal(journal_probe(b.region, REGION, "another"), 0);
	stop(&b);
}

/*
 * One step of another journal, beside the one that is written: its state is
 * that of when it began, and the units since are copied. Whether it is done.
 */
static bool compact(struct bench *b, struct journal *next, char *region,
	struct stream_saver *saver, size_t *adopted)
{
	if (!next->base) {
		journal_begin(next, region, REGION, 8, NULL);
		*adopted = b->j.unit;
		assert_int_equal(
			stream_save_begin(saver, b->s, &next->sink), 0);
	} else if (!next->unit) {
		if (!stream_save_step(saver, 1 + roll(300))) {
			journal_sum(next);
			return false;
		}
		stream_save_end(saver);
		rig_audit(b->s);
		assert_int_equal(journal_stream_end(next), 0);
	} else if (journal_adopt(next, &b->j, adopted, 1 + roll(2000))) {
		assert_int_equal(journal_probe(region, REGION, boot), 0);
		assert_int_equal(journal_seal(next, boot), 0);
		return true;
	}
	return false;
}

/* What is compacted while it changes is the same state. */
static void test_in_steps(void **state)
{
	uint32_t i, n, units, since = 0, done = 0;
	static struct stream_saver saver;
	struct journal next = { 0 };
	char *region, *active;
	struct store *s;
	struct bench b;
	size_t adopted;
	int rc;

	(void)state;
	region = calloc(1, REGION);
	for (n = 0; n < 20; n++) {
		seed = n * 77 + 1;
		start(&b);
		for (i = 0; i < STEPS; i++) {
			step(&b);
			note(&b);
			if (i < 50)
				continue;
			if (!next.base)
				since = b.units;
			if (!compact(&b, &next, region, &saver, &adopted))
				continue;
			active = b.region;
			b.region = region;
			s = reload(&b, REGION, &units, &rc);
			b.region = active;
			assert_int_equal(rc, 0);
			assert_int_equal(units, b.units - since);
			rig_audit(s);
			assert_same(s, &b.after[b.units]);
			store_free(s);
			memset(&next, 0, sizeof(next));
			memset(region, 0, REGION);
			done++;
		}
		stream_save_end(&saver);
		memset(&next, 0, sizeof(next));
		rig_audit(b.s);
		stop(&b);
	}
	assert_true(done > 40);
	free(region);
}

static bool more(struct journal *j, size_t need)
{
	size_t size = j->size + need + 100;

	j->base = realloc(j->base, size);
	assert_non_null(j->base);
	j->size = size;
	return true;
}

/* It goes on after being read back, in a region that moves as it grows. */
static void test_goes_on(void **state)
{
	static struct inbox empty;
	static struct bench b;
	struct store_host host = { .effect = on_effect, .ctx = &b };
	uint32_t units, round;
	struct journal j;
	struct conn *c;

	(void)state;
	b.s = rig_new();
	journal_begin(&j, malloc(16), 16, 1, more);
	stream_save(b.s, &j.sink);
	assert_int_equal(journal_stream_end(&j), 0);
	assert_int_equal(journal_seal(&j, boot), 0);
	store_free(b.s);
	for (round = 0; round < 20; round++) {
		b.s = store_new(&host, rig_seed);
		assert_int_equal(
			journal_replay(&b.j, b.s, j.base, j.size, more, &units),
			0);
		assert_int_equal(units, round);
		c = conn_find(b.s, round);
		assert_int_equal(!c, !round);
		if (c)
			assert_int_equal(conn_attach(c, &empty, NULL), -EINVAL);
		b.is_kept = true;
		c = conn_new(b.s, 0, false, NULL);
		assert_int_equal(conn_number(c, round + 1), 0);
		if (round)
			SAYS(c, XS_READ, 0, "/path", "value");
		PUTS(c, 0, "/path\0value");
		assert_int_equal(journal_commit(&b.j), 0);
		PUTS(c, 0, "/path\0never committed");
		j = b.j;
		b.is_kept = false;
		store_free(b.s);
	}
	free(j.base);
}

/* Without room the loss is told once, and nothing is half written. */
static void test_no_room(void **state)
{
	struct bench b;
	uint32_t units;
	struct store *s;
	int rc;

	(void)state;
	start(&b);
	connect_one(&b, 0);
	note(&b);
	b.j.sink.end = b.j.sink.at + 40;
	post(&b, 0, XS_WRITE, "/far/too/long\0for what is left", 30);
	assert_int_equal(journal_commit(&b.j), -ENOSPC);
	assert_int_equal(journal_commit(&b.j), -ENOSPC);
	s = reload(&b, REGION, &units, &rc);
	assert_int_equal(rc, 0);
	assert_same(s, &b.after[b.units]);
	store_free(s);
	journal_begin(&b.j, b.region, 64, 8, NULL);
	stream_save(b.s, &b.j.sink);
	assert_int_equal(journal_stream_end(&b.j), -ENOSPC);
	assert_int_equal(journal_seal(&b.j, boot), -ENOSPC);
	assert_int_equal(journal_probe(b.region, REGION, boot), 0);
	stop(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_unit),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_in_steps),
		cmocka_unit_test(test_goes_on),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
