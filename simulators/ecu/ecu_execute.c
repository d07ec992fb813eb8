/* SPDX-License-Identifier: MIT */
/*
 * What the console's texts ('E') and the buttons of TunerStudio ('Z') do.
 * Source: rusEFI's bench_test.cpp, stm32_common.cpp (jump_to_bootloader, jump_to_openblt), settings.cpp, error_handling.cpp.
 * Both run before the answer is written: who resets at once never answers.
 */
#include "simulators/ecu/ecu_program.h"

#include "harness/base/wire.h"
#include "simulators/ecu/shared_params.h"
#include "simulators/ecu/tune.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REBOOT_US   3000000u
#define ENGINE_TYPE 4u /* bytes at the start of the tune */

struct command {
	const char *name;
	/* argument: behind the name, "" = none. match: for the answer that it sends or does not send. */
	void (*run)(struct ecu *ecu, const char *argument, const char *match);
};

static void ok(struct ecu *ecu, const char *match)
{
	ecu_reply(ecu, match, TS_OK, NULL, 0);
}

/* False: it is not compiled in. */
static bool jump_to_dfu(struct ecu *ecu)
{
	uint8_t word[4];
	struct writer out = writer_of(word, sizeof(word));

	if (!ecu->firmware.dfu_jump)
		return false;
	writer_le32(&out, ECU_MAGIC);
	if (ecu->machine->ops->write_ram(ecu->machine, ECU_MAGIC_ADDR, word, sizeof(word)) < 0)
		ecu_tell(ecu, PROGRAM_FACT_NOTE, 0, "there is no RAM for the magic word");
	ecu_tell(ecu, PROGRAM_FACT_NOTE, 0, "writes the magic word and resets itself");
	ecu_reset(ecu);
	return true;
}

static bool jump_to_openblt(struct ecu *ecu)
{
	if (!ecu->firmware.behind_openblt)
		return false;
	if (shared_params_init(ecu->machine) < 0 ||
		shared_params_set(ecu->machine, SHARED_PARAM_STAY, 1) < 0)
		ecu_tell(ecu, PROGRAM_FACT_NOTE, 0, "there is no RAM for OpenBLT's parameters");
	ecu_tell(ecu, PROGRAM_FACT_NOTE, 0, "asks OpenBLT to stay and resets itself");
	ecu_reset(ecu);
	return true;
}

static void unknown(struct ecu *ecu, const char *text, const char *match)
{
	text_log_printf(&ecu->log, "unknown [%s]", text);
	ok(ecu, match);
}

static void reboot(struct ecu *ecu, const char *argument, const char *match)
{
	(void)argument;
	ecu->reboot_at_us = ecu->now_us + REBOOT_US;
	text_log_printf(&ecu->log, "reboot in 3 s");
	ok(ecu, match);
}

static void reboot_dfu(struct ecu *ecu, const char *argument, const char *match)
{
	(void)argument;
	if (!jump_to_dfu(ecu))
		ok(ecu, match);
}

static void reboot_openblt(struct ecu *ecu, const char *argument, const char *match)
{
	(void)argument;
	if (!jump_to_openblt(ecu))
		unknown(ecu, "reboot_openblt", match);
}

/* [rusEFI pull request 10078] */
static void set_openblt_sw_counter(struct ecu *ecu, const char *argument, const char *match)
{
	uint8_t count = (uint8_t)strtoul(argument, NULL, 10);

	if (!ecu->firmware.behind_openblt) {
		unknown(ecu, "set_openblt_sw_counter", match);
		return;
	}
	if (shared_params_init(ecu->machine) < 0 ||
		shared_params_set(ecu->machine, SHARED_PARAM_SOFTWARE_RESETS, count) < 0)
		ecu_tell(ecu, PROGRAM_FACT_NOTE, 0, "there is no RAM for OpenBLT's parameters");
	text_log_printf(&ecu->log, "openblt sw counter %u", count);
	ok(ecu, match);
}

static void writeconfig(struct ecu *ecu, const char *argument, const char *match)
{
	(void)argument;
	ecu_burn_start(ecu, TS_OK, match);
}

/* Defaults, the engine type kept; not burned. */
static void resetconfig(struct ecu *ecu, const char *argument, const char *match)
{
	uint8_t type[ENGINE_TYPE];

	(void)argument;
	if (ecu->firmware.settings_size >= sizeof(type)) {
		memcpy(type, ecu->tune, sizeof(type));
		tune_default(&ecu->firmware, ecu->tune);
		memcpy(ecu->tune, type, sizeof(type));
	}
	ecu_tell(ecu, PROGRAM_FACT_TUNE, ecu->firmware.settings_size, "defaults, not burned");
	ok(ecu, match);
}

static const struct command commands[] = {
	{"reboot", reboot},
	{"reboot_dfu", reboot_dfu},
	{"reboot_openblt", reboot_openblt},
	{"set_openblt_sw_counter", set_openblt_sw_counter},
	{"writeconfig", writeconfig},
	{"resetconfig", resetconfig},
};

/* As efiTrim: blanks at both ends. */
static const char *trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && (unsigned char)end[-1] <= ' ')
		*--end = '\0';
	while (*text && (unsigned char)*text <= ' ')
		text++;
	return text;
}

static const struct command *find(const char *text, const char **ret_argument)
{
	size_t name_size = strcspn(text, " ");

	*ret_argument = text + name_size + strspn(text + name_size, " ");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strlen(commands[i].name) == name_size &&
			memcmp(commands[i].name, text, name_size) == 0)
			return &commands[i];
	return NULL;
}

void ecu_execute(struct ecu *ecu, const uint8_t *text, size_t size)
{
	char copy[200], match[ECU_MATCH];
	const struct command *command;
	const char *trimmed, *argument;

	snprintf(copy, sizeof(copy), "%.*s", (int)(size < sizeof(copy) ? size : sizeof(copy)),
		size ? (const char *)text : "");
	trimmed = trim(copy);
	snprintf(match, sizeof(match), "E %.*s", (int)sizeof(match) - 3, trimmed);
	command = find(trimmed, &argument);
	if (command)
		command->run(ecu, argument, match);
	else
		unknown(ecu, trimmed, match);
}

/* Of all that TunerStudio's buttons can do, what has to do with updates; the rest is accepted. The subsystem says which, the
 * index is not looked at. [rusEFI bench_test.cpp, executeTSCommand] */
void ecu_io_test(struct ecu *ecu, uint16_t subsystem)
{
	if (subsystem == TS_Z_REBOOT) {
		ecu_tell(ecu, PROGRAM_FACT_NOTE, 0, "resets itself");
		ecu_reset(ecu);
	}
	if (subsystem == TS_Z_DFU)
		(void)jump_to_dfu(ecu);
	if (subsystem == TS_Z_OPENBLT)
		(void)jump_to_openblt(ecu);
	if (!ecu->gone)
		ok(ecu, "Z");
}
