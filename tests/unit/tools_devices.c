/* SPDX-License-Identifier: BSD-2-Clause */
/* Disks and network cards as configurations write them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/hotplug.h>
#include <tenonctrl/why.h>
#include "common/config.h"
#include "common/devices.h"

static void numbers(void **state)
{
	/* Those of the public xen-vbd-interface(7), and its examples. */
	static const struct {
		const char *name;
		uint32_t number;
	} good[] = { { "xvda", 51712 }, { "xvda1", 51713 }, { "xvdb", 51728 },
		{ "xvdp15", 51967 }, { "xvdq", 268439552 },
		{ "xvda16", 268435472 }, { "d0", 51712 }, { "d1p2", 51730 },
		{ "hda", 768 }, { "hdb1", 833 }, { "hdc", 5632 },
		{ "hdd", 5696 }, { "sda", 2048 }, { "sdb3", 2067 },
		{ "xvdaa", 268442112 } };
	static const char *const bad[] = { "", "xvd", "xvda01", "xvda256",
		"hde", "hda64", "sdq", "sda16", "d", "dx", "d0p", "vda", "xvdA",
		"xvdzzzzzzzz", "d99999999999", "xvda1x" };
	uint32_t number;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(disk_number(good[i].name, &number), 0);
		assert_int_equal(number, good[i].number);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(disk_number(bad[i], &number), -EINVAL);
	}
}

static void good_disks(void **state)
{
	static const struct {
		const char *text, *target, *vdev;
		bool is_writable;
	} cases[] = {
		{ "/dev/vg/lv,raw,xvda,rw", "/dev/vg/lv", "xvda", true },
		{ "/dev/vg/lv,,xvda", "/dev/vg/lv", "xvda", true },
		{ " /a b , raw , xvdb , r ", "/a b", "xvdb", false },
		{ "phy:/dev/sdc,xvda,w", "/dev/sdc", "xvda", true },
		{ "file:/i.img,hda1,r", "/i.img", "hda1", false },
		{ "tap:aio:/i.img,xvdc,w", "/i.img", "xvdc", true },
		{ "format=raw, vdev=xvda, access=ro, target=/x,y=z", "/x,y=z",
			"xvda", false },
		{ "/x=y.img,raw,xvda,w!", "/x=y.img", "xvda", true },
		{ "/cd.iso,raw,hdc,r,devtype=cdrom", "/cd.iso", "hdc", false },
		{ "/cd.iso,hdc:cdrom", "/cd.iso", "hdc", false },
		{ "vdev=xvda,script=block-iscsi,target=iqn.2001-05:x",
			"iqn.2001-05:x", "xvda", true },
	};
	struct disk_text disk;
	struct why why;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(disk_parse(cases[i].text, &disk, &why), 0);
		assert_string_equal(disk.disk.target, cases[i].target);
		assert_string_equal(disk.disk.vdev, cases[i].vdev);
		assert_int_equal(disk.disk.is_writable, cases[i].is_writable);
		disk_free(&disk);
	}
	assert_int_equal(
		disk_parse("vdev=xvda,script=mine,target=x", &disk, &why), 0);
	assert_string_equal(disk.disk.script, HOTPLUG_SCRIPTS "/mine");
	disk_free(&disk);
}

