/* SPDX-License-Identifier: BSD-2-Clause */
/* The worker's side of the access log. */
#ifndef XENSTORED_ACCESS_LOG_H
#define XENSTORED_ACCESS_LOG_H

#include "daemon.h"

/* Begins to log when the keeper has a file for it; needs the store. */
void access_log_init(struct daemon *d);
/* store_host.access: gathers a line. `ctx` is the daemon. */
void access_log_put(void *ctx, const struct store_access *a);
/* Writes what was gathered. */
void access_log_flush(struct daemon *d);
/* Goes on in the file that has the name now, or has a full one moved aside. */
void access_log_reopen(struct daemon *d);
/*
 * "log on", "log off", "log RATE": what is told from now on. -ENOENT:
 * there is no file; -EINVAL.
 */
int access_log_control(struct daemon *d, char *const *args, size_t count);

#endif
