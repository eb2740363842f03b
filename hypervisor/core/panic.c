/* SPDX-License-Identifier: BSD-2-Clause */
/* The end: say what is known, then reboot or stop. */
#include <tenon/arch.h>
#include <tenon/boot.h>
#include <tenon/console.h>
#include <tenon/cpu.h>
#include <tenon/fmt.h>
#include <tenon/panic.h>

static bool is_panicking;

void panic(const char *fmt, ...)
{
	char text[200];
	va_list args;

	arch_irq_disable();
	console_force();
	if (is_panicking)
		arch_halt();
	is_panicking = true;
	arch_stop_others();
	va_start(args, fmt);
	fmt_vprint(text, sizeof(text), fmt, args);
	va_end(args);
	log_err("****************************************");
	log_err("PANIC on CPU %u: %s", this_cpu()->id, text);
	arch_dump();
	log_err("Tenon cannot go on.  Please report the lines above.");
	if (boot_options.noreboot) {
		log_err("Halted (noreboot): reset the machine by hand.");
		arch_halt();
	}
	log_err("Rebooting in 5 seconds (option noreboot prevents it).");
	log_err("****************************************");
	arch_delay_ms(5000);
	arch_reboot();
}
