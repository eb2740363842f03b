/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration files: no text may break the parser or the guest made of it;
 * every refusal says why.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/why.h>
#include "common/config.h"
#include "common/guest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(const char *text)
{
	(void)text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config = { 0 };
	struct why why = { "" };
	struct guest guest;
	int ret = config_parse(&config, "fuzz", (const char *)data, size, &why);

	if (!ret) {
		ret = guest_from_config(&guest, &config, ignore, &why);
		if (!ret)
			guest_free(&guest);
	}
	if (ret && !why.text[0])
		abort();
	config_free(&config);
	return 0;
}
