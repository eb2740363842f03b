/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domcreate: makes a guest from a configuration and starts it. Until all is
 * done a guardian process stands by: if this one fails or is killed, nothing
 * of the guest stays.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <tenonctrl/call.h>
#include <tenonctrl/why.h>
#include "common/args.h"
#include "common/bootloader.h"
#include "common/err.h"
#include "common/fill.h"
#include "common/make.h"

enum { OPT_PAUSED = 'p', OPT_CONSOLE = 'c', OPT_DRY = 'n', OPT_JSON = 'j' };

static const struct args_option options[] = {
	{ OPT_PAUSED, "paused", NULL, "leave the guest paused" },
	{ OPT_CONSOLE, "console", NULL,
		"attach to its console; Ctrl-] leaves" },
	{ OPT_DRY, "dry-run", NULL, "check the configuration, make nothing" },
	{ OPT_JSON, "json", NULL, "print what was made (or would be) as JSON" },
	{ 0, NULL, NULL, NULL },
};

struct wish {
	struct make_wish make;
	bool dry;
};

/* The operands: a file first, unless it is a setting, then settings. */
static int read_config(
	struct config *config, const struct args *args, struct why *why)
{
	int at = 0, ret = 0;

	if (at < args->operand_count && !strchr(args->operands[at], '='))
		ret = config_read(config, args->operands[at++], why);
	for (; !ret && at < args->operand_count; at++)
		ret = config_word(config, args->operands[at], why);
	return ret;
}

/* Lets the boot loader find kernel, ramdisk and command line. */
static int boot_load(struct booted *found, struct guest *g, bool interactive,
	struct why *why)
{
	struct bootloader b = { .program = g->bootloader,
		.args = g->bootloader_args,
		.interactive = interactive };
	char *cmdline;
	int ret;

	if (!g->bootloader)
		return 0;
	b.disk = g->devices.disks[0].disk.target;
	ret = bootloader_run(&b, found, why);
	if (ret)
		return ret;
	g->kernel = found->kernel;
	if (!g->ramdisk && found->ramdisk_fd >= 0)
		g->ramdisk = found->ramdisk;
	/* The loader's own arguments, then what the configuration adds. */
	if (asprintf(&cmdline, "%s%s%s", found->cmdline, g->extra ? " " : "",
		    g->extra ? g->extra : "") < 0)
		return why_set(why, -ENOMEM, "out of memory");
	free(g->cmdline);
	g->cmdline = cmdline;
	if (strlen(cmdline) < MAX_GUEST_CMDLINE)
		return 0;
	return why_set(why, -EINVAL,
		"the kernel's command line has %zu bytes, at most %d are "
		"possible",
		strlen(cmdline), MAX_GUEST_CMDLINE - 1);
}

static int run(const struct args *args, const struct wish *wish)
{
	struct fill fill = FILL_EMPTY;
	struct booted found = { .kernel_fd = -1, .ramdisk_fd = -1 };
	struct maker m = MAKER_EMPTY;
	struct why why;
	int ret = read_config(&m.config, args, &why);

	m.build = fill_build;
	m.arg = &fill;
	if (!ret)
		ret = guest_from_config(&m.guest, &m.config, make_warn, &why);
	if (!ret)
		ret = devices_check(&m.guest.devices, &why);
	/* What a loader finds may be another kernel each time, so none is kept.
	 */
	if (!ret && !(wish->dry && m.guest.bootloader)) {
		ret = boot_load(&found, &m.guest,
			wish->make.console && isatty(0), &why);
		if (!ret)
			ret = fill_open(&fill, &m.guest,
				m.guest.bootloader ? NULL : FILL_CACHE, &why);
	}
	if (ret)
		err_say("%s", why.text);
	else if (wish->dry)
		ret = wish->make.json ? make_print_json(&m.guest, 0) : 0;
	else
		ret = make_guest(&m, &wish->make);
	fill_close(&fill);
	bootloader_free(&found);
	make_end(&m);
	return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "domcreate",
		.synopsis = "[FILE] [KEY=VALUE]...",
		.about = "Makes a guest from a configuration file in the "
			 "syntax of xl.cfg(5), from\nKEY=VALUE words, or from "
			 "both, and starts it.",
		.options = options,
	};
	struct wish wish = { 0 };
	int id, ret;

	/* A guardian that is gone is reported by the write itself. */
	signal(SIGPIPE, SIG_IGN);
	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0) {
		wish.make.paused |= id == OPT_PAUSED;
		wish.make.console |= id == OPT_CONSOLE;
		wish.dry |= id == OPT_DRY;
		wish.make.json |= id == OPT_JSON;
	}
	if (id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (!args.operand_count)
		ret = args_usage_error(&args, "no configuration is given");
	else
		ret = run(&args, &wish);
	args_free(&args);
	return ret;
}
