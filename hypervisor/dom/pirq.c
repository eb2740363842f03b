/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts of guests: each domain's numbers for lines (pirqs), and the
 * delivery to those who are bound.
 *
 * map_lock guards the tables; who holds a line's lock may also trust its
 * entry, for an entry is changed under both.  An entry is read without any
 * and then checked under the line's lock: lines are never freed.
 */
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/event.h>
#include <tenon/irq.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/panic.h>
#include <tenon/pci.h>
#include <tenon/timer.h>
#include <public/physdev.h>

/* How long a guest may sit on a line that others share. */
#define SHARE_NS 10000000ULL

struct pirq_table {
	/* By number, EVENT_PIRQS_MAX; made with the first map. */
	struct irq_line **line;
	/* The guest's page with a bit for each pirq that wants an EOI; set
	 * once, under map_lock; bits change under the line's lock. */
	uint64_t *shown;
	bool eoi_unmasks; /* an EOI unmasks the port, too */
};

static struct lock map_lock = LOCK_INIT(LOCK_PCI);
/* Stands for a number that is set aside. */
static struct irq_line reserved = { .lock = LOCK_INIT(LOCK_IRQ) };

int irq_domain_init(struct domain *d)
{
	d->pirqs = heap_alloc(sizeof(*d->pirqs));
	return d->pirqs ? 0 : -ENOMEM;
}

static struct irq_line *line_of(const struct domain *d, unsigned pirq)
{
	struct irq_line **table =
		d->pirqs ? atomic_read(&d->pirqs->line) : NULL;
	struct irq_line *line;

	if (!table || pirq >= EVENT_PIRQS_MAX)
		return NULL;
	line = atomic_read(&table[pirq]);
	return line == &reserved ? NULL : line;
}

static struct irq_guest *guest_of(
	struct irq_line *line, const struct domain *d, unsigned pirq)
{
	for (unsigned i = 0; i < line->guest_count; i++)
		if (line->guest[i].d == d && line->guest[i].pirq == pirq)
			return &line->guest[i];
	return NULL;
}

/* Whether the guest has to say that it has handled that pirq. */
static void show_eoi(const struct domain *d, unsigned pirq, bool is_wanted)
{
	uint64_t *shown = atomic_read(&d->pirqs->shown);

	if (!shown)
		return;
	if (is_wanted)
		(void)bit_test_and_set(shown, pirq);
	else
		(void)bit_test_and_clear(shown, pirq);
}

static bool is_owed(const struct irq_line *line)
{
	for (unsigned i = 0; i < line->guest_count; i++)
		if (line->guest[i].owes_eoi)
			return true;
	return false;
}

/* Irq context, the line is locked; a level line is masked by now. */
static void arrived(void *arg)
{
	struct irq_line *line = arg;

	for (unsigned i = 0; i < line->guest_count; i++) {
		line->guest[i].owes_eoi = line->is_level;
		event_send_pirq(line->guest[i].d, line->guest[i].pirq);
	}
	/* Its vcpu moved: follow it, now that the line is quiet.  A shared line
	 * stays where its first guest had it. */
	if (line->guest_count == 1)
		irq_route_locked(line, READ_ONCE(line->guest[0].v->processor));
	if (line->is_level && line->guest_count > 1) {
		line->deadline = time_now() + SHARE_NS;
		timer_set(&line->timer, line->deadline);
	}
}

/* One of those who share takes too long: the others' devices go on. */
static void share_timeout(void *arg)
{
	struct irq_line *line = arg;
	uint64_t flags = lock_take_irq(&line->lock);

	if (is_owed(line) && time_now() >= line->deadline) {
		for (unsigned i = 0; i < line->guest_count; i++)
			line->guest[i].owes_eoi = false;
		irq_unmask_locked(line);
	}
	lock_drop_irq(&line->lock, flags);
}

static int make_table(struct domain *d)
{
	if (!d->pirqs)
		return -EINVAL;
	if (!d->pirqs->line)
		atomic_write(
			&d->pirqs->line, heap_alloc_array(EVENT_PIRQS_MAX,
						 sizeof(struct irq_line *)));
	return d->pirqs->line ? 0 : -ENOMEM;
}

/* count free numbers in a row, above the GSIs'. */
static int find_free(const struct domain *d, unsigned count)
{
	unsigned run = 0;

	for (unsigned i = MAX(irq_gsi_count(), 16U); i < EVENT_PIRQS_MAX; i++) {
		run = d->pirqs->line[i] ? 0 : run + 1;
		if (run == count)
			return (int)(i + 1 - count);
	}
	return -ENOSPC;
}

static int find_line(const struct domain *d, const struct irq_line *line)
{
	for (int i = 0; i < EVENT_PIRQS_MAX; i++)
		if (d->pirqs->line[i] == line)
			return i;
	return -ENOENT;
}

