/* SPDX-License-Identifier: BSD-2-Clause */
/* Places for domains, and those without one; see leftovers.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/xs.h>
#include "half_made.h"
#include "leftovers.h"

/*
 * A place: its path, where '*' is any name, %N a domain's number, %U its
 * UUID. What comes in a name behind them stands for itself, a '*' at the end
 * of a name for anything.
 */
struct place {
	enum leftover_kind kind;
	const char *path;
};

static const struct place nodes[] = {
	{ LEFTOVER_STORE, "/local/domain/%N" },
	{ LEFTOVER_STORE, "/libxl/%N" },
	{ LEFTOVER_STORE, "/vm/%U" },
	{ LEFTOVER_STORE, "/local/domain/0/backend/*/%N" },
	{ LEFTOVER_STORE, "/local/domain/0/error/backend/*/%N" },
	{ LEFTOVER_STORE, "/local/domain/0/device-model/%N" },
};

static const struct place files[] = {
	{ LEFTOVER_FILE, DOM_KEPT_DIR "/%N.cfg" },
	{ LEFTOVER_FILE, "/var/lib/xen/userdata-d.%N.%U.libxl-json" },
	{ LEFTOVER_DRIVER, "/sys/bus/xen-backend/devices/vbd-%N-*" },
	{ LEFTOVER_DRIVER, "/sys/bus/xen-backend/devices/vif-%N-*" },
};

static const char *const kinds[] = {
	[LEFTOVER_MAKING] = "half-made",
	[LEFTOVER_STORE] = "store",
	[LEFTOVER_FILE] = "file",
	[LEFTOVER_DRIVER] = "driver",
	[LEFTOVER_DEVICE] = "device",
	[LEFTOVER_DOMAIN] = "domain",
};

const char *leftover_kind_name(enum leftover_kind kind)
{
	return kinds[kind];
}

void leftovers_add(
	struct leftovers *l, const struct leftover *what, const char *fmt, ...)
{
	struct leftover *more = realloc(l->at, (l->count + 1) * sizeof(*more));
	struct leftover *new;
	va_list args;

	if (!more) {
		l->error = -ENOMEM;
		return;
	}
	l->at = more;
	new = &more[l->count];
	*new = *what;
	new->place = strdup(what->place);
	if (!new->place) {
		l->error = -ENOMEM;
		return;
	}
	va_start(args, fmt);
	vsnprintf(new->what, sizeof(new->what), fmt, args);
	va_end(args);
	l->count++;
}

static bool take_number(const char **at, uint32_t *domid)
{
	unsigned long number;
	char *end;

	/* As it is written, or another name would be taken for it. */
	if (**at < '0' || **at > '9' ||
		(**at == '0' && (*at)[1] >= '0' && (*at)[1] <= '9'))
		return false;
	number = strtoul(*at, &end, 10);
	if (number >= DOMID_FIRST_RESERVED)
		return false;
	*domid = (uint32_t)number;
	*at = end;
	return true;
}

