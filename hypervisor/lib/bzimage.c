/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the header of a bzImage: numbers in it are little-endian and not
 * aligned, and none is believed.
 */
#include <tenon/bzimage.h>
#include <tenon/errno.h>
#include <tenon/string.h>

/* Offsets in the image, boot.rst "Details of Header Fields". */
#define SETUP_SECTS	    0x1f1
#define BOOT_FLAG	    0x1fe
#define HEADER_MAGIC	    0x202
#define PROTOCOL	    0x206
#define PAYLOAD_OFFSET	    0x248
#define PAYLOAD_LENGTH	    0x24c
#define HEADER_END	    0x250

#define PROTOCOL_PAYLOAD    0x0208
#define SECTOR		    512
#define SETUP_SECTS_DEFAULT 4

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, 4);
	return v;
}

bool bzimage_is_bzimage(const void *image, size_t size)
{
	const uint8_t *p = image;

	return size >= HEADER_END && p[BOOT_FLAG] == 0x55 &&
	       p[BOOT_FLAG + 1] == 0xaa && !memcmp(p + HEADER_MAGIC, "HdrS", 4);
}

int bzimage_payload(const void *image, size_t size, const void **payload,
	size_t *payload_size)
{
	const uint8_t *p = image;
	uint64_t start, len;

	if (!bzimage_is_bzimage(image, size))
		return -ENOEXEC;
	if ((p[PROTOCOL] | p[PROTOCOL + 1] << 8) < PROTOCOL_PAYLOAD)
		return -EOPNOTSUPP;
	start = p[SETUP_SECTS] ? p[SETUP_SECTS] : SETUP_SECTS_DEFAULT;
	start = (start + 1) * SECTOR + load32(p + PAYLOAD_OFFSET);
	len = load32(p + PAYLOAD_LENGTH);
	if (start > size || len > size - start)
		return -ENODATA;
	*payload = p + start;
	*payload_size = (size_t)len;
	return 0;
}
