/* SPDX-License-Identifier: MIT */
/* The engine against simulated ECUs, on virtual time. */
#include "harness/flasher/update_rig_test.h"

#include "harness/flasher/flasher_text.h"
#include "harness/host/host_os_direct.h"
#include "harness/host/serial_host_direct.h"
#include "harness/host/usb_host_direct.h"

#include <criterion/criterion.h>
#include <string.h>

/* The profiles that have a backup and a restore. */
static const char *const with_tune[] = {"builtin", "linux-2026", "windows-2026", "windows-2025"};
static const char *const all[] = {
	"builtin", "linux-2026", "windows-2026", "windows-2025", "windows-2022", "windows-2021"};

#define EXPECT_REASON(rig, profile, wanted)                                                        \
	do {                                                                                       \
		enum flasher_reason reason_ = update_rig_update(rig, profile);                     \
		cr_expect_eq(reason_, wanted, "%s: %s\n%s", profile,                               \
			names_text(&flasher_reason_names, reason_), (rig)->text);                  \
	} while (0)

#define EXPECT_SAYS(rig, words) cr_expect(strstr((rig)->text, words), "%s", (rig)->text)

/* Nothing was written, and it runs. */
static void expect_untouched(struct update_rig *rig)
{
	struct board *board = rig->boards[0];

	update_rig_run_ms(rig, 3000);
	cr_expect(update_rig_holds(rig, 0, &rig->old), "%s", rig->text);
	cr_expect(update_rig_has_tune(rig, 0, &rig->old), "%s", rig->text);
	cr_expect_eq(board->ops->mode(board), BOARD_ECU, "%s", rig->text);
}

Test(update, auto_brings_the_new_firmware_and_keeps_the_tune)
{
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		CLEANUP(update_rig_done) struct update_rig rig;

		update_rig_init(&rig);
		update_rig_add_ecu(&rig);
		EXPECT_REASON(&rig, all[i], FLASHER_NO_REASON);
		EXPECT_SAYS(&rig, "update: done\n");
		cr_expect(update_rig_holds(&rig, 0, &rig.new), "%s", rig.text);
		cr_expect(update_rig_has_tune(&rig, 0, &rig.new), "%s", rig.text);
		cr_expect_str_eq(rig.result.before, RIG_OLD);
		if (rig.options.profile->restores_tune) {
			cr_expect_str_eq(rig.result.after, RIG_NEW);
			cr_expect_eq(rig.result.tune, UPDATE_TUNE_SAME, "%s", rig.text);
		}
	}
}

Test(update, manual_flashes_a_board_in_its_bootloader)
{
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		CLEANUP(update_rig_done) struct update_rig rig;

		update_rig_init(&rig);
		update_rig_add_dfu(&rig);
		rig.options.flow = FLASHER_MANUAL;
		EXPECT_REASON(&rig, all[i], FLASHER_NO_REASON);
		cr_expect(update_rig_holds(&rig, 0, &rig.new), "%s", rig.text);
	}
}

Test(update, a_tune_that_the_new_firmware_drops_is_brought_back)
{
	for (size_t i = 0; i < ARRAY_SIZE(with_tune); i++) {
		CLEANUP(update_rig_done) struct update_rig rig;

		update_rig_init(&rig);
		rig.new.settings_version++;
		update_rig_image_or_fail(&rig);
		update_rig_add_ecu(&rig);
		EXPECT_REASON(&rig, with_tune[i], FLASHER_NO_REASON);
		cr_expect_eq(rig.result.tune, UPDATE_TUNE_RESTORED, "%s", rig.text);
		cr_expect(update_rig_has_tune(&rig, 0, &rig.new), "%s", rig.text);
	}
}

Test(update, a_tune_goes_into_what_a_larger_one_has_in_common_with_it)
{
	CLEANUP(update_rig_done) struct update_rig rig;

	update_rig_init(&rig);
	rig.new.settings_size += 100;
	update_rig_image_or_fail(&rig);
	update_rig_add_ecu(&rig);
	EXPECT_REASON(&rig, "builtin", FLASHER_NO_REASON);
	cr_expect(rig.result.flashed);
	cr_expect_eq(rig.result.tune, UPDATE_TUNE_RESTORED);
}

