/* SPDX-License-Identifier: BSD-2-Clause */
/* What nearly every tool opens first: the hypervisor and the store. */
#ifndef UTILS_SESSION_H
#define UTILS_SESSION_H

struct ctrl;
struct xs;

struct session {
	struct ctrl *ctrl;
	struct xs *xs;
};

/* Opens both or says why not; 0 or a negative errno. */
int session_open(struct session *s);
void session_close(struct session *s);

#endif
