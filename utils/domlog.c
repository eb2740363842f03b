/* SPDX-License-Identifier: BSD-2-Clause */
/* domlog: prints the hypervisor's messages. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tenonctrl/call.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include "common/args.h"
#include "common/err.h"

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

/* What is new since `*at`. */
static int print(struct ctrl *c, bool clear, uint32_t *at)
{
	size_t size = 0;
	char *text;
	int ret = sysctl_log(c, clear, at, &text, &size);

	if (ret) {
		err_say("cannot read the messages: %s", strerror(-ret));
		return ret;
	}
	fwrite(text, 1, size, stdout);
	free(text);
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	err_say("cannot write: %s", strerror(errno));
	return -EIO;
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
		ret = print(c, clear, &at);
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
