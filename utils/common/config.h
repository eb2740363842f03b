/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The syntax of guest configuration files, xl.cfg's: one setting a line or
 * after a ';',
 *
 *     key = value     key += value     # a comment
 *
 * where a value is a number (decimal, octal, hexadecimal), a 'string' or
 * "string", or a [list, of, values] that may go over several lines. What keys
 * mean is for others.
 */
#ifndef UTILS_CONFIG_H
#define UTILS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct why;

enum config_type { CONFIG_NUMBER, CONFIG_STRING, CONFIG_LIST };

struct config_value {
	enum config_type type;
	int64_t number;
	char *string;		    /* also the text of a number */
	struct config_value *items; /* of a list */
	size_t count;
};

struct config_setting {
	char *key;
	struct config_value value;
	const char *source; /* file name, or "the command line" */
	unsigned int line;  /* from 1; 0 on the command line */
};

struct config {
	struct config_setting *settings; /* each key once, the last value */
	size_t count;
	char *source; /* of the file */
};

#define CONFIG_SIZE_MAX (1U << 20) /* bytes of a file */

/*
 * Adds the settings of `size` bytes of text. -EINVAL: a syntax error; `why`
 * names the line and what was expected. -ENOMEM. The config stays valid.
 */
int config_parse(struct config *config, const char *source, const char *text,
	size_t size, struct why *why);
/* The same for a file; -ENOENT and the like when it cannot be read. */
int config_read(struct config *config, const char *path, struct why *why);
/*
 * Adds one word "key=value" of a command line. A value that begins with a
 * quote or '[' has the syntax above, any other is a string or a number as a
 * whole.
 */
int config_word(struct config *config, const char *word, struct why *why);
/* NULL when the key is not set. */
const struct config_setting *config_find(
	const struct config *config, const char *key);
/*
 * Whether the value is a number, which may stand in quotes as xl takes it; then
 * *number is it.
 */
bool config_number(const struct config_value *value, int64_t *number);
void config_free(struct config *config);

#endif
