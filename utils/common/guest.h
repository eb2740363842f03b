/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a configuration asks for: the keys of xl.cfg that a PV guest can have,
 * checked, with defaults filled in.
 */
#ifndef UTILS_GUEST_H
#define UTILS_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <tenonctrl/dom.h>
#include "devices.h"
#include "placing.h"

struct config;
struct why;

#define GUEST_VCPUS_MAX	     128
#define GUEST_MEMORY_DEFAULT 128 /* MiB */

struct guest {
	const char *name; /* the config's strings; they live as long as it */
	uint8_t uuid[16]; /* random unless given */
	const char *kernel;
	const char *ramdisk; /* NULL: none */
	/* Instead of a kernel: who finds one on the first disk; or NULL. */
	const char *bootloader;
	const char **bootloader_args; /* allocated; NULL at the end */
	const char *extra; /* for the kernel that it finds; or NULL */
	char *cmdline;	   /* "" when nothing is given; guest_free */
	uint64_t memory_mib, maxmem_mib;
	uint32_t vcpus, maxvcpus;
	struct placing placing;
	enum dom_action on_poweroff, on_reboot, on_crash;
	uint32_t tsc_mode; /* as in struct xen_domctl_tsc_info */
	struct devices devices;
};

/*
 * -EINVAL: a key is unknown, missing or has a wrong value; -ENOTSUP: it is
 * known but cannot be honoured. `why` names key, file and line. `warn` is
 * called for deprecated keys, with text.
 */
int guest_from_config(struct guest *guest, const struct config *config,
	void (*warn)(const char *text), struct why *why);
/* Whether a guest may have this name, and what to say if not. */
bool guest_name_fits(const char *name);
#define GUEST_NAME_RULE                                                     \
	"1 to 63 letters, digits or any of -_.+:@ and must not begin with " \
	"'-' or '.'"
void guest_free(struct guest *guest);

#endif
