/* SPDX-License-Identifier: BSD-2-Clause */
/* Multiboot 2 and 1: the loader's information, made neutral. */
#include <tenon/boot.h>
#include <tenon/page.h>
#include <tenon/string.h>
#include "multiboot.h"

struct boot_info boot_info;

static const void *at(uint64_t pa)
{
	return directmap + pa;
}

/* The loader's block grows to hold [start, end). */
static void note(paddr_t start, paddr_t end)
{
	if (boot_info.info_end == 0 || start < boot_info.info_start)
		boot_info.info_start = start;
	if (end > boot_info.info_end)
		boot_info.info_end = end;
}

static void note_string(uint32_t address)
{
	note(address, (paddr_t)address + strlen(at(address)) + 1);
}

static void add_range(paddr_t start, uint64_t size, uint32_t type)
{
	struct boot_range *r;

	if (boot_info.e820_count == BOOT_E820_MAX || size == 0)
		return;
	r = &boot_info.e820[boot_info.e820_count++];
	r->start = start;
	r->size = size;
	r->type = type;
}

static void add_module(paddr_t start, paddr_t end, const char *cmdline)
{
	unsigned n = boot_info.module_count;

	if (n == ARRAY_SIZE(boot_info.module))
		return;
	boot_info.module[n].start = start;
	boot_info.module[n].end = end;
	boot_info.module[n].cmdline = cmdline;
	boot_info.module_count++;
}

struct mb2_tag {
	uint32_t type;
	uint32_t size;
	uint32_t word[4];
};

struct mb2_mmap_entry {
	uint64_t base;
	uint64_t length;
	uint32_t type;
	uint32_t reserved;
};

static void mb2_memory_map(const struct mb2_tag *tag)
{
	uint32_t entry_size = tag->word[0];
	const uint8_t *p = (const uint8_t *)tag + 16;
	const uint8_t *end = (const uint8_t *)tag + tag->size;

	if (entry_size < sizeof(struct mb2_mmap_entry))
		return;
	for (; p + entry_size <= end; p += entry_size) {
		const struct mb2_mmap_entry *e = (const void *)p;

		/* What is not in the list is reserved, 3.6.8. */
		add_range(e->base, e->length, e->type > 5 ? 2 : e->type);
	}
}

static void mb2_framebuffer(const struct mb2_tag *tag)
{
	const uint8_t *p = (const uint8_t *)tag;

	memcpy(&boot_info.fb.base, p + 8, 8);
	memcpy(&boot_info.fb.pitch, p + 16, 4);
	memcpy(&boot_info.fb.width, p + 20, 4);
	memcpy(&boot_info.fb.height, p + 24, 4);
	boot_info.fb.bpp = p[28];
	boot_info.fb.type = p[29];
	if (p[29] == 1 && tag->size >= 38) {
		boot_info.fb.red_pos = p[32];
		boot_info.fb.red_size = p[33];
		boot_info.fb.green_pos = p[34];
		boot_info.fb.green_size = p[35];
		boot_info.fb.blue_pos = p[36];
		boot_info.fb.blue_size = p[37];
	}
	boot_info.has_framebuffer = true;
}

/* The RSDP is copied into the tag: keep the copy's address. */
static void mb2_rsdp(const struct mb2_tag *tag, paddr_t tag_address)
{
	if (tag->type == 15 || boot_info.rsdp == 0)
		boot_info.rsdp = tag_address + 8;
}

static void mb2_read(uint32_t address)
{
	uint32_t total = *(const uint32_t *)at(address);
	paddr_t pa = (paddr_t)address + 8;

	note(address, (paddr_t)address + total);
	while (pa + 8 <= (paddr_t)address + total) {
		const struct mb2_tag *tag = at(pa);

		if (tag->type == 0 || tag->size < 8)
			break;
		switch (tag->type) {
		case 1:
			boot_info.cmdline = (const char *)at(pa + 8);
			break;
		case 2:
			boot_info.loader = (const char *)at(pa + 8);
			break;
		case 3:
			add_module(tag->word[0], tag->word[1],
				(const char *)at(pa + 16));
			break;
		case 6:
			mb2_memory_map(tag);
			break;
		case 8:
			mb2_framebuffer(tag);
			break;
		case 12:
			memcpy(&boot_info.efi.system_table, tag->word, 8);
			break;
		case 14:
		case 15:
			mb2_rsdp(tag, pa);
			break;
		case 17:
			boot_info.efi.entry_size = tag->word[0];
			boot_info.efi.map = at(pa + 16);
			boot_info.efi.map_size =
				tag->size > 16 ? tag->size - 16 : 0;
			break;
		default:
			break;
		}
		pa = ALIGN_UP(pa + tag->size, 8);
	}
}

struct mb1_info {
	uint32_t flags;
	uint32_t mem_lower, mem_upper;
	uint32_t boot_device;
	uint32_t cmdline;
	uint32_t module_count, modules;
	uint32_t symbols[4];
	uint32_t mmap_length, mmap;
	uint32_t drives_length, drives;
	uint32_t config_table;
	uint32_t loader_name;
};

struct mb1_module {
	uint32_t start, end, cmdline, pad;
};

static void mb1_memory_map(const struct mb1_info *info)
{
	paddr_t pa = info->mmap;
	paddr_t end = pa + info->mmap_length;

	while (pa + 24 <= end) {
		uint32_t size = *(const uint32_t *)at(pa);
		uint64_t base, length;
		uint32_t type;

		memcpy(&base, at(pa + 4), 8);
		memcpy(&length, at(pa + 12), 8);
		memcpy(&type, at(pa + 20), 4);
		add_range(base, length, type);
		pa += (paddr_t)size + 4;
	}
}

static void mb1_read(uint32_t address)
{
	const struct mb1_info *info = at(address);

	note(address, (paddr_t)address + sizeof(*info));
	if (info->flags & (1U << 2))
		boot_info.cmdline = (const char *)at(info->cmdline);
	if (info->flags & (1U << 9))
		boot_info.loader = (const char *)at(info->loader_name);
	if (info->flags & (1U << 6))
		mb1_memory_map(info);
	for (uint32_t i = 0;
		(info->flags & (1U << 3)) && i < info->module_count; i++) {
		const struct mb1_module *m =
			at((uint64_t)info->modules + i * sizeof(*m));

		note(info->modules,
			(paddr_t)info->modules + (i + 1) * sizeof(*m));
		add_module(m->start, m->end,
			m->cmdline ? (const char *)at(m->cmdline) : "");
		if (m->cmdline)
			note_string(m->cmdline);
	}
	if (info->flags & (1U << 2))
		note_string(info->cmdline);
}

bool multiboot_read(uint32_t magic, uint32_t address)
{
	boot_info.cmdline = "";
	boot_info.loader = "unknown";
	if (magic == 0x36d76289)
		mb2_read(address);
	else if (magic == 0x2badb002)
		mb1_read(address);
	else
		return false;
	return true;
}
