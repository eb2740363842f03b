/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's numbers without a terminal: rates of two samples, order,
 * filter and history; the lines for programs, as xentop wrote them for the
 * same counters; the kernel's figures from a made-up /sys.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "top/batch.h"
#include "top/model.h"
#include "top_rig.h"

#define HEADER                                                              \
	"      NAME  STATE   CPU(sec) CPU(%)     MEM(k) MEM(%)  MAXMEM(k) " \
	"MAXMEM(%) VCPUS NETS NETTX(k) NETRX(k) VBDS   VBD_OO   VBD_RD   "  \
	"VBD_WR  VBD_RSECT  VBD_WSECT SSID\n"

static bool is_near(double a, double b)
{
	return fabs(a - b) < 1e-6;
}

/* Domain 0 and a guest; `step` counts what happened. */
static struct sample *two(uint64_t seconds, uint64_t step)
{
	struct sample *s = rig_sample(seconds);
	struct sample_domain *d =
		rig_domain(s, 0, "Domain-0", XEN_DOMINF_running);

	d->cpu_ns = 287 * SECOND + step * SECOND / 10;
	d->memory_kib = d->max_kib = 1 << 20;
	d->online_vcpus = 2;
	d = rig_domain(s, 1, "pv1", XEN_DOMINF_blocked);
	d->cpu_ns = 35 * SECOND + step * SECOND / 2;
	rig_vcpu(d, true, 35 * SECOND + step * SECOND / 2);
	rig_vcpu(d, false, 0);
	rig_net(d, 0, 936 + step * 3000, 1506 + step * 1000);
	rig_disk(d, 51712, 12 + step, 11, 112 + 8 * step, 38);
	s->idle_ns[0] = 100 * SECOND + step * SECOND;
	s->idle_ns[1] = 100 * SECOND + step * SECOND / 2;
	return s;
}

static void rates(void **state)
{
	struct model m = { .order = MODEL_BY_ID };

	(void)state;
	assert_int_equal(model_feed(&m, two(10, 0)), 0);
	assert_int_equal(m.count, 2);
	assert_true(is_near(m.rows[1].cpu, 0));
	assert_null(m.rows[1].before);
	assert_int_equal(m.rows[1].history->count, 0);
	/* Two seconds later, with two steps of work. */
	assert_int_equal(model_feed(&m, two(12, 2)), 0);
	assert_true(is_near(m.seconds, 2));
	assert_true(is_near(m.rows[0].cpu, 10));
	assert_true(is_near(m.rows[1].cpu, 50));
	assert_true(is_near(m.rows[1].sent, 3000));
	assert_true(is_near(m.rows[1].received, 1000));
	assert_true(is_near(m.rows[1].read, 8 * 512));
	assert_true(is_near(m.rows[1].reads, 1));
	assert_true(is_near(m.rows[1].written, 0));
	assert_true(is_near(m.rows[0].max_memory, 100.0 * 1024 / 4095));
	assert_true(is_near(m.busy, 25));
	assert_true(is_near(
		model_vcpu_cpu(&m, &m.rows[1], &m.rows[1].now->vcpus[0]), 50));
	assert_int_equal(m.rows[1].history->count, 1);
	assert_true(is_near(m.rows[1].history->cpu[0], 50));
	assert_true(is_near(m.rows[1].history->traffic[0], 8096));
	model_free(&m);
}

static void what_began_anew(void **state)
{
	struct model m = { .order = MODEL_BY_ID };
	struct sample *s = two(12, 2);

	(void)state;
	assert_int_equal(model_feed(&m, two(10, 50)), 0);
	/* Counters fell: a device came again, no rate is below zero. */
	assert_int_equal(model_feed(&m, s), 0);
	assert_true(is_near(m.rows[1].cpu, 0));
	assert_true(is_near(m.rows[1].sent, 0));
	/* The number belongs to another domain now. */
	s = two(14, 90);
	s->domains[1].uuid[0] = 77;
	assert_int_equal(model_feed(&m, s), 0);
	assert_null(m.rows[1].before);
	assert_true(is_near(m.rows[1].cpu, 0));
	assert_int_equal(m.rows[1].history->count, 0);
	/* A sample of the same instant gives no rates. */
	s = two(14, 99);
	s->domains[1].uuid[0] = 77;
	assert_int_equal(model_feed(&m, s), 0);
	assert_true(is_near(m.rows[1].cpu, 0));
	/* A card that came since is counted from the next sample on. */
	s = two(16, 100);
	rig_net(&s->domains[0], 3, 1 << 30, 1 << 30);
	assert_int_equal(model_feed(&m, s), 0);
	assert_true(is_near(m.rows[0].sent, 0));
	model_free(&m);
}

