/* SPDX-License-Identifier: MIT */
#include "harness/report/event_text.h"

#include "harness/base/attr.h"
#include "harness/report/format.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DRIVER_INSTALLING 1 /* CM_PROB_NOT_CONFIGURED */

struct said {
	char *out;
	size_t size;
	uint32_t count;
};

static const char *text_of(const struct event *event)
{
	return event->text ? event->text : "";
}

static const char *name_of(const struct event *event)
{
	return event->name ? event->name : "?";
}

/* ", <text>", or nothing. */
static const char *comma(const struct event *event)
{
	return event->text ? ", " : "";
}

const char *event_pin_level_text(const char *pin, bool level)
{
	static const struct {
		const char *pin, *high, *low;
	} pins[] = {
		{"power", "on", "off"},
		{"boot0", "held", "released"},
		{"nrst", "held", "released"},
		{"usb", "plugged", "unplugged"},
		{"vbus", "on", "off"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(pins); i++)
		if (pin && strcmp(pins[i].pin, pin) == 0)
			return level ? pins[i].high : pins[i].low;
	return level ? "high" : "low";
}

static void say_text(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "%s", text_of(event));
}

static void say_name_text(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "%s%s%s", name_of(event), comma(event), text_of(event));
}

static void say_start(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "start%s%s", comma(event), text_of(event));
}

static void say_rig_end(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "end, exit status %" PRId32 "%s%s", event->status,
		comma(event), text_of(event));
}

static void say_plugged(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "USB %04x:%04x \"%s\" serial %s, port %u", event->vid,
		event->pid, text_of(event),
		event->serial && event->serial[0] ? event->serial : "none", event->port);
}

static void say_unplugged(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "USB %04x:%04x gone", event->vid, event->pid);
}

static void say_bus_reset(const struct event *event, const struct said *said)
{
	(void)event;
	snprintf(said->out, said->size, "USB bus reset");
}

static void say_mode(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "now %s%s%s", name_of(event), comma(event), text_of(event));
}

static void say_pin(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "%s %s", name_of(event),
		event_pin_level_text(event->name, event->level));
}

static void say_erase(const struct event *event, const struct said *said)
{
	char bytes[FORMAT_U64_SIZE];

	format_u64(event->size, bytes);
	if (said->count == 1)
		snprintf(said->out, said->size,
			"erase sector %" PRIu32 " (0x%08" PRIx32 ", %s bytes)", event->sector,
			event->addr, bytes);
	else
		snprintf(said->out, said->size,
			"erase %" PRIu32 " sectors (0x%08" PRIx32 ", %s bytes)", said->count,
			event->addr, bytes);
}

static void say_move(const struct event *event, const struct said *said)
{
	const char *verb = event->kind == EVENT_MASS_ERASE ? "mass erase,"
			   : event->kind == EVENT_OPTIONS  ? "write option bytes,"
			   : event->kind == EVENT_UPLOAD   ? "read"
							   : "write";
	char bytes[FORMAT_U64_SIZE];

	snprintf(said->out, said->size, "%s %s byte%s at 0x%08" PRIx32, verb,
		format_u64(event->size, bytes), event->size == 1 ? "" : "s", event->addr);
}

static void say_unprotect(const struct event *event, const struct said *said)
{
	(void)event;
	snprintf(said->out, said->size, "read protection off, flash erased");
}

static void say_detach(const struct event *event, const struct said *said)
{
	(void)event;
	snprintf(said->out, said->size, "detaches");
}

static void say_leave(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "leaves DFU, jumps to 0x%08" PRIx32, event->addr);
}

static void say_reset(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "resets%s%s", comma(event), text_of(event));
}

static void say_command_start(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "$ %s", text_of(event));
}

static void say_command_end(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "exit status %" PRId32 "%s%s", event->status, comma(event),
		text_of(event));
}

static void say_output(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "| %s", text_of(event));
}

static void say_firmware(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "runs %s", text_of(event));
}

static void say_ecu_command(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "is asked \"%s\"", text_of(event));
}

static void say_ecu_reply(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "answers %s", text_of(event));
}

static void say_tune(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "tune %s", text_of(event));
}

static void say_fault(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "planned fault: %s", text_of(event));
}

static void say_scenario(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "scenario %s%s%s", name_of(event), event->text ? ": " : "",
		text_of(event));
}

static void say_step(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "step: %s",
		event->text && event->text[0] ? event->text : name_of(event));
}

