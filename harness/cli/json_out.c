/* SPDX-License-Identifier: MIT */
#include "harness/cli/json_out.h"

#include "harness/cli/cli.h"
#include "harness/report/utf8.h"

#include <stdio.h>
#include <stdlib.h>

json_t *json_out_text(const char *text)
{
	CLEANUP(free_ptr) char *clean = text ? utf8_clean(text) : NULL;

	return clean ? json_string(clean) : json_null();
}

int json_out_print(json_t *document)
{
	CLEANUP(free_ptr)
	char *text =
		document ? json_dumps(document, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) : NULL;

	json_decref(document);
	if (!text)
		return cli_errorf(CLI_RIG, "out of memory");
	puts(text);
	return CLI_OK;
}
