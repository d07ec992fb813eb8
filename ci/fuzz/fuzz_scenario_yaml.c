/* SPDX-License-Identifier: MIT */
/* A scenario's YAML file: never crashes, and either gives a scenario or one line that says why not. */
#include "harness/scenario/scenario.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Everything that the composer asks of a scenario is there. */
static void look_at(const struct scenario *scenario)
{
	struct flasher flasher = {.name = "dfu-util"};

	if (!scenario_name(scenario)[0] || !scenario_title(scenario)[0])
		abort();
	for (size_t i = 0; i < scenario_board_count(scenario); i++)
		if (!scenario_board(scenario, i).board[0])
			abort();
	for (size_t i = 0; i < scenario_fault_count(scenario); i++)
		if (!scenario_fault(scenario, i).at[0] || !scenario_fault(scenario, i).nth)
			abort();
	if (scenario_skips(scenario, &flasher) && !scenario_skips(scenario, &flasher)[0])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scenario *scenario = NULL;
	struct why why = {""};
	int r;

	if (size > SCENARIO_FILE_MAX)
		return 0;
	r = scenario_parse("f.yaml", data, size, &scenario, &why);
	if (r == 0)
		look_at(scenario);
	else if (strncmp(why.text, "f.yaml:", 7) != 0 || strchr(why.text, '\n'))
		abort();
	scenario_free(scenario);
	return 0;
}
