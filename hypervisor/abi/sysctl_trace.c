/* SPDX-License-Identifier: BSD-2-Clause */
/* sysctl: what is traced, and the buffers of it (tbuf_op). */
#include <tenon/errno.h>
#include <tenon/trace_buffers.h>
#include "sysctl.h"

int sysctl_trace(struct sysctl *c)
{
	struct xen_sysctl_tbuf_op *arg = &c->op.u.tbuf_op;
	struct trace_settings to = *trace_buffers_settings();
	int r;

	switch (arg->cmd) {
	case XEN_SYSCTL_TBUFOP_get_info:
		arg->evt_mask = to.events;
		arg->buffer_mfn = trace_buffers_table(&arg->size).v;
		c->must_copy_back = true;
		return 0;
	case XEN_SYSCTL_TBUFOP_set_cpu_mask:
		r = bitmap_read(&arg->cpu_mask, &to.cpus);
		if (r)
			return r;
		break;
	case XEN_SYSCTL_TBUFOP_set_evt_mask:
		to.events = arg->evt_mask;
		break;
	case XEN_SYSCTL_TBUFOP_set_size:
		return trace_buffers_resize(arg->size);
	case XEN_SYSCTL_TBUFOP_enable:
		to.is_on = true;
		break;
	case XEN_SYSCTL_TBUFOP_disable:
		to.is_on = false;
		break;
	default:
		return -EINVAL;
	}
	return trace_buffers_set(&to);
}
