/* SPDX-License-Identifier: BSD-2-Clause */
/* Unified kernel images; see uki.h. Fields: Microsoft's "PE Format". */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <tenonctrl/why.h>
#include "uki.h"

#define DOS_HEADER_SIZE	 64
#define COFF_HEADER_SIZE 24 /* with the signature before it */
#define SECTION_SIZE	 40
#define SECTIONS_MAX	 96 /* the format's own limit */

static int read_text(const struct reader *file, const struct uki_piece *piece,
	char text[UKI_TEXT_MAX + 1])
{
	size_t len = piece->length < UKI_TEXT_MAX ? (size_t)piece->length
						  : UKI_TEXT_MAX;
	int ret = reader_get(file, piece->offset, text, len);

	if (ret)
		len = 0;
	text[len] = '\0';
	/* What mkosi and ukify write may end in newlines and zero bytes. */
	len = strlen(text);
	while (len && strchr(" \t\r\n", text[len - 1]))
		text[--len] = '\0';
	return ret;
}

static int take_section(
	const struct reader *file, const uint8_t *raw, struct uki *uki)
{
	uint32_t in_memory = reader_le32(raw + 8);
	uint32_t in_file = reader_le32(raw + 16);
	struct uki_piece piece = { .offset = reader_le32(raw + 20) };

	/* In the file the end is filled up with zeros. */
	piece.length = in_memory < in_file ? in_memory : in_file;
	if (piece.offset > file->size ||
		piece.length > file->size - piece.offset)
		return -ENOEXEC;
	if (!memcmp(raw, ".linux\0\0", 8))
		uki->kernel = piece;
	else if (!memcmp(raw, ".initrd\0", 8))
		uki->initrd = piece;
	else if (!memcmp(raw, ".ucode\0\0", 8))
		uki->microcode = piece;
	else if (!memcmp(raw, ".cmdline", 8))
		return read_text(file, &piece, uki->cmdline);
	else if (!memcmp(raw, ".osrel\0\0", 8))
		return read_text(file, &piece, uki->osrel);
	else if (!memcmp(raw, ".uname\0\0", 8))
		return read_text(file, &piece, uki->uname);
	return 0;
}

static int read_sections(const struct reader *file, struct uki *uki)
{
	uint8_t dos[DOS_HEADER_SIZE], coff[COFF_HEADER_SIZE];
	uint64_t at;
	unsigned int count;
	int ret = reader_get(file, 0, dos, sizeof(dos));

	if (ret)
		return ret;
	at = reader_le32(dos + 60);
	if (dos[0] != 'M' || dos[1] != 'Z')
		return -ENOEXEC;
	ret = reader_get(file, at, coff, sizeof(coff));
	if (ret)
		return ret;
	count = reader_le16(coff + 6);
	if (memcmp(coff, "PE\0\0", 4) != 0 || count > SECTIONS_MAX)
		return -ENOEXEC;
	at += COFF_HEADER_SIZE + reader_le16(coff + 20);
	for (unsigned int i = 0; i < count; i++) {
		uint8_t raw[SECTION_SIZE];

		ret = reader_get(file, at + i * SECTION_SIZE, raw, sizeof(raw));
		if (ret)
			return ret;
		/* Further profiles follow; the first is the default. */
		if (!memcmp(raw, ".profile", 8) && uki->kernel.length)
			break;
		ret = take_section(file, raw, uki);
		if (ret)
			return ret;
	}
	return uki->kernel.length ? 0 : -ENOEXEC;
}

int uki_read(const struct reader *file, struct uki *uki, struct why *why)
{
	struct uki made = { 0 };
	int ret = read_sections(file, &made);

	if (ret == -ERANGE)
		ret = -ENOEXEC;
	if (ret == -ENOEXEC)
		return why_set(why, ret,
			"it is no unified kernel image: a PE file with a "
			"section .linux is expected");
	if (ret)
		return why_set(why, ret, "cannot read it: %s", strerror(-ret));
	*uki = made;
	return 0;
}

int uki_release(const char *osrel, const char *key, char *value, size_t size)
{
	size_t key_len = strlen(key);

	while (*osrel) {
		size_t len = strcspn(osrel, "\n");

		if (!strncmp(osrel, key, key_len) && osrel[key_len] == '=') {
			osrel += key_len + 1;
			len -= key_len + 1;
			if (len >= 2 && (*osrel == '"' || *osrel == '\'') &&
				osrel[len - 1] == *osrel) {
				osrel++;
				len -= 2;
			}
			if (len >= size)
				len = size - 1;
			memcpy(value, osrel, len);
			value[len] = '\0';
			return 0;
		}
		osrel += len;
		osrel += *osrel == '\n';
	}
	return -ENOENT;
}

static int add_initrd(struct boot_entry *entry, unsigned int volume,
	const char *path, const struct uki_piece *piece)
{
	int ret;

	if (!piece->length)
		return 0;
	ret = boot_add_initrd(entry, volume, path);
	if (ret)
		return ret;
	entry->initrds[entry->initrd_count - 1].offset = piece->offset;
	entry->initrds[entry->initrd_count - 1].length = piece->length;
	return 0;
}

int uki_fill(struct boot_entry *entry, const struct source *source,
	unsigned int volume, const char *path, struct uki *uki, struct why *why)
{
	char clean[SOURCE_PATH_MAX + 1];
	struct source_file file = {
		.source = source,
		.volume = volume,
		.path = clean,
	};
	struct reader reader;
	int ret = source_path(path, clean);

	if (!ret)
		ret = source_open(&file, &reader);
	if (ret)
		return why_set(why, ret, "cannot open it: %s", strerror(-ret));
	ret = uki_read(&reader, uki, why);
	if (ret)
		return ret;
	boot_clear_files(entry);
	ret = boot_set_kernel(entry, volume, path);
	if (!ret && entry->kernel.path) {
		entry->kernel.offset = uki->kernel.offset;
		entry->kernel.length = uki->kernel.length;
		ret = add_initrd(entry, volume, path, &uki->microcode);
	}
	if (!ret && entry->kernel.path)
		ret = add_initrd(entry, volume, path, &uki->initrd);
	return ret ? ret : boot_set_args(entry, uki->cmdline);
}
