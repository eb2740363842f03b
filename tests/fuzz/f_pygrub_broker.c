/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile bytes for pygrub-c's broker, which is in no jail; the first says for
 * what. 'w' messages of a jail, the second byte's lowest bit: they are answers;
 * 'k' a file that a driver has written and the broker takes for a kernel;
 * 't' a text of the guest on its way to a person's terminal.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <tenonctrl/why.h>
#include <unistd.h>
#include "output.h"
#include "text.h"
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a socket takes without anybody who reads. */
#define STREAM_MAX 32768

static void must(bool truth)
{
	if (!truth)
		abort();
}

/* One message of the stream. */
static int take(int sock, bool is_answer)
{
	struct wire_message m = { .op = WIRE_PROBE };
	struct why why = { "" };
	char *payload = NULL;
	int ret;

	ret = is_answer ? wire_ask(sock, &m, NULL, -1, &payload, 1000, &why)
			: wire_receive(sock, &m, &payload, NULL, 1000);
	if (ret) {
		must(!payload && (!is_answer || why.text[0]));
		return ret;
	}
	must(m.length <= WIRE_PAYLOAD_MAX && !payload[m.length]);
	must(!is_answer || (m.op == WIRE_ANSWER && !m.status));
	free(payload);
	return 0;
}

static void try_messages(const uint8_t *data, size_t size)
{
	bool is_answer = size && (*data & 1);
	int pair[2], count = 0;

	if (!size || size > STREAM_MAX)
		return;
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	must(write(pair[1], data + 1, size - 1) == (ssize_t)size - 1);
	must(!shutdown(pair[1], SHUT_WR));
	while (!take(pair[0], is_answer))
		must(++count <= (int)(size / sizeof(struct wire_message)));
	close(pair[0]);
	close(pair[1]);
}

static void try_kernel(const uint8_t *data, size_t size)
{
	struct output_file file = { .fd = memfd_create("kernel", 0) };
	struct why why = { "" };

	must(file.fd >= 0 && write(file.fd, data, size) == (ssize_t)size);
	if (output_check_kernel(&file, &why))
		must(why.text[0]);
	else
		must(size >= 2);
	close(file.fd);
}

/* What comes out is for a terminal, whatever the place for it is. */
static void try_text(const uint8_t *data, size_t size)
{
	size_t room = size ? 1U + *data : 1;
	char *text = strndup((const char *)data + (size > 0), size - !!size);
	char *out = malloc(room), *again = malloc(room);

	must(text && out && again);
	must(text_clean(text, out, room) == out && strlen(out) < room);
	for (const char *p = out; *p; p++)
		must((unsigned char)*p >= ' ' && *p != 127);
	must(!strcmp(text_clean(out, again, room), out));
	free(text);
	free(out);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	switch (*data) {
	case 'w':
		try_messages(data + 1, size - 1);
		break;
	case 'k':
		try_kernel(data + 1, size - 1);
		break;
	case 't':
		try_text(data + 1, size - 1);
		break;
	}
	return 0;
}
