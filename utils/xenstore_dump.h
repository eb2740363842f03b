/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text that xenstore-dump writes and xenstore-restore reads, in JSON, an
 * object a line:
 *
 *   {"format":"tenon-store","version":1,"root":"/a"}
 *   {"path":"/a","value":"text","permissions":["n0","r5"]}
 *   {"path":"/a/b","hex":"00ff","permissions":["n0"]}
 *
 * A value of printable characters, newlines and tabs is a string; any other
 * is in hexadecimal. Parents stand before their children. Unknown members are
 * passed over, other versions are refused.
 */
#ifndef UTILS_XENSTORE_DUMP_H
#define UTILS_XENSTORE_DUMP_H

#define DUMP_FORMAT  "tenon-store"
#define DUMP_VERSION 1

#endif
