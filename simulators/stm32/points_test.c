/* SPDX-License-Identifier: MIT */
/* The named points at which a chip asks the fault plan, what it makes of the answers, and brown-outs. */
#include "simulators/stm32/conformance_rig_test.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define MS         1000u
#define RAM        0x20010000u
#define LOG_MAX    64
#define OPTIONS_US (400 * MS + 256)

/* Every occasion in order, and the effects that were handed on. */
struct log {
	struct fault_plan plan;
	struct fault_occasion occasions[LOG_MAX];
	char match[LOG_MAX][24];
	size_t count;
	uint64_t effect_us; /* of the last effect */
};

static void keep(struct fault_plan *plan, const struct fault_occasion *occasion)
{
	struct log *log = plan->user;

	if (log->count == LOG_MAX)
		return;
	log->occasions[log->count] = *occasion;
	snprintf(log->match[log->count], sizeof(log->match[0]), "%s",
		occasion->match ? occasion->match : "");
	log->count++;
}

static void keep_effect(struct fault_plan *plan, const struct fault_rule *rule UNUSED,
	const struct fault_occasion *occasion UNUSED, uint64_t delay_us)
{
	((struct log *)plan->user)->effect_us = delay_us;
}

static void log_init(struct log *log)
{
	*log = (struct log){.plan = {.on_occasion = keep, .on_effect = keep_effect, .user = log}};
}

static void add(struct log *log, struct fault_rule rule)
{
	rule.nth = 1;
	rule.times = 1;
	cr_assert_eq(fault_add(&log->plan, &rule), 0);
}

/* The first occasion at this point, with this match unless it is NULL; fails the test when there is none. */
static const struct fault_occasion *find(
	const struct log *log, enum fault_point point, const char *match)
{
	for (size_t i = 0; i < log->count; i++)
		if (log->occasions[i].point == point &&
			(!match || strcmp(log->match[i], match) == 0))
			return &log->occasions[i];
	cr_assert_fail("nobody asked at %d %s", point, match ? match : "");
	return NULL;
}

/* --- flash and option bytes --- */

static void start_memory(struct memory *memory, struct log *log)
{
	struct memory_config config = {
		.chip = chip_find("stm32f407xg"),
		.pace = {.percent = 100},
		.faults = &log->plan,
	};

	config.rom = &config.chip->roms[0];
	cr_assert_eq(memory_init(memory, &config), 0);
}

static uint8_t byte_at(const struct memory *memory, uint32_t addr)
{
	uint8_t byte = 0;

	cr_assert_eq(memory_peek(memory, addr, &byte, 1), 0);
	return byte;
}

static void expect_about(const struct log *log, enum fault_point point, uint32_t addr,
	uint32_t size, uint64_t takes_us)
{
	const struct fault_occasion *occasion = find(log, point, NULL);

	cr_expect_eq(log->count, 1);
	cr_expect_eq(occasion->addr, addr, "%#x", occasion->addr);
	cr_expect_eq(occasion->size, size, "%u", occasion->size);
	cr_expect_eq(occasion->takes_us, takes_us, "%lu", occasion->takes_us);
	cr_expect_eq(occasion->starts_in_us, 0);
}

static enum memory_result erase_all(struct memory *memory)
{
	return memory_start_mass_erase(memory, 0);
}

static enum memory_result erase(struct memory *memory)
{
	return memory_start_erase(memory, 0x08005000, 0);
}

static enum memory_result own_erase(struct memory *memory)
{
	return memory_start_own_erase(memory, 0x08005000, 0);
}

static enum memory_result program(struct memory *memory)
{
	return memory_start_write(memory, 0x08005000, (const uint8_t[]){0, 0}, 2, 0);
}

static enum memory_result own_program(struct memory *memory)
{
	return memory_start_own_program(memory, 0x08005000, (const uint8_t[]){0, 0}, 2, 0);
}

static enum memory_result program_otp(struct memory *memory)
{
	return memory_start_write(memory, OTP, (const uint8_t[]){0, 0}, 2, 0);
}

