/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls made from the fuzzer's input: see calls.h and calls.def.  Most bytes
 * give what makes sense (a frame, a port or an address that is there), some
 * give what does not.
 */
#include "calls.h"

#include <string.h>
#include <tenon/arch.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/panic.h>
#include <tenon/pte.h>
#include <tenon/pv.h>
#include <tenon/shadow.h>
#include <public/domctl.h>
#include <public/platform.h>
#include <public/sysctl.h>

#define STRUCT_MAX	 6144
#define ARG_BYTES	 (2 * PAGE_SIZE) /* a vcpu's: its calls' structures */
#define BATCH_MAX	 4
#define NR_ANY		 64 /* beyond the table */

#define __HYPERVISOR_any NR_ANY
static const struct call {
	uint8_t nr;
	uint16_t cmd, sub;
	const char *args, *body;
} calls[] = {
#define CALL(name, cmd, sub, args, body) \
	{ __HYPERVISOR_##name, cmd, sub, args, body },
#include "calls.def"
#undef CALL
};

const uint8_t *calls_input, *calls_end;
mfn_t calls_frames[CALLS_DOMAINS][CALLS_FRAMES];
uint16_t calls_functions[2];
uint64_t calls_bar;

uint8_t calls_next(void)
{
	return calls_input < calls_end ? *calls_input++ : 0;
}

uint64_t calls_raw(unsigned bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | calls_next();
	return value;
}

static unsigned self(void)
{
	return current->domain->id % CALLS_DOMAINS;
}

uint64_t calls_frame(uint8_t v)
{
	if (v < 0xc0)
		return calls_frames[self()][v % CALLS_FRAMES].v;
	if (v < 0xf0)
		return calls_frames[v % CALLS_DOMAINS]
				   [v / CALLS_DOMAINS % CALLS_FRAMES]
					   .v;
	return v < 0xf8 ? v : frame_count - 4 + v % 8;
}

static uint64_t flags(uint8_t v)
{
	uint64_t f =
		PTE_USER | (v & 15 ? PTE_PRESENT : 0) | (v & 16 ? PTE_RW : 0);

	if (v >= 0xe0)
		f |= PTE_PSE << (v & 1) | PTE_NX | PTE_GRANT;
	return f;
}

vaddr_t calls_address(uint8_t v)
{
	return FAKE_SPACE_VA + v % (CALLS_FRAMES + 2) * PAGE_SIZE +
	       (v >= 0xe0 ? v * 8U : 0);
}

static uint64_t table_address(uint8_t v)
{
	uint64_t table =
		calls_frames[self()][CALLS_PAGES + v % FAKE_SPACE_TABLES].v;

	return table << PAGE_SHIFT | (v >> 2) % 24 * 8U;
}

static uint16_t domain_number(uint8_t v)
{
	static const uint16_t special[] = { DOMID_IO, DOMID_XEN, DOMID_IDLE,
		DOMID_INVALID };

	if (v < 0x60)
		return DOMID_SELF;
	return v < 0xf0 ? v % 5 : special[v % ARRAY_SIZE(special)];
}

uint64_t calls_wild(void)
{
	uint8_t kind = calls_next(), v = calls_next();

	switch (kind % 7) {
	case 0:
		return v;
	case 1:
		return ~0ULL << v % 64;
	case 2:
		return 1ULL << v % 64;
	case 3:
		return ~(uint64_t)v;
	case 4:
		return HYPERVISOR_VA_START + v * PAGE_SIZE;
	case 5:
		return calls_frame(v);
	default:
		return calls_raw(8);
	}
}

/* A code segment or data, writable or not, perhaps with a bit too many. */
static uint64_t descriptor(uint8_t v)
{
	return 0x00cff3000000ffffULL ^ (1ULL << v % 64) ^
	       (v & 64 ? 1ULL << 43 : 0);
}

struct body {
	vaddr_t va;
	size_t n;
	uint8_t bytes[STRUCT_MAX];
};

static void put(struct body *b, uint64_t value, size_t n)
{
	BUG_ON(b->n + n > sizeof(b->bytes));
	memcpy(b->bytes + b->n, &value, n);
	b->n += n;
}

/* A guest's store, where its tables let it. */
void calls_store(vaddr_t va, const void *from, size_t n)
{
	struct vcpu *v = current;
	const uint8_t *bytes = from;

	while (n) {
		size_t part = MIN(n, PAGE_SIZE - (va & ~PAGE_MASK));
		uint32_t error = 0;
		void *to = fake_guest_access(va, true, &error);

		while (!to && v->domain->is_followed &&
			shadow_fault(v, va, &error)) {
			error = 0;
			to = fake_guest_access(va, true, &error);
		}
		if (to)
			memcpy(to, bytes, part);
		va += part;
		bytes += part;
		n -= part;
	}
}

/* What "b" points to: numbers of every kind. */
static vaddr_t buffer(void)
{
	uint8_t v = calls_next();
	vaddr_t va = FAKE_SPACE_VA + (4 + v % 4) * PAGE_SIZE;
	uint64_t words[8];

	if (v >= 0xf8)
		return calls_wild();
	if (v & 8)
		va += PAGE_SIZE - 16;
	if (v & 16) {
		for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
			uint8_t w = calls_next();

			words[i] = w & 0x80 ? w % 16 | (uint64_t)(w % 7) << 32
					    : calls_frame(w);
		}
		calls_store(va, words, sizeof(words));
	}
	return va;
}

