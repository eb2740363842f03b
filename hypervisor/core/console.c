/* SPDX-License-Identifier: BSD-2-Clause */
/* Console: message ring, outputs, input queue, levels and rate limits. */
#include <tenon/arch.h>
#include <tenon/boot.h>
#include <tenon/console.h>
#include <tenon/fmt.h>
#include <tenon/lock.h>
#include <tenon/page.h>
#include <tenon/softirq.h>
#include <tenon/string.h>
#include <tenon/timer.h>

#define RING_SIZE  32768 /* at first */
#define INPUT_SIZE 256	 /* a power of two */

static struct lock console_lock = LOCK_INIT(LOCK_CONSOLE);
static struct console_out *outputs;
static bool is_forced;

static char first_ring[RING_SIZE];
static char *ring = first_ring;
static uint64_t ring_size = RING_SIZE; /* a power of two */
static uint64_t ring_end;	       /* bytes ever written */
static uint64_t ring_start;	       /* first byte still shown */

/* What was typed: for dom0, and for us. */
static struct input {
	char bytes[INPUT_SIZE];
	unsigned head, tail;
} typed, keys;
static bool is_dom0s_input;
static unsigned switches_seen; /* in a row, held back */

static enum log_level level_own = LOG_INFO;

void console_register(struct console_out *out)
{
	/* What was said before there was an output: the command line's faults.
	 */
	for (uint64_t i = ring_start; i < ring_end; i++)
		out->put(&ring[i & (ring_size - 1)], 1);
	out->next = outputs;
	outputs = out;
}

void console_set_level(enum log_level own)
{
	level_own = own;
}

void console_grow_ring(uint64_t size)
{
	unsigned order = 0;
	uint64_t bytes = PAGE_SIZE;
	uint64_t flags;
	struct page *pg;
	char *larger;

	while (bytes < size && order < PAGE_ORDER_MAX) {
		bytes <<= 1;
		order++;
	}
	if (bytes <= ring_size)
		return;
	pg = page_alloc(order, 0);
	if (!pg) {
		log_warn("conring_size=: no memory; %lu KiB are kept",
			(unsigned long)ring_size >> 10);
		return;
	}
	larger = page_to_virt(pg);
	flags = lock_take_irq(&console_lock);
	for (uint64_t i = ring_start; i < ring_end; i++)
		larger[i & (bytes - 1)] = ring[i & (ring_size - 1)];
	ring = larger;
	ring_size = bytes;
	lock_drop_irq(&console_lock, flags);
}

void console_force(void)
{
	is_forced = true;
}

static void write_locked(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ring[ring_end++ & (ring_size - 1)] = s[i];
	if (ring_end - ring_start > ring_size)
		ring_start = ring_end - ring_size;
	for (struct console_out *o = outputs; o; o = o->next)
		o->put(s, n);
}

void console_write(const char *s, size_t n)
{
	uint64_t flags;

	if (is_forced) {
		write_locked(s, n);
		return;
	}
	flags = lock_take_irq(&console_lock);
	write_locked(s, n);
	lock_drop_irq(&console_lock, flags);
}

static void print_line(const char *prefix, const char *fmt, va_list args)
{
	char line[256];
	size_t n = fmt_print(line, sizeof(line) - 1, "%s", prefix);

	n += fmt_vprint(line + n, sizeof(line) - 1 - n, fmt, args);
	n = MIN(n, sizeof(line) - 2);
	line[n++] = '\n';
	console_write(line, n);
}

void log_print(enum log_level level, const char *fmt, ...)
{
	va_list args;

	if (level > level_own)
		return;
	va_start(args, fmt);
	print_line("(TN) ", fmt, args);
	va_end(args);
}

void log_vprint(
	enum log_level level, const char *prefix, const char *fmt, va_list args)
{
	if (level <= level_own)
		print_line(prefix, fmt, args);
}

size_t console_ring_read(uint64_t *index, char *buf, size_t n)
{
	uint64_t flags = lock_take_irq(&console_lock);
	size_t done = 0;

	if (*index < ring_start)
		*index = ring_start;
	while (done < n && *index < ring_end)
		buf[done++] = ring[(*index)++ & (ring_size - 1)];
	lock_drop_irq(&console_lock, flags);
	return done;
}

void console_ring_clear(void)
{
	uint64_t flags = lock_take_irq(&console_lock);

	ring_start = ring_end;
	lock_drop_irq(&console_lock, flags);
}

static void put_input(char c)
{
	struct input *to = is_dom0s_input ? &typed : &keys;

	if (to->head - to->tail < INPUT_SIZE)
		to->bytes[to->head++ & (INPUT_SIZE - 1)] = c;
}

void console_input(char c)
{
	const char switch_code = boot_options.conswitch & 0x1f;
	uint64_t flags = lock_take_irq(&console_lock);
	bool is_switched = false;

	if (c != switch_code) {
		/* They were typed for who has the input, after all. */
		for (; switches_seen; switches_seen--)
			put_input(switch_code);
		put_input(c);
	} else if (++switches_seen == 3) {
		switches_seen = 0;
		is_switched = true;
	}
	lock_drop_irq(&console_lock, flags);
	if (is_switched)
		console_give_input(!is_dom0s_input);
	softirq_raise(SOFTIRQ_CONSOLE);
}

void console_give_input(bool to_dom0)
{
	WRITE_ONCE(is_dom0s_input, to_dom0);
	log_print(LOG_ERR,
		"serial input goes to %s: Ctrl-%c three times switches%s",
		to_dom0 ? "dom0" : "Tenon", boot_options.conswitch,
		to_dom0 ? "" : "; h lists the keys");
}

static size_t take_input(struct input *from, char *buf, size_t n)
{
	uint64_t flags = lock_take_irq(&console_lock);
	size_t done = 0;

	while (done < n && from->tail != from->head)
		buf[done++] = from->bytes[from->tail++ & (INPUT_SIZE - 1)];
	lock_drop_irq(&console_lock, flags);
	return done;
}

size_t console_read(char *buf, size_t n)
{
	return take_input(&typed, buf, n);
}

bool console_read_key(char *key)
{
	return take_input(&keys, key, 1);
}
