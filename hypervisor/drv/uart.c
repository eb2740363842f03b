/* SPDX-License-Identifier: BSD-2-Clause */
/* A 16550 UART, polled out, interrupt in. */
#include <tenon/arch.h>
#include <tenon/console.h>
#include <tenon/drv.h>
#include <arch/io.h>

#define UART_DATA      0
#define UART_IER       1
#define UART_FCR       2
#define UART_IIR       2
#define UART_LCR       3
#define UART_MCR       4
#define UART_LSR       5
#define UART_SCR       7

#define LSR_DATA_READY 0x01
#define LSR_THR_EMPTY  0x20
#define UART_CLOCK     115200

static uint16_t base;
static unsigned fifo_depth;

/* One look at the status fills the whole FIFO.  A line that is stuck costs a
 * second, once: it must not stop the machine. */
static unsigned wait_for_room(void)
{
	static bool is_stuck;
	unsigned patience = is_stuck ? 1 : 1000000; /* I/O reads, of 1 us */

	while (patience--) {
		is_stuck = !(inb(base + UART_LSR) & LSR_THR_EMPTY);
		if (!is_stuck)
			return fifo_depth;
		arch_relax();
	}
	return 0;
}

static void put_byte(char ch)
{
	static unsigned room;

	if (!room)
		room = wait_for_room();
	if (!room)
		return;
	outb(base + UART_DATA, (uint8_t)ch);
	room--;
}

static void put(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\n')
			put_byte('\r');
		put_byte(s[i]);
	}
}

static struct console_out output = { .name = "com1", .put = put };

bool uart_init(uint16_t port, unsigned baud)
{
	uint16_t divisor = (uint16_t)(UART_CLOCK / (baud ? baud : UART_CLOCK));

	outb(port + UART_SCR, 0x5a);
	if (inb(port + UART_SCR) != 0x5a)
		return false;
	outb(port + UART_IER, 0);
	outb(port + UART_LCR, 0x80);
	outb(port + UART_DATA, divisor & 0xff);
	outb(port + UART_IER, divisor >> 8);
	outb(port + UART_LCR, 0x03); /* 8n1 */
	outb(port + UART_FCR, 0x07);
	outb(port + UART_MCR, 0x0b); /* DTR, RTS, OUT2 */
	fifo_depth = (inb(port + UART_IIR) & 0xc0) == 0xc0 ? 16 : 1;
	base = port;
	console_register(&output);
	return true;
}

void uart_enable_input(void)
{
	if (base)
		outb(base + UART_IER, 1);
}

void uart_interrupt(void *unused)
{
	(void)unused;
	(void)inb(base + UART_IIR);
	for (int i = 0; i < 64 && (inb(base + UART_LSR) & LSR_DATA_READY); i++)
		console_input((char)inb(base + UART_DATA));
}

uint16_t uart_port(void)
{
	return base;
}
