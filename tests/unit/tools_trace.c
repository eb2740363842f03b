/* SPDX-License-Identifier: BSD-2-Clause */
/* Trace records as text and as JSON; broken ones; masks by name. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/tracelog.h"

#define TIME TRC_HD_CYCLE_FLAG
#define N(n) ((uint32_t)(n) << TRACE_EXTRA_SHIFT)

static const uint32_t stream[] = {
	TRC_TRACE_CPU_CHANGE | N(2),
	3,
	0,
	(uint32_t)(TIME | N(2) | TRC_SCHED_WAKE),
	50,
	1,
	4,
	1,
	(uint32_t)(TIME | N(1) | TRC_SCHED_RUNSTATE_CHANGE | 0x100),
	60,
	1,
	0x00040001,
	TRC_TRACE_WRAP_BUFFER | N(1),
	0,
	TRC_TRACE_CPU_CHANGE | N(2),
	1,
	0,
	(uint32_t)(TIME | N(5) | TRC_PV_HYPERCALL_V2),
	40,
	1,
	29 | TRC_PV_HYPERCALL_V2_ARG_64(0) | TRC_PV_HYPERCALL_V2_ARG_32(1),
	1,
	2,
	7,
	0,
	(uint32_t)(TIME | N(5) | TRC_PV_PAGE_FAULT | TRC_64_FLAG),
	41,
	1,
	0x81000000,
	0xffffffff,
	0x1000,
	0,
	6,
	N(1) | 0x0fff1001,
	5,
};

static void check(const struct tracelog_record *r, unsigned cpu,
	const char *name, const char *words)
{
	struct json_object *o;
	char text[512], json[600];

	assert_int_equal(r->cpu, cpu);
	if (name)
		assert_string_equal(tracelog_name(r->event), name);
	else
		assert_null(tracelog_name(r->event));
	tracelog_words(r, false, text, sizeof(text));
	assert_string_equal(text, words);
	json[0] = '{';
	tracelog_words(r, true, json + 1, sizeof(json) - 2);
	strcat(json, "}");
	o = json_tokener_parse(json);
	assert_non_null(o);
	json_object_put(o);
	/* Whatever the room. */
	for (size_t room = 1; room < 100; room++) {
		tracelog_words(r, false, text, room);
		assert_true(strlen(text) < room);
	}
}

static void decode(void **state)
{
	struct tracelog log = { 0 };

	(void)state;
	assert_int_equal(
		tracelog_add(&log, (const uint8_t *)stream, sizeof(stream)), 0);
	assert_int_equal(log.count, 5);
	tracelog_sort(&log);
	check(&log.records[0], 1, "hypercall",
		"call=sched_op a0=0x200000001 a1=0x7");
	check(&log.records[1], 1, "page_fault",
		"rip=0xffffffff81000000 address=0x1000 error=0x6");
	check(&log.records[2], 1, NULL, "number=0xfff1001 w0=0x5");
	check(&log.records[3], 3, "wake", "domid=4 vcpu=1");
	check(&log.records[4], 3, "runstate",
		"domid=4 vcpu=1 from=runnable to=running");
	tracelog_free(&log);
}

/* Cut anywhere, and anything in its place: no more than is there is read, as
 * the copies on the heap show to the sanitizer. */
static void broken(void **state)
{
	struct tracelog log = { 0 };
	uint32_t seed = 1;
	uint8_t *copy;
	char text[512];

	(void)state;
	for (size_t n = 0; n < sizeof(stream); n++) {
		copy = malloc(n + 1);
		memcpy(copy, stream, n);
		copy = realloc(copy, n ? n : 1);
		(void)tracelog_add(&log, copy, n);
		free(copy);
	}
	assert_int_equal(
		tracelog_add(&log, (const uint8_t *)stream, 18), -EINVAL);
	for (unsigned round = 0; round < 2000; round++) {
		uint32_t words[24];

		for (unsigned i = 0; i < 24; i++) {
			seed = seed * 1103515245 + 12345;
			words[i] = seed ^ seed >> 16 ^ round << 28;
		}
		words[round % 8] = stream[round % (sizeof(stream) / 4)];
		(void)tracelog_add(&log, (const uint8_t *)words, sizeof(words));
	}
	tracelog_sort(&log);
	for (size_t i = 0; i < log.count; i++)
		tracelog_words(&log.records[i], i & 1, text, sizeof(text));
	tracelog_free(&log);
}

static void masks(void **state)
{
	uint32_t mask = 1;

	(void)state;
	assert_int_equal(tracelog_mask("sched,irq", &mask), 0);
	assert_int_equal(mask, TRC_SCHED | TRC_HW_IRQ);
	assert_int_equal(tracelog_mask("0x2f000", &mask), 0);
	assert_int_equal(mask, TRC_SCHED);
	assert_int_equal(tracelog_mask("sched,", &mask), -EINVAL);
	assert_int_equal(tracelog_mask("", &mask), -EINVAL);
	assert_int_equal(tracelog_mask("0", &mask), -EINVAL);
	assert_int_equal(tracelog_mask("0x2f000,pv", &mask), -EINVAL);
	assert_int_equal(tracelog_mask("0x12345678901", &mask), -EINVAL);
	assert_int_equal(mask, TRC_SCHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decode),
		cmocka_unit_test(broken),
		cmocka_unit_test(masks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
