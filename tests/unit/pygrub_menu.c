/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The menu: how its entries are named, what is refused, and its way through a
 * pipe, where every byte may be wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>
#include <tenonctrl/why.h>
#include "boot.h"
#include "reader.h"
#include "source.h"

static struct boot_entry *add(
	struct boot_menu *menu, const char *title, int parent, const char *id)
{
	unsigned int index;

	assert_int_equal(boot_add(menu, title, parent, &index), 0);
	if (id)
		assert_int_equal(boot_set_id(&menu->entries[index], id), 0);
	return &menu->entries[index];
}

/* 0 plain, 1 a submenu with 3 and 4, 2 > in its title; 3 has no kernel. */
static void make(struct boot_menu *menu)
{
	struct boot_entry *entry;

	boot_init(menu);
	entry = add(menu, "plain", -1, "id-plain");
	assert_int_equal(boot_set_kernel(entry, 0, "/vmlinuz"), 0);
	assert_int_equal(boot_set_args(entry, " \tro\tquiet  "), 0);
	assert_int_equal(boot_add_initrd(entry, 1, "//a/./b/../initrd"), 0);
	add(menu, "sub", -1, "id-sub")->is_submenu = true;
	entry = add(menu, "a > b", -1, NULL);
	assert_int_equal(boot_set_kernel(entry, 1, "two"), 0);
	add(menu, "empty", 1, NULL);
	entry = add(menu, "inner", 1, "id-inner");
	assert_int_equal(boot_set_kernel(entry, 1, "/inner"), 0);
	entry->kernel.offset = 512;
	entry->kernel.length = 1024;
	boot_note(menu, "/file", 3, "%s", "a note");
	boot_note(menu, "/file", 3, "%s", "a note");
	menu->kind = boot_kind("grub2");
	menu->timeout_ms = 5000;
	menu->fallback_entry = 3;
	assert_int_equal(boot_finish(menu), 0);
}

static void names(void **state)
{
	static const struct {
		const char *name;
		int index;
	} wanted[] = {
		{ "0", 0 },
		{ "plain", 0 },
		{ " id-plain", 0 },
		{ "1", 4 }, /* the first of the submenu that can be booted */
		{ "id-sub", 4 },
		{ "sub>inner", 4 },
		{ "1>1", 4 },
		{ "id-sub>0", 3 },
		{ "a >> b", 2 },
		{ "2", 2 },
		{ "3", -1 },
		{ "inner", -1 },
		{ "sub>none", -1 },
		{ "plain>0", -1 },
		{ "", -1 },
		{ ">", -1 },
		{ "99999999999999999999999", -1 },
		{ "-1", -1 },
	};
	struct boot_menu menu;

	(void)state;
	make(&menu);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		assert_int_equal(
			boot_find(&menu, wanted[i].name), wanted[i].index);
	boot_free(&menu);
}

static void contents(void **state)
{
	struct boot_menu menu;

	(void)state;
	make(&menu);
	assert_int_equal(menu.default_entry, 0);
	assert_int_equal(menu.fallback_entry, -1);
	assert_int_equal(menu.note_count, 1);
	assert_string_equal(menu.entries[0].args, "ro quiet");
	assert_string_equal(menu.entries[0].initrds[0].path, "/a/initrd");
	assert_int_equal(menu.entries[0].initrds[0].volume, 1);
	assert_string_equal(menu.entries[2].kernel.path, "/two");
	assert_false(boot_is_bootable(&menu.entries[1]));
	assert_false(boot_is_bootable(&menu.entries[3]));
	assert_non_null(menu.entries[3].obstacle);
	boot_clear(&menu);
	assert_int_equal(menu.entry_count, 0);
	assert_int_equal(menu.note_count, 1);
	boot_free(&menu);
	assert_int_equal(menu.note_count, 0);
}

static void refused(void **state)
{
	char args[BOOT_ARGS_MAX + 2];
	struct boot_entry *entry;
	struct boot_menu menu;
	unsigned int index;

	(void)state;
	boot_init(&menu);
	entry = add(&menu, "long", -1, NULL);
	memset(args, 'x', sizeof(args) - 1);
	args[sizeof(args) - 1] = '\0';
	assert_int_equal(boot_set_kernel(entry, 0, "/k"), 0);
	assert_int_equal(boot_set_args(entry, args), 0);
	assert_non_null(strstr(entry->obstacle, "4096 bytes, over 4095"));
	entry = add(&menu, "control", -1, NULL);
	assert_int_equal(boot_set_kernel(entry, 0, "/k"), 0);
	assert_int_equal(boot_set_args(entry, "a\nb"), 0);
	entry = add(&menu, "path", -1, NULL);
	assert_int_equal(boot_set_kernel(entry, 0, "/k\033[2J"), 0);
	assert_null(entry->kernel.path);
	entry = add(&menu, "many", -1, NULL);
	for (int i = 0; i < BOOT_INITRDS_MAX; i++)
		assert_int_equal(boot_add_initrd(entry, 0, "/i"), 0);
	assert_int_equal(boot_add_initrd(entry, 0, "/i"), -E2BIG);
	assert_int_equal(boot_finish(&menu), 0);
	assert_int_equal(menu.default_entry, -1);
	for (unsigned int i = 0; i < menu.entry_count; i++)
		assert_non_null(menu.entries[i].obstacle);
	while (menu.entry_count < BOOT_ENTRIES_MAX)
		add(&menu, "more", -1, NULL);
	assert_int_equal(boot_add(&menu, "x", -1, &index), -E2BIG);
	for (int i = 0; i < 2 * BOOT_NOTES_MAX; i++)
		boot_note(&menu, "/f", (unsigned int)i, "note");
	assert_int_equal(menu.note_count, BOOT_NOTES_MAX);
	boot_free(&menu);
}

