/* SPDX-License-Identifier: BSD-2-Clause */
/* Debug keys: who knows which one. */
#include <tenon/atomic.h>
#include <tenon/console.h>
#include <tenon/debug_key.h>

static struct debug_key *keys;

void debug_key_register(struct debug_key *k)
{
	k->next = atomic_read(&keys);
	while (!atomic_cas(&keys, &k->next, k))
		;
}

void debug_key(char key)
{
	const struct debug_key *k = atomic_read(&keys);

	if (key == 'h') {
		for (; k; k = k->next)
			log_info("key '%c': %s", k->key, k->what);
		return;
	}
	for (; k; k = k->next) {
		if (k->key != key)
			continue;
		log_info("key '%c' pressed: %s", key, k->what);
		k->fn();
		return;
	}
	log_info("key 0x%02x means nothing; 'h' lists the keys",
		(unsigned char)key);
}
