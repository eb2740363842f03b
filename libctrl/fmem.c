/* SPDX-License-Identifier: BSD-2-Clause */
/* Foreign memory; see tenonctrl/fmem.h. */
#include <errno.h>
#include <stdlib.h>
#include <tenonctrl/call.h>
#include <tenonctrl/fmem.h>
#include "os.h"
#include "remap.h"

static int map_all(struct ctrl *c, uint32_t domid, const xen_pfn_t *frames,
	size_t count, bool writable, void **out)
{
	void *state, *map;
	const struct os_ops *ops = ctrl_os(c, &state);
	int *errors, ret;

	if (!count)
		return -EINVAL;
	errors = calloc(count, sizeof(*errors));
	if (!errors)
		return -ENOMEM;
	ret = ops->map_frames(
		state, domid, frames, count, writable, errors, &map);
	if (ret)
		goto out;
	for (size_t i = 0; i < count && !ret; i++)
		ret = errors[i];
	if (ret)
		ops->unmap(state, map, count);
	else
		*out = map;
out:
	free(errors);
	return ret;
}

int fmem_map(struct ctrl *c, uint32_t domid, const xen_pfn_t *frames,
	size_t count, void **out)
{
	return map_all(c, domid, frames, count, true, out);
}

int fmem_map_read(struct ctrl *c, uint32_t domid, const xen_pfn_t *frames,
	size_t count, void **out)
{
	return map_all(c, domid, frames, count, false, out);
}

void fmem_unmap(struct ctrl *c, void *map, size_t count)
{
	void *state;
	const struct os_ops *ops = ctrl_os(c, &state);

	if (map)
		ops->unmap(state, map, count);
}

int remap_to(struct ctrl *c, struct remap *r, uint32_t domid,
	const xen_pfn_t *frames, size_t count, bool is_writable)
{
	void *state, *map;
	const struct os_ops *ops = ctrl_os(c, &state);
	int ret;

	if (r->map && ops->remap &&
		ops->remap(state, r->map, r->count, domid, frames, count,
			is_writable)) {
		r->count = count;
		return 0;
	}
	remap_end(c, r);
	ret = map_all(c, domid, frames, count, is_writable, &map);
	if (ret)
		return ret;
	*r = (struct remap){ map, count };
	return 0;
}

void remap_end(struct ctrl *c, struct remap *r)
{
	fmem_unmap(c, r->map, r->count);
	*r = (struct remap){ NULL, 0 };
}

int fmem_map_resource(struct ctrl *c, uint32_t domid, uint32_t type,
	uint32_t id, uint32_t index, size_t count, void **out)
{
	void *state;
	const struct os_ops *ops = ctrl_os(c, &state);

	return ops->map_resource(state, domid, type, id, index, count, out);
}
