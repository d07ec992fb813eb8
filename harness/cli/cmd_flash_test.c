/* SPDX-License-Identifier: MIT */
/* `dfurig flash` as a person starts it. */
#include "harness/cli/exec_files_test.h"

#include <jansson.h>

/* SP = end of RAM, PC = 0x08000101: an image that a chip starts. */
static const unsigned char firmware[1000] = {0x00, 0x00, 0x02, 0x20, 0x01, 0x01, 0x00, 0x08};

Test(flash, updates_a_simulated_board_and_tells_the_story)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_file_or_fail(&dir, "fw.bin", firmware, sizeof(firmware));
	CLEANUP(run_done) struct run run = RUN_OR_FAIL(DFURIG, "flash", "--verify", path);

	cr_expect_eq(run.code, 0, "%s", run.err);
	cr_expect_str_eq(run.err, "");
	expect_text(run.out, "f407-discovery  USB 1-1  0483:df11 \"STM32  BOOTLOADER\"");
	expect_text(run.out, "erased    1 sector, 16,384 bytes");
	expect_text(run.out, "written   1,000 bytes");
	expect_text(run.out, "verified  1,000 bytes");
	expect_text(run.out, "equals the image");
	expect_text(run.out, "the board runs its new firmware");
	cr_expect_null(strchr(run.out, '\033'), "a pipe gets plain lines");
}

Test(flash, says_the_same_in_json)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_file_or_fail(&dir, "fw.bin", firmware, sizeof(firmware));
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(
		DFURIG, "flash", "--json", "--mass-erase", "--no-leave", "--pace", "chip", path);
	json_t *root = json_loads(run.out, 0, NULL);

	cr_expect_eq(run.code, 0, "%s", run.err);
	cr_assert_not_null(root, "%s", run.out);
	cr_expect(json_is_true(json_object_get(root, "ok")));
	cr_expect(json_is_true(json_object_get(root, "flash_equal")));
	cr_expect(json_is_false(json_object_get(root, "left")));
	cr_expect_eq(json_integer_value(json_object_get(root, "programmed_bytes")), 1000);
	cr_expect_gt(json_real_value(json_object_get(root, "board_seconds")), 5,
		"a mass erase takes the chip seconds");
	json_decref(root);
}

/* The same as exec: what is planned and does not happen is an error, and nothing is killed that is not there. */
Test(flash, a_fault_that_never_happens_is_an_error)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_file_or_fail(&dir, "fw.bin", firmware, sizeof(firmware));
	CLEANUP(run_done)
	struct run never = RUN_OR_FAIL(DFURIG, "flash", "--fault", "request UPLOAD: stall", path);
	CLEANUP(run_done)
	struct run stall = RUN_OR_FAIL(DFURIG, "flash", "--fault", "request write: stall", path);
	CLEANUP(run_done)
	struct run kill = RUN_OR_FAIL(DFURIG, "flash", "--fault", "request write: kill", path);

	cr_expect_eq(never.code, 125, "%d %s", never.code, never.err);
	expect_text(never.err, "the fault never fired: request UPLOAD: stall");
	cr_expect_eq(stall.code, 1, "%d %s", stall.code, stall.err);
	cr_expect_eq(kill.code, 2, "%d %s", kill.code, kill.err);
	expect_text(kill.err, "with --transport mock there is");
}

