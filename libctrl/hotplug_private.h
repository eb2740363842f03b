/* SPDX-License-Identifier: BSD-2-Clause */
/* What the ways of plugging a device in, and QEMU's jail, share. */
#ifndef LIBCTRL_HOTPLUG_PRIVATE_H
#define LIBCTRL_HOTPLUG_PRIVATE_H

struct xs;

/* The value of BASE/NAME, for the caller to free; NULL: it cannot be read. */
char *hotplug_read(struct xs *xs, const char *base, const char *name);

#endif
