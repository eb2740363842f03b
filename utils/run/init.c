/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first process of a guest of domrun: loads the modules it was given,
 * mounts the root, runs the command with the console as its output, tells the
 * store how it ended, and powers the guest off. It stands in the initramfs as
 * /.tenon/init, and what it is to do in files beside it:
 *
 *   /.tenon/argv   the command's words, a NUL behind each
 *   /.tenon/root   of an image: file system, and "ro" or "rw"; a NUL behind
 * each
 *   /.tenon/00.ko  modules, in the order in which they are to be loaded
 *
 * Without a library: system calls alone, a few KiB in all.
 */
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/reboot.h>
#include <linux/time.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLACE	   "/.tenon/"
#define WORDS_MAX  256
#define BYTES_MAX  65536
#define DISK	   "/dev/xvda"
#define DISK_TRIES 200
#define NODE	   "data/domrun"
#define ERR_NOENT  (-2)

/* A request of the store's wire protocol (public io/xs_wire.h). */
#define XS_WRITE 11
struct message {
	uint32_t type, req_id, tx_id, len;
	char payload[sizeof(NODE) + 32];
};

static long call(long number, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long ret;

	__asm__ volatile(
		"syscall"
		: "=a"(ret)
		: "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
		: "rcx", "r11", "memory");
	return ret;
}

#define CALL3(n, a, b, c) call(__NR_##n, (long)(a), (long)(b), (long)(c), 0, 0)

/* What the compiler may call for. */
void *memset(void *to, int value, size_t size);
void *memset(void *to, int value, size_t size)
{
	char *at = to;

	while (size--)
		*at++ = (char)value;
	return to;
}

void *memcpy(void *to, const void *from, size_t size);
void *memcpy(void *to, const void *from, size_t size)
{
	const char *source = from;
	char *at = to;

	while (size--)
		*at++ = *source++;
	return to;
}

static size_t length(const char *text)
{
	size_t len = 0;

	while (text[len])
		len++;
	return len;
}

static char *append(char *at, const char *text)
{
	while (*text)
		*at++ = *text++;
	*at = '\0';
	return at;
}

static int console = 2;

static void say(const char *text)
{
	(void)CALL3(write, console, text, length(text));
}

/* Decimal digits of a small number. */
static char *append_number(char *at, unsigned int value)
{
	char digits[12];
	int count = 0;

	do
		digits[count++] = (char)('0' + value % 10);
	while (value /= 10);
	while (count)
		*at++ = digits[--count];
	*at = '\0';
	return at;
}

static void tell_store(const char *text)
{
	struct message m = { .type = XS_WRITE };
	char *at = append(m.payload, NODE);
	long fd = CALL3(open, "/dev/xen/xenbus", O_RDWR, 0);

	if (fd < 0)
		return;
	at = append(at + 1, text);
	m.len = (uint32_t)(at - m.payload);
	(void)CALL3(write, fd, &m, offsetof(struct message, payload) + m.len);
	/* The answer: when it is here, the node is there. */
	(void)CALL3(read, fd, &m, sizeof(m));
	(void)CALL3(close, fd, 0, 0);
}

static void power_off(void)
{
	(void)CALL3(sync, 0, 0, 0);
	(void)call(__NR_reboot, (long)LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_POWER_OFF, 0, 0);
	for (;;)
		(void)CALL3(pause, 0, 0, 0);
}

/* What keeps the command from starting. */
static void fail(const char *what, const char *which, long error)
{
	char text[32];

	say("domrun: in the guest: ");
	say(what);
	say(which);
	append(append_number(append(text, ": error "), (unsigned int)-error),
		"\n");
	say(text);
	tell_store("failed");
	power_off();
}

static void nap_ms(long ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	(void)CALL3(nanosleep, &time, NULL, 0);
}

/* A whole file, and a NUL; its size or an error. */
static long read_file(const char *path, char *bytes, size_t size)
{
	long fd = CALL3(open, path, O_RDONLY, 0), got = 0, ret;

	if (fd < 0)
		return fd;
	do {
		ret = CALL3(read, fd, bytes + got, (long)size - 1 - got);
		got += ret > 0 ? ret : 0;
	} while (ret > 0);
	(void)CALL3(close, fd, 0, 0);
	bytes[got] = '\0';
	return ret < 0 ? ret : got;
}

static void load_modules(void)
{
	char path[] = PLACE "00.ko";
	char *digits = path + sizeof(PLACE) - 1;

	for (int i = 0; i < 100; i++) {
		long fd;

		digits[0] = (char)('0' + i / 10);
		digits[1] = (char)('0' + i % 10);
		fd = CALL3(open, path, O_RDONLY, 0);
		if (fd < 0)
			return;
		/* One may be built in; what is missing shows at the mount. */
		(void)CALL3(finit_module, fd, "", 0);
		(void)CALL3(close, fd, 0, 0);
	}
}

static long mount(const char *what, const char *where, const char *type,
	unsigned long flags)
{
	return call(__NR_mount, (long)what, (long)where, (long)type,
		(long)flags, 0);
}

