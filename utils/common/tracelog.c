/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records of known events are described by a table: each field's kind and name.
 * The kinds: v a vcpu packed in a word; u, x a word in decimal, in hex; q two
 * words in hex; h a hypercall's number and which of its arguments follow; t a
 * trap's vector and error code.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <public/xen.h>
#include "tracelog.h"

/* Records of Tenon alone. */
#define OWN_PV	  0x00204000U
#define OWN_EVENT (OWN_PV + 1)
#define OWN_TIMER (TRC_HW_IRQ + 0x81)

static const struct kind {
	uint32_t event;
	const char *name;
	const char *fields;
} kinds[] = {
	{ TRC_LOST_RECORDS, "lost", "u:records" },
	{ TRC_SCHED_SLEEP, "sleep", "u:domid u:vcpu" },
	{ TRC_SCHED_WAKE, "wake", "u:domid u:vcpu" },
	{ TRC_SCHED_YIELD, "yield", "u:domid u:vcpu" },
	{ TRC_SCHED_BLOCK, "block", "u:domid u:vcpu" },
	{ TRC_SCHED_SWITCH, "switch",
		"u:from_domid u:from_vcpu u:domid u:vcpu" },
	{ TRC_DOM0_DOM_ADD, "domain_made", "u:domid" },
	{ TRC_DOM0_DOM_REM, "domain_gone", "u:domid" },
	{ TRC_MEM_PAGE_GRANT_MAP, "grant_map", "u:domid" },
	{ TRC_MEM_PAGE_GRANT_UNMAP, "grant_unmap", "u:domid" },
	{ TRC_PV_TRAP | TRC_64_FLAG, "trap", "q:rip t:vector" },
	{ TRC_PV_PAGE_FAULT | TRC_64_FLAG, "page_fault",
		"q:rip q:address x:error" },
	{ TRC_PV_FORCED_INVALID_OP | TRC_64_FLAG, "cpuid", "q:rip" },
	{ TRC_PV_EMULATE_PRIVOP | TRC_64_FLAG, "privileged", "q:rip" },
	{ TRC_PV_PAGING_FIXUP | TRC_64_FLAG, "fault_mended",
		"q:rip q:address" },
	{ TRC_PV_PTWR_EMULATION | TRC_64_FLAG, "table_write",
		"q:entry q:address q:rip" },
	{ TRC_PV_HYPERCALL_V2, "hypercall", "h:call" },
	{ TRC_PV_HYPERCALL_SUBCALL, "multicall", "h:call" },
	{ OWN_EVENT, "event", "v:to u:port" },
	{ TRC_HW_IRQ_UNMAPPED_VECTOR, "stray_interrupt", "u:vector" },
	{ TRC_HW_IRQ_HANDLED, "interrupt", "u:line u:began u:ended" },
	{ OWN_TIMER, "timer", "" },
};

static const char *const calls[] = {
	[__HYPERVISOR_set_trap_table] = "set_trap_table",
	[__HYPERVISOR_mmu_update] = "mmu_update",
	[__HYPERVISOR_set_gdt] = "set_gdt",
	[__HYPERVISOR_stack_switch] = "stack_switch",
	[__HYPERVISOR_set_callbacks] = "set_callbacks",
	[__HYPERVISOR_fpu_taskswitch] = "fpu_taskswitch",
	[__HYPERVISOR_platform_op] = "platform_op",
	[__HYPERVISOR_set_debugreg] = "set_debugreg",
	[__HYPERVISOR_get_debugreg] = "get_debugreg",
	[__HYPERVISOR_update_descriptor] = "update_descriptor",
	[__HYPERVISOR_memory_op] = "memory_op",
	[__HYPERVISOR_multicall] = "multicall",
	[__HYPERVISOR_update_va_mapping] = "update_va_mapping",
	[__HYPERVISOR_set_timer_op] = "set_timer_op",
	[__HYPERVISOR_xen_version] = "xen_version",
	[__HYPERVISOR_console_io] = "console_io",
	[__HYPERVISOR_grant_table_op] = "grant_table_op",
	[__HYPERVISOR_vm_assist] = "vm_assist",
	[__HYPERVISOR_iret] = "iret",
	[__HYPERVISOR_vcpu_op] = "vcpu_op",
	[__HYPERVISOR_set_segment_base] = "set_segment_base",
	[__HYPERVISOR_mmuext_op] = "mmuext_op",
	[__HYPERVISOR_sched_op] = "sched_op",
	[__HYPERVISOR_event_channel_op] = "event_channel_op",
	[__HYPERVISOR_physdev_op] = "physdev_op",
	[__HYPERVISOR_sysctl] = "sysctl",
	[__HYPERVISOR_domctl] = "domctl",
};

