/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUs that run at the same time, one step at a time: coroutines that change
 * at every atomic operation, in an order that the test chooses.
 */
#include <stdlib.h>
#include <ucontext.h>
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/panic.h>
#include <arch/fake.h>
#include "host.h"

#define STACK_BYTES (256 * 1024)
/* A spin of one CPU that nobody ends is a deadlock. */
#define SPINS_MAX 1000000

/* Where a switch goes on.  The compiler's own: swapcontext makes a system call
 * for the signals' mask at each switch. */
typedef void *jump_t[5];

static struct coroutine {
	ucontext_t context; /* where it begins */
	jump_t jump;
	bool has_begun;
	void (*fn)(void *arg);
	void *arg;
	char *stack;
	unsigned cpu;
	bool is_live;
} coroutines[NR_CPUS];

static unsigned coroutine_n;
static struct coroutine *running; /* NULL: the test itself */
static jump_t scheduler;
static bool is_spinning; /* the running one asks for another */
static unsigned spins;

unsigned host_no_switch;

/* In functions of their own, for the compiler wants the two apart, and that
 * ASan lets be: it would look after its stacks with more system calls. */
#define SWITCH __attribute__((noinline, no_sanitize("address"))) static void

SWITCH go_on(jump_t to)
{
	__builtin_longjmp(to, 1);
}

SWITCH change(jump_t from, jump_t to)
{
	if (!__builtin_setjmp(from))
		go_on(to);
}

SWITCH change_to(struct coroutine *c)
{
	if (c->has_begun) {
		change(scheduler, c->jump);
	} else if (!__builtin_setjmp(scheduler)) {
		c->has_begun = true;
		(void)setcontext(&c->context);
		panic("a coroutine does not begin");
	}
}

/* One after another: a context lasts until it is abandoned. */
static void start(void)
{
	for (;;) {
		running->fn(running->arg);
		running->is_live = false;
		spins = 0;
		change(running->jump, scheduler);
	}
}

static void make_context(struct coroutine *c)
{
	free(c->stack);
	c->stack = malloc(STACK_BYTES);
	BUG_ON(!c->stack || getcontext(&c->context));
	c->context.uc_stack.ss_sp = c->stack;
	c->context.uc_stack.ss_size = STACK_BYTES;
	c->context.uc_link = NULL;
	makecontext(&c->context, start, 0);
}

void fake_spawn(unsigned cpu, void (*fn)(void *arg), void *arg)
{
	struct coroutine *c = &coroutines[coroutine_n++];

	c->fn = fn;
	c->arg = arg;
	c->cpu = cpu;
	c->is_live = true;
	if (!c->has_begun)
		make_context(c);
}

/* The n-th live one; spinners let the others go first. */
static struct coroutine *pick(unsigned (*choose)(unsigned n))
{
	struct coroutine *live[NR_CPUS];
	unsigned n = 0, last = 0;

	for (unsigned i = 0; i < coroutine_n; i++) {
		if (!coroutines[i].is_live)
			continue;
		if (&coroutines[i] == running) {
			last = n;
			if (is_spinning)
				continue;
		}
		live[n++] = &coroutines[i];
	}
	if (n == 0)
		return running && running->is_live ? running : NULL;
	if (choose)
		return live[choose(n) % n];
	/* The next one: a spinner is not in the list itself. */
	return live[(is_spinning ? last : last + 1) % n];
}

void fake_run(unsigned (*choose)(unsigned n))
{
	struct coroutine *next;

	running = NULL;
	is_spinning = false;
	spins = 0;
	while ((next = pick(choose)) != NULL) {
		running = next;
		is_spinning = false;
		fake_play(next->cpu);
		change_to(next);
	}
	running = NULL;
	coroutine_n = 0;
	fake_play(0);
}

noreturn void fake_abandon(void)
{
	BUG_ON(!running);
	running->is_live = false;
	running->has_begun = false;
	host_no_switch = 0;
	go_on(scheduler);
	panic("an abandoned coroutine goes on");
}

void arch_race_point(void)
{
	if (running && !host_no_switch) {
		spins = 0;
		change(running->jump, scheduler);
	}
}

void arch_relax(void)
{
	if (++spins > SPINS_MAX)
		panic("a spin that nobody ends");
	if (running && !host_no_switch) {
		is_spinning = true;
		change(running->jump, scheduler);
	}
}
