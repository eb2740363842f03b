/* SPDX-License-Identifier: BSD-2-Clause */
/* Console devices: a 16550 UART and the VGA text screen. */
#ifndef TENON_DRV_H
#define TENON_DRV_H

#include <tenon/types.h>

/* Set up the UART at an I/O port and register it as an output.  false: none
 * there (its scratch register does not hold a value). */
bool uart_init(uint16_t port, unsigned baud);
/* Turn on receive interrupts; call uart_interrupt for each. */
void uart_enable_input(void);
void uart_interrupt(void *unused);
/* The I/O port in use, 0: none. */
uint16_t uart_port(void);

/* The 80x25 text screen at 0xb8000: clear it and register it.  It is given
 * away (no more output) when dom0 takes the screen. */
void vga_init(void);
void vga_release(void);

#endif
