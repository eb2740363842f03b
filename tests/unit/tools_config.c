/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration parser and what guests are made of. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <tenonctrl/why.h>
#include "common/config.h"
#include "common/guest.h"

static unsigned int warnings;

static void count_warning(const char *text)
{
	(void)text;
	warnings++;
}

static int parse(struct config *config, const char *text, struct why *why)
{
	memset(config, 0, sizeof(*config));
	return config_parse(config, "f.cfg", text, strlen(text), why);
}

static void good_syntax(void **state)
{
	struct config config;
	struct why why;
	const struct config_setting *s;

	(void)state;
	assert_int_equal(
		parse(&config,
			"# a comment\n\nname = \"a#b\" # more\r\n"
			"memory=0x80; vcpus = 2\nlist = [ 'x',\n 'y', [1],\n"
			"]\nextra='a'\nextra += ' b'\nlist += [ 'z' ]\n"
			"memory = 64",
			&why),
		0);
	assert_int_equal(config.count, 5);
	assert_string_equal(config_find(&config, "name")->value.string, "a#b");
	s = config_find(&config, "memory");
	assert_int_equal(s->value.number, 64);
	assert_int_equal(s->line, 11);
	assert_int_equal(config_find(&config, "vcpus")->line, 4);
	s = config_find(&config, "list");
	assert_int_equal(s->value.count, 4);
	assert_string_equal(s->value.items[3].string, "z");
	assert_string_equal(config_find(&config, "extra")->value.string, "a b");
	assert_int_equal(config_word(&config, "name=it is", &why), 0);
	assert_string_equal(
		config_find(&config, "name")->value.string, "it is");
	assert_int_equal(config_word(&config, "extra+='c'", &why), -EINVAL);
	assert_int_equal(config_word(&config, "vif=['a=b']", &why), 0);
	assert_int_equal(config_word(&config, "=x", &why), -EINVAL);
	config_free(&config);
}

static void bad_syntax(void **state)
{
	static const char *const texts[] = { "name",
		"\n\nname = ", "name = \"x", "name = 'x\n'", "a = b", "a = 1 2",
		"a = [1", "a = [1 2]", "a = [[[[[[[[[[1]]]]]]]]]]", "= 4",
		"a = 1\na += 'x'", "a = 99999999999999999999", "a @ 1" };
	struct config config;
	struct why why;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(parse(&config, texts[i], &why), -EINVAL);
		assert_int_equal(strncmp(why.text, "f.cfg:", 6), 0);
		config_free(&config);
	}
	assert_int_equal(config_read(&config, "/nonexistent", &why), -ENOENT);
	assert_int_equal(parse(&config, "\n\nname = ", &why), -EINVAL);
	assert_int_equal(strncmp(why.text, "f.cfg:3:", 8), 0);
	config_free(&config);
}

static int make(const char *text, struct guest *guest, struct why *why)
{
	struct config config;
	int ret;

	assert_int_equal(parse(&config, text, why), 0);
	ret = guest_from_config(guest, &config, count_warning, why);
	if (!ret) {
		guest_free(guest);
		guest->name = guest->kernel = guest->ramdisk = NULL;
	}
	config_free(&config);
	return ret;
}

#define BASE "name='g'\nkernel='/k'\n"

