/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile guests at their page tables: three domains (the first privileged)
 * with two vcpus each, on three CPUs.  A script of 4-byte steps commits
 * entries, pins, loads roots, stores into tables, touches memory through the
 * TLBs, gives frames back and takes new ones, with preemption wherever the
 * script says so, and two CPUs at once where it says so.  Domains are followed
 * (log-dirty) at times: then what they write must be noted.  After each step
 * counts, types, shadows and TLBs are audited.
 */
#include <stdlib.h>
#include <string.h>
#include <tenon/arch.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/panic.h>
#include <tenon/pte.h>
#include <tenon/shadow.h>
#include <arch/fake.h>

#define DOMAINS	   3
#define CPUS	   3
#define FRAMES	   128 /* few: what is given back is soon another's */
#define DATA	   16
#define STEPS	   400
#define ALL_FRAMES (DATA + FAKE_SPACE_TABLES)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct guest {
	struct domain *d;
	mfn_t m[ALL_FRAMES]; /* what it had first: some come and go */
};

static struct guest guests[DOMAINS];
static unsigned yield_in; /* questions until "yes"; 0: never */

static bool should_yield(void)
{
	return yield_in && --yield_in == 0;
}

static void start_guest(unsigned i)
{
	struct guest *g = &guests[i];
	struct vcpu *v;

	g->d = fake_domain((domid_t)i, 40, 2);
	g->d->is_privileged = i == 0;
	v = g->d->vcpu[0];
	fake_enter(v, i);
	BUG_ON(fake_space(v, DATA, g->m));
}

static void stop_guest(struct guest *g)
{
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		if (cpus[cpu]->vcpu->domain == g->d)
			fake_enter(NULL, cpu);
	g->d->life = DOMAIN_DYING;
	while (pt_relinquish(g->d))
		;
}

static void check(void)
{
	unsigned was = this_cpu()->id, yields = yield_in;

	yield_in = 0;
	page_audit();
	pagetype_audit(NULL);
	fake_tlb_audit();
	fake_play(was);
	yield_in = yields;
}

/* A frame: mostly of the same guest, sometimes of another, of nobody, none. */
static mfn_t pick_frame(const struct guest *g, uint8_t n)
{
	if (n < 0xc0)
		return g->m[n % ALL_FRAMES];
	if (n < 0xe0)
		return guests[n % DOMAINS].m[n / DOMAINS % ALL_FRAMES];
	if (n < 0xf0)
		return MFN(n);
	return MFN(frame_count - 8 + n % 16);
}

static uint64_t pick_flags(uint8_t n)
{
	uint64_t flags = PTE_PRESENT | PTE_USER;

	if (n & 1)
		flags |= PTE_RW;
	if ((n & 0x0e) == 0x0e)
		flags &= ~PTE_PRESENT;
	if ((n & 0x70) == 0x70)
		flags |= PTE_PSE;
	if ((n & 0x30) == 0x30)
		flags |= PTE_GRANT | PTE_GLOBAL;
	if ((n & 0xc0) == 0xc0)
		flags |= PTE_NX | PTE_PCD;
	return flags;
}

/* Few indices, so that steps meet; all levels of the guest's own addresses. */
static unsigned pick_index(uint8_t n)
{
	static const unsigned special[] = { 255, 256, 271, 272, 511, 16, 17,
		0 };

	return n < 0xd0 ? n % ALL_FRAMES : special[n % ARRAY_SIZE(special)];
}

/* A guest that is followed faults for us, too; what it writes is noted. */
static void *access_memory(vaddr_t va, bool is_write)
{
	struct vcpu *v = current;
	uint32_t error = 0;
	void *p = fake_guest_access(va, is_write, &error);
	uint64_t pfn;

	while (!p && v->domain->is_followed && shadow_fault(v, va, &error)) {
		error = 0;
		p = fake_guest_access(va, is_write, &error);
	}
	if (!p || !is_write || !v->domain->is_followed)
		return p;
	pfn = m2p[virt_to_mfn(p).v];
	BUG_ON(page_owner(virt_to_page(p)) == v->domain->id &&
		pfn < shadow_pfns(v->domain) &&
		!(shadow_peek(v->domain, pfn & ~63ULL) >> pfn % 64 & 1));
	return p;
}

static void touch(vaddr_t va, bool is_write)
{
	uint64_t *p = access_memory(va & ~7ULL, is_write);

	/* What it writes is an entry that would give it everything. */
	if (p && is_write)
		*p = pte_make(
			guests[2].m[DATA], PTE_PRESENT | PTE_USER | PTE_RW);
}

