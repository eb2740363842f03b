/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening the hypervisor and the store; see session.h. */
#include <errno.h>
#include <string.h>
#include <tenonctrl/call.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "err.h"
#include "session.h"

int session_open(struct session *s)
{
	struct why why;
	int ret = ctrl_open(&s->ctrl, &why);

	if (ret) {
		err_say("%s", why.text);
		return ret;
	}
	ret = xs_open(&s->xs, NULL);
	if (!ret)
		return 0;
	if (ret == -EACCES || ret == -EPERM)
		err_say("the store: permission denied; run this as root");
	else
		err_say("no store daemon answers (%s); start xenstored",
			strerror(-ret));
	ctrl_close(s->ctrl);
	s->ctrl = NULL;
	return ret;
}

void session_close(struct session *s)
{
	if (s->xs)
		xs_close(s->xs);
	if (s->ctrl)
		ctrl_close(s->ctrl);
}
