/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest on its way from one domain to another, through a file or a pipe
 * (tenonctrl/save_file.h): its head from a guest that runs, and a maker
 * (make.h) of the new one.
 */
#ifndef UTILS_SAVED_H
#define UTILS_SAVED_H

#include <stdint.h>
#include <tenonctrl/save_file.h>

struct maker;
struct session;
struct why;

/*
 * The domain's configuration in both forms, as it stands; the texts are the
 * caller's to free(). -ENOENT and the like: it has no record, or none that our
 * tools or stock's wrote.
 */
int saved_head(struct session *s, uint32_t domid, struct save_head *head,
	struct why *why);

/* For a maker's arg; opened with save_file_begin. */
struct saved {
	struct save_file file;
	const char *name; /* for messages */
};

/* Reads the head: the configuration in it, then `count` settings that replace
 * some of it, go to m->config and m->guest, checked. */
int saved_config(struct maker *m, const char *const *settings, int count,
	struct why *why);
/* The maker's build: the rest of the file. */
int saved_build(struct maker *m, struct why *why);

#endif
