/* SPDX-License-Identifier: MIT */
#include "harness/cli/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GAP 2

static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

int table_add(struct table *table, const char *const cells[])
{
	char(*more)[TABLE_COLUMN_MAX][TABLE_CELL_SIZE];

	more = realloc(table->rows, (table->count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	table->rows = more;
	more += table->count++;
	memset(more, 0, sizeof(*more));
	for (size_t i = 0; i < TABLE_COLUMN_MAX && cells[i]; i++)
		snprintf((*more)[i], TABLE_CELL_SIZE, "%s", cells[i]);
	return 0;
}

static void print_row(char row[TABLE_COLUMN_MAX][TABLE_CELL_SIZE],
	const size_t widths[TABLE_COLUMN_MAX], FILE *out)
{
	size_t blanks = 0;

	for (size_t i = 0; i < TABLE_COLUMN_MAX; i++) {
		if (row[i][0]) {
			fprintf(out, "%*s%s", (int)blanks, "", row[i]);
			blanks = 0;
		}
		blanks += widths[i] + GAP - width_of(row[i]);
	}
	fputc('\n', out);
}

void table_print(const struct table *table, FILE *out)
{
	size_t widths[TABLE_COLUMN_MAX] = {0};

	for (size_t row = 0; row < table->count; row++)
		for (size_t i = 0; i < TABLE_COLUMN_MAX; i++) {
			size_t width = width_of(table->rows[row][i]);

			widths[i] = width > widths[i] ? width : widths[i];
		}
	for (size_t row = 0; row < table->count; row++)
		print_row(table->rows[row], widths, out);
}

void table_done(struct table *table)
{
	free(table->rows);
	*table = (struct table){0};
}