static enum memory_result write_options(struct memory *memory)
{
	return memory_start_write(memory, OPTIONS, memory->options.loaded, 16, 0);
}

static const struct operation {
	const char *name;
	enum memory_result (*start)(struct memory *memory);
	enum fault_point point;
	uint32_t addr, size;
	uint64_t takes_us;
	uint8_t flipped; /* the first byte, when its bit 3 is wrong */
} operations[] = {
	{"mass erase", erase_all, FAULT_ERASE, FLASH, FLASH_SIZE, 16000 * MS, 0xf7},
	{"erase", erase, FAULT_ERASE, 0x08004000, 0x4000, 400 * MS, 0xf7},
	{"the firmware's erase", own_erase, FAULT_ERASE, 0x08004000, 0x4000, 400 * MS, 0xf7},
	{"program", program, FAULT_PROGRAM, 0x08005000, 2, 32, 0x08},
	{"the firmware's program", own_program, FAULT_PROGRAM, 0x08005000, 2, 32, 0x08},
	{"OTP", program_otp, FAULT_PROGRAM, OTP, 2, 32, 0x08},
	{"option bytes", write_options, FAULT_OPTIONS, OPTIONS, 16, OPTIONS_US, 0xe7},
};

Test(points, each_operation_says_what_it_is_about_and_how_long_it_takes)
{
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
		const struct operation *o = &operations[i];
		struct memory memory;
		struct log log;

		log_init(&log);
		start_memory(&memory, &log);
		cr_expect_eq(o->start(&memory), MEMORY_OK, "%s", o->name);
		expect_about(&log, o->point, o->addr, o->size, o->takes_us);
		cr_expect_eq(memory_busy_until_us(&memory), o->takes_us, "%s", o->name);
		memory_done(&memory);
	}
}

Test(points, a_slow_operation_takes_per_cent_of_its_time)
{
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
		const struct operation *o = &operations[i];
		struct memory memory;
		struct log log;

		log_init(&log);
		add(&log, (struct fault_rule){
				  .points = 1u << o->point, .action = FAULT_SLOW, .value = 250});
		start_memory(&memory, &log);
		cr_expect_eq(o->start(&memory), MEMORY_OK);
		cr_expect_eq(memory_busy_until_us(&memory), o->takes_us * 5 / 2, "%s", o->name);
		memory_settle(&memory, o->takes_us * 5 / 2 - 1);
		cr_expect(memory_busy(&memory), "%s", o->name);
		memory_done(&memory);
	}
}

Test(points, a_flip_leaves_one_bit_wrong)
{
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
		const struct operation *o = &operations[i];
		struct memory memory;
		struct log log;

		log_init(&log);
		add(&log, (struct fault_rule){
				  .points = 1u << o->point, .action = FAULT_FLIP, .value = 3});
		start_memory(&memory, &log);
		cr_expect_eq(o->start(&memory), MEMORY_OK);
		memory_settle(&memory, o->takes_us);
		cr_expect_eq(byte_at(&memory, o->addr), o->flipped, "%s: %02x", o->name,
			byte_at(&memory, o->addr));
		memory_done(&memory);
	}
}

Test(points, a_flip_is_counted_round_and_works_where_something_was)
{
	struct memory memory;
	struct log log;

	log_init(&log);
	add(&log, (struct fault_rule){.points = 1u << FAULT_ERASE,
			  .action = FAULT_FLIP,
			  .value = 0x4000 * 8 * 3 + 8});
	start_memory(&memory, &log);
	cr_assert_eq(memory_poke(&memory, 0x08004000, (const uint8_t[]){0, 0, 0}, 3), 0);
	cr_assert_eq(erase(&memory), MEMORY_OK);
	memory_settle(&memory, 400 * MS);
	cr_expect_eq(byte_at(&memory, 0x08004000), 0xff);
	cr_expect_eq(byte_at(&memory, 0x08004001), 0xfe);
	cr_expect_eq(byte_at(&memory, 0x08004002), 0xff);
	memory_done(&memory);
}