/* struct vcpu_guest_context, with this domain's root. */
static void put_context(struct body *b)
{
	struct vcpu_guest_context c = { .flags = VGCF_in_kernel };
	unsigned pokes = calls_next() % 8;
	uint64_t *words = (uint64_t *)&c;

	c.ctrlreg[3] = xen_pfn_to_cr3(calls_frames[self()][CALLS_FRAMES - 1].v);
	c.user_regs.rip = CALLS_RIP;
	c.user_regs.rsp = c.kernel_sp = FAKE_SPACE_VA + 2 * PAGE_SIZE;
	c.user_regs.cs = FLAT_KERNEL_CS;
	c.user_regs.ss = c.kernel_ss = FLAT_KERNEL_SS;
	while (pokes--) {
		unsigned at = (unsigned)calls_raw(2);

		/* Mostly behind the traps. */
		if (at & 1)
			at = 64 + 26 + 512 + at / 2 % 44;
		words[at % (sizeof(c) / 8)] =
			calls_next() & 1 ? calls_frame(calls_next())
					 : calls_wild();
	}
	memcpy(b->bytes + b->n, &c, sizeof(c));
	b->n += sizeof(c);
}

static uint16_t control_command(const struct call *c)
{
	return c->cmd == 255 ? calls_next() % 92 : c->cmd;
}

static void put_header(struct body *b, const struct call *c, uint32_t version)
{
	put(b, control_command(c), 4);
	put(b, version, 4);
}

static unsigned width(char letter)
{
	static const char two[] = "dwzoQ", eight[] = "NXfegabmFcjMRDtTYu0U";

	if (strchr(two, letter))
		return 2;
	return strchr(eight, letter) ? 8 : 4;
}

/* The value of a letter: of calls.def, but for those of the structures. */
static uint64_t field(const struct call *c, char letter)
{
	uint8_t v;

	switch (letter) {
	case 'z': /* padding */
	case '0':
		return 0;
	case 'k':
		return c->cmd;
	case 's':
		return c->sub;
	case 'X':
		return calls_wild();
	case 'b':
		return buffer();
	}
	v = calls_next();
	if (v == 0xff)
		return calls_wild();
	switch (letter) {
	case 'd':
		return domain_number(v);
	case 'U': /* mmu_update's two domains */
		return (v % 5 + 1U) << 16 | v / 5 % 5U;
	case 'f':
		return calls_frame(v);
	case 'e':
		return pte_make(MFN(calls_frame(v)), flags(calls_next()));
	case 'g':
		return v % 32;
	case 'a':
		return calls_address(v);
	case 'm':
		return table_address(v) | (v >= 0xc0 ? v & 3 : 0);
	case 'F': /* in a page of its own */
		return calls_frame(v % CALLS_PAGES) << PAGE_SHIFT |
		       (v & 0xf0) / 2;
	case 'j': /* where a grant goes */
		return v & 0x80 ? table_address(v) : calls_address(v);
	case 'M': /* machine address */
		return v & 0x80 ? calls_frame(v & 0x7f) << PAGE_SHIFT : 0;
	case 'L': /* GNTMAP_* */
		return v & 0x80 ? v & 31 : v & 1 ? 6 : 2;
	case 'R': /* of a copy: a reference or a frame */
		return v & 0x80 ? calls_frame(v & 0x7f) : v % 12U;
	case 'o':
		return v & 0x80 ? v & 0x7f : v * 32U;
	case 'c':
		return 0x1000 + v;
	case 'D':
		return descriptor(v);
	case 't': /* ns, soon or never */
		return v & 0x80 ? v : time_now() + v * 100000ULL;
	case 'u': /* UVMF_* */
		return v & 8 ? (calls_address(v) & ~7ULL) | (v & 7) : v & 7;
	case 'v':
		return v % 3;
	case 'q': /* order */
		return v & 0x80 ? v & 31 : v & 1;
	case 'y': /* of memory_op, with its start */
		return c->cmd | (v & 0x80 ? (v & 15U) << 6 : 0);
	case 'Q': /* bus 0 and function */
		return (v < 0x80 ? calls_functions[v & 1] & 255U : v) << 8;
	case 'B':
		return v < 0x80 ? calls_functions[v & 1] : v;
	case 'T':
		return v & 1 ? calls_bar : 0;
	case 'w':
		return v % 8;
	default: /* n N p r h i: small numbers */
		return v & 0x80 ? v & 0x7f : v % 12U;
	}
}

