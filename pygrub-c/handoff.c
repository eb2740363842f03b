/* SPDX-License-Identifier: BSD-2-Clause */
/* The chosen entry's files on their way out; see handoff.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tenonctrl/why.h>
#include <unistd.h>
#include "boot.h"
#include "handoff.h"
#include "options.h"
#include "volumes.h"

void handoff_init(struct handoff *h)
{
	*h = (struct handoff){ .kernel.fd = -1, .ramdisk.fd = -1 };
}

/* Appends a file; *size grows by its bytes and stays within `max`. */
static int copy(struct volumes *vs, const struct boot_file *from,
	struct output_file *to, uint64_t max, uint64_t *size, struct why *why)
{
	struct wire_message m = { .op = WIRE_STAT };
	uint64_t length = from->length;
	int ret = volumes_ask(vs, from->volume, &m, from->path, -1, NULL, why);

	if (ret)
		return ret;
	if (!length)
		length = m.b;
	if (length > max - *size)
		return why_set(why, -EFBIG,
			"%s has %llu bytes: more than %llu MiB are not taken",
			from->path, (unsigned long long)length,
			(unsigned long long)(max >> 20));
	m = (struct wire_message){
		.op = WIRE_COPY, .b = from->offset, .c = length
	};
	ret = volumes_ask(vs, from->volume, &m, from->path, to->fd, NULL, why);
	if (!ret)
		*size += length;
	return ret;
}

/* The kernel reads parts of a ramdisk at multiples of four. */
static int pad(struct output_file *to, uint64_t *size)
{
	static const char zeros[4];
	size_t n = (size_t)(-*size & 3);

	if (n && write(to->fd, zeros, n) != (ssize_t)n)
		return -EIO;
	*size += n;
	return 0;
}

static int open_output(struct output_file *file, const struct options *o,
	const char *what, struct why *why)
{
	int ret;

	if (file->fd < 0)
		return output_open(file, o->directory, what, why);
	ret = output_reset(file);
	return ret ? why_set(why, ret, "%s: %s", file->path, strerror(-ret))
		   : 0;
}

static int take_files(struct handoff *h, struct volumes *vs,
	const struct options *o, const struct boot_entry *e, struct why *why)
{
	int ret = open_output(&h->kernel, o, "kernel", why);

	if (!ret)
		ret = copy(vs, &e->kernel, &h->kernel, HANDOFF_KERNEL_MAX,
			&h->kernel_size, why);
	if (!ret)
		ret = output_check_kernel(&h->kernel, why);
	if (ret == -ENOEXEC)
		why_set(why, ret, "%s is not a kernel", e->kernel.path);
	if (ret)
		return ret;
	if (!e->initrd_count) {
		output_close(&h->ramdisk, false);
		return 0;
	}
	ret = open_output(&h->ramdisk, o, "ramdisk", why);
	for (unsigned int i = 0; i < e->initrd_count && !ret; i++) {
		ret = pad(&h->ramdisk, &h->ramdisk_size);
		if (ret)
			return why_set(why, ret, "%s: it cannot be written",
				h->ramdisk.path);
		ret = copy(vs, &e->initrds[i], &h->ramdisk, HANDOFF_RAMDISK_MAX,
			&h->ramdisk_size, why);
	}
	return ret;
}

/* The entry's arguments, then those of the command line. */
static int join_args(struct handoff *h, const char *first, const char *second)
{
	char *args;

	if (asprintf(&args, "%s%s%s", first, *first && *second ? " " : "",
		    second) < 0)
		return -ENOMEM;
	free(h->args);
	h->args = args;
	return 0;
}

int handoff_take(struct handoff *h, struct volumes *vs, const struct options *o,
	const struct boot_entry *e, struct why *why)
{
	int ret = 0;

	h->kernel_size = 0;
	h->ramdisk_size = 0;
	if (!boot_is_bootable(e))
		return why_set(why, -EINVAL, "'%s' cannot be booted: %s",
			e->title, e->obstacle ? e->obstacle : "no kernel");
	if (o->is_config || o->not_really) {
		if (o->is_config)
			snprintf(h->kernel.path, sizeof(h->kernel.path), "%s",
				e->kernel.path);
		if (o->is_config && e->initrd_count)
			snprintf(h->ramdisk.path, sizeof(h->ramdisk.path), "%s",
				e->initrds[0].path);
	} else {
		ret = take_files(h, vs, o, e, why);
	}
	if (!ret && join_args(h, e->args, o->args))
		ret = why_set(why, -ENOMEM, "out of memory");
	return ret;
}

static int check_size(
	const struct output_file *file, uint64_t size, struct why *why)
{
	struct stat st;

	if (file->fd < 0)
		return 0;
	if (fstat(file->fd, &st))
		return why_set(
			why, -errno, "%s: %s", file->path, strerror(errno));
	if (st.st_size != (off_t)size)
		return why_set(why, -EIO,
			"%s has %lld bytes where %llu were copied: its driver "
			"is not to be trusted",
			file->path, (long long)st.st_size,
			(unsigned long long)size);
	return 0;
}

/* What stock pygrub says of a configuration alone. */
static int print_config(const struct handoff *h)
{
	printf("  kernel: %s\n", h->kernel.path);
	if (*h->ramdisk.path)
		printf("  initrd: %s\n", h->ramdisk.path);
	printf("  args: %s\n", h->args);
	return fflush(stdout) ? -errno : 0;
}

int handoff_finish(struct handoff *h, const struct options *o, struct why *why)
{
	int ret = 0;

	if (o->is_config)
		return print_config(h);
	if (!o->not_really) {
		ret = check_size(&h->kernel, h->kernel_size, why);
		if (!ret)
			ret = check_size(&h->ramdisk, h->ramdisk_size, why);
		if (!ret)
			ret = output_check_kernel(&h->kernel, why);
		if (!ret)
			ret = output_commit(&h->kernel, why);
		if (!ret && h->ramdisk.fd >= 0)
			ret = output_commit(&h->ramdisk, why);
	}
	if (ret)
		return ret;
	return output_print(o, h->kernel.fd >= 0 ? h->kernel.path : NULL,
		h->ramdisk.fd >= 0 ? h->ramdisk.path : NULL, h->args, why);
}

void handoff_free(struct handoff *h, bool keep)
{
	output_close(&h->kernel, keep);
	output_close(&h->ramdisk, keep);
	free(h->args);
	handoff_init(h);
}
