/* SPDX-License-Identifier: BSD-2-Clause */
/* The modules of a kernel of dom0's, for the initramfs of a guest with it. */
#ifndef UTILS_RUN_MODULES_H
#define UTILS_RUN_MODULES_H

#include <stdbool.h>

struct cpio;
struct why;

#define MODULES_DIR	    "/lib/modules"
#define MODULES_RELEASE_MAX 65 /* bytes, with the NUL */

/*
 * The release of a bzImage, as uname -r will say: the first word of its
 * version (boot protocol 2.00). -EINVAL: it is none, or it says nothing.
 */
int modules_release(
	const char *kernel, char release[MODULES_RELEASE_MAX], struct why *why);
/*
 * Files of modules in the order in which they are to be loaded: those that
 * each needs before it, none twice.
 */
struct modules {
	char *dir, *index;     /* DIR/RELEASE, and its modules.dep */
	const char *list[100]; /* paths below dir, in `index` */
	unsigned int count;
};

/* -ENOENT: there is no such folder. Undo with modules_free. */
int modules_open(struct modules *m, const char *top, const char *release,
	struct why *why);
/*
 * Adds a module by its name. One that is built in adds nothing. -ENOENT: there
 * is none; -E2BIG: more than there is room for.
 */
int modules_add(struct modules *m, const char *name, struct why *why);
/* All of them into the archive, as FOLDER/00.ko and on. */
int modules_write(const struct modules *m, struct cpio *c, const char *folder);
void modules_free(struct modules *m);

#endif
