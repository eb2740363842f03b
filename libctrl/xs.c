/* SPDX-License-Identifier: BSD-2-Clause */
/* The store's client: its requests. */
#include <tenonctrl/xs.h>

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xs_conn.h"

#define PIECES_MAX 24

int xs_read(
	struct xs *xs, uint32_t tx, const char *path, char **value, size_t *len)
{
	int rc = xs_ask_strings(xs, XS_READ, tx, path, NULL, NULL);
	char *copy;

	if (rc)
		return rc;
	copy = malloc(xs->hdr.len + 1u);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, xs->payload, xs->hdr.len + 1u);
	*value = copy;
	if (len)
		*len = xs->hdr.len;
	return 0;
}

int xs_write(struct xs *xs, uint32_t tx, const char *path, const void *value,
	size_t len)
{
	struct iovec iov[3];

	iov[1] = xs_piece(path, strlen(path) + 1);
	iov[2] = xs_piece(value, len);
	return xs_ask(xs, XS_WRITE, tx, iov, 3);
}

int xs_mkdir(struct xs *xs, uint32_t tx, const char *path)
{
	return xs_ask_strings(xs, XS_MKDIR, tx, path, NULL, NULL);
}

int xs_rm(struct xs *xs, uint32_t tx, const char *path)
{
	return xs_ask_strings(xs, XS_RM, tx, path, NULL, NULL);
}

/* A growing list of NUL-terminated names. */
struct names {
	char *bytes;
	size_t len;
};

static int add_names(struct names *all, const char *bytes, size_t len)
{
	char *more = realloc(all->bytes, all->len + len + 1);

	if (!more)
		return -ENOMEM;
	memcpy(more + all->len, bytes, len);
	all->bytes = more;
	all->len += len;
	return 0;
}

/*
 * Reads a directory in parts: "STAMP\0names", with an empty name at the end.
 * Another stamp means that it changed meanwhile: from the beginning again.
 */
static int read_parts(
	struct xs *xs, uint32_t tx, const char *path, struct names *all)
{
	char offset[24], stamp[24] = "";
	size_t head, len;
	int rc;

	for (;;) {
		snprintf(offset, sizeof(offset), "%zu", all->len);
		rc = xs_ask_strings(
			xs, XS_DIRECTORY_PART, tx, path, offset, NULL);
		if (rc == -EINVAL && all->len) {
			all->len = 0;
			stamp[0] = '\0';
			continue;
		}
		if (rc)
			return rc;
		head = strlen(xs->payload) + 1;
		if (head >= sizeof(stamp) || head >= xs->hdr.len)
			return xs_give_up(xs, -EPROTO);
		if (all->len && strcmp(stamp, xs->payload)) {
			all->len = 0;
			stamp[0] = '\0';
			continue;
		}
		strcpy(stamp, xs->payload);
		len = xs->hdr.len - head;
		if (xs->payload[xs->hdr.len - 1])
			return xs_give_up(xs, -EPROTO);
		if (len == 1 || !xs->payload[xs->hdr.len - 2])
			return add_names(all, xs->payload + head, len - 1);
		rc = add_names(all, xs->payload + head, len);
		if (rc)
			return rc;
	}
}

/* The array of names and the names in one allocation. */
static int make_list(const struct names *all, char ***out, size_t *count)
{
	size_t n = 0, i, at = 0;
	char **list, *bytes;

	for (i = 0; i < all->len; i++)
		n += !all->bytes[i];
	list = malloc((n + 1) * sizeof(*list) + all->len + 1);
	if (!list)
		return -ENOMEM;
	bytes = (char *)(list + n + 1);
	if (all->len)
		memcpy(bytes, all->bytes, all->len);
	for (i = 0; i < n; i++) {
		list[i] = bytes + at;
		at += strlen(bytes + at) + 1;
	}
	list[n] = NULL;
	*out = list;
	if (count)
		*count = n;
	return 0;
}

int xs_directory(struct xs *xs, uint32_t tx, const char *path, char ***out,
	size_t *count)
{
	struct names all = { NULL, 0 };
	int rc = xs_ask_strings(xs, XS_DIRECTORY, tx, path, NULL, NULL);

	if (rc == -E2BIG)
		rc = read_parts(xs, tx, path, &all);
	else if (!rc && xs->hdr.len && xs->payload[xs->hdr.len - 1])
		rc = xs_give_up(xs, -EPROTO);
	else if (!rc)
		rc = add_names(&all, xs->payload, xs->hdr.len);
	if (!rc)
		rc = make_list(&all, out, count);
	free(all.bytes);
	return rc;
}

int xs_get_perms(struct xs *xs, uint32_t tx, const char *path,
	struct xs_perm **perms, size_t *count)
{
	int rc = xs_ask_strings(xs, XS_GET_PERMS, tx, path, NULL, NULL);
	struct xs_perm *list;
	size_t n = 0, i;
	char *at;