static const struct {
	const char *name;
	uint32_t mask;
} classes[] = {
	{ "all", TRC_ALL },
	{ "sched", TRC_SCHED },
	{ "runstate", TRC_SCHED_MIN },
	{ "pv", TRC_PV },
	{ "hypercall", TRC_PV_ENTRY | TRC_PV_SUBCALL },
	{ "event", OWN_PV },
	{ "irq", TRC_HW_IRQ },
	{ "mem", TRC_MEM },
	{ "domain", TRC_DOM0OP },
};

const char *tracelog_classes(void)
{
	return "all, sched, runstate, pv, hypercall, event, irq, mem, domain";
}

static int add(struct tracelog *log, const struct tracelog_record *record)
{
	struct tracelog_record *more;
	size_t room = log->room ? 2 * log->room : 1024;

	if (log->count == log->room) {
		more = realloc(log->records, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		log->records = more;
		log->room = room;
	}
	log->records[log->count] = *record;
	log->records[log->count].number = log->count;
	log->count++;
	return 0;
}

/* The record at `bytes`; the bytes that it takes, 0: it is cut. */
static size_t parse(struct tracelog *log, const uint8_t *bytes, size_t size,
	struct tracelog_record *record)
{
	uint32_t head, tsc[2];
	size_t at = sizeof(head);

	if (size < at)
		return 0;
	memcpy(&head, bytes, sizeof(head));
	record->event = TRC_HD_TO_EVENT(head);
	record->count = TRC_HD_EXTRA(head);
	if (TRC_HD_INCLUDES_CYCLE_COUNT(head)) {
		if (size < at + sizeof(tsc))
			return 0;
		memcpy(tsc, bytes + at, sizeof(tsc));
		log->tsc = tsc[0] | (uint64_t)tsc[1] << 32;
		at += sizeof(tsc);
	}
	if (size < at + 4 * record->count)
		return 0;
	memset(record->words, 0, sizeof(record->words));
	memcpy(record->words, bytes + at, 4 * record->count);
	record->tsc = log->tsc;
	record->cpu = log->cpu;
	return at + 4 * record->count;
}

int tracelog_add(struct tracelog *log, const uint8_t *bytes, size_t size)
{
	struct tracelog_record record;
	size_t n;
	int ret = 0;

	for (size_t at = 0; !ret && at < size; at += n) {
		n = parse(log, bytes + at, size - at, &record);
		if (!n)
			return -EINVAL;
		if (record.event == TRC_TRACE_CPU_CHANGE)
			log->cpu = record.words[0];
		else if (record.event != TRC_TRACE_WRAP_BUFFER)
			ret = add(log, &record);
	}
	return ret;
}

static int compare(const void *a, const void *b)
{
	const struct tracelog_record *x = a, *y = b;

	if (x->tsc != y->tsc)
		return x->tsc < y->tsc ? -1 : 1;
	/* As they stood. */
	return x->number < y->number ? -1 : x->number > y->number;
}

void tracelog_sort(struct tracelog *log)
{
	if (log->count)
		qsort(log->records, log->count, sizeof(*log->records), compare);
}

void tracelog_free(struct tracelog *log)
{
	free(log->records);
	*log = (struct tracelog){ 0 };
}

/* Old and new state are in the event's number. */
static bool is_runstate(uint32_t event)
{
	return (event & ~0x330U) == TRC_SCHED_RUNSTATE_CHANGE;
}

static const struct kind *find(uint32_t event)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].event == event)
			return &kinds[i];
	return NULL;
}

const char *tracelog_name(uint32_t event)
{
	const struct kind *kind = find(event);

	if (is_runstate(event))
		return "runstate";
	return kind ? kind->name : NULL;
}

struct out {
	char *text;
	size_t room, used;
	bool json;
};

