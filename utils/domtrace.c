/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domtrace: shows what the hypervisor does, record by record, as it happens or
 * from a file of xentrace(8), whose files it also writes.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tenonctrl/call.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/trace.h>
#include <tenonctrl/why.h>
#include "common/args.h"
#include "common/cpulist.h"
#include "common/err.h"
#include "common/render.h"
#include "common/tracelog.h"

#define LOOK_MS	      50 /* between looks at the rings */
#define PAGES_DEFAULT 64
#define PAGES_MAX     16384

static const struct args_option options[] = {
	{ 'e', "events", "CLASS,...", "only these, or a mask in hex" },
	{ 'c', "cpus", "LIST", "only on these CPUs" },
	{ 't', "time", "SECONDS", "leave after so long" },
	{ 'b', "buffer", "PAGES", "of each CPU's ring: 64 unless given" },
	{ 's', "summary", NULL, "how often each happened, at the end" },
	{ 'j', "json", NULL, "one JSON object a line; with -s an array" },
	{ 'w', "write", "FILE", "write the records as xentrace does" },
	{ 'r', "read", "FILE", "show the records of such a file" },
	{ 0, NULL, NULL, NULL },
};

/* How often events of one name came. */
#define NAMES_MAX 64

struct job {
	uint32_t events, pages, khz;
	unsigned long long seconds; /* 0: until a signal */
	const char *cpus, *to, *from;
	bool json, summary;
	FILE *file;
	uint64_t start; /* TSC of the first record */
	const char *names[NAMES_MAX];
	uint64_t counts[NAMES_MAX];
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static const char *name_of(const struct tracelog_record *r)
{
	const char *name = tracelog_name(r->event);

	return name ? name : "unknown";
}

static void count(struct job *job, const struct tracelog_record *r)
{
	const char *name = name_of(r);
	uint64_t n = r->event == TRC_LOST_RECORDS ? r->words[0] : 1;

	for (size_t i = 0; i < NAMES_MAX; i++) {
		if (!job->names[i])
			job->names[i] = name;
		if (!strcmp(job->names[i], name)) {
			job->counts[i] += n;
			return;
		}
	}
}

/* A file does not say how fast the counter runs: there it is shown as it is. */
static void show(const struct job *job, const struct tracelog_record *r)
{
	uint64_t since = r->tsc - job->start;
	char words[512], when[32];

	snprintf(when, sizeof(when), "%" PRIu64, since);
	if (job->khz)
		snprintf(when, sizeof(when), "%.6f",
			(double)since / job->khz / 1e3);
	tracelog_words(r, job->json, words, sizeof(words));
	if (job->json)
		printf("{\"time\":%s,\"cpu\":%u,\"event\":\"%s\"%s%s}\n", when,
			r->cpu, name_of(r), *words ? "," : "", words);
	else
		printf("%14s  cpu%-3u %-13s %s\n", when, r->cpu, name_of(r),
			words);
}

static int show_all(struct job *job, struct tracelog *log)
{
	tracelog_sort(log);
	for (size_t i = 0; i < log->count; i++) {
		if (!job->start)
			job->start = log->records[i].tsc;
		if (job->summary)
			count(job, &log->records[i]);
		else
			show(job, &log->records[i]);
	}
	log->count = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	err_say("cannot write: %s", strerror(errno));
	return -EIO;
}

static int show_summary(const struct job *job)
{
	static const struct render_column columns[] = {
		{ "EVENT", "event", false },
		{ "COUNT", "count", true },
		{ NULL, NULL, false },
	};
	struct render *r = render_new(job->json, columns);

	if (!r)
		return -ENOMEM;
	for (size_t i = 0; i < NAMES_MAX && job->names[i]; i++) {
		render_string(r, job->names[i]);
		render_number(r, job->counts[i]);
	}
	return render_end(r);
}

/* As xentrace writes: which CPU's they are, and how many bytes. */
static int write_records(
	struct job *job, uint32_t cpu, const uint8_t *bytes, size_t size)
{
	const uint32_t head[3] = { TRC_TRACE_CPU_CHANGE |
					   2U << TRACE_EXTRA_SHIFT,
		cpu, (uint32_t)size };

	if (fwrite(head, sizeof(head), 1, job->file) == 1 &&
		fwrite(bytes, size, 1, job->file) == 1)
		return 0;
	err_say("cannot write to '%s': %s", job->to, strerror(errno));
	return -EIO;
}

/* One look at all rings. */
static int look(struct job *job, struct trace *t)
{
	struct tracelog log = { 0 };
	uint8_t *bytes;
	size_t size;
	int ret = 0;

	for (uint32_t cpu = 0; !ret && cpu < trace_cpus(t); cpu++) {
		ret = trace_take(t, cpu, &bytes, &size);
		if (ret)
			err_say("cannot read the ring of CPU %u: %s", cpu,
				strerror(-ret));
		if (ret || !size)
			continue;
		log.cpu = cpu;
		if (job->file)
			ret = write_records(job, cpu, bytes, size);
		else if ((ret = tracelog_add(&log, bytes, size)) != 0)
			err_say("the ring of CPU %u has a broken record", cpu);
		free(bytes);
	}
	if (!ret && !job->file)
		ret = show_all(job, &log);
	tracelog_free(&log);
	return ret;
}

static bool is_over(const struct job *job, const struct timespec *begun)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return stop || (job->seconds &&
			       now.tv_sec - begun->tv_sec +
					       (now.tv_nsec >= begun->tv_nsec) >
				       (long long)job->seconds);
}

