/* SPDX-License-Identifier: BSD-2-Clause */
/* Checking and walking of store paths. */
#include "path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define REL_MAX 2048

static bool is_path_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '/' || c == '_' ||
	       c == '@';
}

static bool is_well_formed(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (!is_path_char(text[i]))
			return false;
		if (text[i] == '/' && i + 1 < len && text[i + 1] == '/')
			return false;
	}
	return len == 1 || text[len - 1] != '/';
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
