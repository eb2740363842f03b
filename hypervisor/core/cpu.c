/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of physical CPUs; filled by the architecture at boot. */
#include <tenon/cpu.h>

struct cpu *cpus[NR_CPUS];
cpumask_t cpus_online;
unsigned cpu_count;
