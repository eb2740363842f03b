/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The platform_op hypercall, by which domain 0's kernel drives what the
 * hypervisor owns of the machine: clock, firmware, microcode, ACPI sleep and
 * the power states of CPUs. Fields are input unless marked "out".
 */
#ifndef PUBLIC_PLATFORM_H
#define PUBLIC_PLATFORM_H

#include "xen.h"

#define XENPF_INTERFACE_VERSION 0x03000001

/* xen_platform_op.cmd; the union's member, if not so named, in brackets. */
#define XENPF_settime32		   17
#define XENPF_add_memtype	   31
#define XENPF_del_memtype	   32
#define XENPF_read_memtype	   33
#define XENPF_microcode_update	   35 /* [microcode] */
#define XENPF_platform_quirk	   39
#define XENPF_get_cpu_version	   48 /* [pcpu_version] */
#define XENPF_efi_runtime_call	   49
#define XENPF_firmware_info	   50
#define XENPF_enter_acpi_sleep	   51
#define XENPF_change_freq	   52
#define XENPF_getidletime	   53
#define XENPF_set_processor_pminfo 54 /* [set_pminfo] */
#define XENPF_get_cpuinfo	   55 /* [pcpu_info] */
#define XENPF_cpu_online	   56 /* [cpu_ol] */
#define XENPF_cpu_offline	   57 /* [cpu_ol] */
#define XENPF_cpu_hotadd	   58 /* [cpu_add] */
#define XENPF_mem_hotadd	   59 /* [mem_add] */
#define XENPF_core_parking	   60
#define XENPF_resource_op	   61
#define XENPF_settime64		   62
#define XENPF_get_symbol	   63 /* [symdata] */
#define XENPF_settime		   XENPF_settime64

/* xenpf_platform_quirk.quirk_id */
#define QUIRK_NOIRQBALANCING	 1
#define QUIRK_IOAPIC_BAD_REGSEL	 2
#define QUIRK_IOAPIC_GOOD_REGSEL 3

/* xenpf_efi_runtime_call.function */
#define XEN_EFI_get_time		      1
#define XEN_EFI_set_time		      2
#define XEN_EFI_get_wakeup_time		      3
#define XEN_EFI_set_wakeup_time		      4
#define XEN_EFI_get_next_high_monotonic_count 5
#define XEN_EFI_get_variable		      6
#define XEN_EFI_set_variable		      7
#define XEN_EFI_get_next_variable_name	      8
#define XEN_EFI_query_variable_info	      9
#define XEN_EFI_query_capsule_capabilities    10
#define XEN_EFI_update_capsule		      11

/* xenpf_efi_runtime_call.misc, in the order of the functions */
#define XEN_EFI_GET_TIME_SET_CLEARS_NS	    1
#define XEN_EFI_GET_WAKEUP_TIME_ENABLED	    1
#define XEN_EFI_GET_WAKEUP_TIME_PENDING	    2
#define XEN_EFI_SET_WAKEUP_TIME_ENABLE	    1
#define XEN_EFI_SET_WAKEUP_TIME_ENABLE_ONLY 2
#define XEN_EFI_VARIABLE_NON_VOLATILE	    1
#define XEN_EFI_VARIABLE_BOOTSERVICE_ACCESS 2
#define XEN_EFI_VARIABLE_RUNTIME_ACCESS	    4
#define XEN_EFI_VARINFO_BOOT_SNAPSHOT	    1

/* xenpf_firmware_info.type, and .index with XEN_FW_EFI_INFO */
#define XEN_FW_DISK_INFO	    1
#define XEN_FW_DISK_MBR_SIGNATURE   2
#define XEN_FW_VBEDDC_INFO	    3
#define XEN_FW_EFI_INFO		    4
#define XEN_FW_KBD_SHIFT_FLAGS	    5
#define XEN_FW_EFI_VERSION	    0
#define XEN_FW_EFI_CONFIG_TABLE	    1
#define XEN_FW_EFI_VENDOR	    2
#define XEN_FW_EFI_MEM_INFO	    3
#define XEN_FW_EFI_RT_VERSION	    4
#define XEN_FW_EFI_PCI_ROM	    5
#define XEN_FW_EFI_APPLE_PROPERTIES 6