static void guests(void **state)
{
	struct guest g;
	struct why why;
	uint8_t uuid[16];

	(void)state;
	assert_int_equal(make(BASE, &g, &why), 0);
	assert_int_equal(g.memory_mib, GUEST_MEMORY_DEFAULT);
	assert_int_equal(g.vcpus, 1);
	assert_int_equal(g.on_crash, DOM_DESTROY);
	assert_int_equal(g.on_poweroff, DOM_DESTROY);
	assert_int_equal(g.on_reboot, DOM_RESTART);
	assert_int_equal(make(BASE "on_reboot='destroy'\n"
				   "on_crash='rename-restart'",
				 &g, &why),
		0);
	assert_int_equal(g.on_reboot, DOM_DESTROY);
	assert_int_equal(g.on_crash, DOM_RENAME_RESTART);
	assert_int_equal(
		make(BASE "vcpus='2'\nmaxvcpus=4\nmemory=\"256\"\ndhcp='dhcp'\n"
			  "maxmem=512\non_crash='preserve'\ndisk=[]\n"
			  "uuid='01234567-89ab-cdef-0123-456789abcdef'",
			&g, &why),
		0);
	assert_int_equal(g.vcpus, 2);
	assert_int_equal(g.memory_mib, 256);
	assert_int_equal(g.maxvcpus, 4);
	assert_int_equal(g.maxmem_mib, 512);
	assert_int_equal(g.on_crash, DOM_PRESERVE);
	assert_int_equal(g.uuid[15], 0xef);
	assert_int_equal(make(BASE "vcpus=2\ncpu_weight='512'\ncap=200\n"
				   "pool='fast'\ncpus='1'",
				 &g, &why),
		0);
	assert_int_equal(g.placing.weight, 512);
	assert_true(g.placing.has_cap);
	assert_int_equal(g.placing.cap, 200);
	assert_int_equal(g.tsc_mode, 0);
	assert_int_equal(make(BASE "tsc_mode='always_emulate'", &g, &why), 0);
	assert_int_equal(g.tsc_mode, 1);
	warnings = 0;
	assert_int_equal(make(BASE "builder='linux'", &g, &why), 0);
	assert_int_equal(warnings, 1);
	assert_int_equal(dom_uuid_parse("0123", uuid), -EINVAL);
}

static void bad_guests(void **state)
{
	static const struct {
		const char *text;
		int error;
		const char *word; /* what the message must name */
	} cases[] = {
		{ BASE "colour='red'", -EINVAL, "f.cfg:3: colour" },
		{ "kernel='/k'", -EINVAL, "name" },
		{ "name='g'", -EINVAL, "kernel" },
		{ "name='../x'\nkernel='/k'", -EINVAL, "name" },
		{ "name='a/b'\nkernel='/k'", -EINVAL, "name" },
		{ BASE "memory='much'", -EINVAL, "f.cfg:3: memory" },
		{ BASE "memory=-1", -EINVAL, "memory" },
		{ BASE "memory='-1'", -EINVAL, "memory" },
		{ BASE "memory='12 MiB'", -EINVAL, "memory" },
		{ BASE "memory=''", -EINVAL, "memory" },
		{ BASE "maxmem=64\nmemory=128", -EINVAL, "maxmem" },
		{ BASE "vcpus=0", -EINVAL, "vcpus" },
		{ BASE "vcpus=3\nmaxvcpus=2", -EINVAL, "maxvcpus" },
		{ BASE "uuid='x'", -EINVAL, "uuid" },
		{ BASE "type='hvm'", -ENOTSUP, "type" },
		{ BASE "pci=['a']", -ENOTSUP, "f.cfg:3: pci" },
		{ BASE "vfb=['a']", -EINVAL, "'a'" },
		{ BASE "disk=['a']", -EINVAL, "'a'" },
		{ BASE "on_reboot='soft-reset'", -ENOTSUP, "on_reboot" },
		{ BASE "on_crash='explode'", -EINVAL, "on_crash" },
		{ BASE "cmdline='a'\nextra='b'", -EINVAL, "cmdline" },
		{ BASE "ramdisk=['x']", -EINVAL, "ramdisk" },
		{ BASE "cpus=[['0']]", -EINVAL, "f.cfg:3: cpus" },
		{ BASE "cpu_weight=0", -EINVAL, "cpu_weight" },
		{ BASE "cpu_weight=65536", -EINVAL, "cpu_weight" },
		{ BASE "cap=101", -EINVAL, "100" },
		{ BASE "pool=['x']", -EINVAL, "pool" },
		{ BASE "tsc_mode='slow'", -EINVAL, "f.cfg:3: tsc_mode" },
	};
	struct guest g;
	struct why why;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(make(cases[i].text, &g, &why), cases[i].error);
		assert_non_null(strstr(why.text, cases[i].word));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_syntax),
		cmocka_unit_test(bad_syntax),
		cmocka_unit_test(guests),
		cmocka_unit_test(bad_guests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
