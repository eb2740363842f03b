/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What two samples say together: rates, in the order and with the filter that
 * the person chose, and a short history of each domain. No terminal, no
 * hypervisor: samples in, rows out.
 */
#ifndef TOP_MODEL_H
#define TOP_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sample.h"

#define MODEL_HISTORY	 60 /* samples */
#define MODEL_FILTER_MAX 63

enum model_order {
	MODEL_BY_ID,
	MODEL_BY_NAME,
	MODEL_BY_STATE,
	MODEL_BY_CPU,
	MODEL_BY_TIME,
	MODEL_BY_MEMORY,
	MODEL_BY_SENT,
	MODEL_BY_RECEIVED,
	MODEL_BY_READ,
	MODEL_BY_WRITTEN,
	MODEL_ORDERS
};

/* A domain's past, the newest last. */
struct model_history {
	uint32_t domid;
	uint8_t uuid[16];
	unsigned int count;
	float cpu[MODEL_HISTORY];     /* percent of one CPU */
	float traffic[MODEL_HISTORY]; /* network and disks, bytes a second */
};

struct model_row {
	const struct sample_domain *now;
	const struct sample_domain *before; /* NULL: new since then */
	const struct model_history *history;
	double cpu;		   /* percent of one CPU */
	double memory, max_memory; /* percent of the machine; -1: no limit */
	double sent, received;	   /* bytes a second, all cards */
	double read, written;	   /* bytes a second, all disks */
	double reads, writes;	   /* requests a second, all disks */
};

struct model {
	enum model_order order;
	bool is_reversed;
	char filter[MODEL_FILTER_MAX + 1]; /* a part of the name; "" is any */

	/* Out: what is to be shown, until the next sample. */
	struct sample *now, *before; /* before: NULL in the first round */
	struct model_row *rows;
	size_t count;
	double seconds; /* between the two; 0 in the first round */
	double busy;	/* percent of all CPUs */
	float busy_history[MODEL_HISTORY];
	unsigned int busy_count;

	/* Private. */
	struct model_history *histories;
	size_t history_count;
};

/* Takes the sample over, also on failure; -ENOMEM: all is as before. */
int model_feed(struct model *m, struct sample *sample);
/* Orders and filters anew, after a change of the wishes; -ENOMEM. */
int model_arrange(struct model *m);
void model_free(struct model *m);
/* "cpu", "read"; as on the command line and in headers. */
const char *model_order_name(enum model_order order);

/* Rate of a counter that never falls; a fall means that it began anew. */
double model_rate(uint64_t now, uint64_t before, double seconds);
/* A vcpu's percent of a CPU; 0 when it was not there before. */
double model_vcpu_cpu(const struct model *m, const struct model_row *row,
	const struct sample_vcpu *vcpu);
/* The device as it was before; NULL when it was not there. */
const struct sample_net *model_net_before(
	const struct model_row *row, uint32_t id);
const struct sample_disk *model_disk_before(
	const struct model_row *row, uint32_t id);

#endif
