/* SPDX-License-Identifier: BSD-2-Clause */
/* The micro-guest's runtime: see guest.h. */
#include <public/event_channel.h>
#include <public/io/console.h>
#include <public/sched.h>
#include "guest.h"

#define VIRT_BASE 0xffffffff80000000ULL
#define M2P	  ((const uint64_t *)0xffff800000000000ULL)
#define FRAME	  0x000ffffffffff000ULL

extern uint64_t kernel_rsp;
extern char run_user_end[];
/* Handlers of vectors 0 to 31, then 128, 129 and 130; start.S. */
extern const uint64_t trap_handlers[35];
extern char trap_event[], trap_failsafe[], trap_syscall[];

void guest_main(struct start_info *si);
void trap(struct frame *f);

struct start_info *start_info;
struct shared_info *shared;
bool is_dom0;
volatile struct frame last_trap;
volatile unsigned trap_count, upcall_count;
uint64_t trap_resume;
bool (*trap_hook)(struct frame *f);
uint64_t last_events[64];
char page_a[4096] __attribute__((aligned(4096)));
char page_b[4096] __attribute__((aligned(4096)));
char user_stack[4096] __attribute__((aligned(4096)));

static unsigned passed, failed;
static char shared_page[4096] __attribute__((aligned(4096)));
static volatile struct xencons_interface *ring;

void yield(void)
{
	HC2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
}

static void notify_console(void)
{
	struct evtchn_send send = { .port = start_info->console.domU.evtchn };

	HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send);
}

static void ring_put(char c)
{
	while (ring->out_prod - ring->out_cons >= sizeof(ring->out)) {
		notify_console();
		sleep_ns(1000000);
	}
	ring->out[MASK_XENCONS_IDX(ring->out_prod, ring->out)] = c;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	ring->out_prod++;
}

void print(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	if (is_dom0) {
		HC3(__HYPERVISOR_console_io, 0, n, s);
		return;
	}
	for (size_t i = 0; i < n; i++)
		ring_put(s[i]);
	if (n && s[n - 1] == '\n')
		notify_console();
}

void print_number(uint64_t n)
{
	char buf[19];
	int i = 18;

	buf[i] = '\0';
	do
		buf[--i] = "0123456789abcdef"[n & 15];
	while ((n >>= 4) && i > 2);
	buf[--i] = 'x';
	buf[--i] = '0';
	print(buf + i);
}

void expect(const char *name, uint64_t got, uint64_t expected)
{
	if (got == expected) {
		passed++;
		print("ok ");
		print(name);
	} else {
		failed++;
		print("not ok ");
		print(name);
		print(": got ");
		print_number(got);
		print(", expected ");
		print_number(expected);
	}
	print("\n");
}

void expect_true(const char *name, bool is_true)
{
	expect(name, is_true, true);
}

void expect_error(const char *name, long got, int error)
{
	expect(name, (uint64_t)got, (uint64_t) - (long)error);
}

uint64_t pfn_to_mfn(uint64_t pfn)
{
	return ((uint64_t *)start_info->mfn_list)[pfn];
}

uint64_t mfn_to_pfn(uint64_t mfn)
{
	return M2P[mfn];
}

void *pfn_to_virt(uint64_t pfn)
{
	return (void *)(VIRT_BASE + (pfn << 12));
}

uint64_t virt_to_pfn(const void *p)
{
	return ((uint64_t)p - VIRT_BASE) >> 12;
}

uint64_t virt_to_mfn(const void *p)
{
	return pfn_to_mfn(virt_to_pfn(p));
}

uint64_t pte_address(uint64_t va, unsigned level)
{
	uint64_t *table = (uint64_t *)start_info->pt_base;
	uint64_t mfn = virt_to_mfn(table);

	for (unsigned l = 4; l > level; l--) {
		uint64_t e = table[va >> (12 + 9 * (l - 1)) & 511];

		mfn = (e & FRAME) >> 12;
		table = pfn_to_virt(mfn_to_pfn(mfn));
	}
	return (mfn << 12) + (va >> (12 + 9 * (level - 1)) & 511) * 8;
}

volatile uint64_t *pte_of(const void *va, unsigned level)
{
	uint64_t at = pte_address((uint64_t)va, level);

	return (uint64_t *)((char *)pfn_to_virt(mfn_to_pfn(at >> 12)) +
			    (at & 4095));
}

long mmu_update(uint64_t ptr, uint64_t val)
{
	struct mmu_update u = { .ptr = ptr, .val = val };

	return HC4(__HYPERVISOR_mmu_update, &u, 1, 0, DOMID_SELF);
}

long map(const void *va, uint64_t entry)
{
	return HC3(__HYPERVISOR_update_va_mapping, va, entry, UVMF_INVLPG);
}

void share_root(void)
{
	struct mmuext_op op = { .cmd = MMUEXT_NEW_USER_BASEPTR };

	op.arg1.mfn = virt_to_mfn((void *)start_info->pt_base);
	expect_error("the user's root is the kernel's",
		HC4(__HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF), 0);
}

void run_user(void (*fn)(void))
{
	struct user_frame f = { (uint64_t)fn, FLAT_USER_CS, 0x202,
		(uint64_t)user_stack + sizeof(user_stack) - 8, FLAT_USER_SS };

	run_frame(&f);
}

