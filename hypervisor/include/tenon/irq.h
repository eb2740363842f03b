/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical interrupts and their way to dom0.  The hypervisor alone writes
 * IO-APIC, MSI and MSI-X.  Lock order: irq line, then event.
 */
#ifndef TENON_IRQ_H
#define TENON_IRQ_H

#include <tenon/types.h>

struct domain;
struct vcpu;

void irq_init(void);	 /* after ACPI: find IO-APICs, mask everything */
void irq_init_cpu(void); /* on each CPU */

must_check int irq_domain_init(struct domain *d); /* its pirq table */
void irq_domain_free(struct domain *d);

/* Event layer: bind d's pirq to port delivery, or unbind. */
must_check int pirq_bind(struct domain *d, unsigned pirq, bool will_share);
void pirq_unbind(struct domain *d, unsigned pirq);
/* The guest has handled it: let a level line go. */
must_check int pirq_eoi(struct domain *d, unsigned pirq);
/* Route to where the port's vcpu runs (on arrival or masked). */
void pirq_set_vcpu(struct domain *d, unsigned pirq, struct vcpu *v);

/* An interrupt of ours: handler in irq context.  Returns the vector. */
must_check int irq_request_isa(unsigned isa_irq, void (*fn)(void *), void *arg);

void irq_audit(void);

#endif
