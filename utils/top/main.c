/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domtop: the monitor. Samples, and shows them on the terminal, or writes them
 * for programs. What it is asked to do to a domain the tools for that do.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <ncurses.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "batch.h"
#include "common/args.h"
#include "common/err.h"
#include "common/session.h"
#include "model.h"
#include "view.h"

extern char **environ;

static const struct args_option options[] = {
	{ 'b', "batch", NULL, "write lines as xentop does, without a screen" },
	{ 'j', "json", NULL, "write a JSON object a round, without a screen" },
	{ 'i', "iterations", "N", "leave after N rounds" },
	{ 'd', "delay", "SECONDS", "between rounds (3)" },
	{ 's', "sort", "COLUMN",
		"id, name, state, cpu, time, memory, sent..." },
	{ 'f', "full-name", NULL, "batch: names are not cut" },
	{ 'v', "vcpus", NULL, "show vcpus" },
	{ 'n', "networks", NULL, "show network cards" },
	{ 'x', "vbds", NULL, "show disks" },
	{ 'r', "repeat-header", NULL, "batch: a header for each domain" },
	{ 0, NULL, NULL, NULL },
};

struct wish {
	bool batch, json;
	unsigned long long rounds; /* 0: without end */
	unsigned long long delay;  /* seconds */
	enum model_order order;
	struct batch_wish parts;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int take(const struct sample_source *from, struct model *model)
{
	struct sample *sample;
	int ret = sample_take(from, &sample);

	return ret ? ret : model_feed(model, sample);
}

static int run_batch(const struct wish *wish, struct sample_source *from,
	struct model *model)
{
	int ret = 0;

	from->wants_vcpus = wish->parts.vcpus || wish->json;
	for (unsigned long long i = 0; !ret; i++) {
		if (i)
			sleep((unsigned int)wish->delay);
		ret = take(from, model);
		if (ret) {
			err_say("cannot take a sample: %s", strerror(-ret));
			break;
		}
		ret = wish->json ? batch_json(model, stdout)
				 : batch_text(model, &wish->parts, stdout);
		if (ret)
			err_say("cannot write: %s", strerror(-ret));
		if (i + 1 == wish->rounds)
			break;
	}
	return ret;
}

/* Runs a tool beside the screen; its last words are the message. */
static void run_tool(struct view *v, char *const argv[])
{
	posix_spawn_file_actions_t actions;
	int pipe_fds[2], status = 0, ret;
	char text[512];
	size_t at = 0;
	ssize_t got;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC))
		return;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], 1);
	posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], 2);
	ret = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(pipe_fds[1]);
	while (!ret && at < sizeof(text) - 1 &&
		(got = read(pipe_fds[0], text + at, sizeof(text) - 1 - at)) > 0)
		at += (size_t)got;
	close(pipe_fds[0]);
	text[at] = '\0';
	if (!ret)
		waitpid(pid, &status, 0);
	if (ret)
		snprintf(v->message, sizeof(v->message), "%s: %s", argv[0],
			strerror(ret));
	else if (!status)
		snprintf(v->message, sizeof(v->message), "%s: done", argv[0]);
	else
		snprintf(v->message, sizeof(v->message), "%.*s",
			(int)strcspn(text, "\n"), text);
}

/* The console has the terminal for itself meanwhile. */
static void run_console(struct view *v, char *id)
{
	char *const argv[] = { (char *)"domcons", id, NULL };
	int status = 0, ret;
	pid_t pid;

	endwin();
	ret = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	if (!ret)
		waitpid(pid, &status, 0);
	refresh();
	if (ret || status)
		snprintf(v->message, sizeof(v->message),
			"the console of domain %s cannot be shown", id);
}

static void carry_out(struct view *v, enum view_act act)
{
	char id[16];

	snprintf(id, sizeof(id), "%u", v->domid);
	if (act == VIEW_CONSOLE)
		run_console(v, id);
	else if (act == VIEW_PAUSE)
		run_tool(v, (char *const[]){ (char *)"dompause", id, NULL });
	else if (act == VIEW_RESUME)
		run_tool(v, (char *const[]){ (char *)"domresume", id, NULL });
	else if (act == VIEW_STOP)
		run_tool(v, (char *const[]){ (char *)"domstop", (char *)"-t0",
				    id, NULL });
	else if (act == VIEW_DESTROY)
		run_tool(v, (char *const[]){ (char *)"domstop", (char *)"-f",
				    id, NULL });
}

