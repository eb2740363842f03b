/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The firmware's static tables, found and read once.  Nothing in them is
 * believed before its length and checksum are; a broken table is left out.
 * Offsets: ACPI 6.4, chapter 5.2.
 */
#include <tenon/acpi.h>
#include <tenon/boot.h>
#include <tenon/console.h>
#include <tenon/string.h>

#define HEADER_SIZE	 36
#define TABLE_MAX	 MIB(1)
#define TABLES_MAX	 256

#define MADT_LAPIC	 0
#define MADT_IOAPIC	 1
#define MADT_OVERRIDE	 2
#define MADT_LAPIC_BASE	 5
#define MADT_X2APIC	 9
#define MADT_CPU_ENABLED 1

#define POLARITY_LOW	 3
#define TRIGGER_LEVEL	 3

#define FADT_RESET_VALID (1U << 10)
#define SPACE_MEMORY	 0
#define SPACE_IO	 1

struct acpi_info acpi;

static uint64_t get(const uint8_t *p, unsigned size)
{
	uint64_t v = 0;

	memcpy(&v, p, size);
	return v;
}

static bool sums_to_zero(const uint8_t *p, size_t n)
{
	uint8_t sum = 0;

	while (n--)
		sum = (uint8_t)(sum + *p++);
	return sum == 0;
}

static bool is_rsdp(const uint8_t *p)
{
	return memcmp(p, "RSD PTR ", 8) == 0 && sums_to_zero(p, 20);
}

static paddr_t search(const struct acpi_memory *mem, paddr_t start, paddr_t end)
{
	for (paddr_t at = start; at + 20 <= end; at += 16) {
		const uint8_t *p = mem->map(mem->ctx, at, 20);

		if (p && is_rsdp(p))
			return at;
	}
	return 0;
}

/* In the first KiB of the extended BIOS data area, or in the BIOS. */
static paddr_t find_rsdp(const struct acpi_memory *mem)
{
	const uint8_t *word = mem->map(mem->ctx, 0x40e, 2);
	paddr_t ebda = word ? get(word, 2) << 4 : 0;
	paddr_t found = 0;

	if (ebda >= KIB(4) && ebda < 0xa0000)
		found = search(mem, ebda, ebda + KIB(1));
	return found ? found : search(mem, 0xe0000, 0x100000);
}

/* A whole table whose sum is right, or NULL.  *size gets its length. */
static const uint8_t *map_table(
	const struct acpi_memory *mem, paddr_t pa, uint32_t *size)
{
	const uint8_t *p = pa ? mem->map(mem->ctx, pa, HEADER_SIZE) : NULL;
	uint32_t n;

	if (!p)
		return NULL;
	n = (uint32_t)get(p + 4, 4);
	if (n < HEADER_SIZE || n > TABLE_MAX)
		return NULL;
	p = mem->map(mem->ctx, pa, n);
	if (!p || !sums_to_zero(p, n))
		return NULL;
	*size = n;
	return p;
}

static void add_cpu(
	struct acpi_info *info, uint32_t apic, uint32_t number, uint32_t flags)
{
	if (!(flags & MADT_CPU_ENABLED) || info->cpu_count == NR_CPUS)
		return;
	for (unsigned i = 0; i < info->cpu_count; i++)
		if (info->cpus[i].apic_id == apic)
			return;
	info->cpus[info->cpu_count].apic_id = apic;
	info->cpus[info->cpu_count].acpi_id = number;
	info->cpu_count++;
}

static void add_ioapic(struct acpi_info *info, const uint8_t *e)
{
	if (info->ioapic_count == ACPI_MAX_IOAPICS)
		return;
	info->ioapic[info->ioapic_count].id = e[2];
	info->ioapic[info->ioapic_count].base = get(e + 4, 4);
	info->ioapic[info->ioapic_count].gsi_base = (uint32_t)get(e + 8, 4);
	info->ioapic_count++;
}

static void add_override(struct acpi_info *info, const uint8_t *e)
{
	uint16_t flags = (uint16_t)get(e + 8, 2);

	/* Bus 0 is ISA, where "as the bus does" means edge and active high. */
	if (info->override_count == ACPI_MAX_OVERRIDES || e[2] || e[3] > 15)
		return;
	info->override[info->override_count].isa_irq = e[3];
	info->override[info->override_count].gsi = (uint32_t)get(e + 4, 4);
	info->override[info->override_count].is_low =
		(flags & 3) == POLARITY_LOW;
	info->override[info->override_count].is_level =
		(flags >> 2 & 3) == TRIGGER_LEVEL;
	info->override_count++;
}

static void read_madt(struct acpi_info *info, const uint8_t *t, uint32_t size)
{
	static const uint8_t least[] = { [MADT_LAPIC] = 8,
		[MADT_IOAPIC] = 12,
		[MADT_OVERRIDE] = 10,
		[MADT_LAPIC_BASE] = 12,
		[MADT_X2APIC] = 16 };

	if (size < 44)
		return;
	info->lapic_base = get(t + 36, 4);
	for (uint32_t at = 44; at + 2 <= size;) {
		const uint8_t *e = t + at;
		uint8_t type = e[0], length = e[1];

		if (length < 2 || at + length > size)
			return;
		at += length;
		if (type >= ARRAY_SIZE(least) || !least[type] ||
			length < least[type])
			continue;
		switch (type) {
		case MADT_LAPIC:
			add_cpu(info, e[3], e[2], (uint32_t)get(e + 4, 4));
			break;
		case MADT_X2APIC:
			add_cpu(info, (uint32_t)get(e + 4, 4),
				(uint32_t)get(e + 12, 4),
				(uint32_t)get(e + 8, 4));
			break;
		case MADT_IOAPIC:
			add_ioapic(info, e);
			break;
		case MADT_OVERRIDE:
			add_override(info, e);
			break;
		case MADT_LAPIC_BASE:
			info->lapic_base = get(e + 4, 8);
			break;
		}
	}
}