/* A real clock is late, now more, now less; behind the end of the operation, too. */
Test(points, what_is_broken_off_late_is_torn_as_it_was_planned)
{
	static const uint64_t late_us[] = {0, 3, 900, 20000};
	static const uint8_t data[64] = {0};

	for (size_t i = 0; i < ARRAY_SIZE(late_us); i++) {
		struct memory memory;
		struct log log;

		log_init(&log);
		add(&log, (struct fault_rule){.points = 1u << FAULT_PROGRAM,
				  .action = FAULT_CUT_POWER,
				  .after_percent = 50});
		start_memory(&memory, &log);
		cr_assert_eq(memory_start_write(&memory, 0x08000000, data, 64, 0), MEMORY_OK);
		memory_settle(&memory, log.effect_us + late_us[i]);
		cr_expect(memory_busy(&memory), "%d", (int)late_us[i]);
		memory_power_lost(&memory, log.effect_us + late_us[i]);
		cr_expect_eq(byte_at(&memory, 0x0800001f), 0, "%d", (int)late_us[i]);
		cr_expect_eq(byte_at(&memory, 0x08000020), 0xff, "%d", (int)late_us[i]);
		memory_done(&memory);
	}
}

/* Where everything is done at once, what a fault falls into takes the chip's time. */
Test(points, a_fast_pace_has_an_inside_too_when_a_fault_asks_for_it)
{
	static const struct {
		struct fault_rule rule;
		uint64_t busy_until_us;
	} rows[] = {
		{{.action = FAULT_RESET, .after_percent = 50}, 1024},
		{{.action = FAULT_CUT_POWER}, 1024},
		{{.action = FAULT_SLOW, .value = 300}, 3072},
		{{.action = FAULT_FLIP}, 0},
	};
	static const uint8_t data[64] = {0};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fault_rule rule = rows[i].rule;
		struct memory memory;
		struct log log;

		rule.points = 1u << FAULT_PROGRAM;
		log_init(&log);
		add(&log, rule);
		start_memory(&memory, &log);
		memory.config.pace.percent = 0;
		cr_assert_eq(memory_start_write(&memory, 0x08000000, data, 64, 0), MEMORY_OK);
		cr_expect_eq(memory_busy_until_us(&memory), rows[i].busy_until_us, "row %zu: %d", i,
			(int)memory_busy_until_us(&memory));
		memory_done(&memory);
	}
}

/* What was planned and does not come does not hold the flash up. */
Test(points, a_break_that_does_not_come_is_not_waited_for_for_ever)
{
	static const uint8_t data[64] = {0};
	struct memory memory;
	struct log log;

	log_init(&log);
	add(&log,
		(struct fault_rule){
			.points = 1u << FAULT_PROGRAM, .action = FAULT_RESET, .after_percent = 50});
	start_memory(&memory, &log);
	cr_assert_eq(memory_start_write(&memory, 0x08000000, data, 64, 0), MEMORY_OK);
	memory_settle(&memory, 1000 * MS);
	cr_expect_not(memory_busy(&memory));
	cr_expect_eq(byte_at(&memory, 0x0800003f), 0);
	memory_done(&memory);
}

Test(points, an_effect_during_the_option_bytes_of_an_unprotect_waits_for_the_erase)
{
	struct memory memory;
	struct log log;

	log_init(&log);
	add(&log, (struct fault_rule){.points = 1u << FAULT_OPTIONS,
			  .action = FAULT_CUT_POWER,
			  .after_us = 5,
			  .after_percent = 50});
	start_memory(&memory, &log);
	cr_assert_eq(memory_start_unprotect(&memory, 0), MEMORY_OK);
	cr_expect_eq(find(&log, FAULT_ERASE, NULL)->size, FLASH_SIZE);
	cr_expect_eq(find(&log, FAULT_OPTIONS, NULL)->starts_in_us, 16000 * MS);
	cr_expect_eq(log.effect_us, 16000 * MS + 5 + OPTIONS_US / 2);
	memory_done(&memory);
}

