/* SPDX-License-Identifier: MIT */
/* Command lines of programs that run in-process: what argp would print goes into a buffer, and nothing ends the process. */
#ifndef DFURIG_CLI_PARSE_TO_H
#define DFURIG_CLI_PARSE_TO_H

#include <argp.h>

#include "harness/base/buf.h"

#define PARSE_TO_GO_ON (-1)

/* name, as "dfurig ecu", stands in messages in place of argv[0]; argv ends with NULL. A parser must give up (return EINVAL) after argp_error, which
 * comes back here. argp has no children. Returns PARSE_TO_GO_ON, or what the command ends with: CLI_OK after --help,
 * CLI_USAGE after an error. */
MUST_CHECK int cli_parse_to(const struct argp *argp, const char *name, char *const argv[],
	void *input, struct buf *out);

#endif
