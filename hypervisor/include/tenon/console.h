/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's console: serial and VGA text out, a message ring that
 * sysctl readconsole shows, and serial input for dom0's hvc0.
 */
#ifndef TENON_CONSOLE_H
#define TENON_CONSOLE_H

#include <stdarg.h>
#include <tenon/types.h>

enum log_level { LOG_NONE = -1, LOG_ERR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* One line; "(TN) " and a newline are added.  Any context. */
void log_print(enum log_level level, const char *fmt, ...) format_like(2, 3);

#define log_err(...)   log_print(LOG_ERR, __VA_ARGS__)
#define log_warn(...)  log_print(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_print(LOG_DEBUG, __VA_ARGS__)

struct domain;

/* A line that a guest caused, tagged dN, as guest_loglvl= wants. */
void log_guest(struct domain *d, const char *fmt, ...) format_like(2, 3);

/* A line with a prefix of its own. */
void log_vprint(enum log_level level, const char *prefix, const char *fmt,
	va_list args) format_like(3, 0);

/* Raw bytes to the outputs and the ring, as console_io write does. */
void console_write(const char *s, size_t n);

/*
 * Take up to n bytes typed for dom0; returns how many.  console_io read.
 */
size_t console_read(char *buf, size_t n);

/* The same of what was typed for us; false: nothing. */
bool console_read_key(char *key);

/* A byte arrived on the serial line (interrupt context): for who has the
 * input, which conswitch='s key switches.  Raises SOFTIRQ_CONSOLE. */
void console_input(char c);
/* Say so, and give the input to dom0 or to us; at first it is ours. */
void console_give_input(bool to_dom0);

/*
 * Copy from the message ring, from *index on, into buf; *index moves on to
 * the next unread byte; returns the count (sysctl readconsole).
 */
size_t console_ring_read(uint64_t *index, char *buf, size_t n);
void console_ring_clear(void);

/* Threshold from loglvl=. */
void console_set_level(enum log_level own);
/* Keep at least so many bytes of the log, if there is memory: boot. */
void console_grow_ring(uint64_t size);

/* An output: called with the console lock held, interrupts off. */
struct console_out {
	const char *name;
	void (*put)(const char *s, size_t n);
	struct console_out *next;
};
void console_register(struct console_out *out);

/* Panic path: outputs work without the lock from here on. */
void console_force(void);

#endif
