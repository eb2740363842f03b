/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line; see options.h. */
#include <pwd.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include "common/args.h"
#include "options.h"

#define NOBODY 65534 /* of Debian and Fedora alike */

enum {
	OPT_QUIET = 'q',
	OPT_INTERACTIVE = 'i',
	OPT_LIST = 'l',
	OPT_NOT_REALLY = 'n',
	OPT_OUTPUT = 256,
	OPT_OUTPUT_FORMAT,
	OPT_DIRECTORY,
	OPT_ENTRY,
	OPT_KERNEL,
	OPT_RAMDISK,
	OPT_ARGS,
	OPT_OFFSET,
	OPT_IS_CONFIG,
	OPT_RUNAS,
	OPT_DEBUG,
	OPT_FORMAT,
};

static const struct args_option table[] = {
	{ OPT_QUIET, "quiet", NULL, "no menu: take the default" },
	{ OPT_INTERACTIVE, "interactive", NULL,
		"show the menu and wait, whatever the configuration says" },
	{ OPT_LIST, "list-entries", NULL, "list the entries, boot nothing" },
	{ OPT_NOT_REALLY, "not-really", NULL, "choose, but copy no files" },
	{ OPT_OUTPUT, "output", "FILE", "where the result goes" },
	{ OPT_OUTPUT_FORMAT, "output-format", "FORMAT",
		"sxp, simple or simple0" },
	{ OPT_DIRECTORY, "output-directory", "DIR",
		"where kernel and ramdisk go (/run/xen/pygrub)" },
	{ OPT_ENTRY, "entry", "ENTRY", "take this entry: number, id or title" },
	{ OPT_KERNEL, "kernel", "PATH", "take this kernel, no configuration" },
	{ OPT_RAMDISK, "ramdisk", "PATH", "and this ramdisk" },
	{ OPT_ARGS, "args", "TEXT", "more for the kernel's command line" },
	{ OPT_OFFSET, "offset", "BYTES", "where the file system begins" },
	{ OPT_IS_CONFIG, "isconfig", NULL,
		"IMAGE is a configuration file, not a disk" },
	{ OPT_RUNAS, "runas", "USER", "whom the jails run as (nobody)" },
	{ OPT_DEBUG, "debug", NULL, "say what was found and left out" },
	{ OPT_FORMAT, "format", "FORMAT",
		"of the image: raw, qcow2, vpc, vhdx, vmdk, vdi" },
	{ 0, NULL, NULL, NULL },
};

static int take_user(struct options *o, struct args *args)
{
	unsigned long long id;
	const struct passwd *pw;

	if (args_number(args->value, 0, 0xfffffffe, &id))
		pw = getpwuid((uid_t)id);
	else
		pw = getpwnam(args->value);
	if (!pw)
		return args_usage_error(
			args, "--runas: there is no user %s", args->value);
	o->user = (struct jail_user){ .uid = pw->pw_uid, .gid = pw->pw_gid };
	return 0;
}

static int take_output_format(struct options *o, struct args *args)
{
	static const char *const names[] = { "sxp", "simple", "simple0" };

	for (int i = 0; i < 3; i++) {
		if (!strcmp(args->value, names[i])) {
			o->output_format = (enum output_format)i;
			return 0;
		}
	}
	return args_usage_error(
		args, "--output-format is sxp, simple or simple0");
}

static int take_format(struct options *o, struct args *args)
{
	static const char *const names[] = { "raw", "qcow2", "vpc", "vhdx",
		"vmdk", "vdi" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(args->value, names[i])) {
			o->format = i ? names[i] : NULL;
			return 0;
		}
	}
	return args_usage_error(args, "--format: %s is not known", args->value);
}

static int take(struct options *o, int id, struct args *args)
{
	unsigned long long n;

	switch (id) {
	case OPT_QUIET:
		o->quiet = true;
		return 0;
	case OPT_INTERACTIVE:
		o->interactive = true;
		return 0;
	case OPT_LIST:
		o->list = true;
		return 0;
	case OPT_NOT_REALLY:
		o->not_really = true;
		return 0;
	case OPT_IS_CONFIG:
		o->is_config = true;
		return 0;
	case OPT_DEBUG:
		o->debug = true;
		return 0;
	case OPT_OUTPUT:
		o->output = args->value;
		return 0;
	case OPT_DIRECTORY:
		o->directory = args->value;
		return 0;
	case OPT_ENTRY:
		o->entry = args->value;
		return 0;
	case OPT_KERNEL:
		o->kernel = args->value;
		return 0;
	case OPT_RAMDISK:
		o->ramdisk = args->value;
		return 0;
	case OPT_ARGS:
		o->args = args->value;
		return 0;
	case OPT_OFFSET:
		if (!args_number(args->value, 0, INT64_MAX, &n))
			return args_usage_error(
				args, "--offset is a number of bytes");
		o->has_offset = true;
		o->offset = n;
		return 0;
	case OPT_OUTPUT_FORMAT:
		return take_output_format(o, args);
	case OPT_FORMAT:
		return take_format(o, args);
	case OPT_RUNAS:
		return take_user(o, args);
	}
	return 2;
}

static int check(struct options *o, const struct args *args)
{
	if (args->operand_count != 1)
		return args_usage_error(args,
			args->operand_count ? "one image is wanted, not %d"
					    : "no image is given",
			args->operand_count);
	o->image = args->operands[0];
	for (const char *p = o->args; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return args_usage_error(
				args, "--args holds a control character");
	}
	if (o->ramdisk && !o->kernel)
		return args_usage_error(
			args, "--ramdisk is of use with --kernel only");
	return 0;
}

int options_read(struct options *o, int argc, char **argv)
{
	struct args args = {
		.tool = "pygrub-c",
		.synopsis = "IMAGE",
		.about = "Finds the boot configuration of a guest on its disk, "
			 "lets a person choose, and\nhands kernel, ramdisk and "
			 "command line to who builds the guest.",
		.options = table,
	};
	int id, ret = 0;

	*o = (struct options){ .args = "",
		.user = { .uid = geteuid(), .gid = getegid() } };
	if (!o->user.uid)
		o->user = (struct jail_user){ .uid = NOBODY, .gid = NOBODY };
	args_start(&args, argc, argv);
	while (!ret && (id = args_next(&args)) > 0)
		ret = take(o, id, &args);
	if (!ret && id)
		ret = id == ARGS_USAGE ? 2 : 1;
	if (!ret)
		ret = check(o, &args);
	args_free(&args);
	return -ret;
}