Test(update, a_held_port_stops_it_before_the_reboot)
{
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		CLEANUP(update_rig_done) struct update_rig rig;

		update_rig_init(&rig);
		update_rig_add_ecu(&rig);
		serial_host_direct_set_held(rig.serial, true);
		EXPECT_REASON(&rig, all[i], FLASHER_PORT_HELD);
		EXPECT_SAYS(&rig, "dfurig: port-held: ");
		if (strcmp(all[i], "builtin") != 0)
			EXPECT_SAYS(&rig, "*** ERROR *** rusEFI has not responded on selected");
		expect_untouched(&rig);
	}
}

Test(update, linux_misses_dfu_util_before_the_reboot)
{
	CLEANUP(update_rig_done) struct update_rig rig;
	static const char *const missing[] = {"dfu-util", NULL};

	update_rig_init(&rig);
	update_rig_add_ecu(&rig);
	host_os_direct_set_missing(rig.os, missing);
	EXPECT_REASON(&rig, "linux-2026", FLASHER_TOOL_MISSING);
	expect_untouched(&rig);
	EXPECT_REASON(&rig, "builtin", FLASHER_NO_REASON);
}

Test(update, a_query_that_cannot_run_is_no_bootloader)
{
	CLEANUP(update_rig_done) struct update_rig rig;
	static const char *const missing[] = {"powershell", NULL};

	update_rig_init(&rig);
	update_rig_add_ecu(&rig);
	host_os_direct_set_missing(rig.os, missing);
	EXPECT_REASON(&rig, "windows-2026", FLASHER_NO_DFU);
	cr_expect(update_rig_holds(&rig, 0, &rig.old));
}

Test(update, without_permission_it_gives_the_udev_hint)
{
	static const char *const profiles[] = {"builtin", "linux-2026"};

	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		CLEANUP(update_rig_done) struct update_rig rig;

		update_rig_init(&rig);
		update_rig_add_ecu(&rig);
		usb_host_direct_set_permission(rig.usb.host, false);
		EXPECT_REASON(&rig, profiles[i], FLASHER_NO_PERMISSION);
		EXPECT_SAYS(&rig, "udev");
		cr_expect(update_rig_holds(&rig, 0, &rig.old));
	}
}

/* The console looks once, 3 s after the command; we look for 30 s. */
static const struct late_case {
	uint64_t delay_ms;
	const char *profile;
	bool found;
} late_cases[] = {
	{2500, "builtin", true},
	{2500, "linux-2026", true},
	{2500, "windows-2026", true},
	{3500, "builtin", true},
	{3500, "linux-2026", false},
	{3500, "windows-2026", false},
	{3500, "windows-2021", false},
	{5000, "builtin", true},
	{5000, "linux-2026", false},
	{20000, "builtin", true},
	{20000, "windows-2026", false},
	{40000, "builtin", false},
};

Test(update, a_late_bootloader_is_found_by_who_waits)
{
	for (size_t i = 0; i < ARRAY_SIZE(late_cases); i++) {
		const struct late_case *c = &late_cases[i];
		struct fault_rule rule = {.points = 1u << FAULT_DFU_CONNECT,
			.nth = 1,
			.action = FAULT_DELAY,
			.value = c->delay_ms * 1000};
		CLEANUP(update_rig_done) struct update_rig rig;

		update_rig_init(&rig);
		update_rig_add_ecu(&rig);
		update_rig_fault(&rig, &rule);
		cr_expect_eq(update_rig_update(&rig, c->profile),
			c->found ? FLASHER_NO_REASON : FLASHER_NO_DFU, "%s, %u ms:\n%s", c->profile,
			(unsigned)c->delay_ms, rig.text);
		cr_expect(update_rig_holds(&rig, 0, c->found ? &rig.new : &rig.old));
	}
}

