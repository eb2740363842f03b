/* SPDX-License-Identifier: BSD-2-Clause */
/* The ring page: a guest that behaves, one that does not, and reconnection. */
#include "store_rig.h"
#include "ring.h"

#include <errno.h>

struct side {
	struct store *s;
	struct conn *dom0, *c;
	struct xenstore_domain_interface page;
	struct slot slot;
	struct ring ring;
};

static void setup(struct side *x, uint32_t index)
{
	memset(x, 0, sizeof(*x));
	x->s = rig_new();
	x->dom0 = conn_new(x->s, 0, false, NULL);
	x->c = rig_guest(x->dom0, 5);
	assert_int_equal(conn_attach(x->c, &x->slot.in, NULL), 0);
	x->ring = (struct ring){ &x->page, &x->slot, NULL, NULL };
	x->page.req_cons = x->page.req_prod = index;
	x->page.rsp_cons = x->page.rsp_prod = index;
	ring_open(&x->ring, x->c);
}

/* Writes as much as fits; the bytes that went in. */
static size_t put(struct side *x, const char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len &&
		    x->page.req_prod - x->page.req_cons < XENSTORE_RING_SIZE;
		i++)
		x->page.req[MASK_XENSTORE_IDX(x->page.req_prod++)] = bytes[i];
	return i;
}

static size_t get(struct side *x, char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len && x->page.rsp_cons != x->page.rsp_prod; i++)
		bytes[i] = x->page.rsp[MASK_XENSTORE_IDX(x->page.rsp_cons++)];
	return i;
}

/* A request of any size through the ring, and its answer. */
static void talk(struct side *x, uint32_t type, const char *payload, size_t len,
	char *answer, size_t *answer_len)
{
	char out[16 + 4096], in[16 + 4096];
	struct wire_header hdr = { type, 3, 0, (uint32_t)len };
	size_t sent = 0, got = 0, total = 16 + len;
	bool moved;
	int i;

	memcpy(out, &hdr, 16);
	memcpy(out + 16, payload, len);
	for (i = 0; i < 100; i++) {
		sent += put(x, out + sent, total - sent);
		assert_int_equal(ring_pump(&x->ring, x->c, 8, &moved), 0);
		rig_audit(x->s);
		got += get(x, in + got, sizeof(in) - got);
		if (got >= 16) {
			memcpy(&hdr, in, 16);
			if (got == 16 + hdr.len)
				break;
		}
	}
	assert_int_equal(hdr.req_id, 3);
	memcpy(answer, in + 16, hdr.len);
	*answer_len = hdr.len;
}

static void test_good_guest(void **state)
{
	static const uint32_t starts[] = { 0, 1000, 0xfffffff0u };
	char payload[2048], answer[4096];
	size_t len, i, n;
	struct side x;

	(void)state;
	for (i = 0; i < 3; i++) {
		setup(&x, starts[i]);
		assert_int_equal(x.page.server_features, 15);
		for (n = 0; n < 50; n++) {
			memset(payload, 'a' + (int)(n % 26), sizeof(payload));
			memcpy(payload, "data", 5);
			talk(&x, XS_WRITE, payload, 5 + n * 40, answer, &len);
			assert_string_equal(answer, "OK");
			talk(&x, XS_READ, "data", 5, answer, &len);
			assert_int_equal(len, n * 40);
			assert_memory_equal(answer, payload + 5, len);
		}
		store_free(x.s);
	}
}

static void test_bad_indices(void **state)
{
	struct side x;
	bool moved = false;

	(void)state;
	setup(&x, 0);
	x.page.req_prod = 1025;
	assert_int_equal(ring_pump(&x.ring, x.c, 8, &moved), -EPROTO);
	assert_int_equal(x.page.error, XENSTORE_ERROR_RINGIDX);
	store_free(x.s);
	setup(&x, 7);
	x.page.rsp_cons = 9;
	assert_int_equal(ring_pump(&x.ring, x.c, 8, &moved), -EPROTO);
	assert_int_equal(x.page.error, XENSTORE_ERROR_RINGIDX);
	store_free(x.s);
}

static void test_bad_length_and_reconnection(void **state)
{
	struct wire_header hdr = { XS_READ, 0, 0, 5000 };
	char answer[4096];
	bool moved = false;
	struct side x;
	size_t len;

	(void)state;
	setup(&x, 0xfffffff8u);
	talk(&x, XS_WATCH, "w\0t", 4, answer, &len);
	assert_false(ring_reconnect(&x.ring, x.c));
	put(&x, (char *)&hdr, sizeof(hdr));
	assert_int_equal(ring_pump(&x.ring, x.c, 8, &moved), -EPROTO);
	assert_int_equal(x.page.error, XENSTORE_ERROR_PROTO);
	x.page.connection = XENSTORE_RECONNECT;
	assert_true(ring_reconnect(&x.ring, x.c));
	rig_audit(x.s);
	assert_int_equal(x.page.connection, XENSTORE_CONNECTED);
	assert_int_equal(x.page.error, XENSTORE_ERROR_NONE);
	assert_int_equal(x.page.req_prod, 0);
	talk(&x, XS_UNWATCH, "w\0t", 4, answer, &len);
	assert_string_equal(answer, "ENOENT");
	store_free(x.s);
}

/* A guest that never reads: its requests stay where they are. */
static void test_unread_replies(void **state)
{
	struct wire_header hdr = { XS_DIRECTORY, 0, 0, 2 };
	char request[18], in[64];
	bool moved = false;
	struct side x;
	int i, rounds = 0;

	(void)state;
	setup(&x, 0);
	memcpy(request, &hdr, 16);
	memcpy(request + 16, "/", 2);
	for (i = 0; i < 5000; i++) {
		if (put(&x, request, 18) < 18)
			break;
		assert_int_equal(ring_pump(&x.ring, x.c, 8, &moved), 0);
		rounds++;
	}
	assert_in_range(rounds, 20, 200);
	assert_true(x.c->reply_count <= 20);
	rig_audit(x.s);
	while (get(&x, in, sizeof(in)))
		assert_int_equal(ring_pump(&x.ring, x.c, 8, &moved), 0);
	assert_int_equal(x.c->reply_count, 0);
	store_free(x.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_guest),
		cmocka_unit_test(test_bad_indices),
		cmocka_unit_test(test_bad_length_and_reconnection),
		cmocka_unit_test(test_unread_replies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
