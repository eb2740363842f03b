/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for libFuzzer's main where there is none: gives each file named
 * on the command line to the target, once, and names it first, so that the
 * last name printed before a crash is the one to look at.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Leaves when the file cannot be read whole; the caller frees the bytes. */
static uint8_t *read_file(const char *name, size_t *size)
{
	FILE *file = fopen(name, "rb");
	uint8_t *data;
	long length;

	if (!file || fseek(file, 0, SEEK_END) || (length = ftell(file)) < 0) {
		fprintf(stderr, "%s: %s\n", name, strerror(errno));
		exit(1);
	}
	rewind(file);
	/* Exactly as large as the input, so that a sanitizer sees the end. */
	data = malloc(length ? (size_t)length : 1);
	if (!data || fread(data, 1, (size_t)length, file) != (size_t)length) {
		fprintf(stderr, "%s: cannot read %ld bytes\n", name, length);
		exit(1);
	}
	fclose(file);
	*size = (size_t)length;
	return data;
}

int main(int argc, char *argv[])
{
	for (int i = 1; i < argc; i++) {
		size_t size;
		uint8_t *data = read_file(argv[i], &size);

		fprintf(stderr, "%s\n", argv[i]);
		LLVMFuzzerTestOneInput(data, size);
		free(data);
	}
	return 0;
}
