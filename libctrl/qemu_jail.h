/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is left to a QEMU that a guest has taken over. It stays root, for
 * /dev/xen and images are root's, but
 *
 *   - sees all of dom0's file systems read-only, apart from /run/xen, where its
 *     socket is, and from the images and folders that its guest may write,
 *   - opens no devices but Xen's and the disks of its guest,
 *   - has no capabilities but those over files, and cannot get others,
 *   - makes no hypercalls: of /dev/xen/privcmd the mapping of frames remains,
 *   - sends no signals to other processes, and does not reach into them.
 *
 * Debian's QEMU for Xen is built without its own -sandbox.
 */
#ifndef LIBCTRL_QEMU_JAIL_H
#define LIBCTRL_QEMU_JAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct xs;

#define QEMU_PATHS_MAX 64

/* Absolute paths of images, block devices and folders. */
struct qemu_paths {
	struct qemu_path {
		char *path;
		bool is_writable;
	} at[QEMU_PATHS_MAX];
	size_t count;
};

/*
 * What the guest's devices on record have QEMU open. -ENOSPC: that is more than
 * fits; an error of the store.
 */
int qemu_paths_read(struct xs *xs, uint32_t domid, struct qemu_paths *paths);
void qemu_paths_free(struct qemu_paths *paths);

/* In the process that is to become QEMU; a negative errno, and `step` says of
 * what. */
int qemu_jail_enter(const struct qemu_paths *paths, const char **step);
/* Gives those to a QEMU that runs, too. */
int qemu_jail_open(pid_t pid, const struct qemu_paths *paths);

#endif
