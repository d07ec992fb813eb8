/* SPDX-License-Identifier: MIT */
/* What `dfurig ecu info` asks, and how it is shown. */
#ifndef DFURIG_CLI_ECU_INFO_H
#define DFURIG_CLI_ECU_INFO_H

#include "harness/base/buf.h"
#include "harness/cli/ecu_link.h"

/* Asks all there is to ask and prints it, as text or as one JSON object. What the ECU does not answer is shown as such. 0,
 * -ENODEV: it left meanwhile; -ENOMEM. */
MUST_CHECK int ecu_info(struct ecu_link *link, bool json, struct buf *out, struct why *why);

#endif
