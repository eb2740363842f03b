/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line: words of name=value, with the names that GRUB entries
 * written for Xen have.  Unknown ones warn and are ignored.
 */
#include <tenon/boot.h>
#include <tenon/console.h>
#include <tenon/fmt.h>
#include <tenon/string.h>

struct boot_options boot_options = {
	.smap = -1,
	.smep = -1,
	.loglvl = LOG_INFO,
	.guest_loglvl = LOG_WARN,
	.com1_baud = 115200,
	.com1_port = 0x3f8,
};

/* Options that other loaders' entries carry and that need nothing here. */
static const char *const silent[] = { "placeholder", "vga", "no-real-mode",
	"edd", "crashkernel", "ucode", "sched", "iommu", "conring_size",
	"console_timestamps", "com2", "watchdog", "cpufreq", "xsave",
	"spec-ctrl", "dom0_vcpus_pin", "gnttab_max_frames",
	"credit2_runqueue" };

static bool size_of(const char *value, uint64_t *size)
{
	const char *end;

	return parse_size(value, &end, size) == 0 && *end == '\0';
}

static bool is_true(const char *value)
{
	return !*value || !strcmp(value, "1") || !strcmp(value, "on") ||
	       !strcmp(value, "yes") || !strcmp(value, "true") ||
	       !strcmp(value, "enable");
}

static char level_of(const char *value)
{
	if (!strncmp(value, "all", 3) || !strncmp(value, "debug", 5))
		return LOG_DEBUG;
	if (!strncmp(value, "info", 4))
		return LOG_INFO;
	if (!strncmp(value, "warning", 4))
		return LOG_WARN;
	return LOG_ERR;
}

/* dom0_mem=SIZE or a list with min:, max: and a bare size. */
static void parse_dom0_mem(char *value)
{
	while (value && *value) {
		char *comma = strchr(value, ',');
		uint64_t size;

		if (comma)
			*comma++ = '\0';
		if (!strncmp(value, "max:", 4)) {
			if (size_of(value + 4, &size))
				boot_options.dom0_mem_max = size;
		} else if (!strncmp(value, "min:", 4)) {
			/* A fixed size needs no lower bound. */
		} else if (size_of(value, &size)) {
			boot_options.dom0_mem = size;
		} else {
			log_warn(
				"dom0_mem=%s: not a size such as 1024M", value);
		}
		value = comma;
	}
}

/* console=com1,vga: the outputs, in any order. */
static void parse_console(const char *value)
{
	while (*value) {
		size_t n = 0;

		while (value[n] && value[n] != ',')
			n++;
		if (n == 4 && !strncmp(value, "com1", 4))
			boot_options.console_com1 = true;
		else if (n == 3 && !strncmp(value, "vga", 3))
			boot_options.console_vga = true;
		value += n + (value[n] == ',');
	}
}

/* com1=BAUD[,8n1[,PORT[,IRQ]]] */
static void parse_com1(const char *value)
{
	const char *p = value;
	uint64_t n;

	if (parse_u64(value, &p, &n) == 0 && n > 0 && n <= 115200)
		boot_options.com1_baud = (unsigned)n;
	for (int commas = 0; *p && commas < 2; p++)
		commas += *p == ',';
	if (*p && parse_u64(p, &p, &n) == 0 && n > 0 && n < 0x10000)
		boot_options.com1_port = (uint16_t)n;
}

static unsigned number(const char *name, const char *value)
{
	const char *end;
	uint64_t n;

	if (parse_u64(value, &end, &n) || *end || n > 0xffffffff) {
		log_warn("%s=%s: not a number", name, value);
		return 0;
	}
	return (unsigned)n;
}

static void set_option(const char *name, char *value)
{
	if (!strcmp(name, "dom0_mem"))
		parse_dom0_mem(value);
	else if (!strcmp(name, "dom0_max_vcpus"))
		boot_options.dom0_max_vcpus = number(name, value);
	else if (!strcmp(name, "console"))
		parse_console(value);
	else if (!strcmp(name, "com1"))
		parse_com1(value);
	else if (!strcmp(name, "loglvl"))
		boot_options.loglvl = level_of(value);
	else if (!strcmp(name, "guest_loglvl"))
		boot_options.guest_loglvl = level_of(value);
	else if (!strcmp(name, "noreboot"))
		boot_options.noreboot = is_true(value);
	else if (!strcmp(name, "nosmp"))
		boot_options.max_cpus = 1;
	else if (!strcmp(name, "maxcpus"))
		boot_options.max_cpus = number(name, value);
	else if (!strcmp(name, "smap"))
		boot_options.smap =
			!strcmp(value, "auto") ? -1 : is_true(value);
	else if (!strcmp(name, "smep"))
		boot_options.smep = is_true(value);
	else {
		for (size_t i = 0; i < ARRAY_SIZE(silent); i++)
			if (!strcmp(name, silent[i]))
				return;
		log_warn("unknown option '%s' on the command line: ignored",
			name);
	}
}

void cmdline_parse(const char *cmdline)
{
	char word[128];

	while (*cmdline) {
		size_t n = 0;
		char *value;

		while (*cmdline == ' ')
			cmdline++;
		while (cmdline[n] && cmdline[n] != ' ')
			n++;
		if (n == 0)
			break;
		if (n < sizeof(word)) {
			memcpy(word, cmdline, n);
			word[n] = '\0';
			value = strchr(word, '=');
			if (value)
				*value++ = '\0';
			/* GRUB may pass the file's name first. */
			if (word[0] != '/' && word[0] != '(')
				set_option(word, value ? value : word + n);
		} else {
			log_warn("an option of over 127 bytes: ignored");
		}
		cmdline += n;
	}
}
