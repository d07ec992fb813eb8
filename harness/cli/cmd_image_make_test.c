/* SPDX-License-Identifier: MIT */
/* `dfurig image make`, and what `info` says of its files, as a person starts them. */
#include "harness/cli/exec_files_test.h"

#include <jansson.h>

static struct run make(struct temp_dir *dir, const char *name, const char *file)
{
	return RUN_OR_FAIL(DFURIG, "image", "make", name, temp_path(dir, file));
}

static struct run info(struct temp_dir *dir, const char *file)
{
	return RUN_OR_FAIL(DFURIG, "image", "info", temp_path(dir, file));
}

Test(image_make, writes_an_image_that_info_knows)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	CLEANUP(run_done) struct run made = make(&dir, "rusefi-2026", "fw.bin");
	CLEANUP(run_done) struct run run = info(&dir, "fw.bin");

	cr_expect_eq(made.code, 0, "%s", made.err);
	expect_text(made.out, "fw.bin: rusEFI of July 2026");
	expect_text(made.out, "256,000 bytes at 0x08000000, rusEFI main.2026.07.14");
	expect_text(run.out,
		"firmware at 0x08000000: rusEFI main.2026.07.14.f407-discovery.3461352391, for "
		"stm32f407xg, 256,000 bytes\n");
	expect_text(run.out, "settings 22,000 bytes, version 20250101, at 0x080e0000 and "
			     "0x080c0000\n");
	expect_text(run.out, "features DFU jump, USB drive\n");
}

Test(image_make, writes_the_format_of_the_extension)
{
	static const char *const files[] = {"fw.bin", "fw.hex", "fw.srec", "fw.dfu"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
		CLEANUP(run_done) struct run made = make(&dir, "rusefi-2026-openblt", files[i]);
		CLEANUP(run_done) struct run run = info(&dir, files[i]);

		cr_expect_eq(made.code, 0, "%s: %s", files[i], made.err);
		expect_text(run.out, "firmware at 0x08000000: OpenBLT 1.2, for stm32f407xg");
		expect_text(run.out, "firmware at 0x08008000: rusEFI main.2026.07.14");
		expect_text(run.out, "behind OpenBLT");
	}
}

Test(image_make, says_the_same_in_json)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	CLEANUP(run_done)
	struct run made = RUN_OR_FAIL(
		DFURIG, "image", "make", "--json", "rusefi-2026-no-msd", temp_path(&dir, "fw.bin"));
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "image", "info", "--json", temp_path(&dir, "fw.bin"));
	json_t *result = json_loads(made.out, 0, NULL);
	json_t *root = json_loads(run.out, 0, NULL);
	const json_t *firmware = json_array_get(json_object_get(root, "firmware"), 0);

	cr_expect_eq(json_integer_value(json_object_get(result, "address")), 0x08000000);
	cr_expect_str_eq(json_string_value(json_object_get(firmware, "kind")), "ecu");
	cr_expect(json_is_true(json_object_get(firmware, "whole")));
	cr_expect(json_is_false(json_object_get(firmware, "mass_storage")));
	cr_expect(json_is_true(json_object_get(firmware, "dfu_jump")));
	cr_expect_eq(json_array_size(
			     json_object_get(json_object_get(firmware, "settings"), "addresses")),
		2);
	json_decref(result);
	json_decref(root);
}

Test(image_make, a_damaged_image_is_called_so)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	CLEANUP(run_done) struct run made = make(&dir, "rusefi-2026", "fw.bin");
	CLEANUP(run_done) struct run run = {0};
	FILE *file = fopen(temp_path(&dir, "fw.bin"), "r+b");

	cr_assert_eq(made.code, 0, "%s", made.err);
	cr_assert(file);
	cr_assert_eq(fseek(file, 100000, SEEK_SET), 0);
	fputs("oops", file);
	fclose(file);
	run = info(&dir, "fw.bin");
	expect_text(run.out, "256,000 bytes, DAMAGED: it would not start\n");
}

Test(image_make, takes_a_file_of_ones_own)
{
	static const char spec[] = "name: mine\ntitle: Mine\nchip: stm32f407xg\nsize: 2 KiB\n"
				   "signature: rusEFI mine.2026.01.02.board.5\nsource: me\n";
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	char path[512];

	snprintf(
		path, sizeof(path), "%s", temp_file_or_fail(&dir, "mine.yaml", spec, strlen(spec)));
	CLEANUP(run_done) struct run made = make(&dir, path, "fw.bin");
	cr_expect_eq(made.code, 0, "%s", made.err);
	expect_text(made.out, "2,048 bytes at 0x08000000, rusEFI mine.2026.01.02.board.5");
}

Test(image_make, ends_with_the_code_of_its_failure)
{
	static const struct {
		const char *name, *out;
		int code;
		const char *says;
	} rows[] = {
		{"rusefi-1999", "fw.bin", 3, "no image \"rusefi-1999\"; there are: "},
		{"rusefi-2026", "fw.unknown", 2, "or give --to"},
		{"rusefi-2026", "none/fw.bin", 1, "none/fw.bin"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
		CLEANUP(run_done) struct run run = make(&dir, rows[i].name, rows[i].out);

		cr_expect_eq(run.code, rows[i].code, "%s: %d", rows[i].says, run.code);
		expect_text(run.err, rows[i].says);
	}
}

Test(image_make, needs_two_words)
{
	CLEANUP(run_done) struct run run = RUN_OR_FAIL(DFURIG, "image", "make", "rusefi-2026");

	cr_expect_eq(run.code, 2);
	expect_text(run.err, "NAME and OUT are needed");
}

Test(list, shows_the_images)
{
	CLEANUP(run_done) struct run run = RUN_OR_FAIL(DFURIG, "list", "images");
	CLEANUP(run_done) struct run json = RUN_OR_FAIL(DFURIG, "list", "images", "--json");
	json_t *root = json_loads(json.out, 0, NULL);
	const json_t *first = json_array_get(json_object_get(root, "images"), 0);

	cr_expect_eq(run.code, 0);
	expect_text(run.out, "rusefi-2026-no-dfu-jump");
	expect_text(run.out, "rusEFI main.2026.07.14.f407-discovery.3461352391\n");
	cr_expect_str_eq(json_string_value(json_object_get(first, "name")), "openblt-only");
	cr_expect_str_eq(json_string_value(json_object_get(first, "openblt")), "1.2");
	cr_expect_eq(json_integer_value(json_object_get(first, "size")), 24576);
	json_decref(root);
}