Test(points, what_does_not_happen_is_no_occasion)
{
	struct memory memory;
	struct log log;

	log_init(&log);
	start_memory(&memory, &log);
	options_preset_write_protected(&memory.options, 0xfff);
	cr_expect_eq(erase(&memory), MEMORY_OK);
	cr_expect_eq(program(&memory), MEMORY_OK);
	cr_expect_eq(erase_all(&memory), MEMORY_OK);
	options_preset_rdp(&memory.options, 0);
	cr_expect_eq(erase(&memory), MEMORY_PROTECTED);
	cr_expect_eq(log.count, 0);
	memory_done(&memory);
}

/* --- the ROM's commands --- */

static void start_rom(struct rig *rig, struct log *log)
{
	struct stm32_board_config config = rig_config();

	config.faults = &log->plan;
	rig_start_idle(rig, &config);
	log->count = 0;
}

static void add_execute(
	struct log *log, const char *match, enum fault_action action, uint64_t value)
{
	struct fault_rule rule = {
		.points = 1u << FAULT_DFU_EXECUTE, .action = action, .value = value};

	snprintf(rule.match, sizeof(rule.match), "%s", match);
	add(log, rule);
}

static void leave(struct rig *rig)
{
	cr_assert_eq(rig_dnload(rig, 2, NULL, 0), 0);
}

Test(points, each_command_of_the_rom_has_a_name_and_says_what_it_is_about)
{
	const uint8_t data[7] = {0}, mass_erase = DFUSE_ERASE;
	const struct fault_occasion *o;
	struct log log;
	struct rig rig;

	log_init(&log);
	start_rom(&rig, &log);
	rig_set_address(&rig, 0x08004000);
	rig_run_or_fail(&rig, 5, data, sizeof(data));
	rig_erase(&rig, 0x08005000);
	rig_run_or_fail(&rig, 0, &mass_erase, 1);
	leave(&rig);
	rig_expect(&rig, DFU_MANIFEST, DFU_OK, 1, "leave");
	o = find(&log, FAULT_DFU_EXECUTE, "set-address");
	cr_expect(o->has_block && o->block == 0 && o->addr == 0x08004000 && o->size == 1);
	o = find(&log, FAULT_DFU_EXECUTE, "write");
	cr_expect(o->has_block && o->block == 5 && o->addr == 0x08004000 + 3 * XFER);
	cr_expect_eq(o->size, sizeof(data));
	o = find(&log, FAULT_DFU_EXECUTE, "erase");
	cr_expect(o->addr == 0x08004000 && o->size == 0x4000);
	o = find(&log, FAULT_DFU_EXECUTE, "mass-erase");
	cr_expect(o->addr == FLASH && o->size == FLASH_SIZE);
	o = find(&log, FAULT_DFU_EXECUTE, "leave");
	cr_expect_eq(o->addr, 0x08004000);
	rig_stop(&rig);
}

Test(points, read_unprotect_has_a_name_too)
{
	const uint8_t unprotect = DFUSE_READ_UNPROTECT;
	struct log log;
	struct rig rig;

	log_init(&log);
	start_rom(&rig, &log);
	cr_assert_eq(rig_dnload(&rig, 0, &unprotect, 1), 1);
	rig_getstatus(&rig);
	find(&log, FAULT_DFU_EXECUTE, "unprotect");
	rig_stop(&rig);
}

Test(points, every_state_that_the_rom_enters_is_an_occasion)
{
	static const char *const states[] = {"dfuDNLOAD-SYNC", "dfuDNBUSY", "dfuDNLOAD-SYNC",
		"dfuDNLOAD-IDLE", "dfuMANIFEST-SYNC", "dfuMANIFEST"};
	struct log log;
	struct rig rig;
	size_t n = 0;

	log_init(&log);
	start_rom(&rig, &log);
	rig_set_address(&rig, FLASH);
	leave(&rig);
	rig_expect(&rig, DFU_MANIFEST, DFU_OK, 1, "leave");
	for (size_t i = 0; i < log.count; i++)
		if (log.occasions[i].point == FAULT_DFU_STATE && n < ARRAY_SIZE(states))
			cr_expect_str_eq(log.match[i], states[n++], "%s", log.match[i]);
	cr_expect_eq(n, ARRAY_SIZE(states));
	rig_stop(&rig);
}

