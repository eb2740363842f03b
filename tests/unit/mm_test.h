/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of memory share. */
#ifndef MM_TEST_H
#define MM_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/hypercall.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/pte.h>
#include <arch/fake.h>

/* Everything at rest is as it should be. */
static inline void mm_check(void)
{
	page_audit();
	pagetype_audit(NULL);
	fake_tlb_audit();
}

/* Ends a fake domain: no vcpu of it is left on a CPU. */
static inline void mm_kill(struct domain *d)
{
	for (unsigned id = 0; id < cpu_count; id++)
		if (cpus[id]->vcpu->domain == d)
			fake_enter(NULL, id);
	fake_play(0);
	d->life = DOMAIN_DYING;
	while (pt_relinquish(d) == -ERESTART_HC)
		;
	pagetype_audit(NULL);
	page_audit();
	fake_domain_free(d);
}

#endif
