/* SPDX-License-Identifier: BSD-2-Clause */
/* xl migrate and migrate-receive: dommove is both sides. */
#include <stdlib.h>
#include "xl.h"

/* The other side's command line, which access rules of ssh look for. */
#define RECEIVER "xl migrate-receive"

int xl_migrate(struct xl_call *c)
{
	static const struct option longs[] = {
		{ "debug", 0, NULL, 'D' },
		{ "live", 0, NULL, 'L' },
		{ "max_iters", 1, NULL, 'I' },
		{ NULL, 0, NULL, 0 },
	};
	char *argv[] = { (char *)"dommove", (char *)"-r", (char *)RECEIVER,
		(char *)"-s", (char *)"ssh", (char *)"-n", (char *)"10", NULL,
		NULL, NULL, NULL, NULL, NULL };
	int count = 7, id;
	char *config = NULL;

	/* e keeps xl beside the guest; tenon-reaper is there for all. */
	while ((id = xl_next(c, "s:C:eDLI:", longs)) >= 0) {
		if (id == 'C')
			config = optarg;
		else if (id == 's')
			argv[4] = optarg;
		else if (id == 'I')
			argv[6] = optarg;
	}
	if (id == XL_STOP)
		return c->status;
	if (config) {
		argv[count++] = (char *)"-C";
		argv[count++] = config;
	}
	argv[count++] = (char *)"--";
	argv[count++] = c->argv[optind];
	argv[count] = c->argv[optind + 1];
	return xl_become(argv[0], argv, false);
}

int xl_migrate_receive(struct xl_call *c)
{
	char *argv[3] = { (char *)"dommove", (char *)"--receive" };
	int id;

	while ((id = xl_next(c, "ed", NULL)) >= 0)
		;
	if (id == XL_STOP)
		return c->status;
	return xl_become(argv[0], argv, false);
}
