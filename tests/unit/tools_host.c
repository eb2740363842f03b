/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What tools ask of the machine as a whole, on the fake machine: its log, its
 * CPUs and pools, what it is; and how tools show lists of them.
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
#include <tenonctrl/call.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include "common/args.h"
#include "common/config.h"
#include "common/cpulist.h"
#include "common/host.h"
#include "common/info.h"
#include "common/placing.h"
#include "common/pool.h"
#include "common/session.h"
#include "common/table.h"
#include "os_fake.h"

static struct fake *machine;
static struct ctrl *ctrl;

static int start(void **state)
{
	(void)state;
	machine = fake_new();
	return machine ? ctrl_open_os(&ctrl, &fake_ops, machine) : -1;
}

static int stop(void **state)
{
	(void)state;
	ctrl_close(ctrl);
	assert_int_equal(machine->buffers, 0);
	fake_free(machine);
	return 0;
}

static void the_log(void **state)
{
	uint32_t at = 0;
	size_t size;
	char *text;

	(void)state;
	/* More than one call takes. */
	machine->log_start = 5000;
	machine->log_size = 40000;
	for (size_t i = 0; i < 40000; i++)
		machine->log[i] = (char)('a' + i % 26);
	assert_int_equal(sysctl_log(ctrl, false, &at, &text, &size), 0);
	assert_int_equal(size, 40000);
	assert_memory_equal(text, machine->log, 40000);
	assert_int_equal(text[size], '\0');
	assert_int_equal(at, 45000);
	free(text);
	/* Only what is new. */
	memcpy(machine->log + 40000, "new\n", 4);
	machine->log_size += 4;
	assert_int_equal(sysctl_log(ctrl, false, &at, &text, &size), 0);
	assert_string_equal(text, "new\n");
	free(text);
	assert_int_equal(sysctl_log(ctrl, false, &at, &text, &size), 0);
	assert_int_equal(size, 0);
	free(text);
	/* Cleared, and read whole once more. */
	at = 0;
	assert_int_equal(sysctl_log(ctrl, true, &at, &text, &size), 0);
	assert_int_equal(size, 40004);
	assert_int_equal(machine->log_size, 0);
	free(text);
	/* A failed call gives nothing. */
	at = 7;
	machine->fail_after = 0;
	assert_int_equal(sysctl_log(ctrl, false, &at, &text, &size), -ENOMEM);
	assert_int_equal(at, 7);
	machine->fail_after = -1;
}

static void a_log_that_fills_a_call(void **state)
{
	uint32_t at = 0;
	size_t size;
	char *text;

	(void)state;
	machine->log_size = 32768;
	memset(machine->log, 'x', 32768);
	assert_int_equal(sysctl_log(ctrl, true, &at, &text, &size), 0);
	assert_int_equal(size, 32768);
	assert_int_equal(machine->log_size, 0);
	free(text);
}

static void keys(void **state)
{
	(void)state;
	assert_int_equal(sysctl_press(ctrl, "qh"), 0);
	assert_string_equal(machine->keys, "qh");
	assert_int_equal(sysctl_press(ctrl, "0123456789012345"), -E2BIG);
}

static void cpus(void **state)
{
	struct xen_sysctl_cputopo *topology;
	uint8_t map[SYSCTL_POOL_BYTES];
	struct sysctl_pool pool;
	uint32_t id = 77;
	uint64_t *idle;
	size_t count;

	(void)state;
	assert_int_equal(sysctl_idle(ctrl, &idle, &count), 0);
	assert_int_equal(count, FAKE_CPUS);
	assert_int_equal(idle[3], 1003);
	free(idle);
	assert_int_equal(sysctl_topology(ctrl, &topology, &count), 0);
	assert_int_equal(count, FAKE_CPUS);
	assert_int_equal(topology[3].core, 1);
	free(topology);
	assert_int_equal(sysctl_pool(ctrl, 0, &pool), 0);
	assert_int_equal(pool.id, 2);
	assert_int_equal(pool_cpu_count(&pool), FAKE_CPUS);
	assert_int_equal(sysctl_pool(ctrl, 3, &pool), -ENOENT);
	assert_int_equal(pool.id, 2);
	assert_int_equal(sysctl_free_cpus(ctrl, map), 0);
	assert_int_equal(map[0], 0);
	assert_int_equal(sysctl_pool_create(ctrl, &id), 0);
	assert_int_equal(id, 0);
	assert_int_equal(sysctl_pool_add_cpu(ctrl, id, 3), -EBUSY);
	assert_int_equal(sysctl_pool_move(ctrl, id, 0), -EINVAL);
	assert_int_equal(sysctl_pool_remove_cpu(ctrl, 2, 3), 0);
	assert_int_equal(sysctl_free_cpus(ctrl, map), 0);
	assert_int_equal(map[0], 8);
	assert_int_equal(sysctl_pool_add_cpu(ctrl, id, 3), 0);
	assert_int_equal(sysctl_pool_move(ctrl, id, 0), 0);
	assert_int_equal(sysctl_pool(ctrl, 0, &pool), 0);
	assert_int_equal(pool.id, 0);
	assert_int_equal(pool.domain_count, 1);
	assert_int_equal(pool.cpus[0], 8);
	assert_int_equal(sysctl_pool_destroy(ctrl, id), -EBUSY);
	assert_int_equal(sysctl_pool_remove_cpu(ctrl, id, 3), 0);
	assert_int_equal(sysctl_pool_destroy(ctrl, id), 0);
	assert_int_equal(sysctl_pool_destroy(ctrl, id), -ENOENT);
}

