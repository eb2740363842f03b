/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files with saved domains, restored into a domain of the fake machine: what
 * is refused is refused with a reason, and no mapping and no page stays.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <tenonctrl/call.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/save_pv.h>
#include <tenonctrl/why.h>
#include "os_fake.h"

#define MEMORY_KIB 1024

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake *fake;

static int file_of(const uint8_t *data, size_t size)
{
	int fd = memfd_create("saved", 0);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size ||
		lseek(fd, 0, SEEK_SET))
		abort();
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xen_domctl_createdomain config = { .max_vcpus = 1 };
	struct restore_pv r = { .max_pages = MEMORY_KIB / 4,
		.max_vcpus = 1,
		.store_port = 1,
		.console_port = 2 };
	struct why why = { "" };
	struct save_head head = { 0 };
	struct save_file file;
	struct ctrl *c;
	int fd = file_of(data, size), ret;

	/* One machine for all: each run gives back all that it took. */
	if (!fake)
		fake = fake_new();
	if (!fake || ctrl_open_os(&c, &fake_ops, fake) ||
		domctl_create(c, &config, &r.domid) ||
		domctl_max_mem(c, r.domid, MEMORY_KIB) ||
		save_file_begin(&file, fd))
		abort();
	ret = save_head_read(&file, &head, &why);
	if (!ret)
		ret = restore_pv(c, &r, &file, &why);
	if (ret && !why.text[0])
		abort();
	if (fake_map_count(fake) || domctl_destroy(c, r.domid) ||
		fake_free_frames(fake) != FAKE_FRAMES)
		abort();
	free(head.json);
	free(head.kept);
	save_file_end(&file);
	close(fd);
	ctrl_close(c);
	if (fake->buffers)
		abort();
	return 0;
}
