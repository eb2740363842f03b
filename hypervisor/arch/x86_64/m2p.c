/* SPDX-License-Identifier: BSD-2-Clause */
/* Which frames hold the machine-to-physical table, for those who map it. */
#include <tenon/arch.h>
#include <tenon/page.h>
#include <tenon/pte.h>
#include "x86.h"

mfn_t arch_m2p_frame(unsigned chunk)
{
	vaddr_t va = M2P_BASE + (uint64_t)chunk * MIB(2);
	const uint64_t *table = mfn_to_virt(pte_mfn(read_cr3()));
	uint64_t entry = 0;

	/* Every root has our slots; mm.c maps the table with 2 MiB pages. */
	for (unsigned level = 4; level >= 2; level--) {
		entry = table[pte_index(va, level)];
		if (!(entry & PTE_PRESENT))
			return MFN(0);
		table = mfn_to_virt(pte_mfn(entry));
	}
	return pte_mfn(entry);
}