/* What the console could not do, its Manual DFU can when the bootloader is there. */
Test(update, manual_succeeds_after_an_auto_that_looked_too_early)
{
	CLEANUP(update_rig_done) struct update_rig rig;
	struct fault_rule rule = {.points = 1u << FAULT_DFU_CONNECT,
		.nth = 1,
		.times = 1,
		.action = FAULT_DELAY,
		.value = 5000000};

	update_rig_init(&rig);
	update_rig_add_ecu(&rig);
	update_rig_fault(&rig, &rule);
	EXPECT_REASON(&rig, "linux-2026", FLASHER_NO_DFU);
	update_rig_run_ms(&rig, 5000);
	rig.options.flow = FLASHER_MANUAL;
	EXPECT_REASON(&rig, "linux-2026", FLASHER_NO_REASON);
	cr_expect(update_rig_holds(&rig, 0, &rig.new));
}

Test(update, a_lost_magic_word_is_never_a_success)
{
	static const struct {
		const char *profile;
		enum flasher_reason reason;
	} cases[] = {
		{"builtin", FLASHER_CAME_BACK_AS_ECU},
		{"linux-2026", FLASHER_NO_DFU},
		{"windows-2026", FLASHER_NO_DFU},
		{"windows-2021", FLASHER_NO_DFU},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fault_rule rule = {.points = 1u << FAULT_BOARD_RESET,
			.match = "software",
			.nth = 1,
			.action = FAULT_LOSE_RAM};
		CLEANUP(update_rig_done) struct update_rig rig;

		update_rig_init(&rig);
		update_rig_add_ecu(&rig);
		update_rig_fault(&rig, &rule);
		EXPECT_REASON(&rig, cases[i].profile, cases[i].reason);
		expect_untouched(&rig);
	}
}

Test(update, an_ecu_without_a_dfu_jump_does_not_react)
{
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		CLEANUP(update_rig_done) struct update_rig rig;

		update_rig_init(&rig);
		rig.old.dfu_jump = false;
		update_rig_add_ecu(&rig);
		EXPECT_REASON(&rig, all[i], FLASHER_NO_DFU);
		expect_untouched(&rig);
	}
}

Test(update, an_image_for_another_board_is_refused)
{
	for (size_t i = 0; i < ARRAY_SIZE(with_tune); i++) {
		CLEANUP(update_rig_done) struct update_rig rig;

		update_rig_init(&rig);
		strncpy(rig.new.signature, RIG_OTHER, sizeof(rig.new.signature) - 1);
		update_rig_image_or_fail(&rig);
		update_rig_add_ecu(&rig);
		EXPECT_REASON(&rig, with_tune[i], FLASHER_WRONG_IMAGE);
		expect_untouched(&rig);
	}
}

/* The owner knows: the ECU is locked, and there is no copy to be written back. */
Test(update, force_goes_on_without_a_copy_of_the_tune)
{
	CLEANUP(update_rig_done) struct update_rig rig;

	update_rig_init(&rig);
	rig.old.locked = true;
	update_rig_add_ecu(&rig);
	rig.options.force = true;
	EXPECT_REASON(&rig, "builtin", FLASHER_NO_REASON);
	EXPECT_SAYS(&rig, "there is no copy of the tune");
	cr_expect(update_rig_holds(&rig, 0, &rig.new));
	cr_expect(update_rig_has_tune(&rig, 0, &rig.new));
}

/* No ECU says what board it is; a file that is no firmware is seen all the same. */
Test(update, what_is_no_firmware_is_refused)
{
	CLEANUP(update_rig_done) struct update_rig rig;

	update_rig_init(&rig);
	update_rig_add_dfu(&rig);
	rig.options.flow = FLASHER_MANUAL;
	rig.image.elements[0].data[3] = 0x55; /* of the stack pointer */
	EXPECT_REASON(&rig, "builtin", FLASHER_WRONG_IMAGE);
	rig.image.elements[0].data[3] = 0x20;
	rig.image.elements[0].data[6] = 0x77; /* of the start */
	EXPECT_REASON(&rig, "builtin", FLASHER_WRONG_IMAGE);
	cr_expect(update_rig_holds(&rig, 0, &rig.old));
	rig.image.elements[0].data[6] = 0x00;
	EXPECT_REASON(&rig, "builtin", FLASHER_NO_REASON);
}

