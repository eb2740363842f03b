/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a person sees of a panic: registers, and a backtrace with names from
 * the table that mksymbols.sh put into the image.
 */
#include <tenon/arch.h>
#include <tenon/console.h>
#include <tenon/cpu.h>
#include <public/xen.h>
#include "traps.h"
#include "x86.h"

extern const uint32_t symbols_count;
extern const uint32_t symbols_offsets[];
extern const char symbols_names[];
extern char image_start[], image_text_end[];

const char *symbol_name(uint64_t address, uint64_t *offset)
{
	uint64_t rel = address - (uint64_t)image_start;
	const char *name = symbols_names;
	uint32_t i = 0;

	if (address < (uint64_t)image_start ||
		address >= (uint64_t)image_text_end || symbols_count == 0 ||
		rel < symbols_offsets[0])
		return NULL;
	while (i + 1 < symbols_count && symbols_offsets[i + 1] <= rel) {
		while (*name++)
			;
		i++;
	}
	*offset = rel - symbols_offsets[i];
	return name;
}

static void print_address(uint64_t address)
{
	uint64_t offset;
	const char *name = symbol_name(address, &offset);

	if (name)
		log_err("  %p %s+%#lx", (void *)address, name,
			(unsigned long)offset);
	else
		log_err("  %p", (void *)address);
}

void dump_backtrace(uint64_t rip, uint64_t rbp)
{
	uint64_t base = (uint64_t)arch_cpu_top() & ~(STACK_SIZE - 1UL);

	log_err("backtrace:");
	print_address(rip);
	for (int depth = 0; depth < 24; depth++) {
		const uint64_t *frame = (const uint64_t *)rbp;

		if (rbp < base || rbp + 16 > base + STACK_SIZE || rbp % 8)
			break;
		print_address(frame[1]);
		if (frame[0] <= rbp)
			break;
		rbp = frame[0];
	}
}

void dump_regs(const struct cpu_user_regs *r)
{
	log_err("CPU %u  rip %p  cs %#x  rflags %#lx", this_cpu()->id,
		(void *)r->rip, r->cs, (unsigned long)r->rflags);
	log_err("rax %016lx rbx %016lx rcx %016lx", (unsigned long)r->rax,
		(unsigned long)r->rbx, (unsigned long)r->rcx);
	log_err("rdx %016lx rsi %016lx rdi %016lx", (unsigned long)r->rdx,
		(unsigned long)r->rsi, (unsigned long)r->rdi);
	log_err("rbp %016lx rsp %016lx r8  %016lx", (unsigned long)r->rbp,
		(unsigned long)r->rsp, (unsigned long)r->r8);
	log_err("r9  %016lx r10 %016lx r11 %016lx", (unsigned long)r->r9,
		(unsigned long)r->r10, (unsigned long)r->r11);
	log_err("r12 %016lx r13 %016lx r14 %016lx", (unsigned long)r->r12,
		(unsigned long)r->r13, (unsigned long)r->r14);
	log_err("r15 %016lx cr2 %016lx cr3 %016lx cr4 %lx",
		(unsigned long)r->r15, (unsigned long)read_cr2(),
		(unsigned long)read_cr3(), (unsigned long)read_cr4());
	dump_backtrace(r->rip, r->rbp);
}

void arch_dump(void)
{
	dump_backtrace((uint64_t)__builtin_return_address(0),
		(uint64_t)__builtin_frame_address(0));
}
