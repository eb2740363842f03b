/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domrun: runs one command in a guest made for it. What the command writes
 * comes out here, how it ends is how this ends, and the guest is gone then,
 * also when this one is killed: its guardian stands by for all of its life.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <public/sched.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "common/args.h"
#include "common/err.h"
#include "common/fill.h"
#include "common/guardian.h"
#include "common/make.h"
#include "run/cpio.h"
#include "run/modules.h"
#include "run/serve.h"

/* Ours, as those of a shell are: the command has all below. */
#define STATUS_FAILED  125

#define MEMORY_DEFAULT 256
/* Of the memory, what the root may take: it is there twice while it is
 * unpacked. */
#define ROOT_SHARE 3
/* As much as run/init.c reads. */
#define WORDS_MAX 256
#define BYTES_MAX 65535

#define QUIET	  "quiet loglevel=0 "
#define CMDLINE	  "console=hvc0 panic=-1 rdinit=/.tenon/init"

static const struct args_option options[] = {
	{ 'k', "kernel", "FILE", "the kernel (that of dom0, from /boot)" },
	{ 'm', "memory", "MIB", "the guest's memory (256)" },
	{ 'r', "root", "DIR|IMAGE",
		"its root: a folder, which is copied, or an image" },
	{ 't', "type", "FS", "the file system of an image (ext4)" },
	{ 'w', "writable", NULL, "what it writes to the image stays" },
	{ 'v', "verbose", NULL, "show what the kernel says, too" },
	{ 0, NULL, NULL, NULL },
};

struct wish {
	const char *kernel, *root, *type;
	unsigned long long memory; /* MiB */
	bool writable, verbose, is_image;
	const char *const *argv;
	int argc;
};

static volatile sig_atomic_t signalled;

static void on_signal(int sig)
{
	signalled = sig;
}

static bool is_over(void)
{
	return signalled;
}

/* The command's words, a NUL behind each. */
static int put_words(struct cpio *c, const struct wish *wish)
{
	char *words = malloc(BYTES_MAX + 1);
	size_t size = 0;
	int ret;

	for (int i = 0; words && i < wish->argc; i++) {
		size_t len = strlen(wish->argv[i]) + 1;

		if (i == WORDS_MAX || len > BYTES_MAX - size) {
			free(words);
			return why_set(c->why, -E2BIG,
				"the command is too long: %d words and %d "
				"bytes are possible",
				WORDS_MAX, BYTES_MAX);
		}
		memcpy(words + size, wish->argv[i], len);
		size += len;
	}
	ret = words ? cpio_bytes(c, ".tenon/argv", 0600, words, size)
		    : why_set(c->why, -ENOMEM, "out of memory");
	free(words);
	return ret;
}

/* What the kernel needs to read the image. */
static int put_image(struct cpio *c, const struct wish *wish)
{
	char release[MODULES_RELEASE_MAX], root[64];
	struct modules m;
	size_t size;
	int ret = modules_release(wish->kernel, release, c->why);

	if (!ret)
		ret = modules_open(&m, MODULES_DIR, release, c->why);
	if (ret)
		return ret;
	ret = modules_add(&m, "xen-blkfront", c->why);
	/* The file systems ask for it by what it does. */
	if (!ret)
		(void)modules_add(&m, "crc32c_generic", NULL);
	if (!ret)
		ret = modules_add(&m, wish->type, c->why);
	if (!ret)
		ret = modules_write(&m, c, ".tenon");
	modules_free(&m);
	size = (size_t)sprintf(root, "%s", wish->type) + 1;
	size += (size_t)sprintf(root + size, wish->writable ? "w" : "r") + 1;
	return ret ? ret : cpio_bytes(c, ".tenon/root", 0600, root, size);
}

/* Without a root the command is a program of dom0's that needs nothing else. */
static int put_program(struct cpio *c, const struct wish *wish)
{
	const char *base = strrchr(wish->argv[0], '/');
	char name[256];

	if (!base || !base[1] || strlen(base) > 200)
		return why_set(c->why, -EINVAL,
			"without a root (-r) the command is a static program "
			"of dom0's, by its path; '%s' is none",
			wish->argv[0]);
	/* Where it is called, as nothing else is there. */
	for (const char *at = wish->argv[0] + 1; (at = strchr(at, '/')); at++) {
		if (at - wish->argv[0] > 200)
			return why_set(c->why, -ENAMETOOLONG, "%s: %s",
				wish->argv[0], strerror(ENAMETOOLONG));
		snprintf(name, sizeof(name), "%.*s",
			(int)(at - wish->argv[0]) - 1, wish->argv[0] + 1);
		cpio_folder(c, name);
	}
	return cpio_file(c, wish->argv[0] + 1, 0755, wish->argv[0]);
}

