/* SPDX-License-Identifier: MIT */
/*
 * The table of causes, from its parts. A row is evidence -> cause -> remedy; comments at the rows name where a cause is known
 * from.
 *
 * The order counts among rows of the same sureness: what hides the others comes first. One cause may have several rows, for
 * different evidence; the first that fits tells it.
 */
#include "harness/triage/rows.h"

static const struct triage_rows *const parts[] = {
	&triage_rows_machine,
	&triage_rows_nothing,
	&triage_rows_dfu,
	&triage_rows_ecu,
	&triage_rows_tool,
};

const struct triage_row *triage_row(size_t index)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (index < parts[i]->count)
			return &parts[i]->rows[index];
		index -= parts[i]->count;
	}
	return NULL;
}
