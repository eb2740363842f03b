/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dommove: moves a running guest to another host, over any command that leads
 * there. Until the other side has all of the guest and has been told to let it
 * run, it runs here, or runs on here: also if dommove or the other side is
 * killed, or the connection ends, at any stage.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/domstate.h>
#include <tenonctrl/move_pv.h>
#include <tenonctrl/why.h>
#include "common/args.h"
#include "common/err.h"
#include "common/kept.h"
#include "common/nurse.h"
#include "common/progress.h"
#include "common/saved.h"
#include "common/session.h"
#include "common/suspend.h"
#include "move_peer.h"

#define SECONDS_DEFAULT	 60
#define DOWNTIME_DEFAULT 300
#define ROUNDS_DEFAULT	 10
#define RECEIVER	 "dommove --receive"

enum {
	OPT_CONFIG = 'C',
	OPT_COMMAND = 's',
	OPT_RECEIVER = 'r',
	OPT_DOWNTIME = 'd',
	OPT_ROUNDS = 'n',
	OPT_TIMEOUT = 't',
	OPT_RECEIVE = 'R',
};

static const struct args_option options[] = {
	{ OPT_CONFIG, "config", "FILE",
		"a configuration for there in place of its own" },
	{ OPT_COMMAND, "command", "COMMAND",
		"what leads to HOST (ssh); empty: HOST itself is a command" },
	{ OPT_RECEIVER, "receiver", "COMMAND",
		"what is run there (" RECEIVER ")" },
	{ OPT_DOWNTIME, "downtime", "MS",
		"how long sending may take while it is stopped (300)" },
	{ OPT_ROUNDS, "rounds", "COUNT",
		"how often its memory is sent before it is stopped (10)" },
	{ OPT_TIMEOUT, "timeout", "SECONDS",
		"how long the guest may take to suspend, and to start (60)" },
	{ OPT_RECEIVE, "receive", NULL, "be the other side" },
	{ 0, NULL, NULL, NULL },
};

struct wish {
	const char *command, *receiver, *config;
	unsigned long long downtime, rounds, seconds;
	bool receive;
};

struct move {
	struct session *s;
	const struct wish *wish;
	uint32_t domid;
	const char *who;
	struct nurse nurse;
	struct move_peer peer;
	struct progress progress;
	unsigned int round; /* whose progress is shown */
	char shown[80];
	bool suspended;
	struct timespec stopped; /* when it had suspended */
};

/* What stays when dommove is killed: a guest that is followed, and that may
 * have suspended. */
struct remains {
	uint32_t domid;
	unsigned int seconds;
};

static void clean(bool is_asked, const void *arg)
{
	const struct remains *r = arg;
	struct session session = { NULL, NULL };

	if (session_open(&session))
		return;
	(void)domstate_follow(session.ctrl, r->domid, false);
	if (is_asked)
		suspend_undo(&session, r->domid, r->seconds);
}

#define UNCLEAR                                                       \
	"the connection was lost when the guest was to start there: " \
	"look whether it runs; if so, domstop -f it here, else "      \
	"domresume it here"

static volatile sig_atomic_t is_handed_over;

/* A guest that stands still must not wait for a host that is gone: the end of
 * this process is what lets it run on. */
static void on_alarm(int sig)
{
	static const char before[] =
		"dommove: the other side does not go on; the guest runs on "
		"here\n";
	static const char after[] = "dommove: " UNCLEAR "\n";

	(void)sig;
	if (is_handed_over)
		(void)!write(STDERR_FILENO, after, sizeof(after) - 1);
	else
		(void)!write(STDERR_FILENO, before, sizeof(before) - 1);
	_exit(1);
}

static int suspend(void *arg, struct why *why)
{
	struct move *m = arg;
	int ret;

	if (!nurse_begun(&m->nurse))
		return why_set(why, -EPIPE, "the child of dommove was killed");
	ret = suspend_guest(
		m->s, m->domid, (unsigned int)m->wish->seconds, why);
	if (ret)
		return ret;
	m->suspended = true;
	clock_gettime(CLOCK_MONOTONIC, &m->stopped);
	alarm((unsigned int)m->wish->seconds);
	return 0;
}