/* An I/O port: the 64-bit form at `wide` counts if the table has it. */
static uint16_t port_of(
	const uint8_t *t, uint32_t size, unsigned narrow, unsigned wide)
{
	uint64_t port = 0;

	if (size >= wide + 12 && t[wide] == SPACE_IO)
		port = get(t + wide + 4, 8);
	if (!port && size >= narrow + 4)
		port = get(t + narrow, 4);
	return port <= 0xffff ? (uint16_t)port : 0;
}

static void read_fadt(struct acpi_info *info, const uint8_t *t, uint32_t size)
{
	if (size < 116)
		return;
	info->sci = (uint16_t)get(t + 46, 2);
	info->facs = get(t + 36, 4);
	if (size >= 140 && get(t + 132, 8))
		info->facs = get(t + 132, 8);
	info->pm1a_event = port_of(t, size, 56, 148);
	info->pm1a_control = port_of(t, size, 64, 172);
	info->pm1b_control = port_of(t, size, 68, 184);
	info->pm_timer = port_of(t, size, 76, 208);
	if (size >= 129 && get(t + 112, 4) & FADT_RESET_VALID) {
		info->reset.space = t[116];
		info->reset.address = get(t + 120, 8);
		info->reset.value = t[128];
		info->reset.is_valid = info->reset.address != 0;
	}
}

static void read_mcfg(struct acpi_info *info, const uint8_t *t, uint32_t size)
{
	for (uint32_t at = 44; at + 16 <= size; at += 16) {
		if (get(t + at + 8, 2) != 0)
			continue;
		info->mcfg.base = get(t + at, 8);
		info->mcfg.segment = 0;
		info->mcfg.bus_first = t[at + 10];
		info->mcfg.bus_last = t[at + 11];
		return;
	}
}

static void read_hpet(struct acpi_info *info, const uint8_t *t, uint32_t size)
{
	if (size >= 52 && t[40] == SPACE_MEMORY)
		info->hpet = get(t + 44, 8);
}

static void read_table(
	struct acpi_info *info, const struct acpi_memory *mem, paddr_t pa)
{
	uint32_t size;
	const uint8_t *t = map_table(mem, pa, &size);

	if (!t) {
		log_warn("ACPI: the table at %#lx is broken: left out",
			(unsigned long)pa);
		return;
	}
	if (memcmp(t, "APIC", 4) == 0)
		read_madt(info, t, size);
	else if (memcmp(t, "FACP", 4) == 0)
		read_fadt(info, t, size);
	else if (memcmp(t, "MCFG", 4) == 0)
		read_mcfg(info, t, size);
	else if (memcmp(t, "HPET", 4) == 0)
		read_hpet(info, t, size);
}

/* The root table: XSDT if there is one, else RSDT; width of its entries. */
static const uint8_t *map_root(const struct acpi_memory *mem, paddr_t rsdp,
	uint32_t *size, unsigned *width)
{
	const uint8_t *p = mem->map(mem->ctx, rsdp, 20), *root = NULL;
	uint32_t length;
	uint64_t rsdt;

	if (!p || !is_rsdp(p))
		return NULL;
	rsdt = get(p + 16, 4);
	if (p[15] >= 2) {
		p = mem->map(mem->ctx, rsdp, 36);
		length = p ? (uint32_t)get(p + 20, 4) : 0;
		if (length >= 36 && length <= 256)
			p = mem->map(mem->ctx, rsdp, length);
		else
			p = NULL;
		if (p && sums_to_zero(p, length))
			root = map_table(mem, get(p + 24, 8), size);
		if (root && memcmp(root, "XSDT", 4) == 0) {
			*width = 8;
			return root;
		}
	}
	root = map_table(mem, rsdt, size);
	*width = 4;
	return root && memcmp(root, "RSDT", 4) == 0 ? root : NULL;
}

bool acpi_parse(
	const struct acpi_memory *mem, paddr_t rsdp, struct acpi_info *info)
{
	const uint8_t *root = NULL;
	uint32_t size = 0;
	unsigned width = 0, n = 0;

	memset(info, 0, sizeof(*info));
	if (rsdp)
		root = map_root(mem, rsdp, &size, &width);
	if (!root) {
		rsdp = find_rsdp(mem);
		root = rsdp ? map_root(mem, rsdp, &size, &width) : NULL;
	}
	if (!root)
		return false;
	for (uint32_t at = HEADER_SIZE; at + width <= size && n < TABLES_MAX;
		at += width, n++) {
		paddr_t pa = get(root + at, width);

		if (pa)
			read_table(info, mem, pa);
	}
	info->rsdp = rsdp;
	info->is_found = true;
	return true;
}

void acpi_init(void)
{
	const struct acpi_memory mem = { .map = acpi_map_firmware };

	if (!acpi_parse(&mem, boot_info.rsdp, &acpi)) {
		log_warn("ACPI: no tables: one CPU, no interrupt routing");
		return;
	}
	log_info("ACPI: %u CPUs, %u IO-APICs, %u overrides; SCI %u, PM1 %#x, "
		 "timer %#x",
		acpi.cpu_count, acpi.ioapic_count, acpi.override_count,
		acpi.sci, acpi.pm1a_control, acpi.pm_timer);
}
