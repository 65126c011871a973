/* SPDX-License-Identifier: Apache-2.0 */
/* Address texts: any is parsed or refused, and what is parsed survives being written and parsed again. */
#include "duplex.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	struct dx_address address, again;
	char written[DX_ADDRESS_TEXT];
	if (!dx_address_parse(text, &address)) {
		if (dx_address_format(&address, written, sizeof(written)) < 0 || dx_address_parse(written, &again)
				|| memcmp(&address, &again, sizeof(address)))
			abort();
	}
	free(text);
	return 0;
}