static void bad_disks(void **state)
{
	static const struct {
		const char *text;
		int error;
		const char *word; /* what the message must name */
	} cases[] = {
		{ "", -EINVAL, "no name" },
		{ "/x,raw", -EINVAL, "no name" },
		{ "/x,cow,xvda", -EINVAL, "cow" },
		{ "/x,qcow2,xvda,w,backendtype=phy", -EINVAL, "qdisk" },
		{ "/x,qed,xvda", -EINVAL, "qed" },
		{ "/x,vhd,xvda,r", -ENOTSUP, "vhd images with mode w" },
		{ "/x,qcow2,xvda,script=s", -ENOTSUP, "script" },
		{ "/x,raw,xvda,q", -EINVAL, "'q'" },
		{ "/x,raw,vda", -EINVAL, "vda" },
		{ "/x,raw,xvda,w,more", -EINVAL, "more" },
		{ "/x,raw,xvda,colour=red", -EINVAL, "colour" },
		{ "x.img,raw,xvda,w", -EINVAL, "absolute" },
		{ "raw,vdev=xvda,target=", -EINVAL, "no target" },
		{ "/x,raw,xvda,backend=5", -ENOTSUP, "dom0" },
		{ "/x,raw,xvda,backendtype=tap", -ENOTSUP, "tap" },
	};
	struct disk_text disk;
	struct why why;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			disk_parse(cases[i].text, &disk, &why), cases[i].error);
		assert_non_null(strstr(why.text, cases[i].word));
	}
}

/* The formats that QEMU reads: stated, and in the store before the target. */
static void formats(void **state)
{
	static const struct {
		const char *text, *params;
		bool by_qemu;
	} cases[] = { { "/x,qcow2,xvda", "qcow2:/x", true },
		{ "/x,vhd,xvda,w", "vhd:/x", true },
		{ "/x,raw,xvda,w,backendtype=qdisk", "aio:/x", true },
		{ "format=qcow,vdev=xvda,target=/a:b", "qcow:/a:b", true },
		{ "/x,raw,xvda,w,backendtype=phy", "/x", false } };
	struct device_spec spec;
	struct disk_text disk;
	struct why why;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[DEVICE_PATH_MAX];

		assert_int_equal(disk_parse(cases[i].text, &disk, &why), 0);
		assert_int_equal(disk.disk.by_qemu, cases[i].by_qemu);
		assert_int_equal(disk_spec(&disk.disk, 7, &spec, &why), 0);
		assert_string_equal(spec.back.at[0].name, "params");
		assert_string_equal(spec.back.at[0].value, cases[i].params);
		device_back_path(&spec.device, path);
		assert_string_equal(
			path, cases[i].by_qemu
				      ? "/local/domain/0/backend/qdisk/7/51712"
				      : "/local/domain/0/backend/vbd/7/51712");
		device_front_path(&spec.device, path);
		assert_string_equal(path, "/local/domain/7/device/vbd/51712");
		device_spec_free(&spec);
		disk_free(&disk);
	}
}

/* An image that refers to another file is its writer's way into dom0. */
static void images(void **state)
{
	uint8_t first[DISK_SECTOR] = "QFI\xfb\0\0\0\3", last[DISK_SECTOR] = "";
	struct why why;

	(void)state;
#define CHECK(format) disk_format_check(format, first, last, "/i", &why)
	assert_int_equal(CHECK(DISK_QCOW2), 0);
	assert_int_equal(CHECK(DISK_QCOW), -EINVAL);
	assert_int_equal(CHECK(DISK_VHD), -EINVAL);
	assert_int_equal(CHECK(DISK_RAW), 0);
	for (int at = 8; at < 16; at++) {
		first[at] = 1;
		assert_int_equal(CHECK(DISK_QCOW2), -EPERM);
		assert_non_null(strstr(why.text, "/i"));
		first[at] = 0;
	}
	first[35] = 1;
	assert_int_equal(CHECK(DISK_QCOW2), -ENOTSUP);
	first[35] = 0;
	first[79] = 4;
	assert_int_equal(CHECK(DISK_QCOW2), -EPERM);
	/* Version 2 has no features. */
	first[7] = 2;
	assert_int_equal(CHECK(DISK_QCOW2), 0);
	first[7] = 1;
	assert_int_equal(CHECK(DISK_QCOW2), -EINVAL);
	assert_int_equal(CHECK(DISK_QCOW), 0);
	memcpy(last, "conectix", 8);
	last[63] = 2;
	assert_int_equal(CHECK(DISK_VHD), 0);
	last[63] = 4;
	assert_int_equal(CHECK(DISK_VHD), -EPERM);
	memcpy(first, "conectix", 8);
	first[63] = 3;
	assert_int_equal(CHECK(DISK_VHD), 0);
	first[63] = 4;
	assert_int_equal(CHECK(DISK_VHD), -EPERM);
#undef CHECK
}

