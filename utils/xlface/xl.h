/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xl: the face that programs which drive Xen know. Each subcommand is a
 * function over the same libraries as our own tools, or runs one of them; what
 * it prints is byte for byte what xl of 4.17 prints where programs read it.
 */
#ifndef XL_H
#define XL_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/session.h"

struct json_object;

/* What main() returns where stock xl does. */
enum { XL_OK = 0, XL_FAILED = 1, XL_USAGE = 2 };

struct xl_call;

struct xl_command {
	const char *name;
	const char *usage; /* what follows the name in a usage line */
	const char *help;  /* one line */
	int operands;	   /* at least so many */
	bool is_apart;	   /* needs no hypervisor and no store by itself */
	int (*run)(struct xl_call *c);
};

/* One run of a subcommand; operands stand from argv[optind] on. */
struct xl_call {
	const struct xl_command *command;
	int argc;
	char **argv;
	struct session session;
	int status; /* of XL_STOP */
	bool is_forced, is_dry;
};

/* xl_next: all options are read; what is to be returned is in `status`. */
enum { XL_END = -1, XL_STOP = -2 };

/*
 * The next option, as getopt_long gives it, "-h" and wrong ones apart; the
 * first '-' or ':' of `letters` is xl_next's own. Longs may be NULL.
 */
int xl_next(struct xl_call *c, const char *letters, const struct option *longs);
/* No options but -h: XL_END or XL_STOP. */
int xl_plain(struct xl_call *c);
/* The usage on standard output. */
void xl_usage(const struct xl_command *command);

/* The domain called `who`, or a message and false. */
bool xl_domain(struct xl_call *c, const char *who, uint32_t *domid);
/* Its name, to be freed; "(null)" when it has none. NULL: no memory. */
char *xl_name(struct xl_call *c, uint32_t domid);
/* "0-3,7" or "all", as in lists of xl. */
void xl_cpus(const uint8_t *map, size_t bytes, uint32_t cpus, char *text,
	size_t room);
/* Prints as xl does: four spaces a level. Lines of an inner value begin at
 * `level`; the first does not. */
void xl_print_json(struct json_object *o, int level);
/* Becomes a tool of ours; returns XL_FAILED after a message. */
int xl_become(const char *tool, char *const argv[], bool quiet);
/* Says what failed; returns XL_FAILED. */
int xl_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* xl_list.c */
int xl_list(struct xl_call *c);
int xl_vm_list(struct xl_call *c);
int xl_claims(struct xl_call *c);
int xl_uptime(struct xl_call *c);
int xl_domid(struct xl_call *c);
int xl_domname(struct xl_call *c);
/* xl_long.c: the rest of `xl list -l`. `count` domains of `list`. */
struct xen_domctl_getdomaininfo;
int xl_list_long(struct xl_call *c, const struct xen_domctl_getdomaininfo *list,
	size_t count);
/* xl_create.c */
int xl_create(struct xl_call *c);
int xl_config_update(struct xl_call *c);
/* xl_dump.c */
int xl_dump_core(struct xl_call *c);

/* xl_move.c */
int xl_migrate(struct xl_call *c);
int xl_migrate_receive(struct xl_call *c);

/* xl_save.c */
int xl_save(struct xl_call *c);
int xl_restore(struct xl_call *c);
/* xl_host.c */
int xl_info(struct xl_call *c);
int xl_dmesg(struct xl_call *c);
int xl_debug_keys(struct xl_call *c);
int xl_sched_credit2(struct xl_call *c);
int xl_top(struct xl_call *c);
/* xl_pool.c */
int xl_cpupool_list(struct xl_call *c);
int xl_cpupool_create(struct xl_call *c);
int xl_cpupool_destroy(struct xl_call *c);
int xl_cpupool_rename(struct xl_call *c);
int xl_cpupool_cpu_add(struct xl_call *c);
int xl_cpupool_cpu_remove(struct xl_call *c);
int xl_cpupool_migrate(struct xl_call *c);
/* xl_vcpu.c */
int xl_vcpu_list(struct xl_call *c);
int xl_vcpu_pin(struct xl_call *c);
int xl_vcpu_set(struct xl_call *c);
int xl_mem_set(struct xl_call *c);
int xl_mem_max(struct xl_call *c);
/* xl_device.c */
int xl_network_list(struct xl_call *c);
int xl_block_list(struct xl_call *c);
int xl_network_attach(struct xl_call *c);
int xl_network_detach(struct xl_call *c);
int xl_block_attach(struct xl_call *c);
int xl_block_detach(struct xl_call *c);
int xl_cd_insert(struct xl_call *c);
/* xl_pci.c */
int xl_pci_list(struct xl_call *c);
int xl_pci_assignable_list(struct xl_call *c);
int xl_pci(struct xl_call *c);
/* xl_life.c */
int xl_pause(struct xl_call *c);
int xl_unpause(struct xl_call *c);
int xl_destroy(struct xl_call *c);
int xl_shutdown(struct xl_call *c);
int xl_reboot(struct xl_call *c);
int xl_rename(struct xl_call *c);
int xl_console(struct xl_call *c);
int xl_trigger(struct xl_call *c);
int xl_sysrq(struct xl_call *c);

#endif
