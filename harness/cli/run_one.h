/* SPDX-License-Identifier: MIT */
/* One run: a scenario with a flasher over a transport, from the boards' making to the verdict. */
#ifndef DFURIG_CLI_RUN_ONE_H
#define DFURIG_CLI_RUN_ONE_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/cli/run_pool.h"
#include "harness/ports/flasher.h"
#include "harness/scenario/scenario.h"
#include "simulators/stm32/rom_dfu.h"

enum run_transport {
	RUN_DIRECT, /* in this process, on virtual time */
	RUN_MOCK,   /* real programs below the mock */
	RUN_TRANSPORT_COUNT,
};

extern const struct names run_transport_names; /* "direct", "mock" */
extern const struct names run_pace_names;      /* "chip", "fast" */

/* All borrowed. */
struct run_request {
	const struct scenario *scenario;
	const struct flasher *flasher;
	enum run_transport transport;
	const char *board; /* in place of the scenario's; NULL = as it says */
	uint64_t seed;
	enum rom_pace pace;
	const struct fault_plan *faults; /* besides the scenario's; NULL = none */
	const char *work;    /* folder for what programs read; exists, removed by the caller */
	const char *capture; /* file for the USB traffic; "" = none */
	bool verbose;        /* the story in the text, not only of a FAIL */
	bool quiet;          /* nobody will tell the story: none is kept */
	bool colour;
	int scenario_width, flasher_width; /* of the columns on the terminal */
};

/* Whether its program is here; "dfurig" is this one. */
bool run_flasher_is_installed(const struct flasher *flasher);

/* Never fails: what goes wrong with the rig is VERDICT_ERROR in *summary. Fills in all of the summary but `again`. */
void run_one(
	const struct run_request *request, struct run_summary *summary, struct run_output *output);

#endif
