/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hotplug scripts as admins and projects write them, against a real store:
 * what they are told, what they must tell, and what becomes of those that
 * fail, hang, or say nothing.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <tenonctrl/device.h>
#include <tenonctrl/hotplug.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "hotplug_script.h"
#include "store/daemon.h"

/* Begins each script: what it was told goes to "told", line by line. */
#define TOLD                                                              \
	"#!/bin/sh\ncd \"${0%/*}\"\n"                                     \
	"{ echo \"$(basename $0) $*\"; env | grep -E '^(XENBUS_|script=|" \
	"vif=|netdev=)' | LC_ALL=C sort; } >>told\n"                      \
	"put() { \"$top_builddir\"/utils/xenstore-write \"$@\"; }\n"

static struct test_daemon test_daemon;
static struct xs *xs;
static const char *const root = test_daemon.files;
static char log_path[128];

static int start(void **state)
{
	(void)state;
	if (test_daemon_start(&test_daemon))
		return -1;
	snprintf(log_path, sizeof(log_path), "%s/log", root);
	hotplug_script_log = log_path;
	setenv("XENSTORED_PATH", test_daemon.socket, 1);
	return xs_open(&xs, test_daemon.socket);
}

static int stop(void **state)
{
	(void)state;
	xs_close(xs);
	return test_daemon_stop(&test_daemon);
}

/* A script of that name in the folder; its path, good until the next call. */
static const char *script(const char *name, const char *text)
{
	static char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(TOLD, file) >= 0 && fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0755), 0);
	return path;
}

/* What a file of the folder holds; it is gone then. */
static const char *take(const char *name)
{
	static char text[2048];
	char path[160];
	FILE *file;
	size_t got;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "r");
	if (!file)
		return "";
	got = fread(text, 1, sizeof(text) - 1, file);
	text[got] = '\0';
	fclose(file);
	unlink(path);
	return text;
}

static const char *node(const struct device *d, const char *name)
{
	static char text[128];
	char path[DEVICE_PATH_MAX + 32], *value;
	size_t len;

	device_back_path(d, path);
	strcat(path, "/");
	strcat(path, name);
	if (xs_read(xs, 0, path, &value, &len))
		return NULL;
	snprintf(text, sizeof(text), "%s", value);
	free(value);
	return text;
}

static void write_device(struct device_spec *spec)
{
	assert_int_equal(device_write(xs, 0, spec), 0);
	device_spec_free(spec);
}

static struct device new_disk(const char *target, const char *path)
{
	struct disk disk = { .target = target,
		.vdev = "xvda",
		.script = path,
		.is_writable = true };
	struct device_spec spec;
	struct device d;
	struct why why;

	assert_int_equal(disk_spec(&disk, 7, &spec, &why), 0);
	d = spec.device;
	write_device(&spec);
	return d;
}

static struct device new_card(const struct nic *nic)
{
	struct device_spec spec;
	struct device d;
	struct why why;

	assert_int_equal(nic_spec(nic, 7, &spec, &why), 0);
	d = spec.device;
	write_device(&spec);
	return d;
}

static void forget(const struct device *d)
{
	char path[DEVICE_PATH_MAX];

	device_back_path(d, path);
	assert_int_equal(xs_rm(xs, 0, path), 0);
	device_record_path(d, path);
	assert_int_equal(xs_rm(xs, 0, path), 0);
}

static size_t open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* No child but the store's daemon and no descriptor is left of what ran. */
static void check_nothing_left(size_t files)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), 0);
	assert_int_equal(open_files(), files);
}

/* One that finds its disk by the target's words, as for iSCSI or RBD. */
static void block(void **state)
{
	static const char *const names[] = { "block-iscsi", "block-rbd",
		"block-mine" };
	static const char *const targets[] = {
		"iqn.2001-05.com.x:disk,portal=10.0.0.1:3260",
		"pool/image@snap:id=admin", "a b;$c"
	};
	size_t files = open_files();
	char wanted[512];
	struct why why;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *path = script(names[i],
			"[ $1 = add ] || exit 0\n"
			"\"$top_builddir\"/utils/xenstore-read "
			"$XENBUS_PATH/params $XENBUS_PATH/mode >params\n"
			"put $XENBUS_PATH/physical-device 7:0 "
			"$XENBUS_PATH/hotplug-status connected\n");
		struct device d = new_disk(targets[i], path);

		assert_int_equal(hotplug_add(xs, &d, &why), 0);
		snprintf(wanted, sizeof(wanted), "%s\nw\n", targets[i]);
		assert_string_equal(take("params"), wanted);
		snprintf(wanted, sizeof(wanted),
			"%s add\nXENBUS_BASE_PATH=backend\n"
			"XENBUS_PATH=backend/vbd/7/51712\n"
			"XENBUS_TYPE=vbd\nscript=%s\n",
			names[i], path);
		assert_string_equal(take("told"), wanted);
		assert_string_equal(node(&d, "physical-device"), "7:0");
		assert_int_equal(hotplug_remove(xs, &d, &why), 0);
		snprintf(wanted, sizeof(wanted), "%s remove\n", names[i]);
		assert_int_equal(
			strncmp(take("told"), wanted, strlen(wanted)), 0);
		forget(&d);
	}
	check_nothing_left(files);
}

