/* SPDX-License-Identifier: MIT */
#include "harness/base/names.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>

static const char *const text[] = {[0] = "off", [2] = "on"};
static const struct names names = NAMES(text);

Test(names, go_both_ways)
{
	cr_expect_str_eq(names_text(&names, 2), "on");
	cr_expect_eq(names_value(&names, "on"), 2);
	cr_expect_eq(names_value(&names, "off"), 0);
}

Test(names, unknown_values_and_gaps_have_a_text)
{
	cr_expect_str_eq(names_text(&names, 1), "?");
	cr_expect_str_eq(names_text(&names, 3), "?");
	cr_expect_str_eq(names_text(&names, SIZE_MAX), "?");
	cr_expect_eq(names_value(&names, "onn"), -ENOENT);
}

Test(names, are_listed_for_messages)
{
	char out[32];

	cr_expect_str_eq(names_list(&names, out, sizeof(out)), "off, on");
	cr_expect_str_eq(names_list(&names, out, 6), "off, ");
	cr_expect_str_eq(names_list(&names, out, 1), "");
}