	if (rc)
		return rc;
	for (i = 0; i < xs->hdr.len; i++)
		n += !xs->payload[i];
	if (!n || xs->payload[xs->hdr.len - 1])
		return xs_give_up(xs, -EPROTO);
	list = calloc(n, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (i = 0, at = xs->payload; i < n; i++, at += strlen(at) + 1) {
		list[i].access = at[0];
		list[i].domid = at[0] ? (uint32_t)strtoul(at + 1, NULL, 10) : 0;
	}
	*perms = list;
	*count = n;
	return 0;
}

int xs_set_perms(struct xs *xs, uint32_t tx, const char *path,
	const struct xs_perm *perms, size_t count)
{
	char list[PAYLOAD_MAX];
	struct iovec iov[3];
	size_t len = 0, i;

	for (i = 0; i < count; i++) {
		if (!strchr("nrwb", perms[i].access) || !perms[i].access)
			return -EINVAL;
		if (len + 12 > sizeof(list))
			return -E2BIG;
		len += (size_t)snprintf(list + len, sizeof(list) - len,
			       "%c%" PRIu32, perms[i].access, perms[i].domid) +
		       1;
	}
	iov[1] = xs_piece(path, strlen(path) + 1);
	iov[2] = xs_piece(list, len);
	return xs_ask(xs, XS_SET_PERMS, tx, iov, 3);
}

int xs_printf(
	struct xs *xs, uint32_t tx, const char *path, const char *fmt, ...)
{
	char value[PAYLOAD_MAX];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(value))
		return -ENAMETOOLONG;
	return xs_write(xs, tx, path, value, (size_t)len);
}

int xs_read_u64(struct xs *xs, uint32_t tx, const char *path, uint64_t *value)
{
	unsigned long long n;
	char *text, *end;
	int rc = xs_read(xs, tx, path, &text, NULL);

	if (rc)
		return rc;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno)
		rc = -EINVAL;
	else
		*value = n;
	free(text);
	return rc;
}

int xs_begin(struct xs *xs, uint32_t *tx)
{
	int rc = xs_ask_strings(xs, XS_TRANSACTION_START, 0, "", NULL, NULL);
	unsigned long id;

	if (rc)
		return rc;
	id = strtoul(xs->payload, NULL, 10);
	if (!id || id > UINT32_MAX)
		return xs_give_up(xs, -EPROTO);
	*tx = (uint32_t)id;
	return 0;
}

int xs_end(struct xs *xs, uint32_t tx, bool commit)
{
	return xs_ask_strings(
		xs, XS_TRANSACTION_END, tx, commit ? "T" : "F", NULL, NULL);
}

int xs_watch(struct xs *xs, const char *path, const char *token)
{
	return xs_ask_strings(xs, XS_WATCH, 0, path, token, NULL);
}

int xs_unwatch(struct xs *xs, const char *path, const char *token)
{
	return xs_ask_strings(xs, XS_UNWATCH, 0, path, token, NULL);
}

int xs_introduce(struct xs *xs, uint32_t domid, uint64_t gfn, uint32_t port)
{
	char d[16], g[24], p[16];

	snprintf(d, sizeof(d), "%" PRIu32, domid);
	snprintf(g, sizeof(g), "%" PRId64, (int64_t)gfn);
	snprintf(p, sizeof(p), "%" PRIu32, port);
	return xs_ask_strings(xs, XS_INTRODUCE, 0, d, g, p);
}

static int ask_domain(struct xs *xs, uint32_t type, uint32_t domid)
{
	char d[16];

	snprintf(d, sizeof(d), "%" PRIu32, domid);
	return xs_ask_strings(xs, type, 0, d, NULL, NULL);
}

int xs_release(struct xs *xs, uint32_t domid)
{
	return ask_domain(xs, XS_RELEASE, domid);
}

int xs_resume(struct xs *xs, uint32_t domid)
{
	return ask_domain(xs, XS_RESUME, domid);
}

int xs_set_target(struct xs *xs, uint32_t domid, uint32_t target)
{
	char d[16], t[16];

	snprintf(d, sizeof(d), "%" PRIu32, domid);
	snprintf(t, sizeof(t), "%" PRIu32, target);
	return xs_ask_strings(xs, XS_SET_TARGET, 0, d, t, NULL);
}

int xs_is_introduced(struct xs *xs, uint32_t domid, bool *introduced)
{
	int rc = ask_domain(xs, XS_IS_DOMAIN_INTRODUCED, domid);

	if (!rc)
		*introduced = xs->payload[0] == 'T';
	return rc;
}

int xs_domain_path(struct xs *xs, uint32_t domid, char **path)
{
	int rc = ask_domain(xs, XS_GET_DOMAIN_PATH, domid);
	char *copy;

	if (rc)
		return rc;
	copy = strdup(xs->payload);
	if (!copy)
		return -ENOMEM;
	*path = copy;
	return 0;
}

int xs_control(
	struct xs *xs, size_t argc, const char *const *argv, char **answer)
{
	struct iovec iov[PIECES_MAX];
	char *copy;
	size_t i;
	int rc;

	if (argc >= PIECES_MAX)
		return -E2BIG;
	for (i = 0; i < argc; i++)
		iov[i + 1] = xs_piece(argv[i], strlen(argv[i]) + 1);
	rc = xs_ask(xs, XS_CONTROL, 0, iov, (int)argc + 1);
	if (rc)
		return rc;
	copy = strdup(xs->payload);
	if (!copy)
		return -ENOMEM;
	*answer = copy;
	return 0;
}
