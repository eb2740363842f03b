/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The small readers of pygrub-c: environment blocks, versions, snippets,
 * unified kernel images, the grammar of scripts, and telling a file's kind.
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
#include "bls.h"
#include "cfg.h"
#include "grubenv.h"
#include "script.h"
#include "uki.h"
#include "vercmp.h"
#include "unit/pygrub_rig.h"

static int collect(void *arg, const char *name, const char *value)
{
	char *all = arg;

	strcat(all, name);
	strcat(all, "=");
	strcat(all, value);
	strcat(all, ";");
	return strcmp(name, "stop") ? 0 : -ECANCELED;
}

static int parse_env(const char *text, char all[256])
{
	*all = '\0';
	return grubenv_parse(text, strlen(text), collect, all);
}

#define BLOCK "# GRUB Environment Block\n"

static void environment(void **state)
{
	char all[256];

	(void)state;
	assert_int_equal(
		parse_env(BLOCK "a=1\nb=\n# c=2\n=d\nno\n####", all), 0);
	assert_string_equal(all, "a=1;b=;");
	assert_int_equal(parse_env(BLOCK "x=a\\\\b\\\nc=d\ny=2", all), 0);
	assert_string_equal(all, "x=a\\b\nc=d;y=2;");
	assert_int_equal(parse_env(BLOCK "stop=1\nz=2\n", all), -ECANCELED);
	assert_string_equal(all, "stop=1;");
	assert_int_equal(parse_env(BLOCK "a=1\\", all), 0);
	assert_string_equal(all, "a=1\\;");
	assert_int_equal(parse_env("# other\na=1\n", all), -EINVAL);
	assert_int_equal(parse_env("", all), -EINVAL);
	*all = '\0';
	assert_int_equal(grubenv_parse(BLOCK "a=1\0\nb=2\n", strlen(BLOCK) + 9,
				 collect, all),
		0);
	assert_string_equal(all, "b=2;");
}

static void versions(void **state)
{
	/* Each older than the next, by rpm's rule. */
	static const char *const order[] = { "", "a", "0", "1~rc1~x", "1~rc1",
		"1~rc2", "1", "1^git1", "1^git2", "1a", "1.0", "1.0.1", "1.2",
		"1.10", "2.6.32-754", "5.10.0-9-amd64", "5.10.0-28-amd64",
		"6.1.0-9", "6.1.0-28", "6.6.8-200.fc39", "6.6.10-100.fc39" };
	size_t count = sizeof(order) / sizeof(*order);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < count; j++) {
			int got = vercmp(order[i], order[j]);

			assert_int_equal(
				(got > 0) - (got < 0), (i > j) - (i < j));
		}
	}
	assert_int_equal(vercmp("1.0", "1_0"), 0);
	assert_int_equal(vercmp("1.05", "1.5"), 0);
	assert_int_equal(vercmp("1..0.", "1.0"), 0);
}

static void snippets(void **state)
{
	static const char text[] = "# comment\n"
				   "title\tA  title \n"
				   "linux /vmlinuz\r\n"
				   "  initrd /one\n"
				   "initrd /two\n"
				   "options root=x\n"
				   "options ro quiet\n"
				   "unknown key\n"
				   "version\n";
	struct arena arena = { .limit = 65536 };
	struct bls bls;

	(void)state;
	assert_int_equal(bls_parse(&arena, "/loader/entries/a-1+2-1.conf", text,
				 strlen(text), &bls),
		0);
	assert_string_equal(bls.id, "a-1");
	assert_string_equal(bls.title, "A  title");
	assert_string_equal(bls.kernel, "/vmlinuz");
	assert_int_equal(bls.initrd_count, 2);
	assert_string_equal(bls.initrds[1], "/two");
	assert_string_equal(bls.options, "root=x ro quiet");
	assert_string_equal(bls.version, "");
	assert_null(bls.image);
	assert_false(bls.has_tries);
	assert_int_equal(bls_parse(&arena, "b+0.conf", "", 0, &bls), 0);
	assert_true(bls.has_tries);
	assert_int_equal(bls_parse(&arena, "c++.conf", "", 0, &bls), 0);
	assert_string_equal(bls.id, "c++");
	arena_free(&arena);
	arena.limit = 64;
	assert_int_equal(
		bls_parse(&arena, "d.conf", text, strlen(text), &bls), -ENOMEM);
	arena_free(&arena);
}

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

