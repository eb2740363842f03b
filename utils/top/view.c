/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands on the screens; see view.h. Keys are in view_keys.c. */
#include <langinfo.h>
#include <ncurses.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <public/domctl.h>
#include "common/info.h"
#include "view.h"

#define HEAD_LINES 4 /* above the list: title, CPUs, memory, column heads */
#define GRAPH	   10
#define BAR	   20

enum { GREEN = 1, YELLOW, RED, CYAN };

/* A line of the list: a domain, or a part of it below. */
struct view_line {
	const struct model_row *row;
	enum { LINE_DOMAIN, LINE_VCPU, LINE_NET, LINE_DISK } kind;
	size_t index;
};

/* The list's columns, from the left; those that do not fit are left out. */
static const struct column {
	const char *head;
	int width; /* negative: text, at the left */
	enum model_order order;
} columns[] = {
	{ "NAME", -16, MODEL_BY_NAME },
	{ "ID", 5, MODEL_BY_ID },
	{ "STATE", -8, MODEL_BY_STATE },
	{ "CPU%", 6, MODEL_BY_CPU },
	{ "HISTORY", -GRAPH, MODEL_ORDERS },
	{ "MEM", 6, MODEL_BY_MEMORY },
	{ "SENT/s", 7, MODEL_BY_SENT },
	{ "RECV/s", 7, MODEL_BY_RECEIVED },
	{ "READ/s", 7, MODEL_BY_READ },
	{ "WRITE/s", 7, MODEL_BY_WRITTEN },
	{ "TIME(s)", 9, MODEL_BY_TIME },
};

#define COLUMN_COUNT (int)(sizeof(columns) / sizeof(columns[0]))

void view_start(struct view *v)
{
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	set_escdelay(50);
	v->has_blocks = !strcmp(nl_langinfo(CODESET), "UTF-8");
	v->has_colors = has_colors() && start_color() == OK;
	if (!v->has_colors)
		return;
	use_default_colors();
	init_pair(GREEN, COLOR_GREEN, -1);
	init_pair(YELLOW, COLOR_YELLOW, -1);
	init_pair(RED, COLOR_RED, -1);
	init_pair(CYAN, COLOR_CYAN, -1);
}

static void color(const struct view *v, int pair, bool on)
{
	if (!v->has_colors || !pair)
		return;
	if (on)
		attron(COLOR_PAIR(pair));
	else
		attroff(COLOR_PAIR(pair));
}

static const char *state_of(const struct sample_domain *d)
{
	const struct xen_domctl_getdomaininfo info = { .flags = d->flags };

	return info_state(&info);
}

static int color_of(const char *state)
{
	switch (state[0]) {
	case 'r':
		return GREEN;
	case 'p':
	case 's':
		return YELLOW;
	case 'c':
	case 'd':
		return RED;
	default:
		return 0;
	}
}

static void draw_title(const struct view *v)
{
	static const char *const words[] = { "running", "blocked", "paused",
		"shutdown", "crashed", "dying" };
	const struct sample *s = v->model->now;
	char line[256], clock[16];
	time_t now = time(NULL);
	struct tm local;
	int at;

	localtime_r(&now, &local);
	strftime(clock, sizeof(clock), "%H:%M:%S", &local);
	at = snprintf(line, sizeof(line),
		"domtop  %s  %s  %s  %zu domains:", v->host, s->version, clock,
		s->count);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		int count = 0;

		for (size_t k = 0; k < s->count; k++)
			count += !strcmp(state_of(&s->domains[k]), words[i]);
		if (count && at < (int)sizeof(line))
			at += snprintf(line + at, sizeof(line) - (size_t)at,
				" %d %s", count, words[i]);
	}
	attron(A_BOLD);
	mvaddnstr(0, 0, line, COLS);
	attroff(A_BOLD);
}

