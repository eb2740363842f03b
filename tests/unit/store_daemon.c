/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon as a process, without a hypervisor: clients on its socket, and
 * guests that are this test, each with a ring in a memfd and two eventfds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <public/io/xs_wire.h>
#include <tenonctrl/xs.h>

#define PATIENCE_MS 10000

static char dir[] = "/tmp/store-test-XXXXXX";
static char socket_path[64], guests_path[64];
static pid_t daemon_pid;

static const char *daemon_program(void)
{
	const char *build = getenv("top_builddir");
	static char path[512];

	snprintf(path, sizeof(path), "%s/xenstored/xenstored",
		build ? build : "..");
	return path;
}

static int start_daemon(void **state)
{
	struct xs *xs;
	int i;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(dir))
		return -1;
	snprintf(socket_path, sizeof(socket_path), "%s/socket", dir);
	snprintf(guests_path, sizeof(guests_path), "%s/guests", dir);
	daemon_pid = fork();
	if (!daemon_pid) {
		execl(daemon_program(), "xenstored", "-F", "--no-hypervisor",
			"--socket", socket_path, "--fake-guests", guests_path,
			(char *)NULL);
		_exit(127);
	}
	for (i = 0; i < 200; i++) {
		if (!access(guests_path, F_OK) && !xs_open(&xs, socket_path)) {
			xs_close(xs);
			return 0;
		}
		usleep(50000);
	}
	return -1;
}

/* It ends on SIGTERM with status 0, and takes its socket with it. */
static int stop_daemon(void **state)
{
	int status;

	(void)state;
	kill(daemon_pid, SIGTERM);
	if (waitpid(daemon_pid, &status, 0) != daemon_pid || status)
		return -1;
	if (!access(socket_path, F_OK))
		return -1;
	unlink(guests_path);
	return rmdir(dir);
}

static struct xs *client(void)
{
	struct xs *xs;

	assert_int_equal(xs_open(&xs, socket_path), 0);
	return xs;
}

static void assert_sound(struct xs *xs)
{
	static const char *const check[] = { "check" };
	char *answer;

	assert_int_equal(xs_control(xs, 1, check, &answer), 0);
	assert_string_equal(answer, "OK");
	free(answer);
}

static void assert_event(struct xs *xs, const char *expected)
{
	char *path, *token;

	assert_int_equal(xs_next_event(xs, PATIENCE_MS, &path, &token), 0);
	assert_string_equal(path, expected);
	free(path);
	free(token);
}

/* The same, with others before it. */
static void await_event(struct xs *xs, const char *expected)
{
	char *path, *token;
	bool is_it = false;

	while (!is_it) {
		assert_int_equal(
			xs_next_event(xs, PATIENCE_MS, &path, &token), 0);
		is_it = !strcmp(path, expected);
		free(path);
		free(token);
	}
}

struct fake_guest {
	uint32_t domid;
	int line, to_store, from_store;
	struct xenstore_domain_interface *page;
};

