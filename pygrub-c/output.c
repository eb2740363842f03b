/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes to who builds the guest; see output.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <tenonctrl/why.h>
#include <unistd.h>
#include "boot.h"
#include "output.h"
#include "text.h"

#define NAME_TRIES 16
#define SUFFIX_LEN 8

/* Fills path with DIRECTORY/boot_WHAT.xxxxxxxx. */
static int make_path(
	char path[PATH_MAX], const char *directory, const char *what)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
	uint8_t random[SUFFIX_LEN];
	char suffix[SUFFIX_LEN + 1];
	int n;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	for (int i = 0; i < SUFFIX_LEN; i++)
		suffix[i] = letters[random[i] & 31];
	suffix[SUFFIX_LEN] = '\0';
	n = snprintf(path, PATH_MAX, "%s/boot_%s.%s", directory, what, suffix);
	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int open_named(
	struct output_file *f, const char *directory, const char *what)
{
	int ret;

	for (int i = 0; i < NAME_TRIES; i++) {
		ret = make_path(f->path, directory, what);
		if (ret)
			return ret;
		f->fd = open(f->path,
			O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			0600);
		if (f->fd >= 0) {
			f->is_named = true;
			return 0;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

int output_open(struct output_file *f, const char *directory, const char *what,
	struct why *why)
{
	int ret = 0;

	*f = (struct output_file){ .fd = -1 };
	if (!directory) {
		directory = OUTPUT_DIRECTORY;
		if ((mkdir("/run/xen", 0755) && errno != EEXIST) ||
			(mkdir(directory, 0700) && errno != EEXIST))
			return why_set(why, -errno, "%s: %s", directory,
				strerror(errno));
	}
	f->fd = open(directory, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (f->fd >= 0)
		ret = make_path(f->path, directory, what);
	else if (errno == EOPNOTSUPP || errno == EISDIR)
		ret = open_named(f, directory, what);
	else
		ret = -errno;
	return ret ? why_set(why, ret,
			     "%s: %s; choose another with "
			     "--output-directory",
			     directory, strerror(-ret))
		   : 0;
}

int output_reset(struct output_file *f)
{
	if (ftruncate(f->fd, 0) || lseek(f->fd, 0, SEEK_SET))
		return -errno;
	return 0;
}

int output_commit(struct output_file *f, struct why *why)
{
	char self[32];

	if (f->is_named)
		return 0;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", f->fd);
	if (linkat(AT_FDCWD, self, AT_FDCWD, f->path, AT_SYMLINK_FOLLOW))
		return why_set(why, -errno, "%s: %s", f->path, strerror(errno));
	f->is_named = true;
	return 0;
}

void output_close(struct output_file *f, bool keep)
{
	if (f->is_named && !keep)
		unlink(f->path);
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	f->is_named = false;
}

int output_check_kernel(const struct output_file *f, struct why *why)
{
	static const struct {
		size_t at, len;
		const char *bytes;
	} magics[] = {
		{ 0x202, 4, "HdrS" },
		{ 0, 4, "\177ELF" },
		{ 0, 2, "\037\213" },
		{ 0, 6,
			"\xfd"
			"7zXZ" },
		{ 0, 4, "\x28\xb5\x2f\xfd" },
		{ 0, 4, "\x02\x21\x4c\x18" },
		{ 0, 3, "BZh" },
		{ 0, 3, "\x5d\0\0" },
		{ 0, 4, "\x89LZO" },
	};
	char head[0x206];
	ssize_t got = pread(f->fd, head, sizeof(head), 0);

	if (got < 0)
		return why_set(why, -errno, "the kernel: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++) {
		if (magics[i].at + magics[i].len <= (size_t)got &&
			!memcmp(head + magics[i].at, magics[i].bytes,
				magics[i].len))
			return 0;
	}
	return why_set(why, -ENOEXEC, "that is not a kernel");
}

/* Python's quotes, as stock pygrub writes them: \ before ' and \. */
static void put_quoted(FILE *to, const char *key, const char *text)
{
	fprintf(to, "(%s '", key);
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			putc('\\', to);
		putc(*text, to);
	}
	fputs("')", to);
}

static void put_sxp(
	FILE *to, const char *kernel, const char *ramdisk, const char *args)
{
	fputs("linux ", to);
	if (kernel)
		put_quoted(to, "kernel", kernel);
	else
		fputs("(kernel None)", to);
	if (ramdisk)
		put_quoted(to, "ramdisk", ramdisk);
	if (*args)
		put_quoted(to, "args", args);
}

static void put_simple(FILE *to, char end, const char *kernel,
	const char *ramdisk, const char *args)
{
	fprintf(to, "kernel %s%c", kernel ? kernel : "None", end);
	if (ramdisk)
		fprintf(to, "ramdisk %s%c", ramdisk, end);
	if (*args)
		fprintf(to, "args %s%c", args, end);
	putc(end, to);
}

int output_print(const struct options *o, const char *kernel,
	const char *ramdisk, const char *args, struct why *why)
{
	const char *name = o->output ? o->output : "standard output";
	FILE *to = stdout;
	int fd, failed;

	if (o->output) {
		fd = open(o->output, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		to = fd < 0 ? NULL : fdopen(fd, "w");
		if (!to) {
			int error = errno;

			if (fd >= 0)
				close(fd);
			return why_set(
				why, -error, "%s: %s", name, strerror(error));
		}
	}
	switch (o->output_format) {
	case OUTPUT_SXP:
		put_sxp(to, kernel, ramdisk, args);
		break;
	case OUTPUT_SIMPLE:
		put_simple(to, '\n', kernel, ramdisk, args);
		break;
	case OUTPUT_SIMPLE0:
		put_simple(to, '\0', kernel, ramdisk, args);
		break;
	}
	failed = fflush(to) || ferror(to) ? errno : 0;
	if (to != stdout && fclose(to) && !failed)
		failed = errno;
	return failed ? why_set(why, -failed, "%s: %s", name, strerror(failed))
		      : 0;
}

static void list_entry(const struct boot_entry *entry)
{
	char line[BOOT_ARGS_MAX + 1];

	printf("title: %s\n", text_clean(entry->title, line, sizeof(line)));
	if (entry->is_submenu)
		return;
	if (!boot_is_bootable(entry)) {
		printf("  obstacle: %s\n", entry->obstacle
						   ? text_clean(entry->obstacle,
							     line, sizeof(line))
						   : "it has no kernel");
		return;
	}
	puts("  root: None");
	printf("  kernel: %s\n",
		text_clean(entry->kernel.path, line, sizeof(line)));
	printf("  args: %s\n",
		*entry->args ? text_clean(entry->args, line, sizeof(line))
			     : "None");
	for (unsigned int i = 0; i < entry->initrd_count; i++)
		printf("  initrd: %s\n",
			text_clean(entry->initrds[i].path, line, sizeof(line)));
}

void output_list(const struct boot_menu *menu)
{
	for (unsigned int i = 0; i < menu->entry_count; i++)
		list_entry(&menu->entries[i]);
}
