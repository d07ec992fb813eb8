/* SPDX-License-Identifier: MIT */
/* A small table for people: a head, rows, columns as wide as they need. */
#ifndef DFURIG_CLI_TABLE_H
#define DFURIG_CLI_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "harness/base/attr.h"

#define TABLE_COLUMN_MAX 8
#define TABLE_CELL_SIZE  192

/* All zero is an empty table. */
struct table {
	char (*rows)[TABLE_COLUMN_MAX][TABLE_CELL_SIZE]; /* owned */
	size_t count;
};

/* Adds a row of the cells up to the first NULL (at most TABLE_COLUMN_MAX), each cut to TABLE_CELL_SIZE. The first
 * row is the head. 0 or -ENOMEM. */
MUST_CHECK int table_add(struct table *table, const char *const cells[]);

/* table_add(table, "a", "b") */
#define TABLE_ADD(table, ...) table_add((table), (const char *const[]){__VA_ARGS__, NULL})

/* Columns stand two blanks apart; UTF-8 letters count as one each. */
void table_print(const struct table *table, FILE *out);

void table_done(struct table *table);

#endif
