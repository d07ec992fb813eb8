/* SPDX-License-Identifier: MIT */
/* A rusEFI from its reset handler on: what it starts with, how it resets itself, how it keeps its tune. */
#include "simulators/ecu/ecu_rig_test.h"

#include "harness/base/wire.h"
#include "harness/ts/ts.h"
#include "simulators/ecu/cdc_acm.h"
#include "simulators/ecu/ecu.h"
#include "simulators/ecu/shared_params.h"
#include "simulators/ecu/tune.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define MAGIC_ADDR 0x2001fff0u

static uint32_t magic(struct ecu_rig *rig)
{
	uint8_t word[4] = {0};
	struct reader in = reader_of(word, sizeof(word));

	cr_assert_eq(rig->fake.machine.ops->read(&rig->fake.machine, MAGIC_ADDR, word, 4), 0);
	return reader_le32(&in);
}

static void set_magic(struct ecu_rig *rig, uint32_t value)
{
	uint8_t word[4];
	struct writer out = writer_of(word, sizeof(word));

	writer_le32(&out, value);
	cr_assert_eq(rig->fake.machine.ops->write_ram(&rig->fake.machine, MAGIC_ADDR, word, 4), 0);
}

static void start(struct ecu_rig *rig)
{
	ecu_rig_init_or_fail(rig);
	ecu_rig_start_or_fail(rig);
}

/* Sends a frame and reads what comes; nothing is expected of it. */
static void say(struct ecu_rig *rig, const void *payload, size_t size)
{
	CLEANUP(buf_done) struct buf frame;

	buf_init(&frame, 1000);
	cr_assert_eq(ts_frame_append(&frame, payload, size), 0);
	cr_assert(ecu_rig_send(rig, frame.data, frame.size));
	ecu_rig_receive(rig, 4096, 100);
}

/* --- start --- */

Test(ecu, appears_after_its_start_and_a_quarter_of_a_second)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;

	ecu_rig_init_or_fail(&rig);
	ecu_rig_flash_or_fail(&rig);
	cr_assert_eq(ecu_rig_reset(&rig), 0);
	cr_expect_eq(rig.program->mode, BOARD_ECU);
	ecu_rig_wait_ms(&rig, 309);
	cr_expect_not(rig.fake.connected);
	ecu_rig_wait_ms(&rig, 1);
	cr_expect(rig.fake.connected);
}

Test(ecu, appears_at_once_when_nobody_has_to_see_the_pause)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;

	ecu_rig_init_or_fail(&rig);
	rig.fake.machine.fast = true;
	ecu_rig_flash_or_fail(&rig);
	cr_assert_eq(ecu_rig_reset(&rig), 0);
	ecu_rig_wait_ms(&rig, 2);
	cr_expect(rig.fake.connected);
}

Test(ecu, what_is_no_firmware_is_not_started)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;

	ecu_rig_init_or_fail(&rig);
	cr_expect_eq(ecu_rig_reset(&rig), -ENOEXEC);
	cr_expect_null(rig.program);
}

Test(ecu, firmware_for_another_chip_hangs)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;

	ecu_rig_init_or_fail(&rig);
	memcpy(rig.firmware.chip, "stm32f767xx", sizeof("stm32f767xx"));
	rig.firmware.stack = 0x20020000;
	ecu_rig_flash_or_fail(&rig);
	set_magic(&rig, 0xdeadbeef);
	cr_expect_eq(ecu_rig_reset(&rig), -ENODATA);
	cr_expect_eq(rig.fake.jumps, 0);
}

Test(ecu, a_half_written_image_hangs)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;

	ecu_rig_init_or_fail(&rig);
	ecu_rig_flash_or_fail(&rig);
	fake_machine_put_or_fail(&rig.fake, rig.firmware.base + 0x3000, (uint8_t[4]){0}, 4);
	cr_expect_eq(ecu_rig_reset(&rig), -ENODATA);
}

/* --- the magic word --- */

