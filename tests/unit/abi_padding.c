/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nothing of the hypervisor's stack reaches a guest: every command of every
 * hypercall that gives structures is made twice, over a stack full of one byte
 * and of another, and no byte of the guest's memory may follow it. Arguments
 * are zero, or pointers to a guest's pages in turn with small numbers, so that
 * most structures are filled by one of them.
 */
#include "ctl_rig.h"
#include <tenon/boot.h>
#include <tenon/console.h>
#include <public/platform.h>
#include <stdlib.h>

#define PAGES	 4
#define WORDS	 24
#define SEEN	 (PAGES * PAGE_SIZE)
#define WAYS	 3
#define POISON_1 0xa5
#define POISON_2 0x5a

enum kind { ARG_CMD, ARG_DOMCTL, ARG_SYSCTL, ARG_PLATFORM, ARG_VCPU };

static const struct {
	const char *name;
	hypercall_fn *fn;
	enum kind kind;
	uint32_t commands;
} calls[] = {
	{ "xen_version", hc_xen_version, ARG_CMD, 12 },
	{ "memory_op", hc_memory_op, ARG_CMD, 30 },
	{ "event_channel_op", hc_event_channel_op, ARG_CMD, 14 },
	{ "grant_table_op", hc_grant_table_op, ARG_CMD, 13 },
	{ "physdev_op", hc_physdev_op, ARG_CMD, 32 },
	{ "vcpu_op", hc_vcpu_op, ARG_VCPU, 14 },
	{ "sysctl", hc_sysctl, ARG_SYSCTL, 32 },
	{ "domctl", hc_domctl, ARG_DOMCTL, 90 },
	{ "platform_op", hc_platform_op, ARG_PLATFORM, 70 },
};

static unsigned answers; /* calls that were accepted */
static mfn_t frames[PAGES + FAKE_SPACE_TABLES];

static vaddr_t va_of(unsigned page)
{
	return FAKE_SPACE_VA + page * PAGE_SIZE;
}

static void __attribute__((noinline)) poison_stack(uint8_t byte)
{
	volatile uint8_t area[24576];

	for (size_t i = 0; i < sizeof(area); i++)
		area[i] = byte;
}

static void start(void)
{
	ctl_start(1);
	console_set_level(LOG_ERR);
	boot_options.guest_loglvl_limited = LOG_NONE;
	dom[0]->page_max = 200;
	assert_int_equal(fake_space(current, PAGES, frames), 0);
}

static void fill(unsigned n, uint32_t command, unsigned way)
{
	uint64_t *arg = mfn_to_virt(frames[0]);
	uint32_t *head = mfn_to_virt(frames[0]);

	for (unsigned i = 0; i < WORDS; i++)
		arg[i] = way == 0	 ? 0
			 : (i + way) & 1 ? va_of(1 + i % (PAGES - 1))
					 : 2;
	switch (calls[n].kind) {
	case ARG_DOMCTL:
		head[2] = 1;
		/* fall through */
	case ARG_SYSCTL:
		head[0] = command;
		head[1] = XEN_DOMCTL_INTERFACE_VERSION;
		break;
	case ARG_PLATFORM:
		head[0] = command;
		head[1] = XENPF_INTERFACE_VERSION;
		break;
	default:
		break;
	}
}

static uint64_t first_argument(unsigned n, uint32_t command)
{
	return calls[n].kind == ARG_CMD || calls[n].kind == ARG_VCPU ? command
								     : va_of(0);
}

/* Commands that end the machine or a domain give nothing. */
static bool is_skipped(unsigned n, uint32_t command)
{
	return (calls[n].kind == ARG_DOMCTL &&
		       (command == XEN_DOMCTL_destroydomain ||
			       command == XEN_DOMCTL_pausedomain ||
			       command == XEN_DOMCTL_soft_reset)) ||
	       (calls[n].kind == ARG_VCPU && command == VCPUOP_down) ||
	       (calls[n].kind == ARG_PLATFORM &&
		       command == XENPF_enter_acpi_sleep);
}

/* The guest's memory after one call on a stack of that byte. */
static void look(unsigned n, uint32_t command, unsigned way, uint8_t poison,
	uint8_t *memory)
{
	uint64_t a = first_argument(n, command);
	uint64_t b = calls[n].kind == ARG_VCPU ? 0 : va_of(0);
	uint64_t c = calls[n].kind == ARG_VCPU ? va_of(0) : 1;

	for (unsigned i = 0; i < PAGES; i++)
		memset(mfn_to_virt(frames[i]), 0, PAGE_SIZE);
	fill(n, command, way);
	poison_stack(poison);
	answers += ctl_call(calls[n].fn, a, b, c) >= 0;
	for (unsigned i = 0; i < PAGES; i++)
		memcpy(memory + i * PAGE_SIZE, mfn_to_virt(frames[i]),
			PAGE_SIZE);
}

/* Every command in every way, on one machine; what the guest saw of each. */
static void look_at_all(uint8_t poison, uint8_t *memory)
{
	start();
	for (unsigned n = 0; n < ARRAY_SIZE(calls); n++)
		for (uint32_t cmd = 0; cmd < calls[n].commands; cmd++)
			for (unsigned way = 0; way < WAYS; way++) {
				if (!is_skipped(n, cmd))
					look(n, cmd, way, poison, memory);
				memory += SEEN;
			}
	fake_enter(NULL, 0);
	memset(dom, 0, sizeof(dom));
	fake_stop();
}

/* Fails where a byte follows the stack's. */
static void compare(
	unsigned n, uint32_t cmd, const uint8_t *first, const uint8_t *second)
{
	for (unsigned i = 0; i < SEEN; i++)
		if (first[i] == POISON_1 && second[i] == POISON_2)
			fail_msg("%s, command %u: byte %u of page %u is the "
				 "stack's",
				calls[n].name, cmd, i % (unsigned)PAGE_SIZE,
				i / (unsigned)PAGE_SIZE);
}

static void nothing_leaks(void **state)
{
	size_t count = 0, at = 0;
	uint8_t *first, *second;

	(void)state;
	for (unsigned n = 0; n < ARRAY_SIZE(calls); n++)
		count += calls[n].commands * WAYS;
	first = calloc(count, SEEN);
	second = calloc(count, SEEN);
	assert_true(first && second);
	look_at_all(POISON_1, first);
	look_at_all(POISON_2, second);
	for (unsigned n = 0; n < ARRAY_SIZE(calls); n++)
		for (uint32_t cmd = 0; cmd < calls[n].commands; cmd++)
			for (unsigned way = 0; way < WAYS; way++, at += SEEN)
				compare(n, cmd, first + at, second + at);
	free(first);
	free(second);
	/* The arguments did lead somewhere. */
	assert_true(answers > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_leaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