static void vcpus(void **state)
{
	struct xen_domctl_getvcpuinfo info = { .cpu = 77 };
	uint8_t map[8] = { 0 };
	char text[32];

	(void)state;
	machine->domains[2] = (struct fake_domain){
		.exists = true, .vcpus = 2, .cpu_ns = 5000000000
	};
	assert_int_equal(domctl_vcpu_info(ctrl, 2, 1, &info), 0);
	assert_int_equal(info.cpu, 1);
	assert_false(info.online);
	assert_int_equal(domctl_vcpu_info(ctrl, 2, 2, &info), -ESRCH);
	assert_int_equal(domctl_vcpu_info(ctrl, 3, 0, &info), -ESRCH);
	assert_int_equal(
		domctl_get_affinity(ctrl, 2, 0, true, map, sizeof(map)), 0);
	cpulist_format(map, sizeof(map), FAKE_CPUS, text, sizeof(text));
	assert_string_equal(text, "1,3");
}

static void lists_of_cpus(void **state)
{
	static const struct {
		uint64_t map;
		uint32_t cpus;
		const char *text;
	} wanted[] = {
		{ 0, 4, "none" },
		{ 0xf, 4, "all" },
		{ 0xff, 4, "all" },
		{ 0xf, 0, "0-3" },
		{ 0xe, 4, "1-3" },
		{ 0x8000000000000001, 64, "0,63" },
		{ 0xf0f0, 16, "4-7,12-15" },
	};
	char text[16];

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		cpulist_format((const uint8_t *)&wanted[i].map, 8,
			wanted[i].cpus, text, sizeof(text));
		assert_string_equal(text, wanted[i].text);
	}
	cpulist_format((const uint8_t *)"\x55\x55", 2, 16, text, 8);
	assert_string_equal(text, "0,2,4,6");
}

static void words(void **state)
{
	struct xen_domctl_getdomaininfo info = { .flags = XEN_DOMINF_running };

	(void)state;
	assert_string_equal(info_state(&info), "running");
	assert_string_equal(info_reason(&info), "-");
	info.flags = XEN_DOMINF_shutdown | 3 << XEN_DOMINF_shutdownshift;
	assert_string_equal(info_state(&info), "crashed");
	assert_string_equal(info_reason(&info), "crash");
	info.flags = XEN_DOMINF_shutdown | 99 << XEN_DOMINF_shutdownshift;
	assert_string_equal(info_state(&info), "shutdown");
	assert_string_equal(info_reason(&info), "unknown");
	info.flags |= XEN_DOMINF_dying;
	assert_string_equal(info_state(&info), "dying");
	info.max_pages = UINT64_MAX;
	assert_true(info_max_kib(&info) == INFO_NO_LIMIT);
	info.max_pages = 256;
	assert_int_equal(info_max_kib(&info), 1024);
}

static void collect(void *state, const char *key, const char *value)
{
	char *text = state;

	strcat(text, key);
	strcat(text, "=");
	strcat(text, value);
	strcat(text, "\n");
}

static void the_host(void **state)
{
	struct host host;
	char text[8192] = "";
	struct why why;

	(void)state;
	assert_int_equal(host_read(ctrl, &host, &why), 0);
	host_lines(&host, collect, text);
	assert_non_null(strstr(text, "\nnr_cpus=4\n"));
	assert_non_null(strstr(text, "\nxen_version=4.17.9\n"));
	assert_non_null(strstr(text, "\ntotal_memory=256\n"));
	assert_non_null(strstr(text, "\nfree_cpus=0\n"));
	assert_non_null(strstr(text, "\nxen_scheduler=credit2\n"));
	assert_non_null(strstr(
		text, "\nplatform_params=virt_start=0xffff800000000000"));
	assert_non_null(strstr(text, "\ncc_compiler=cc\n"));
	/* Each call may fail, and then nothing is believed. */
	for (long i = 0; i < 9; i++) {
		machine->fail_after = i;
		assert_true(host_read(ctrl, &host, &why) < 0);
		assert_non_null(strstr(why.text, "cannot ask"));
	}
	machine->fail_after = -1;
}

static const struct render_column columns[] = {
	{ "NAME", "name", false },
	{ "N", "n", true },
	{ "R", "r", true },
	{ NULL, NULL, false },
};

