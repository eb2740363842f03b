/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading and writing of what travels. */
#include "wire.h"

#include <errno.h>
#include <string.h>

#define NAMED(x)      \
	{             \
		x, #x \
	}

static const struct {
	int err;
	const char *name;
} names[] = {
	NAMED(EINVAL),
	NAMED(EACCES),
	NAMED(EEXIST),
	NAMED(EISDIR),
	NAMED(ENOENT),
	NAMED(ENOMEM),
	NAMED(ENOSPC),
	NAMED(EIO),
	NAMED(ENOTEMPTY),
	NAMED(ENOSYS),
	NAMED(EROFS),
	NAMED(EBUSY),
	NAMED(EAGAIN),
	NAMED(EISCONN),
	NAMED(E2BIG),
	NAMED(EPERM),
};

const char *wire_error_name(int err)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].err == -err)
			return names[i].name;
	return "EINVAL";
}

int wire_string(char **payload, size_t *left, char **out)
{
	char *nul = *left ? memchr(*payload, '\0', *left) : NULL;
	size_t len;

	if (!nul)
		return -EINVAL;
	len = (size_t)(nul - *payload);
	*out = *payload;
	*payload += len + 1;
	*left -= len + 1;
	return (int)len;
}

int wire_number(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t n = 0, digit;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		digit = (uint64_t)(*text - '0');
		if (n > max / 10 || n * 10 + digit > max)
			return -EINVAL;
		n = n * 10 + digit;
	}
	*out = n;
	return 0;
}
