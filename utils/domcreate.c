/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domcreate: makes a guest from a configuration and starts it. Until all is
 * done a guardian process stands by: if this one fails or is killed, nothing
 * of the guest stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <tenonctrl/build_pv.h>
#include <tenonctrl/call.h>
#include <tenonctrl/image.h>
#include <tenonctrl/why.h>
#include "common/args.h"
#include "common/bootloader.h"
#include "common/err.h"
#include "common/make.h"

/* What dom0's own kernels unpacked to; a disk's are other ones each time. */
#define KERNEL_CACHE "/var/cache/tenon"

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

/* What fills the guest. */
struct kernel {
	struct booted booted;
	struct image image;
	int ramdisk; /* -1: none */
	uint64_t ramdisk_size;
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
static int boot_load(
	struct kernel *k, struct guest *g, bool interactive, struct why *why)
{
	struct bootloader b = { .program = g->bootloader,
		.args = g->bootloader_args,
		.interactive = interactive };
	char *cmdline;
	int ret;

	if (!g->bootloader)
		return 0;
	b.disk = g->devices.disks[0].disk.target;
	ret = bootloader_run(&b, &k->booted, why);
	if (ret)
		return ret;
	g->kernel = k->booted.kernel;
	if (!g->ramdisk && k->booted.ramdisk_fd >= 0)
		g->ramdisk = k->booted.ramdisk;
	/* The loader's own arguments, then what the configuration adds. */
	if (asprintf(&cmdline, "%s%s%s", k->booted.cmdline, g->extra ? " " : "",
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

static int open_ramdisk(struct kernel *k, const char *path, struct why *why)
{
	struct stat st;

	k->ramdisk = -1;
	if (!path)
		return 0;
	k->ramdisk = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (k->ramdisk < 0 || fstat(k->ramdisk, &st))
		return why_set(why, -errno, "the ramdisk %s: %s", path,
			strerror(errno));
	if (!S_ISREG(st.st_mode))
		return why_set(why, -EINVAL,
			"the ramdisk %s is not a regular file", path);
	k->ramdisk_size = (uint64_t)st.st_size;
	return 0;
}

/* All that is named is looked at before anything is made. */
static int open_files(struct kernel *k, const struct guest *g, struct why *why)
{
	struct why inner;
	struct pv_layout layout;
	int ret = open_ramdisk(k, g->ramdisk, why);

	if (ret)
		return ret;
	ret = image_open(g->kernel, g->memory_mib << 20,
		g->bootloader ? NULL : KERNEL_CACHE, &k->image, &inner);
	if (ret) {
		k->image.fd = -1;
		return why_set(
			why, ret, "the kernel %s: %s", g->kernel, inner.text);
	}
	return pv_layout(&k->image.plan, k->ramdisk_size, g->memory_mib << 8,
		&layout, why);
}

static int build(struct maker *m, struct why *why)
{
	struct kernel *k = m->arg;
	struct build_pv b = {
		.domid = m->domid,
		.kernel = &k->image,
		.initrd = k->ramdisk,
		.initrd_size = k->ramdisk_size,
		.cmdline = m->guest.cmdline,
		.pages = m->guest.memory_mib << 8,
		.store_port = m->record.store_port,
		.console_port = m->record.console_port,
	};
	int ret = build_pv(m->session.ctrl, &b, why);

	m->record.store_mfn = b.store_mfn;
	m->record.console_mfn = b.console_mfn;
	return ret;
}

static int run(const struct args *args, const struct wish *wish)
{
	struct kernel k = { .ramdisk = -1,
		.image.fd = -1,
		.booted = { .kernel_fd = -1, .ramdisk_fd = -1 } };
	struct maker m = MAKER_EMPTY;
	struct why why;
	int ret = read_config(&m.config, args, &why);

	m.build = build;
	m.arg = &k;

	if (!ret)
		ret = guest_from_config(&m.guest, &m.config, make_warn, &why);
	if (!ret)
		ret = devices_check(&m.guest.devices, &why);
	/* What a loader finds may be another kernel each time. */
	if (!ret && !(wish->dry && m.guest.bootloader)) {
		ret = boot_load(
			&k, &m.guest, wish->make.console && isatty(0), &why);
		if (!ret)
			ret = open_files(&k, &m.guest, &why);
	}
	if (ret)
		err_say("%s", why.text);
	else if (wish->dry)
		ret = wish->make.json ? make_print_json(&m.guest, 0) : 0;
	else
		ret = make_guest(&m, &wish->make);
	if (k.ramdisk >= 0)
		close(k.ramdisk);
	if (k.image.fd >= 0)
		image_close(&k.image);
	bootloader_free(&k.booted);
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