Test(ecu, reset_handler_jumps_to_the_rom_once)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;

	ecu_rig_init_or_fail(&rig);
	ecu_rig_flash_or_fail(&rig);
	set_magic(&rig, 0xdeadbeef);
	cr_assert_eq(ecu_rig_reset(&rig), 0);
	cr_expect_null(rig.program);
	cr_expect_eq(rig.fake.jumps, 1);
	cr_expect_eq(rig.fake.jump_addr, 0x1fff0000);
	cr_expect_eq(magic(&rig), 0);
	cr_assert_eq(ecu_rig_reset(&rig), 0);
	cr_expect_eq(rig.fake.jumps, 0);
	cr_expect_not_null(rig.program);
}

Test(ecu, reset_handler_overwrites_any_other_word)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;

	ecu_rig_init_or_fail(&rig);
	ecu_rig_flash_or_fail(&rig);
	set_magic(&rig, 0xdeadbeee);
	cr_assert_eq(ecu_rig_reset(&rig), 0);
	cr_expect_eq(rig.fake.jumps, 0);
	cr_expect_eq(magic(&rig), 0);
}

/* --- resets --- */

#define Z(subsystem) "Z\0" subsystem "\0", 5

static const struct {
	const char *name, *payload;
	size_t size;
	bool dfu, stay;
} jumps[] = {
	{"E reboot_dfu", "Ereboot_dfu", 11, true, false},
	{"E with blanks", "E reboot_dfu ", 13, true, false},
	{"Z 00ba", Z("\xba\0"), true, false},
	{"Z 00bb", Z("\xbb\0"), false, false},
	{"E reboot_openblt", "Ereboot_openblt", 15, false, true},
	{"Z 00bc", Z("\xbc\0"), false, true},
};

Test(ecu, resets_at_once_and_without_an_answer)
{
	for (size_t i = 0; i < ARRAY_SIZE(jumps); i++) {
		CLEANUP(ecu_rig_done) struct ecu_rig rig;

		ecu_rig_init_or_fail(&rig);
		rig.firmware.behind_openblt = true;
		ecu_rig_start_or_fail(&rig);
		say(&rig, jumps[i].payload, jumps[i].size);
		cr_expect_eq(rig.in_size, 0, "%s", jumps[i].name);
		cr_expect_eq(rig.fake.resets, 1, "%s", jumps[i].name);
		cr_expect_eq(rig.fake.reset_cause, RESET_SOFTWARE, "%s", jumps[i].name);
		cr_expect_eq(magic(&rig), jumps[i].dfu ? 0xdeadbeef : 0, "%s", jumps[i].name);
		cr_expect_eq(shared_params_get(&rig.fake.machine, SHARED_PARAM_STAY), jumps[i].stay,
			"%s", jumps[i].name);
	}
}

Test(ecu, answers_nothing_after_it_has_reset_itself)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;
	uint8_t bytes[64];
	size_t size = ecu_rig_hex("00 05 5a 00 ba 00 00 7c 48 5b b1 53 53", bytes, sizeof(bytes));

	start(&rig);
	cr_assert(ecu_rig_send(&rig, bytes, size));
	ecu_rig_receive(&rig, 64, 100);
	cr_expect_eq(rig.in_size, 0);
	cr_expect_eq(rig.fake.resets, 1);
}

Test(ecu, dfu_jump_compiled_out_says_ok_and_does_nothing)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;

	ecu_rig_init_or_fail(&rig);
	rig.firmware.dfu_jump = false;
	ecu_rig_start_or_fail(&rig);
	cr_expect_eq(ecu_rig_execute_or_fail(&rig, "reboot_dfu"), TS_OK);
	cr_expect_eq(ecu_rig_ask_or_fail(&rig, Z("\xba\0"), NULL), TS_OK);
	cr_expect_eq(rig.fake.resets, 0);
	cr_expect_eq(magic(&rig), 0);
}

