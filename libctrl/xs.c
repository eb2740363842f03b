/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store's client.
 *
 * One request at a time is under way; events that arrive before its answer
 * are queued. The same bytes travel over the daemon's socket and over
 * /dev/xen/xenbus. What the daemon sends is checked as a stranger's: a
 * packet that is too long or unasked for breaks the connection.
 */
#include <tenonctrl/xs.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <public/io/xs_wire.h>

#define PAYLOAD_MAX 4096
#define PIECES_MAX  24

struct event {
	struct event *next;
	char *path, *token;
};

struct xs {
	int fd;
	bool is_socket;
	int broken; /* the error that broke the connection */
	uint32_t next_id;
	struct event *first, **last;
	/* What has arrived of the packet that is being read. */
	struct xsd_sockmsg hdr;
	char payload[PAYLOAD_MAX + 1];
	size_t have;
};

static const struct {
	int err;
	const char *name;
} error_names[] = {
	{ EINVAL, "EINVAL" },
	{ EACCES, "EACCES" },
	{ EEXIST, "EEXIST" },
	{ EISDIR, "EISDIR" },
	{ ENOENT, "ENOENT" },
	{ ENOMEM, "ENOMEM" },
	{ ENOSPC, "ENOSPC" },
	{ EIO, "EIO" },
	{ ENOTEMPTY, "ENOTEMPTY" },
	{ ENOSYS, "ENOSYS" },
	{ EROFS, "EROFS" },
	{ EBUSY, "EBUSY" },
	{ EAGAIN, "EAGAIN" },
	{ EISCONN, "EISCONN" },
	{ E2BIG, "E2BIG" },
	{ EPERM, "EPERM" },
};

static int error_number(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(error_names) / sizeof(error_names[0]); i++)
		if (!strcmp(error_names[i].name, name))
			return -error_names[i].err;
	return -EINVAL;
}

static int connect_to(const char *path, int *fd)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int s, err;

	if (strlen(path) >= sizeof(at.sun_path))
		return -ENAMETOOLONG;
	strcpy(at.sun_path, path);
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		return -errno;
	if (connect(s, (struct sockaddr *)&at, sizeof(at))) {
		err = -errno;
		close(s);
		return err;
	}
	*fd = s;
	return 0;
}

/* The socket that the environment names, or the usual one. */
static int connect_default(int *fd)
{
	const char *path = getenv("XENSTORED_PATH");
	const char *dir = getenv("XENSTORED_RUNDIR");
	char buf[sizeof(((struct sockaddr_un *)0)->sun_path)];

	if (!path) {
		if ((size_t)snprintf(buf, sizeof(buf), "%s/socket",
			    dir ? dir : "/run/xenstored") >= sizeof(buf))
			return -ENAMETOOLONG;
		path = buf;
	}
	return connect_to(path, fd);
}

/*
 * Is this the domain whose daemon serves the store?  There the kernel's way
 * ends at the same daemon, and waits for ever when it is not there.
 */
static bool is_store_domain(void)
{
	char text[64] = "";
	FILE *f = fopen("/proc/xen/capabilities", "re");
	bool is_it;

	is_it = f && fgets(text, sizeof(text), f) && strstr(text, "control_d");
	if (f)
		fclose(f);
	return is_it;
}

int xs_open(struct xs **out, const char *path)
{
	struct xs *xs = calloc(1, sizeof(*xs));
	int rc;

	if (!xs)
		return -ENOMEM;
	xs->is_socket = true;
	rc = path ? connect_to(path, &xs->fd) : connect_default(&xs->fd);
	if (!path && (rc == -ENOENT || rc == -ECONNREFUSED) &&
		!is_store_domain()) {
		xs->fd = open("/dev/xen/xenbus", O_RDWR | O_CLOEXEC);
		xs->is_socket = false;
		if (xs->fd >= 0)
			rc = 0;
	}
	if (rc) {
		free(xs);
		return rc;
	}
	xs->last = &xs->first;
	*out = xs;
	return 0;
}

static struct event *take_event(struct xs *xs)
{
	struct event *e = xs->first;

	if (e) {
		xs->first = e->next;
		if (!xs->first)
			xs->last = &xs->first;
	}
	return e;
}

void xs_close(struct xs *xs)
{
	struct event *e;

	if (!xs)
		return;
	while ((e = take_event(xs))) {
		free(e->path);
		free(e->token);
		free(e);
	}
	close(xs->fd);
	free(xs);
}

int xs_fd(const struct xs *xs)
{
	return xs->fd;
}

static int give_up(struct xs *xs, int err)
{
	xs->broken = err;
	return err;
}

static int queue_event(struct xs *xs)
{
	size_t len = xs->hdr.len, path_len;
	struct event *e;

	path_len = strnlen(xs->payload, len);
	if (path_len == len ||
		strnlen(xs->payload + path_len + 1, len - path_len - 1) ==
			len - path_len - 1)
		return give_up(xs, -EPROTO);
	e = calloc(1, sizeof(*e));
	if (!e)
		return give_up(xs, -ENOMEM);
	e->path = strdup(xs->payload);
	e->token = strdup(xs->payload + path_len + 1);
	if (!e->path || !e->token) {
		free(e->path);
		free(e->token);
		free(e);
		return give_up(xs, -ENOMEM);
	}
	*xs->last = e;
	xs->last = &e->next;
	return 0;
}