/* xenpf_enter_acpi_sleep.flags: val_* are sleep types of reduced hardware. */
#define XENPF_ACPI_SLEEP_EXTENDED 1

/* The kinds of processor power states, as bits (SIF_PM_MASK). */
#define XEN_PROCESSOR_PM_CX 1
#define XEN_PROCESSOR_PM_PX 2
#define XEN_PROCESSOR_PM_TX 4

/* xenpf_set_processor_pminfo.type */
#define XEN_PM_CX  0
#define XEN_PM_PX  1
#define XEN_PM_TX  2
#define XEN_PM_PDC 3

/* xen_processor_performance.flags (what is valid) and .shared_type */
#define XEN_PX_PCT		    1
#define XEN_PX_PSS		    2
#define XEN_PX_PPC		    4
#define XEN_PX_PSD		    8
#define XEN_CPUPERF_SHARED_TYPE_HW  1 /* the hardware coordinates */
#define XEN_CPUPERF_SHARED_TYPE_ALL 2 /* set it on all the CPUs */
#define XEN_CPUPERF_SHARED_TYPE_ANY 3 /* set it on one of them */

/* xenpf_pcpuinfo.flags */
#define XEN_PCPU_FLAGS_ONLINE  1
#define XEN_PCPU_FLAGS_INVALID 2 /* no such CPU */

/* xenpf_core_parking.type */
#define XEN_CORE_PARKING_SET 1
#define XEN_CORE_PARKING_GET 2

/* xenpf_resource_entry.u.cmd */
#define XEN_RESOURCE_OP_MSR_READ  0
#define XEN_RESOURCE_OP_MSR_WRITE 1

/* The time of day was secs.nsecs since 1970 at system time system_time. */
struct xenpf_settime32 {
	uint32_t secs;
	uint32_t nsecs;
	uint64_t system_time; /* ns */
};
PUBLIC_SIZE(struct xenpf_settime32, 16);

struct xenpf_settime64 {
	uint64_t secs;
	uint32_t nsecs;
	uint32_t mbz;
	uint64_t system_time; /* ns */
};
PUBLIC_SIZE(struct xenpf_settime64, 24);

#define xenpf_settime xenpf_settime64

/* MTRRs: a memory type for a range, the register used, a handle to undo it */
struct xenpf_add_memtype {
	xen_pfn_t mfn;
	uint64_t nr_mfns;
	uint32_t type;
	uint32_t handle; /* out */
	uint32_t reg;	 /* out */
};
PUBLIC_SIZE(struct xenpf_add_memtype, 32);

struct xenpf_del_memtype {
	uint32_t handle; /* 0 unknown */
	uint32_t reg;
};
PUBLIC_SIZE(struct xenpf_del_memtype, 8);

struct xenpf_read_memtype {
	uint32_t reg;
	xen_pfn_t mfn;	  /* out */
	uint64_t nr_mfns; /* out */
	uint32_t type;	  /* out */
};
PUBLIC_SIZE(struct xenpf_read_memtype, 32);

struct xenpf_microcode_update {
	GUEST_PTR(const void) data;
	uint32_t length; /* bytes */
};
PUBLIC_SIZE(struct xenpf_microcode_update, 16);

struct xenpf_platform_quirk {
	uint32_t quirk_id; /* QUIRK_* */
};
PUBLIC_SIZE(struct xenpf_platform_quirk, 4);

/* EFI_TIME without its padding: tz minutes, daylight EFI's bits. */
struct xenpf_efi_time {
	uint16_t year;
	uint8_t month;
	uint8_t day;
	uint8_t hour;
	uint8_t min;
	uint8_t sec;
	uint32_t ns;
	int16_t tz;
	uint8_t daylight;
};
PUBLIC_SIZE(struct xenpf_efi_time, 16);

struct xenpf_efi_guid {
	uint32_t data1;
	uint16_t data2;
	uint16_t data3;
	uint8_t data4[8];
};
PUBLIC_SIZE(struct xenpf_efi_guid, 16);

