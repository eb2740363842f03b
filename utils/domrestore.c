/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domrestore: lets a guest go on that domsave or stock xl saved into a file.
 * The guest is made paused and starts only when the file has been read to its
 * end and is sound; else nothing of it stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <tenonctrl/save_pv.h>
#include <tenonctrl/why.h>
#include "common/args.h"
#include "common/err.h"
#include "common/make.h"
#include "common/progress.h"
#include "common/xl_json.h"

static const struct args_option options[] = {
	{ 'p', "paused", NULL, "leave the guest paused" },
	{ 'c', "console", NULL, "attach to its console; Ctrl-] leaves" },
	{ 'j', "json", NULL, "print what was made as JSON" },
	{ 0, NULL, NULL, NULL },
};

/* What fills the guest. */
struct saved {
	struct save_file file;
	const char *name;
};

static int build(struct maker *m, struct why *why)
{
	struct saved *saved = m->arg;
	struct progress progress;
	struct restore_pv r = {
		.domid = m->domid,
		.max_pages = m->guest.maxmem_mib << 8,
		.max_vcpus = m->guest.maxvcpus,
		.store_port = m->record.store_port,
		.console_port = m->record.console_port,
		.progress = { progress_tell, &progress },
	};
	int ret;

	progress_begin(&progress, saved->name);
	ret = restore_pv(m->session.ctrl, &r, &saved->file, why);
	progress_end(&progress);
	m->record.store_mfn = r.store_mfn;
	m->record.console_mfn = r.console_mfn;
	return ret;
}

/* The configuration in the file, then what is said otherwise. */
static int read_config(
	struct maker *m, const struct args *args, struct why *why)
{
	struct saved *saved = m->arg;
	struct save_head head;
	int ret = save_head_read(&saved->file, &head, why);

	if (ret)
		return ret;
	if (head.kept)
		ret = config_parse(&m->config, saved->name, head.kept,
			head.kept_size, why);
	else
		ret = xl_json_read(&m->config, head.json, why);
	for (int i = 1; !ret && i < args->operand_count; i++)
		ret = config_word(&m->config, args->operands[i], why);
	free(head.json);
	free(head.kept);
	if (!ret)
		ret = guest_from_config(&m->guest, &m->config, make_warn, why);
	if (!ret)
		ret = devices_check(&m->guest.devices, why);
	return ret;
}

static int run(const struct args *args, const struct make_wish *wish)
{
	struct saved saved = { .name = args->operands[0] };
	struct maker m = MAKER_EMPTY;
	struct why why;
	int fd = open(saved.name, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0) {
		err_say("%s: %s", saved.name, strerror(errno));
		return 1;
	}
	m.build = build;
	m.arg = &saved;
	ret = save_file_begin(&saved.file, fd);
	if (ret) {
		err_say("out of memory");
		close(fd);
		return 1;
	}
	ret = read_config(&m, args, &why);
	if (ret)
		err_say("%s: %s", saved.name, why.text);
	else
		ret = make_guest(&m, wish);
	save_file_end(&saved.file);
	close(fd);
	make_end(&m);
	return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "domrestore",
		.synopsis = "FILE [KEY=VALUE]...",
		.about = "Lets a guest go on that domsave or stock xl saved "
			 "into a file. KEY=VALUE words\nreplace settings of "
			 "its configuration.",
		.options = options,
	};
	struct make_wish wish = { 0 };
	int id, ret;

	signal(SIGPIPE, SIG_IGN);
	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0) {
		wish.paused |= id == 'p';
		wish.console |= id == 'c';
		wish.json |= id == 'j';
	}
	if (id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (!args.operand_count)
		ret = args_usage_error(&args, "no file is given");
	else
		ret = run(&args, &wish);
	args_free(&args);
	return ret;
}