static void say_sector(const struct event *event, const struct said *said)
{
	char bytes[FORMAT_U64_SIZE];

	snprintf(said->out, said->size, "sector %" PRIu32 " (0x%08" PRIx32 ", %s bytes, %s) %s",
		event->sector, event->addr, format_u64(event->size, bytes), name_of(event),
		text_of(event));
}

static void say_expectation(const struct event *event, const struct said *said)
{
	if (event->level)
		snprintf(said->out, said->size, "as expected: %s %s", name_of(event),
			text_of(event));
	else
		snprintf(said->out, said->size, "NOT as expected: %s %s, got %s", name_of(event),
			event->expected ? event->expected : "", text_of(event));
}

static void say_error(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "error: %s", text_of(event));
}

static void say_driver(const struct event *event, const struct said *said)
{
	if (!event->name)
		snprintf(said->out, said->size, "Device Manager shows no device of it");
	else if (event->status == DRIVER_INSTALLING)
		snprintf(said->out, said->size,
			"Device Manager shows \"%s\", whose driver is being installed",
			event->name);
	else if (event->status)
		snprintf(said->out, said->size,
			"Device Manager shows \"%s\" with a yellow triangle, code %" PRId32,
			event->name, event->status);
	else
		snprintf(said->out, said->size, "Device Manager shows \"%s\", driver %s",
			event->name, text_of(event));
}

static void say_diagnosis(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "triage: %s (%s), %s: %s", event->title ? event->title : "",
		name_of(event), event->sure ? event->sure : "", text_of(event));
}

typedef void say_fn(const struct event *event, const struct said *said);

static void say_progress(const struct event *event, const struct said *said)
{
	snprintf(said->out, said->size, "%s: %" PRIu32 " %%", event->name ? event->name : "?",
		event->size);
}

static say_fn *const sayers[] = {
	[EVENT_RIG_START] = say_start,
	[EVENT_RIG_END] = say_rig_end,
	[EVENT_PLUGGED] = say_plugged,
	[EVENT_UNPLUGGED] = say_unplugged,
	[EVENT_BUS_RESET] = say_bus_reset,
	[EVENT_MODE] = say_mode,
	[EVENT_PIN] = say_pin,
	[EVENT_REQUEST] = say_text,
	[EVENT_ERASE] = say_erase,
	[EVENT_MASS_ERASE] = say_move,
	[EVENT_PROGRAM] = say_move,
	[EVENT_OPTIONS] = say_move,
	[EVENT_UNPROTECT] = say_unprotect,
	[EVENT_UPLOAD] = say_move,
	[EVENT_DFU_STATE] = say_name_text,
	[EVENT_LEAVE] = say_leave,
	[EVENT_DETACH] = say_detach,
	[EVENT_RESET] = say_reset,
	[EVENT_COMMAND_START] = say_command_start,
	[EVENT_COMMAND_END] = say_command_end,
	[EVENT_OUTPUT] = say_output,
	[EVENT_PROGRESS] = say_progress,
	[EVENT_FIRMWARE] = say_firmware,
	[EVENT_ECU_COMMAND] = say_ecu_command,
	[EVENT_ECU_REPLY] = say_ecu_reply,
	[EVENT_TUNE] = say_tune,
	[EVENT_FAULT] = say_fault,
	[EVENT_SCENARIO] = say_scenario,
	[EVENT_STEP] = say_step,
	[EVENT_SECTOR] = say_sector,
	[EVENT_EXPECTATION] = say_expectation,
	[EVENT_VERDICT] = say_name_text,
	[EVENT_DRIVER] = say_driver,
	[EVENT_DIAGNOSIS] = say_diagnosis,
	[EVENT_NOTE] = say_text,
	[EVENT_ERROR] = say_error,
};
static_assert(ARRAY_SIZE(sayers) == EVENT_KIND_COUNT, "a sentence for each kind");

const char *event_sentence(const struct event *event, uint32_t count, char *out, size_t size)
{
	assert(event->kind < EVENT_KIND_COUNT);
	out[0] = '\0';
	sayers[event->kind](event, &(const struct said){.out = out, .size = size, .count = count});
	return out;
}

const char *event_who(const struct event *event)
{
	if (event->board)
		return event->board;
	return event->kind == EVENT_COMMAND_START || event->kind == EVENT_COMMAND_END ||
			       event->kind == EVENT_OUTPUT || event->kind == EVENT_PROGRESS
		       ? "command"
		       : "rig";
}