static void tell(void *arg, unsigned int round, uint64_t done, uint64_t all)
{
	struct move *m = arg;

	if (round != m->round) {
		progress_end(&m->progress);
		m->round = round;
		snprintf(m->shown, sizeof(m->shown), "%.60s, round %u", m->who,
			round + 1);
		progress_begin(&m->progress, m->shown);
	}
	progress_tell(&m->progress, done, all);
}

static unsigned int ms_since(const struct timespec *from)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned int)((now.tv_sec - from->tv_sec) * 1000 +
			      (now.tv_nsec - from->tv_nsec) / 1000000);
}

/* All that the other side needs, until it says that the guest is whole. */
static int send_guest(struct move *m, struct move_pv *pv, struct why *why)
{
	struct save_head head = { 0 };
	struct save_file f;
	struct why said;
	int ret;

	ret = move_expect(m->peer.from, MOVE_HELLO, why);
	if (!ret)
		ret = saved_head(m->s, m->domid, &head, why);
	if (!ret && m->wish->config)
		ret = saved_head_other(
			m->s, m->domid, m->wish->config, &head, why);
	if (ret) {
		free(head.json);
		free(head.kept);
		return ret;
	}
	ret = save_file_begin(&f, m->peer.to);
	if (ret)
		ret = why_set(why, ret, "out of memory");
	else
		ret = save_head_write(&f, &head, why);
	if (!ret)
		ret = move_expect(m->peer.from, MOVE_ACCEPTED, why);
	if (!ret)
		ret = move_pv(m->s->ctrl, pv, &f, why);
	progress_end(&m->progress);
	if (!ret)
		ret = move_expect(m->peer.from, MOVE_WHOLE, why);
	/* Why nobody reads any more is with the one who read. */
	else if (ret == -EPIPE &&
		 move_expect(m->peer.from, "", &said) == -EREMOTEIO)
		(void)why_set(why, ret, "%s", said.text);
	save_file_end(&f);
	free(head.json);
	free(head.kept);
	return ret;
}

/* From here on the guest is the other side's, whatever becomes of us. */
static int hand_over(struct move *m, struct why *why)
{
	unsigned int ms;
	int ret;

	alarm(0);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	nurse_end(&m->nurse);
	is_handed_over = 1;
	alarm((unsigned int)m->wish->seconds);
	ret = move_say(m->peer.to, MOVE_GO);
	if (!ret)
		ret = move_expect(m->peer.from, MOVE_RUNS, why);
	else
		ret = why_set(why, ret, "writing: %s", strerror(-ret));
	ms = ms_since(&m->stopped);
	if (ret == -EREMOTEIO) {
		/* It says itself that the guest does not run there. */
		struct why later;

		if (suspend_cancel(m->s, m->domid, &later))
			err_say("%s", later.text);
		return ret;
	}
	if (ret)
		return why_set(why, ret, UNCLEAR);
	alarm(0);
	printf("stopped for %u ms\n", ms);
	return dom_destroy(m->s->ctrl, m->s->xs, m->domid, why);
}

