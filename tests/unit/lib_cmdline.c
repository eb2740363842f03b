/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line's options, what they warn of, and guests' lines in the log
 * as guest_loglvl= wants them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <tenon/boot.h>
#include <tenon/console.h>
#include <tenon/domain.h>
#include <arch/fake.h>

static char said[8192];
static struct boot_options defaults;

static void hear(const char *s, size_t n)
{
	size_t used = strlen(said);

	assert_true(used + n < sizeof(said));
	memcpy(said + used, s, n);
	said[used + n] = '\0';
}

static unsigned lines(void)
{
	unsigned n = 0;

	for (const char *p = said; (p = strchr(p, '\n')) != NULL; p++)
		n++;
	return n;
}

static void parse(const char *line)
{
	boot_options = defaults;
	said[0] = '\0';
	cmdline_parse(line);
}

static void memory(void **state)
{
	const struct boot_options *o = &boot_options;

	(void)state;
	parse("dom0_mem=2G,min:512M,max:-1g dom0_max_vcpus=3 dom0_vcpus_pin");
	assert_int_equal(o->dom0_mem.bytes, GIB(2));
	assert_false(o->dom0_mem.is_less);
	assert_int_equal(o->dom0_mem_min.bytes, MIB(512));
	assert_int_equal(o->dom0_mem_max.bytes, GIB(1));
	assert_true(o->dom0_mem_max.is_less);
	assert_int_equal(o->dom0_max_vcpus, 3);
	assert_true(o->dom0_vcpus_pin);
	assert_string_equal(said, "");

	parse("dom0_mem=-256M");
	assert_true(o->dom0_mem.is_less);
	assert_int_equal(o->dom0_mem.bytes, MIB(256));
	parse("dom0_mem=lots,max:,1G dom0_max_vcpus=two conring_size=big");
	assert_int_equal(o->dom0_mem.bytes, GIB(1));
	assert_int_equal(o->dom0_mem_max.bytes, 0);
	assert_int_equal(lines(), 4);
	parse("conring_size=64k gnttab_max_frames=8 "
	      "gnttab_max_maptrack_frames=9");
	assert_int_equal(o->ring_size, KIB(64));
	assert_int_equal(o->grant_frames, 8);
	assert_int_equal(o->maptrack_frames, 9);
	assert_string_equal(said, "");
}

static void words(void **state)
{
	const struct boot_options *o = &boot_options;

	(void)state;
	parse("smap=off smep=no nmi=fatal conswitch=bx noreboot=0 nosmp");
	assert_int_equal(o->smap, 0);
	assert_int_equal(o->smep, 0);
	assert_int_equal(o->nmi, BOOT_NMI_FATAL);
	assert_int_equal(o->conswitch, 'b');
	assert_true(o->keeps_input);
	assert_false(o->noreboot);
	assert_int_equal(o->max_cpus, 1);
	assert_int_equal(o->x2apic, -1);
	parse("x2apic smap=on nmi=dom0 conswitch=a noreboot console=vga,com1,none");
	assert_int_equal(o->smap, 1);
	assert_int_equal(o->x2apic, 1);
	assert_true(o->noreboot);
	assert_false(o->keeps_input);
	assert_true(o->console_vga && o->console_com1);
	parse("smap=auto");
	assert_int_equal(o->smap, -1);
	assert_string_equal(said, "");
	parse("xsm=silo");
	assert_true(o->is_silo);
	parse("xsm=silo xsm=dummy");
	assert_false(o->is_silo);
	parse("xsm=flask");
	assert_false(o->is_silo);
	assert_int_equal(lines(), 1);
	parse("nmi=perhaps conswitch=7 loglvl=loud console=dbgp");
	assert_int_equal(o->nmi, BOOT_NMI_DOM0);
	assert_int_equal(o->conswitch, 'a');
	assert_int_equal(lines(), 4);

	parse("loglvl=all guest_loglvl=error/debug");
	assert_int_equal(o->loglvl, LOG_DEBUG);
	assert_int_equal(o->guest_loglvl, LOG_ERR);
	assert_int_equal(o->guest_loglvl_limited, LOG_DEBUG);
}

static void without_effect(void **state)
{
	(void)state;
	parse("placeholder edd=off no-real-mode sched=credit2 iommu=off "
	      "iommu=no-intremap iommu=0 watchdog=0 ucode=no /boot/tenon.gz");
	assert_string_equal(said, "");
	parse("sched=rtds iommu=on iommu=pv,force iommu watchdog ucode=scan "
	      "cpufreq=xen flask=enforcing xsave=1 spec-ctrl=yes crashkernel=256M com2=9600 "
	      "console_timestamps=date credit2_runqueue=core vga=keep wat=1");
	assert_int_equal(lines(), 16);
	assert_non_null(strstr(said, "there is one scheduler"));
	assert_non_null(strstr(said, "option 'ucode' has no effect"));
	assert_non_null(strstr(said, "unknown option 'wat'"));
}

static void speak(struct domain *d, unsigned n)
{
	said[0] = '\0';
	for (unsigned i = 0; i < n; i++)
		log_guest(d, "line");
}

static void guests_lines(void **state)
{
	struct domain *a, *b;

	(void)state;
	a = fake_domain(1, 1, 1);
	b = fake_domain(2, 1, 1);
	fake_advance(5000000000);
	parse("");
	speak(a, 100);
	assert_int_equal(lines(), 20);
	/* Another is heard all the same. */
	speak(b, 3);
	assert_int_equal(lines(), 3);
	fake_advance(1000000000);
	speak(a, 1);
	assert_string_equal(said, "(TN) d1: 80 lines dropped\n"
				  "(TN) d1: line\n");
	parse("guest_loglvl=all");
	speak(a, 100);
	assert_int_equal(lines(), 100);
	parse("guest_loglvl=error");
	speak(b, 10);
	assert_int_equal(lines(), 0);
	fake_domain_free(a);
	fake_domain_free(b);
}

/* A larger ring has what the small one had, and keeps more. */
static void log_ring(void **state)
{
	static char buf[100000];
	uint64_t index = 0, base;
	size_t n;

	(void)state;
	console_ring_clear();
	base = console_ring_read(&index, buf, 1) + index;
	for (unsigned i = 0; i < 40000; i++)
		console_write(i % 1000 ? "x" : "N", 1);
	said[0] = '\0';
	n = console_ring_read(&index, buf, sizeof(buf));
	assert_int_equal(n, 32768);
	assert_int_equal(index, base + 40000);
	console_grow_ring(10000);
	console_grow_ring(KIB(64));
	for (unsigned i = 0; i < 10000; i++)
		console_write("y", 1);
	index = 0;
	n = console_ring_read(&index, buf, sizeof(buf));
	assert_int_equal(n, 42768);
	/* Byte 8000 comes after the 7232 that were lost. */
	assert_int_equal(buf[768], 'N');
	assert_int_equal(buf[769], 'x');
	assert_int_equal(buf[42767], 'y');
	/* The ring lives for ever: no fake_stop, which would free it. */
}

static void hear_nothing(const char *s, size_t n)
{
	(void)s;
	(void)n;
}

int main(void)
{
	static struct console_out ear = { .name = "ear", .put = hear };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory),
		cmocka_unit_test(words),
		cmocka_unit_test(without_effect),
		cmocka_unit_test(guests_lines),
	};
	const struct CMUnitTest last[] = { cmocka_unit_test(log_ring) };
	int failed;

	defaults = boot_options;
	fake_start(1024, 1);
	console_register(&ear);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	ear.put = hear_nothing;
	return failed + cmocka_run_group_tests(last, NULL, NULL);
}
