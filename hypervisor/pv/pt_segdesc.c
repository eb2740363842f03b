/* SPDX-License-Identifier: BSD-2-Clause */
/* Segment descriptors of guests: SDM vol. 3A, section 3.4.5. */
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/pagetype.h>

#define DESC_ACCESSED	(1ULL << 40)
#define DESC_EXECUTABLE (1ULL << 43)
#define DESC_NOT_SYSTEM (1ULL << 44)
#define DESC_DPL_3	(3ULL << 45)
#define DESC_PRESENT	(1ULL << 47)
#define DESC_LONG	(1ULL << 53)
#define DESC_BIG	(1ULL << 54)

/*
 * All of a guest runs in ring 3, so any privilege it names becomes 3.  The
 * accessed bit is set so that the CPU never writes to the table.  Gates, task
 * states and tables of tables are not for guests.
 */
bool descriptor_check(uint64_t *desc)
{
	uint64_t d = *desc;

	if (!(d & DESC_PRESENT))
		return true;
	if (!(d & DESC_NOT_SYSTEM))
		return false;
	if (d & DESC_EXECUTABLE && d & DESC_LONG && d & DESC_BIG)
		return false;
	*desc = d | DESC_DPL_3 | DESC_ACCESSED;
	return true;
}

int pt_get_segdesc(struct page *pg, struct domain *d)
{
	if (!page_get(pg, d))
		return -EINVAL;
	if (pagetype_get(pg, PT_SEGDESC)) {
		page_put(pg);
		return -EINVAL;
	}
	return 0;
}