static void history_is_bounded(void **state)
{
	struct model m = { .order = MODEL_BY_ID };

	(void)state;
	for (uint64_t i = 0; i < MODEL_HISTORY + 20; i++)
		assert_int_equal(
			model_feed(&m, two(i + 1, i < 70 ? 0 : i - 69)), 0);
	assert_int_equal(m.rows[1].history->count, MODEL_HISTORY);
	assert_int_equal(m.busy_count, MODEL_HISTORY);
	assert_true(is_near(m.rows[1].history->cpu[MODEL_HISTORY - 1], 50));
	assert_true(is_near(m.rows[1].history->cpu[0], 0));
	model_free(&m);
}

/* Four domains with different figures in every column. */
static void feed_four(struct model *m)
{
	static const char *const names[] = { "Domain-0", "cat", "ant", "bee" };

	for (uint64_t round = 0; round < 2; round++) {
		struct sample *s = rig_sample(1 + round);

		for (uint32_t i = 0; i < 4; i++) {
			struct sample_domain *d = rig_domain(s, i, names[i],
				i & 1 ? XEN_DOMINF_blocked : XEN_DOMINF_paused);

			d->cpu_ns = (i * 7 % 4 + 1) * round * SECOND;
			d->memory_kib = 1000 * (i * 3 % 4 + 1);
			rig_net(d, 0, i * round, (4 - i) * round);
			rig_disk(d, 1, 0, 0, i * round, (4 - i) * round);
		}
		assert_int_equal(model_feed(m, s), 0);
	}
}

static void orders(void **state)
{
	static const char *const wanted[] = {
		[MODEL_BY_ID] = "0123",
		[MODEL_BY_NAME] = "2310",
		[MODEL_BY_STATE] = "1302",
		[MODEL_BY_CPU] = "1230",
		[MODEL_BY_TIME] = "1230",
		[MODEL_BY_MEMORY] = "1230",
		[MODEL_BY_SENT] = "3210",
		[MODEL_BY_RECEIVED] = "0123",
		[MODEL_BY_READ] = "3210",
		[MODEL_BY_WRITTEN] = "0123",
	};
	struct model m = { .order = MODEL_BY_ID };

	(void)state;
	feed_four(&m);
	for (int order = 0; order < MODEL_ORDERS; order++) {
		m.order = (enum model_order)order;
		for (int reversed = 0; reversed < 2; reversed++) {
			m.is_reversed = reversed;
			assert_int_equal(model_arrange(&m), 0);
			for (uint32_t i = 0; i < 4; i++)
				assert_int_equal(m.rows[i].now->domid,
					wanted[order][reversed ? 3 - i : i] -
						'0');
		}
	}
	m.is_reversed = false;
	m.order = MODEL_BY_NAME;
	strcpy(m.filter, "E");
	assert_int_equal(model_arrange(&m), 0);
	assert_int_equal(m.count, 1);
	assert_string_equal(m.rows[0].now->name, "bee");
	strcpy(m.filter, "none");
	assert_int_equal(model_arrange(&m), 0);
	assert_int_equal(m.count, 0);
	model_free(&m);
}

static void batch_is(const struct model *m, const struct batch_wish *wish,
	const char *wanted)
{
	char text[4096];
	FILE *file = tmpfile();
	size_t got;

	assert_non_null(file);
	assert_int_equal(batch_text(m, wish, file), 0);
	rewind(file);
	got = fread(text, 1, sizeof(text) - 1, file);
	text[got] = '\0';
	fclose(file);
	assert_string_equal(text, wanted);
}

static void lines_of_xentop(void **state)
{
	struct model m = { .order = MODEL_BY_ID };
	struct sample *s;

	(void)state;
	assert_int_equal(model_feed(&m, two(10, 0)), 0);
	batch_is(&m, &(struct batch_wish){ .full_names = true },
		HEADER
		"  Domain-0 -----r        287    0.0    1048576   25.0    "
		"1048576      25.0     2    0        0        0    0        0 "
		"       0        0          0          0    0\n"
		"       pv1 --b---         35    0.0     196608    4.7     "
		"197632       4.7     2    1        1        0    1        0  "
		"     12       11        112         38    0\n");
	batch_is(&m,
		&(struct batch_wish){ .vcpus = true,
			.networks = true,
			.disks = true,
			.repeats_header = true },
		HEADER
		"  Domain-0 -----r        287    0.0    1048576   25.0    "
		"1048576      25.0     2    0        0        0    0        0 "
		"       0        0          0          0    0\n"
		"VCPUs(sec): \n" HEADER
		"       pv1 --b---         35    0.0     196608    4.7     "
		"197632       4.7     2    1        1        0    1        0  "
		"     12       11        112         38    0\n"
		"VCPUs(sec):   0:         35s\n"
		"Net0 RX:      936bytes       15pkts        0err        0drop  "
		"TX:     1506bytes       19pkts        0err        0drop\n"
		"VBD BlkBack 51712 [ca: 0]  OO:        0   RD:       12   WR:  "
		"     11   RSECT:        112   WSECT:         38\n");
	s = two(20, 2);
	s->domains[0].max_kib = INFO_NO_LIMIT;
	free(s->domains[1].name);
	s->domains[1].name = strdup("a-name-that-is-long");
	s->domains[1].flags =
		XEN_DOMINF_shutdown | 3 << XEN_DOMINF_shutdownshift;
	assert_int_equal(model_feed(&m, s), 0);
	batch_is(&m, &(struct batch_wish){ 0 },
		HEADER
		"  Domain-0 -----r        287    2.0    1048576   25.0   no "
		"limit       n/a     2    0        0        0    0        0   "
		"     0        0          0          0    0\n"
		"a-name-tha ---c--         36   10.0     196608    4.7     "
		"197632       4.7     2    1        3        6    1        0  "
		"     14       11        128         38    0\n");
	model_free(&m);
}