Test(ecu, without_openblt_nobody_is_asked_to_stay)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;

	start(&rig);
	cr_expect_eq(ecu_rig_execute_or_fail(&rig, "reboot_openblt"), TS_OK);
	cr_expect_eq(ecu_rig_ask_or_fail(&rig, Z("\xbc\0"), NULL), TS_OK);
	cr_expect_eq(ecu_rig_execute_or_fail(&rig, "set_openblt_sw_counter 15"), TS_OK);
	cr_expect_eq(rig.fake.resets, 0);
}

Test(ecu, reboot_answers_and_resets_three_seconds_later)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;

	start(&rig);
	cr_expect_eq(ecu_rig_execute_or_fail(&rig, "reboot"), TS_OK);
	ecu_rig_wait_ms(&rig, 2400);
	cr_expect_eq(rig.fake.resets, 0);
	ecu_rig_wait_ms(&rig, 200);
	cr_expect_eq(rig.fake.resets, 1);
}

/* --- OpenBLT's counters --- */

static void set_param(struct ecu_rig *rig, enum shared_param param, uint8_t value)
{
	cr_assert_eq(shared_params_init(&rig->fake.machine), 0);
	cr_assert_eq(shared_params_set(&rig->fake.machine, param, value), 0);
}

Test(ecu, healthy_firmware_clears_the_reset_counters)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;

	ecu_rig_init_or_fail(&rig);
	set_param(&rig, SHARED_PARAM_WATCHDOG_RESETS, 7);
	set_param(&rig, SHARED_PARAM_SOFTWARE_RESETS, 9);
	ecu_rig_start_or_fail(&rig);
	ecu_rig_wait_ms(&rig, 2500);
	cr_expect_eq(shared_params_get(&rig.fake.machine, SHARED_PARAM_WATCHDOG_RESETS), 7);
	ecu_rig_wait_ms(&rig, 2500);
	cr_expect_eq(shared_params_get(&rig.fake.machine, SHARED_PARAM_WATCHDOG_RESETS), 0);
	cr_expect_eq(shared_params_get(&rig.fake.machine, SHARED_PARAM_SOFTWARE_RESETS), 0);
}

Test(ecu, the_software_reset_counter_can_be_set)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;

	ecu_rig_init_or_fail(&rig);
	rig.firmware.behind_openblt = true;
	ecu_rig_start_or_fail(&rig);
	cr_expect_eq(ecu_rig_execute_or_fail(&rig, "set_openblt_sw_counter 15"), TS_OK);
	cr_expect_eq(shared_params_get(&rig.fake.machine, SHARED_PARAM_SOFTWARE_RESETS), 15);
}

/* --- the tune --- */

static void write_byte(struct ecu_rig *rig, uint8_t value)
{
	uint8_t payload[] = {'C', 0, 0, 10, 0, 1, 0, value};

	cr_assert_eq(ecu_rig_ask_or_fail(rig, payload, sizeof(payload), NULL), TS_OK);
}

static uint8_t read_byte(struct ecu_rig *rig)
{
	size_t size;

	cr_assert_eq(ecu_rig_ask_or_fail(rig, "R\0\0\12\0\1\0", 7, &size), TS_OK);
	cr_assert_eq(size, 1);
	return rig->in[3];
}

static void reset(struct ecu_rig *rig)
{
	cr_assert_eq(ecu_rig_reset(rig), 0);
	ecu_rig_wait_ms(rig, 400);
}

Test(ecu, a_change_is_lost_at_reset_unless_it_is_burned)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;
	uint8_t before;

	start(&rig);
	cr_expect_str_eq(rig.fake.tune, "defaults: nothing stored");
	before = read_byte(&rig);
	write_byte(&rig, (uint8_t)(before + 1));
	reset(&rig);
	cr_expect_eq(read_byte(&rig), before);
	write_byte(&rig, (uint8_t)(before + 1));
	cr_assert_eq(ecu_rig_ask_or_fail(&rig, "B\0\0", 3, NULL), TS_BURN_OK);
	cr_expect_eq(rig.fake.erases, 2);
	cr_expect_eq(rig.fake.programs, 2);
	reset(&rig);
	cr_expect_eq(read_byte(&rig), (uint8_t)(before + 1));
	cr_expect_str_eq(rig.fake.tune, "read from the first copy");
}