static void guest_boot(struct fake_guest *g, uint32_t domid)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(3 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { &domid, sizeof(domid) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int fds[3];
	char ready;

	g->domid = domid;
	fds[0] = memfd_create("ring", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fds[0], 4096), 0);
	g->page =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
	assert_ptr_not_equal(g->page, MAP_FAILED);
	g->to_store = fds[1] = eventfd(0, EFD_CLOEXEC);
	g->from_store = fds[2] = eventfd(0, EFD_CLOEXEC);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	strcpy(at.sun_path, guests_path);
	g->line = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
		connect(g->line, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(sendmsg(g->line, &msg, 0), sizeof(domid));
	assert_int_equal(read(g->line, &ready, 1), 1);
	close(fds[0]);
}

static void guest_die(struct fake_guest *g)
{
	close(g->line);
	close(g->to_store);
	close(g->from_store);
	munmap(g->page, 4096);
}

static void guest_notify(struct fake_guest *g)
{
	uint64_t one = 1;

	assert_int_equal(write(g->to_store, &one, 8), 8);
}

/* Waits until the store has moved an index. */
static void guest_wait(struct fake_guest *g)
{
	struct pollfd p = { .fd = g->from_store, .events = POLLIN };
	uint64_t count;

	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	assert_int_equal(read(g->from_store, &count, 8), 8);
}

static void guest_write(struct fake_guest *g, const void *bytes, size_t len)
{
	const char *p = bytes;
	uint32_t prod = g->page->req_prod;

	while (len) {
		if (prod - __atomic_load_n(
				   &g->page->req_cons, __ATOMIC_ACQUIRE) ==
			XENSTORE_RING_SIZE) {
			guest_wait(g);
			continue;
		}
		g->page->req[MASK_XENSTORE_IDX(prod++)] = *p++;
		len--;
		__atomic_store_n(&g->page->req_prod, prod, __ATOMIC_RELEASE);
		if (!len || prod - g->page->req_cons == XENSTORE_RING_SIZE)
			guest_notify(g);
	}
}

static void guest_read(struct fake_guest *g, void *bytes, size_t len)
{
	char *p = bytes;
	uint32_t cons = g->page->rsp_cons;

	while (len) {
		if (cons ==
			__atomic_load_n(&g->page->rsp_prod, __ATOMIC_ACQUIRE)) {
			guest_notify(g);
			guest_wait(g);
			continue;
		}
		*p++ = g->page->rsp[MASK_XENSTORE_IDX(cons++)];
		len--;
		__atomic_store_n(&g->page->rsp_cons, cons, __ATOMIC_RELEASE);
	}
}

static void guest_ask(struct fake_guest *g, uint32_t type, const char *payload,
	size_t len, char *answer)
{
	struct xsd_sockmsg hdr = {
		.type = type, .req_id = 9, .len = (uint32_t)len
	};

	guest_write(g, &hdr, sizeof(hdr));
	guest_write(g, payload, len);
	guest_read(g, &hdr, sizeof(hdr));
	assert_int_equal(hdr.req_id, 9);
	assert_true(hdr.len <= 4096);
	guest_read(g, answer, hdr.len);
	answer[hdr.len] = '\0';
}

static void introduce(struct xs *xs, struct fake_guest *g)
{
	struct xs_perm owner = { g->domid, 'n' };
	char *path;

	assert_int_equal(xs_domain_path(xs, g->domid, &path), 0);
	assert_int_equal(xs_mkdir(xs, 0, path), 0);
	assert_int_equal(xs_set_perms(xs, 0, path, &owner, 1), 0);
	assert_int_equal(xs_introduce(xs, g->domid, 1, 1), 0);
	free(path);
}

static void test_client_library(void **state)
{
	struct xs *xs = client(), *other = client();
	struct xs_perm perms[2] = { { 0, 'n' }, { 5, 'r' } }, *got;
	char name[64], *value, **names;
	uint64_t number;
	size_t len, i;
	uint32_t tx;
	struct stat st;

	(void)state;
	assert_int_equal(stat(socket_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(xs_write(xs, 0, "/t/bin", "a\0b", 3), 0);
	assert_int_equal(xs_read(other, 0, "/t/bin", &value, &len), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(value, "a\0b", 4);
	free(value);
	assert_int_equal(xs_read(xs, 0, "/t/none", &value, &len), -ENOENT);
	assert_int_equal(xs_read(xs, 0, "/t/", &value, &len), -EINVAL);
	assert_int_equal(xs_printf(xs, 0, "/t/n", "%d", 42), 0);
	assert_int_equal(xs_read_u64(xs, 0, "/t/n", &number), 0);
	assert_int_equal(number, 42);
	assert_int_equal(xs_set_perms(xs, 0, "/t/n", perms, 2), 0);
	assert_int_equal(xs_get_perms(xs, 0, "/t/n", &got, &len), 0);
	assert_int_equal(len, 2);
	assert_int_equal(got[1].domid, 5);
	free(got);
	for (i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "/t/big/node-%zu", i);
		assert_int_equal(xs_mkdir(xs, 0, name), 0);
	}
	assert_int_equal(xs_directory(xs, 0, "/t/big", &names, &len), 0);
	assert_int_equal(len, 5000);
	assert_null(names[5000]);
	free(names);
	assert_int_equal(xs_begin(xs, &tx), 0);
	assert_int_equal(xs_read_u64(xs, tx, "/t/n", &number), 0);
	assert_int_equal(xs_printf(xs, tx, "/t/n", "43"), 0);
	assert_int_equal(xs_printf(other, 0, "/t/n", "50"), 0);
	assert_int_equal(xs_end(xs, tx, true), -EAGAIN);
	assert_int_equal(xs_rm(xs, 0, "/t"), 0);
	assert_sound(xs);
	xs_close(xs);
	xs_close(other);
}

/* Many at once, with watches' events between the answers, and an error. */
static void test_gathered(void **state)
{
	struct xs *xs = client();
	char path[64], *value;
	uint32_t tx;

	(void)state;
	assert_int_equal(xs_watch(xs, "/gathered", "g"), 0);
	assert_event(xs, "/gathered");
	xs_gather(xs);
	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "/gathered/%d", i);
		assert_int_equal(xs_printf(xs, 0, path, "value %d", i), 0);
	}
	assert_int_equal(xs_read(xs, 0, path, &value, NULL), -EINVAL);
	assert_int_equal(xs_gathered(xs), 0);
	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "/gathered/%d", i);
		assert_event(xs, path);
	}
	assert_int_equal(xs_read(xs, 0, path, &value, NULL), 0);
	assert_string_equal(value, "value 999");
	free(value);

	assert_int_equal(xs_unwatch(xs, "/gathered", "g"), 0);
	assert_int_equal(xs_begin(xs, &tx), 0);
	xs_gather(xs);
	assert_int_equal(xs_rm(xs, tx, "/gathered"), 0);
	assert_int_equal(xs_rm(xs, tx, "/none/of/that"), 0);
	assert_int_equal(xs_mkdir(xs, tx, "/gathered/?"), 0);
	assert_int_equal(xs_gathered(xs), -ENOENT);
	assert_int_equal(xs_end(xs, tx, false), 0);
	xs_gather(xs);
	assert_int_equal(xs_gathered(xs), 0);
	assert_int_equal(xs_rm(xs, 0, "/gathered"), 0);
	xs_close(xs);
}