/* The query for an H7's bootloader is another one: here it finds none, the board being an F4. */
Test(update, windows_looks_for_an_h7_by_another_name)
{
	CLEANUP(update_rig_done) struct update_rig rig;

	update_rig_init(&rig);
	strncpy(rig.old.signature, RIG_H7, sizeof(rig.old.signature) - 1);
	strncpy(rig.new.signature, RIG_H7, sizeof(rig.new.signature) - 1);
	update_rig_image_or_fail(&rig);
	update_rig_add_ecu(&rig);
	EXPECT_REASON(&rig, "windows-2026", FLASHER_NO_DFU);
}

/* update_run as a program, so that it has a time limit. */
struct update_program {
	struct host_program program;
	struct update_rig *rig;
};

static int update_main(const struct host_program *program, struct host_os *os,
	char *const argv[] UNUSED, struct buf *out)
{
	struct update_rig *rig =
		CONTAINER_OF((struct host_program *)program, struct update_program, program)->rig;

	cr_assert_eq(update_run(os, &rig->options, out, &rig->result), 0);
	return rig->result.reason != FLASHER_NO_REASON;
}

Test(update, it_gives_up_when_its_time_is_over)
{
	CLEANUP(update_rig_done) struct update_rig rig;
	struct update_program update = {{.name = "update", .main = update_main}, &rig};
	const struct host_program *const programs[] = {&update.program, NULL};
	struct fault_rule late = {.points = 1u << FAULT_DFU_CONNECT,
		.nth = 1,
		.action = FAULT_DELAY,
		.value = 20000000};
	struct host_program_result result = {0};

	update_rig_init(&rig);
	update_rig_add_ecu(&rig);
	update_rig_fault(&rig, &late);
	host_os_direct_free(rig.os);
	rig.os = host_os_direct_new(rig.usb.host, rig.serial, programs);
	rig.options.profile = update_profile_find("builtin");
	cr_assert_eq(
		rig.os->ops->run(rig.os, (char *const[]){"update", NULL}, 6000, &result, NULL), 0);
	cr_expect(result.timed_out);
	cr_expect_eq(rig.result.reason, FLASHER_TIMED_OUT);
	cr_expect_leq(rig.result.took_us, 6000000);
	buf_done(&result.output);
}

Test(update, a_tune_that_cannot_be_read_stops_it)
{
	for (size_t i = 0; i < ARRAY_SIZE(with_tune); i++) {
		struct fault_rule rule = {.points = 1u << FAULT_ECU_REPLY,
			.match = "R",
			.nth = 1,
			.action = FAULT_CODE,
			.value = 0x84};
		CLEANUP(update_rig_done) struct update_rig rig;

		update_rig_init(&rig);
		update_rig_add_ecu(&rig);
		update_rig_fault(&rig, &rule);
		EXPECT_REASON(&rig, with_tune[i], FLASHER_TUNE_UNREADABLE);
		expect_untouched(&rig);
	}
}

Test(update, zeros_of_a_locked_ecu_are_no_backup)
{
	CLEANUP(update_rig_done) struct update_rig rig;

	update_rig_init(&rig);
	rig.old.locked = true;
	update_rig_add_ecu(&rig);
	EXPECT_REASON(&rig, "builtin", FLASHER_TUNE_UNREADABLE);
	expect_untouched(&rig);
}

/* One that answers badly at first, and well then. */
static const struct {
	enum fault_action action;
	uint64_t value;
	const char *match;
} once[] = {
	{FAULT_BAD_CRC, 0, "S"},
	{FAULT_CODE, 0x83, "S"},
	{FAULT_DELAY, 1500000, "S"},
	{FAULT_BYTEWISE, 2000, "S"},
	{FAULT_BAD_CRC, 0, "R"},
	{FAULT_BYTEWISE, 200, "R"},
};

