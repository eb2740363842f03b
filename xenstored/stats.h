/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the store counts, and how CONTROL shows it.
 *
 * The payload of CONTROL "stats" [SECTION [FROM]] (strings that end in NUL)
 * is one JSON object, ended by a NUL. A list that is too long for one answer
 * goes on where "next" says: ask again with it as FROM; null is the end.
 *
 * stats, or stats store:
 *   {"version":1, "uptime_ms":N, "commits":N, "connections":N, "domains":N,
 *    "requests":N, "errors":N, "nodes":N, "watches":N,
 *    "transactions":{"open":N, "started":N, "committed":N, "aborted":N,
 *      "conflicts":N, "parked":N},
 *    "events":{"sent":N, "merged":N, "melted":N},
 *    "memory":{"nodes":B, "watches":B, "transactions":B, "old_versions":B,
 *      "output":B}}
 *   events: merged are those that waited already, melted those that became
 *   one of their watch's own path because their reader does not read.
 *
 * stats operations [FROM]: those that were asked at all, by their number
 *   {"operations":[{"id":2, "name":"READ", LOAD}, ...], "next":N|null}
 *
 * stats domains [FROM]: all on record, by domid
 *   {"domains":[{"domid":5, "introduced":true, LOAD,
 *      "conflicts_caused":N, "conflicts_suffered":N, "held":N,
 *      "nodes":N, "watches":N, "transactions":N, "outstanding":N,
 *      "memory":{"nodes":B, "watches":B, "transactions":B,
 *        "old_versions":B, "output":B, "total":B},
 *      "quotas":{"nodes":1000, ...}, "quota_hits":{"nodes":3, ...}}, ...],
 *    "next":N|null}
 *   held: how often its requests had to wait because of the conflicts that
 *   it caused. quotas: what holds for it, 0 for no limit, {} for domain 0.
 *   quota_hits: those that were hit only.
 *
 * stats quotas:
 *   {"quotas":[{"name":"nodes", "value":1000, "hits":N}, ...]}
 *
 * LOAD is of requests: "requests":N, "errors":N, "ns_total":N, "ns_max":N,
 *   "latency":[N, ...]: from the beginning of the turn of the loop that
 *   served a request to its answer; all are 0 without a clock. The first
 *   number counts those under 1024 ns, the next those under 2048, and
 *   so on by doubling; the last of STATS_BUCKETS counts all longer ones.
 *   Zeros at the end are left out.
 */
#ifndef XENSTORED_STATS_H
#define XENSTORED_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATS_BUCKETS	  22
#define STATS_BUCKET_BITS 10 /* the first one is of less than 2^10 ns */

struct request;

/* Requests and how long they took. */
struct stats_load {
	uint64_t requests, errors;
	uint64_t ns_total, ns_max;
	uint64_t latency[STATS_BUCKETS];
};

/* Counts a request twice: either may be NULL. */
void stats_count(struct stats_load *of_type, struct stats_load *of_domain,
	uint64_t ns, bool is_error);

/*
 * Writes the section that the rest of the request names, with its NUL, into
 * `buf`. -EINVAL: no such section, or no number after it.
 */
int stats_run(struct request *r, char *buf, size_t size);

#endif
