/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Debug keys: letters by which the operator asks a running machine for dumps
 * and audits, from the console or by sysctl debug_keys.
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

#endif
