/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every number of a hypercall and of its operations is answered as
 * abi_answers.def says: with an argument that is all zero, made by domain 0.
 * What has no line there does not exist. So nothing comes, goes or changes its
 * answer unseen; lint/answers.sh looks that each name of the public headers
 * has its line.
 */
#include "ctl_rig.h"
#include <tenon/console.h>
#include <public/arch-x86/xen-mca.h>
#include <public/callback.h>
#include <public/nmi.h>
#include <public/physdev.h>
#include <public/platform.h>
#include <public/pmu.h>
#include <public/sched.h>
#include <public/vcpu.h>
#include <public/version.h>

/* Answers that are no number: an amount, and what ends or stops the caller. */
#define SOME	 0x10000L
#define UNSAID	 0x10001L

#define DEBUGGER 1000U /* where domctl goes on */
#define BEYOND	 8U    /* numbers tried behind the last one of a hypercall */

/* How an operation is said. */
enum kind {
	FIRST,	  /* number, argument, 1 */
	THIRD,	  /* number, 0 (a vcpu, a count), argument */
	SECOND,	  /* 0, number */
	INSIDE,	  /* argument, which begins with the number */
	VERSIONED /* the same, with the version behind the number */
};

struct answer {
	const char *name;
	uint32_t number;
	long result;
};

#define ANSWERS_BEGIN(call, kind, version, others) \
	static const struct answer call##_answers[] = {
#define ANSWER(name, result) { #name, name, result },
#define ANSWERS_END(call) \
	}                 \
	;
#include "abi_answers.def"
#undef ANSWERS_BEGIN
#undef ANSWER
#undef ANSWERS_END

static const struct call {
	const char *name;
	unsigned nr;
	const struct answer *answers;
	unsigned count;
	enum kind kind;
	uint32_t version;
	long others; /* what a number without a line answers */
} calls[] = {
#define ANSWERS_BEGIN(call, kind, version, others)                        \
	{ #call, __HYPERVISOR_##call, call##_answers,                     \
		sizeof(call##_answers) / sizeof(call##_answers[0]), kind, \
		version, others },
#define ANSWER(name, result)
#define ANSWERS_END(call)
#include "abi_answers.def"
#undef ANSWERS_BEGIN
#undef ANSWER
#undef ANSWERS_END
};

/* Numbers that the dispatch table has; of these the others have no part. */
static const uint8_t has_handler[64] = {
#define HYPERCALL(nr, name, args) [nr] = 1,
#include <tenon/hypercalls.def>
#undef HYPERCALL
};

/* Room for the largest, a vcpu_guest_context of 5168 bytes. */
static uint64_t argument[1024] __attribute__((aligned(4096)));

static long call_by_number(unsigned nr, uint64_t a, uint64_t b, uint64_t c)
{
	struct hypercall hc = {
		.v = current, .d = current->domain, .nr = nr, .arg = { a, b, c }
	};

	/* mmuext_op and mmu_update: on the caller itself. */
	if (nr == __HYPERVISOR_mmuext_op || nr == __HYPERVISOR_mmu_update)
		hc.arg[3] = DOMID_SELF;
	return hypercall_dispatch(&hc);
}

static long ask(const struct call *c, uint32_t number)
{
	uint32_t *head = (uint32_t *)argument;
	uintptr_t at = (uintptr_t)argument;

	memset(argument, 0, sizeof(argument));
	switch (c->kind) {
	case FIRST:
		return call_by_number(c->nr, number, at, 1);
	case THIRD:
		return call_by_number(c->nr, number, 0, at);
	case SECOND:
		return call_by_number(c->nr, 0, number, 0);
	case VERSIONED:
		head[1] = c->version;
		/* fall through */
	default:
		head[0] = number;
		if (c->nr == __HYPERVISOR_domctl)
			head[2] = 1;
		return call_by_number(c->nr, at, 1, 0);
	}
}

static const struct answer *find(const struct call *c, uint32_t number)
{
	for (unsigned i = 0; i < c->count; i++)
		if (c->answers[i].number == number)
			return &c->answers[i];
	return NULL;
}

/* Whether that number is answered as its line, or the lack of one, says. */
static bool is_as_said(const struct call *c, uint32_t number)
{
	const struct answer *a = find(c, number);
	long want = a ? a->result : c->others, got;

	if (want == UNSAID)
		return true;
	ctl_start(1);
	console_set_level(LOG_ERR);
	got = ask(c, number);
	ctl_stop();
	if (want == SOME ? got > 0 : got == want)
		return true;
	print_error("%s, %s (%u): %ld in place of %ld\n", c->name,
		a ? a->name : "no name", number, got, want);
	return false;
}

static void operations(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (const struct call *c = calls; c < calls + ARRAY_SIZE(calls); c++) {
		uint32_t last = 0;

		/* Its kind is three bits of an address. */
		if (c->nr == __HYPERVISOR_mmu_update) {
			for (uint32_t n = 0; n < 8; n++)
				wrong += !is_as_said(c, n);
			continue;
		}
		for (unsigned i = 0; i < c->count; i++)
			/* The debugger's have a range of their own. */
			if (c->answers[i].number < DEBUGGER)
				last = MAX(last, c->answers[i].number);
		for (uint32_t n = 0; n <= last + BEYOND; n++)
			wrong += !is_as_said(c, n);
		for (uint32_t n = DEBUGGER - 1; n < DEBUGGER + BEYOND; n++)
			wrong += !is_as_said(c, n);
		wrong += !is_as_said(c, ~0U);
	}
	assert_int_equal(wrong, 0);
}

static void numbers(void **state)
{
	(void)state;
	ctl_start(1);
	for (unsigned nr = 0; nr < ARRAY_SIZE(has_handler); nr++)
		if (!has_handler[nr])
			assert_int_equal(
				call_by_number(nr, 0, (uintptr_t)argument, 1),
				-ENOSYS);
	assert_int_equal(call_by_number(64, 0, 0, 0), -ENOSYS);
	assert_int_equal(call_by_number(~0U, 0, 0, 0), -ENOSYS);
	ctl_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(operations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