static void store_into_table(struct vcpu *v, const uint8_t *s)
{
	static const uint8_t insns[][5] = { { 0x48, 0x89, 0x0b },
		{ 0x48, 0x87, 0x0b }, { 0xf0, 0x80, 0x23, 0xfd },
		{ 0xf0, 0x48, 0x0f, 0xb1, 0x0b } };
	struct cpu_user_regs *r = arch_guest_regs();
	vaddr_t code = FAKE_SPACE_VA + (DATA - 1) * PAGE_SIZE;
	void *p = access_memory(code, true);

	if (!p)
		return;
	memcpy(p, insns[s[1] % ARRAY_SIZE(insns)], sizeof(insns[0]));
	memset(r, 0, sizeof(*r));
	r->rip = code;
	r->rcx = pte_make(
		pick_frame(&guests[v->domain->id], s[3]), pick_flags(s[1]));
	(void)pt_write_fault(v,
		FAKE_SPACE_VA + (s[2] % ALL_FRAMES) * PAGE_SIZE +
			pick_index(s[3]) * 8,
		r);
}

/* Its vcpus stop, and it is followed, or read, or no more. */
static void follow(struct guest *g, uint8_t how)
{
	struct vcpu *on[CPUS];
	unsigned was = this_cpu()->id;

	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		on[cpu] = cpus[cpu]->vcpu;
		if (on[cpu]->domain == g->d)
			fake_enter(NULL, cpu);
	}
	if (!g->d->is_followed) {
		(void)!shadow_enable(g->d, 1);
	} else if (how & 1) {
		shadow_disable(g->d);
	} else {
		shadow_protect(g->d);
		for (uint64_t at = 0; at < shadow_pfns(g->d); at += 64)
			(void)shadow_take(g->d, at);
	}
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		if (on[cpu]->domain == g->d)
			fake_enter(on[cpu], cpu);
	fake_play(was);
}

static void new_frame(struct guest *g, uint8_t n)
{
	struct page *pg;

	if (!page_alloc_domain(g->d, 0, n & 1 ? ALLOC_NO_SCRUB : 0, &pg))
		g->m[n % ALL_FRAMES] = page_to_mfn(pg);
}

/* Mostly after a use that its TLB remembers. */
static void give_back(struct guest *g, struct vcpu *v, uint8_t n)
{
	mfn_t m = g->m[n % ALL_FRAMES];
	vaddr_t va = FAKE_SPACE_VA + n % ALL_FRAMES * PAGE_SIZE;

	if (!(n & 0x80)) {
		(void)access_memory(va, n & 0x40);
		(void)!pt_update_va(v, g->d, va, 0);
	}

	if (page_owner(mfn_to_page(m)) == g->d->id &&
		page_get(mfn_to_page(m), g->d)) {
		page_unalloc(mfn_to_page(m));
		page_put(mfn_to_page(m));
	}
}

static void exchange(struct guest *g, uint8_t n)
{
	struct page *pg = mfn_to_page(g->m[n % ALL_FRAMES]);

	if (!page_get(pg, g->d))
		return;
	if (page_steal(pg, g->d))
		page_put(pg);
	else if (n & 0x80 || page_assign(pg, guests[n % DOMAINS].d))
		page_free_stolen(pg);
}

/*
 * A data frame becomes a table in the guest's tree, with some entries to other
 * frames: zeroed ones are good tables of any level, so trees grow.
 */
static void grow(struct guest *g, struct vcpu *v, const uint8_t *s)
{
	unsigned level = 1 + s[1] % 3, n = s[2] % DATA;
	vaddr_t va = FAKE_SPACE_VA + n * PAGE_SIZE;
	struct page *pg = mfn_to_page(g->m[n]);
	uint64_t *entries = page_to_virt(pg);

	if (pt_update_va(
		    v, g->d, va, pte_make(g->m[n], PTE_PRESENT | PTE_USER)) ||
		!page_get_and_type(pg, g->d, PT_WRITABLE))
		return;
	memset(entries, 0, PAGE_SIZE);
	for (unsigned i = 0; i < s[3] % 4U; i++)
		entries[i * 7] = pte_make(
			g->m[(n + 1 + i) % DATA], pick_flags(s[1] & 0x81));
	page_put_and_type(pg);
	(void)!pt_commit(g->d, g->d, v, g->m[DATA + level],
		20 + (s[3] >> 2) % 4, pte_make(g->m[n], pick_flags(1)), false);
}

static void move_vcpu(const uint8_t *s)
{
	struct vcpu *v = guests[s[1] % DOMAINS].d->vcpu[s[2] % 2];
	struct vcpu *other = guests[s[1] % DOMAINS].d->vcpu[0];

	if (v->is_running)
		return;
	if (!v->arch.root.v && pt_new_root(v, other->arch.root, false))
		return;
	fake_enter(v, s[3] % CPUS);
}