/* The member of u is that of the function; see the UEFI specification. */
struct xenpf_efi_runtime_call {
	uint32_t function;  /* XEN_EFI_* */
	uint32_t misc;	    /* its flags, or the count returned */
	xen_ulong_t status; /* out: EFI_STATUS */
	union {
		struct {
			struct xenpf_efi_time time;
			uint32_t resolution;
			uint32_t accuracy;
		} get_time;
		struct xenpf_efi_time set_time;
		struct xenpf_efi_time get_wakeup_time;
		struct xenpf_efi_time set_wakeup_time;
		struct {
			GUEST_PTR(void) name; /* UTF-16 */
			xen_ulong_t size;
			GUEST_PTR(void) data;
			struct xenpf_efi_guid vendor_guid;
		} get_variable, set_variable;
		struct {
			xen_ulong_t size;
			GUEST_PTR(void) name; /* UTF-16 */
			struct xenpf_efi_guid vendor_guid;
		} get_next_variable_name;
		struct {
			uint32_t attr;
			uint64_t max_store_size;
			uint64_t remain_store_size;
			uint64_t max_size;
		} query_variable_info;
		struct {
			GUEST_PTR(void) capsule_header_array;
			xen_ulong_t capsule_count;
			uint64_t max_capsule_size;
			uint32_t reset_type;
		} query_capsule_capabilities;
		struct {
			GUEST_PTR(void) capsule_header_array;
			xen_ulong_t capsule_count;
			uint64_t sg_list; /* machine address */
		} update_capsule;
	} u;
};
PUBLIC_SIZE(struct xenpf_efi_runtime_call, 56);

/* What the firmware said at boot; u is out, but for the buffers in it. */
struct xenpf_firmware_info {
	uint32_t type; /* XEN_FW_* */
	uint32_t index;
	union {
		struct {
			uint8_t device;		      /* BIOS drive number */
			uint8_t version;	      /* int 13, ah 41: ah */
			uint16_t interface_support;   /* int 13, ah 41: cx */
			uint16_t legacy_max_cylinder; /* int 13, ah 08 */
			uint8_t legacy_max_head;
			uint8_t legacy_sectors_per_track;
			/* int 13, ah 48; its first word is its size */
			GUEST_PTR(void) edd_params;
		} disk_info;
		struct {
			uint8_t device;
			uint32_t mbr_signature;
		} disk_mbr_signature;
		struct {
			uint8_t capabilities; /* int 10, ax 4f15 */
			uint8_t edid_transfer_time;
			GUEST_PTR(uint8_t) edid; /* 128 bytes */
		} vbeddc_info;
		union xenpf_efi_info {
			uint32_t version;
			struct {
				uint64_t addr; /* of the tables */
				uint32_t nent;
			} cfg;
			struct {
				uint32_t revision;
				uint32_t bufsz;	      /* bytes */
				GUEST_PTR(void) name; /* UTF-16 */
			} vendor;
			struct {
				uint64_t addr; /* in: the one looked up */
				uint64_t size;
				uint64_t attr;
				uint32_t type;
			} mem;
			struct {
				uint16_t segment; /* in, down to devid */
				uint8_t bus;
				uint8_t devfn;
				uint16_t vendor;
				uint16_t devid;
				uint64_t address;
				xen_ulong_t size;
			} pci_rom;
			struct {
				uint64_t address;
				xen_ulong_t size;
			} apple_properties;
		} efi_info;
		uint8_t kbd_shift_flags; /* int 16, ah 02 */
	} u;
};
PUBLIC_SIZE(struct xenpf_firmware_info, 40);

struct xenpf_enter_acpi_sleep {
	uint16_t val_a;	      /* PM1a control */
	uint16_t val_b;	      /* PM1b control */
	uint32_t sleep_state; /* n of Sn */
	uint32_t flags;	      /* XENPF_ACPI_SLEEP_* */
};
PUBLIC_SIZE(struct xenpf_enter_acpi_sleep, 12);