/* What the wish makes of three rows. */
static void shown(const struct table_wish *wish, char *text, size_t room)
{
	struct table *t = table_new(wish, columns, "name,n");
	FILE *file = tmpfile();
	int out = dup(1);
	size_t got;

	assert_non_null(t);
	assert_non_null(file);
	fflush(stdout);
	dup2(fileno(file), 1);
	table_string(t, "bee");
	table_number(t, 10);
	table_real(t, 2.5, 1);
	table_string(t, "ant");
	table_number(t, 9);
	table_real(t, 10.25, 1);
	table_string(t, "cat");
	table_number(t, 9);
	table_real(t, -1, 1);
	assert_int_equal(table_end(t), 0);
	dup2(out, 1);
	close(out);
	rewind(file);
	got = fread(text, 1, room - 1, file);
	text[got] = '\0';
	fclose(file);
}

static void tables(void **state)
{
	char text[256];

	(void)state;
	shown(&(struct table_wish){ 0 }, text, sizeof(text));
	assert_string_equal(text, "NAME   N\nbee   10\nant    9\ncat    9\n");
	/* Numbers are sorted as numbers, equal rows stay as they were. */
	shown(&(struct table_wish){ .sort = "n", .columns = "n,name" }, text,
		sizeof(text));
	assert_string_equal(text, " N  NAME\n 9  ant\n 9  cat\n10  bee\n");
	shown(&(struct table_wish){ .sort = "-r", .columns = "r" }, text,
		sizeof(text));
	assert_string_equal(text, "   R\n10.2\n 2.5\n-1.0\n");
	shown(&(struct table_wish){ .filters = { "name=?a*", "n=9" },
		      .filter_count = 2 },
		text, sizeof(text));
	assert_string_equal(text, "NAME  N\ncat   9\n");
	shown(&(struct table_wish){ .json = true,
		      .columns = "n",
		      .filters = { "name=bee" },
		      .filter_count = 1 },
		text, sizeof(text));
	assert_string_equal(text, "[\n  {\n    \"n\":10\n  }\n]\n");
}

static void wrong_wishes(void **state)
{
	static const struct table_wish wrong[] = {
		{ .columns = "name,x" },
		{ .columns = "" },
		{ .columns = "name," },
		{ .sort = "x" },
		{ .sort = "--n" },
		{ .filters = { "name" }, .filter_count = 1 },
		{ .filters = { "x=1" }, .filter_count = 1 },
	};
	const struct args args = { .tool = "test" };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(
			table_check(&wrong[i], &args, columns, "name"), 2);
	assert_int_equal(table_check(&(struct table_wish){ .sort = "-n" },
				 &args, columns, "name"),
		0);
}

/* A configuration's words on a new domain of two vcpus. */
static int place(const char *text, uint32_t domid, struct why *why)
{
	struct session s = { ctrl, NULL };
	struct config config = { 0 };
	struct placing p;
	int ret = config_parse(&config, "f.cfg", text, strlen(text), why);

	if (!ret)
		ret = placing_from_config(&p, &config, 2, why);
	if (!ret)
		ret = placing_check(&s, &p, why);
	if (!ret)
		ret = placing_apply(&s, domid, 2, &p, why);
	config_free(&config);
	return ret;
}

static void places(void **state)
{
	struct xen_domctl_createdomain config = { .max_vcpus = 2 };
	struct fake_domain *d;
	struct why why;
	uint32_t domid;

	(void)state;
	assert_int_equal(domctl_create(ctrl, &config, &domid), 0);
	d = &machine->domains[domid];
	d->weight = 256;
	assert_int_equal(place("cpus='0-2,^1'\ncap=50", domid, &why), 0);
	assert_int_equal(d->places[0][0], 5);
	assert_int_equal(d->places[1][0], 5);
	assert_int_equal(d->places[0][1], 0);
	assert_int_equal(d->cap, 50);
	assert_int_equal(d->weight, 256);
	assert_int_equal(place("cpus=[3]\ncpus_soft=['all', '2']\n"
			       "cpu_weight=7",
				 domid, &why),
		0);
	/* The second vcpu has no list of its own. */
	assert_int_equal(d->places[0][0], 8);
	assert_int_equal(d->places[1][0], 5);
	assert_int_equal(d->places[0][1], 15);
	assert_int_equal(d->places[1][1], 4);
	assert_int_equal(d->weight, 7);
	assert_int_equal(d->cap, 50);
	assert_int_equal(place("cpus=['0','4']", domid, &why), -EINVAL);
	assert_non_null(strstr(why.text, "4"));
	assert_int_equal(d->places[0][0], 8);
	assert_int_equal(domctl_destroy(ctrl, domid), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_log, start, stop),
		cmocka_unit_test_setup_teardown(
			a_log_that_fills_a_call, start, stop),
		cmocka_unit_test_setup_teardown(keys, start, stop),
		cmocka_unit_test_setup_teardown(cpus, start, stop),
		cmocka_unit_test_setup_teardown(vcpus, start, stop),
		cmocka_unit_test(lists_of_cpus),
		cmocka_unit_test(words),
		cmocka_unit_test_setup_teardown(the_host, start, stop),
		cmocka_unit_test(tables),
		cmocka_unit_test(wrong_wishes),
		cmocka_unit_test_setup_teardown(places, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