static void draw_machine(const struct view *v)
{
	const struct model *m = v->model;
	uint64_t used = m->now->total_kib - m->now->free_kib;
	double full = m->now->total_kib
			      ? (double)used * 100 / (double)m->now->total_kib
			      : 0;

	mvaddstr(1, 0, "CPU ");
	color(v, CYAN, true);
	view_bar(m->busy, BAR);
	color(v, CYAN, false);
	printw(" %5.1f%% of %u CPUs  ", m->busy, m->now->cpus);
	if (COLS >= 80)
		view_graph(v, m->busy_history, m->busy_count, 30, 100);
	mvaddstr(2, 0, "Mem ");
	color(v, CYAN, true);
	view_bar(full, BAR);
	color(v, CYAN, false);
	printw(" %5.1f%% of %llu MiB, %llu free", full,
		(unsigned long long)m->now->total_kib >> 10,
		(unsigned long long)m->now->free_kib >> 10);
}

/* How many columns fit. */
static int fitting(void)
{
	int wide = 0, count = 0;

	while (count < COLUMN_COUNT) {
		wide += abs(columns[count].width) + (count ? 1 : 0);
		if (wide > COLS)
			break;
		count++;
	}
	return count;
}

static void draw_heads(const struct view *v, int y)
{
	int count = fitting();

	move(y, 0);
	for (int i = 0; i < count; i++) {
		bool sorted = columns[i].order == v->model->order;

		attron(sorted ? A_REVERSE | A_BOLD : A_UNDERLINE);
		printw("%s%*s", i ? " " : "", columns[i].width,
			columns[i].head);
		attroff(A_REVERSE | A_BOLD | A_UNDERLINE);
	}
}

static void put_amount(double value, int width)
{
	char text[8];

	view_amount(value, text);
	printw("%*s", width, text);
}

static void put_column(const struct view *v, const struct model_row *row, int i)
{
	const struct sample_domain *d = row->now;
	const char *state = state_of(d);
	int width = columns[i].width;

	switch (columns[i].order) {
	case MODEL_BY_NAME:
		printw("%-16.16s", *d->name ? d->name : "(null)");
		break;
	case MODEL_BY_ID:
		printw("%*u", width, d->domid);
		break;
	case MODEL_BY_STATE:
		color(v, color_of(state), true);
		printw("%*s", width, state);
		color(v, color_of(state), false);
		break;
	case MODEL_BY_CPU:
		printw("%*.1f", width, row->cpu);
		break;
	case MODEL_BY_TIME:
		printw("%*.1f", width, (double)d->cpu_ns / 1e9);
		break;
	case MODEL_BY_MEMORY:
		put_amount((double)d->memory_kib * 1024, width);
		break;
	case MODEL_BY_SENT:
		put_amount(row->sent, width);
		break;
	case MODEL_BY_RECEIVED:
		put_amount(row->received, width);
		break;
	case MODEL_BY_READ:
		put_amount(row->read, width);
		break;
	case MODEL_BY_WRITTEN:
		put_amount(row->written, width);
		break;
	default:
		view_graph(
			v, row->history->cpu, row->history->count, GRAPH, 100);
	}
}

static void draw_domain(const struct view *v, const struct model_row *row)
{
	bool selected = row->now->domid == v->domid && v->mode == VIEW_LIST;
	int count = fitting();

	if (selected)
		attron(A_REVERSE);
	for (int i = 0; i < count; i++) {
		if (i)
			addch(' ');
		put_column(v, row, i);
	}
	if (selected)
		attroff(A_REVERSE);
}

static void draw_vcpu(
	const struct view *v, const struct model_row *row, size_t index)
{
	const struct sample_vcpu *vcpu = &row->now->vcpus[index];
	double cpu = model_vcpu_cpu(v->model, row, vcpu);

	printw("  vcpu %-3u ", vcpu->id);
	if (!vcpu->is_online) {
		addstr("offline");
		return;
	}
	view_bar(cpu, BAR);
	printw(" %5.1f%%  on CPU %u, %s, %.1f s", cpu, vcpu->cpu,
		vcpu->is_running   ? "running"
		: vcpu->is_blocked ? "blocked"
				   : "ready",
		(double)vcpu->cpu_ns / 1e9);
}

