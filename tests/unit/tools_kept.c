/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kept configurations: what is read back makes the same guest, with what was
 * drawn at random; names of wishes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <tenonctrl/why.h>
#include "common/config.h"
#include "common/guest.h"
#include "common/kept.h"

static void no_warning(const char *text)
{
	fail_msg("%s", text);
}

static void read_guest(struct config *config, struct guest *guest,
	const char *text, size_t size)
{
	struct why why = { "" };

	memset(config, 0, sizeof(*config));
	if (config_parse(config, "f.cfg", text, size, &why) ||
		guest_from_config(guest, config, no_warning, &why))
		fail_msg("%s\n%.*s", why.text, (int)size, text);
}

static void drop(struct config *config, struct guest *guest)
{
	guest_free(guest);
	config_free(config);
}

/* Keeps what `text` and the word `word` (NULL: none) ask for, reads it back. */
static void round_trip(
	const char *text, const char *word, struct config *c, struct guest *g)
{
	struct config config;
	struct guest guest;
	struct why why;
	char *kept;
	size_t size;

	read_guest(&config, &guest, text, strlen(text));
	if (word) {
		guest_free(&guest);
		assert_int_equal(config_word(&config, word, &why), 0);
		assert_int_equal(
			guest_from_config(&guest, &config, no_warning, &why),
			0);
	}
	assert_int_equal(kept_text(&config, &guest, &kept, &size, &why), 0);
	read_guest(c, g, kept, size);
	assert_string_equal(g->name, guest.name);
	assert_string_equal(g->cmdline, guest.cmdline);
	assert_memory_equal(g->uuid, guest.uuid, 16);
	assert_int_equal(g->memory_mib, guest.memory_mib);
	assert_int_equal(g->on_reboot, guest.on_reboot);
	assert_int_equal(g->devices.disk_count, guest.devices.disk_count);
	assert_int_equal(g->devices.nic_count, guest.devices.nic_count);
	for (size_t i = 0; i < g->devices.nic_count; i++)
		assert_memory_equal(g->devices.nics[i].nic.mac,
			guest.devices.nics[i].nic.mac, 6);
	free(kept);
	drop(&config, &guest);
}

static void same_again(void **state)
{
	struct config c;
	struct guest g;

	(void)state;
	round_trip("name=\"g\"\nkernel='/k'\n", NULL, &c, &g);
	assert_int_equal(g.on_reboot, DOM_RESTART);
	drop(&c, &g);
	round_trip("name=007\nkernel='/k'\nmemory=0x80\non_reboot='destroy'\n"
		   "uuid='01234567-89ab-cdef-0123-456789abcdef'\n"
		   "extra=\"a='b' c\" # comment\n",
		NULL, &c, &g);
	assert_string_equal(g.name, "007");
	assert_int_equal(g.memory_mib, 128);
	drop(&c, &g);
	round_trip("name='g'\nkernel='/k'\n"
		   "disk=['/a b.img,raw,xvda,w', \"/c'.img,raw,xvdb,r\"]\n"
		   "vif=['', 'bridge=b1', 'mac=00:16:3e:01:02:03,bridge=b2']\n",
		NULL, &c, &g);
	assert_int_equal(g.devices.nic_count, 3);
	assert_string_equal(g.devices.nics[1].nic.bridge, "b1");
	assert_int_equal(g.devices.nics[2].nic.mac[5], 3);
	assert_string_equal(g.devices.disks[1].disk.target, "/c'.img");
	drop(&c, &g);
	round_trip("name='g'\nkernel='/k'\nvcpus=2\ncpus=[1, '0-3,^2']\n"
		   "cpus_soft='all'\ncpu_weight=99\ncap=0\npool='p 1'\n",
		NULL, &c, &g);
	assert_int_equal(g.placing.cpus->count, 2);
	assert_string_equal(g.placing.cpus->items[1].string, "0-3,^2");
	assert_string_equal(g.placing.cpus_soft->string, "all");
	assert_int_equal(g.placing.weight, 99);
	assert_true(g.placing.has_cap);
	assert_string_equal(g.placing.pool, "p 1");
	drop(&c, &g);
}

static void quotes(void **state)
{
	/* A word that begins with a quote would be read as a quoted one. */
	static const char *const words[] = { "extra=a'b\"c",
		"extra=", "extra=x'", "extra=x\"", "extra=x'\"'\"'",
		"extra=x\"''\"", "extra=# ; [", "extra=-1", "extra=\\" };
	struct config c;
	struct guest g;

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		round_trip("name='g'\nkernel='/k'\n", words[i], &c, &g);
		assert_string_equal(g.cmdline, words[i] + 6);
		drop(&c, &g);
	}
}

static void files(void **state)
{
	char *here = getcwd(NULL, 0), *path;
	struct config c;
	struct guest g;

	(void)state;
	round_trip("name='g'\nkernel='boot/k'\nramdisk='r'\n", NULL, &c, &g);
	assert_true(asprintf(&path, "%s/boot/k", here) > 0);
	assert_string_equal(g.kernel, path);
	free(path);
	assert_true(asprintf(&path, "%s/r", here) > 0);
	assert_string_equal(g.ramdisk, path);
	free(path);
	free(here);
	drop(&c, &g);
}

static void line_end(void **state)
{
	struct config config;
	struct guest guest;
	struct why why;
	char *kept;
	size_t size;

	(void)state;
	read_guest(&config, &guest, "name='g'\nkernel='/k'\n", 21);
	assert_int_equal(config_word(&config, "extra=a\nb", &why), 0);
	assert_int_equal(
		kept_text(&config, &guest, &kept, &size, &why), -EINVAL);
	assert_non_null(strstr(why.text, "extra"));
	drop(&config, &guest);
}

static void wishes(void **state)
{
	static const char *const bad[] = { "", ".", "x.cfg", "1",
		"1.cfg.failed", "1.aside", "1core.cfg", "1.core", "65536.cfg",
		"-1.cfg", "1x.cfg" };
	uint32_t domid;
	enum dom_action action;

	(void)state;
	assert_true(kept_parse("12.cfg", &domid, &action));
	assert_int_equal(domid, 12);
	assert_int_equal(action, DOM_RESTART);
	assert_true(kept_parse("7.aside.cfg", &domid, &action));
	assert_int_equal(domid, 7);
	assert_int_equal(action, DOM_RENAME_RESTART);
	assert_true(kept_parse("9.core.cfg", &domid, &action));
	assert_int_equal(action, DOM_COREDUMP_RESTART);
	assert_true(kept_parse("9.core-end.cfg", &domid, &action));
	assert_int_equal(action, DOM_COREDUMP_DESTROY);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(kept_parse(bad[i], &domid, &action));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_again),
		cmocka_unit_test(quotes),
		cmocka_unit_test(files),
		cmocka_unit_test(line_end),
		cmocka_unit_test(wishes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