static void test_watches(void **state)
{
	struct xs *xs = client(), *other = client();
	char *path, *token;

	(void)state;
	assert_int_equal(xs_watch(xs, "/w", "tok"), 0);
	assert_int_equal(xs_watch(xs, "/w", "tok"), -EEXIST);
	assert_event(xs, "/w");
	assert_int_equal(xs_next_event(xs, 0, &path, &token), -ETIMEDOUT);
	assert_int_equal(xs_write(other, 0, "/w/x", "1", 1), 0);
	assert_event(xs, "/w/x");
	assert_int_equal(xs_unwatch(xs, "/w", "tok"), 0);
	assert_int_equal(xs_rm(other, 0, "/w"), 0);
	assert_int_equal(xs_next_event(xs, 50, &path, &token), -ETIMEDOUT);
	xs_close(xs);
	xs_close(other);
}

static void test_guest_life(void **state)
{
	struct xs *xs = client();
	struct fake_guest g;
	char answer[4097], big[2000], *value;
	bool introduced;
	size_t len;
	int i;

	(void)state;
	assert_int_equal(xs_introduce(xs, 5, 1, 1), -EINVAL);
	guest_boot(&g, 5);
	introduce(xs, &g);
	assert_int_equal(g.page->server_features, 15);
	assert_int_equal(xs_watch(xs, "@releaseDomain", "r"), 0);
	assert_event(xs, "@releaseDomain");
	assert_int_equal(xs_watch(xs, "/local/domain/5", "g"), 0);
	assert_event(xs, "/local/domain/5");
	guest_ask(&g, XS_WRITE, "hello\0world", 11, answer);
	assert_string_equal(answer, "OK");
	assert_event(xs, "/local/domain/5/hello");
	memset(big, 'x', sizeof(big));
	memcpy(big, "big", 4);
	for (i = 0; i < 20; i++) {
		guest_ask(&g, XS_WRITE, big, sizeof(big), answer);
		assert_string_equal(answer, "OK");
		guest_ask(&g, XS_READ, "big", 4, answer);
		assert_int_equal(strlen(answer), sizeof(big) - 4);
	}
	guest_ask(&g, XS_INTRODUCE, "6\0001\0001", 6, answer);
	assert_string_equal(answer, "EACCES");
	assert_event(xs, "/local/domain/5/big");
	assert_sound(xs);
	guest_die(&g);
	await_event(xs, "@releaseDomain");
	assert_int_equal(xs_is_introduced(xs, 5, &introduced), 0);
	assert_false(introduced);
	assert_int_equal(
		xs_read(xs, 0, "/local/domain/5", &value, &len), -ENOENT);
	assert_sound(xs);
	xs_close(xs);
}

