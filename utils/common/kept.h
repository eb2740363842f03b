/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration that a guest was made from, kept so that it can be started
 * again: a file in the syntax of config.h that needs nothing else. What was
 * drawn at random the first time stands in it, and what tools changed since.
 *
 * While the guest lives the file is DOM_KEPT_DIR/N.cfg. The wish to start it
 * again is the file's move into KEPT_AGAIN_DIR, in one step: from there it
 * goes when that is done. So whoever is killed between leaves the wish.
 */
#ifndef UTILS_KEPT_H
#define UTILS_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tenonctrl/dom.h>

struct ctrl;
struct config;
struct guest;
struct why;

#define KEPT_AGAIN_DIR "/run/tenon/restart"
#define KEPT_PATH      64

/*
 * The text for a guest as it was made, to be freed. -EINVAL: a value cannot
 * be written in that syntax; `why` names its key. -ENOMEM.
 */
int kept_text(const struct config *config, const struct guest *guest,
	char **text, size_t *size, struct why *why);
/* Keeps it for domain `domid`; errors of kept_text and of the file system. */
int kept_write(uint32_t domid, const struct config *config,
	const struct guest *guest, struct why *why);
/* The text that is kept, to be freed; -ENOENT and the like. */
int kept_read(uint32_t domid, char **text);
/*
 * One changer of a guest's devices at a time: *fd holds the lock until it is
 * closed. -EWOULDBLOCK: another has it, and `wait` is false; -ENOENT: nothing
 * is kept, so it is not ours.
 */
int kept_lock(uint32_t domid, bool wait, int *fd);
/* A later setting, as in a file: key = value; silent when nothing is kept. */
void kept_change(uint32_t domid, const char *key, const char *value);
/* Removes what is kept of domains that are gone: stock tools end guests, too.
 */
void kept_forget_gone(struct ctrl *c);

/*
 * Wishes that `action`, which takes its time, be done with the guest of domain
 * `domid`: any but DOM_DESTROY and DOM_PRESERVE. 0 also when somebody wished
 * one before. -ENOENT: its configuration is not kept.
 */
int kept_again(uint32_t domid, enum dom_action action);
/* Whether there is a wish that is not yet fulfilled. */
bool kept_is_again(uint32_t domid);
/* "N.cfg", "N.aside.cfg" and the like, as in that folder; false: another name.
 */
bool kept_parse(const char *name, uint32_t *domid, enum dom_action *action);

#endif