struct xenpf_change_freq {
	uint32_t flags; /* 0 */
	uint32_t cpu;
	uint64_t freq; /* Hz */
};
PUBLIC_SIZE(struct xenpf_change_freq, 16);

/* idletime is indexed by CPU; out, the map holds the CPUs there are. */
struct xenpf_getidletime {
	GUEST_PTR(uint8_t) cpumap_bitmap;
	uint32_t cpumap_nr_cpus;
	GUEST_PTR(uint64_t) idletime; /* out: ns since boot */
	uint64_t now;		      /* out: system time in ns */
};
PUBLIC_SIZE(struct xenpf_getidletime, 32);

/* An ACPI generic address. */
struct xen_power_register {
	uint32_t space_id;
	uint32_t bit_width;
	uint32_t bit_offset;
	uint32_t access_size;
	uint64_t address;
};
PUBLIC_SIZE(struct xen_power_register, 24);

/* ACPI _CSD: CPUs whose states depend on each other. */
struct xen_processor_csd {
	uint32_t domain;
	uint32_t coord_type;
	uint32_t num;
};
PUBLIC_SIZE(struct xen_processor_csd, 12);

/* One ACPI _CST entry. */
struct xen_processor_cx {
	struct xen_power_register reg;
	uint8_t type;
	uint32_t latency; /* us */
	uint32_t power;	  /* mW */
	uint32_t dpcnt;
	GUEST_PTR(struct xen_processor_csd) dp;
};
PUBLIC_SIZE(struct xen_processor_cx, 48);

struct xen_processor_flags {
	uint32_t bm_control : 1;
	uint32_t bm_check : 1;
	uint32_t has_cst : 1;
	uint32_t power_setup_done : 1;
	uint32_t bm_rld_set : 1;
};
PUBLIC_SIZE(struct xen_processor_flags, 4);

struct xen_processor_power {
	uint32_t count;
	struct xen_processor_flags flags;
	GUEST_PTR(struct xen_processor_cx) states;
};
PUBLIC_SIZE(struct xen_processor_power, 16);

/* ACPI _PCT. */
struct xen_pct_register {
	uint8_t descriptor;
	uint16_t length;
	uint8_t space_id;
	uint8_t bit_width;
	uint8_t bit_offset;
	uint8_t reserved;
	uint64_t address;
};
PUBLIC_SIZE(struct xen_pct_register, 16);

/* One ACPI _PSS entry. */
struct xen_processor_px {
	uint64_t core_frequency;     /* MHz */
	uint64_t power;		     /* mW */
	uint64_t transition_latency; /* us */
	uint64_t bus_master_latency; /* us */
	uint64_t control;
	uint64_t status;
};
PUBLIC_SIZE(struct xen_processor_px, 48);

/* ACPI _PSD. */
struct xen_psd_package {
	uint64_t num_entries;
	uint64_t revision;
	uint64_t domain;
	uint64_t coord_type;
	uint64_t num_processors;
};
PUBLIC_SIZE(struct xen_psd_package, 40);

struct xen_processor_performance {
	uint32_t flags;		 /* XEN_PX_* */
	uint32_t platform_limit; /* ACPI _PPC */
	struct xen_pct_register control_register;
	struct xen_pct_register status_register;
	uint32_t state_count;
	GUEST_PTR(struct xen_processor_px) states;
	struct xen_psd_package domain_info;
	uint32_t shared_type; /* XEN_CPUPERF_SHARED_TYPE_* */
};
PUBLIC_SIZE(struct xen_processor_performance, 104);

struct xenpf_set_processor_pminfo {
	uint32_t id;   /* ACPI's of the CPU */
	uint32_t type; /* XEN_PM_* */
	union {
		struct xen_processor_power power;
		struct xen_processor_performance perf;
		GUEST_PTR(uint32_t) pdc;
	} u;
};
PUBLIC_SIZE(struct xenpf_set_processor_pminfo, 112);