static void change_entry(struct guest *g, struct vcpu *v, const uint8_t *s)
{
	struct guest *other = g->d->is_privileged ? &guests[s[0] >> 6] : g;
	mfn_t table = pick_frame(g, s[1]);

	if (other >= &guests[DOMAINS])
		other = g;
	(void)!pt_commit(g->d, other->d, v, table, pick_index(s[2]),
		pte_make(pick_frame(other, s[3]), pick_flags(s[2] ^ s[1])),
		s[1] & 1);
}

/* What the vcpu on this CPU does. */
static void act(const uint8_t *s)
{
	struct vcpu *v = current;
	struct guest *g;
	struct page *pg;

	if (v->is_idle)
		return;
	g = &guests[v->domain->id];
	if (pt_finish(v))
		return;
	switch (s[0] & 15) {
	case 0:
	case 1:
	case 2:
		change_entry(g, v, s);
		break;
	case 3:
		(void)!pt_update_va(v, g->d,
			FAKE_SPACE_VA + pick_index(s[1]) * PAGE_SIZE,
			pte_make(pick_frame(g, s[2]), pick_flags(s[3])));
		break;
	case 4:
		(void)!pt_pin(g->d, pick_frame(g, s[1]), s[2] % 6);
		break;
	case 5:
		(void)!pt_unpin(g->d, pick_frame(g, s[1]));
		break;
	case 6:
		(void)!pt_new_root(v, pick_frame(g, s[1]), s[2] & 1);
		break;
	case 7:
		store_into_table(v, s);
		break;
	case 8:
	case 9:
		touch(FAKE_SPACE_VA + pick_index(s[1]) * PAGE_SIZE +
				((uint64_t)s[2] % 8 << 21) + s[3] * 8,
			s[0] & 1);
		break;
	case 10:
		new_frame(g, s[1]);
		break;
	case 11:
		give_back(g, v, s[1]);
		break;
	case 12:
		exchange(g, s[1]);
		break;
	case 13:
	case 14:
		if (s[1] & 1)
			(void)page_scrub_some();
		else if (s[1] & 2)
			arch_tlb_flush(CPUMASK(s[2] % CPUS), TLB_ALL, 0);
		else
			pt_flush(g->d);
		break;
	default:
		if (!(s[2] & 2)) {
			grow(g, v, s);
			break;
		}
		/* Once: in a race an exchange may change g->m. */
		pg = mfn_to_page(g->m[s[1] % ALL_FRAMES]);
		if (page_get_and_type(
			    pg, g->d, s[2] & 1 ? PT_SEGDESC : PT_WRITABLE))
			page_put_and_type(pg);
		break;
	}
}

static void act_in_race(void *arg)
{
	act(arg);
}

static uint32_t race_seed;

static unsigned choose(unsigned n)
{
	race_seed = race_seed * 1103515245 + 12345;
	return (race_seed >> 16) % n;
}

/* One step, or with a bit of its last byte this and the next one at the same
 * time on two CPUs.  Returns how many. */
static unsigned step(const uint8_t *s, size_t left)
{
	unsigned cpu = (s[0] >> 4) % CPUS;

	fake_play(cpu);
	if ((s[0] & 15) == 13 || current->is_idle) {
		move_vcpu(s);
		return 1;
	}
	if ((s[0] & 15) == 14 && s[1] & 4 && !current->is_idle) {
		follow(&guests[current->domain->id], s[2]);
		return 1;
	}
	yield_in = s[3] & 0x40 ? s[3] % 16 : 0;
	if (s[3] & 0x80 && left >= 8) {
		uint8_t steps[8];

		memcpy(steps, s, 8);
		race_seed = s[1] | (uint32_t)s[5] << 8 | (uint32_t)s[6] << 16;
		fake_spawn(cpu, act_in_race, steps);
		fake_spawn((cpu + 1) % CPUS, act_in_race, steps + 4);
		fake_run(choose);
		yield_in = 0;
		return 2;
	}
	act(s);
	yield_in = 0;
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fake_start(FRAMES, CPUS);
	fake_should_yield = should_yield;
	yield_in = 0;
	for (unsigned i = 0; i < DOMAINS; i++)
		start_guest(i);
	check();
	for (size_t i = 0; i + 4 <= size && i < 4 * STEPS;) {
		i += 4 * step(data + i, size - i);
		check();
	}
	for (unsigned i = 0; i < DOMAINS; i++)
		stop_guest(&guests[i]);
	check();
	fake_play(0);
	for (unsigned i = 0; i < DOMAINS; i++)
		fake_domain_free(guests[i].d);
	fake_should_yield = NULL;
	fake_stop();
	return 0;
}