static void draw_net(
	const struct view *v, const struct model_row *row, size_t index)
{
	const struct sample_net *now = &row->now->nets[index];
	const struct sample_net *old = model_net_before(row, now->id);
	double seconds = v->model->seconds;
	char sent[8], received[8], all_sent[8], all_received[8];

	old = old ? old : now;
	view_amount(
		model_rate(now->sent.bytes, old->sent.bytes, seconds), sent);
	view_amount(
		model_rate(now->received.bytes, old->received.bytes, seconds),
		received);
	view_amount((double)now->sent.bytes, all_sent);
	view_amount((double)now->received.bytes, all_received);
	printw("  net %-3u  sent %s/s (%s, %llu drops)  received %s/s (%s, "
	       "%llu drops)",
		now->id, sent, all_sent, (unsigned long long)now->sent.drops,
		received, all_received,
		(unsigned long long)now->received.drops);
}

static void draw_disk(
	const struct view *v, const struct model_row *row, size_t index)
{
	const struct sample_disk *now = &row->now->disks[index];
	const struct sample_disk *old = model_disk_before(row, now->id);
	double seconds = v->model->seconds;
	char read[8], written[8];

	old = old ? old : now;
	view_amount(
		512 * model_rate(now->sectors_read, old->sectors_read, seconds),
		read);
	view_amount(512 * model_rate(now->sectors_written, old->sectors_written,
				  seconds),
		written);
	printw("  disk %-6u  read %s/s (%.0f/s)  written %s/s (%.0f/s)  %llu "
	       "waits",
		now->id, read, model_rate(now->reads, old->reads, seconds),
		written, model_rate(now->writes, old->writes, seconds),
		(unsigned long long)now->waits);
}

static void add_line(
	struct view *v, const struct model_row *row, int kind, size_t index)
{
	struct view_line *more =
		realloc(v->lines, (v->line_count + 1) * sizeof(*more));

	if (!more)
		return;
	v->lines = more;
	more[v->line_count++] = (struct view_line){ row, kind, index };
}

static void add_parts(struct view *v, const struct model_row *row, bool vcpus,
	bool nets, bool disks)
{
	for (size_t i = 0; vcpus && i < row->now->vcpu_count; i++)
		add_line(v, row, LINE_VCPU, i);
	for (size_t i = 0; nets && i < row->now->net_count; i++)
		add_line(v, row, LINE_NET, i);
	for (size_t i = 0; disks && i < row->now->disk_count; i++)
		add_line(v, row, LINE_DISK, i);
}

/* The lines of the list, and where the selected domain is among them. */
static int collect(struct view *v)
{
	bool detail = v->mode == VIEW_DETAIL;
	int selected = -1;

	v->line_count = 0;
	for (size_t i = 0; i < v->model->count; i++) {
		const struct model_row *row = &v->model->rows[i];

		if (row->now->domid == v->domid)
			selected = (int)v->line_count;
		else if (detail)
			continue;
		add_line(v, row, LINE_DOMAIN, 0);
		add_parts(v, row, detail || v->shows_vcpus,
			detail || v->shows_nets, detail || v->shows_disks);
	}
	return selected;
}

static void draw_lines(struct view *v, int y, int selected)
{
	v->page = LINES - 1 - y;
	if (v->page < 1)
		v->page = 1;
	if (selected >= 0 && selected < v->top)
		v->top = selected;
	if (selected >= v->top + v->page)
		v->top = selected - v->page + 1;
	if (v->top > (int)v->line_count - 1)
		v->top = v->line_count ? (int)v->line_count - 1 : 0;
	for (int i = 0; i < v->page && y + i < LINES - 1; i++) {
		size_t at = (size_t)(v->top + i);
		const struct view_line *line;

		if (at >= v->line_count)
			break;
		line = &v->lines[at];
		move(y + i, 0);
		if (line->kind == LINE_DOMAIN)
			draw_domain(v, line->row);
		else if (line->kind == LINE_VCPU)
			draw_vcpu(v, line->row, line->index);
		else if (line->kind == LINE_NET)
			draw_net(v, line->row, line->index);
		else
			draw_disk(v, line->row, line->index);
	}
}