Test(points, a_command_may_end_in_dfu_error_without_having_been_carried_out)
{
	struct dfu_getstatus status;
	uint8_t byte = 0;
	struct log log;
	struct rig rig;

	log_init(&log);
	add_execute(&log, "erase", FAULT_DFU_ERROR, DFU_ERR_ERASE);
	start_rom(&rig, &log);
	rig_poke(&rig, FLASH, (const uint8_t[]){0x42}, 1);
	status = rig_command(&rig, DFUSE_ERASE, FLASH);
	cr_expect_eq(status.state, DFU_ERROR);
	cr_expect_eq(status.status, DFU_ERR_ERASE);
	rig_peek(&rig, FLASH, &byte, 1);
	cr_expect_eq(byte, 0x42);
	cr_expect_eq(rig_clrstatus(&rig), 0);
	rig_erase(&rig, FLASH);
	rig_peek(&rig, FLASH, &byte, 1);
	cr_expect_eq(byte, 0xff);
	rig_stop(&rig);
}

Test(points, a_command_that_is_late_is_carried_out_late)
{
	uint64_t start_us;
	uint8_t byte = 0;
	struct log log;
	struct rig rig;

	log_init(&log);
	add_execute(&log, "write", FAULT_DELAY, 3000 * MS);
	start_rom(&rig, &log);
	rig_set_address(&rig, FLASH);
	start_us = rig_now_us(&rig);
	cr_assert_eq(rig_dnload(&rig, 2, (const uint8_t[]){0}, 1), 1);
	rig_expect(&rig, DFU_DNBUSY, DFU_OK, 104, "begin");
	rig_wait_ms(&rig, 2900);
	rig_peek(&rig, FLASH, &byte, 1);
	cr_expect_eq(byte, 0xff);
	rig_expect(&rig, DFU_DNLOAD_IDLE, DFU_OK, 0, "end");
	cr_expect_geq(rig_now_us(&rig) - start_us, 3000 * MS);
	rig_peek(&rig, FLASH, &byte, 1);
	cr_expect_eq(byte, 0);
	rig_stop(&rig);
}

/* As an H743 that erases its second bank: CubeProgrammer gets out of it by CLRSTATUS, twice. */
Test(points, a_command_may_never_end)
{
	uint8_t byte = 0;
	struct log log;
	struct rig rig;

	log_init(&log);
	add_execute(&log, "write", FAULT_NO_SHOW, 0);
	start_rom(&rig, &log);
	rig_set_address(&rig, FLASH);
	cr_assert_eq(rig_dnload(&rig, 2, (const uint8_t[]){0}, 1), 1);
	rig_expect(&rig, DFU_DNBUSY, DFU_OK, 104, "begin");
	for (size_t i = 0; i < 50; i++) {
		rig_wait_ms(&rig, 1000);
		rig_expect(&rig, DFU_DNBUSY, DFU_OK, 0, "again");
	}
	rig_peek(&rig, FLASH, &byte, 1);
	cr_expect_eq(byte, 0xff);
	cr_expect_eq(rig_clrstatus(&rig), 0);
	rig_expect(&rig, DFU_ERROR, DFU_ERR_UNKNOWN, 0, "CLRSTATUS");
	cr_expect_eq(rig_clrstatus(&rig), 0);
	rig_program(&rig, FLASH, (const uint8_t[]){0}, 1);
	rig_stop(&rig);
}