static void put(struct out *o, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* In JSON what does not begin with a digit, or is hex, is a string. */
static void put(struct out *o, const char *name, const char *fmt, ...)
{
	char value[64];
	bool is_number;
	va_list ap;
	int n;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	is_number = strspn(value, "0123456789") == strlen(value);
	n = snprintf(o->text + o->used, o->room - o->used,
		!o->json    ? "%s%s=%s"
		: is_number ? "%s\"%s\":%s"
			    : "%s\"%s\":\"%s\"",
		o->used ? o->json ? "," : " " : "", name, value);
	if (n > 0)
		o->used += (size_t)n < o->room - o->used
				   ? (size_t)n
				   : o->room - o->used - 1;
}

static void put_vcpu(struct out *o, uint32_t word)
{
	put(o, "domid", "%u", word >> 16);
	put(o, "vcpu", "%u", word & 0xffff);
}

static uint64_t pair(const uint32_t *word)
{
	return word[0] | (uint64_t)word[1] << 32;
}

static void put_call(struct out *o, const struct tracelog_record *r)
{
	static const char *const names[] = { "a0", "a1", "a2", "a3", "a4",
		"a5" };
	uint32_t nr = r->words[0] & ~TRC_PV_HYPERCALL_V2_ARG_MASK, at = 1;

	if (nr < sizeof(calls) / sizeof(calls[0]) && calls[nr])
		put(o, "call", "%s", calls[nr]);
	else
		put(o, "call", "%u", nr);
	for (unsigned i = 0; i < 6; i++) {
		uint32_t size = r->words[0] >> (20 + 2 * i) & 3;

		if (size != 1 && size != 2)
			continue;
		if (at + size > r->count)
			return;
		put(o, names[i], "0x%llx",
			(unsigned long long)(size == 2 ? pair(&r->words[at])
						       : r->words[at]));
		at += size;
	}
}

static void put_raw(struct out *o, const struct tracelog_record *r)
{
	static const char *const names[] = { "w0", "w1", "w2", "w3", "w4", "w5",
		"w6" };

	put(o, "number", "0x%x", r->event);
	for (uint32_t i = 0; i < r->count; i++)
		put(o, names[i], "0x%x", r->words[i]);
}

/* One field; the words that it takes. */
static uint32_t put_field(struct out *o, char kind, const char *name,
	const struct tracelog_record *r, uint32_t at)
{
	uint32_t word = r->words[at];

	switch (kind) {
	case 'v':
		put_vcpu(o, word);
		return 1;
	case 'x':
		put(o, name, "0x%x", word);
		return 1;
	case 'q':
		if (at + 2 > r->count)
			return 2;
		put(o, name, "0x%llx", (unsigned long long)pair(&r->words[at]));
		return 2;
	case 't':
		put(o, name, "%u", word & 0x7fff);
		put(o, "error", "0x%x", word >> 16);
		return 1;
	case 'h':
		put_call(o, r);
		return r->count;
	default:
		put(o, name, "%u", word);
		return 1;
	}
}

void tracelog_words(
	const struct tracelog_record *r, bool json, char *text, size_t room)
{
	static const char *const states[] = { "running", "runnable", "blocked",
		"offline" };
	struct out o = { text, room, 0, json };
	const struct kind *kind = find(r->event);
	const char *p = kind ? kind->fields : "";
	uint32_t at = 0;
	char name[32];
	int used;

	text[0] = '\0';
	if (is_runstate(r->event)) {
		put_vcpu(&o, r->words[0]);
		put(&o, "from", "%s", states[r->event >> 8 & 3]);
		put(&o, "to", "%s", states[r->event >> 4 & 3]);
		return;
	}
	if (!kind) {
		put_raw(&o, r);
		return;
	}
	while (at < r->count && *p &&
		sscanf(p + 2, "%31[^ ]%n", name, &used) == 1) {
		at += put_field(&o, *p, name, r, at);
		p += 2 + used;
		p += *p == ' ';
	}
}

static int one_class(const char *word, size_t length, uint32_t *mask)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (strlen(classes[i].name) == length &&
			!strncmp(classes[i].name, word, length)) {
			*mask |= classes[i].mask;
			return 0;
		}
	}
	return -EINVAL;
}

int tracelog_mask(const char *text, uint32_t *mask)
{
	uint32_t all = 0;
	unsigned long number;
	char *end;
	size_t n;

	errno = 0;
	number = strtoul(text, &end, 0);
	if (text[0] >= '0' && text[0] <= '9') {
		if (*end || errno || number > TRC_ALL || !number)
			return -EINVAL;
		*mask = (uint32_t)number;
		return 0;
	}
	for (;; text += n + 1) {
		n = strcspn(text, ",");
		if (one_class(text, n, &all))
			return -EINVAL;
		if (!text[n])
			break;
	}
	*mask = all;
	return 0;
}