/* Of one domain: its past above its parts. */
static void draw_detail(struct view *v)
{
	int selected = collect(v), width = COLS > 72 ? MODEL_HISTORY : COLS - 9;
	const struct model_history *past;

	if (selected < 0) {
		mvaddstr(HEAD_LINES, 0, "This domain is gone; q goes back.");
		return;
	}
	past = v->lines[0].row->history;
	draw_heads(v, HEAD_LINES - 1);
	if (width < 0)
		width = 0;
	mvaddstr(HEAD_LINES + 1, 0, "CPU      ");
	view_graph(v, past->cpu, past->count, width, 100);
	mvaddstr(HEAD_LINES + 2, 0, "traffic  ");
	view_graph(v, past->traffic, past->count, width, 0);
	/* The domain's own line, then the graphs, then the parts. */
	move(HEAD_LINES, 0);
	draw_domain(v, v->lines[0].row);
	v->line_count--;
	memmove(v->lines, v->lines + 1, v->line_count * sizeof(*v->lines));
	draw_lines(v, HEAD_LINES + 4, -1);
}

static void draw_help(void)
{
	static const char *const text[] = {
		"arrows, PgUp, PgDn   select a domain",
		"Enter                one domain in detail; q goes back",
		"< >                  sort by another column",
		"R                    the other way round",
		"/                    only names with this in them; Enter ends",
		"v n d                vcpus, networks, disks below each domain",
		"+ -                  more or fewer seconds between samples",
		"p                    pause the domain, or let it run again",
		"c                    its console; Ctrl-] comes back",
		"s                    ask it to power off",
		"k                    destroy it",
		"h ?                  this text",
		"q                    back, and at last out",
	};

	for (int i = 0; i < (int)(sizeof(text) / sizeof(text[0])); i++)
		mvaddnstr(2 + i, 2, text[i], COLS - 3);
}

static const char *asked(enum view_act act)
{
	switch (act) {
	case VIEW_PAUSE:
		return "pause";
	case VIEW_RESUME:
		return "resume";
	case VIEW_STOP:
		return "power off";
	default:
		return "destroy";
	}
}

static void draw_bottom(const struct view *v)
{
	const struct sample_domain *d = sample_find(v->model->now, v->domid);
	char line[160];

	if (v->is_filtering)
		snprintf(line, sizeof(line), "filter: %s_", v->model->filter);
	else if (v->asking)
		snprintf(line, sizeof(line), "%s domain %u '%s'? (y/n)",
			asked(v->asking), v->domid, d ? d->name : "");
	else if (v->message[0])
		snprintf(line, sizeof(line), "%s", v->message);
	else if (v->model->filter[0])
		snprintf(line, sizeof(line), "every %u s  filter: %s  h: help",
			v->delay_seconds, v->model->filter);
	else
		snprintf(line, sizeof(line),
			"every %u s  h: help  Enter: detail  p: pause  c: "
			"console  s: stop  q: quit",
			v->delay_seconds);
	attron(v->asking || v->message[0] ? A_BOLD : A_DIM);
	mvaddnstr(LINES - 1, 0, line, COLS - 1);
	attroff(A_BOLD | A_DIM);
}

void view_draw(struct view *v)
{
	erase();
	if (!v->model->now)
		return;
	/* The selection stays on a domain that is shown. */
	if (v->mode == VIEW_LIST && collect(v) < 0 && v->model->count)
		v->domid = v->model->rows[0].now->domid;
	draw_title(v);
	if (v->mode == VIEW_HELP) {
		draw_help();
	} else {
		draw_machine(v);
		if (v->mode == VIEW_DETAIL) {
			draw_detail(v);
		} else {
			draw_heads(v, HEAD_LINES - 1);
			draw_lines(v, HEAD_LINES, collect(v));
		}
	}
	draw_bottom(v);
	refresh();
}

bool view_wants_vcpus(const struct view *v)
{
	return v->shows_vcpus || v->mode == VIEW_DETAIL;
}

void view_free(struct view *v)
{
	free(v->lines);
	v->lines = NULL;
	v->line_count = 0;
}
