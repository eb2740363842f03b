/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pygrub-c: boots a guest's own kernel from its own disk. Bytes of the guest
 * are read in jails alone (jail.h); this process passes messages.
 */
#include <signal.h>
#include <stddef.h>
#include <tenonctrl/why.h>
#include "common/err.h"
#include "broker.h"
#include "options.h"

/* Waiting ends with EINTR, and all that was begun is taken back. */
static void on_signal(int signal)
{
	(void)signal;
	broker_is_stopped = 1;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct options options;
	struct why why;
	int ret = options_read(&options, argc, argv);

	if (ret)
		return ret == -2 ? 2 : 0;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	ret = broker_run(&options, &why);
	if (ret)
		err_say("%s: %s", options.image, why.text);
	return ret ? 1 : 0;
}