/* Until the person leaves, or no round is left. */
static int follow(
	const struct wish *wish, struct view *v, struct sample_source *from)
{
	enum view_act act = VIEW_SAMPLE;
	unsigned long long rounds = 0;
	uint64_t next = 0;
	int ret = 0, key;

	while (act != VIEW_QUIT) {
		if (act != VIEW_NOTHING || now_ms() >= next) {
			if (wish->rounds && rounds++ == wish->rounds)
				break;
			from->wants_vcpus = view_wants_vcpus(v);
			ret = take(from, v->model);
			if (ret)
				break;
			next = now_ms() + v->delay_seconds * 1000ULL;
		}
		view_draw(v);
		timeout((int)(next > now_ms() ? next - now_ms() : 0));
		key = getch();
		act = key == ERR || key == KEY_RESIZE ? VIEW_NOTHING
						      : view_key(v, key);
		if (act > VIEW_SAMPLE)
			carry_out(v, act);
	}
	return ret;
}

static int run_screen(const struct wish *wish, struct sample_source *from,
	struct model *model)
{
	char host[65] = "";
	struct view v = {
		.model = model,
		.host = host,
		.delay_seconds = wish->delay ? (unsigned int)wish->delay : 1,
		.shows_vcpus = wish->parts.vcpus,
		.shows_nets = wish->parts.networks,
		.shows_disks = wish->parts.disks,
	};
	const char *term = getenv("TERM");
	SCREEN *screen;
	int ret;

	gethostname(host, sizeof(host) - 1);
	if (!isatty(0) || !isatty(1)) {
		err_say("this is no terminal; use -b or -j");
		return -ENOTTY;
	}
	screen = newterm(NULL, stdout, stdin);
	if (!screen) {
		err_say("the terminal '%s' is not known; set TERM, or use -b",
			term ? term : "");
		return -ENOTTY;
	}
	view_start(&v);
	ret = follow(wish, &v, from);
	endwin();
	delscreen(screen);
	view_free(&v);
	if (ret)
		err_say("cannot take a sample: %s", strerror(-ret));
	return ret;
}

static int run(const struct wish *wish)
{
	struct session session = { NULL, NULL };
	struct sample_source from = { .session = &session, .sys = SAMPLE_SYS };
	struct model model = { .order = wish->order };
	int ret = session_open(&session);

	if (wish->order == MODEL_ORDERS)
		model.order = wish->batch ? MODEL_BY_NAME : MODEL_BY_ID;

	if (ret)
		return 1;
	ret = wish->batch || wish->json ? run_batch(wish, &from, &model)
					: run_screen(wish, &from, &model);
	model_free(&model);
	session_close(&session);
	return ret ? 1 : 0;
}

static int take_order(const struct args *args, struct wish *wish)
{
	for (int i = 0; i < MODEL_ORDERS; i++) {
		if (strcmp(args->value, model_order_name(i)))
			continue;
		wish->order = (enum model_order)i;
		return 0;
	}
	return args_usage_error(args, "there is no column '%s'", args->value);
}

static int take_option(const struct args *args, int id, struct wish *wish)
{
	switch (id) {
	case 'b':
		wish->batch = true;
		break;
	case 'j':
		wish->json = true;
		break;
	case 'f':
		wish->parts.full_names = true;
		break;
	case 'v':
		wish->parts.vcpus = true;
		break;
	case 'n':
		wish->parts.networks = true;
		break;
	case 'x':
		wish->parts.disks = true;
		break;
	case 'r':
		wish->parts.repeats_header = true;
		break;
	case 's':
		return take_order(args, wish);
	default:
		if (!args_number(args->value, id == 'i', 1000000000,
			    id == 'i' ? &wish->rounds : &wish->delay))
			return args_usage_error(
				args, "'%s' is no such number", args->value);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "domtop",
		.synopsis = "",
		.about = "Shows the machine and its domains as they change.",
		.options = options,
	};
	/* xentop's batches are in the order of names. */
	struct wish wish = { .delay = 3, .order = MODEL_ORDERS };
	int id, ret = 0;

	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0 && !ret)
		ret = take_option(&args, id, &wish);
	if (!ret && id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (!ret && args.operand_count)
		ret = args_usage_error(
			&args, "'%s' is not expected", args.operands[0]);
	else if (!ret)
		ret = run(&wish);
	args_free(&args);
	return ret;
}