Test(ecu, the_port_naks_while_the_tune_is_burned)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;
	CLEANUP(buf_done) struct buf frame;
	uint64_t began_us;

	start(&rig);
	buf_init(&frame, 100);
	cr_assert_eq(ts_frame_append(&frame, "B\0\0", 3), 0);
	began_us = clock_now_us(&rig.clock.clock);
	cr_assert(ecu_rig_send(&rig, frame.data, frame.size));
	cr_assert(ecu_rig_send(&rig, "S", 1), "it waits, and is taken");
	cr_expect_geq(clock_now_us(&rig.clock.clock) - began_us, 4 * FAKE_FLASH_US);
	ecu_rig_receive(&rig, 4096, 100);
	cr_expect_arr_eq(rig.in, "\0\1\4", 3, "the answer to B comes first");
	cr_expect_eq(rig.in_size, 7 + strlen(ECU_RIG_SIGNATURE) + 1);
}

/* The tune 1 is in both copies; 2 is being burned when the power goes after some of its steps. */
Test(ecu, power_loss_while_burning_leaves_one_good_copy)
{
	static const char *const states[] = {"", "read from the second copy",
		"read from the first copy", "read from the first copy", "read from the first copy"};

	for (unsigned int steps = 1; steps <= 4; steps++) {
		CLEANUP(ecu_rig_done) struct ecu_rig rig;
		CLEANUP(buf_done) struct buf frame;

		start(&rig);
		write_byte(&rig, 1);
		cr_assert_eq(ecu_rig_ask_or_fail(&rig, "B\0\0", 3, NULL), TS_BURN_OK);
		write_byte(&rig, 2);
		buf_init(&frame, 100);
		cr_assert_eq(ts_frame_append(&frame, "B\0\0", 3), 0);
		cr_assert(ecu_rig_send(&rig, frame.data, frame.size));
		ecu_rig_wait_ms(&rig, steps - 1);
		cr_assert_eq(rig.fake.erases + rig.fake.programs, 4 + steps);
		reset(&rig);
		cr_expect_str_eq(
			rig.fake.tune, states[steps], "%u steps: %s", steps, rig.fake.tune);
		cr_expect_eq(read_byte(&rig), steps == 1 ? 1 : 2, "%u steps", steps);
	}
}

Test(ecu, another_settings_version_resets_the_tune)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;
	uint8_t before;

	start(&rig);
	before = read_byte(&rig);
	write_byte(&rig, (uint8_t)(before + 1));
	cr_assert_eq(ecu_rig_ask_or_fail(&rig, "B\0\0", 3, NULL), TS_BURN_OK);
	rig.firmware.settings_version++;
	flash_erase(&rig.fake.flash, 0);
	ecu_rig_start_or_fail(&rig);
	cr_expect_str_eq(rig.fake.tune, "defaults: settings of another version, engine type kept");
}

Test(ecu, settings_outside_of_the_flash_cannot_be_burned)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;

	ecu_rig_init_or_fail(&rig);
	rig.firmware.settings_addr[1] = 0x09000000;
	ecu_rig_start_or_fail(&rig);
	cr_expect_eq(ecu_rig_ask_or_fail(&rig, "B\0\0", 3, NULL), TS_BURN_OK);
	cr_expect_str_eq(rig.fake.tune, "burning failed");
}

Test(ecu, the_console_can_burn_and_reset_the_tune)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;
	uint8_t before;

	start(&rig);
	before = read_byte(&rig);
	write_byte(&rig, (uint8_t)(before + 1));
	cr_expect_eq(ecu_rig_execute_or_fail(&rig, "writeconfig"), TS_OK);
	cr_expect_str_eq(rig.fake.tune, "burned");
	cr_expect_eq(ecu_rig_execute_or_fail(&rig, "resetconfig"), TS_OK);
	cr_expect_eq(read_byte(&rig), before);
	reset(&rig);
	cr_expect_eq(read_byte(&rig), (uint8_t)(before + 1));
}