static int put_all(struct cpio *c, const struct wish *wish)
{
	int ret = 0;

	if (!wish->root)
		ret = put_program(c, wish);
	else if (!wish->is_image)
		ret = cpio_tree(c, wish->root, ".tenon");
	if (!ret)
		ret = cpio_folder(c, ".tenon");
	if (!ret)
		ret = cpio_file(c, ".tenon/init", 0700, RUN_INIT);
	if (!ret)
		ret = put_words(c, wish);
	if (!ret && wish->is_image)
		ret = put_image(c, wish);
	return ret ? ret : cpio_end(c);
}

/* The initramfs, in memory; its descriptor. */
static int pack(const struct wish *wish, int *fd, struct why *why)
{
	struct cpio c = { .limit = (wish->memory << 20) / ROOT_SHARE,
		.why = why };
	int ret;

	*fd = memfd_create("domrun-initrd", MFD_CLOEXEC);
	if (*fd < 0)
		return why_set(why, -errno, "memfd: %s", strerror(errno));
	c.out = fdopen(dup(*fd), "w");
	if (!c.out)
		return why_set(why, -ENOMEM, "out of memory");
	ret = put_all(&c, wish);
	fclose(c.out);
	return ret;
}

/* A setting as in a configuration file. */
static int set(struct maker *m, struct why *why, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int set(struct maker *m, struct why *why, const char *fmt, ...)
{
	va_list args;
	char *word;
	int ret;

	va_start(args, fmt);
	ret = vasprintf(&word, fmt, args);
	va_end(args);
	if (ret < 0)
		return why_set(why, -ENOMEM, "out of memory");
	ret = config_word(&m->config, word, why);
	free(word);
	return ret;
}

static int configure(
	struct maker *m, const struct wish *wish, int initrd, struct why *why)
{
	static const char *const ends[] = { "on_poweroff", "on_reboot",
		"on_crash" };
	uint32_t number;
	int ret = 0;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return why_set(why, -EIO, "no random bytes for a name");
	ret = set(m, why, "name=domrun-%08x", number);
	if (!ret)
		ret = set(m, why, "kernel=%s", wish->kernel);
	if (!ret)
		ret = set(m, why, "ramdisk=/proc/self/fd/%d", initrd);
	if (!ret)
		ret = set(m, why, "cmdline=%s%s", wish->verbose ? "" : QUIET,
			CMDLINE);
	if (!ret)
		ret = set(m, why, "memory=%llu", wish->memory);
	/* Its end is this one's to see. */
	for (size_t i = 0; !ret && i < 3; i++)
		ret = set(m, why, "%s=preserve", ends[i]);
	if (!ret && wish->is_image && strpbrk(wish->root, "'\"\n"))
		ret = why_set(why, -EINVAL,
			"the image's path has a quote; give it another name");
	if (!ret && wish->is_image)
		ret = set(m, why,
			"disk=['format=raw,vdev=xvda,access=%s,target=%s']",
			wish->writable ? "rw" : "ro", wish->root);
	if (!ret)
		ret = guest_from_config(&m->guest, &m->config, make_warn, why);
	return ret ? ret : devices_check(&m->guest.devices, why);
}

/* A number of one to three digits after the word, and nothing else. */
static bool parse_end(const char *text, const char *word, int max, int *number)
{
	unsigned long long value;
	size_t len = strlen(word);

	if (strncmp(text, word, len) != 0 || strlen(text) > len + 3 ||
		!args_number(text + len, 0, (unsigned int)max, &value))
		return false;
	*number = (int)value;
	return true;
}

/* What the guest said of its command's end; nothing of it is believed. */
static int read_end(struct maker *m, unsigned int reason, int *status)
{
	char path[64], *text;
	bool known;
	size_t len;
	int ret;

	snprintf(path, sizeof(path), "/local/domain/%u/data/domrun", m->domid);
	ret = xs_read(m->session.xs, 0, path, &text, &len);
	if (ret) {
		err_say("the guest %s before its command had ended; see what "
			"its kernel says with -v",
			reason == SHUTDOWN_crash ? "crashed" : "stopped");
		return -EIO;
	}
	known = parse_end(text, "exit ", 255, status);
	if (!known && parse_end(text, "signal ", 64, status)) {
		*status += 128;
		known = true;
	}
	if (!known && strcmp(text, "failed") != 0)
		err_say("the guest does not say how its command ended");
	free(text);
	return known ? 0 : -EIO;
}

static int serve(struct maker *m, int *status)
{
	struct serve s = { .session = &m->session,
		.domid = m->domid,
		.port = m->record.console_port,
		.out = STDOUT_FILENO,
		.is_over = is_over };
	unsigned int reason = 0;
	struct why why;
	int ret = serve_run(&s, &reason, &why);

	if (ret == -ESRCH)
		err_say("somebody destroyed the guest");
	else if (ret && ret != -EINTR && ret != -EPIPE)
		err_say("%s", why.text);
	return ret ? ret : read_end(m, reason, status);
}

static int run(const struct wish *wish)
{
	struct maker m = MAKER_EMPTY;
	struct fill fill = FILL_EMPTY;
	struct guardian guardian;
	struct why why;
	int initrd = -1, status = STATUS_FAILED, ret;

	m.build = fill_build;
	m.arg = &fill;
	m.record.has_own_console = true;
	ret = pack(wish, &initrd, &why);
	if (!ret)
		ret = configure(&m, wish, initrd, &why);
	if (!ret)
		ret = fill_open(&fill, &m.guest, FILL_CACHE, &why);
	if (ret)
		err_say("%s", why.text);
	if (!ret && !make_paused(&m, &guardian)) {
		if (serve(&m, &status))
			status = STATUS_FAILED;
		guardian_fire(&guardian);
	}
	fill_close(&fill);
	if (initrd >= 0)
		close(initrd);
	make_end(&m);
	return signalled ? 128 + signalled : status;
}

/* Absolute paths, and what the root is; dom0's own kernel if none is said. */
static int settle(struct wish *wish, char **root, char **kernel)
{
	struct utsname system;
	struct stat st;

	if (!wish->kernel && !uname(&system)) {
		if (asprintf(kernel, "/boot/vmlinuz-%s", system.release) < 0)
			*kernel = NULL;
		wish->kernel = *kernel;
	}
	if (!wish->kernel)
		return -ENOMEM;
	if (!wish->root)
		return 0;
	*root = realpath(wish->root, NULL);
	if (!*root || stat(*root, &st)) {
		err_say("the root %s: %s", wish->root, strerror(errno));
		return -ENOENT;
	}
	wish->root = *root;
	wish->is_image = !S_ISDIR(st.st_mode);
	return 0;
}

static void take_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static bool take_option(struct wish *wish, int id, const char *value)
{
	switch (id) {
	case 'k':
		wish->kernel = value;
		break;
	case 'm':
		return args_number(value, 32, 1U << 20, &wish->memory);
	case 'r':
		wish->root = value;
		break;
	case 't':
		wish->type = value;
		return *value && strlen(value) < 32 && !strchr(value, '/');
	case 'w':
		wish->writable = true;
		break;
	default:
		wish->verbose = true;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "domrun",
		.synopsis = "[--] COMMAND [WORD]...",
		.about = "Runs a command in a guest made for it, and ends as "
			 "it ends.",
		.options = options,
	};
	struct wish wish = { .memory = MEMORY_DEFAULT, .type = "ext4" };
	char *root = NULL, *kernel = NULL;
	int id, ret = 0;

	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0 && !ret) {
		if (!take_option(&wish, id, args.value))
			ret = args_usage_error(
				&args, "-%c cannot be '%s'", id, args.value);
	}
	if (!ret && id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (!ret && !args.operand_count)
		ret = args_usage_error(&args, "no command is given");
	if (ret == 2)
		ret = STATUS_FAILED;
	if (!ret && !id) {
		wish.argv = args.operands;
		wish.argc = args.operand_count;
		take_signals();
		ret = settle(&wish, &root, &kernel) ? STATUS_FAILED
						    : run(&wish);
	}
	free(root);
	free(kernel);
	args_free(&args);
	return ret;
}
