/* SPDX-License-Identifier: MIT */
/* `dfurig image` as a person starts it. */
#include "harness/cli/exec_files_test.h"

#include <jansson.h>
#include <sys/stat.h>

/* 16 bytes at 0x08000000 and 4 behind a gap, as Intel HEX. */
static const char hex[] = ":020000040800F2\n"
			  ":10000000000102030405060708090A0B0C0D0E0F78\n"
			  ":04002000AABBCCDDCE\n"
			  ":00000001FF\n";

static json_int_t integer(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

Test(image, info_tells_format_addresses_and_checksums)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_file_or_fail(&dir, "fw.hex", hex, strlen(hex));
	CLEANUP(run_done) struct run run = RUN_OR_FAIL(DFURIG, "image", "info", path);

	cr_expect_eq(run.code, 0, "%s", run.err);
	cr_expect_str_eq(run.err, "");
	expect_text(run.out, "fw.hex: hex, 92 bytes, of which 20 are data\n");
	expect_text(run.out, "  0x08000000 to 0x0800000f          16 bytes  CRC-32 0xcecee288\n");
	expect_text(run.out, "  0x08000020 to 0x08000023           4 bytes  CRC-32 0x55b401a7\n");
}

Test(image, info_says_the_same_in_json)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_file_or_fail(&dir, "fw.hex", hex, strlen(hex));
	CLEANUP(run_done) struct run run = RUN_OR_FAIL(DFURIG, "image", "info", "--json", path);
	json_t *root = json_loads(run.out, 0, NULL);
	const json_t *target = json_array_get(json_object_get(root, "targets"), 0);
	const json_t *elements = json_object_get(target, "elements");

	cr_expect_eq(run.code, 0, "%s", run.err);
	cr_assert_eq(json_array_size(elements), 2, "%s", run.out);
	cr_expect_str_eq(json_string_value(json_object_get(root, "format")), "hex");
	cr_expect_eq(integer(root, "size"), 20);
	cr_expect_eq(integer(json_array_get(elements, 1), "address"), 0x08000020);
	cr_expect_eq(integer(json_array_get(elements, 1), "size"), 4);
	cr_expect_eq(integer(json_array_get(elements, 1), "crc32"), 0x55b401a7);
	json_decref(root);
}

Test(image, info_knows_no_address_of_raw_bytes)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_file_or_fail(&dir, "fw.bin", "firmware", 8);
	CLEANUP(run_done) struct run text = RUN_OR_FAIL(DFURIG, "image", "info", path);
	CLEANUP(run_done) struct run run = RUN_OR_FAIL(DFURIG, "image", "info", "-j", path);
	json_t *root = json_loads(run.out, 0, NULL);
	const json_t *target = json_array_get(json_object_get(root, "targets"), 0);
	const json_t *element = json_array_get(json_object_get(target, "elements"), 0);

	expect_text(text.out, "no address");
	cr_expect(json_is_null(json_object_get(element, "address")), "%s", run.out);
	json_decref(root);
}

/* File names are bytes; JSON is UTF-8. */
Test(image, a_file_name_that_is_no_utf8_does_not_spoil_the_json)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_file_or_fail(&dir, "fw\xff.bin", "firmware", 8);
	CLEANUP(run_done) struct run run = RUN_OR_FAIL(DFURIG, "image", "info", "--json", path);
	json_t *root = json_loads(run.out, 0, NULL);

	cr_assert_not_null(root, "%s", run.out);
	expect_text(json_string_value(json_object_get(root, "file")), "fw\xef\xbf\xbd.bin");
	json_decref(root);
}

