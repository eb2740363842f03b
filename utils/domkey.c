/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domkey: presses a guest's keys from outside: a SysRq letter, by the store,
 * or a signal of the machine, by the hypervisor.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "common/args.h"
#include "common/each.h"
#include "common/err.h"
#include "common/session.h"

static const struct args_option options[] = { { 0, NULL, NULL, NULL } };

static const struct {
	const char *name;
	uint32_t trigger;
} triggers[] = {
	{ "nmi", XEN_DOMCTL_SENDTRIGGER_NMI },
	{ "reset", XEN_DOMCTL_SENDTRIGGER_RESET },
	{ "init", XEN_DOMCTL_SENDTRIGGER_INIT },
	{ "power", XEN_DOMCTL_SENDTRIGGER_POWER },
	{ "sleep", XEN_DOMCTL_SENDTRIGGER_SLEEP },
};

struct wish {
	const char *who;
	char letter; /* 0: a trigger */
	const char *name;
	uint32_t trigger, vcpu;
};

static int press(struct session *s, const struct wish *wish, struct why *why)
{
	struct each e;
	char path[64];
	int ret = each_find(s, wish->who, &e, why);

	if (ret)
		return ret;
	if (!wish->letter) {
		ret = domctl_trigger(
			s->ctrl, e.domid, wish->vcpu, wish->trigger);
		return ret ? why_set(why, ret,
				     "vcpu %u of domain '%s' takes no %s: %s",
				     wish->vcpu, wish->who, wish->name,
				     strerror(-ret))
			   : 0;
	}
	snprintf(path, sizeof(path), "/local/domain/%u/control/sysrq", e.domid);
	ret = xs_write(s->xs, 0, path, &wish->letter, 1);
	return ret ? why_set(why, ret, "cannot write %s into the store: %s",
			     path, strerror(-ret))
		   : 0;
}

static int run(const struct wish *wish)
{
	struct session session = { NULL, NULL };
	struct why why;
	int ret;

	if (session_open(&session))
		return 1;
	ret = press(&session, wish, &why);
	if (ret)
		err_say("%s", why.text);
	session_close(&session);
	return ret ? 1 : 0;
}

static int read_trigger(const struct args *args, struct wish *wish)
{
	unsigned long long vcpu = 0;

	wish->name = args->operands[2];
	if (args->operand_count == 4 &&
		!args_number(args->operands[3], 0, 8191, &vcpu))
		return args_usage_error(
			args, "'%s' is no vcpu", args->operands[3]);
	wish->vcpu = (uint32_t)vcpu;
	for (size_t i = 0; i < sizeof(triggers) / sizeof(triggers[0]); i++) {
		wish->trigger = triggers[i].trigger;
		if (!strcmp(triggers[i].name, wish->name))
			return 0;
	}
	return args_usage_error(args,
		"'%s' is no trigger: nmi, reset, init, power or sleep",
		wish->name);
}

static int read_words(const struct args *args, struct wish *wish)
{
	int count = args->operand_count;
	const char *verb = count ? args->operands[0] : "";

	if (!strcmp(verb, "sysrq") && count == 3) {
		wish->letter = args->operands[2][0];
		if (!wish->letter || args->operands[2][1])
			return args_usage_error(args, "'%s' is not one letter",
				args->operands[2]);
	} else if (!strcmp(verb, "trigger") && (count == 3 || count == 4)) {
		if (read_trigger(args, wish))
			return 2;
	} else {
		return args_usage_error(args,
			"expected: sysrq NAME LETTER, or trigger NAME TRIGGER");
	}
	wish->who = args->operands[1];
	return 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "domkey",
		.synopsis = "sysrq NAME|ID LETTER\n"
			    "       domkey trigger NAME|ID TRIGGER [VCPU]",
		.about = "Sends a guest a SysRq letter, or nmi, reset, init, "
			 "power or sleep.",
		.options = options,
	};
	struct wish wish = { 0 };
	int id, ret;

	args_start(&args, argc, argv);
	id = args_next(&args);
	if (id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else
		ret = read_words(&args, &wish);
	if (!id && !ret)
		ret = run(&wish);
	args_free(&args);
	return ret;
}
