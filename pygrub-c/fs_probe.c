/* SPDX-License-Identifier: BSD-2-Clause */
/* What file system is in a part of the disk, by libblkid; see fs.h. */
#include <blkid.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/why.h>
#include "fs.h"
#include "jail.h"
#include "wire.h"

#define ANSWER_MAX 1024

/* Appends a value and its NUL; "" for one that is not there, or is too long. */
static void add(blkid_probe probe, const char *name, char *out, size_t *size)
{
	const char *value = NULL;
	size_t len = 0;

	if (probe && !blkid_probe_lookup_value(probe, name, &value, &len))
		len = strnlen(value, len);
	if (!value || len >= ANSWER_MAX - *size - 2)
		len = 0;
	memcpy(out + *size, value ? value : "", len);
	out[*size + len] = '\0';
	*size += len + 1;
}

static int answer(const struct wire_message *ask)
{
	struct wire_message m = { 0 };
	blkid_probe probe = blkid_new_probe();
	char out[ANSWER_MAX];
	size_t size = 0;
	int ret = -ENOMEM;

	if (probe && !blkid_probe_set_device(probe, JAIL_FD,
			     (blkid_loff_t)ask->a, (blkid_loff_t)ask->b)) {
		blkid_probe_enable_superblocks(probe, 1);
		blkid_probe_set_superblocks_flags(
			probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_UUID |
				       BLKID_SUBLKS_LABEL);
		/* Nothing found, or several things: then nothing is known. */
		if (blkid_do_safeprobe(probe)) {
			blkid_free_probe(probe);
			probe = NULL;
		}
		add(probe, "TYPE", out, &size);
		add(probe, "UUID", out, &size);
		add(probe, "LABEL", out, &size);
		ret = 0;
	}
	blkid_free_probe(probe);
	return wire_answer(JAIL_SOCK, &m, ret, out, ret ? 0 : size);
}

int fs_probe_run(void *unused)
{
	struct wire_message m;
	struct why why;
	char *payload;
	int ret = jail_lock(JAIL_DISK);

	(void)unused;
	if (ret) {
		why_set(&why, ret, "no filter of system calls: %s",
			strerror(-ret));
		wire_fail(JAIL_SOCK, ret, &why);
		return 1;
	}
	while (!ret) {
		ret = wire_receive(JAIL_SOCK, &m, &payload, NULL, -1);
		if (ret)
			break;
		free(payload);
		ret = m.op == WIRE_PROBE ? answer(&m) : -EPROTO;
	}
	return ret == -EPIPE ? 0 : 1;
}