Test(image, convert_writes_what_other_programs_read)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_file_or_fail(&dir, "fw.hex", hex, strlen(hex));
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL("sh", "-c",
		"cd \"$1\" && \"$2\" image convert fw.hex fw.bin --fill 0xff && "
		"objcopy -I ihex -O binary --gap-fill 0xff fw.hex wanted.bin && "
		"cmp fw.bin wanted.bin && "
		"\"$2\" image convert fw.hex fw.s19 && srec_cat fw.s19 -o back.hex -intel && "
		"\"$2\" image convert back.hex back.bin --fill 0xff && cmp back.bin wanted.bin && "
		"\"$2\" image convert fw.hex fw.dfu && dfu-suffix -c fw.dfu",
		"sh", dir.path, DFURIG);

	cr_expect_eq(run.code, 0, "%s: %s%s", path, run.out, run.err);
	expect_text(run.out, "fw.bin: bin, 1 element, 36 bytes of data\n");
	expect_text(run.out, "fw.dfu: dfuse, 2 elements, 20 bytes of data\n");
	expect_text(run.err, "note: bin keeps no address; these bytes belong at 0x08000000\n");
}

Test(image, convert_says_the_same_in_json)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	CLEANUP(free_ptr) char *in = strdup(temp_file_or_fail(&dir, "a.hex", hex, strlen(hex)));
	const char *out = temp_path(&dir, "a.dfu");
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "image", "convert", "--json", in, out);
	json_t *root = json_loads(run.out, 0, NULL);

	cr_expect_eq(run.code, 0, "%s", run.err);
	cr_expect_str_eq(json_string_value(json_object_get(root, "format")), "dfuse");
	cr_expect_eq(integer(root, "elements"), 2);
	cr_expect_eq(integer(root, "size"), 20);
	json_decref(root);
}

Test(image, convert_to_stdout_prints_the_file_and_nothing_else)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_file_or_fail(&dir, "fw.bin", "firmware", 8);
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "image", "convert", "--to", "srec", "--address",
		"0x08000000", path, "/dev/stdout");

	cr_expect_eq(run.code, 0, "%s", run.err);
	cr_expect(strncmp(run.out, "S0", 2) == 0, "%s", run.out);
	cr_expect(!strstr(run.out, "element"), "%s", run.out);
}

struct bad_image {
	const char *name, *content;
	const char *why;
};

/* Offset and reason, in one line. */
static const struct bad_image bad_images[] = {
	{"sum.hex", ":0100000000FE\n", "sum.hex:1: checksum is 0xfe, should be 0xff\n"},
	{"cut.hex", ":10000000000102\n", "cut.hex:1: "},
	{"end.hex", ":0100000000FF\n", "end.hex:"},
	{"twice.hex", ":0100000000FF\n:0100000001FE\n:00000001FF\n", "twice.hex:2: overlap: "},
	{"sum.s19", "S1040000AA00\n", "sum.s19:1: checksum is 0x00, should be 0x51\n"},
	{"cut.dfu", "DfuSe\1", "cut.dfu: at byte "},
	{"empty.bin", "", "empty.bin: the file is empty\n"},
};

/* Each subcommand that reads an image refuses it with code 3, and leaves no part of a file. */
Test(image, a_damaged_file_is_named_with_place_and_reason_and_nothing_is_written)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_images); i++) {
		const struct bad_image *bad = &bad_images[i];
		CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
		CLEANUP(free_ptr)
		char *in = strdup(
			temp_file_or_fail(&dir, bad->name, bad->content, strlen(bad->content)));
		const char *out = temp_path(&dir, "out.bin");
		CLEANUP(run_done) struct run info = RUN_OR_FAIL(DFURIG, "image", "info", in);
		CLEANUP(run_done)
		struct run convert = RUN_OR_FAIL(DFURIG, "image", "convert", in, out);

		cr_expect_eq(info.code, 3, "%s: %d", bad->name, info.code);
		expect_text(info.err, bad->why);
		cr_expect_str_eq(info.out, "");
		cr_expect_eq(convert.code, 3, "%s: %d", bad->name, convert.code);
		cr_expect_str_eq(convert.err, info.err);
		cr_expect_eq(temp_dir_count(&dir), 1, "%s: only the input", bad->name);
	}
}

