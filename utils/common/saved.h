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

struct config;
struct guest;
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

/*
 * Reads another configuration for the domain, a file with `count` settings that
 * replace some of it, and checks it; the domain keeps its name and UUID. Both
 * are the caller's to free, also on failure.
 */
int saved_other(struct session *s, uint32_t domid, const char *file,
	char *const *settings, int count, struct config *config,
	struct guest *guest, struct why *why);
/* The same, in place of the one in the head that our own tools read. */
int saved_head_other(struct session *s, uint32_t domid, const char *file,
	struct save_head *head, struct why *why);

/* For a maker's arg; opened with save_file_begin. */
struct saved {
	struct save_file file;
	const char *name;  /* for messages */
	const char *other; /* a configuration in place of its own; or NULL */
};

/*
 * Reads the head: the configuration in it, or the other one with its UUID, then
 * `count` settings that replace some of it, go to m->config and m->guest,
 * checked.
 */
int saved_config(struct maker *m, const char *const *settings, int count,
	struct why *why);
/* The maker's build: the rest of the file. */
int saved_build(struct maker *m, struct why *why);

#endif