/* As netback does when it closes. */
static void close_card(const struct device *d)
{
	char path[DEVICE_PATH_MAX + 32];

	device_back_path(d, path);
	strcat(path, "/hotplug-status");
	assert_int_equal(xs_rm(xs, 0, path), 0);
}

static void cards(void **state)
{
	static const char *const names[] = { "vif-openvswitch", "vif-route",
		"vif-nat" };
	struct nic nic = { .bridge = "ovs0.7:1:2",
		.ip = "10.0.0.2",
		.gateway = "eth1",
		.vifname = "lan7",
		.id = 3 };
	size_t files = open_files();
	char wanted[512];
	struct why why;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct device d;

		nic.script = script(names[i],
			"[ $1 = online ] && put $XENBUS_PATH/hotplug-status "
			"connected\n:\n");
		if (i)
			nic.bridge = NULL;
		d = new_card(&nic);
		assert_int_equal(hotplug_add(xs, &d, &why), 0);
		/* The script gives the interface its name. */
		snprintf(wanted, sizeof(wanted),
			"%s online type_if=vif\nXENBUS_BASE_PATH=backend\n"
			"XENBUS_PATH=backend/vif/7/3\nXENBUS_TYPE=vif\n"
			"netdev=eth1\nscript=%s\nvif=vif7.3\n",
			names[i], nic.script);
		assert_string_equal(take("told"), wanted);
		assert_string_equal(node(&d, "vifname"), "lan7");
		close_card(&d);
		assert_int_equal(hotplug_remove(xs, &d, &why), 0);
		snprintf(wanted, sizeof(wanted), "%s offline type_if=vif\n",
			names[i]);
		assert_int_equal(
			strncmp(take("told"), wanted, strlen(wanted)), 0);
		forget(&d);
	}
	check_nothing_left(files);
}

/* Each message has the script's name and its own words. */
static void failures(void **state)
{
	static const struct {
		const char *text, *words[2];
	} cases[] = {
		{ "echo first >&2; echo 'no such \33[2Jtarget' >&2; exit 1",
			{ "no such ?[2Jtarget", "failed" } },
		{ "exit 3", { "it says nothing", "failed" } },
		{ "echo tail >&2; put $XENBUS_PATH/hotplug-error 'login "
		  "refused' $XENBUS_PATH/hotplug-status error; exit 1",
			{ "login refused", "tail" } },
		{ "put $XENBUS_PATH/hotplug-error 'busy with 3' "
		  "$XENBUS_PATH/hotplug-status busy",
			{ "busy with 3", "bad" } },
		{ "echo all well", { "hotplug-status", "all well" } },
		{ "kill -9 $$", { "failed", "bad" } },
	};
	size_t files = open_files();
	struct why why;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct device d = new_disk("x", script("bad", cases[i].text));

		assert_int_equal(hotplug_add(xs, &d, &why), -EIO);
		assert_non_null(strstr(why.text, "/bad add"));
		for (int word = 0; word < 2; word++)
			assert_non_null(strstr(why.text, cases[i].words[word]));
		/* It may have done a part: it is told to undo that. */
		(void)take("told");
		script("bad", "");
		assert_int_equal(hotplug_remove(xs, &d, &why), 0);
		assert_int_equal(strncmp(take("told"), "bad remove\n", 11), 0);
		forget(&d);
	}
	check_nothing_left(files);
}

static void not_there(void **state)
{
	char path[160];
	struct device d;
	struct why why;

	(void)state;
	snprintf(path, sizeof(path), "%s/none", root);
	d = new_disk("x", path);
	assert_int_equal(hotplug_add(xs, &d, &why), -EIO);
	assert_non_null(strstr(why.text, path));
	assert_non_null(strstr(why.text, "No such file"));
	forget(&d);
}

/* What was never begun may be another's: an iSCSI session of dom0, say. */
static void never_begun(void **state)
{
	struct nic nic = { .script = script("mine", "") };
	struct device d = new_disk("x", nic.script);
	struct device card = new_card(&nic);
	struct why why;

	(void)state;
	assert_int_equal(hotplug_remove(xs, &d, &why), 0);
	assert_int_equal(hotplug_remove(xs, &card, &why), 0);
	close_card(&card);
	assert_int_equal(hotplug_remove(xs, &card, &why), 0);
	assert_string_equal(take("told"), "");
	forget(&d);
	forget(&card);
}

static void unnote(const struct device *d)
{
	char path[DEVICE_PATH_MAX + 32];

	device_record_path(d, path);
	strcat(path, "/" HOTPLUG_SCRIPT_NOTE);
	assert_int_equal(xs_rm(xs, 0, path), 0);
}

