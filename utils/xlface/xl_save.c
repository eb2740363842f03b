/* SPDX-License-Identifier: BSD-2-Clause */
/* xl save and restore: domsave and domrestore do it. */
#include <stdlib.h>
#include "xl.h"

int xl_save(struct xl_call *c)
{
	bool is_checkpoint = false, is_paused = false;
	char *argv[9] = { (char *)"domsave" };
	int count = 1, id;

	while ((id = xl_next(c, "cp", NULL)) >= 0) {
		is_checkpoint |= id == 'c';
		is_paused |= id == 'p';
	}
	if (id == XL_STOP)
		return c->status;
	if (is_checkpoint)
		argv[count++] = (char *)"-c";
	if (is_paused)
		argv[count++] = (char *)"-p";
	if (c->argc - optind > 2) {
		argv[count++] = (char *)"-C";
		argv[count++] = c->argv[optind + 2];
	}
	argv[count++] = (char *)"--";
	argv[count++] = c->argv[optind];
	argv[count] = c->argv[optind + 1];
	return xl_become(argv[0], argv, false);
}

int xl_restore(struct xl_call *c)
{
	static const struct option longs[] = {
		{ "vncviewer", 0, NULL, 'V' },
		{ "vncviewer-autopass", 0, NULL, 'A' },
		{ NULL, 0, NULL, 0 },
	};
	bool is_paused = false, has_console = false;
	char *argv[8] = { (char *)"domrestore" };
	int count = 1, id;

	/* e and F keep xl beside the guest; tenon-reaper is there for all. */
	while ((id = xl_next(c, "FcpedVA", longs)) >= 0) {
		is_paused |= id == 'p';
		has_console |= id == 'c';
	}
	if (id == XL_STOP)
		return c->status;
	if (is_paused)
		argv[count++] = (char *)"-p";
	if (has_console)
		argv[count++] = (char *)"-c";
	/* restore [ConfigFile] CheckpointFile */
	if (c->argc - optind > 1) {
		argv[count++] = (char *)"-C";
		argv[count++] = c->argv[optind++];
	}
	argv[count++] = (char *)"--";
	argv[count] = c->argv[optind];
	return xl_become(argv[0], argv, !has_console);
}
