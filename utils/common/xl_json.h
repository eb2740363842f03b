/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's configuration in the form in which libxl keeps it (JSON, libxl_
 * domain_config), as saved domains have it.
 */
#ifndef UTILS_XL_JSON_H
#define UTILS_XL_JSON_H

#include <stdint.h>

struct config;
struct why;

/*
 * The same in the form of config.h, added to `config`. -EINVAL: it is no such
 * JSON; -ENOTSUP: the guest has what cannot be had here; `why` names it. What
 * the text leaves out is libxl's default.
 */
int xl_json_read(struct config *config, const char *json, struct why *why);

/* What may have changed since the guest was made; the new text is to be
 * free()d. -EINVAL, -ENOMEM. */
int xl_json_update(const char *json, const char *name, uint64_t memory_kib,
	uint64_t max_kib, char **out, struct why *why);

#endif
