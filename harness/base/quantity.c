/* SPDX-License-Identifier: MIT */
#include "harness/base/quantity.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define DAY_US (UINT64_C(86400) * 1000000)

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit times[] = {
	{"us", 1}, {"ms", 1000}, {"s", 1000000}, {"min", UINT64_C(60) * 1000000}};
static const struct unit sizes[] = {
	{"", 1}, {"bytes", 1}, {"byte", 1}, {"KiB", 1024}, {"MiB", 1024u * 1024u}};

static const struct unit *find_unit(const struct unit *units, size_t count, const char *name)
{
	while (isblank((unsigned char)*name))
		name++;
	for (size_t i = 0; i < count; i++)
		if (strcmp(units[i].name, name) == 0)
			return &units[i];
	return NULL;
}

int quantity_time_us(const char *text, uint64_t *ret)
{
	const struct unit *unit;
	double value;
	char *end;

	/* strtod knows more than people write: hexadecimal, infinity, signs. */
	if (!isdigit((unsigned char)*text) || strspn(text, "0123456789.") == 0 || text[1] == 'x')
		return -EINVAL;
	value = strtod(text, &end);
	unit = find_unit(times, ARRAY_SIZE(times), end);
	if (!unit || value * (double)unit->factor > (double)DAY_US)
		return -EINVAL;
	*ret = (uint64_t)(value * (double)unit->factor + 0.5);
	return 0;
}

static int digit_of(char c, unsigned int base)
{
	int digit = isdigit((unsigned char)c)    ? c - '0'
		    : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
						 : -1;

	return digit < (int)base ? digit : -1;
}

int quantity_size(const char *text, uint32_t *ret)
{
	unsigned int base = text[0] == '0' && tolower((unsigned char)text[1]) == 'x' ? 16 : 10;
	const char *at = base == 16 ? text + 2 : text;
	const struct unit *unit;
	uint64_t value = 0;

	if (digit_of(*at, base) < 0)
		return -EINVAL;
	for (; digit_of(*at, base) >= 0 || (*at == ',' && digit_of(at[1], base) >= 0); at++) {
		if (*at != ',')
			value = value * base + (unsigned int)digit_of(*at, base);
		if (value > UINT32_MAX)
			return -EINVAL;
	}
	unit = find_unit(sizes, ARRAY_SIZE(sizes), at);
	if (!unit || value * unit->factor > UINT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)(value * unit->factor);
	return 0;
}
