/* SPDX-License-Identifier: MIT */
/* What the subcommands print with --json. */
#ifndef DFURIG_CLI_JSON_OUT_H
#define DFURIG_CLI_JSON_OUT_H

#include <jansson.h>

#include "harness/base/attr.h"

/* A text of unknown origin: bytes that are no UTF-8 become U+FFFD; NULL becomes null. Owned by the caller. */
json_t *json_out_text(const char *text);

/* Prints the document on stdout; it is taken. CLI_OK, or CLI_RIG with a message. */
MUST_CHECK int json_out_print(json_t *document);

#endif
