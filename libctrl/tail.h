/* SPDX-License-Identifier: BSD-2-Clause */
/* What a helper program said last, for messages. */
#ifndef LIBCTRL_TAIL_H
#define LIBCTRL_TAIL_H

#include <sys/types.h>

#define TAIL_BYTES 200

/*
 * The last line of a file, of what stands behind `from`; "" for none. It may
 * hold a guest's words: what would move a terminal is shown as '?'.
 */
void tail_read(int fd, off_t from, char tail[TAIL_BYTES]);

#endif