static int follow(struct job *job, struct trace *t, const uint8_t *map)
{
	const struct timespec nap = { .tv_nsec = LOOK_MS * 1000000L };
	struct timespec begun;
	int ret = trace_start(t, job->events, map, CPULIST_BYTES);

	if (ret) {
		err_say("cannot begin to trace: %s", strerror(-ret));
		return ret;
	}
	clock_gettime(CLOCK_MONOTONIC, &begun);
	while (!ret && !is_over(job, &begun)) {
		nanosleep(&nap, NULL);
		ret = look(job, t);
	}
	(void)trace_stop(t);
	return ret ? ret : look(job, t);
}

static int trace(struct job *job)
{
	struct sigaction action = { .sa_handler = on_signal };
	uint8_t map[CPULIST_BYTES];
	struct xen_sysctl_physinfo machine;
	struct trace *t = NULL;
	struct ctrl *c;
	struct why why;
	int ret = ctrl_open(&c, &why);

	if (ret) {
		err_say("%s", why.text);
		return ret;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	ret = sysctl_physinfo(c, &machine);
	if (ret)
		why_set(&why, ret, "cannot ask for the CPUs: %s",
			strerror(-ret));
	else
		ret = cpulist_parse(
			job->cpus, machine.max_cpu_id + 1, map, &why);
	if (!ret)
		ret = trace_open(c, job->pages, &t, &why);
	if (ret) {
		err_say("%s", why.text);
	} else {
		job->khz = machine.cpu_khz;
		ret = follow(job, t, map);
	}
	trace_close(t);
	ctrl_close(c);
	return ret;
}

static int read_file(struct job *job)
{
	struct tracelog log = { 0 };
	uint8_t *bytes = NULL, *more;
	size_t size = 0, room = 0, n;
	FILE *f = fopen(job->from, "rb");
	int ret = 0;

	if (!f) {
		err_say("cannot open '%s': %s", job->from, strerror(errno));
		return -errno;
	}
	do {
		room = room ? 2 * room : 1 << 16;
		more = realloc(bytes, room);
		if (!more) {
			ret = -ENOMEM;
			break;
		}
		bytes = more;
		n = fread(bytes + size, 1, room - size, f);
		size += n;
	} while (size == room);
	if (!ret && ferror(f))
		ret = -EIO;
	fclose(f);
	if (!ret)
		ret = tracelog_add(&log, bytes, size);
	if (ret == -EINVAL)
		err_say("'%s' is cut, or no file of xentrace: shown is what "
			"stands before",
			job->from);
	else if (ret)
		err_say("cannot read '%s': %s", job->from, strerror(-ret));
	if (!ret || ret == -EINVAL) {
		int shown = show_all(job, &log);

		ret = ret ? ret : shown;
	}
	tracelog_free(&log);
	free(bytes);
	return ret;
}

static int run(struct job *job)
{
	int ret;

	if (job->to) {
		job->file = fopen(job->to, "wbe");
		if (!job->file) {
			err_say("cannot make '%s': %s", job->to,
				strerror(errno));
			return 1;
		}
	}
	ret = job->from ? read_file(job) : trace(job);
	if (job->file && fclose(job->file) && !ret) {
		err_say("cannot write to '%s': %s", job->to, strerror(errno));
		ret = -EIO;
	}
	if (!ret && job->summary)
		ret = show_summary(job);
	return ret ? 1 : 0;
}

/* One option; 0, or 2 after a message. */
static int take(struct job *job, const struct args *args, int id)
{
	unsigned long long number;

	switch (id) {
	case 'e':
		if (!tracelog_mask(args->value, &job->events))
			return 0;
		return args_usage_error(args,
			"'%s' names no events: there are %s, and masks like "
			"0x0002f000",
			args->value, tracelog_classes());
	case 'c':
		job->cpus = args->value;
		return 0;
	case 't':
		if (args_number(args->value, 1, 1000000000, &job->seconds))
			return 0;
		return args_usage_error(
			args, "'%s' is no number of seconds", args->value);
	case 'b':
		if (!args_number(args->value, 1, PAGES_MAX, &number))
			return args_usage_error(args,
				"'%s' is no number of pages from 1 to %d",
				args->value, PAGES_MAX);
		job->pages = (uint32_t)number;
		return 0;
	case 'w':
		job->to = args->value;
		return 0;
	case 'r':
		job->from = args->value;
		return 0;
	default:
		job->summary |= id == 's';
		job->json |= id == 'j';
		return 0;
	}
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "domtrace",
		.synopsis = "",
		.about = "Shows what the hypervisor does, record by record.",
		.options = options,
	};
	struct job job = {
		.events = TRC_ALL,
		.pages = PAGES_DEFAULT,
		.cpus = "all",
	};
	int id, ret = 0;

	args_start(&args, argc, argv);
	while (!ret && (id = args_next(&args)) > 0)
		ret = take(&job, &args, id);
	if (!ret && id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (!ret && args.operand_count)
		ret = args_usage_error(
			&args, "'%s' is not expected", args.operands[0]);
	else if (!ret && job.to && (job.from || job.summary || job.json))
		ret = args_usage_error(
			&args, "-w writes records, it shows none");
	else if (!ret)
		ret = run(&job);
	args_free(&args);
	return ret;
}
