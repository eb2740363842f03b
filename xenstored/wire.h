/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The wire: headers, error names, and the strings of a payload.
 * Source of the figures: <public/io/xs_wire.h>.
 */
#ifndef XENSTORED_WIRE_H
#define XENSTORED_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define WIRE_PAYLOAD_MAX 4096

/* Requests that are newer than Xen 4.17's headers (docs/misc/xenstore.txt). */
#define XS_GET_FEATURE 23
#define XS_SET_FEATURE 24
#define XS_GET_QUOTA   25
#define XS_SET_QUOTA   26
#define WIRE_TYPES     27 /* and no other type is known */

struct wire_header {
	uint32_t type;
	uint32_t req_id;
	uint32_t tx_id;
	uint32_t len;
};

/* The name that travels for a negative errno; "EINVAL" for the nameless. */
const char *wire_error_name(int err);

/*
 * Cuts the next NUL-terminated string off `*payload`: its length without the
 * NUL, or -EINVAL when no NUL is left in it.
 */
int wire_string(char **payload, size_t *left, char **out);

/* A decimal number of at most `max`, all of the string; -EINVAL. */
int wire_number(const char *text, uint64_t max, uint64_t *out);

#endif
