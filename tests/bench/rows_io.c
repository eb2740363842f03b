/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows of devices: a disk that is read, a console that is written to. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "rows.h"

#define DISK	"/dev/xvda" /* there in the guest alone */
#define CONSOLE "/dev/console"
#define BLOCK	4096
#define BLOCKS	512
#define TEXT	64

static int fd = -1;
static void *block;

static void close_device(void)
{
	close(fd);
	free(block);
	block = NULL;
}

static int open_disk(void)
{
	/* Past the cache, so that each read goes to the back end. */
	fd = open(DISK, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (posix_memalign(&block, BLOCK, BLOCK))
		row_fail("block-read");
	return 0;
}

static uint64_t block_read(unsigned n)
{
	ROW_REPEAT(n, {
		if (pread(fd, block, BLOCK, (off_t)(i_ % BLOCKS) * BLOCK) !=
			BLOCK)
			row_fail("block-read");
	});
}

static int open_console(void)
{
	fd = open(CONSOLE, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? errno : 0;
}

/* Until the driver has given it away. */
static uint64_t console_64(unsigned n)
{
	char text[TEXT];

	memset(text, '.', sizeof(text));
	text[TEXT - 1] = '\n';
	ROW_REPEAT(n, {
		if (write(fd, text, TEXT) != TEXT || tcdrain(fd))
			row_fail("console-64");
	});
}

const struct row io_rows[] = {
	{ "block-read", 50, open_disk, block_read, close_device },
	{ "console-64", 10, open_console, console_64, close_device },
	{ NULL, 0, NULL, NULL, NULL },
};