static void screens(void **state)
{
	static const struct {
		const char *text, *option;
	} good[] = { { "", "127.0.0.1:0,to=99" }, { "vnc=0", "none" },
		{ "vnclisten=0.0.0.0, vncdisplay=5,vncunused=0", "0.0.0.0:5" },
		{ "vnclisten=10.0.0.1:7,vncunused=1,sdl=0,keymap=de",
			"10.0.0.1:7,to=99" },
		{ "type=vnc,vnclisten=[::1],vncpasswd=", "[::1]:0,to=99" } };
	static const char *const bad[] = { "vnc", "colour=1", "vnc=2",
		"vnclisten=x,y", "vnclisten=a;b", "vncdisplay=-1",
		"vncdisplay=70000", "sdl=1", "vncpasswd=x", "type=sdl" };
	struct vfb_text vfb;
	struct why why;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char *option;

		assert_int_equal(vfb_parse(good[i].text, &vfb, &why), 0);
		option = vfb_option(&vfb.vfb);
		assert_string_equal(option, good[i].option);
		free(option);
		vfb_free(&vfb);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(vfb_parse(bad[i], &vfb, &why) < 0);
}

static void shares(void **state)
{
	static const char *const bad[] = { "", "tag=a", "tag=a,path=/x",
		"tag=a,path=x,security_model=none",
		"tag=,path=/x,security_model=none",
		"tag=a,path=/x,security_model=full", "colour=1" };
	struct share_text share = { .share.id = 2 };
	struct why why;

	(void)state;
	assert_int_equal(share_parse("tag=t, path=/tmp, security_model=none",
				 &share, &why),
		0);
	assert_string_equal(share.share.tag, "t");
	assert_string_equal(share.share.path, "/tmp");
	assert_int_equal(share.share.id, 2);
	assert_int_equal(share_check(&share.share, &why), 0);
	share.share.path = "/dev/null";
	assert_int_equal(share_check(&share.share, &why), -ENOTDIR);
	share_free(&share);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(share_parse(bad[i], &share, &why) < 0);
}

static void cards(void **state)
{
	static const char *const bad[] = { "mac=1", "mac=01:16:3e:00:00:00",
		"colour=red", "bridge", "rate=10", "rate=Mb/s", "rate=10Mb/s@",
		"rate=1b/s", "rate=9999999999999GB/s", "devid=x", "mtu=9",
		"type=ioemu", "backend=3", "mtu=99999" };
	static const struct {
		const char *text, *rate;
	} rates[] = { { "rate=10Mb/s", "62500,50000" },
		{ "rate=250KB/s", "12500,50000" },
		{ "rate=1MB/s@20ms", "20000,20000" },
		{ "rate=1GB/s@100us", "100000,100" },
		{ "rate=10MB/s@1s", "10000000,1000000" } };
	struct nic_text nic = { .nic.id = 3 };
	struct why why;

	(void)state;
	assert_int_equal(nic_parse("", &nic, &why), 0);
	assert_string_equal(nic.nic.bridge, "xenbr0");
	assert_int_equal(nic.nic.id, 3);
	assert_int_equal(nic.nic.mac[2], 0x3e);
	nic_free(&nic);
	assert_int_equal(
		nic_parse("mac=00:16:3E:00:00:02, bridge=lan,devid=7,mtu=9000",
			&nic, &why),
		0);
	assert_string_equal(nic.nic.bridge, "lan");
	assert_int_equal(nic.nic.mac[5], 2);
	assert_int_equal(nic.nic.id, 7);
	assert_int_equal(nic.nic.mtu, 9000);
	nic_free(&nic);
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		assert_int_equal(nic_parse(rates[i].text, &nic, &why), 0);
		assert_string_equal(nic.nic.rate, rates[i].rate);
		nic_free(&nic);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(nic_parse(bad[i], &nic, &why), -EINVAL);
}