Test(flash, ends_with_the_code_and_the_reason_of_its_failure)
{
	static const struct {
		const char *name;
		const char *args[3];
		int code;
		const char *err;
	} rows[] = {
		{"no such board", {"--board", "nonsense"}, 3, "nonsense"},
		{"beyond the flash", {"--address", "0x080fffff"}, 3,
			"dfurig: image: 0x08100000 lies outside of the device's Internal Flash"},
		{"no address", {"--address", "here"}, 2, "--address: \"here\" is no number"},
		{"no such transport", {"--transport", "pigeon"}, 2,
			"\"pigeon\" is not one of direct, mock, libusb"},
		{"no such pace", {"--pace", "slow"}, 2, "\"slow\" is not one of chip, fast"},
		{"a simulated board for libusb", {"--transport=libusb", "--pace=fast"}, 2,
			"--transport libusb takes a real one"},
		{"no device with this serial", {"--serial", "X"}, 1,
			"no device in DFU mode with serial \"X\""},
		{"read after a reset", {"--will-reset", "--verify"}, 2,
			"--verify: after a reset the device is not there"},
		{"two images", {"a.bin", "b.bin"}, 2, "one image at a time"},
	};
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_file_or_fail(&dir, "fw.bin", firmware, sizeof(firmware));

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(run_done)
		struct run run =
			RUN_OR_FAIL(DFURIG, "flash", path, rows[i].args[0], rows[i].args[1]);

		cr_expect_eq(run.code, rows[i].code, "%s: %d, %s", rows[i].name, run.code, run.err);
		cr_expect(strstr(run.err, rows[i].err), "%s: %s", rows[i].name, run.err);
	}
}

Test(flash, a_missing_or_damaged_image_is_an_input_error)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_file_or_fail(&dir, "fw.hex", ":0100000000FE\n", 14);
	CLEANUP(run_done) struct run damaged = RUN_OR_FAIL(DFURIG, "flash", path);
	CLEANUP(run_done) struct run missing = RUN_OR_FAIL(DFURIG, "flash", "/nowhere/fw.bin");
	CLEANUP(run_done) struct run none = RUN_OR_FAIL(DFURIG, "flash");

	cr_expect_eq(damaged.code, 3, "%s", damaged.err);
	expect_text(damaged.err, "fw.hex");
	cr_expect_eq(missing.code, 3);
	expect_text(missing.err, "/nowhere/fw.bin: No such file or directory");
	cr_expect_eq(none.code, 2);
	expect_text(none.err, "which IMAGE?");
}

Test(flash, updates_through_libusb_what_the_mock_shows)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_file_or_fail(&dir, "fw.bin", firmware, sizeof(firmware));
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "--board", "f407-discovery", "--board",
		"f407-discovery-2012", "--", DFURIG, "flash", "--transport", "libusb", "--verify",
		"--serial", "207A389B5848", path);

	cr_expect_eq(run.code, 0, "%s", run.err);
	expect_text(run.out, "serial 207A389B5848");
	expect_text(run.out, "verified  1,000 bytes");
	expect_text(run.out, "left      the bootloader");
}

Test(flash, two_boards_and_no_choice_are_named)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_file_or_fail(&dir, "fw.bin", firmware, sizeof(firmware));
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "--board", "f407-discovery", "--board",
		"f407-discovery-2012", "--", DFURIG, "flash", "--transport", "libusb", path);

	cr_expect_eq(run.code, 1, "%s", run.err);
	expect_text(run.err, "several devices in DFU mode: serial");
	expect_text(run.err, "315A28A0B956");
	expect_text(run.err, "207A389B5848");
}

/* 16 option bytes with sector 0 write-protected. */
static const unsigned char option_bytes[16] = {0xef, 0xaa, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

Test(flash, writes_option_bytes_and_claims_no_more_than_it_knows)
{
	static const char *const transports[] = {"direct", "mock"};
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	CLEANUP(free_ptr)
	char *raw = strdup(temp_file_or_fail(&dir, "opt.bin", option_bytes, 16));
	const char *path = temp_path(&dir, "opt.dfu");
	CLEANUP(run_done)
	struct run convert = RUN_OR_FAIL(
		DFURIG, "image", "convert", "--alt", "1", "--address", "0x1fffc000", raw, path);

	cr_assert_eq(convert.code, 0, "%s", convert.err);
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		CLEANUP(run_done)
		struct run run = RUN_OR_FAIL(
			DFURIG, "flash", "--transport", transports[i], "--will-reset", path);

		cr_expect_eq(run.code, 0, "%s", run.err);
		expect_text(run.out, "written   16 bytes");
		expect_text(run.out, "others    16 bytes for other memories (no second channel)");
		expect_text(
			run.out, "reset     itself, as announced; the board is in its bootloader");
		cr_expect(!strstr(run.out, "equals the image"), "%s", run.out);
	}
}

