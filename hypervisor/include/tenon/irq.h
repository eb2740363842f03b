/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical interrupts and their way to dom0.  The hypervisor alone writes
 * IO-APIC, MSI and MSI-X.  Lock order: irq line, then event.
 *
 * Every line has a vector of its own on the whole machine, so that moving it
 * to another CPU is one write of its destination, at any time.  An edge (or
 * message) is ended at the local APIC when it arrives; a level line is masked
 * and ended, and unmasked when all of its guests have handled it.
 */
#ifndef TENON_IRQ_H
#define TENON_IRQ_H

#include <tenon/lock.h>
#include <tenon/timer.h>
#include <tenon/types.h>

struct domain;
struct irq_line;
struct page;
struct pci_function;
struct vcpu;

/* Vectors for lines, the first and the last; 0x80 and 0x82 are no lines'. */
#define IRQ_VECTOR_FIRST 0x21
#define IRQ_VECTOR_LAST	 0xef

#define IRQ_GSI_MAX	 512 /* GSIs that we look after */
#define IRQ_GUESTS_MAX	 7   /* domains that share a line */

/* The controller of a line; the line's lock is held.  Each writes the whole
 * state from the line's fields. */
struct irq_chip {
	const char *name;
	void (*mask)(struct irq_line *line);
	void (*unmask)(struct irq_line *line);
	void (*route)(struct irq_line *line); /* line->cpu changed */
};

struct irq_guest {
	struct domain *d;
	struct vcpu *v; /* whom the port tells */
	uint16_t pirq;
	bool owes_eoi;
};

/*
 * A line.  Its memory is never anything else, so a pointer to it may be kept
 * without a reference and checked under its lock.
 */
struct irq_line {
	struct lock lock;
	const struct irq_chip *chip; /* NULL: an MSI line not in use */
	unsigned number;	     /* GSI, or the entry of its function */
	struct pci_function *function;
	struct irq_line *next_free;
	uint8_t vector; /* 0: none */
	uint8_t group;	/* of the first line of a block of MSIs: how many */
	bool is_level, is_low;
	bool is_set_up; /* trigger and polarity were told */
	bool is_masked; /* as the controller was told */
	bool is_on;	/* somebody listens */
	unsigned cpu;	/* where it goes */
	uint64_t count; /* arrivals */
	/* Called with the lock held, in irq context. */
	void (*handler)(void *arg);
	void *arg;
	/* dom/pirq.c */
	bool may_share;
	unsigned guest_count;
	struct irq_guest guest[IRQ_GUESTS_MAX];
	struct timer timer; /* for those who share with one who sleeps */
	uint64_t deadline;
};

void irq_init(void);	 /* after ACPI: find IO-APICs, mask everything */
void irq_init_cpu(void); /* on each CPU */

/* An interrupt of ours: handler in irq context.  Returns the vector. */
must_check int irq_request_isa(unsigned isa_irq, void (*fn)(void *), void *arg);

/* The line of a GSI, NULL if there is none; GSIs are below irq_gsi_count(). */
struct irq_line *irq_line_of_gsi(unsigned gsi);
unsigned irq_gsi_count(void);
/*
 * What the firmware says of a GSI; the first word counts.  0; -EINVAL no such
 * GSI; -EEXIST it was told before (and nothing changed); -EBUSY it is in use
 * otherwise.
 */
must_check int irq_setup_gsi(unsigned gsi, bool is_level, bool is_low);

/* A line starts its life; allocation is the caller's. */
void irq_line_init(
	struct irq_line *line, const struct irq_chip *chip, unsigned number);
/*
 * Give count lines, a power of two, vectors that follow each other from a
 * multiple of count on; those of a single line that has one stays.  0 or
 * -ENOSPC.
 */
must_check int irq_assign_vectors(struct irq_line **lines, unsigned count);
/* No interrupt of it arrives here any more. */
void irq_release_vector(struct irq_line *line);

/* Under the line's lock: begin and end delivery, change its CPU. */
void irq_start_locked(struct irq_line *line);
void irq_stop_locked(struct irq_line *line);
void irq_mask_locked(struct irq_line *line);
void irq_unmask_locked(struct irq_line *line);
void irq_route_locked(struct irq_line *line, unsigned cpu);
/* The 8-bit destination of the line's CPU for RTEs and messages. */
uint32_t irq_destination(const struct irq_line *line);

/* ioapic.c: masks all pins, fills lines by irq_line_init.  Returns how many
 * GSIs there are; call with lines NULL first. */
unsigned ioapic_init(struct irq_line *lines);
/* A register of the IO-APIC at this address, 0 where it has none there; or
 * -EINVAL, there is no such one. */
must_check int ioapic_read_register(
	paddr_t base, unsigned reg, uint32_t *value);
/* What a guest's write of a register would tell of a line: gsi -1: nothing.
 * Nothing is written.  0 or -EINVAL. */
struct ioapic_trigger {
	int gsi;
	bool is_level, is_low;
};
must_check int ioapic_explain_write(paddr_t base, unsigned reg, uint32_t value,
	struct ioapic_trigger *told);

/* Pirq tables: dom/pirq.c. */
must_check int irq_domain_init(struct domain *d);
void irq_domain_free(struct domain *d);
/*
 * Make a GSI, or an MSI line just made, known to d as *pirq; negative: choose
 * (for a GSI its own number, if free).  0; -EINVAL; -EEXIST *pirq is another
 * line; -ENOSPC; -ENOMEM.
 */
must_check int pirq_map_gsi(struct domain *d, unsigned gsi, int *pirq);
must_check int pirq_map_lines(
	struct domain *d, struct irq_line **lines, unsigned count, int *pirq);
/* And back, unbinding it.  -EINVAL: not mapped, or not first of its block. */
must_check int pirq_unmap(struct domain *d, int pirq);
/* A pirq that no map chooses from now on; 0, -ENOSPC, -ENOMEM. */
must_check int pirq_reserve(struct domain *d, uint32_t *pirq);
/* XENIRQSTAT_* of it; -EINVAL: not a number of a pirq. */
must_check int pirq_status(struct domain *d, unsigned pirq, uint32_t *flags);

/* Event layer: bind d's pirq to port delivery, or unbind.  0; -EPERM not
 * mapped; -EBUSY others have it and one of us does not share; -EEXIST. */
must_check int pirq_bind(struct domain *d, unsigned pirq, bool will_share);
void pirq_unbind(struct domain *d, unsigned pirq);
/* The guest has handled it: let a level line go.  0 or -EINVAL. */
must_check int pirq_eoi(struct domain *d, unsigned pirq);
/*
 * From now on a bit for each of d's pirqs in that frame of d says whether it
 * wants a pirq_eoi; which, with eoi_unmasks, unmasks the port, too.  0; -EINVAL
 * not a frame that d may write to; -EBUSY there is one.
 */
must_check int pirq_show_eois(struct domain *d, mfn_t frame, bool eoi_unmasks);
/* That frame, for the audit; NULL: none. */
struct page *pirq_shown_page(const struct domain *d);
/* Route to where the port's vcpu runs. */
void pirq_set_vcpu(struct domain *d, unsigned pirq, struct vcpu *v);

/*
 * Dom0's rights over the machine: interrupts, I/O ports and device frames,
 * without what is ours.  0 or -ENOMEM.
 */
must_check int machine_rights_dom0(struct domain *d);

/* Recheck all lines and vectors; panics. */
void irq_audit(void);
/* The lines in use, in the log. */
void irq_dump(void);

#endif
