/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guests as wholes: their names, their records in the store and their end.
 *
 * A guest's record is the nodes that stock tools and kernels expect below
 * /local/domain/N, /vm/UUID and /libxl/N. /libxl/N/tenon marks it as ours and
 * holds what is to be done when it stops.
 */
#ifndef TENONCTRL_DOM_H
#define TENONCTRL_DOM_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <public/xen.h>

struct ctrl;
struct device_spec;
struct why;
struct xs;

#define DOM_UUID_TEXT 37 /* bytes of a UUID as text, NUL included */
#define DOM_NAME_MAX  63

/* What is done when a guest stops. */
enum dom_action {
	DOM_DESTROY,
	DOM_PRESERVE,
	DOM_RESTART,
	DOM_RENAME_RESTART,
	DOM_COREDUMP_DESTROY,
	DOM_COREDUMP_RESTART,
};

#define DOM_ACTIONS 6

/* Configurations of guests of ours by number, N.cfg, while they live. */
#define DOM_KEPT_DIR "/run/tenon/guests"

/* All that is written into the store for a new guest. */
struct dom_record {
	const char *name;
	uint8_t uuid[16];
	const char *kernel, *cmdline;
	const char *ramdisk; /* NULL: none */
	uint64_t memory_kib, max_kib;
	uint32_t vcpus, max_vcpus;
	uint32_t store_port, console_port; /* the guest's */
	xen_pfn_t store_mfn, console_mfn;
	/* Its console is another's than the console daemon's. */
	bool has_own_console;
	enum dom_action on_poweroff, on_reboot, on_crash;
	const struct device_spec *devices;
	size_t device_count;
};

/* Writes the record in one transaction, then introduces the domain. */
int dom_record_write(struct xs *xs, uint32_t domid,
	const struct dom_record *record, struct why *why);
/*
 * Removes every node of the domain, whoever wrote them; 0 also when there
 * are none.
 */
int dom_record_remove(struct xs *xs, uint32_t domid);
/* Whether the record of a domain says that it is ours. */
bool dom_is_ours(struct xs *xs, uint32_t domid);
/*
 * What to do with a domain of ours that stopped for `reason`, a SHUTDOWN_*;
 * -ENOENT: it is not ours, or nothing is to be done for that reason.
 */
int dom_action_for(struct xs *xs, uint32_t domid, unsigned int reason,
	enum dom_action *action);
/* As in configurations: "destroy", "rename-restart". */
const char *dom_action_name(enum dom_action action);
/* As in libxl's JSON: "destroy", "rename_restart". */
const char *dom_action_libxl(enum dom_action action);
/* -EINVAL: there is none of that name. */
int dom_action_parse(const char *name, enum dom_action *action);

/* The name, to be freed; -ENOENT when it has none. */
int dom_name(struct xs *xs, uint32_t domid, char **name);
/* Gives it another; -ESRCH: the domain has no record. */
int dom_rename(
	struct xs *xs, uint32_t domid, const char *name, struct why *why);
/*
 * Leaves a domain of ours that stopped as it is, for inspection: under another
 * name and, as two domains of one UUID must not be, another UUID. Doing it
 * again after it was interrupted finishes it.
 */
int dom_set_aside(struct ctrl *c, struct xs *xs, uint32_t domid,
	const char *name, struct why *why);
/*
 * The domain that is called `who`, a name or a decimal number; -ESRCH when
 * there is none (and `why` lists what to do).
 */
int dom_find(struct ctrl *c, struct xs *xs, const char *who, uint32_t *domid,
	struct why *why);
/*
 * -EEXIST: a living domain has this name or this UUID (NULL: any will do);
 * `why` says which.
 */
int dom_check_free(struct ctrl *c, struct xs *xs, const char *name,
	const uint8_t uuid[16], struct why *why);

/*
 * Destroys the domain, releases its store connection and removes its record.
 * Doing it twice, or while another does it, is harmless.
 */
int dom_destroy(struct ctrl *c, struct xs *xs, uint32_t domid, struct why *why);

/*
 * The file in which stock xl looks a guest's configuration up, below
 * /var/lib/xen. Without it `xl list -l` does not show the guest; everything
 * else works. Removing is silent when there is none.
 */
int dom_userdata_write(uint32_t domid, const struct dom_record *record);
void dom_userdata_remove(uint32_t domid);
/* Its text, to be freed; -ENOENT and the like. */
int dom_userdata_read(uint32_t domid, const uint8_t uuid[16], char **text);
/* After a change of the UUID; silent when there is none. */
void dom_userdata_move(
	uint32_t domid, const uint8_t from[16], const uint8_t to[16]);
/* That of domain 0, which has nothing to tell but its kind. */
int dom_userdata_write_dom0(void);

void dom_uuid_format(const uint8_t uuid[16], char text[DOM_UUID_TEXT]);
/* -EINVAL unless 32 hex digits, with or without dashes in their places. */
int dom_uuid_parse(const char *text, uint8_t uuid[16]);
/* A random one (RFC 4122, version 4). */
int dom_uuid_random(uint8_t uuid[16]);

#endif