/* A DFU suffix that does not fit the content: 16 bytes whose CRC is of something else. */
Test(image, a_changed_byte_is_found_by_the_suffix)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL("sh", "-c",
		"cd \"$1\" && printf firmware > fw.dfu && dfu-suffix -a fw.dfu >/dev/null && "
		"printf F | dd of=fw.dfu conv=notrunc status=none && \"$2\" image info fw.dfu",
		"sh", dir.path, DFURIG);

	cr_expect_eq(run.code, 3);
	expect_text(run.err, "fw.dfu: at byte 20: the DFU suffix says CRC ");
}

Test(image, ends_with_the_code_and_the_reason_of_its_failure)
{
	static const struct {
		const char *args[6];
		int code;
		const char *err;
	} rows[] = {
		{{"info"}, 2, "which FILE?"},
		{{"info", "a", "b"}, 2, "one file at a time"},
		{{"info", "/nonexistent/fw.bin"}, 3,
			"dfurig: /nonexistent/fw.bin: No such file or directory\n"},
		{{"info", "/"}, 3, "dfurig: /: Is a directory\n"},
		{{"info", "--format", "elf", "a"}, 2, "\"elf\" is no format; formats are bin"},
		{{"convert", "a"}, 2, "IN and OUT are needed"},
		{{"convert", "a", "b", "c"}, 2, "\"c\": more than IN and OUT"},
		{{"convert", "--fill", "256", "a", "b"}, 2,
			"--fill: 256 is too large (at most 0xff)"},
		{{"convert", "--address", "top", "a", "b"}, 2, "--address: \"top\" is no number"},
		{{"convert", "--vid", "12345", "a", "b"}, 2,
			"--vid: \"12345\" is no hexadecimal number of four digits"},
		{{"turn"}, 2, "image has no command \"turn\""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *const *args = rows[i].args;
		CLEANUP(run_done)
		struct run run =
			RUN_OR_FAIL(DFURIG, "image", args[0], args[1], args[2], args[3], args[4]);

		cr_expect_eq(run.code, rows[i].code, "%s: %d, %s", rows[i].err, run.code, run.err);
		expect_text(run.err, rows[i].err);
	}
}

/* What the options ask for and the format cannot say is refused before anything is written. */
Test(image, a_format_that_does_not_fit_leaves_the_old_file_alone)
{
	static const struct {
		const char *in, *out;
		const char *err;
	} rows[] = {
		{"fw.hex", "old.bin", "gap"},
		{"raw.bin", "old.hex", "say where it belongs (--address"},
		{"fw.hex", "old.xyz", "the name does not tell the format"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
		CLEANUP(free_ptr) char *in = NULL;
		CLEANUP(free_ptr) char *out = NULL;

		temp_file_or_fail(&dir, "fw.hex", hex, strlen(hex));
		temp_file_or_fail(&dir, "raw.bin", "firmware", 8);
		in = strdup(temp_path(&dir, rows[i].in));
		out = strdup(temp_file_or_fail(&dir, rows[i].out, "old", 3));

		CLEANUP(run_done)
		struct run run = RUN_OR_FAIL(DFURIG, "image", "convert", in, out);
		CLEANUP(buf_done) struct buf now = content_or_fail(out);

		cr_expect_eq(run.code, 2, "%s: %d", rows[i].out, run.code);
		expect_text(run.err, rows[i].err);
		cr_assert_eq(now.size, 3, "%s", rows[i].out);
		cr_expect_arr_eq(now.data, "old", 3);
		cr_expect_eq(temp_dir_count(&dir), 3, "nothing half-written");
	}
}

Test(image, a_result_that_cannot_be_written_is_a_failure)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_file_or_fail(&dir, "fw.bin", "firmware", 8);
	CLEANUP(run_done)
	struct run nowhere = RUN_OR_FAIL(DFURIG, "image", "convert", path, "/nonexistent/fw.raw");
	CLEANUP(run_done)
	struct run full = RUN_OR_FAIL(DFURIG, "image", "convert", "--to", "bin", path, "/dev/full");

	cr_expect_eq(nowhere.code, 1);
	expect_text(nowhere.err, "/nonexistent/fw.raw: No such file or directory\n");
	cr_expect_eq(full.code, 1);
	expect_text(full.err, "/dev/full: No space left on device\n");
}
