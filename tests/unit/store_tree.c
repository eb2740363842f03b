/* SPDX-License-Identifier: BSD-2-Clause */
/* The persistent tree: random edits, old snapshots, order and balance. */
#include "store_rig.h"
#include "kids.h"

#define NAMES 400

static struct node *leaf(struct tree *t, const char *name, size_t len)
{
	struct perm_list *perms = perm_list_new(1);
	struct node *n = tree_node_new(t, name, len, NULL, 0, perms);

	perm_list_put(perms);
	return n;
}

static void check(struct node *root, const bool *present)
{
	struct kid_iter it;
	const struct node *kid, *last = NULL;
	const char *wrong = tree_audit(root);
	int i, count = 0;
	char name[16];

	if (wrong)
		fail_msg("audit: %s", wrong);
	for (i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), i % 3 ? "%d" : "n%d", i);
		assert_int_equal(
			!!tree_child(root, name, strlen(name)), present[i]);
		count += present[i];
	}
	kid_iter_init(&it, root);
	while ((kid = kid_iter_next(&it))) {
		if (last)
			assert_true(tree_name_cmp(node_name(last),
					    node_name_len(last), node_name(kid),
					    node_name_len(kid)) < 0);
		last = kid;
		count--;
	}
	assert_int_equal(count, 0);
}

/* A snapshot taken at any moment shows that moment for ever. */
static void test_random_edits(void **state)
{
	struct tree t = { .snapshots = 1 };
	struct node *root = leaf(&t, "/", 1), *old[8] = { NULL }, *n;
	bool present[NAMES] = { false }, then[8][NAMES];
	unsigned int seed = 1, step, i, slot;
	char path[32];
	int rc;

	(void)state;
	for (step = 0; step < 20000; step++) {
		seed = seed * 1103515245u + 12345u;
		i = (seed >> 8) % NAMES;
		snprintf(path, sizeof(path), i % 3 ? "/%u" : "/n%u", i);
		if (present[i]) {
			rc = tree_detach(
				&t, &root, path, strlen(path), NULL, &n);
			assert_int_equal(rc, 0);
			tree_put(&t, n);
		} else {
			n = leaf(&t, path + 1, strlen(path) - 1);
			rc = tree_attach(&t, &root, "/", 1, root, n);
			assert_int_equal(rc, 0);
		}
		present[i] = !present[i];
		if (step % 97 == 0) {
			slot = (seed >> 20) % 8;
			tree_put(&t, old[slot]);
			old[slot] = tree_get(root);
			memcpy(then[slot], present, sizeof(present));
		}
		if (step % 251 == 0) {
			check(root, present);
			for (slot = 0; slot < 8; slot++)
				if (old[slot])
					check(old[slot], then[slot]);
		}
	}
	for (slot = 0; slot < 8; slot++)
		tree_put(&t, old[slot]);
	tree_put(&t, root);
	assert_int_equal(t.live_bytes, 0);
}

/* The order of names is one: no three of them go round in a circle. */
static void test_order_is_total(void **state)
{
	static const char *const names[] = { "-a", "12", "123", "a", "9", "0",
		"00", "@", "Z", "a1", "1a", "-", "1-", "10", "/", "0/",
		"1:", "12345678", "1234567a", "123456789", "12345678a",
		"abcdefgh", "abcdefghi", "abcdefgi", "2345678" };
	const size_t count = sizeof(names) / sizeof(names[0]);
	struct tree t = { 0 };
	struct node *n;
	size_t i, j, k;
	int ij, jk, ik;

	(void)state;
	for (i = 0; i < count; i++) {
		n = leaf(&t, names[i], strlen(names[i]));
		for (j = 0; j < count; j++) {
			struct name_key key;

			name_key_init(&key, names[j], strlen(names[j]),
				names[j] + strlen(names[j]));
			ij = tree_name_cmp(names[j], strlen(names[j]), names[i],
				strlen(names[i]));
			jk = name_key_cmp(&key, n);
			assert_int_equal(
				(ij > 0) - (ij < 0), (jk > 0) - (jk < 0));
		}
		tree_put(&t, n);
	}
	for (i = 0; i < count; i++)
		for (j = 0; j < count; j++)
			for (k = 0; k < count; k++) {
				ij = tree_name_cmp(names[i], strlen(names[i]),
					names[j], strlen(names[j]));
				jk = tree_name_cmp(names[j], strlen(names[j]),
					names[k], strlen(names[k]));
				ik = tree_name_cmp(names[i], strlen(names[i]),
					names[k], strlen(names[k]));
				assert_int_equal(!ij, i == j);
				if (ij < 0 && jk < 0)
					assert_true(ik < 0);
			}
}

/* What nobody has a snapshot of is changed in place. */
static void test_no_copies_without_snapshots(void **state)
{
	struct tree t = { 0 };
	struct node *root = leaf(&t, "/", 1), *snap, *n, *again;
	static const char big[4000];

	(void)state;
	t.snapshots = 1;
	assert_int_equal(
		tree_attach(&t, &root, "/", 1, root, leaf(&t, "a", 1)), 0);
	assert_int_equal(
		tree_attach(&t, &root, "/a", 2, NULL, leaf(&t, "b", 1)), 0);
	n = tree_find(root, "/a/b", 4);
	assert_int_equal(tree_set_value(&t, &root, "/a/b", 4, "x", 1), 0);
	assert_ptr_equal(tree_find(root, "/a/b", 4), n);
	snap = tree_get(root);
	assert_int_equal(tree_set_value(&t, &root, "/a/b", 4, "yz", 2), 0);
	again = tree_find(root, "/a/b", 4);
	assert_ptr_not_equal(n, again);
	assert_ptr_equal(tree_find(snap, "/a/b", 4), n);
	assert_memory_equal(node_value(n), "x", 1);
	assert_memory_equal(node_value(again), "yz", 2);
	assert_int_equal(tree_attach(&t, &root, "/a/b/c", 6, NULL, n), -2);
	/* A value that does not fit in its place moves with what is below. */
	assert_int_equal(tree_set_value(&t, &root, "/a", 2, big, 4000), 0);
	assert_ptr_equal(tree_find(root, "/a/b", 4), again);
	assert_int_equal(tree_set_value(&t, &root, "/a", 2, big, 3), 0);
	assert_ptr_equal(tree_find(root, "/a/b", 4), again);
	assert_int_equal(node_value_len(tree_find(snap, "/a", 2)), 0);
	tree_put(&t, snap);
	tree_put(&t, root);
	assert_int_equal(t.live_bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_edits),
		cmocka_unit_test(test_order_is_total),
		cmocka_unit_test(test_no_copies_without_snapshots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
