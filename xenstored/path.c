/* SPDX-License-Identifier: BSD-2-Clause */
/* Checking and walking of store paths. */
#include "path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define REL_MAX 2048

/* Bytes that are looked at together, in one register. */
typedef unsigned char path_block __attribute__((vector_size(PATH_BLOCK)));

/* Not 0 for each byte that no path has there. */
static path_block find_bad(const char *text)
{
	path_block c, next, is_name;

	memcpy(&c, text, sizeof(c));
	memcpy(&next, text + 1, sizeof(next));
	is_name = (path_block)((c | 32) - 'a' < 26);
	is_name |= (path_block)(c - '/' <= '9' - '/');
	is_name |= (path_block)((c == '-') | (c == '_') | (c == '@'));
	return ~is_name | (path_block)((c == '/') & (next == '/'));
}

/* `text` may be read, and is written to, behind its end. */
static bool is_well_formed(char *text, size_t len)
{
	path_block bad = { 0 };
	uint64_t words[2];
	size_t i;

	memset(text + len, 'x', PATH_BLOCK);
	for (i = 0; i < len; i += PATH_BLOCK)
		bad |= find_bad(text + i);
	memcpy(words, &bad, sizeof(words));
	text[len] = '\0';
	return !(words[0] | words[1]) && (len == 1 || text[len - 1] != '/');
}

/* "/local/domain/N/" */
static size_t put_home(char *text, uint16_t domid)
{
	return (size_t)snprintf(
		text, PATH_HOME_MAX + 1, "/local/domain/%u/", domid);
}

int path_parse(struct path *out, uint16_t domid, const char *text, size_t len,
	bool special_allowed)
{
	size_t home_len = 0;

	if (!len || len > PATH_MAX_LEN)
		return -EINVAL;
	out->is_special = text[0] == '@';
	if (out->is_special && !special_allowed)
		return -EINVAL;
	if (!out->is_special && text[0] != '/') {
		if (len > REL_MAX)
			return -EINVAL;
		home_len = put_home(out->text, domid);
	}
	memcpy(out->text + home_len, text, len);
	if (!is_well_formed(out->text + home_len, len))
		return -EINVAL;
	out->len = home_len + len;
	out->home_len = home_len;
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