/* Of other tools' devices the status alone tells, while it is there. */
static void of_others(void **state)
{
	struct nic nic = { .script = script("mine", "") };
	struct device d = new_disk("x", nic.script);
	struct device card = new_card(&nic);
	char path[DEVICE_PATH_MAX + 32];
	struct why why;

	(void)state;
	unnote(&d);
	unnote(&card);
	assert_int_equal(hotplug_remove(xs, &d, &why), 0);
	assert_int_equal(hotplug_remove(xs, &card, &why), 0);
	assert_string_equal(take("told"), "");
	device_back_path(&d, path);
	strcat(path, "/hotplug-status");
	assert_int_equal(xs_write(xs, 0, path, "connected", 9), 0);
	assert_int_equal(hotplug_remove(xs, &d, &why), 0);
	assert_int_equal(strncmp(take("told"), "mine remove\n", 12), 0);
	close_card(&card);
	assert_int_equal(hotplug_remove(xs, &card, &why), 0);
	assert_int_equal(
		strncmp(take("told"), "mine offline type_if=vif\n", 25), 0);
	forget(&d);
	forget(&card);
}

/* Gone, or dead and waiting for whoever is its parent now. */
static bool has_ended(pid_t pid)
{
	char path[64], text[512], *at;
	FILE *file;
	size_t got;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return true;
	got = fread(text, 1, sizeof(text) - 1, file);
	text[got] = '\0';
	fclose(file);
	at = strrchr(text, ')');
	return !at || at[2] == 'Z';
}

static void hangs(void **state)
{
	const char *path = script("slow",
		"[ $1 = remove ] && exit\ntrap '' TERM\nsleep 1000 &\n"
		"echo 'waiting for portal' >&2\necho $$ $! >pids.part\n"
		"mv pids.part pids\nwait\nsleep 1000\n");
	struct device d = new_disk("x", path);
	size_t files = open_files();
	int first = 0, second = 0;
	struct why why;

	(void)state;
	/* On a busy machine it may not come that far in a second. */
	for (hotplug_script_seconds = 1; !second && hotplug_script_seconds < 99;
		hotplug_script_seconds *= 2) {
		assert_int_equal(hotplug_add(xs, &d, &why), -ETIMEDOUT);
		(void)sscanf(take("pids"), "%d %d", &first, &second);
	}
	hotplug_script_seconds = 40;
	assert_true(second > 1);
	assert_non_null(strstr(why.text, path));
	assert_non_null(strstr(why.text, "waiting for portal"));
	for (int i = 0; i < 2000 && !has_ended(second); i++)
		usleep(10000);
	assert_true(has_ended(first));
	assert_true(has_ended(second));
	(void)take("told");
	assert_int_equal(hotplug_remove(xs, &d, &why), 0);
	assert_int_equal(strncmp(take("told"), "slow remove\n", 12), 0);
	forget(&d);
	check_nothing_left(files);
}

/* The log's folder is gone, or its disk full: nothing depends on it. */
static void no_log(void **state)
{
	static const char *const logs[] = { "/nonexistent/log", "/dev/full" };
	struct device d;
	struct why why;

	(void)state;
	for (int i = 0; i < 2; i++) {
		hotplug_script_log = logs[i];
		d = new_disk("x",
			script("good",
				"echo said\nput $XENBUS_PATH/hotplug-status "
				"connected"));
		assert_int_equal(hotplug_add(xs, &d, &why), 0);
		assert_int_equal(hotplug_remove(xs, &d, &why), 0);
		forget(&d);
	}
	hotplug_script_log = logs[0];
	d = new_disk("x", script("bad", "echo no room >&2; exit 1"));
	assert_int_equal(hotplug_add(xs, &d, &why), -EIO);
	assert_non_null(strstr(why.text, "no room"));
	forget(&d);
	hotplug_script_log = log_path;
}

/* Tools ignore signals that scripts and their pipes depend on. */
static void signals(void **state)
{
	const char *path = script("sig",
		"grep SigIgn /proc/self/status | sed 's/.*\\(....\\)$/\\1/' "
		">ignored\nreadlink /proc/$$/fd/0 >input\n"
		"put $XENBUS_PATH/hotplug-status connected\n");
	struct device d = new_disk("x", path);
	struct why why;
	char *end;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	assert_int_equal(hotplug_add(xs, &d, &why), 0);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	assert_int_equal(strtoul(take("ignored"), &end, 16) &
				 (1UL << (SIGPIPE - 1) | 1UL << (SIGTERM - 1)),
		0);
	assert_string_equal(take("input"), "/dev/null\n");
	forget(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(block),
		cmocka_unit_test(cards),
		cmocka_unit_test(failures),
		cmocka_unit_test(not_there),
		cmocka_unit_test(never_begun),
		cmocka_unit_test(of_others),
		cmocka_unit_test(hangs),
		cmocka_unit_test(no_log),
		cmocka_unit_test(signals),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
