/* SPDX-License-Identifier: BSD-2-Clause */
/* Connection, messages and texts of the xenstore-* tools. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/err.h"
#include "xenstore_common.h"

struct xs *store_connect(void)
{
	struct xs *xs;
	int err = xs_open(&xs, NULL);

	if (!err)
		return xs;
	if (err == -EACCES || err == -EPERM)
		err_say("cannot connect to the store: permission denied; "
			"it is root's");
	else
		err_say("cannot connect to the store: %s; is xenstored "
			"running?",
			strerror(-err));
	return NULL;
}

const char *store_why(int err)
{
	switch (err) {
	case -ENOENT:
		return "no such node";
	case -EINVAL:
		return "not a valid path";
	case -ENOSPC:
		return "a quota is reached; xenstored's log names it";
	case -E2BIG:
		return "too long for the store";
	default:
		return strerror(-err);
	}
}

char *store_escape(const char *value, size_t len)
{
	char *text = malloc(len * 4 + 1), *at = text;
	size_t i;

	for (i = 0; text && i < len; i++) {
		unsigned char c = (unsigned char)value[i];

		if (c == '\\')
			at += sprintf(at, "\\\\");
		else if (c == '\t')
			at += sprintf(at, "\\t");
		else if (c == '\n')
			at += sprintf(at, "\\n");
		else if (c == '\r')
			at += sprintf(at, "\\r");
		else if (c >= ' ' && c < 0x7f)
			*at++ = (char)c;
		else if (c < 8)
			at += sprintf(at, "\\%03o", c);
		else
			at += sprintf(at, "\\x%02x", c);
	}
	if (text)
		*at = '\0';
	return text;
}

static int digit(char c, int base)
{
	int d = -1;

	if (c >= '0' && c <= '9')
		d = c - '0';
	else if (c >= 'a' && c <= 'f')
		d = c - 'a' + 10;
	else if (c >= 'A' && c <= 'F')
		d = c - 'A' + 10;
	return d < base ? d : -1;
}

/* Reads up to `max` digits; moves on; the byte they give. */
static char number(const char **at, int base, int max)
{
	int n = 0;

	while (max-- && digit(**at, base) >= 0)
		n = n * base + digit(*(*at)++, base);
	return (char)n;
}

size_t store_unescape(char *text)
{
	const char *in = text;
	char *out = text;

	while (*in) {
		if (*in != '\\') {
			*out++ = *in++;
			continue;
		}
		in++;
		if (digit(*in, 8) >= 0) {
			*out++ = number(&in, 8, 3);
		} else if (*in == 'x' && digit(in[1], 16) >= 0) {
			in++;
			*out++ = number(&in, 16, 2);
		} else if (*in) {
			*out++ = *in == 'n'   ? '\n'
				 : *in == 't' ? '\t'
				 : *in == 'r' ? '\r'
					      : *in;
			in++;
		} else {
			*out++ = '\0';
		}
	}
	return (size_t)(out - text);
}

char *store_perms_text(const struct xs_perm *perms, size_t count)
{
	char *text = malloc(count * 13 + 1), *at = text;
	size_t i;

	if (!text)
		return NULL;
	*text = '\0';
	for (i = 0; i < count; i++)
		at += sprintf(at, "%s%c%u", i ? "," : "", perms[i].access,
			perms[i].domid);
	return text;
}

int store_transaction(struct xs *xs,
	int (*work)(struct xs *xs, uint32_t tx, void *ctx), void *ctx)
{
	uint32_t tx;
	int err;

	do {
		err = xs_begin(xs, &tx);
		if (err) {
			err_say("cannot begin a transaction: %s",
				store_why(err));
			return err;
		}
		err = work(xs, tx, ctx);
		if (err) {
			xs_end(xs, tx, false);
			return err;
		}
		err = xs_end(xs, tx, true);
	} while (err == -EAGAIN);
	if (err)
		err_say("cannot commit: %s; nothing was changed",
			store_why(err));
	return err;
}