/* Absolute below `root`, which is "" or a folder. */
static void mount_below(const char *root, const char *where, const char *type)
{
	char path[64];

	append(append(path, root), where);
	(void)CALL3(mkdir, path, 0755, 0);
	(void)mount(type, path, type, 0);
}

/* The disk as the root, if there is to be one. */
static void mount_image(char *spec)
{
	const char *type = spec, *mode = spec + length(spec) + 1;
	long ret = ERR_NOENT;

	for (int i = 0; ret && i < DISK_TRIES; i++) {
		ret = mount(DISK, "/.tenon/root.d", type,
			*mode == 'w' ? 0 : MS_RDONLY);
		if (ret == ERR_NOENT)
			nap_ms(50);
		else
			break;
	}
	if (ret)
		fail("cannot mount the image as ", type, ret);
}

static void mount_all(void)
{
	char spec[64];
	const char *root = "";

	(void)CALL3(mkdir, "/dev", 0755, 0);
	(void)mount("dev", "/dev", "devtmpfs", 0);
	console = (int)CALL3(open, "/dev/hvc0", O_RDWR | O_NOCTTY, 0);
	load_modules();
	if (read_file(PLACE "root", spec, sizeof(spec)) > 0) {
		root = "/.tenon/root.d";
		(void)CALL3(mkdir, root, 0755, 0);
		mount_image(spec);
	}
	/* Folders that an image lacks stay so. */
	mount_below(root, "/proc", "proc");
	mount_below(root, "/sys", "sysfs");
	mount_below(root, "/run", "tmpfs");
	mount_below(root, "/tmp", "tmpfs");
	if (*root) {
		mount_below(root, "/dev", "devtmpfs");
		(void)CALL3(chdir, root, 0, 0);
		(void)CALL3(chroot, ".", 0, 0);
	}
	(void)CALL3(chdir, "/", 0, 0);
}

/* Bytes of the command come out as they are. */
static void make_raw(void)
{
	struct termios t;

	if (CALL3(ioctl, console, TCGETS, &t))
		return;
	t.c_oflag &= ~(tcflag_t)OPOST;
	t.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
	(void)CALL3(ioctl, console, TCSETS, &t);
}

static void try_paths(char **argv, char **env)
{
	static const char *const folders[] = { "/usr/local/sbin/",
		"/usr/local/bin/", "/usr/sbin/", "/usr/bin/", "/sbin/",
		"/bin/" };
	static char path[4096 + 32];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		append(append(path, folders[i]), argv[0]);
		(void)CALL3(execve, path, argv, env);
	}
}

/* The child: never comes back. 127 and 126 as shells have them. */
static void become(char **argv)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
			     "/usr/bin:/sbin:/bin";
	static char home[] = "HOME=/root", term[] = "TERM=dumb";
	static char *env[] = { path, home, term, NULL };
	long null = CALL3(open, "/dev/null", O_RDONLY, 0), ret = ERR_NOENT;
	bool has_slash = false;

	(void)CALL3(setsid, 0, 0, 0);
	(void)CALL3(dup2, null, 0, 0);
	(void)CALL3(dup2, console, 1, 0);
	(void)CALL3(dup2, console, 2, 0);
	for (const char *at = argv[0]; *at; at++)
		has_slash |= *at == '/';
	if (has_slash)
		ret = CALL3(execve, argv[0], argv, env);
	else if (length(argv[0]) < 4096)
		try_paths(argv, env);
	say("domrun: in the guest: ");
	say(argv[0]);
	say(ret == ERR_NOENT ? ": not found\n" : ": cannot be run\n");
	(void)CALL3(exit_group, ret == ERR_NOENT ? 127 : 126, 0, 0);
}

/* Runs it and reaps whatever else ends meanwhile; its wait status. */
static unsigned int run_command(char **argv)
{
	int status = 0;
	long pid = CALL3(fork, 0, 0, 0), done;

	if (!pid)
		become(argv);
	if (pid < 0)
		fail("cannot fork", "", pid);
	do
		done = call(__NR_wait4, -1, (long)&status, 0, 0, 0);
	while (done != pid);
	return (unsigned int)status;
}

static void split(char *bytes, long size, char **argv)
{
	int count = 0;

	for (char *at = bytes; at < bytes + size && count < WORDS_MAX;
		at += length(at) + 1)
		argv[count++] = at;
	argv[count] = NULL;
}

__attribute__((used)) static void init(void)
{
	static char bytes[BYTES_MAX], *argv[WORDS_MAX + 1];
	char text[32];
	unsigned int status;
	long size;

	size = read_file(PLACE "argv", bytes, sizeof(bytes));
	mount_all();
	make_raw();
	if (size <= 0)
		fail("there is no command", "", size);
	split(bytes, size, argv);
	status = run_command(argv);
	/* All of the output goes before the word that it has ended. */
	(void)CALL3(ioctl, console, TCSBRK, 1);
	if (status & 0x7f)
		append_number(append(text, "signal "), status & 0x7f);
	else
		append_number(append(text, "exit "), status >> 8 & 0xff);
	tell_store(text);
	power_off();
}

__asm__(".globl _start\n"
	"_start: xor %ebp, %ebp\n"
	"and $-16, %rsp\n"
	"call init\n");
