/* SPDX-License-Identifier: MIT */
/* What a person does to Windows' drivers, in Device Manager or by an installer. */
#include "harness/scenario/steps.h"

#include "harness/scenario/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define EXPECTED                                                                                   \
	"uninstall-device, uninstall-device-and-driver, scan, add-driver <package> or "            \
	"stage-driver <package>"

static const struct {
	const char *word;
	bool driver; /* a package's name follows */
	const char *sentence;
} actions[WORLD_WINDOWS_ACTION_COUNT] = {
	[WORLD_UNINSTALL_DEVICE] = {"uninstall-device", false,
		"the device is uninstalled in Device Manager, its driver stays"},
	[WORLD_UNINSTALL_DEVICE_AND_DRIVER] = {"uninstall-device-and-driver", false,
		"the device is uninstalled in Device Manager, and its driver is removed"},
	[WORLD_SCAN] = {"scan", false, "Windows scans for hardware changes"},
	[WORLD_ADD_DRIVER] = {"add-driver", true, "the driver is installed: "},
	[WORLD_STAGE_DRIVER] = {"stage-driver", true, "the driver goes into the driver store: "},
};

int step_windows_parse(const struct words *value, struct step *ret)
{
	const char *text = value->mark->text ? value->mark->text : "";
	size_t length = strcspn(text, " ");
	const char *driver = text + length + strspn(text + length, " ");

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (strlen(actions[i].word) != length ||
			strncmp(actions[i].word, text, length) != 0 ||
			(driver[0] != '\0') != actions[i].driver)
			continue;
		if (strlen(driver) >= sizeof(ret->driver))
			break;
		ret->windows = (enum world_windows_action)i;
		snprintf(ret->driver, sizeof(ret->driver), "%s", driver);
		return 0;
	}
	return words_bad(value, EXPECTED);
}

/* What was to be refused and was not: then the story is another one. */
static int judge(struct run *run, const struct step *step, int r, const struct why *said)
{
	if (!step->unelevated)
		return r;
	if (r == -EPERM)
		run_tell_step(run, step->board, "windows", "Windows says: %s", why_text(said));
	else if (r < 0)
		return r;
	run_expect(run, "windows", r == -EPERM,
		"Windows refuses, without an administrator's rights",
		r == -EPERM ? "it refuses" : "it does as it is told");
	return 0;
}

int step_windows_do(struct run *run, const struct step *step, struct why *why)
{
	const struct world_windows what = {
		.action = step->windows,
		.board = run->world->boards[step->board],
		.driver = step->driver,
		.elevated = !step->unelevated,
	};
	int r = -ENOTSUP;

	run_tell_step(run, step->board, "windows", "%s%s%s", actions[step->windows].sentence,
		step->driver, step->unelevated ? ", without an administrator's rights" : "");
	if (!run->world->ops->windows)
		return why_set(why, r, "there is no Windows here");
	return judge(run, step, run->world->ops->windows(run->world, &what, why), why);
}
