/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of dom/ that make, stop and free domains and vcpus. */
#ifndef DOM_DOMAIN_PRIVATE_H
#define DOM_DOMAIN_PRIVATE_H

#include <tenon/domain.h>

/* VIRQ_DOM_EXC when softirqs run; any context. */
void domain_tell_dom0(void);
/* Its pirq table, if it has it still. */
void domain_free_irqs(struct domain *d);
/* Free a vcpu: it is off its CPU for good. */
void vcpu_free(struct vcpu *v);

#endif