/* Fills its ring again and again before it reads the first answer. */
static void test_guest_that_pipelines(void **state)
{
	struct xsd_sockmsg hdr = { .type = XS_DIRECTORY, .len = 2 };
	struct xs *xs = client();
	struct fake_guest g;
	char packets[56 * 18], answer[16];
	int i, n;

	(void)state;
	guest_boot(&g, 9);
	introduce(xs, &g);
	for (i = 0; i < 56; i++) {
		memcpy(packets + i * 18, &hdr, 16);
		memcpy(packets + i * 18 + 16, "/", 2);
	}
	for (n = 0; n < 50; n++) {
		guest_write(&g, packets, sizeof(packets));
		for (i = 0; i < 56; i++) {
			guest_read(&g, &hdr, sizeof(hdr));
			assert_int_equal(hdr.type, XS_ERROR);
			guest_read(&g, answer, hdr.len);
			assert_string_equal(answer, "EACCES");
		}
		hdr.type = XS_DIRECTORY;
	}
	assert_sound(xs);
	guest_die(&g);
	xs_close(xs);
}

/* It harms itself; the guest beside it goes on, and so may it, afterwards. */
static void test_hostile_guest(void **state)
{
	struct xs *xs = client();
	struct fake_guest bad, good;
	char answer[4097];
	int i;

	(void)state;
	guest_boot(&bad, 7);
	guest_boot(&good, 8);
	introduce(xs, &bad);
	introduce(xs, &good);
	guest_ask(&bad, XS_WRITE, "x\0y", 3, answer);
	for (i = 0; i < 200; i++) {
		bad.page->req_prod = bad.page->req_cons + 5000u + (uint32_t)i;
		bad.page->rsp_cons = 77u * (uint32_t)i;
		guest_notify(&bad);
		guest_ask(&good, XS_READ, "nothing", 8, answer);
		assert_string_equal(answer, "ENOENT");
	}
	assert_int_equal(bad.page->error, XENSTORE_ERROR_RINGIDX);
	assert_sound(xs);
	__atomic_store_n(
		&bad.page->connection, XENSTORE_RECONNECT, __ATOMIC_RELEASE);
	guest_notify(&bad);
	while (__atomic_load_n(&bad.page->connection, __ATOMIC_ACQUIRE) !=
		XENSTORE_CONNECTED)
		guest_wait(&bad);
	guest_ask(&bad, XS_READ, "x", 2, answer);
	assert_string_equal(answer, "y");
	guest_die(&bad);
	guest_die(&good);
	xs_close(xs);
}

/* A client sends and sends, and never reads; the others do not notice. */
static void test_client_that_never_reads(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct xsd_sockmsg hdr = { .type = XS_DIRECTORY, .len = 2 };
	struct xs *xs = client();
	char packet[18], *value;
	size_t len, sent = 0;
	ssize_t n;
	int s;

	(void)state;
	memcpy(packet, &hdr, 16);
	memcpy(packet + 16, "/", 2);
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	strcpy(at.sun_path, socket_path);
	assert_int_equal(connect(s, (struct sockaddr *)&at, sizeof(at)), 0);
	for (;;) {
		struct pollfd p = { .fd = s, .events = POLLOUT };

		n = send(s, packet + sent % 18, 18 - sent % 18, MSG_NOSIGNAL);
		if (n > 0) {
			sent += (size_t)n;
			continue;
		}
		assert_int_equal(errno, EAGAIN);
		if (!poll(&p, 1, 300))
			break; /* it is left alone now */
	}
	assert_true(sent > 18 * 20);
	assert_int_equal(xs_write(xs, 0, "/alive", "1", 1), 0);
	assert_int_equal(xs_read(xs, 0, "/alive", &value, &len), 0);
	free(value);
	assert_sound(xs);
	close(s);
	assert_int_equal(xs_rm(xs, 0, "/alive"), 0);
	xs_close(xs);
}

