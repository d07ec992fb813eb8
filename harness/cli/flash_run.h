/* SPDX-License-Identifier: MIT */
/* One update by the built-in client, by each way to a board that `dfurig flash` has. */
#ifndef DFURIG_CLI_FLASH_RUN_H
#define DFURIG_CLI_FLASH_RUN_H

#include "harness/cli/rig.h"
#include "harness/dfu/image.h"
#include "harness/host/dfuse_client.h"

struct flash_job {
	struct rig_options rig; /* of the simulated board, for direct and mock */
	struct dfuse_options update;
	struct dfuse_filter filter;
	bool json;
	const struct image *image; /* borrowed */
	char **argv;               /* the command line of `dfurig flash`; borrowed */
};

/* Each prints the story or JSON and returns the exit code. */

/* A simulated board inside this process, on virtual time. */
int flash_run_direct(const struct flash_job *job);

/* Whatever device libusb finds. */
int flash_run_libusb(const struct flash_job *job);

/* A simulated board below the real libusb: this program again, with --transport libusb, under the mock. */
int flash_run_mock(const struct flash_job *job);

/* True in the process that flash_run_mock starts. */
bool flash_run_is_child(void);

#endif
