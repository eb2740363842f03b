/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile bytes for the small readers of pygrub-c: the first says for which.
 * 'u' unified kernel images, 'e' environment blocks, 'b' snippets, 'v' two
 * versions with a newline between, 'm' menus from a pipe.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/why.h>
#include "bls.h"
#include "boot.h"
#include "grubenv.h"
#include "uki.h"
#include "vercmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void must_be_inside(const struct uki_piece *piece, uint64_t size)
{
	must(piece->offset <= size && piece->length <= size - piece->offset);
}

static void try_image(const uint8_t *data, size_t size)
{
	struct reader reader = reader_memory(data, size);
	struct why why = { "" };
	char value[32];
	struct uki uki;

	if (uki_read(&reader, &uki, &why)) {
		must(why.text[0]);
		return;
	}
	must(uki.kernel.length);
	must_be_inside(&uki.kernel, size);
	must_be_inside(&uki.initrd, size);
	must_be_inside(&uki.microcode, size);
	if (!uki_release(uki.osrel, "PRETTY_NAME", value, sizeof(value)))
		must(strlen(value) < sizeof(value));
}

static int count(void *arg, const char *name, const char *value)
{
	*(size_t *)arg += strlen(name) + strlen(value);
	return 0;
}

static void try_environment(const char *text, size_t size)
{
	size_t total = 0;

	grubenv_parse(text, size, count, &total);
	must(total <= size);
}

static void try_snippet(const char *text, size_t size)
{
	struct arena arena = { .limit = BLS_MEMORY_MAX };
	struct bls bls;

	if (!bls_parse(&arena, "/loader/entries/a+3-1.conf", text, size, &bls))
		must(bls.initrd_count <= BLS_INITRDS_MAX);
	arena_free(&arena);
}

static void try_versions(const char *text, size_t size)
{
	char *one = strndup(text, size);
	char *other = one ? strchr(one, '\n') : NULL;

	if (other) {
		int order;

		*other++ = '\0';
		order = vercmp(one, other);
		must((order > 0) - (order < 0) ==
			(vercmp(other, one) < 0) - (vercmp(other, one) > 0));
		must(!vercmp(one, one));
	}
	free(one);
}

static void try_menu(const uint8_t *data, size_t size)
{
	struct why why = { "" };
	struct boot_menu menu;
	uint8_t *bytes;
	size_t again;

	if (boot_read(&menu, data, size, 2, &why)) {
		must(why.text[0]);
		return;
	}
	must(menu.default_entry < 0 ||
		boot_is_bootable(&menu.entries[menu.default_entry]));
	boot_find(&menu, "1>a>0");
	must(!boot_write(&menu, &bytes, &again));
	must(menu.kind ? again == size : again <= size);
	free(bytes);
	boot_free(&menu);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	switch (*data) {
	case 'u':
		try_image(data + 1, size - 1);
		break;
	case 'e':
		try_environment((const char *)data + 1, size - 1);
		break;
	case 'b':
		try_snippet((const char *)data + 1, size - 1);
		break;
	case 'v':
		try_versions((const char *)data + 1, size - 1);
		break;
	case 'm':
		try_menu(data + 1, size - 1);
		break;
	}
	return 0;
}
