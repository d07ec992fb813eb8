/* SPDX-License-Identifier: MIT */
#include "harness/report/format.h"

#include <string.h>

const char *format_u64(uint64_t value, char out[static FORMAT_U64_SIZE])
{
	char digits[FORMAT_U64_SIZE];
	char *first = digits + sizeof(digits) - 1;
	int count = 0;

	*first = '\0';
	do {
		if (count && count % 3 == 0)
			*--first = ',';
		*--first = (char)('0' + value % 10);
		value /= 10;
		count++;
	} while (value);
	memmove(out, first, strlen(first) + 1);
	return out;
}
