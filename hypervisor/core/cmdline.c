/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line: words of name=value, with the names that GRUB entries
 * written for Xen have.  What is unknown, or known and without effect here,
 * warns in a line and is ignored.
 */
#include <tenon/boot.h>
#include <tenon/console.h>
#include <tenon/fmt.h>
#include <tenon/string.h>

struct boot_options boot_options = {
	.smap = -1,
	.x2apic = -1,
	.smep = -1,
	.loglvl = LOG_INFO,
	.guest_loglvl = LOG_NONE,
	.guest_loglvl_limited = LOG_WARN,
	.com1_baud = 115200,
	.com1_port = 0x3f8,
	.conswitch = 'a',
	.nmi = BOOT_NMI_DOM0,
	/* Stock's documented defaults. */
	.grant_frames = 64,
	.maptrack_frames = 1024,
};

static bool is_one_of(const char *value, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(value, *words))
			return true;
	return false;
}

static bool is_false(const char *value)
{
	static const char *const words[] = { "0", "off", "no", "false",
		"disable", "none", NULL };

	return is_one_of(value, words);
}

static bool is_true(const char *value)
{
	static const char *const words[] = { "", "1", "on", "yes", "true",
		"enable", NULL };

	return is_one_of(value, words);
}

static void log_bad(const char *name, const char *value, const char *want)
{
	log_warn("%s=%s: ignored, for it is not %s", name, value, want);
}

/* The comma-separated words of *list, one a call; NULL: no more. */
static char *next_word(char **list)
{
	char *word = *list;

	if (!word)
		return NULL;
	*list = strchr(word, ',');
	if (*list)
		*(*list)++ = '\0';
	return word;
}

/* dom0_mem=[min:|max:][-]SIZE, and several of them. */
static void set_dom0_mem(const char *name, char *value)
{
	char *word;

	while ((word = next_word(&value)) != NULL) {
		struct boot_amount *to = &boot_options.dom0_mem, got = { 0 };
		const char *size = word;

		if (!strncmp(word, "max:", 4))
			to = &boot_options.dom0_mem_max;
		else if (!strncmp(word, "min:", 4))
			to = &boot_options.dom0_mem_min;
		if (to != &boot_options.dom0_mem)
			size += 4;
		got.is_less = *size == '-';
		if (parse_size(size + got.is_less, NULL, &got.bytes))
			log_bad(name, word, "a size such as 1024M");
		else
			*to = got;
	}
}

/* The outputs, in any order. */
static void set_console(const char *name, char *value)
{
	char *word;

	while ((word = next_word(&value)) != NULL) {
		if (!strcmp(word, "com1"))
			boot_options.console_com1 = true;
		else if (!strcmp(word, "vga"))
			boot_options.console_vga = true;
		else if (strcmp(word, "none"))
			log_bad(name, word, "com1, vga or none");
	}
}

/* BAUD[,8n1[,PORT[,IRQ]]] */
static void set_com1(const char *name, char *value)
{
	const char *p = value;
	uint64_t n;

	(void)name;
	if (parse_u64(value, &p, &n) == 0 && n > 0 && n <= 115200)
		boot_options.com1_baud = (unsigned)n;
	for (int commas = 0; *p && commas < 2; p++)
		commas += *p == ',';
	if (*p && parse_u64(p, &p, &n) == 0 && n > 0 && n < 0x10000)
		boot_options.com1_port = (uint16_t)n;
}

/* LEVEL, or LEVEL/LEVEL: shown always, and at a limited rate. */
static void set_level(const char *name, char *value)
{
	static const struct {
		const char *name;
		signed char level;
	} levels[] = { { "none", LOG_NONE }, { "error", LOG_ERR },
		{ "warning", LOG_WARN }, { "info", LOG_INFO },
		{ "debug", LOG_DEBUG }, { "all", LOG_DEBUG } };
	char *second = strchr(value, '/');
	signed char got[2] = { -2, -2 };

	if (second)
		*second++ = '\0';
	for (unsigned i = 0; i < ARRAY_SIZE(levels); i++) {
		if (!strcmp(value, levels[i].name))
			got[0] = levels[i].level;
		if (second && !strcmp(second, levels[i].name))
			got[1] = levels[i].level;
	}
	if (got[0] == -2 || (second && got[1] == -2)) {
		log_bad(name, value,
			"none, error, warning, info, debug or all");
		return;
	}
	got[1] = MAX(got[0], got[1]);
	if (!strcmp(name, "loglvl")) {
		/* Our own messages need no limit. */
		boot_options.loglvl = got[1];
	} else {
		boot_options.guest_loglvl = got[0];
		boot_options.guest_loglvl_limited = got[1];
	}
}

