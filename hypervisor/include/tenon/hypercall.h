/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a hypercall is handled.  abi/hypercalls.def lists them all; each is a
 * function hc_NAME in abi/hc_*.c that decodes and checks its arguments, then
 * calls the module that does the work.
 *
 * Long work: when hypercall_should_yield() says so, the handler stores in
 * hc->arg[] the arguments with which it is to be entered again and returns
 * -ERESTART_HC.  The dispatcher rewinds the guest to the instruction, or the
 * multicall to the entry.  These arguments come back through the guest and
 * are checked like any others.
 */
#ifndef TENON_HYPERCALL_H
#define TENON_HYPERCALL_H

#include <tenon/types.h>

struct vcpu;
struct domain;

struct hypercall {
	struct vcpu *v; /* the caller: current */
	struct domain *d;
	unsigned nr;
	uint64_t arg[6];
};

typedef long hypercall_fn(struct hypercall *hc);

/* Prototypes hc_NAME for every line of the list. */
#define HYPERCALL(nr, name, args) hypercall_fn hc_##name;
#include <tenon/hypercalls.def>
#undef HYPERCALL

/* Other work waits for this CPU: stop at the next safe point. */
bool hypercall_should_yield(void);

/* Dispatch one; returns the result or -ERESTART_HC. */
long hypercall_dispatch(struct hypercall *hc);

#endif
