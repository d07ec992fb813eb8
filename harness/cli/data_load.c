/* SPDX-License-Identifier: MIT */
#include "harness/cli/data_load.h"

#include "harness/cli/data_files.h"
#include "harness/cli/scenario_check.h"
#include "harness/flasher/flasher_file.h"

int scenario_load(const char *name, struct scenario **ret, struct why *why)
{
	CLEANUP(data_file_done) struct data_file file;
	int r = data_file_read(&data_scenarios, name, &file, why);

	if (r == 0)
		r = scenario_parse(file.path, file.data, file.size, ret, why);
	if (r < 0)
		return r;
	r = data_check_name(name, file.path, scenario_name(*ret), why);
	if (r == 0)
		r = scenario_check(file.path, file.data, file.size, why);
	if (r < 0)
		scenario_free(*ret);
	return r;
}

int flasher_load(const char *name, struct flasher *ret, struct why *why)
{
	CLEANUP(data_file_done) struct data_file file;
	int r = data_file_read(&data_flashers, name, &file, why);

	if (r == 0)
		r = flasher_parse(file.path, file.data, file.size, ret, why);
	if (r < 0)
		return r;
	r = data_check_name(name, file.path, ret->name, why);
	if (r < 0)
		flasher_done(ret);
	return r;
}
