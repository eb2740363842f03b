/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile boot configurations of all kinds, as files of a guest (the form of
 * unit/pygrub_rig.h). Whatever comes out must be a menu that goes through the
 * pipe as it is, and whose default can be booted.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/why.h>
#include "cfg.h"
#include "unit/pygrub_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void check(const struct boot_menu *menu, unsigned int volume_count)
{
	struct why why = { "" };
	struct boot_menu again;
	uint8_t *bytes;
	size_t size;
	int ret = boot_write(menu, &bytes, &size);

	if (ret == -E2BIG)
		return;
	must(!ret);
	must(!boot_read(&again, bytes, size, volume_count, &why));
	must(again.entry_count == menu->entry_count);
	must(again.default_entry == menu->default_entry);
	boot_free(&again);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned int volumes[RIG_VOLUMES] = { 0, 1, 2, 3, 4, 5, 6,
		7 };
	static struct rig rig;
	struct why why = { "" };
	struct boot_menu menu;
	int ret;

	rig_make(&rig, (const char *)data, size);
	boot_init(&menu);
	ret = cfg_find(&rig.source, volumes, rig.volume_count, &menu, &why);
	must(!ret == (menu.default_entry >= 0));
	must(!ret == !why.text[0]);
	check(&menu, rig.volume_count);
	boot_free(&menu);
	if (!rig.file_count)
		return 0;
	/* The first file, whatever its name is. */
	ret = cfg_parse_file(&rig.source,
		rig.files[0].volume % rig.volume_count, rig.files[0].path,
		&menu, &why);
	must(!ret || (why.text[0] && !menu.entry_count));
	check(&menu, rig.volume_count);
	boot_free(&menu);
	return 0;
}