/* --- what goes wrong with answers --- */

static void plan(struct ecu_rig *rig, const char *match, enum fault_action action, uint64_t value)
{
	struct fault_rule rule = {.points = 1u << FAULT_ECU_REPLY,
		.nth = 1,
		.times = 1,
		.action = action,
		.value = value};

	memcpy(rule.match, match, strlen(match) + 1);
	cr_assert_eq(fault_add(&rig->faults, &rule), 0);
}

Test(ecu, a_fault_delays_an_answer)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;

	start(&rig);
	plan(&rig, "L", FAULT_DELAY, 700000);
	say(&rig, "L", 1);
	cr_expect_eq(rig.in_size, 0);
	ecu_rig_receive(&rig, 64, 650);
	cr_expect_eq(rig.in_size, 8);
	say(&rig, "L", 1);
	cr_expect_eq(rig.in_size, 8, "once");
}

Test(ecu, a_fault_cuts_an_answer_into_bytes)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;
	CLEANUP(buf_done) struct buf frame;

	start(&rig);
	plan(&rig, "L", FAULT_BYTEWISE, 20000);
	buf_init(&frame, 100);
	cr_assert_eq(ts_frame_append(&frame, "L", 1), 0);
	cr_assert(ecu_rig_send(&rig, frame.data, frame.size));
	cr_expect_eq(ecu_rig_receive(&rig, 64, 30), 8);
	cr_expect_eq(rig.in_size, 8);
}

Test(ecu, a_fault_spoils_a_crc_or_the_code)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;
	const uint8_t *payload;
	size_t size;

	start(&rig);
	plan(&rig, "L", FAULT_BAD_CRC, 0);
	plan(&rig, "E nonsense", FAULT_CODE, TS_UNRECOGNIZED_COMMAND);
	say(&rig, "L", 1);
	cr_assert_eq(rig.in_size, 8);
	cr_expect_eq(ts_scan(rig.in, rig.in_size, 100, &payload, &size), TS_SCAN_CRC);
	cr_expect_eq(ecu_rig_execute_or_fail(&rig, "other"), TS_OK);
	cr_expect_eq(ecu_rig_execute_or_fail(&rig, "nonsense"), TS_UNRECOGNIZED_COMMAND);
	cr_expect_eq(rig.in_size, 7);
	cr_expect_null(fault_never_fired(&rig.faults));
}

Test(ecu, a_fault_swallows_an_answer)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;

	start(&rig);
	plan(&rig, "S", FAULT_NO_SHOW, 0);
	cr_assert(ecu_rig_send(&rig, "S", 1));
	ecu_rig_receive(&rig, 64, 1000);
	cr_expect_eq(rig.in_size, 0);
	cr_assert(ecu_rig_send(&rig, "S", 1));
	ecu_rig_receive(&rig, 64, 100);
	cr_expect_gt(rig.in_size, 0);
}

/* --- facts for reports --- */

Test(ecu, tells_what_it_was_asked_and_what_it_answers)
{
	CLEANUP(ecu_rig_done) struct ecu_rig rig;

	start(&rig);
	cr_assert_eq(ecu_rig_ask_or_fail(&rig, "R\0\0\0\0\12\0", 7, NULL), TS_OK);
	cr_expect_str_eq(rig.fake.command, "R page 0, offset 0, 10 bytes");
	cr_expect_str_eq(rig.fake.reply, "OK, 10 bytes");
	ecu_rig_wait_ms(&rig, 1100);
	cr_assert(ecu_rig_send(&rig, "\2\377\0", 3));
	ecu_rig_wait_ms(&rig, 100);
	cr_expect_str_eq(rig.fake.note, "3 bytes dropped, out of sync: unrecognized command");
}