static void paths(void **state)
{
	static const char *const forms[][2] = {
		{ "", "/" },
		{ "/", "/" },
		{ "a", "/a" },
		{ "//a//b/", "/a/b" },
		{ "/a/./b/.", "/a/b" },
		{ "/a/../b", "/b" },
		{ "/../../a", "/a" },
		{ "/a/b/../..", "/" },
		{ "/..a/b..", "/..a/b.." },
	};
	char out[SOURCE_PATH_MAX + 1], longest[SOURCE_PATH_MAX + 3];

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		assert_int_equal(source_path(forms[i][0], out), 0);
		assert_string_equal(out, forms[i][1]);
	}
	memset(longest, 'x', sizeof(longest));
	longest[SOURCE_PATH_MAX - 1] = '\0';
	assert_int_equal(source_path(longest, out), 0);
	assert_int_equal(strlen(out), SOURCE_PATH_MAX);
	assert_int_equal(source_join(longest, "y", out), -ENAMETOOLONG);
	longest[SOURCE_PATH_MAX - 1] = 'x';
	longest[SOURCE_PATH_MAX] = '\0';
	assert_int_equal(source_path(longest, out), -ENAMETOOLONG);
	assert_int_equal(source_path("/a\tb", out), -EINVAL);
	assert_int_equal(source_join("/", "y", out), 0);
	assert_string_equal(out, "/y");
}

static void bounds(void **state)
{
	struct reader reader = reader_memory("0123456789", 10);
	char buf[10];

	(void)state;
	assert_int_equal(reader_get(&reader, 0, buf, 10), 0);
	assert_int_equal(reader_get(&reader, 10, buf, 0), 0);
	assert_int_equal(reader_get(&reader, 1, buf, 10), -ERANGE);
	assert_int_equal(reader_get(&reader, 11, buf, 0), -ERANGE);
	assert_int_equal(reader_get(&reader, UINT64_MAX, buf, 2), -ERANGE);
}

static void wire(void **state)
{
	struct boot_menu menu, again;
	struct why why = { "" };
	uint8_t *bytes, *more;
	size_t size, more_size;

	(void)state;
	make(&menu);
	assert_int_equal(boot_write(&menu, &bytes, &size), 0);
	assert_int_equal(boot_read(&again, bytes, size, 2, &why), 0);
	assert_int_equal(again.entry_count, 5);
	assert_int_equal(again.timeout_ms, 5000);
	assert_string_equal(again.kind, "grub2");
	assert_int_equal(again.entries[4].kernel.length, 1024);
	assert_string_equal(again.notes[0].text, "a note");
	assert_int_equal(boot_write(&again, &more, &more_size), 0);
	assert_int_equal(more_size, size);
	assert_memory_equal(more, bytes, size);
	boot_free(&again);
	free(more);

	/* A volume that is not there; every shorter text; a longer one. */
	assert_int_equal(boot_read(&again, bytes, size, 1, &why), -EINVAL);
	assert_non_null(strstr(why.text, "volume"));
	for (size_t cut = 0; cut < size; cut++)
		assert_int_equal(
			boot_read(&again, bytes, cut, 2, &why), -EINVAL);
	bytes = realloc(bytes, size + 1);
	bytes[size] = 0;
	assert_int_equal(boot_read(&again, bytes, size + 1, 2, &why), -EINVAL);

	/* Every byte changed: a menu that holds what it promises, or none. */
	for (size_t at = 0; at < size; at++) {
		bytes[at] ^= 0xff;
		if (!boot_read(&again, bytes, size, 2, &why)) {
			int chosen = again.default_entry;

			assert_true(chosen < (int)again.entry_count);
			assert_true(chosen < 0 ||
				    boot_is_bootable(&again.entries[chosen]));
			boot_free(&again);
		}
		bytes[at] ^= 0xff;
	}
	free(bytes);
	boot_free(&menu);
}

/* Texts of the right length that no parser could have made. */
static void wire_refuses(void **state)
{
	static const char *const changes[][3] = {
		{ "ro quiet", "ro\nquiet", "control characters" },
		{ "/a/initrd", "/../itrd1", "path" },
		{ "/a/initrd", "/a//nitrd", "path" },
		{ "/a/initrd", "relative1", "path" },
		{ "/a/initrd", "/a/\033[2Jd", "path" },
	};
	struct boot_menu menu, again;
	struct why why = { "" };
	uint8_t *bytes;
	size_t size;

	(void)state;
	make(&menu);
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		char *at;

		assert_int_equal(boot_write(&menu, &bytes, &size), 0);
		at = memmem(bytes, size, changes[i][0], strlen(changes[i][0]));
		assert_non_null(at);
		memcpy(at, changes[i][1], strlen(changes[i][1]));
		assert_int_equal(
			boot_read(&again, bytes, size, 2, &why), -EINVAL);
		assert_non_null(strstr(why.text, changes[i][2]));
		free(bytes);
	}
	menu.entries[1].is_submenu = false;
	assert_int_equal(boot_write(&menu, &bytes, &size), -EINVAL);
	boot_free(&menu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(contents),
		cmocka_unit_test(refused),
		cmocka_unit_test(paths),
		cmocka_unit_test(bounds),
		cmocka_unit_test(wire),
		cmocka_unit_test(wire_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