static void set_automatic(const char *name, char *value)
{
	int *option = !strcmp(name, "smap")   ? &boot_options.smap
		      : !strcmp(name, "smep") ? &boot_options.smep
					      : &boot_options.x2apic;

	*option = !strcmp(value, "auto") ? -1 : is_true(value);
}

static void set_nmi(const char *name, char *value)
{
	static const char *const names[] = { [BOOT_NMI_IGNORE] = "ignore",
		[BOOT_NMI_DOM0] = "dom0",
		[BOOT_NMI_FATAL] = "fatal" };

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(value, names[i])) {
			boot_options.nmi = i;
			return;
		}
	log_bad(name, value, "ignore, dom0 or fatal");
}

/* LETTER[x]; x: the hypervisor keeps the serial input when dom0 starts. */
static void set_conswitch(const char *name, char *value)
{
	char letter = (char)(value[0] | 0x20);

	if (letter < 'a' || letter > 'z') {
		log_bad(name, value, "a letter, perhaps with x behind");
		return;
	}
	boot_options.conswitch = letter;
	boot_options.keeps_input = value[1] == 'x';
}

static void set_ring(const char *name, char *value)
{
	if (parse_size(value, NULL, &boot_options.ring_size))
		log_bad(name, value, "a size such as 64k");
}

static void set_nosmp(const char *name, char *value)
{
	(void)name;
	(void)value;
	boot_options.max_cpus = 1;
}

static void set_scheduler(const char *name, char *value)
{
	if (strcmp(value, "credit2"))
		log_warn("%s=%s: there is one scheduler, fair by weights as "
			 "credit2 is: it is used",
			name, value);
}

/* The policies; Flask's would be loaded and is not here. */
static void set_xsm(const char *name, char *value)
{
	if (!strcmp(value, "silo"))
		boot_options.is_silo = true;
	else if (!strcmp(value, "dummy"))
		boot_options.is_silo = false;
	else
		log_bad(name, value, "dummy or silo");
}

static void set_iommu(const char *name, char *value)
{
	char *word;
	bool is_asked = !*value;

	while ((word = next_word(&value)) != NULL)
		is_asked |= !is_false(word) && strncmp(word, "no-", 3) != 0;
	if (is_asked)
		log_warn("%s: there is no IOMMU support: devices reach all "
			 "memory, and none can be given to a guest",
			name);
}

static const struct {
	const char *name;
	void (*set)(const char *name, char *value);
} settings[] = { { "dom0_mem", set_dom0_mem }, { "console", set_console },
	{ "com1", set_com1 }, { "loglvl", set_level },
	{ "guest_loglvl", set_level }, { "smap", set_automatic },
	{ "smep", set_automatic }, { "x2apic", set_automatic },
	{ "nmi", set_nmi }, { "conswitch", set_conswitch },
	{ "conring_size", set_ring }, { "nosmp", set_nosmp },
	{ "sched", set_scheduler }, { "iommu", set_iommu },
	{ "xsm", set_xsm } };

static const struct {
	const char *name;
	unsigned *value;
} numbers[] = { { "dom0_max_vcpus", &boot_options.dom0_max_vcpus },
	{ "maxcpus", &boot_options.max_cpus },
	{ "gnttab_max_frames", &boot_options.grant_frames },
	{ "gnttab_max_maptrack_frames", &boot_options.maptrack_frames } };

static const struct {
	const char *name;
	bool *value;
} flags[] = { { "noreboot", &boot_options.noreboot },
	{ "dom0_vcpus_pin", &boot_options.dom0_vcpus_pin } };

/* Known, and nothing here to set: to be turned off is what they are. */
static const char *const idle_options[] = { "com2", "console_timestamps",
	"cpufreq", "crashkernel", "credit2_runqueue", "flask", "spec-ctrl",
	"ucode", "vga", "watchdog", "xsave" };

/* For boot code of Xen that this one does not have; and Debian's mark. */
static const char *const silent[] = { "placeholder", "no-real-mode", "edd",
	NULL };

static void set_option(const char *name, char *value)
{
	uint64_t n;

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		if (!strcmp(name, settings[i].name)) {
			settings[i].set(name, value);
			return;
		}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!strcmp(name, numbers[i].name)) {
			if (parse_u64(value, NULL, &n) || n > 0xffffffff)
				log_bad(name, value, "a number");
			else
				*numbers[i].value = (unsigned)n;
			return;
		}
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (!strcmp(name, flags[i].name)) {
			*flags[i].value = is_true(value);
			return;
		}
	for (size_t i = 0; i < ARRAY_SIZE(idle_options); i++)
		if (!strcmp(name, idle_options[i])) {
			if (!is_false(value))
				log_warn("option '%s' has no effect", name);
			return;
		}
	if (!is_one_of(name, silent))
		log_warn("unknown option '%s' on the command line: ignored",
			name);
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