static void enter(struct domain *d, struct irq_line *line, unsigned pirq)
{
	uint64_t flags = lock_take_irq(&line->lock);

	atomic_write(&d->pirqs->line[pirq], line);
	lock_drop_irq(&line->lock, flags);
}

int pirq_map_gsi(struct domain *d, unsigned gsi, int *pirq)
{
	struct irq_line *line = irq_line_of_gsi(gsi);
	int r, at = *pirq, known;

	if (!line || at >= EVENT_PIRQS_MAX)
		return -EINVAL;
	lock_take(&map_lock);
	r = make_table(d);
	if (r)
		goto out;
	known = find_line(d, line);
	if (known >= 0) {
		if (at < 0)
			*pirq = known;
		else if (at != known)
			r = -EEXIST;
		goto out;
	}
	if (at < 0)
		at = gsi < EVENT_PIRQS_MAX && !d->pirqs->line[gsi]
			     ? (int)gsi
			     : find_free(d, 1);
	if (at < 0)
		r = at;
	else if (d->pirqs->line[at] && d->pirqs->line[at] != &reserved)
		r = -EEXIST;
	if (!r) {
		enter(d, line, (unsigned)at);
		*pirq = at;
	}
out:
	lock_drop(&map_lock);
	return r;
}

int pirq_map_lines(
	struct domain *d, struct irq_line **lines, unsigned count, int *pirq)
{
	int at = *pirq, r;

	lock_take(&map_lock);
	r = make_table(d);
	if (!r && at < 0) {
		at = find_free(d, count);
		if (at < 0)
			r = at;
	}
	if (!r && (unsigned)at + count > EVENT_PIRQS_MAX)
		r = -EINVAL;
	for (unsigned i = 0; !r && i < count; i++)
		if (d->pirqs->line[(unsigned)at + i] &&
			d->pirqs->line[(unsigned)at + i] != &reserved)
			r = -EEXIST;
	for (unsigned i = 0; !r && i < count; i++)
		enter(d, lines[i], (unsigned)at + i);
	if (!r)
		*pirq = at;
	lock_drop(&map_lock);
	return r;
}

int pirq_reserve(struct domain *d, uint32_t *pirq)
{
	int r;

	lock_take(&map_lock);
	r = make_table(d);
	if (!r)
		r = find_free(d, 1);
	if (r > 0) {
		atomic_write(&d->pirqs->line[r], &reserved);
		*pirq = (uint32_t)r;
		r = 0;
	}
	lock_drop(&map_lock);
	return r;
}

/* The last one who was waited for has handled it. */
static void end_locked(struct irq_line *line)
{
	if (line->is_level && line->is_on && line->is_masked && !is_owed(line))
		irq_unmask_locked(line);
}

static void unbind_locked(struct irq_line *line, struct irq_guest *guest)
{
	*guest = line->guest[--line->guest_count];
	if (line->guest_count == 0) {
		irq_stop_locked(line);
		line->handler = NULL;
	} else {
		end_locked(line);
	}
}

/* Take an entry out, with its binding. */
static void leave(struct domain *d, struct irq_line *line, unsigned pirq)
{
	struct irq_guest *guest;
	uint64_t flags = lock_take_irq(&line->lock);

	guest = guest_of(line, d, pirq);
	if (guest)
		unbind_locked(line, guest);
	atomic_write(&d->pirqs->line[pirq], NULL);
	lock_drop_irq(&line->lock, flags);
}

int pirq_unmap(struct domain *d, int pirq)
{
	struct irq_line *lines[PCI_MSI_MAX];
	unsigned count = 0;
	int r = -EINVAL;

	lock_take(&map_lock);
	if (pirq >= 0 && pirq < EVENT_PIRQS_MAX && d->pirqs && d->pirqs->line &&
		d->pirqs->line[pirq] == &reserved) {
		d->pirqs->line[pirq] = NULL;
		r = 0;
	} else if (pirq >= 0 && line_of(d, (unsigned)pirq)) {
		struct irq_line *line = line_of(d, (unsigned)pirq);

		count = line->function ? line->group : 1;
		for (unsigned i = 0; i < count; i++) {
			lines[i] = d->pirqs->line[(unsigned)pirq + i];
			leave(d, lines[i], (unsigned)pirq + i);
		}
		r = count ? 0 : -EINVAL;
	}
	lock_drop(&map_lock);
	if (count && lines[0]->function)
		pci_free_msi(lines, count);
	return r;
}

void irq_domain_free(struct domain *d)
{
	for (int i = 0; d->pirqs->line && i < EVENT_PIRQS_MAX; i++)
		if (d->pirqs->line[i])
			(void)!pirq_unmap(d, i);
	if (d->pirqs->shown)
		page_put_and_type(virt_to_page(d->pirqs->shown));
	heap_free(d->pirqs->line);
	heap_free(d->pirqs);
	d->pirqs = NULL;
}

