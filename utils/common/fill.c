/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernels and ramdisks of new guests; see fill.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <tenonctrl/build_pv.h>
#include <tenonctrl/why.h>
#include "fill.h"
#include "make.h"

static int open_ramdisk(struct fill *f, const char *path, struct why *why)
{
	struct stat st;

	if (!path)
		return 0;
	f->ramdisk = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (f->ramdisk < 0 || fstat(f->ramdisk, &st))
		return why_set(why, -errno, "the ramdisk %s: %s", path,
			strerror(errno));
	if (!S_ISREG(st.st_mode))
		return why_set(why, -EINVAL,
			"the ramdisk %s is not a regular file", path);
	f->ramdisk_size = (uint64_t)st.st_size;
	return 0;
}

int fill_open(struct fill *f, const struct guest *g, const char *cache,
	struct why *why)
{
	struct why inner;
	struct pv_layout layout;
	int ret = open_ramdisk(f, g->ramdisk, why);

	if (ret)
		return ret;
	ret = image_open(
		g->kernel, g->memory_mib << 20, cache, &f->image, &inner);
	if (ret) {
		f->image.fd = -1;
		return why_set(
			why, ret, "the kernel %s: %s", g->kernel, inner.text);
	}
	return pv_layout(&f->image.plan, f->ramdisk_size, g->memory_mib << 8,
		&layout, why);
}

int fill_build(struct maker *m, struct why *why)
{
	struct fill *f = m->arg;
	struct build_pv b = {
		.domid = m->domid,
		.kernel = &f->image,
		.initrd = f->ramdisk,
		.initrd_size = f->ramdisk_size,
		.cmdline = m->guest.cmdline,
		.pages = m->guest.memory_mib << 8,
		.store_port = m->record.store_port,
		.console_port = m->record.console_port,
	};
	int ret = build_pv(m->session.ctrl, &b, why);

	m->record.store_mfn = b.store_mfn;
	m->record.console_mfn = b.console_mfn;
	return ret;
}

void fill_close(struct fill *f)
{
	if (f->ramdisk >= 0)
		close(f->ramdisk);
	if (f->image.fd >= 0)
		image_close(&f->image);
	f->ramdisk = f->image.fd = -1;
}
