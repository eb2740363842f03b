/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the loader told us, neutral of its protocol, and the command line.
 */
#ifndef TENON_BOOT_H
#define TENON_BOOT_H

#include <tenon/types.h>

#define BOOT_E820_MAX 256

/* One range of the firmware's memory map, types as in ACPI's E820. */
struct boot_range {
	paddr_t start;
	uint64_t size;
	uint32_t type; /* 1 RAM, 2 reserved, 3 ACPI, 4 NVS, 5 bad */
};

struct boot_info {
	struct boot_range e820[BOOT_E820_MAX];
	unsigned e820_count;
	struct {
		paddr_t start, end;
		const char *cmdline;
	} module[8];
	unsigned module_count;
	const char *cmdline;
	const char *loader;
	paddr_t rsdp;		      /* 0: search */
	paddr_t info_start, info_end; /* the loader's own block */
	/* Text console of the firmware, for dom0's start_info. */
	bool has_framebuffer;
	struct {
		paddr_t base;
		uint32_t pitch, width, height;
		uint8_t bpp, type;
		uint8_t red_pos, red_size, green_pos, green_size, blue_pos,
			blue_size;
	} fb;
};

extern struct boot_info boot_info;

/* Command line options, parsed once (core/cmdline.c). */
struct boot_options {
	uint64_t dom0_mem;     /* bytes, 0: default */
	uint64_t dom0_mem_max; /* bytes, 0: same as dom0_mem */
	unsigned dom0_max_vcpus;
	bool noreboot;
	unsigned max_cpus;
	int smap; /* -1 automatic, 0 off, 1 on */
	int smep;
	char loglvl, guest_loglvl; /* enum log_level */
	unsigned com1_baud;
	uint16_t com1_port;
	bool console_com1, console_vga;
};

extern struct boot_options boot_options;

void cmdline_parse(const char *cmdline);

#endif