int pirq_status(struct domain *d, unsigned pirq, uint32_t *status)
{
	struct irq_line *line = line_of(d, pirq);
	uint32_t result = 0;
	uint64_t flags;

	if (pirq >= EVENT_PIRQS_MAX)
		return -EINVAL;
	if (line) {
		flags = lock_take_irq(&line->lock);
		if (line->is_level)
			result |= XENIRQSTAT_needs_eoi;
		if (line->guest_count > 1)
			result |= XENIRQSTAT_shared;
		lock_drop_irq(&line->lock, flags);
	}
	*status = result;
	return 0;
}

static void show_all(const struct domain *d)
{
	for (unsigned pirq = 0; pirq < EVENT_PIRQS_MAX; pirq++) {
		struct irq_line *line = line_of(d, pirq);
		uint64_t flags;

		if (!line)
			continue;
		flags = lock_take_irq(&line->lock);
		if (guest_of(line, d, pirq))
			show_eoi(d, pirq, line->is_level);
		lock_drop_irq(&line->lock, flags);
	}
}

int pirq_show_eois(struct domain *d, mfn_t frame, bool eoi_unmasks)
{
	struct page *pg;
	int r = -EBUSY;

	if (!d->pirqs || !mfn_valid(frame))
		return -EINVAL;
	pg = mfn_to_page(frame);
	if (!page_get_and_type(pg, d, PT_WRITABLE))
		return -EINVAL;
	lock_take(&map_lock);
	if (!d->pirqs->shown) {
		d->pirqs->eoi_unmasks = eoi_unmasks;
		atomic_write(&d->pirqs->shown, (uint64_t *)page_to_virt(pg));
		r = 0;
	}
	lock_drop(&map_lock);
	if (r)
		page_put_and_type(pg);
	else
		show_all(d);
	return r;
}

struct page *pirq_shown_page(const struct domain *d)
{
	return d->pirqs && d->pirqs->shown ? virt_to_page(d->pirqs->shown)
					   : NULL;
}

/* Under the line's lock: 0 if one more guest may have it. */
static int may_bind(
	struct irq_line *line, struct domain *d, unsigned pirq, bool will_share)
{
	if (d->pirqs->line[pirq] != line)
		return -EPERM;
	if (line->handler && line->handler != arrived)
		return -EBUSY;
	if (guest_of(line, d, pirq))
		return -EEXIST;
	if (line->guest_count && !(will_share && line->may_share))
		return -EBUSY;
	return line->guest_count < IRQ_GUESTS_MAX ? 0 : -EBUSY;
}

int pirq_bind(struct domain *d, unsigned pirq, bool will_share)
{
	struct irq_line *line = line_of(d, pirq);
	uint64_t flags;
	int r;

	if (!line)
		return -EPERM;
	flags = lock_take_irq(&line->lock);
	r = may_bind(line, d, pirq, will_share);
	if (!r)
		r = irq_assign_vectors(&line, 1);
	if (!r) {
		line->guest[line->guest_count++] = (struct irq_guest){
			.d = d, .v = d->vcpu[0], .pirq = (uint16_t)pirq
		};
		show_eoi(d, pirq, line->is_level);
		if (line->guest_count == 1) {
			line->may_share = will_share;
			line->handler = arrived;
			line->arg = line;
			line->cpu = READ_ONCE(d->vcpu[0]->processor);
			if (!line->timer.fn)
				timer_init(&line->timer, share_timeout, line,
					this_cpu()->id);
			irq_start_locked(line);
		}
	}
	lock_drop_irq(&line->lock, flags);
	return r;
}

void pirq_unbind(struct domain *d, unsigned pirq)
{
	struct irq_line *line = line_of(d, pirq);
	struct irq_guest *guest;
	uint64_t flags;

	if (!line)
		return;
	flags = lock_take_irq(&line->lock);
	guest = guest_of(line, d, pirq);
	if (guest)
		unbind_locked(line, guest);
	lock_drop_irq(&line->lock, flags);
}

int pirq_eoi(struct domain *d, unsigned pirq)
{
	struct irq_line *line = line_of(d, pirq);
	struct irq_guest *guest;
	uint64_t flags;

	if (!line)
		return -EINVAL;
	flags = lock_take_irq(&line->lock);
	guest = guest_of(line, d, pirq);
	if (guest && guest->owes_eoi) {
		guest->owes_eoi = false;
		end_locked(line);
	}
	lock_drop_irq(&line->lock, flags);
	if (guest && d->pirqs->eoi_unmasks)
		event_unmask_pirq(d, pirq);
	return guest ? 0 : -EINVAL;
}

void pirq_set_vcpu(struct domain *d, unsigned pirq, struct vcpu *v)
{
	struct irq_line *line = line_of(d, pirq);
	struct irq_guest *guest;
	uint64_t flags;

	if (!line)
		return;
	flags = lock_take_irq(&line->lock);
	guest = guest_of(line, d, pirq);
	if (guest)
		guest->v = v;
	if (guest && line->guest_count == 1)
		irq_route_locked(line, READ_ONCE(v->processor));
	lock_drop_irq(&line->lock, flags);
}