/* Reads more of the packet; 1 when it is whole, 0 when not, or an error. */
static int read_some(struct xs *xs)
{
	size_t head = sizeof(xs->hdr), want;
	char *into;
	ssize_t n;

	if (xs->have < head) {
		into = (char *)&xs->hdr + xs->have;
		want = head - xs->have;
	} else {
		into = xs->payload + (xs->have - head);
		want = head + xs->hdr.len - xs->have;
	}
	n = want ? read(xs->fd, into, want) : 0;
	if (n < 0 && errno == EINTR)
		return -EINTR;
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0 || (want && !n))
		return give_up(xs, -EIO);
	xs->have += (size_t)n;
	if (xs->have < head)
		return 0;
	if (xs->hdr.len > PAYLOAD_MAX)
		return give_up(xs, -EPROTO);
	if (xs->have < head + xs->hdr.len)
		return 0;
	xs->have = 0;
	xs->payload[xs->hdr.len] = '\0';
	return 1;
}

static int write_all(struct xs *xs, struct iovec *iov, int count)
{
	ssize_t n;

	while (count) {
		if (!iov->iov_len) {
			iov++;
			count--;
			continue;
		}
		if (xs->is_socket) {
			struct msghdr msg = { .msg_iov = iov,
				.msg_iovlen = (size_t)count };

			n = sendmsg(xs->fd, &msg, MSG_NOSIGNAL);
		} else {
			n = write(xs->fd, iov->iov_base, iov->iov_len);
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return give_up(xs, -EIO);
		while (n && (size_t)n >= iov->iov_len) {
			n -= (ssize_t)iov->iov_len;
			iov->iov_len = 0;
			iov++;
			count--;
		}
		if (n) {
			iov->iov_base = (char *)iov->iov_base + n;
			iov->iov_len -= (size_t)n;
		}
	}
	return 0;
}

/* Reads until the answer to `id` is in the payload. */
static int await_answer(struct xs *xs, uint32_t type, uint32_t id)
{
	int rc;

	for (;;) {
		rc = read_some(xs);
		if (rc == -EINTR || !rc)
			continue;
		if (rc < 0)
			return rc;
		if (xs->hdr.type == XS_WATCH_EVENT) {
			rc = queue_event(xs);
			if (rc)
				return rc;
			continue;
		}
		if (xs->hdr.req_id != id ||
			(xs->hdr.type != type && xs->hdr.type != XS_ERROR))
			return give_up(xs, -EPROTO);
		if (xs->hdr.type == XS_ERROR)
			return error_number(xs->payload);
		return 0;
	}
}

/*
 * One request of several pieces; the answer is in the payload. The pieces
 * are iov[1] and on: the first one is the header's.
 */
static int ask(
	struct xs *xs, uint32_t type, uint32_t tx, struct iovec *iov, int count)
{
	struct xsd_sockmsg hdr = { .type = type, .tx_id = tx };
	size_t len = 0;
	int i, rc;

	if (xs->broken)
		return xs->broken;
	for (i = 1; i < count; i++)
		len += iov[i].iov_len;
	if (len > PAYLOAD_MAX)
		return -E2BIG;
	hdr.req_id = ++xs->next_id;
	hdr.len = (uint32_t)len;
	iov[0].iov_base = &hdr;
	iov[0].iov_len = sizeof(hdr);
	rc = write_all(xs, iov, count);
	return rc ? rc : await_answer(xs, type, hdr.req_id);
}

static struct iovec piece(const void *bytes, size_t len)
{
	return (struct iovec){ (void *)(uintptr_t)bytes, len };
}

/* A request of up to three strings, each with its NUL; NULL ends them. */
static int ask_strings(struct xs *xs, uint32_t type, uint32_t tx, const char *a,
	const char *b, const char *c)
{
	struct iovec iov[4];
	int n = 1;

	iov[n++] = piece(a, strlen(a) + 1);
	if (b)
		iov[n++] = piece(b, strlen(b) + 1);
	if (b && c)
		iov[n++] = piece(c, strlen(c) + 1);
	return ask(xs, type, tx, iov, n);
}

int xs_read(
	struct xs *xs, uint32_t tx, const char *path, char **value, size_t *len)
{
	int rc = ask_strings(xs, XS_READ, tx, path, NULL, NULL);
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

	iov[1] = piece(path, strlen(path) + 1);
	iov[2] = piece(value, len);
	return ask(xs, XS_WRITE, tx, iov, 3);
}

int xs_mkdir(struct xs *xs, uint32_t tx, const char *path)
{
	return ask_strings(xs, XS_MKDIR, tx, path, NULL, NULL);
}

int xs_rm(struct xs *xs, uint32_t tx, const char *path)
{
	return ask_strings(xs, XS_RM, tx, path, NULL, NULL);
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
		rc = ask_strings(xs, XS_DIRECTORY_PART, tx, path, offset, NULL);
		if (rc == -EINVAL && all->len) {
			all->len = 0;
			stamp[0] = '\0';
			continue;
		}
		if (rc)
			return rc;
		head = strlen(xs->payload) + 1;
		if (head >= sizeof(stamp) || head >= xs->hdr.len)
			return give_up(xs, -EPROTO);
		if (all->len && strcmp(stamp, xs->payload)) {
			all->len = 0;
			stamp[0] = '\0';
			continue;
		}
		strcpy(stamp, xs->payload);
		len = xs->hdr.len - head;
		if (xs->payload[xs->hdr.len - 1])
			return give_up(xs, -EPROTO);
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
	int rc = ask_strings(xs, XS_DIRECTORY, tx, path, NULL, NULL);

	if (rc == -E2BIG)
		rc = read_parts(xs, tx, path, &all);
	else if (!rc && xs->hdr.len && xs->payload[xs->hdr.len - 1])
		rc = give_up(xs, -EPROTO);
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
	int rc = ask_strings(xs, XS_GET_PERMS, tx, path, NULL, NULL);
	struct xs_perm *list;
	size_t n = 0, i;
	char *at;

	if (rc)
		return rc;
	for (i = 0; i < xs->hdr.len; i++)
		n += !xs->payload[i];
	if (!n || xs->payload[xs->hdr.len - 1])
		return give_up(xs, -EPROTO);
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
	iov[1] = piece(path, strlen(path) + 1);
	iov[2] = piece(list, len);
	return ask(xs, XS_SET_PERMS, tx, iov, 3);
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
	int rc = ask_strings(xs, XS_TRANSACTION_START, 0, "", NULL, NULL);
	unsigned long id;

	if (rc)
		return rc;
	id = strtoul(xs->payload, NULL, 10);
	if (!id || id > UINT32_MAX)
		return give_up(xs, -EPROTO);
	*tx = (uint32_t)id;
	return 0;
}

int xs_end(struct xs *xs, uint32_t tx, bool commit)
{
	return ask_strings(
		xs, XS_TRANSACTION_END, tx, commit ? "T" : "F", NULL, NULL);
}

int xs_watch(struct xs *xs, const char *path, const char *token)
{
	return ask_strings(xs, XS_WATCH, 0, path, token, NULL);
}

int xs_unwatch(struct xs *xs, const char *path, const char *token)
{
	return ask_strings(xs, XS_UNWATCH, 0, path, token, NULL);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Waits for one packet; an event is queued, all else is unasked for. */
static int await_event(struct xs *xs, int64_t until)
{
	struct pollfd p = { .fd = xs->fd, .events = POLLIN };
	int64_t left;
	int rc;

	for (;;) {
		left = until < 0 ? -1 : until - now_ms();
		if (until >= 0 && left < 0)
			left = 0;
		rc = poll(&p, 1, (int)left);
		if (rc < 0)
			return -errno;
		if (!rc)
			return -ETIMEDOUT;
		rc = read_some(xs);
		if (rc < 0)
			return rc;
		if (!rc)
			continue;
		if (xs->hdr.type != XS_WATCH_EVENT)
			return give_up(xs, -EPROTO);
		return queue_event(xs);
	}
}

int xs_next_event(struct xs *xs, int timeout_ms, char **path, char **token)
{
	struct event *e;
	int rc;

	if (!xs->first) {
		if (xs->broken)
			return xs->broken;
		rc = await_event(
			xs, timeout_ms < 0 ? -1 : now_ms() + timeout_ms);
		if (rc)
			return rc;
	}
	e = take_event(xs);
	*path = e->path;
	*token = e->token;
	free(e);
	return 0;
}

int xs_introduce(struct xs *xs, uint32_t domid, uint64_t gfn, uint32_t port)
{
	char d[16], g[24], p[16];

	snprintf(d, sizeof(d), "%" PRIu32, domid);
	snprintf(g, sizeof(g), "%" PRId64, (int64_t)gfn);
	snprintf(p, sizeof(p), "%" PRIu32, port);
	return ask_strings(xs, XS_INTRODUCE, 0, d, g, p);
}

static int ask_domain(struct xs *xs, uint32_t type, uint32_t domid)
{
	char d[16];

	snprintf(d, sizeof(d), "%" PRIu32, domid);
	return ask_strings(xs, type, 0, d, NULL, NULL);
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
	return ask_strings(xs, XS_SET_TARGET, 0, d, t, NULL);
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
		iov[i + 1] = piece(argv[i], strlen(argv[i]) + 1);
	rc = ask(xs, XS_CONTROL, 0, iov, (int)argc + 1);
	if (rc)
		return rc;
	copy = strdup(xs->payload);
	if (!copy)
		return -ENOMEM;
	*answer = copy;
	return 0;
}
