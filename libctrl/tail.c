/* SPDX-License-Identifier: BSD-2-Clause */
/* What a helper program said last; see tail.h. */
#include <string.h>
#include <unistd.h>
#include "tail.h"

void tail_read(int fd, off_t from, char tail[TAIL_BYTES])
{
	off_t end = lseek(fd, 0, SEEK_END);
	ssize_t got;
	char *line;

	if (end - from > TAIL_BYTES - 1)
		from = end - (TAIL_BYTES - 1);
	got = pread(fd, tail, TAIL_BYTES - 1, from);
	tail[got > 0 ? got : 0] = '\0';
	while (got > 0 && tail[got - 1] == '\n')
		tail[--got] = '\0';
	line = strrchr(tail, '\n');
	if (line)
		memmove(tail, line + 1, strlen(line));
	for (char *at = tail; *at; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	}
}
