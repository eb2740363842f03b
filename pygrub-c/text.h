/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts of a guest made fit for a person's terminal. */
#ifndef PYGRUB_TEXT_H
#define PYGRUB_TEXT_H

#include <stddef.h>

/*
 * Copies `text` to `out`, cut at `size` - 1 bytes between characters: printable
 * characters of UTF-8 stay, all else (control characters of both sets, marks
 * that change the direction of writing, bytes that are no UTF-8) becomes '?'.
 * Returns out.
 */
char *text_clean(const char *text, char *out, size_t size);

#endif
