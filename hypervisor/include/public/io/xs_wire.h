/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store's wire format: message header and types, the names of its
 * errors, and the ring page over which a domain speaks with it.
 */
#ifndef PUBLIC_IO_XS_WIRE_H
#define PUBLIC_IO_XS_WIRE_H

#include "../types.h"

enum xsd_sockmsg_type {
	XS_CONTROL = 0,
	XS_DIRECTORY = 1,
	XS_READ = 2,
	XS_GET_PERMS = 3,
	XS_WATCH = 4,
	XS_UNWATCH = 5,
	XS_TRANSACTION_START = 6,
	XS_TRANSACTION_END = 7,
	XS_INTRODUCE = 8,
	XS_RELEASE = 9,
	XS_GET_DOMAIN_PATH = 10,
	XS_WRITE = 11,
	XS_MKDIR = 12,
	XS_RM = 13,
	XS_SET_PERMS = 14,
	XS_WATCH_EVENT = 15,
	XS_ERROR = 16,
	XS_IS_DOMAIN_INTRODUCED = 17,
	XS_RESUME = 18,
	XS_SET_TARGET = 19,
	XS_RESET_WATCHES = 21,
	XS_DIRECTORY_PART = 22,
	XS_TYPE_COUNT = 23,
	XS_INVALID = 0xffff, /* never a type */
};
#define XS_DEBUG XS_CONTROL

/* The third string of an old XS_WRITE. */
#define XS_WRITE_NONE	     "NONE"
#define XS_WRITE_CREATE	     "CREATE"
#define XS_WRITE_CREATE_EXCL "CREATE|EXCL"

/* Before each message, in both directions; len bytes follow. */
struct xsd_sockmsg {
	uint32_t type;	 /* enum xsd_sockmsg_type; replies repeat it */
	uint32_t req_id; /* the client's; replies repeat it */
	uint32_t tx_id;	 /* of a transaction, or 0 */
	uint32_t len;	 /* at most XENSTORE_PAYLOAD_MAX */
};
PUBLIC_SIZE(struct xsd_sockmsg, 16);

/* The strings of a watch event, in order. */
enum xs_watch_type {
	XS_WATCH_PATH = 0,
	XS_WATCH_TOKEN = 1,
};

/*
 * An error travels in XS_ERROR as the name of its number, so that both sides
 * may number differently. XSD_ERRORS(x) gives x(name) for each name there is.
 */
struct xsd_errors {
	int errnum;
	const char *errstring;
};

#define XSD_ERRORS(x)                                                         \
	x(EINVAL) x(EACCES) x(EEXIST) x(EISDIR) x(ENOENT) x(ENOMEM) x(ENOSPC) \
		x(EIO) x(ENOTEMPTY) x(ENOSYS) x(EROFS) x(EBUSY) x(EAGAIN)     \
			x(EISCONN) x(E2BIG) x(EPERM)

/* Bytes; a longer message ends the connection, a longer path the request. */
#define XENSTORE_PAYLOAD_MAX   4096
#define XENSTORE_ABS_PATH_MAX  3072
#define XENSTORE_REL_PATH_MAX  2048

#define XENSTORE_RING_SIZE     1024
#define MASK_XENSTORE_IDX(idx) ((idx) & (XENSTORE_RING_SIZE - 1))

/* xenstore_domain_interface.server_features */
#define XENSTORE_SERVER_FEATURE_RECONNECTION 1
#define XENSTORE_SERVER_FEATURE_ERROR	     2 /* error is used */

/* .connection: the guest asks by 1, the server answers by 0 */
#define XENSTORE_CONNECTED 0
#define XENSTORE_RECONNECT 1

/* .error */
#define XENSTORE_ERROR_NONE    0
#define XENSTORE_ERROR_COMM    1
#define XENSTORE_ERROR_RINGIDX 2 /* an index was out of range */
#define XENSTORE_ERROR_PROTO   3 /* a message was too long */

typedef uint32_t XENSTORE_RING_IDX; /* runs freely, masked on use */

/* The ring page. Each index is written by one side; trust neither. */
struct xenstore_domain_interface {
	char req[XENSTORE_RING_SIZE]; /* to the store */
	char rsp[XENSTORE_RING_SIZE]; /* to the domain */
	XENSTORE_RING_IDX req_cons, req_prod;
	XENSTORE_RING_IDX rsp_cons, rsp_prod;
	uint32_t server_features;
	uint32_t connection;
	uint32_t error;
};
PUBLIC_SIZE(struct xenstore_domain_interface, 2076);
PUBLIC_OFFSET(struct xenstore_domain_interface, req_cons, 2048);
PUBLIC_OFFSET(struct xenstore_domain_interface, error, 2072);

#endif
