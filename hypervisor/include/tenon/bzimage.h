/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packed kernel inside a Linux x86 bzImage, after the kernel's own
 * Documentation/arch/x86/boot.rst.
 */
#ifndef TENON_BZIMAGE_H
#define TENON_BZIMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <tenon/types.h>

bool bzimage_is_bzimage(const void *image, size_t size);

/*
 * Finds the payload: a packed ELF, after which, unless it is gzip, 4 bytes
 * tell its unpacked size. *payload points into image. Returns 0; -ENOEXEC: not
 * a bzImage; -EOPNOTSUPP: boot protocol older than 2.08 (Linux 2.6.24), which
 * does not say where the payload is; -ENODATA: it reaches beyond size.
 */
must_check int bzimage_payload(const void *image, size_t size,
	const void **payload, size_t *payload_size);

#endif
