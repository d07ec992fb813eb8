/* SPDX-License-Identifier: MIT */
#include "harness/fault/fault_rows.h"

#include "harness/base/names.h"
#include "harness/dfu/dfu.h"
#include "harness/fault/fault_text.h"

#include <assert.h>
#include <string.h>

#define BIT(point) FAULT_POINT_BIT(point)
#define ALL_POINTS (BIT(FAULT_POINT_COUNT) - 1)

/* --- points --- */

#define COMMANDS "erase, mass-erase, set-address, write, unprotect, leave"

struct point_row {
	const char *about;
	const char *
		matches; /* for people; the words between commas are what a match may be. "" = none */
	bool any;        /* a match may be anything else as well */
};

static const struct point_row points[] = {
	[FAULT_BOARD_RESET] = {"the chip comes out of reset", "power, pin, software, watchdog",
		false},
	[FAULT_DFU_CONNECT] = {"the bootloader is about to appear on USB", "", false},
	[FAULT_ECU_CONNECT] = {"firmware is about to appear on USB", "ecu, openblt", false},
	[FAULT_ECU_REPLY] = {"the ECU is about to answer",
		"the command's letter; E with its text: E reboot_dfu", true},
	[FAULT_DFU_EXECUTE] = {"the bootloader is about to carry out a download", COMMANDS, false},
	[FAULT_DFU_STATE] = {"the bootloader has entered a state",
		"a state: dfuIDLE, dfuDNBUSY, dfuERROR, ...", true},
	[FAULT_ERASE] = {"a sector begins to be erased", "", false},
	[FAULT_PROGRAM] = {"flash begins to be programmed", "", false},
	[FAULT_OPTIONS] = {"the option bytes begin to be erased and programmed", "", false},
	[FAULT_REQUEST] = {"a transfer is about to reach the device",
		"DETACH, DNLOAD, UPLOAD, GETSTATUS, CLRSTATUS, GETSTATE, ABORT, " COMMANDS
		", GETSTATUS erase (and so on: after it), control, in, out",
		true},
	[FAULT_ANSWER] = {"the device has answered, the host does not have it yet", "as at request",
		true},
	[FAULT_TIME] = {"so long after the boards began", "", false},
};
static_assert(ARRAY_SIZE(points) == FAULT_POINT_COUNT, "a row for each point");

const char *fault_point_about(enum fault_point point)
{
	return points[point].about;
}

const char *fault_point_matches(enum fault_point point)
{
	return points[point].matches;
}

/* One of the words of "a, b, c". */
static bool is_in_list(const char *list, const char *word, size_t size)
{
	while (*list) {
		size_t length = strcspn(list, ",");

		if (length == size && memcmp(list, word, size) == 0)
			return true;
		list += length + strspn(list + length, ", ");
	}
	return false;
}

static bool is_state(const char *text)
{
	for (uint8_t i = 0; i < DFU_STATE_COUNT; i++)
		if (strcmp(dfu_state_text(i), text) == 0)
			return true;
	return false;
}

#define REQUESTS "DETACH, DNLOAD, UPLOAD, GETSTATUS, CLRSTATUS, GETSTATE, ABORT"

static bool is_transfer(const char *text)
{
	static const char after[] = "GETSTATUS ";

	if (strncmp(text, after, sizeof(after) - 1) == 0) {
		text += sizeof(after) - 1;
		return is_in_list(COMMANDS, text, strlen(text));
	}
	return is_in_list(REQUESTS ", " COMMANDS ", control, in, out", text, strlen(text));
}

bool fault_point_knows(enum fault_point point, const char *match)
{
	if (point == FAULT_REQUEST || point == FAULT_ANSWER)
		return is_transfer(match);
	if (point == FAULT_DFU_STATE)
		return is_state(match);
	return points[point].any || is_in_list(points[point].matches, match, strlen(match));
}

/* --- actions --- */

struct action_row {
	const char *about;
	uint32_t points;
	enum fault_value kind;
	const char *value; /* for people */
};

