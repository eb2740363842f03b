/* SPDX-License-Identifier: BSD-2-Clause */
/* The VGA text screen: 80 by 25 cells of two bytes at 0xb8000. */
#include <tenon/arch.h>
#include <tenon/console.h>
#include <tenon/drv.h>
#include <tenon/page.h>
#include <tenon/string.h>

#define COLUMNS 80
#define ROWS	25
#define BLANK	0x0720

static uint16_t *screen;
static unsigned column, row;

static void new_line(void)
{
	column = 0;
	if (++row < ROWS)
		return;
	row = ROWS - 1;
	memmove(screen, screen + COLUMNS, (ROWS - 1) * COLUMNS * 2);
	for (unsigned i = 0; i < COLUMNS; i++)
		screen[row * COLUMNS + i] = BLANK;
}

static void put(const char *s, size_t n)
{
	if (!screen)
		return;
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\n') {
			new_line();
			continue;
		}
		if ((unsigned char)s[i] < 32)
			continue;
		if (column == COLUMNS)
			new_line();
		screen[row * COLUMNS + column++] =
			(uint16_t)(0x0700 | (unsigned char)s[i]);
	}
}

static struct console_out output = { .name = "vga", .put = put };

void vga_init(void)
{
	screen = (uint16_t *)(directmap + 0xb8000);
	for (unsigned i = 0; i < ROWS * COLUMNS; i++)
		screen[i] = BLANK;
	console_register(&output);
}

void vga_release(void)
{
	screen = NULL;
}
