/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines that a guest caused: tagged, and never a flood. */
#include <tenon/console.h>
#include <tenon/domain.h>
#include <tenon/fmt.h>
#include <tenon/timer.h>

/* At most this many guest-caused lines a second, over all guests. */
#define GUEST_LINES_PER_SECOND 20

/* A bucket refilled each second; says once how many lines it dropped. */
static bool may_print(void)
{
	static uint64_t window;
	static unsigned printed, dropped;
	uint64_t now = time_now() / 1000000000;

	if (now != window) {
		window = now;
		printed = 0;
		if (dropped) {
			unsigned n = dropped;

			dropped = 0;
			log_warn("%u messages about guests dropped", n);
		}
	}
	if (printed >= GUEST_LINES_PER_SECOND) {
		dropped++;
		return false;
	}
	printed++;
	return true;
}

void log_guest(const struct domain *d, const char *fmt, ...)
{
	char prefix[24];
	va_list args;

	if (!console_shows_guests() || !may_print())
		return;
	fmt_print(prefix, sizeof(prefix), "(TN) d%u: ", d->id);
	va_start(args, fmt);
	log_vprint(LOG_ERR, prefix, fmt, args);
	va_end(args);
}