static unsigned make(const struct call *c, vaddr_t *room, uint64_t args[6]);

static void put_entry(struct body *b, vaddr_t *room)
{
	const struct call *c = &calls[calls_next() % ARRAY_SIZE(calls)];
	struct multicall_entry e = { 0 };

	if (!strchr(c->body, 'E') && !strchr(c->body, 'V'))
		e.op = make(c, room, (uint64_t *)e.args);
	memcpy(b->bytes + b->n, &e, sizeof(e));
	b->n += sizeof(e);
}

static void put_field(
	struct body *b, const struct call *c, char letter, vaddr_t *room)
{
	switch (letter) {
	case 'K':
		put_header(b, c,
			calls_next() == 255 ? 0 : XEN_DOMCTL_INTERFACE_VERSION);
		put(b, domain_number((uint8_t)(calls_next() | 0x60)), 8);
		break;
	case 'H':
		put_header(b, c, XEN_SYSCTL_INTERFACE_VERSION);
		break;
	case 'P':
		put_header(b, c, XENPF_INTERFACE_VERSION);
		break;
	case 'V':
		put_context(b);
		break;
	case 'E':
		put_entry(b, room);
		break;
	case 'Y': /* behind "@" */
		put(b, b->va + 256, 8);
		break;
	case '@':
		b->n = 256;
		break;
	default:
		put(b, field(c, letter), width(letter));
	}
}

/* Structures at *room, which moves on; their number in *count. */
static vaddr_t make_body(const struct call *c, vaddr_t *room, unsigned *count)
{
	static struct body bodies[2]; /* a multicall's, and its calls' */
	struct body *b = &bodies[strchr(c->body, 'E') == NULL];

	*count = strchr(c->args, 'C') ? 1 + calls_next() % BATCH_MAX : 1;
	memset(b, 0, sizeof(*b));
	b->va = *room;
	*room += strchr(c->body, 'V') ? STRUCT_MAX : 320;
	for (unsigned i = 0; i < *count; i++) {
		for (const char *p = c->body; *p; p++)
			put_field(b, c, *p, room);
		b->n = ALIGN_UP(b->n, 8);
	}
	calls_store(b->va, b->bytes, b->n);
	return b->va;
}

/* A call with its structures in guest memory; returns its number. */
static unsigned make(const struct call *c, vaddr_t *room, uint64_t args[6])
{
	unsigned count = 1, nr = c->nr;
	vaddr_t body = *c->body ? make_body(c, room, &count) : *room;

	for (unsigned i = 0; i < 6 && c->args[i]; i++)
		switch (c->args[i]) {
		case 'A':
			args[i] = body;
			break;
		case 'C':
			args[i] = count;
			break;
		case 'S':
			arch_guest_regs()->rsp = body;
			break;
		default:
			args[i] = field(c, c->args[i]);
		}
	return nr == NR_ANY ? calls_next() % (NR_ANY + 2U) : nr;
}

void calls_prepare(void)
{
	struct cpu_user_regs *regs = arch_guest_regs();
	vaddr_t room = FAKE_SPACE_VA + current->id * ARG_BYTES;
	const struct call *c = &calls[calls_next() % ARRAY_SIZE(calls)];
	uint64_t args[6] = { 0 };

	if (regs->rip == CALLS_AGAIN_RIP || !current->arch.in_kernel)
		return;
	regs->rax = make(c, &room, args);
	regs->rdi = args[0];
	regs->rsi = args[1];
	regs->rdx = args[2];
	regs->r10 = args[3];
	regs->r8 = args[4];
	regs->r9 = args[5];
	regs->rip = CALLS_AGAIN_RIP;
}