Test(points, a_leave_may_fail_stay_away_or_come_late)
{
	static const struct {
		enum fault_action action;
		uint64_t value;
		enum dfu_state state;
		enum dfu_status status;
		uint32_t poll_ms;
		enum board_mode after_10_ms, after_2_s;
	} rows[] = {
		{FAULT_DFU_ERROR, DFU_ERR_FIRMWARE, DFU_ERROR, DFU_ERR_FIRMWARE, 0, BOARD_DFU,
			BOARD_DFU},
		{FAULT_NO_SHOW, 0, DFU_IDLE, DFU_OK, 0, BOARD_DFU, BOARD_DFU},
		{FAULT_DELAY, 1000 * MS, DFU_MANIFEST, DFU_OK, 1, BOARD_DFU, BOARD_DEAD},
		{FAULT_NOTHING, 0, DFU_MANIFEST, DFU_OK, 1, BOARD_DEAD, BOARD_DEAD},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct log log;
		struct rig rig;

		log_init(&log);
		add_execute(&log, "leave", rows[i].action, rows[i].value);
		start_rom(&rig, &log);
		leave(&rig);
		rig_expect(&rig, rows[i].state, rows[i].status, rows[i].poll_ms, "leave");
		rig_wait_ms(&rig, 10);
		cr_expect_eq(rig.board->ops->mode(rig.board), rows[i].after_10_ms, "row %zu", i);
		rig_wait_ms(&rig, 1990);
		cr_expect_eq(rig.board->ops->mode(rig.board), rows[i].after_2_s, "row %zu", i);
		rig_stop(&rig);
	}
}

/* --- brown-outs --- */

static void brown_out(struct rig *rig)
{
	struct why why = {""};

	cr_assert_eq(stm32_board_brown_out(rig->board, &why), 0, "%s", why_text(&why));
}

Test(brown_out, resets_the_chip_as_power_does)
{
	struct log log;
	struct rig rig;

	log_init(&log);
	start_rom(&rig, &log);
	rig_close(&rig);
	brown_out(&rig);
	cr_expect_eq(rig.board->ops->mode(rig.board), BOARD_RESET);
	cr_expect_eq(rig_devices(&rig), 0);
	rig_wait_ms(&rig, 1000);
	find(&log, FAULT_BOARD_RESET, "power");
	cr_expect_eq(rig.board->ops->mode(rig.board), BOARD_DFU);
	cr_expect_eq(rig_devices(&rig), 1);
	rig_stop(&rig);
}

Test(brown_out, leaves_most_of_the_ram_with_some_wrong_bits)
{
	static uint8_t before[4096], after[4096];
	size_t wrong = 0;
	struct rig rig;

	rig_start(&rig, NULL);
	rig_pattern(before, sizeof(before), 7);
	cr_assert_eq(memory_write_ram(rig.memory, RAM, before, sizeof(before)), MEMORY_OK);
	brown_out(&rig);
	cr_assert_eq(memory_peek(rig.memory, RAM, after, sizeof(after)), 0);
	for (size_t i = 0; i < sizeof(before); i++)
		wrong += (size_t)__builtin_popcount(before[i] ^ after[i]);
	cr_expect_gt(wrong, 0);
	cr_expect_lt(wrong, 8 * sizeof(before) / 3);
	rig_stop(&rig);
}

Test(brown_out, tears_what_is_in_hand)
{
	static uint8_t data[1024];
	struct rig rig;

	rig_start_idle(&rig, NULL);
	rig_poke(&rig, FLASH, data, sizeof(data));
	cr_assert_eq(rig_dnload(&rig, 0, (const uint8_t[]){DFUSE_ERASE, 0, 0, 0, 8}, 5), 5);
	rig_getstatus(&rig);
	rig_wait_ms(&rig, 200);
	brown_out(&rig);
	cr_expect_not(memory_busy(rig.memory));
	rig_peek(&rig, FLASH, data, sizeof(data));
	cr_expect(data[0] || memcmp(data, data + 1, sizeof(data) - 1) != 0);
	rig_stop(&rig);
}

Test(brown_out, without_power_there_is_nothing_to_dip_and_nrst_keeps_it_in_reset)
{
	struct rig rig;

	rig_new(&rig, NULL);
	brown_out(&rig);
	cr_expect_eq(rig.board->ops->mode(rig.board), BOARD_OFF);
	rig_pin(&rig, BOARD_POWER, true);
	rig_pin(&rig, BOARD_NRST, true);
	brown_out(&rig);
	rig_wait_ms(&rig, 1000);
	cr_expect_eq(rig.board->ops->mode(rig.board), BOARD_RESET);
	rig_stop(&rig);
}