/* A PE file with sections of these names, each of 16 bytes, 32 in memory. */
static size_t make_pe(uint8_t *pe, const char *const *names)
{
	size_t table = 0x80 + 24 + 16, data = 0x400;
	unsigned int count = 0;

	memset(pe, 0, 4096);
	memcpy(pe, "MZ", 2);
	put32(pe + 60, 0x80);
	memcpy(pe + 0x80, "PE\0\0", 4);
	pe[0x80 + 20] = 16;
	for (; names[count]; count++) {
		uint8_t *raw = pe + table + 40 * (size_t)count;

		memcpy(raw, names[count], strlen(names[count]));
		put32(raw + 8, 16);
		put32(raw + 16, 32);
		put32(raw + 20, (uint32_t)data);
		memcpy(pe + data, "root=x ro \n", 11);
		data += 32;
	}
	pe[0x80 + 6] = (uint8_t)count;
	return data;
}

static void images(void **state)
{
	static const char *const all[] = { ".text", ".osrel", ".cmdline",
		".ucode", ".initrd", ".linux", ".profile", ".cmdline", NULL };
	static const char *const none[] = { ".text", ".cmdline", NULL };
	static uint8_t pe[4096];
	struct why why = { "" };
	struct reader reader;
	struct uki uki;
	size_t size;
	char value[64];

	(void)state;
	size = make_pe(pe, all);
	memset(pe + 0x400 + 7 * 32, 'z', 16);
	reader = reader_memory(pe, size);
	assert_int_equal(uki_read(&reader, &uki, &why), 0);
	assert_int_equal(uki.kernel.offset, 0x400 + 5 * 32);
	assert_int_equal(uki.kernel.length, 16);
	assert_int_equal(uki.initrd.offset, 0x400 + 4 * 32);
	assert_int_equal(uki.microcode.offset, 0x400 + 3 * 32);
	assert_string_equal(uki.cmdline, "root=x ro");

	/* Cut anywhere; and a section that ends beyond the file. */
	for (size_t cut = 0; cut < 0x80 + 24 + 16 + 5 * 40; cut++) {
		reader = reader_memory(pe, cut);
		assert_int_equal(uki_read(&reader, &uki, &why), -ENOEXEC);
	}
	reader = reader_memory(pe, size);
	put32(pe + 0x80 + 40 + 20, UINT32_MAX);
	assert_int_equal(uki_read(&reader, &uki, &why), -ENOEXEC);
	reader = reader_memory(pe, make_pe(pe, none));
	assert_int_equal(uki_read(&reader, &uki, &why), -ENOEXEC);
	assert_non_null(strstr(why.text, ".linux"));
	make_pe(pe, all);
	put32(pe + 60, UINT32_MAX);
	assert_int_equal(uki_read(&reader, &uki, &why), -ENOEXEC);

	assert_int_equal(uki_release("ID=a\nPRETTY_NAME=\"A b\"\nX='y'",
				 "PRETTY_NAME", value, sizeof(value)),
		0);
	assert_string_equal(value, "A b");
	assert_int_equal(uki_release("ID=a\nX='y'", "X", value, 2), 0);
	assert_string_equal(value, "y");
	assert_int_equal(uki_release("AID=a\n", "ID", value, 2), -ENOENT);
}

/* An image on the EFI partition, and one that an entry of GRUB starts. */
static void images_in_menus(void **state)
{
	static const char *const all[] = { ".cmdline", ".initrd", ".linux",
		NULL };
	static uint8_t pe[4096];
	struct rig *rig = malloc(sizeof(*rig));
	unsigned int volume = 0;
	struct why why = { "" };
	struct boot_menu menu;
	size_t size = make_pe(pe, all);
	struct rig_file *file;

	(void)state;
	assert_non_null(rig);
	rig_make(rig, "", 0);
	file = rig_add_file(rig, "0 /EFI/Linux/os-1.2.efi");
	file->bytes = (const char *)pe;
	file->size = size;
	boot_init(&menu);
	assert_int_equal(cfg_find(&rig->source, &volume, 1, &menu, &why), 0);
	assert_string_equal(menu.kind, "bls");
	assert_string_equal(menu.entries[0].title, "os-1.2.efi");
	assert_string_equal(menu.entries[0].args, "root=x ro");
	assert_int_equal(menu.entries[0].kernel.offset, 0x440);
	assert_int_equal(menu.entries[0].kernel.length, 16);
	assert_int_equal(menu.entries[0].initrds[0].offset, 0x420);
	boot_free(&menu);

	file = rig_add_file(rig, "0 /boot/grub/grub.cfg");
	file->bytes = "menuentry x { chainloader /EFI/Linux/os-1.2.efi; }";
	file->size = strlen(file->bytes);
	assert_int_equal(cfg_find(&rig->source, &volume, 1, &menu, &why), 0);
	assert_string_equal(menu.kind, "grub2");
	assert_int_equal(menu.entries[0].kernel.length, 16);
	boot_free(&menu);
	free(rig);
}

