/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Debug keys: letters by which the operator asks a running machine for dumps
 * and audits, from the serial console or by sysctl debug_keys.
 */
#ifndef TENON_DEBUG_KEY_H
#define TENON_DEBUG_KEY_H

#include <tenon/list.h>
#include <tenon/types.h>

struct debug_key {
	char key;
	const char *what; /* a line of help */
	void (*fn)(void); /* interrupts on, no lock held but LOCK_DOMCTL */
	struct debug_key *next;
};

/* k lives for ever.  A later one with the same key comes first. */
void debug_key_register(struct debug_key *k);
/* Do what key asks for; 'h' lists the keys; unknown ones say so. */
void debug_key(char key);

/* The keys of abi/debug_keys.c: registered once, however often called. */
void debug_keys_init(void);

/*
 * Run every audit with all vcpus stopped and the other CPUs parked (SOFTIRQ_
 * AUDIT, SOFTIRQ_PARK): soon, not now.  The log says "audit: clean"; what is
 * wrong is a panic that names it.  audit_init: boot.
 */
void audit_init(void);
void audit_request(void);

#endif