Test(flash, help_has_an_example_and_the_exit_codes)
{
	CLEANUP(run_done) struct run run = RUN_OR_FAIL(DFURIG, "flash", "--help");

	cr_expect_eq(run.code, 0);
	expect_text(run.out, "Example:");
	expect_text(run.out, "Exit codes: 0 updated");
}

Test(flash, updates_a_board_under_the_mock_and_looks_at_its_flash)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_file_or_fail(&dir, "fw.bin", "firmware", 8);
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "flash", "--transport", "mock", "--json", "--verify",
		"--address=0x08004000", path);
	json_t *root = json_loads(run.out, 0, NULL);

	cr_expect_eq(run.code, 0, "%s", run.err);
	cr_expect_str_eq(json_string_value(json_object_get(root, "transport")), "mock");
	cr_expect(json_is_true(json_object_get(root, "flash_equal")), "%s", run.out);
	cr_expect_eq(json_integer_value(json_object_get(root, "verified_bytes")), 8);
	json_decref(root);
}

Test(flash, fails_under_the_mock_with_the_reason_of_the_client)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_file_or_fail(&dir, "fw.bin", "firmware", 8);
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "flash", "--transport=mock", "--serial", "X", path);

	cr_expect_eq(run.code, 1, "%s", run.err);
	cr_expect(strstr(run.err, "no device in DFU mode with serial \"X\""), "%s", run.err);
}

/* A real firmware in place of noise: `make` gives the file. */
static struct run flash_image(struct exec_files *files, const char *image, const char *option)
{
	CLEANUP(run_done)
	struct run made = RUN_OR_FAIL(DFURIG, "image", "make", image, files->image);

	cr_assert_eq(made.code, 0, "%s", made.err);
	return RUN_OR_FAIL(DFURIG, "flash", option, files->image);
}

Test(flash, says_which_firmware_runs_then)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(8);
	CLEANUP(run_done) struct run run = flash_image(&files, "rusefi-2026", "--json");
	CLEANUP(run_done) struct run text = RUN_OR_FAIL(DFURIG, "flash", files.image);

	cr_expect_eq(run.code, 0, "%s", run.err);
	expect_text(run.out, "\"mode\": \"ecu\"");
	expect_text(run.out, "\"runs\": \"rusEFI main.2026.07.14.f407-discovery.3461352391\"");
	expect_text(text.out, "left      the bootloader; the ECU runs: rusEFI main.2026.07.14.");
}

Test(flash, says_that_openblt_found_no_application)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(8);
	CLEANUP(run_done) struct run run = flash_image(&files, "openblt-only", "--verbose");

	cr_expect_eq(run.code, 0, "%s", run.err);
	expect_text(run.out, "OpenBLT runs: there is no application that it would start");
}

Test(flash, says_why_nothing_runs)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(8);
	CLEANUP(run_done)
	struct run run = flash_image(&files, "rusefi-2026-proteus-f7", "--verbose");

	expect_text(run.out, "nothing runs: the vector table's stack is not in this chip's RAM");
}

Test(flash, wants_a_board_in_its_bootloader)
{
	static const struct {
		const char *start, *says;
	} rows[] = {
		{"off", "a board without power cannot be updated"},
		{"run", "`dfurig update auto` gets a running one there"},
		{"up", "\"up\" is not one of dfu, off, run"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(run_done)
		struct run run = RUN_OR_FAIL(DFURIG, "flash", "--start", rows[i].start, "x.bin");

		cr_expect_eq(run.code, 2, "%s", rows[i].start);
		expect_text(run.err, rows[i].says);
	}
}