static bool take_uuid(const char **at, uint8_t uuid[16])
{
	char text[DOM_UUID_TEXT];

	if (strnlen(*at, sizeof(text) - 1) < sizeof(text) - 1)
		return false;
	memcpy(text, *at, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	*at += sizeof(text) - 1;
	return !dom_uuid_parse(text, uuid);
}

/* Whether a name fits one part of a place's path. */
static bool fits(
	const char *part, size_t len, const char *name, struct leftover *found)
{
	const char *end = part + len;

	while (part < end) {
		if (*part == '*')
			return true;
		if (*part == '%') {
			if (part[1] == 'N' ? !take_number(&name, &found->domid)
					   : !take_uuid(&name, found->uuid))
				return false;
			found->has_uuid |= part[1] == 'U';
			part += 2;
		} else if (*part++ != *name++) {
			return false;
		}
	}
	return !*name;
}

/* The walk over the names below one path. */
struct walk {
	struct leftovers *list;
	struct xs *xs;	  /* NULL: files */
	const char *root; /* before files */
	enum leftover_kind kind;
};

static void descend(const struct walk *w, const char *at, const char *rest,
	struct leftover found);

static void try_name(const struct walk *w, const char *at, const char *rest,
	const char *name, struct leftover found)
{
	size_t len = strcspn(rest, "/");
	char *path;

	if (!fits(rest, len, name, &found))
		return;
	if (asprintf(&path, "%s/%s", at, name) < 0) {
		w->list->error = -ENOMEM;
		return;
	}
	descend(w, path, rest + len, found);
	free(path);
}

static void list_nodes(const struct walk *w, const char *at, const char *rest,
	struct leftover found)
{
	char **names;
	size_t count;
	int ret = xs_directory(w->xs, 0, at, &names, &count);

	if (ret && ret != -ENOENT)
		w->list->error = ret;
	if (ret)
		return;
	for (size_t i = 0; i < count; i++)
		try_name(w, at, rest, names[i], found);
	free(names);
}

static void list_files(const struct walk *w, const char *at, const char *rest,
	struct leftover found)
{
	struct dirent *entry;
	char *path;
	DIR *dir;

	if (asprintf(&path, "%s%s", w->root, at) < 0) {
		w->list->error = -ENOMEM;
		return;
	}
	dir = opendir(path);
	free(path);
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		try_name(w, at, rest, entry->d_name, found);
	closedir(dir);
}

/* `at` is there; `rest` is what follows in the place's path, with its '/'. */
static void descend(const struct walk *w, const char *at, const char *rest,
	struct leftover found)
{
	char *path;

	if (!*rest) {
		found.kind = w->kind;
		found.place = (char *)(uintptr_t)at;
		leftovers_add(w->list, &found, "%s", "");
		return;
	}
	rest++;
	/* Names without a sign need no list. */
	if (!memchr(rest, '%', strcspn(rest, "/")) &&
		!memchr(rest, '*', strcspn(rest, "/"))) {
		size_t len = strcspn(rest, "/");

		if (asprintf(&path, "%s/%.*s", at, (int)len, rest) < 0) {
			w->list->error = -ENOMEM;
			return;
		}
		descend(w, path, rest + len, found);
		free(path);
	} else if (w->xs) {
		list_nodes(w, at, rest, found);
	} else {
		list_files(w, at, rest, found);
	}
}

static void add_record(const char *path, const uint8_t uuid[16], void *arg)
{
	struct leftover found = { .kind = LEFTOVER_MAKING,
		.domid = LEFTOVER_ANY,
		.place = (char *)(uintptr_t)path };
	char text[DOM_UUID_TEXT];

	/* No UUID: that its domain lives is what is wrong. */
	dom_uuid_format(uuid, text);
	leftovers_add(arg, &found,
		"its maker was killed; what there is of guest %s goes with it",
		text);
}

void leftovers_collect(struct leftovers *l, struct xs *xs, const char *root)
{
	const struct leftover none = { .domid = LEFTOVER_ANY };
	char dir[256];

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		struct walk w = { l, xs, "", nodes[i].kind };

		descend(&w, "", nodes[i].path, none);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct walk w = { l, NULL, root, files[i].kind };

		descend(&w, "", files[i].path, none);
	}
	snprintf(dir, sizeof(dir), "%s" HALF_MADE_DIR, root);
	half_made_each(dir, add_record, l);
}

static bool is_of(
	const struct leftover *l, const struct xen_domctl_getdomaininfo *domain)
{
	if (l->domid == LEFTOVER_ANY && !l->has_uuid)
		return false;
	return (l->domid == LEFTOVER_ANY || l->domid == domain->domain) &&
	       (!l->has_uuid || !memcmp(l->uuid, domain->handle, 16));
}

/* Keeps those for which `stays` is true. */
static void filter(struct leftovers *l,
	bool (*stays)(const struct leftover *one, const void *arg),
	const void *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->count; i++) {
		if (stays(&l->at[i], arg))
			l->at[kept++] = l->at[i];
		else
			free(l->at[i].place);
	}
	l->count = kept;
}

struct domains {
	const struct xen_domctl_getdomaininfo *list;
	size_t count;
};

static bool has_no_domain(const struct leftover *one, const void *arg)
{
	const struct domains *d = arg;

	for (size_t i = 0; i < d->count; i++) {
		if (is_of(one, &d->list[i]))
			return false;
	}
	return true;
}

void leftovers_drop_living(struct leftovers *l,
	const struct xen_domctl_getdomaininfo *list, size_t count)
{
	const struct domains d = { list, count };

	filter(l, has_no_domain, &d);
}

static bool is_in(const struct leftover *one, const void *arg)
{
	const struct leftovers *other = arg;

	for (size_t i = 0; i < other->count; i++) {
		if (other->at[i].kind == one->kind &&
			!strcmp(other->at[i].place, one->place))
			return true;
	}
	return false;
}

void leftovers_agree(struct leftovers *l, const struct leftovers *other)
{
	filter(l, is_in, other);
}

void leftovers_free(struct leftovers *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->at[i].place);
	free(l->at);
	*l = (struct leftovers){ 0 };
}
