/* SPDX-License-Identifier: MIT */
#include "harness/cli/data_load.h"

#include "harness/cli/data_files.h"
#include "harness/cli/scenario_check.h"
#include "harness/flasher/flasher_file.h"

int scenario_load(const char *name, struct scenario **ret, struct why *why)
{
	CLEANUP(free_ptr) uint8_t *data = NULL;
	char path[PATH_MAX];
	size_t size;
	int r = data_file_read(&data_scenarios, name, path, &data, &size, why);

	if (r == 0)
		r = scenario_parse(path, data, size, ret, why);
	if (r < 0)
		return r;
	r = data_check_name(name, path, scenario_name(*ret), why);
	if (r == 0)
		r = scenario_check(path, data, size, why);
	if (r < 0)
		scenario_free(*ret);
	return r;
}

int flasher_load(const char *name, struct flasher *ret, struct why *why)
{
	CLEANUP(free_ptr) uint8_t *data = NULL;
	char path[PATH_MAX];
	size_t size;
	int r = data_file_read(&data_flashers, name, path, &data, &size, why);

	if (r == 0)
		r = flasher_parse(path, data, size, ret, why);
	if (r < 0)
		return r;
	r = data_check_name(name, path, ret->name, why);
	if (r < 0)
		flasher_done(ret);
	return r;
}
