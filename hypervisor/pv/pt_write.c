/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writable page tables: a guest kernel stores into a table that it sees read
 * only; the fault tells where, the instruction tells what.
 */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/pv.h>
#include "pt_private.h"
#include "pt_store.h"

/* Executes s at offset of the table: atomically, as if locked. */
static int execute(struct vcpu *v, struct page *pg, unsigned level,
	unsigned offset, const struct store *s, struct cpu_user_regs *regs)
{
	const struct pt_change c = { v->domain, v->domain, v, false };
	unsigned index = offset / 8, shift = offset % 8 * 8;
	uint64_t *slot = &table_entries(pg)[index];
	uint64_t mask = width_mask(s->width);
	struct outcome out;
	uint64_t old;
	int r;

	do {
		uint64_t entry = READ_ONCE(*slot);

		old = entry >> shift & mask;
		store_compute(s, regs, old, &out);
		r = !out.writes ? 0
				: pt_entry_swap(&c, slot, level, index, entry,
					  (entry & ~(mask << shift)) |
						  out.value << shift);
		if (r == -EAGAIN && v->arch.old_table)
			return -ERESTART_HC;
	} while (r == -EAGAIN);
	if (!r)
		store_finish(s, regs, old, &out);
	return r;
}

/*
 * What kernels do most, in few steps: a plain store or exchange of a whole
 * entry of a level-1 table.  False: nothing was done, the general way decides.
 */
static bool write_frequent(struct vcpu *v, vaddr_t addr, uint64_t entry,
	struct cpu_user_regs *regs)
{
	struct page *pg = mfn_to_page(pte_mfn(entry));
	uint64_t *slot = &table_entries(pg)[(addr & ~PAGE_MASK) / 8];
	uint64_t old, *reg;
	uint8_t bytes[16];
	unsigned length;
	int r;

	if (addr % 8 || (regs->rip & ~PAGE_MASK) > PAGE_SIZE - sizeof(bytes) ||
		arch_copy_from_guest(bytes, regs->rip, sizeof(bytes)))
		return false;
	length = store_decode_frequent(regs, bytes, &reg);
	if (!length || !fast_table_get(pg, v->domain, PT_L1))
		return false;
	do {
		old = READ_ONCE(*slot);
		r = fast_entry_swap(v->domain, slot, old, *reg);
	} while (r == -EAGAIN);
	if (unlikely(!fast_type_put(pg)))
		pagetype_put(pg);
	if (r)
		return false;
	if (bytes[1] == 0x87)
		*reg = old;
	regs->rip += length;
	regs->rflags &= ~FLAG_RF;
	return true;
}

/* The frame that an entry maps read-only, if it is a table of v's domain in
 * use: with a page and a type reference. */
static int get_faulting_table(
	struct vcpu *v, uint64_t entry, struct page **pg, enum page_type *type)
{
	uint64_t word;

	*pg = mfn_to_page(pte_mfn(entry));
	if (!page_get(*pg, v->domain))
		return -EFAULT;
	word = READ_ONCE((*pg)->type);
	*type = type_of(word);
	if (word & TYPE_COUNT && type_is_table(*type) &&
		!pagetype_get(*pg, *type))
		return 0;
	page_put(*pg);
	return -EFAULT;
}

/*
 * A plain store to a device's memory that is read-only for everybody: it is
 * dropped, for drivers do not expect a fault there.
 */
static no_inline bool drop_device_store(struct vcpu *v, vaddr_t addr,
	uint64_t entry, struct cpu_user_regs *regs)
{
	uint8_t bytes[INSN_MAX];
	struct outcome out;
	struct store s;

	if (!v->domain->is_hardware || !pt_is_readonly_device(pte_mfn(entry)) ||
		!store_decode(regs, addr, bytes,
			pv_fetch(v, regs->rip, bytes, sizeof(bytes)), &s) ||
		s.op != OP_MOV)
		return false;
	store_compute(&s, regs, 0, &out);
	store_finish(&s, regs, 0, &out);
	return true;
}

static no_inline bool write_general(struct vcpu *v, vaddr_t addr,
	uint64_t entry, struct cpu_user_regs *regs)
{
	uint8_t bytes[INSN_MAX];
	struct store s;
	struct page *pg;
	enum page_type type;
	int r;

	if (get_faulting_table(v, entry, &pg, &type))
		return false;
	if (!store_decode(regs, addr, bytes,
		    pv_fetch(v, regs->rip, bytes, sizeof(bytes)), &s) ||
		addr % s.width)
		r = -EINVAL;
	else
		r = execute(v, pg, type - PT_L1 + 1,
			(unsigned)(addr & ~PAGE_MASK), &s, regs);
	if (pagetype_drop(pg, 0, !v->arch.old_table)) {
		/* Dropped by another meanwhile: the last reference is ours. */
		pt_leave(v, pg);
		return true;
	}
	page_put(pg);
	/* Preempted: the guest executes it again and faults again. */
	return !r || r == -ERESTART_HC;
}

bool pt_write_fault(struct vcpu *v, vaddr_t addr, struct cpu_user_regs *regs)
{
	uint64_t entry;
	mfn_t table;

	/* A user process may see tables too; writing them is not for it. */
	if (!v->arch.in_kernel || pt_finish(v))
		return v->arch.in_kernel;
	if (!is_canonical(addr) || is_hypervisor_va(addr) ||
		!pt_walk_down(v, addr, &table))
		return false;
	entry = READ_ONCE(
		((const uint64_t *)mfn_to_virt(table))[pte_index(addr, 1)]);
	if (!(entry & PTE_PRESENT) || entry & (PTE_RW | PTE_GRANT))
		return false;
	if (unlikely(!is_ram(pte_mfn(entry))))
		return drop_device_store(v, addr, entry, regs);
	return write_frequent(v, addr, entry, regs) ||
	       write_general(v, addr, entry, regs);
}