static int read_all(const char *text, struct devices *d, struct why *why)
{
	struct config config = { 0 };
	int ret = config_parse(&config, "f.cfg", text, strlen(text), why);

	assert_int_equal(ret, 0);
	ret = devices_from_config(d, &config, why);
	config_free(&config);
	return ret;
}

static const char *node(const struct device_nodes *nodes, const char *name)
{
	for (size_t i = 0; i < nodes->count; i++) {
		if (!strcmp(nodes->at[i].name, name))
			return nodes->at[i].value;
	}
	return "none";
}

static void lists(void **state)
{
	struct device_spec *specs;
	struct devices d;
	struct why why;
	size_t count;

	(void)state;
	assert_int_equal(read_all("disk = ['/a,,xvda,w', '/b,,xvdb,r']\n"
				  "vif = ['', 'bridge=lan']",
				 &d, &why),
		0);
	assert_int_equal(devices_specs(&d, 9, &specs, &count, &why), 0);
	assert_int_equal(count, 4);
	assert_string_equal(node(&specs[0].back, "mode"), "w");
	assert_string_equal(node(&specs[1].back, "discard-enable"), "0");
	assert_string_equal(node(&specs[1].front, "virtual-device"), "51728");
	assert_string_equal(node(&specs[3].back, "bridge"), "lan");
	assert_int_equal(specs[3].device.id, 1);
	assert_int_equal(specs[3].device.domid, 9);
	devices_free_specs(specs, count);
	devices_free(&d);
	assert_int_equal(read_all("", &d, &why), 0);
	devices_free(&d);
	assert_int_equal(
		read_all("disk = ['/a,,xvda', '/b,,xvda']", &d, &why), -EINVAL);
	devices_free(&d);
	assert_int_equal(read_all("vif = ['', 'devid=0']", &d, &why), -EINVAL);
	devices_free(&d);
	assert_int_equal(read_all("disk = '/a,,xvda'", &d, &why), -EINVAL);
	assert_non_null(strstr(why.text, "f.cfg:1"));
	devices_free(&d);
	assert_int_equal(read_all("vif = [['x']]", &d, &why), -EINVAL);
	devices_free(&d);
	assert_int_equal(read_all("disk = ['/a,,xvda']", &d, &why), 0);
	assert_false(devices_need_qemu(&d));
	devices_free(&d);
	assert_int_equal(read_all("vfb = ['vnc=1']\np9 = ['tag=t,path=/,"
				  "security_model=none']",
				 &d, &why),
		0);
	assert_true(devices_need_qemu(&d));
	assert_int_equal(devices_specs(&d, 9, &specs, &count, &why), 0);
	assert_int_equal(count, 3);
	assert_int_equal(specs[0].device.class, DEVICE_9PFS);
	assert_int_equal(specs[1].device.class, DEVICE_VFB);
	assert_int_equal(specs[2].device.class, DEVICE_VKBD);
	devices_free_specs(specs, count);
	devices_free(&d);
	assert_int_equal(
		read_all("disk = ['/a,qcow2,xvda', '/a,,xvdb,r']", &d, &why),
		-EINVAL);
	assert_non_null(strstr(why.text, "/a"));
	devices_free(&d);
	assert_int_equal(read_all("vfb = ['', '']", &d, &why), -ENOTSUP);
	devices_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(good_disks),
		cmocka_unit_test(bad_disks),
		cmocka_unit_test(formats),
		cmocka_unit_test(images),
		cmocka_unit_test(screens),
		cmocka_unit_test(shares),
		cmocka_unit_test(cards),
		cmocka_unit_test(lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
