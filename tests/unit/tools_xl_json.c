/* SPDX-License-Identifier: BSD-2-Clause */
/* Configurations as libxl keeps them: read, and brought up to date. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/why.h>
#include "common/config.h"
#include "common/guest.h"
#include "common/xl_json.h"

#define UUID "3aa7260a-e597-11f1-88cb-9a713adcf112"
#define HEAD                                                          \
	"{ \"c_info\": { \"type\": \"pv\", \"name\": \"pv1\", "       \
	"\"domid\": 4294967295, \"uuid\": \"" UUID "\" }, "           \
	"\"b_info\": { \"max_vcpus\": 3, \"avail_vcpus\": [ 0, 1 ], " \
	"\"max_memkb\": 262144, \"target_memkb\": 196608, "           \
	"\"kernel\": \"/guest/vm linux\", \"cmdline\": \"a='b' c\", " \
	"\"ramdisk\": \"/guest/initrd\", \"type.pv\": { } }"
#define DISKS                                                              \
	", \"disks\": [ { \"pdev_path\": \"/guest/a,b.img\", "             \
	"\"vdev\": \"xvda\", \"format\": \"raw\", \"readwrite\": 1, "      \
	"\"discard_enable\": \"False\" }, { \"pdev_path\": \"/dev/sr0\", " \
	"\"vdev\": \"xvdb\", \"format\": \"raw\", \"is_cdrom\": 1 } ]"
#define NICS                                                             \
	", \"nics\": [ { \"devid\": 0, \"mac\": \"00:16:3e:00:00:02\", " \
	"\"bridge\": \"xenbr0\", \"nictype\": \"vif\", "                 \
	"\"rate_bytes_per_interval\": 62500, "                           \
	"\"rate_interval_usecs\": 50000 } ]"

static void ignore(const char *text)
{
	(void)text;
}

static int read_guest(
	const char *json, struct config *config, struct guest *guest)
{
	struct why why;
	int ret;

	memset(config, 0, sizeof(*config));
	memset(guest, 0, sizeof(*guest));
	ret = xl_json_read(config, json, &why);
	if (!ret)
		ret = guest_from_config(guest, config, ignore, &why);
	if (ret)
		print_message("%s\n", why.text);
	return ret;
}

static void end(struct config *config, struct guest *guest)
{
	guest_free(guest);
	config_free(config);
}

static void whole(void **state)
{
	struct config config;
	struct guest g;

	(void)state;
	assert_int_equal(read_guest(HEAD DISKS NICS
				 ", \"on_reboot\": \"restart\", "
				 "\"on_crash\": \"rename_restart\", "
				 "\"on_soft_reset\": \"soft_reset\" }",
				 &config, &g),
		0);
	assert_string_equal(g.name, "pv1");
	assert_int_equal(g.uuid[0], 0x3a);
	assert_string_equal(g.kernel, "/guest/vm linux");
	assert_string_equal(g.ramdisk, "/guest/initrd");
	assert_string_equal(g.cmdline, "a='b' c");
	assert_int_equal(g.memory_mib, 192);
	assert_int_equal(g.maxmem_mib, 256);
	assert_int_equal(g.vcpus, 2);
	assert_int_equal(g.maxvcpus, 3);
	assert_int_equal(g.on_poweroff, DOM_DESTROY);
	assert_int_equal(g.on_reboot, DOM_RESTART);
	assert_int_equal(g.on_crash, DOM_RENAME_RESTART);
	assert_int_equal(g.devices.disk_count, 2);
	assert_string_equal(g.devices.disks[0].disk.target, "/guest/a,b.img");
	assert_true(g.devices.disks[0].disk.is_writable);
	assert_true(g.devices.disks[0].disk.no_discard);
	assert_true(g.devices.disks[1].disk.is_cdrom);
	assert_false(g.devices.disks[1].disk.is_writable);
	assert_int_equal(g.devices.nic_count, 1);
	assert_string_equal(g.devices.nics[0].nic.bridge, "xenbr0");
	assert_int_equal(g.devices.nics[0].nic.mac[5], 2);
	assert_string_equal(g.devices.nics[0].nic.rate, "62500,50000");
	end(&config, &g);
}

/* What is not there has libxl's default: a guest that reboots ends. */
static void defaults(void **state)
{
	struct config config;
	struct guest g;

	(void)state;
	assert_int_equal(read_guest(HEAD " }", &config, &g), 0);
	assert_int_equal(g.on_reboot, DOM_DESTROY);
	assert_int_equal(g.devices.disk_count, 0);
	end(&config, &g);
}

static void refused(void **state)
{
	static const struct {
		const char *json;
		int error;
	} cases[] = {
		{ "", -EINVAL },
		{ "[ 1 ]", -EINVAL },
		{ "{ \"c_info\": 3, \"b_info\": { } }", -EINVAL },
		{ HEAD ", \"vfbs\": [ { } ] }", -ENOTSUP },
		{ HEAD ", \"disks\": [ { \"vdev\": \"xvda\" } ] }", -EINVAL },
		{ HEAD ", \"disks\": [ 7 ] }", -EINVAL },
		{ HEAD ", \"disks\": [ { \"pdev_path\": \"\\\"]\" } ] }",
			-EINVAL },
		{ HEAD ", \"nics\": [ { \"rate_bytes_per_interval\": 1, "
		       "\"rate_interval_usecs\": 0 } ] }",
			-EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config config;
		struct guest g;

		assert_int_equal(
			read_guest(cases[i].json, &config, &g), cases[i].error);
		end(&config, &g);
	}
}

static void updated(void **state)
{
	struct config config;
	struct guest g;
	struct why why;
	char *json;

	(void)state;
	assert_int_equal(xl_json_update(HEAD DISKS " }", "other", 131072,
				 163840, &json, &why),
		0);
	assert_int_equal(read_guest(json, &config, &g), 0);
	assert_string_equal(g.name, "other");
	assert_int_equal(g.memory_mib, 128);
	assert_int_equal(g.maxmem_mib, 160);
	assert_int_equal(g.devices.disk_count, 2);
	end(&config, &g);
	free(json);
	assert_int_equal(
		xl_json_update("{ }", "other", 1, 1, &json, &why), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(defaults),
		cmocka_unit_test(refused),
		cmocka_unit_test(updated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