struct xenpf_pcpuinfo {
	uint32_t xen_cpuid;
	uint32_t max_present; /* out: the highest CPU */
	uint32_t flags;	      /* out: XEN_PCPU_FLAGS_* */
	uint32_t apic_id;     /* out */
	uint32_t acpi_id;     /* out */
};
PUBLIC_SIZE(struct xenpf_pcpuinfo, 20);

struct xenpf_pcpu_version {
	uint32_t xen_cpuid;
	uint32_t max_present; /* out, as all below */
	char vendor_id[12];
	uint32_t family;
	uint32_t model;
	uint32_t stepping;
};
PUBLIC_SIZE(struct xenpf_pcpu_version, 32);

struct xenpf_cpu_ol {
	uint32_t cpuid;
};
PUBLIC_SIZE(struct xenpf_cpu_ol, 4);

struct xenpf_cpu_hotadd {
	uint32_t apic_id;
	uint32_t acpi_id;
	uint32_t pxm; /* ACPI proximity domain */
};
PUBLIC_SIZE(struct xenpf_cpu_hotadd, 12);

struct xenpf_mem_hotadd {
	uint64_t spfn; /* first frame */
	uint64_t epfn; /* after the last */
	uint32_t pxm;
	uint32_t flags;
};
PUBLIC_SIZE(struct xenpf_mem_hotadd, 24);

struct xenpf_core_parking {
	uint32_t type;	    /* XEN_CORE_PARKING_* */
	uint32_t idle_nums; /* CPUs to keep idle; out of GET */
};
PUBLIC_SIZE(struct xenpf_core_parking, 8);

struct xenpf_resource_entry {
	union {
		uint32_t cmd; /* XEN_RESOURCE_OP_* */
		int32_t ret;  /* out, of the one that failed */
	} u;
	uint32_t rsvd;
	uint64_t idx; /* the MSR */
	uint64_t val; /* out of a read */
};
PUBLIC_SIZE(struct xenpf_resource_entry, 24);

/* Works on one CPU, in order, uninterrupted; returns the entries done. */
struct xenpf_resource_op {
	uint32_t nr_entries;
	uint32_t cpu;
	GUEST_PTR(struct xenpf_resource_entry) entries;
};
PUBLIC_SIZE(struct xenpf_resource_op, 16);

/* Walks the hypervisor's symbols; the end is when symnum stays. */
struct xenpf_symdata {
	uint32_t namelen;     /* bytes; out: of the whole name */
	uint32_t symnum;      /* out: the next one */
	GUEST_PTR(char) name; /* out */
	uint64_t address;     /* out */
	char type;	      /* out */
};
PUBLIC_SIZE(struct xenpf_symdata, 32);

struct xen_platform_op {
	uint32_t cmd;		    /* XENPF_* */
	uint32_t interface_version; /* XENPF_INTERFACE_VERSION */
	union {
		struct xenpf_settime64 settime;
		struct xenpf_settime32 settime32;
		struct xenpf_settime64 settime64;
		struct xenpf_add_memtype add_memtype;
		struct xenpf_del_memtype del_memtype;
		struct xenpf_read_memtype read_memtype;
		struct xenpf_microcode_update microcode;
		struct xenpf_platform_quirk platform_quirk;
		struct xenpf_efi_runtime_call efi_runtime_call;
		struct xenpf_firmware_info firmware_info;
		struct xenpf_enter_acpi_sleep enter_acpi_sleep;
		struct xenpf_change_freq change_freq;
		struct xenpf_getidletime getidletime;
		struct xenpf_set_processor_pminfo set_pminfo;
		struct xenpf_pcpuinfo pcpu_info;
		struct xenpf_pcpu_version pcpu_version;
		struct xenpf_cpu_ol cpu_ol;
		struct xenpf_cpu_hotadd cpu_add;
		struct xenpf_mem_hotadd mem_add;
		struct xenpf_core_parking core_parking;
		struct xenpf_resource_op resource_op;
		struct xenpf_symdata symdata;
		uint8_t pad[128];
	} u;
};
PUBLIC_OFFSET(struct xen_platform_op, u, 8);
PUBLIC_SIZE(struct xen_platform_op, 136);

#endif
