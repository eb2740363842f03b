/* SPDX-License-Identifier: BSD-2-Clause */
/* The page of stubs that guests without inline SYSCALL call. */
#include <tenon/pv.h>
#include <tenon/string.h>

#define STUB_SIZE  32
#define STUB_COUNT 64
#define NR_IRET	   23

void pv_fill_hypercall_page(void *page)
{
	uint8_t *p = page;

	memset(p, 0xcc, STUB_SIZE * STUB_COUNT * 2);
	for (unsigned nr = 0; nr < STUB_COUNT; nr++, p += STUB_SIZE) {
		/* push %rcx; push %r11; mov $nr, %eax; syscall;
		 * pop %r11; pop %rcx; ret */
		static const uint8_t call[] = { 0x51, 0x41, 0x53, 0xb8, 0, 0, 0,
			0, 0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3 };
		/* push %rcx; push %r11; push %rax; mov $23, %eax; syscall */
		static const uint8_t iret[] = { 0x51, 0x41, 0x53, 0x50, 0xb8,
			NR_IRET, 0, 0, 0, 0x0f, 0x05 };

		if (nr == NR_IRET) {
			memcpy(p, iret, sizeof(iret));
			continue;
		}
		memcpy(p, call, sizeof(call));
		p[4] = (uint8_t)nr;
	}
}
