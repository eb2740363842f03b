/* SPDX-License-Identifier: BSD-2-Clause */
/* domlog: prints the hypervisor's messages. */
#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <tenonctrl/call.h>
#include <tenonctrl/why.h>
#include "common/args.h"
#include "common/err.h"
#include "common/hvlog.h"

/* Nothing tells of new messages: how late they may be seen. */
#define LOOK_MS 250

static const struct args_option options[] = {
	{ 'f', "follow", NULL, "go on with what is to come; Ctrl-C ends it" },
	{ 'c', "clear", NULL, "empty the ring after printing it" },
	{ 0, NULL, NULL, NULL },
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static int run(bool follow, bool clear)
{
	const struct timespec nap = { .tv_nsec = LOOK_MS * 1000000L };
	struct sigaction action = { .sa_handler = on_signal };
	struct ctrl *c;
	struct why why;
	uint32_t at = 0;
	int ret = ctrl_open(&c, &why);

	if (ret) {
		err_say("%s", why.text);
		return 1;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	do {
		ret = hvlog_print(c, clear, &at);
		if (follow && !ret && !stop)
			nanosleep(&nap, NULL);
		clear = false;
	} while (follow && !ret && !stop);
	ctrl_close(c);
	return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "domlog",
		.synopsis = "",
		.about = "Prints the hypervisor's messages, oldest first.",
		.options = options,
	};
	bool follow = false, clear = false;
	int id, ret;

	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0) {
		follow |= id == 'f';
		clear |= id == 'c';
	}
	if (id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (args.operand_count)
		ret = args_usage_error(
			&args, "'%s' is not expected", args.operands[0]);
	else
		ret = run(follow, clear);
	args_free(&args);
	return ret;
}
