/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way from a checked configuration to a guest that runs, whatever fills its
 * memory: a kernel, or a file that it was saved in. Until all is done a
 * guardian process stands by: if the maker fails or is killed, nothing of the
 * guest stays.
 */
#ifndef UTILS_MAKE_H
#define UTILS_MAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tenonctrl/dom.h>
#include "config.h"
#include "guest.h"
#include "session.h"

struct device_spec;
struct guardian;
struct why;

/* What a maker holds on its way; begin with MAKER_EMPTY. */
struct maker {
	struct config config;
	struct guest guest; /* from it, checked */
	/*
	 * Fills the new domain `domid`, whose ports are in `record`, and puts
	 * the frames of its two rings there.
	 */
	int (*build)(struct maker *m, struct why *why);
	/* NULL, or: the guest is whole and about to start; an error ends it. */
	int (*ready)(struct maker *m, struct why *why);
	void *arg; /* theirs */
	/* The rest is make_guest's. */
	int lock;
	uint32_t domid;
	struct session session;
	struct dom_record record;
	struct device_spec *devices;
	size_t device_count;
};

#define MAKER_EMPTY        \
	{                  \
		.lock = -1 \
	}

struct make_wish {
	bool paused, console, json;
};

/*
 * Makes the guest and leaves it paused, or says why not. It is still its
 * guardian's: guardian_dismiss lets it live, guardian_fire or the end of this
 * process in whatever way destroys it.
 */
int make_paused(struct maker *m, struct guardian *g);
/* Makes and starts the guest; says what was made, or why not. */
int make_guest(struct maker *m, const struct make_wish *wish);
/* Frees all, the configuration and the guest too; not what was made. */
void make_end(struct maker *m);

/* Prints the guest; domid 0: it does not exist. -ENOMEM. */
int make_print_json(const struct guest *g, uint32_t domid);
/* For guest_from_config. */
void make_warn(const char *text);

#endif
