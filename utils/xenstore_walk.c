/* SPDX-License-Identifier: BSD-2-Clause */
/* A walk over a part of the store, without recursion. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "xenstore_common.h"

/* The directories that the walk is inside of. */
struct level {
	struct level *up;
	char *path, **names;
	size_t at, count;
	int depth;
};

struct walk {
	struct xs *xs;
	uint32_t tx;
	struct level *top;
};

/* Goes into a directory; one that is gone by now has nothing in it. */
static int enter(struct walk *w, char *path)
{
	struct level *l = calloc(1, sizeof(*l));
	int err = l && path ? 0 : -ENOMEM;

	if (!err)
		err = xs_directory(w->xs, w->tx, path, &l->names, &l->count);
	if (err) {
		free(l);
		free(path);
		return err == -ENOENT && w->top ? 0 : err;
	}
	l->path = path;
	l->up = w->top;
	l->depth = l->up ? l->up->depth + 1 : 0;
	w->top = l;
	return 0;
}

static void leave(struct walk *w)
{
	struct level *l = w->top;

	w->top = l->up;
	free(l->path);
	free(l->names);
	free(l);
}

int store_walk(struct xs *xs, uint32_t tx, const char *start,
	int (*visit)(void *ctx, const char *path, int depth), void *ctx)
{
	struct walk w = { .xs = xs, .tx = tx };
	int err = enter(&w, strdup(start));
	char *path;

	while (w.top) {
		if (err || w.top->at == w.top->count) {
			leave(&w);
			continue;
		}
		path = store_join(w.top->path, w.top->names[w.top->at++]);
		err = path ? visit(ctx, path, w.top->depth) : -ENOMEM;
		if (!err)
			err = enter(&w, path);
		else
			free(path);
		if (err == -ENOENT) /* removed while we look */
			err = 0;
	}
	return err;
}

char *store_join(const char *dir, const char *name)
{
	char *path;

	if (asprintf(&path, "%s%s%s", dir, strcmp(dir, "/") ? "/" : "", name) <
		0)
		return NULL;
	return path;
}
