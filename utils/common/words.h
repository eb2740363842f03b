/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of configurations. */
#ifndef UTILS_WORDS_H
#define UTILS_WORDS_H

#include <stdbool.h>

/* The text without the white space around it, which is cut off in place. */
char *words_trim(char *text);
/* Is it one of the list, which NULL ends? */
bool words_has(const char *const *list, const char *word);

#endif