static void as_json(void **state)
{
	struct model m = { .order = MODEL_BY_ID };
	struct json_object *o, *list, *value;
	char text[8192];
	FILE *file = tmpfile();
	size_t got;

	(void)state;
	assert_int_equal(model_feed(&m, two(10, 0)), 0);
	assert_int_equal(model_feed(&m, two(12, 2)), 0);
	assert_int_equal(batch_json(&m, file), 0);
	rewind(file);
	got = fread(text, 1, sizeof(text) - 1, file);
	text[got] = '\0';
	fclose(file);
	/* One line a round. */
	assert_ptr_equal(strchr(text, '\n'), text + got - 1);
	o = json_tokener_parse(text);
	assert_non_null(o);
	assert_true(json_object_object_get_ex(o, "domains", &list));
	assert_int_equal(json_object_array_length(list), 2);
	list = json_object_array_get_idx(list, 1);
	assert_true(json_object_object_get_ex(list, "cpu_percent", &value));
	assert_true(is_near(json_object_get_double(value), 50));
	assert_true(json_object_object_get_ex(list, "networks", &value));
	value = json_object_array_get_idx(value, 0);
	assert_true(json_object_object_get_ex(value, "sent_rate", &value));
	assert_true(is_near(json_object_get_double(value), 3000));
	json_object_put(o);
	model_free(&m);
}

static void put(const char *dir, const char *path, const char *text)
{
	char whole[256];
	FILE *file;

	snprintf(whole, sizeof(whole), "%s/%s", dir, path);
	for (char *at = whole + strlen(dir) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(whole, 0700);
		*at = '/';
	}
	if (!*text)
		return;
	file = fopen(whole, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

#define BUS "bus/xen-backend/devices/"

static void kernel_figures(void **state)
{
	char dir[] = "/tmp/top_model.XXXXXX", command[64];
	struct sample *s = two(1, 0);
	struct sample_domain *d = &s->domains[0];

	(void)state;
	assert_non_null(mkdtemp(dir));
	put(dir, BUS "vbd-0-51728/statistics/rd_req", "7\n");
	put(dir, BUS "vbd-0-51728/statistics/rd_sect", "56\n");
	put(dir, BUS "vbd-0-51712/statistics/wr_req", "18446744073709551615\n");
	put(dir, BUS "vif-0-2/net/blue/statistics/rx_bytes", "1506\n");
	put(dir, BUS "vif-0-2/net/blue/statistics/tx_bytes", "936\n");
	put(dir, BUS "vif-0-1/net/", "");
	/* Not ours, or not of the form. */
	put(dir, BUS "vbd-9-51712/statistics/rd_req", "1\n");
	put(dir, BUS "vbd-0-51712x/statistics/rd_req", "1\n");
	put(dir, BUS "vbd-0/statistics/rd_req", "1\n");
	put(dir, BUS "console-0-0/statistics/rd_req", "1\n");
	put(dir, BUS "vbd-0-51744/statistics/rd_req", "what?\n");
	assert_int_equal(sample_devices(s, dir), 0);
	assert_int_equal(d->disk_count, 3);
	assert_int_equal(d->disks[0].id, 51712);
	assert_true(d->disks[0].writes == UINT64_MAX);
	assert_int_equal(d->disks[1].reads, 7);
	assert_int_equal(d->disks[1].sectors_read, 56);
	assert_int_equal(d->disks[2].reads, 0);
	assert_int_equal(d->net_count, 2);
	assert_int_equal(d->nets[0].id, 1);
	assert_int_equal(d->nets[0].sent.bytes, 0);
	assert_int_equal(d->nets[1].sent.bytes, 1506);
	assert_int_equal(d->nets[1].received.bytes, 936);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
	/* Without such a bus nothing has devices. */
	assert_int_equal(sample_devices(s, dir), 0);
	assert_int_equal(d->disk_count, 3);
	sample_free(s);
}

static void names_are_cleaned(void **state)
{
	char name[] = "a\x1b[2J\x9b\x7f b";

	(void)state;
	sample_clean(name);
	assert_string_equal(name, "a?[2J?? b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates),
		cmocka_unit_test(what_began_anew),
		cmocka_unit_test(history_is_bounded),
		cmocka_unit_test(orders),
		cmocka_unit_test(lines_of_xentop),
		cmocka_unit_test(as_json),
		cmocka_unit_test(kernel_figures),
		cmocka_unit_test(names_are_cleaned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