static const struct action_row actions[] = {
	[FAULT_NOTHING] = {"nothing; the rule counts only", ALL_POINTS, FAULT_VALUE_NONE, ""},
	[FAULT_DELAY] = {"late",
		BIT(FAULT_BOARD_RESET) | BIT(FAULT_DFU_CONNECT) | BIT(FAULT_ECU_CONNECT) |
			BIT(FAULT_ECU_REPLY) | BIT(FAULT_DFU_EXECUTE),
		FAULT_VALUE_TIME, "a time such as 2.9 s"},
	[FAULT_LOSE_RAM] = {"what was in RAM is gone", BIT(FAULT_BOARD_RESET), FAULT_VALUE_NONE,
		""},
	[FAULT_NO_SHOW] =
		{"never appears, or never answers; dfuDNBUSY for ever, after leave dfuIDLE",
			BIT(FAULT_BOARD_RESET) | BIT(FAULT_DFU_CONNECT) | BIT(FAULT_ECU_CONNECT) |
				BIT(FAULT_ECU_REPLY) | BIT(FAULT_DFU_EXECUTE),
			FAULT_VALUE_NONE, ""},
	[FAULT_BYTEWISE] = {"in packets of one byte, so far apart", BIT(FAULT_ECU_REPLY),
		FAULT_VALUE_TIME, "a time such as 2 ms"},
	[FAULT_BAD_CRC] = {"with a wrong checksum", BIT(FAULT_ECU_REPLY), FAULT_VALUE_NONE, ""},
	[FAULT_CODE] = {"this response code alone", BIT(FAULT_ECU_REPLY), FAULT_VALUE_CODE,
		"a response code such as 0x83"},
	[FAULT_DFU_ERROR] = {"not carried out: dfuERROR with a status", BIT(FAULT_DFU_EXECUTE),
		FAULT_VALUE_STATUS, "a DFU status such as errVENDOR"},
	[FAULT_SLOW] = {"takes so much of its time",
		BIT(FAULT_ERASE) | BIT(FAULT_PROGRAM) | BIT(FAULT_OPTIONS), FAULT_VALUE_PERCENT,
		"per cent such as 300 %"},
	[FAULT_FLIP] = {"one bit of it is wrong afterwards",
		BIT(FAULT_ERASE) | BIT(FAULT_PROGRAM) | BIT(FAULT_OPTIONS), FAULT_VALUE_NUMBER,
		"a number: which bit; default 0"},
	[FAULT_STALL] = {"refused", FAULT_POINTS_ON_BUS, FAULT_VALUE_NONE, ""},
	[FAULT_NAK] = {"the host has to wait", FAULT_POINTS_ON_BUS, FAULT_VALUE_TIME_OR_EVER,
		"a time such as 500 ms; default: for ever"},
	[FAULT_SHORT] = {"cut to so many bytes", BIT(FAULT_ANSWER), FAULT_VALUE_NUMBER_NEEDED,
		"a number of bytes"},
	[FAULT_CORRUPT] = {"one byte of the data is inverted", FAULT_POINTS_ON_BUS,
		FAULT_VALUE_NUMBER, "a number: which byte; default 0"},
	[FAULT_SAY] = {"GETSTATUS is answered in place of the device: a state, OK, poll 0 ms",
		BIT(FAULT_REQUEST), FAULT_VALUE_STATE, "a DFU state such as dfuIDLE"},
	[FAULT_CUT_POWER] = {"VDD is gone", ALL_POINTS, FAULT_VALUE_TIME_OR_EVER,
		"a time such as 500 ms; default: for ever"},
	[FAULT_BROWN_OUT] = {"VDD dips: the chip resets, RAM holds some wrong bits", ALL_POINTS,
		FAULT_VALUE_NONE, ""},
	[FAULT_RESET] = {"NRST is held", ALL_POINTS, FAULT_VALUE_TIME_OR_EVER,
		"a time such as 100 ms; default 100 us"},
	[FAULT_UNPLUG] = {"the USB cable is out", ALL_POINTS, FAULT_VALUE_TIME_OR_EVER,
		"a time such as 1 s; default: for ever"},
	[FAULT_KILL] = {"the program under test is killed", ALL_POINTS, FAULT_VALUE_NONE, ""},
};
static_assert(ARRAY_SIZE(actions) == FAULT_ACTION_COUNT, "a row for each action");

uint32_t fault_action_points(enum fault_action action)
{
	return actions[action].points;
}

const char *fault_action_about(enum fault_action action)
{
	return actions[action].about;
}

const char *fault_action_value(enum fault_action action)
{
	return actions[action].value;
}

enum fault_value fault_action_value_kind(enum fault_action action)
{
	return actions[action].kind;
}

bool fault_value_needed(enum fault_value kind)
{
	return kind != FAULT_VALUE_NONE && kind != FAULT_VALUE_TIME_OR_EVER &&
	       kind != FAULT_VALUE_NUMBER;
}

const char *fault_action_needs(enum fault_action action, enum fault_point point)
{
	static const char to_device[] =
		"DNLOAD, erase, mass-erase, set-address, write, unprotect, control, out";
	static const char to_host[] = "UPLOAD, GETSTATUS, GETSTATE, control, in";

	if (action == FAULT_SAY)
		return "GETSTATUS";
	if (action == FAULT_CORRUPT && point == FAULT_REQUEST)
		return to_device;
	if (point == FAULT_ANSWER && (action == FAULT_CORRUPT || action == FAULT_SHORT))
		return to_host;
	return NULL;
}

bool fault_needs_met(const char *needs, const char *match)
{
	size_t size = strncmp(match, "GETSTATUS ", 10) == 0 ? 9 : strlen(match);

	return is_in_list(needs, match, size);
}
