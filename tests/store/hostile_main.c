/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile guest as a program: it prints "ready" when it begins, goes on for
 * a time and prints what it did as one JSON object.
 *
 * usage: hostile SOCKET GUESTS DOMID MODE SECONDS
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hostile.h"

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int usage(void)
{
	const struct hostile_mode *m;

	fputs("usage: hostile SOCKET GUESTS DOMID MODE SECONDS\n", stderr);
	for (m = hostile_modes; m->name; m++)
		fprintf(stderr, "  %-10s %s\n", m->name, m->about);
	return 2;
}

static int begin(struct hostile *h, char **argv)
{
	struct xs *dom0;
	int rc = xs_open(&dom0, argv[1]);

	if (rc)
		return rc;
	rc = fake_guest_boot(
		&h->guest, argv[2], (uint32_t)strtoul(argv[3], NULL, 10));
	if (!rc)
		rc = fake_guest_introduce(&h->guest, dom0);
	xs_close(dom0);
	return rc;
}

int main(int argc, char **argv)
{
	struct hostile h = { .random = 1 };
	const struct hostile_mode *m = hostile_modes;
	double end;
	int rc;

	if (argc != 6)
		return usage();
	while (m->name && strcmp(m->name, argv[4]))
		m++;
	if (!m->name)
		return usage();
	rc = begin(&h, argv);
	if (!rc) {
		puts("ready");
		fflush(stdout);
		end = now() + strtod(argv[5], NULL);
		while (!rc && now() < end)
			rc = m->round(&h);
	}
	if (rc) {
		fprintf(stderr, "hostile: %s: %s\n", m->name, strerror(-rc));
		return EXIT_FAILURE;
	}
	fake_guest_die(&h.guest);
	printf("{\"requests\": %" PRIu64 ", \"notifications\": %" PRIu64
	       ", \"reconnects\": %" PRIu64 "}\n",
		h.requests, h.notifications, h.reconnects);
	return EXIT_SUCCESS;
}
