/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fake machine below libctrl, for tests: one hypervisor with a few guests,
 * whose frames are plain memory. It checks what a real one checks when tables
 * are pinned: that no table can be written by anybody.
 */
#ifndef LIBCTRL_OS_FAKE_H
#define LIBCTRL_OS_FAKE_H

#include <stdbool.h>
#include <stdint.h>
#include <public/xen.h>
#include "os.h"

#define FAKE_FRAMES  (256U << 8) /* 256 MiB of guest memory */
#define FAKE_DOMAINS 4
#define FAKE_CPUS    4
#define FAKE_POOLS   4
#define FAKE_PLACES  4
#define FAKE_FIRST   0x1000 /* the first machine frame number */
#define FAKE_MAPS    64
#define FAKE_LEAF    0x1234 /* what CPUID's one leaf has */
#define FAKE_STUB    0xc1 /* each byte of a hypercall page that is filled in */

struct fake_domain {
	bool exists, paused;
	uint8_t handle[16];
	uint32_t vcpus;
	uint64_t pages, max_kib, shared_info;
	uint32_t ports;
	uint64_t root; /* pinned L4, 0: none */
	struct vcpu_guest_context context;
	uint64_t cpu_ns;
	uint64_t sysenter;		/* of vcpu 0 */
	uint8_t places[FAKE_PLACES][2]; /* by vcpu; hard, soft; 0: odd CPUs */
	uint16_t weight, cap;
	unsigned int resumed;
	/* Log-dirty; the guest's own part, to note what it writes, is the
	 * test's. A bit for each of its numbers. */
	bool is_followed;
	uint64_t dirty[FAKE_FRAMES / 64];
};

struct fake {
	struct fake_domain domains[FAKE_DOMAINS]; /* number 0 is dom0 */
	uint8_t *memory;			  /* FAKE_FRAMES pages */
	uint8_t *owner;	    /* by frame: a domain, or 0 for none */
	uint16_t *writable; /* foreign mappings, by frame */
	uint8_t grants[FAKE_DOMAINS][4096];
	struct fake_map {
		uint8_t *base;
		xen_pfn_t *frames;
		size_t count;
	} maps[FAKE_MAPS];
	bool no_superpages; /* memory is in pieces */
	long fail_after;    /* hypercalls until one fails; -1: never */
	unsigned int calls;
	/* The hypervisor's messages: `log_size` bytes are there, the first of
	 * them at position `log_start`. */
	char log[65536];
	uint32_t log_start, log_size;
	/* Pools by number: there when its bit is set; CPUs, a bit each. */
	uint8_t pools, pool_cpus[FAKE_POOLS], pool_of[FAKE_DOMAINS];
	char keys[16];	/* debug keys pressed last */
	size_t buffers; /* pages that are handed out */
};

struct xen_domctl;
/* os_fake_state.c: the calls of a stopped domain that exists. */
long fake_state(struct fake *f, struct xen_domctl *op);

extern const struct os_ops fake_ops;

/* A machine with all memory free. */
struct fake *fake_new(void);
void fake_free(struct fake *f);
/* The bytes of a machine frame; NULL when there is no such frame. */
void *fake_frame(struct fake *f, uint64_t mfn);
/* Frames that belong to nobody. */
size_t fake_free_frames(const struct fake *f);
/* Foreign mappings that are still there. */
size_t fake_map_count(const struct fake *f);
/* What `va` is mapped to by the pinned tables: its L1 entry, or 0. */
uint64_t fake_walk(struct fake *f, uint32_t domid, uint64_t va);

#endif
