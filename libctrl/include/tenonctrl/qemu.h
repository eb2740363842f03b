/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Back ends in a program: one stock QEMU a guest, that of Debian's package
 * qemu-system-xen, in its machine for paravirtual guests. It serves disks of
 * formats that dom0's kernel does not know, a frame buffer with a keyboard by
 * VNC, and folders by 9pfs.
 *
 * Its process is noted where stock tools look, image/device-model-pid of the
 * guest, before it begins; it says that it serves in the store, and what it
 * writes goes to a log. It runs in a jail: of dom0's files it can write those
 * that its guest may, and of the hypervisor's calls it has none.
 */
#ifndef TENONCTRL_QEMU_H
#define TENONCTRL_QEMU_H

#include <stdint.h>

struct why;
struct xs;

#define QEMU_LOG_DIR "/var/log/xen"
/* In the store: a folder for each that begins or serves, by guest. */
#define QEMU_MODELS "/local/domain/0/device-model"

/*
 * Starts it for a guest whose record is in the store, unless it runs; waits
 * until it serves. `vnc` is as for QEMU's -vnc; NULL: none. -ENOENT: it is not
 * installed; -EIO: it ended; -ETIMEDOUT: it does not answer; `why` has the last
 * line of its log.
 */
int qemu_start(struct xs *xs, uint32_t domid, const char *name, const char *vnc,
	struct why *why);
/*
 * A descriptor of its process, readable when that has ended, the caller's to
 * close; -ESRCH: none runs.
 */
int qemu_find(struct xs *xs, uint32_t domid);

#define QEMU_WORDS 320
/* The last line of its log, and where that is. */
void qemu_last_words(struct xs *xs, uint32_t domid, char words[QEMU_WORDS]);

/* Ends it, with all that it held back written; 0 also when there is none. */
int qemu_stop(struct xs *xs, uint32_t domid);

#endif
