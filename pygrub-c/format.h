/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Images that are not raw, by qemu-storage-daemon in a jail of its own, which
 * shows what is in them as a file. The format is what the person says, never
 * what the image looks like, and the image refers to no other file.
 */
#ifndef PYGRUB_FORMAT_H
#define PYGRUB_FORMAT_H

#include <stdint.h>
#include "jail.h"

struct why;

/*
 * A descriptor of the disk inside the image, which may be read as long as the
 * jail lives, and its *size in bytes; or a negative errno. `image` is open for
 * reading and has image_size bytes; `format` is QEMU's name.
 */
int format_open(struct jail *jail, int image, uint64_t image_size,
	const char *format, const struct jail_user *user, uint64_t *size,
	struct why *why);

#endif
