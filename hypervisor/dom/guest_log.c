/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines that a guest caused: tagged, as far as guest_loglvl= wants them, and
 * never a flood: each domain has its own limit, so that a noisy one does not
 * hide what others do.
 */
#include <tenon/boot.h>
#include <tenon/console.h>
#include <tenon/domain.h>
#include <tenon/fmt.h>
#include <tenon/timer.h>

#define LINES_PER_SECOND 20 /* of a domain */

/* A bucket refilled each second; says once how many lines it dropped.  Two
 * CPUs may count a line twice or not at all. */
static bool may_print(struct domain *d)
{
	uint32_t now = (uint32_t)(time_now() / 1000000000);

	if (now != READ_ONCE(d->log_second)) {
		uint32_t n = READ_ONCE(d->log_dropped);

		WRITE_ONCE(d->log_second, now);
		WRITE_ONCE(d->log_printed, 0);
		WRITE_ONCE(d->log_dropped, 0);
		if (n)
			log_warn("d%u: %u lines dropped", d->id, n);
	}
	if (READ_ONCE(d->log_printed) >= LINES_PER_SECOND) {
		WRITE_ONCE(d->log_dropped, READ_ONCE(d->log_dropped) + 1);
		return false;
	}
	WRITE_ONCE(d->log_printed, READ_ONCE(d->log_printed) + 1);
	return true;
}

void log_guest(struct domain *d, const char *fmt, ...)
{
	char prefix[24];
	va_list args;

	if (boot_options.guest_loglvl < LOG_WARN &&
		(boot_options.guest_loglvl_limited < LOG_WARN || !may_print(d)))
		return;
	fmt_print(prefix, sizeof(prefix), "(TN) d%u: ", d->id);
	va_start(args, fmt);
	log_vprint(LOG_ERR, prefix, fmt, args);
	va_end(args);
}
