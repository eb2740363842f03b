/* SPDX-License-Identifier: BSD-2-Clause */
/* domdebug: presses debug keys of the hypervisor and prints what they tell. */
#include <string.h>
#include <tenonctrl/call.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include "common/args.h"
#include "common/err.h"
#include "common/hvlog.h"

static const struct args_option options[] = {
	{ 'q', "quiet", NULL, "do not print what they tell" },
	{ 0, NULL, NULL, NULL },
};

static int press(struct ctrl *c, const char *keys, bool quiet)
{
	uint32_t at = 0;
	int ret = quiet ? 0 : hvlog_skip(c, &at);

	if (ret)
		return ret;
	ret = sysctl_press(c, keys);
	if (!ret)
		return quiet ? 0 : hvlog_print(c, false, &at);
	err_say("the hypervisor refuses the keys '%s': %s", keys,
		strerror(-ret));
	return ret;
}

static int run(const char *keys, bool quiet)
{
	struct ctrl *c;
	struct why why;
	int ret = ctrl_open(&c, &why);

	if (ret) {
		err_say("%s", why.text);
		return 1;
	}
	ret = press(c, keys, quiet);
	ctrl_close(c);
	return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "domdebug",
		.synopsis = "KEYS",
		.about = "Presses the hypervisor's debug keys and prints what "
			 "they tell; h lists them.",
		.options = options,
	};
	bool quiet = false;
	int id, ret;

	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0)
		quiet = true;
	if (id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (args.operand_count != 1 || !*args.operands[0])
		ret = args_usage_error(&args, "the keys to press are expected");
	else
		ret = run(args.operands[0], quiet);
	args_free(&args);
	return ret;
}
