/* SPDX-License-Identifier: MIT */
#include "harness/base/names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *names_text(const struct names *names, size_t value)
{
	return value < names->count && names->text[value] ? names->text[value] : "?";
}

int names_value(const struct names *names, const char *text)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->text[i] && strcmp(names->text[i], text) == 0)
			return (int)i;
	return -ENOENT;
}

const char *names_list(const struct names *names, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < names->count; i++) {
		if (!names->text[i] || used >= size)
			continue;
		used += (size_t)snprintf(
			out + used, size - used, "%s%s", used ? ", " : "", names->text[i]);
	}
	return out;
}