/* What the grammar refuses, in which line, and that it goes on behind. */
static void grammar(void **state)
{
	static const struct {
		const char *text;
		unsigned int line;
		const char *why;
	} wrong[] = {
		{ "echo a\n'open\nb", 2, "quote" },
		{ "x \"open", 1, "quote" },
		{ "if a; then b\n", 2, "not closed" },
		{ "a ${b", 1, "${" },
		{ "for x y; do z; done", 1, "for NAME" },
		{ "function f echo", 1, "{" },
		{ "a | b", 1, "quotes" },
		{ "}", 1, "command" },
		{ "menuentry a {\n b\n", 3, "not closed" },
	};
	struct script_node *node;
	struct script script;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct arena arena = { .limit = 65536 };
		int ret;

		script_open(
			&script, &arena, wrong[i].text, strlen(wrong[i].text));
		do
			ret = script_next(&script, &node);
		while (!ret && node);
		assert_int_equal(ret, -EINVAL);
		assert_int_equal(script.error_line, wrong[i].line);
		assert_non_null(strstr(script.error, wrong[i].why));
		arena_free(&arena);
	}
}

static void deep_and_large(void **state)
{
	struct arena arena = { .limit = 4096 };
	struct script_node *node;
	struct script script;
	char text[8192];

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(text); i += 3)
		memcpy(text + i, "if ", 3);
	text[sizeof(text) - 2] = '\0';
	arena.limit = 1 << 20;
	script_open(&script, &arena, text, strlen(text));
	assert_int_equal(script_next(&script, &node), -EINVAL);
	assert_non_null(strstr(script.error, "too deep"));
	arena_free(&arena);
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	arena.limit = 4096;
	script_open(&script, &arena, text, strlen(text));
	assert_int_equal(script_next(&script, &node), -ENOMEM);
	arena_free(&arena);
}

static void kinds(void **state)
{
	static const struct {
		const char *text;
		const char *kind;
	} files[] = {
		{ "menuentry a { linux /k; }", "grub2" },
		{ "timeout 5\ntitle a\nkernel /k", "grub" },
		{ "DEFAULT a\nLABEL a\n LINUX /k", "extlinux" },
		{ "linux /k\ninitrd /i\nboot", "grub2" },
	};
	struct rig *rig = malloc(sizeof(*rig));
	struct why why = { "" };
	struct boot_menu menu;

	(void)state;
	assert_non_null(rig);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		rig_make(rig, files[i].text, strlen(files[i].text));
		boot_init(&menu);
		assert_int_equal(cfg_parse_file(&rig->source, 0,
					 "boot/grub/grub.cfg", &menu, &why),
			0);
		assert_string_equal(menu.kind, files[i].kind);
		assert_int_equal(menu.default_entry, 0);
		assert_string_equal(menu.entries[0].kernel.path, "/k");
		boot_free(&menu);
		assert_int_equal(
			cfg_parse_file(&rig->source, 0, "/none", &menu, &why),
			-ENOENT);
	}
	free(rig);
}

/* A configuration that can never end is an error that names the line. */
static void endless(void **state)
{
	static const char text[] = "set a=b\nwhile true; do true; done\n";
	struct rig *rig = malloc(sizeof(*rig));
	struct why why = { "" };
	struct boot_menu menu;

	(void)state;
	assert_non_null(rig);
	rig_make(rig, text, strlen(text));
	boot_init(&menu);
	assert_int_equal(cfg_parse_file(&rig->source, 0, "/boot/grub/grub.cfg",
				 &menu, &why),
		-ELOOP);
	assert_non_null(strstr(why.text, "line 2"));
	assert_int_equal(menu.entry_count, 0);
	boot_free(&menu);
	free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(environment),
		cmocka_unit_test(versions),
		cmocka_unit_test(snippets),
		cmocka_unit_test(images),
		cmocka_unit_test(images_in_menus),
		cmocka_unit_test(grammar),
		cmocka_unit_test(deep_and_large),
		cmocka_unit_test(kinds),
		cmocka_unit_test(endless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
