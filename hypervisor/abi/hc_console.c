/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * console_io: dom0's bytes go out as they are; what other domains write is
 * collected into lines, tagged with the domain and limited in rate.
 */
#include <tenon/console.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/hypercall.h>
#include <tenon/page.h>
#include <public/xen.h>

#define PIECE	 128 /* bytes copied at a time */
#define LINE_MAX 120 /* bytes of a guest's line */

/* Add bytes to d's line and print it at each newline or when it is full. */
static long line_add(struct domain *d, const char *s, unsigned n)
{
	unsigned i;
	long r = 0;

	lock_take(&d->lock);
	if (!d->console_line)
		d->console_line = heap_alloc(LINE_MAX + 1);
	if (!d->console_line) {
		r = -ENOMEM;
		goto out;
	}
	for (i = 0; i < n; i++) {
		if (s[i] != '\n') {
			/* Nothing that moves the operator's cursor. */
			d->console_line[d->console_used++] =
				s[i] >= ' ' && s[i] <= '~' ? s[i] : ' ';
			if (d->console_used < LINE_MAX)
				continue;
		}
		d->console_line[d->console_used] = '\0';
		d->console_used = 0;
		log_guest(d, "%s", d->console_line);
	}
out:
	lock_drop(&d->lock);
	return r;
}

static long do_write(struct hypercall *hc, uint32_t count, vaddr_t va)
{
	char piece[PIECE];
	unsigned n;
	long r;

	while (count) {
		n = MIN(count, PIECE);
		if (arch_copy_from_guest(piece, va, n) != 0)
			return -EFAULT;
		if (hc->d->is_hardware) {
			console_write(piece, n);
		} else {
			r = line_add(hc->d, piece, n);
			if (r)
				return r;
		}
		va += n;
		count -= n;
		if (count && hypercall_should_yield()) {
			hc->arg[1] = count;
			hc->arg[2] = va;
			return -ERESTART_HC;
		}
	}
	return 0;
}

static long do_read(uint32_t count, vaddr_t va)
{
	char piece[PIECE];
	size_t n, done = 0;

	while (done < count) {
		n = console_read(piece, MIN(count - done, PIECE));
		if (!n)
			break;
		if (arch_copy_to_guest(va + done, piece, n) != 0)
			return -EFAULT;
		done += n;
	}
	return (long)done;
}

/* Arguments: the command, bytes, where. */
long hc_console_io(struct hypercall *hc)
{
	uint32_t count = (uint32_t)hc->arg[1];

	switch ((uint32_t)hc->arg[0]) {
	case CONSOLEIO_write:
		return do_write(hc, count, hc->arg[2]);
	case CONSOLEIO_read:
		if (!hc->d->is_hardware)
			return -EPERM;
		if (count > INT32_MAX)
			return -E2BIG;
		return do_read(count, hc->arg[2]);
	default:
		return -ENOSYS;
	}
}