Test(update, an_answer_that_is_spoilt_once_is_asked_for_again)
{
	for (size_t p = 0; p < ARRAY_SIZE(with_tune); p++) {
		for (size_t i = 0; i < ARRAY_SIZE(once); i++) {
			struct fault_rule rule = {.points = 1u << FAULT_ECU_REPLY,
				.nth = 1,
				.times = 1,
				.action = once[i].action,
				.value = once[i].value};
			CLEANUP(update_rig_done) struct update_rig rig;

			strncpy(rule.match, once[i].match, sizeof(rule.match) - 1);
			update_rig_init(&rig);
			update_rig_add_ecu(&rig);
			update_rig_fault(&rig, &rule);
			cr_expect_eq(update_rig_update(&rig, with_tune[p]), FLASHER_NO_REASON,
				"%s, case %zu:\n%s", with_tune[p], i, rig.text);
			cr_expect(!fault_never_fired(&rig.faults));
		}
	}
}

Test(update, an_ecu_that_never_answers_well_is_left_alone)
{
	static const struct {
		enum fault_action action;
		enum flasher_reason reason;
	} cases[] = {
		{FAULT_BAD_CRC, FLASHER_BAD_ANSWER},
		{FAULT_CODE, FLASHER_BAD_ANSWER},
		{FAULT_NO_SHOW, FLASHER_NO_ECU},
	};

	for (size_t p = 0; p < ARRAY_SIZE(all); p++) {
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			struct fault_rule rule = {.points = 1u << FAULT_ECU_REPLY,
				.match = "S",
				.nth = 1,
				.action = cases[i].action,
				.value = 0x83};
			CLEANUP(update_rig_done) struct update_rig rig;

			update_rig_init(&rig);
			update_rig_add_ecu(&rig);
			update_rig_fault(&rig, &rule);
			EXPECT_REASON(&rig, all[p], cases[i].reason);
			expect_untouched(&rig);
		}
	}
}

Test(update, of_two_bootloaders_only_the_right_one_is_flashed)
{
	CLEANUP(update_rig_done) struct update_rig rig;

	update_rig_init(&rig);
	update_rig_add_ecu(&rig);
	update_rig_add_dfu(&rig);
	EXPECT_REASON(&rig, "builtin", FLASHER_NO_REASON);
	cr_expect(update_rig_holds(&rig, 0, &rig.new));
	cr_expect(update_rig_holds(&rig, 1, &rig.old));
}

/* dfu-util wants to know which; the console does not tell it. */
Test(update, the_console_gives_up_before_two_bootloaders)
{
	CLEANUP(update_rig_done) struct update_rig rig;

	update_rig_init(&rig);
	update_rig_add_ecu(&rig);
	update_rig_add_dfu(&rig);
	EXPECT_REASON(&rig, "linux-2026", FLASHER_SEVERAL_DEVICES);
	cr_expect(update_rig_holds(&rig, 0, &rig.old));
	cr_expect(update_rig_holds(&rig, 1, &rig.old));
}

Test(update, manual_of_two_wants_a_serial_number)
{
	CLEANUP(update_rig_done) struct update_rig rig;

	update_rig_init(&rig);
	update_rig_add_dfu(&rig);
	update_rig_add_dfu(&rig);
	rig.options.flow = FLASHER_MANUAL;
	EXPECT_REASON(&rig, "builtin", FLASHER_SEVERAL_DEVICES);
	rig.options.serial = "315A28A1B956";
	EXPECT_REASON(&rig, "builtin", FLASHER_NO_REASON);
	cr_expect(update_rig_holds(&rig, 0, &rig.old));
	cr_expect(update_rig_holds(&rig, 1, &rig.new));
}

