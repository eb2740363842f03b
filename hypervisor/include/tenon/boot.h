/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the loader told us, neutral of its protocol, and the command line.
 */
#ifndef TENON_BOOT_H
#define TENON_BOOT_H

#include <tenon/efi.h>
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
	paddr_t rsdp; /* 0: search */
	struct efi_boot efi;
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

/* Is the screen in VGA's text mode?  A BIOS leaves it so unless the loader says
 * otherwise; framebuffer type 2 is text (multiboot2, 3.6.12). */
static inline bool boot_has_text_screen(void)
{
	return boot_info.has_framebuffer ? boot_info.fb.type == 2
					 : !boot_info.efi.system_table;
}

/* Of memory: so much, or so much less than what is free; bytes 0: not told. */
struct boot_amount {
	uint64_t bytes;
	bool is_less;
};

/* nmi=: what an NMI of the machine does. */
enum boot_nmi { BOOT_NMI_IGNORE, BOOT_NMI_DOM0, BOOT_NMI_FATAL };

/* Command line options, parsed once (core/cmdline.c). */
struct boot_options {
	struct boot_amount dom0_mem, dom0_mem_min, dom0_mem_max;
	unsigned dom0_max_vcpus;
	bool dom0_vcpus_pin; /* vcpu n on CPU n alone */
	bool noreboot;
	bool is_silo;				/* xsm=silo: domain_may_talk */
	unsigned grant_frames, maptrack_frames; /* of who names none */
	uint64_t ring_size; /* bytes of log kept, 0: default */
	unsigned nmi;	    /* enum boot_nmi */
	/* Three times Ctrl and this letter switch the serial input. */
	char conswitch;
	bool keeps_input; /* it is not dom0's at first */
	unsigned max_cpus;
	int smap; /* -1 automatic, 0 off, 1 on */
	int smep, x2apic;
	/* enum log_level; guest_loglvl_limited: shown at a limited rate. */
	signed char loglvl, guest_loglvl, guest_loglvl_limited;
	unsigned com1_baud;
	uint16_t com1_port;
	bool console_com1, console_vga;
};

extern struct boot_options boot_options;

void cmdline_parse(const char *cmdline);

#endif
