/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's messages; see hvlog.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/sysctl.h>
#include "err.h"
#include "hvlog.h"

static int take(
	struct ctrl *c, bool clear, uint32_t *at, char **text, size_t *size)
{
	int ret = sysctl_log(c, clear, at, text, size);

	if (ret)
		err_say("cannot read the messages: %s", strerror(-ret));
	return ret;
}

int hvlog_print(struct ctrl *c, bool clear, uint32_t *at)
{
	size_t size;
	char *text;
	int ret = take(c, clear, at, &text, &size);

	if (ret)
		return ret;
	fwrite(text, 1, size, stdout);
	free(text);
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	err_say("cannot write: %s", strerror(errno));
	return -EIO;
}

int hvlog_skip(struct ctrl *c, uint32_t *at)
{
	size_t size;
	char *text;
	int ret = take(c, false, at, &text, &size);

	if (!ret)
		free(text);
	return ret;
}
