/* SPDX-License-Identifier: BSD-2-Clause */
/* Running a boot loader and taking what it hands over; see bootloader.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <tenonctrl/why.h>
#include "bootloader.h"

#define OUTPUT_MAX (64 * 1024)
/* The child's descriptor that its --output names. */
#define OUTPUT_FD   3
#define OUTPUT_PATH "/dev/fd/3"
#define ARGS_MAX    64

int bootloader_parse(const char *text, size_t size, const char **kernel,
	const char **ramdisk, const char **args)
{
	const char *end = text + size;

	*kernel = *ramdisk = *args = NULL;
	while (text < end) {
		size_t left = (size_t)(end - text), len = strnlen(text, left);

		if (len == left)
			return -EINVAL;
		if (!strncmp(text, "kernel ", 7))
			*kernel = text + 7;
		else if (!strncmp(text, "ramdisk ", 8))
			*ramdisk = text + 8;
		else if (!strncmp(text, "args ", 5))
			*args = text + 5;
		else if (len)
			return -EINVAL;
		text += len + 1;
	}
	return *kernel && **kernel == '/' && (!*ramdisk || **ramdisk == '/')
		       ? 0
		       : -EINVAL;
}

static void exec_loader(const struct bootloader *b, int out)
{
	const char *argv[ARGS_MAX + 8];
	int count = 0, null;

	if (out != OUTPUT_FD)
		(void)dup2(out, OUTPUT_FD);
	else
		(void)fcntl(out, F_SETFD, 0);
	if (!b->interactive) {
		null = open("/dev/null", O_RDWR);
		(void)dup2(null, 0);
		(void)dup2(null, 1);
	}
	argv[count++] =
		strcmp(b->program, "pygrub") ? b->program : BOOTLOADER_DEFAULT;
	for (size_t i = 0; b->args && b->args[i] && i < ARGS_MAX; i++)
		argv[count++] = b->args[i];
	if (!b->interactive)
		argv[count++] = "--quiet";
	argv[count++] = "--output=" OUTPUT_PATH;
	argv[count++] = "--output-format=simple0";
	argv[count++] = b->disk;
	argv[count] = NULL;
	execvp(argv[0], (char **)(uintptr_t)argv);
	_exit(errno == ENOENT ? 127 : 126);
}

/* All that comes, up to OUTPUT_MAX; -EFBIG when there is more. */
static ssize_t read_all(int fd, char *text)
{
	size_t size = 0;

	for (;;) {
		ssize_t got = read(fd, text + size, OUTPUT_MAX - size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			return (ssize_t)size;
		size += (size_t)got;
		if (size == OUTPUT_MAX)
			return -EFBIG;
	}
}

/* Opens a file that the loader made, and takes its name away. */
static int take_file(const char *path, int *fd, char self[32], struct why *why)
{
	*fd = -1;
	self[0] = '\0';
	if (!path)
		return 0;
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (*fd < 0)
		return why_set(why, -errno, "the boot loader's file %s: %s",
			path, strerror(errno));
	(void)unlink(path);
	snprintf(self, 32, "/proc/self/fd/%d", *fd);
	return 0;
}

static int take(const char *text, size_t size, struct booted *out,
	const char *program, struct why *why)
{
	const char *kernel, *ramdisk, *args;
	int ret = bootloader_parse(text, size, &kernel, &ramdisk, &args);

	if (ret)
		return why_set(why, -EIO,
			"the boot loader %s printed nothing that can be "
			"booted",
			program);
	ret = take_file(kernel, &out->kernel_fd, out->kernel, why);
	if (!ret)
		ret = take_file(ramdisk, &out->ramdisk_fd, out->ramdisk, why);
	if (!ret) {
		out->cmdline = strdup(args ? args : "");
		if (!out->cmdline)
			ret = why_set(why, -ENOMEM, "out of memory");
	}
	return ret;
}

static int wait_loader(const struct bootloader *b, pid_t pid, struct why *why)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return why_set(
				why, -errno, "waitpid: %s", strerror(errno));
	}
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return why_set(why, -ENOENT,
			"there is no boot loader %s; bootloader=\"" BOOTLOADER_DEFAULT
			"\" names Tenon's own",
			b->program);
	return why_set(why, -EIO,
		"the boot loader %s found nothing to boot on %s", b->program,
		b->disk);
}

int bootloader_run(
	const struct bootloader *b, struct booted *out, struct why *why)
{
	char *text = malloc(OUTPUT_MAX);
	ssize_t size = 0;
	int ends[2], ret;
	pid_t pid;

	*out = (struct booted){ .kernel_fd = -1, .ramdisk_fd = -1 };
	if (!text)
		return why_set(why, -ENOMEM, "out of memory");
	if (pipe2(ends, O_CLOEXEC)) {
		free(text);
		return why_set(why, -errno, "no pipe: %s", strerror(errno));
	}
	pid = fork();
	if (pid == 0)
		exec_loader(b, ends[1]);
	close(ends[1]);
	if (pid > 0)
		size = read_all(ends[0], text);
	close(ends[0]);
	if (pid < 0)
		ret = why_set(why, -EAGAIN, "fork: %s", strerror(errno));
	else
		ret = wait_loader(b, pid, why);
	if (!ret)
		ret = take(text, size < 0 ? 0 : (size_t)size, out, b->program,
			why);
	free(text);
	if (ret)
		bootloader_free(out);
	return ret;
}

void bootloader_free(struct booted *out)
{
	if (out->kernel_fd >= 0)
		close(out->kernel_fd);
	if (out->ramdisk_fd >= 0)
		close(out->ramdisk_fd);
	free(out->cmdline);
	*out = (struct booted){ .kernel_fd = -1, .ramdisk_fd = -1 };
}
