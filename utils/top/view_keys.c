/* SPDX-License-Identifier: BSD-2-Clause */
/* What keys do; see view.h. */
#include <ncurses.h>
#include <public/domctl.h>
#include <string.h>
#include "view.h"

#define DELAY_MAX 60 /* seconds */
#define CTRL_H	  8
#define DEL	  127
#define ESC	  27

/* Selects the domain that many rows further. */
static void go(struct view *v, long rows)
{
	const struct model *m = v->model;
	long at = 0;

	if (!m->count)
		return;
	while (at < (long)m->count - 1 && m->rows[at].now->domid != v->domid)
		at++;
	at += rows;
	at = at < 0 ? 0 : at >= (long)m->count ? (long)m->count - 1 : at;
	v->domid = m->rows[at].now->domid;
}

static enum view_act type_filter(struct view *v, int key)
{
	size_t len = strlen(v->model->filter);

	if (key == '\n' || key == '\r' || key == KEY_ENTER) {
		v->is_filtering = false;
	} else if (key == ESC) {
		v->is_filtering = false;
		v->model->filter[0] = '\0';
	} else if (key == KEY_BACKSPACE || key == CTRL_H || key == DEL) {
		v->model->filter[len ? len - 1 : 0] = '\0';
	} else if (key >= ' ' && key < DEL && len < MODEL_FILTER_MAX) {
		v->model->filter[len] = (char)key;
		v->model->filter[len + 1] = '\0';
	}
	(void)model_arrange(v->model);
	return VIEW_NOTHING;
}

static enum view_act ask(struct view *v, enum view_act act)
{
	const struct sample_domain *d = sample_find(v->model->now, v->domid);

	if (!d) {
		strcpy(v->message, "no domain is selected");
		return VIEW_NOTHING;
	}
	if (!v->domid) {
		strcpy(v->message, "domain 0 is this one");
		return VIEW_NOTHING;
	}
	if (act == VIEW_PAUSE && d->flags & XEN_DOMINF_paused)
		act = VIEW_RESUME;
	if (act == VIEW_CONSOLE)
		return act;
	v->asking = act;
	return VIEW_NOTHING;
}

static void sort_by(struct view *v, int step)
{
	int order = (int)v->model->order + step;

	v->model->order =
		(enum model_order)((order + MODEL_ORDERS) % MODEL_ORDERS);
	(void)model_arrange(v->model);
}

static enum view_act leave(struct view *v)
{
	if (v->mode == VIEW_LIST)
		return VIEW_QUIT;
	v->mode = v->mode == VIEW_HELP ? v->behind_help : VIEW_LIST;
	return VIEW_NOTHING;
}

/* Keys of the list and of a domain's detail. */
static enum view_act act_on(struct view *v, int key)
{
	switch (key) {
	case '\n':
	case '\r':
	case KEY_ENTER:
		v->mode = VIEW_DETAIL;
		v->top = 0;
		return VIEW_SAMPLE;
	case 'v':
		v->shows_vcpus = !v->shows_vcpus;
		return VIEW_SAMPLE;
	case 'n':
		v->shows_nets = !v->shows_nets;
		return VIEW_NOTHING;
	case 'd':
		v->shows_disks = !v->shows_disks;
		return VIEW_NOTHING;
	case '/':
		v->is_filtering = true;
		return VIEW_NOTHING;
	case 'R':
		v->model->is_reversed = !v->model->is_reversed;
		(void)model_arrange(v->model);
		return VIEW_NOTHING;
	case '<':
		sort_by(v, -1);
		return VIEW_NOTHING;
	case '>':
		sort_by(v, 1);
		return VIEW_NOTHING;
	case 'p':
		return ask(v, VIEW_PAUSE);
	case 'c':
		return ask(v, VIEW_CONSOLE);
	case 's':
		return ask(v, VIEW_STOP);
	case 'k':
		return ask(v, VIEW_DESTROY);
	default:
		return VIEW_NOTHING;
	}
}

static enum view_act move_by(struct view *v, int key)
{
	long step = key == KEY_UP      ? -1
		    : key == KEY_DOWN  ? 1
		    : key == KEY_PPAGE ? -v->page
		    : key == KEY_NPAGE ? v->page
		    : key == KEY_HOME  ? -(long)v->model->count
				       : (long)v->model->count;

	if (v->mode == VIEW_LIST)
		go(v, step);
	else if (v->top + step >= 0)
		v->top += (int)step;
	return VIEW_NOTHING;
}

enum view_act view_key(struct view *v, int key)
{
	enum view_act act = v->asking;

	v->message[0] = '\0';
	if (act) {
		v->asking = VIEW_NOTHING;
		return key == 'y' || key == 'Y' ? act : VIEW_NOTHING;
	}
	if (v->is_filtering)
		return type_filter(v, key);
	switch (key) {
	case 'q':
	case ESC:
		return leave(v);
	case 'h':
	case '?':
		if (v->mode != VIEW_HELP)
			v->behind_help = v->mode;
		v->mode = VIEW_HELP;
		return VIEW_NOTHING;
	case '+':
		v->delay_seconds += v->delay_seconds < DELAY_MAX;
		return VIEW_NOTHING;
	case '-':
		v->delay_seconds -= v->delay_seconds > 1;
		return VIEW_NOTHING;
	case KEY_UP:
	case KEY_DOWN:
	case KEY_PPAGE:
	case KEY_NPAGE:
	case KEY_HOME:
	case KEY_END:
		return move_by(v, key);
	default:
		return v->mode == VIEW_HELP ? VIEW_NOTHING : act_on(v, key);
	}
}
