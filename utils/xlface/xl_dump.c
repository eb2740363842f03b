/* SPDX-License-Identifier: BSD-2-Clause */
/* xl dump-core: domdump does it. */
#include <stdlib.h>
#include "xl.h"

int xl_dump_core(struct xl_call *c)
{
	char *argv[5] = { (char *)"domdump" };
	int id;

	while ((id = xl_next(c, "", NULL)) >= 0)
		;
	if (id == XL_STOP)
		return c->status;
	argv[1] = (char *)"--";
	argv[2] = c->argv[optind];
	argv[3] = c->argv[optind + 1];
	return xl_become(argv[0], argv, false);
}
