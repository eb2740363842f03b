/* SPDX-License-Identifier: BSD-2-Clause */
/* Checking and walking of store paths. */
#include "path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define REL_MAX 2048

/* What may stand in a path: names' characters, and the '/' between them. */
#define IS_CHAR	 1u
#define IS_SLASH 2u

static const unsigned char kinds[256] = {
	['a' ... 'z'] = IS_CHAR,
	['A' ... 'Z'] = IS_CHAR,
	['0' ... '9'] = IS_CHAR,
	['-'] = IS_CHAR,
	['_'] = IS_CHAR,
	['@'] = IS_CHAR,
	['/'] = IS_CHAR | IS_SLASH,
};

static bool is_well_formed(const char *text, size_t len)
{
	unsigned int kind, last = 0, all = IS_CHAR, doubled = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		kind = kinds[(unsigned char)text[i]];
		all &= kind;
		doubled |= kind & last;
		last = kind;
	}
	return (all & IS_CHAR) && !(doubled & IS_SLASH) &&
	       (len == 1 || !(last & IS_SLASH));
}

int path_parse(struct path *out, uint16_t domid, const char *text, size_t len,
	bool special_allowed)
{
	char home[PATH_HOME_MAX + 1];
	size_t home_len = 0;
	bool is_special;

	if (!len || len > PATH_MAX_LEN || !is_well_formed(text, len))
		return -EINVAL;
	is_special = text[0] == '@';
	if (is_special && !special_allowed)
		return -EINVAL;
	if (!is_special && text[0] != '/') {
		if (len > REL_MAX)
			return -EINVAL;
		home_len = (size_t)snprintf(
			home, sizeof(home), "/local/domain/%u/", domid);
	}
	memcpy(out->text, home, home_len);
	memcpy(out->text + home_len, text, len);
	out->len = home_len + len;
	out->text[out->len] = '\0';
	out->home_len = home_len;
	out->is_special = is_special;
	return 0;
}

size_t path_step(const char **at, const char *end, const char **component)
{
	const char *p = *at, *start;

	while (p < end && *p == '/')
		p++;
	start = p;
	while (p < end && *p != '/')
		p++;
	*at = p;
	*component = start;
	return (size_t)(p - start);
}

size_t path_parent_len(const char *text, size_t len)
{
	if (len <= 1)
		return 0;
	while (len && text[len - 1] != '/')
		len--;
	return len > 1 ? len - 1 : len;
}

bool path_is_under(const char *path, size_t path_len, const char *base,
	size_t base_len, unsigned int *depth)
{
	unsigned int levels = 0;
	size_t i;

	if (base_len == 1 && base[0] == '/')
		base_len = 0;
	if (path_len < base_len || memcmp(path, base, base_len) != 0)
		return false;
	if (path_len > base_len && path[base_len] != '/')
		return false;
	for (i = base_len; i < path_len; i++)
		if (path[i] == '/' && i + 1 < path_len)
			levels++;
	*depth = levels;
	return true;
}
