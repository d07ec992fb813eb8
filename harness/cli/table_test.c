/* SPDX-License-Identifier: MIT */
#include "harness/cli/table.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void expect_table(const struct table *table, const char *expected)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	table_print(table, out);
	fclose(out);
	cr_expect_str_eq(text, expected, "got:\n%s", text);
	free(text);
}

Test(table, columns_are_as_wide_as_they_need_and_lines_end_without_blanks)
{
	struct table table = {0};

	cr_assert_eq(TABLE_ADD(&table, "NAME", "N", "REST"), 0);
	cr_assert_eq(TABLE_ADD(&table, "a", "1000", ""), 0);
	cr_assert_eq(TABLE_ADD(&table, "b\u00e4cker", "", "x"), 0);
	expect_table(&table, "NAME    N     REST\n"
			     "a       1000\n"
			     "b\u00e4cker        x\n");
	table_done(&table);
}

Test(table, an_empty_table_prints_nothing)
{
	struct table table = {0};

	expect_table(&table, "");
	table_done(&table);
}
