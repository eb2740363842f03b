/* SPDX-License-Identifier: BSD-2-Clause */
/* writes PAGES MIB: writes to PAGES pages a second, one after another of MIB,
 * a tenth of them each tenth of a second. */
#include <stdlib.h>
#include <unistd.h>

#define PAGE 4096UL

int main(int argc, char **argv)
{
	unsigned long pages, all, at = 0;
	unsigned char *memory;

	if (argc != 3)
		return 2;
	pages = strtoul(argv[1], NULL, 10) / 10;
	all = strtoul(argv[2], NULL, 10) << 8;
	memory = calloc(all, PAGE);
	if (!memory || !all)
		return 1;
	for (;;) {
		for (unsigned long i = 0; i < pages; i++, at = (at + 1) % all)
			memory[at * PAGE]++;
		usleep(100000);
	}
}