/* What a client asked for before it went away is done. */
static void test_client_that_leaves(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct xs *xs = client();
	char packet[64], name[16], *value;
	struct xsd_sockmsg hdr = { .type = XS_WRITE };
	int s, i, n, err = -ENOENT;

	(void)state;
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	strcpy(at.sun_path, socket_path);
	assert_int_equal(connect(s, (struct sockaddr *)&at, sizeof(at)), 0);
	for (i = 0; i < 100; i++) {
		n = snprintf(name, sizeof(name), "/l/%d", i) + 1;
		hdr.len = (uint32_t)n;
		memcpy(packet, &hdr, 16);
		memcpy(packet + 16, name, (size_t)n);
		assert_int_equal(send(s, packet, 16 + (size_t)n, 0), 16 + n);
	}
	shutdown(s, SHUT_WR);
	for (i = 0; err && i < 100; i++) {
		usleep(20000);
		err = xs_read(xs, 0, "/l/99", &value, NULL);
	}
	assert_int_equal(err, 0);
	free(value);
	close(s);
	assert_int_equal(xs_rm(xs, 0, "/l"), 0);
	xs_close(xs);
}

#define BURST 2000

/* Sends `len` bytes with a descriptor that nobody has asked for. */
static void send_with_descriptor(int s, const void *bytes, size_t len)
{
	union {
		struct cmsghdr hdr;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .hdr = {
			      CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { (void *)(uintptr_t)bytes, len };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };

	memcpy(CMSG_DATA(&control.hdr), &s, sizeof(s));
	assert_int_equal(sendmsg(s, &msg, MSG_NOSIGNAL), len);
}

/*
 * More than is read at once, with descriptors between, and the end of the
 * stream behind: all is answered, and then the daemon hangs up.
 */
static void test_client_that_says_all_at_once(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct xsd_sockmsg hdr = { .type = XS_DIRECTORY, .len = 2 };
	char packet[18], answers[4096];
	size_t got = 0;
	ssize_t n;
	int s, i;

	(void)state;
	memcpy(packet, &hdr, 16);
	memcpy(packet + 16, "?", 2);
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	strcpy(at.sun_path, socket_path);
	assert_int_equal(connect(s, (struct sockaddr *)&at, sizeof(at)), 0);
	for (i = 0; i < BURST; i++) {
		if (i % 100 == 0)
			send_with_descriptor(s, packet, sizeof(packet));
		else
			assert_int_equal(
				send(s, packet, sizeof(packet), MSG_NOSIGNAL),
				sizeof(packet));
	}
	assert_int_equal(shutdown(s, SHUT_WR), 0);
	for (;;) {
		struct pollfd p = { .fd = s, .events = POLLIN };

		assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
		n = read(s, answers, sizeof(answers));
		assert_true(n >= 0);
		if (!n)
			break;
		got += (size_t)n;
	}
	assert_int_equal(got, BURST * (16 + sizeof("EINVAL")));
	close(s);
}

#define CROWD 400

/* Connects so many clients that ask for "/". */
static void crowd_come(int *fds)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct xsd_sockmsg hdr = { .type = XS_DIRECTORY, .len = 2 };
	char packet[18] = { 0 };
	int i;

	memcpy(packet, &hdr, sizeof(hdr));
	packet[16] = '/';
	strcpy(at.sun_path, socket_path);
	for (i = 0; i < CROWD; i++) {
		fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(
			connect(fds[i], (struct sockaddr *)&at, sizeof(at)), 0);
		assert_int_equal(send(fds[i], packet, 18, 0), 18);
	}
}

/* Crowds that leave while others come: each one is answered. */
static void test_crowds(void **state)
{
	int fds[2][CROWD], i, round;
	struct pollfd p = { .events = POLLIN };

	(void)state;
	crowd_come(fds[0]);
	for (round = 0; round < 20; round++) {
		for (i = 0; i < CROWD; i++) {
			p.fd = fds[round & 1][i];
			assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
			close(p.fd);
		}
		crowd_come(fds[!(round & 1)]);
	}
	for (i = 0; i < CROWD; i++)
		close(fds[round & 1][i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_library),
		cmocka_unit_test(test_gathered),
		cmocka_unit_test(test_watches),
		cmocka_unit_test(test_guest_life),
		cmocka_unit_test(test_guest_that_pipelines),
		cmocka_unit_test(test_hostile_guest),
		cmocka_unit_test(test_client_that_never_reads),
		cmocka_unit_test(test_client_that_leaves),
		cmocka_unit_test(test_client_that_says_all_at_once),
		cmocka_unit_test(test_crowds),
	};

	return cmocka_run_group_tests(tests, start_daemon, stop_daemon);
}