Test(update, of_two_ecus_the_one_on_the_port_is_updated)
{
	CLEANUP(update_rig_done) struct update_rig rig;

	update_rig_init(&rig);
	update_rig_add_ecu(&rig);
	update_rig_add_ecu(&rig);
	EXPECT_REASON(&rig, "builtin", FLASHER_SEVERAL_ECUS);
	rig.options.port = "/dev/ttyACM1";
	EXPECT_REASON(&rig, "builtin", FLASHER_NO_REASON);
	cr_expect(update_rig_holds(&rig, 0, &rig.old));
	cr_expect(update_rig_holds(&rig, 1, &rig.new));
}

/* The console counts ECUs after the update, and there are two. */
Test(update, the_console_does_not_know_which_ecu_to_give_the_tune)
{
	CLEANUP(update_rig_done) struct update_rig rig;

	update_rig_init(&rig);
	update_rig_add_ecu(&rig);
	update_rig_add_ecu(&rig);
	EXPECT_REASON(&rig, "linux-2026", FLASHER_SEVERAL_ECUS);
	EXPECT_SAYS(&rig, "Multiple ECU-s are found");
	cr_expect(rig.result.flashed);
}

Test(update, a_port_that_comes_back_under_another_number_is_found)
{
	for (size_t i = 0; i < ARRAY_SIZE(with_tune); i++) {
		CLEANUP(update_rig_done) struct update_rig rig;

		update_rig_init(&rig);
		rig.new.mass_storage = !rig.old.mass_storage; /* the interface's number changes */
		rig.new.settings_version++;
		update_rig_image_or_fail(&rig);
		update_rig_add_ecu(&rig);
		serial_host_direct_set_new_numbers(rig.serial, true);
		EXPECT_REASON(&rig, with_tune[i], FLASHER_NO_REASON);
		cr_expect_str_eq(rig.result.port, "/dev/ttyACM1");
		cr_expect_eq(rig.result.tune, UPDATE_TUNE_RESTORED);
	}
}

Test(update, firmware_that_does_not_start_is_no_success)
{
	static const char *const waiting[] = {"builtin", "linux-2026"};

	for (size_t i = 0; i < ARRAY_SIZE(waiting); i++) {
		CLEANUP(update_rig_done) struct update_rig rig;
		struct fault_rule rule = {
			.points = 1u << FAULT_ECU_CONNECT, .nth = 1, .action = FAULT_NO_SHOW};

		update_rig_init(&rig);
		update_rig_add_ecu(&rig);
		update_rig_fault(&rig, &rule);
		EXPECT_REASON(&rig, waiting[i], FLASHER_NO_ECU_AFTER);
		cr_expect(rig.result.flashed);
	}
}

Test(update, nothing_there_has_its_own_reason)
{
	CLEANUP(update_rig_done) struct update_rig rig;

	update_rig_init(&rig);
	EXPECT_REASON(&rig, "builtin", FLASHER_NO_ECU);
	EXPECT_REASON(&rig, "linux-2026", FLASHER_NO_ECU);
	EXPECT_SAYS(&rig, "Timed out waiting for connection.");
	rig.options.flow = FLASHER_MANUAL;
	EXPECT_REASON(&rig, "builtin", FLASHER_NO_DFU);
	EXPECT_REASON(&rig, "linux-2026", FLASHER_NO_DFU);
	EXPECT_REASON(&rig, "windows-2021", FLASHER_NO_DFU);
}

static void count_lines(void *user, const char *line)
{
	cr_expect(!strchr(line, '\n'));
	++*(size_t *)user;
}

Test(update, every_line_is_said_as_it_goes)
{
	CLEANUP(update_rig_done) struct update_rig rig;
	size_t said = 0, lines = 0;

	update_rig_init(&rig);
	update_rig_add_ecu(&rig);
	rig.options.said = count_lines;
	rig.options.user = &said;
	EXPECT_REASON(&rig, "linux-2026", FLASHER_NO_REASON);
	for (const char *at = rig.text; (at = strchr(at, '\n')); at++)
		lines++;
	cr_expect_eq(said, lines);
	EXPECT_SAYS(&rig, "File downloaded successfully");
}