static int move_there(struct move *m, const char *command, struct why *why)
{
	const struct remains remains = { m->domid,
		(unsigned int)m->wish->seconds };
	struct move_pv pv = {
		.domid = m->domid,
		.downtime_ms = (unsigned int)m->wish->downtime,
		.rounds = (unsigned int)m->wish->rounds,
		.suspend = suspend,
		.tell = tell,
		.arg = m,
	};
	struct timespec start;
	struct why later;
	int lock = -1, ret;

	clock_gettime(CLOCK_MONOTONIC, &start);
	/* As domsave does. */
	(void)kept_lock(m->domid, true, &lock);
	ret = nurse_start(&m->nurse, clean, &remains, why);
	if (!ret)
		ret = move_peer_start(&m->peer, command, why);
	if (!ret)
		ret = send_guest(m, &pv, why);
	if (!ret) {
		printf("'%s': %llu MiB sent in %u rounds, %llu pages of them "
		       "while it was stopped\n",
			m->who, (unsigned long long)pv.pages_sent >> 8,
			pv.rounds_done + 1, (unsigned long long)pv.pages_last);
		ret = hand_over(m, why);
		if (!ret)
			printf("moved in %u.%u s\n", ms_since(&start) / 1000,
				ms_since(&start) % 1000 / 100);
	} else if (m->suspended) {
		if (suspend_cancel(m->s, m->domid, &later))
			err_say("%s", later.text);
	}
	alarm(0);
	move_peer_end(&m->peer, ret);
	nurse_end(&m->nurse);
	if (lock >= 0)
		close(lock);
	return ret;
}

/* For sh: COMMAND HOST RECEIVER, or HOST alone. */
static char *full_command(const struct wish *wish, const char *host)
{
	char *text;
	int ret = *wish->command ? asprintf(&text, "%s %s %s", wish->command,
					   host, wish->receiver)
				 : asprintf(&text, "%s", host);

	return ret < 0 ? NULL : text;
}

static int move(struct session *s, const struct args *args,
	const struct wish *wish, struct why *why)
{
	struct move m = {
		.s = s,
		.wish = wish,
		.who = args->operands[0],
		.round = UINT32_MAX,
	};
	char *command;
	int ret = dom_find(s->ctrl, s->xs, m.who, &m.domid, why);

	if (ret)
		return ret;
	if (!m.domid)
		return why_set(why, -EPERM, "domain 0 cannot be moved");
	command = full_command(wish, args->operands[1]);
	if (!command)
		return why_set(why, -ENOMEM, "out of memory");
	ret = move_there(&m, command, why);
	free(command);
	return ret;
}

static int run(const struct args *args, const struct wish *wish)
{
	struct session session = { NULL, NULL };
	struct why why;
	int ret = session_open(&session);

	if (ret)
		return 1;
	ret = move(&session, args, wish, &why);
	if (ret)
		err_say("'%s' is not moved: %s", args->operands[0], why.text);
	session_close(&session);
	return ret ? 1 : 0;
}

static int take_option(int id, struct args *args, struct wish *wish)
{
	unsigned long long *number = NULL, most = 0, least = 1;

	switch (id) {
	case OPT_CONFIG:
		wish->config = args->value;
		return 0;
	case OPT_COMMAND:
		wish->command = args->value;
		return 0;
	case OPT_RECEIVER:
		wish->receiver = args->value;
		return 0;
	case OPT_RECEIVE:
		wish->receive = true;
		return 0;
	case OPT_DOWNTIME:
		number = &wish->downtime;
		most = 3600000;
		least = 0;
		break;
	case OPT_ROUNDS:
		number = &wish->rounds;
		most = MOVE_ROUNDS_MAX;
		break;
	default:
		number = &wish->seconds;
		most = 86400;
		break;
	}
	if (!args_number(args->value, least, most, number))
		return args_usage_error(args,
			"'%s' is no number from %llu to "
			"%llu",
			args->value, least, most);
	return 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "dommove",
		.synopsis = "NAME|ID HOST",
		.about = "Moves a running guest to another host.",
		.options = options,
	};
	struct wish wish = {
		.command = "ssh",
		.receiver = RECEIVER,
		.downtime = DOWNTIME_DEFAULT,
		.rounds = ROUNDS_DEFAULT,
		.seconds = SECONDS_DEFAULT,
	};
	int id, ret = 0;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGALRM, on_alarm);
	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0 && !ret)
		ret = take_option(id, &args, &wish);
	if (!ret && id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (!ret && wish.receive)
		ret = move_receive(args.operands, args.operand_count);
	else if (!ret && args.operand_count != 2)
		ret = args_usage_error(&args, "a domain and a host are wanted");
	else if (!ret)
		ret = run(&args, &wish);
	args_free(&args);
	return ret;
}
