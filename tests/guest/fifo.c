/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event channels as FIFO queues: a kernel that asks for them finds its events
 * there, in their order, and what it gave for queues stays plain memory.
 */
#include <public/event_channel.h>
#include "guest.h"

#define PENDING (1U << EVTCHN_FIFO_PENDING)
#define MASKED	(1U << EVTCHN_FIFO_MASKED)
#define LINKED	(1U << EVTCHN_FIFO_LINKED)
#define DEFAULT EVTCHN_FIFO_PRIORITY_DEFAULT

static struct evtchn_fifo_control_block *block =
	(struct evtchn_fifo_control_block *)page_a;
static event_word_t *words = (event_word_t *)page_b;
static uint8_t *upcall_mask;

static long op(unsigned cmd, void *arg)
{
	return HC2(__HYPERVISOR_event_channel_op, cmd, arg);
}

static uint32_t new_ipi(void)
{
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };

	expect_error("an IPI port", op(EVTCHNOP_bind_ipi, &ipi), 0);
	words[ipi.port] = 0;
	return ipi.port;
}

static void begin(void)
{
	struct evtchn_init_control c = { .control_gfn = virt_to_mfn(page_a) };
	struct evtchn_expand_array e = { .array_gfn = virt_to_mfn(page_b) };
	struct evtchn_set_priority s = { .port = 1, .priority = 1 };

	for (unsigned i = 0; i < 1024; i++)
		words[i] = MASKED;
	expect_error("words without a control block: refused",
		op(EVTCHNOP_expand_array, &e), XEN_EOPNOTSUPP);
	expect_true("a priority without queues: refused",
		op(EVTCHNOP_set_priority, &s) < 0);
	c.offset = 4;
	expect_error("a block that is not aligned: refused",
		op(EVTCHNOP_init_control, &c), XEN_EINVAL);
	c.offset = 4096 - 64;
	expect_error("a block over the page's end: refused",
		op(EVTCHNOP_init_control, &c), XEN_EINVAL);
	c.offset = 0;
	c.vcpu = 9;
	expect_error("a block of no vcpu: refused",
		op(EVTCHNOP_init_control, &c), XEN_ENOENT);
	c.vcpu = 0;
	expect_error("a control block", op(EVTCHNOP_init_control, &c), 0);
	expect("ports have 17 bits", c.link_bits, 17);
	expect_error("a second one: refused", op(EVTCHNOP_init_control, &c),
		XEN_EINVAL);
	expect_error("words", op(EVTCHNOP_expand_array, &e), 0);
	e.array_gfn = ~0UL >> 12;
	expect_error("words in no frame: refused",
		op(EVTCHNOP_expand_array, &e), XEN_EINVAL);
}

static void queue(void)
{
	uint32_t first = new_ipi(), second = new_ipi(), urgent = new_ipi();
	struct evtchn_set_priority s = { .port = urgent, .priority = 0 };
	struct evtchn_unmask u = { .port = second };
	struct evtchn_send send = { .port = second };
	unsigned before;

	expect_error("a priority", op(EVTCHNOP_set_priority, &s), 0);
	s.priority = 16;
	expect_error("one that is none: refused", op(EVTCHNOP_set_priority, &s),
		XEN_EINVAL);
	block->ready = 0;
	*upcall_mask = 0;
	before = upcall_count;
	op(EVTCHNOP_send, &send);
	expect("an upcall", upcall_count, before + 1);
	expect("its queue is ready", block->ready, 1U << DEFAULT);
	expect("its port is the head", block->head[DEFAULT], second);
	expect("its word", words[second], PENDING | LINKED);
	send.port = first;
	op(EVTCHNOP_send, &send);
	expect("no other upcall for the same queue", upcall_count, before + 1);
	expect("the next one follows", words[second] & 0x1ffff, first);
	send.port = urgent;
	op(EVTCHNOP_send, &send);
	expect("an upcall for the urgent one", upcall_count, before + 2);
	expect("which has a queue of its own", block->head[0], urgent);
	/* All are taken. */
	words[first] = words[urgent] = 0;
	words[second] = MASKED;
	block->ready = 0;
	send.port = second;
	op(EVTCHNOP_send, &send);
	expect("a masked one brings none", upcall_count, before + 2);
	expect("it is pending", words[second], MASKED | PENDING);
	expect_error("unmasking it", op(EVTCHNOP_unmask, &u), 0);
	expect("brings it", upcall_count, before + 3);
	expect("into the empty queue's head", block->head[DEFAULT], second);
	*upcall_mask = 1;
}

void guest_tests(void)
{
	struct mmuext_op pin = { .cmd = MMUEXT_PIN_L1_TABLE };

	upcall_mask = &shared->vcpu_info[0].evtchn_upcall_mask;
	begin();
	queue();
	/* What we wrote into it could make entries of a table. */
	pin.arg1.mfn = virt_to_mfn(page_b);
	map(page_b, virt_to_mfn(page_b) << 12 | 1);
	expect_true("the words cannot become a page table",
		HC4(__HYPERVISOR_mmuext_op, &pin, 1, 0, DOMID_SELF) < 0);
}