uint64_t system_time(void)
{
	volatile struct vcpu_time_info *t = &shared->vcpu_info[0].time;
	uint32_t lo, hi, version;
	uint64_t delta, now;

	do {
		version = t->version;
		__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi)::"memory");
		delta = (lo | (uint64_t)hi << 32) - t->tsc_timestamp;
		delta = t->tsc_shift < 0 ? delta >> -t->tsc_shift
					 : delta << t->tsc_shift;
		now = t->system_time +
		      (uint64_t)((unsigned __int128)delta *
					 t->tsc_to_system_mul >>
				 32);
	} while (version & 1 || version != t->version);
	return now;
}

void sleep_ns(uint64_t ns)
{
	uint64_t end = system_time() + ns;
	evtchn_port_t port = 0;
	struct sched_poll poll = { .nr_ports = 1, .timeout = end };

	poll.ports.p = &port;
	/* It may end early, for an event of a masked port. */
	do
		HC2(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
	while (system_time() < end &&
		!shared->vcpu_info[0].evtchn_upcall_pending);
}

domid_t own_domid(void)
{
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF,
		.remote_dom = DOMID_SELF };
	struct evtchn_bind_interdomain b = { .remote_dom = DOMID_SELF };
	struct evtchn_status st = { .dom = DOMID_SELF };
	struct evtchn_close end;

	HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &a);
	b.remote_port = a.port;
	HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, &b);
	st.port = a.port;
	HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_status, &st);
	end.port = b.local_port;
	HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_close, &end);
	end.port = a.port;
	HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_close, &end);
	return st.u.interdomain.dom;
}

bool has_word(const char *word)
{
	const char *at = (const char *)start_info->cmd_line;

	while (*at) {
		size_t n = 0;

		while (word[n] && at[n] == word[n])
			n++;
		if (!word[n] && (!at[n] || at[n] == ' '))
			return true;
		while (*at && *at++ != ' ')
			;
	}
	return false;
}

/* Acknowledge all that is pending, in the order that the ABI asks for. */
static void take_events(void)
{
	uint64_t sel;

	shared->vcpu_info[0].evtchn_upcall_pending = 0;
	sel = __atomic_exchange_n(
		&shared->vcpu_info[0].evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
	for (; sel; sel &= sel - 1) {
		unsigned word = (unsigned)__builtin_ctzll(sel);

		last_events[word] = __atomic_exchange_n(
			&shared->evtchn_pending[word], 0, __ATOMIC_SEQ_CST);
	}
}

/* No trap was expected: said once, for everything after it is in doubt. */
static void unexpected(const struct frame *f)
{
	print("not ok an unexpected trap: vector ");
	print_number(f->vector);
	print(", error ");
	print_number(f->error);
	print(", rip ");
	print_number(f->rip);
	print(", cr2 ");
	print_number(shared->vcpu_info[0].arch.cr2);
	print("\nmicro-guest: ended early\n");
	stop(SHUTDOWN_crash);
}

void trap(struct frame *f)
{
	if (f->vector == TRAP_EVENT) {
		upcall_count++;
		take_events();
		return;
	}
	/* Anybody may send one (VCPUOP_send_nmi); nmi.c alone waits for it. */
	if (f->vector == 2 && !trap_hook)
		return;
	last_trap = *f;
	trap_count++;
	if (f->cs & 3) {
		/* Back from user mode into run_user's caller. */
		f->cs = FLAT_KERNEL_CS & ~3UL;
		f->ss = FLAT_KERNEL_SS;
		f->rsp = kernel_rsp;
		f->rip = (uint64_t)run_user_end;
		f->rflags = 0x202;
		return;
	}
	if (trap_hook && trap_hook(f))
		return;
	if (trap_resume) {
		f->rip = trap_resume;
		trap_resume = 0;
		return;
	}
	/* Those that leave rip behind the instruction need no help. */
	if (f->vector != 3 && f->vector != 4 && f->vector < 128)
		unexpected(f);
}

void set_traps(void)
{
	static struct trap_info table[36];

	for (unsigned i = 0; i < 35; i++) {
		table[i].vector = (uint8_t)(i < 32 ? i : 128 + i - 32);
		table[i].flags = i == 3 || i == 32 || i == 34 ? 3 : 0;
		table[i].cs = FLAT_KERNEL_CS;
		table[i].address = trap_handlers[i];
	}
	HC1(__HYPERVISOR_set_trap_table, table);
	HC3(__HYPERVISOR_set_callbacks, trap_event, trap_failsafe,
		trap_syscall);
}

/* What was printed is read before the guest is gone. */
static void drain(void)
{
	for (int i = 0; !is_dom0 && i < 300; i++) {
		if (ring->out_cons == ring->out_prod)
			return;
		notify_console();
		sleep_ns(10000000);
	}
}

void stop(unsigned reason)
{
	struct sched_shutdown off = { .reason = reason };

	drain();
	for (;;)
		HC2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &off);
}

void guest_main(struct start_info *si)
{
	start_info = si;
	is_dom0 = si->flags & SIF_INITDOMAIN;
	shared = (struct shared_info *)shared_page;
	if (!is_dom0)
		ring = pfn_to_virt(mfn_to_pfn(si->console.domU.mfn));
	set_traps();
	map(shared_page, si->shared_info | 7);
	/* The console's port would wake us for nothing. */
	for (unsigned i = 0; i < 64; i++)
		shared->evtchn_mask[i] = ~0UL;
	shared->vcpu_info[0].evtchn_pending_sel = 0;
	shared->vcpu_info[0].evtchn_upcall_pending = 0;
	guest_tests();
	print("micro-guest: ");
	print_number(passed);
	print(" passed, ");
	print_number(failed);
	print(" failed\n");
	stop(is_dom0 ? SHUTDOWN_reboot : SHUTDOWN_poweroff);
}
