/* SPDX-License-Identifier: MIT */
/*
 * Image files against programs that others wrote: we read what they write, they read what we write.
 * A program that is missing fails the test, unless DFURIG_ALLOW_MISSING_TOOLS is set.
 */
#include "harness/base/file.h"
#include "harness/base/rng.h"
#include "harness/dfu/image_testing.h"
#include "harness/testing/run.h"
#include "harness/testing/temp.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sizes and places where formats have edges: an odd length, across 64 KiB, one byte, beyond 16 MiB. */
static const struct {
	const char *file;
	uint32_t addr;
	size_t size;
} parts[] = {
	{"part0.bin", 0x08000000, 1001},
	{"part1.bin", 0x0800fff3, 300},
	{"part2.bin", 0x08020000, 1},
};

/* A folder with the parts as raw files, and the image that they make. */
struct oracle {
	struct temp_dir dir;
	struct image image;
	char log[8192]; /* what the last program printed */
};

static void oracle_done(struct oracle *oracle)
{
	image_done(&oracle->image);
	temp_dir_done(&oracle->dir);
}

static void add_part_or_fail(struct oracle *oracle, size_t i, struct rng *rng)
{
	uint8_t data[2048];
	struct image_element element = {.addr = parts[i].addr, .data = data, .size = parts[i].size};

	for (size_t at = 0; at < parts[i].size; at++)
		data[at] = (uint8_t)rng_below(rng, 256);
	temp_file_or_fail(&oracle->dir, parts[i].file, data, parts[i].size);
	cr_assert_eq(image_add_element(&oracle->image, &element, NULL), 0);
}

static struct oracle oracle_or_skip(const char *program)
{
	struct oracle oracle = {0};
	struct rng rng = {.state = 1};

	need_tool(program);
	oracle.dir = temp_dir_or_fail();
	oracle.image.addressed = true;
	cr_assert_eq(image_add_target(&oracle.image, 0, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		add_part_or_fail(&oracle, i, &rng);
	return oracle;
}

/* Runs a program in the folder and gives its exit status. */
static int run(struct oracle *oracle, const char *const argv[])
{
	CLEANUP(run_done) struct run run = run_in_or_fail(oracle->dir.path, argv);

	snprintf(oracle->log, sizeof(oracle->log), "%s%s", run.out, run.err);
	return run.code;
}

#define RUN(oracle, ...)      run(oracle, (const char *const[]){__VA_ARGS__, NULL})
#define RUN_WELL(oracle, ...) cr_assert_eq(RUN(oracle, __VA_ARGS__), 0, "%s", (oracle)->log)

/* The arguments with which the srecord programs put our parts together. */
#define SREC_PARTS                                                                                 \
	"(", "part0.bin", "-Binary", "-offset", "0x08000000", "part1.bin", "-Binary", "-offset",   \
		"0x0800fff3", "part2.bin", "-Binary", "-offset", "0x08020000", ")"

static void write_or_fail(struct oracle *oracle, const struct image *image, const char *file)
{
	struct why why = {0};

	cr_assert_eq(image_write(image, IMAGE_AUTO, temp_path(&oracle->dir, file), &why), 0, "%s",
		why.text);
}

static struct image read_or_fail(struct oracle *oracle, const char *file)
{
	struct image image = {0};
	struct why why = {0};

	cr_assert_eq(image_read(temp_path(&oracle->dir, file), IMAGE_AUTO, &image, &why), 0, "%s",
		why.text);
	cr_assert(image.targets && image.elements);
	return image;
}

static void expect_elements(struct oracle *oracle, const char *file)
{
	CLEANUP(image_done) struct image image = read_or_fail(oracle, file);
	const char *difference = image_element_difference(&image, &oracle->image);

	cr_expect_null(difference, "%s: %s", file, difference);
}

/* The file's content is the image with gaps of 0xff. */
static void expect_flat(struct oracle *oracle, const char *file)
{
	CLEANUP(buf_done) struct buf flat;
	CLEANUP(buf_done) struct buf got;

	buf_init(&flat, IMAGE_DATA_MAX);
	buf_init(&got, IMAGE_DATA_MAX);
	cr_assert_eq(image_flatten(&oracle->image, 0xff, &flat, NULL), 0);
	cr_assert_eq(file_read(temp_path(&oracle->dir, file), &got, NULL), 0);
	cr_assert_eq(got.size, flat.size, "%s: %zu bytes", file, got.size);
	cr_expect(memcmp(got.data, flat.data, flat.size) == 0, "%s", file);
}

Test(image_oracle, srec_cmp_reads_our_text_files)
{
	CLEANUP(oracle_done) struct oracle oracle = oracle_or_skip("srec_cmp");

	write_or_fail(&oracle, &oracle.image, "our.hex");
	write_or_fail(&oracle, &oracle.image, "our.s37");
	RUN_WELL(&oracle, "srec_cmp", "our.hex", "-Intel", SREC_PARTS);
	RUN_WELL(&oracle, "srec_cmp", "our.s37", "-Motorola", SREC_PARTS);
	oracle.image.elements[0].data[500] ^= 1;
	write_or_fail(&oracle, &oracle.image, "our.hex");
	cr_expect_neq(RUN(&oracle, "srec_cmp", "our.hex", "-Intel", SREC_PARTS), 0,
		"a difference is seen");
}

Test(image_oracle, we_read_the_text_files_of_srec_cat)
{
	CLEANUP(oracle_done) struct oracle oracle = oracle_or_skip("srec_cat");

	RUN_WELL(&oracle, "srec_cat", SREC_PARTS, "-o", "their.hex", "-Intel");
	expect_elements(&oracle, "their.hex");
	RUN_WELL(&oracle, "srec_cat", SREC_PARTS, "-o", "their.s37", "-Motorola",
		"-line-length=250");
	expect_elements(&oracle, "their.s37");
}

/* Below 1 MiB: srec_cat then uses segments (types 02 and 03), and S1 or S2 records. */
Test(image_oracle, we_read_the_narrow_text_files_of_srec_cat)
{
	static const struct {
		const char *file, *format, *width;
	} cases[] = {
		{"narrow.hex", "-Intel", "-address-length=3"},
		{"narrow.s28", "-Motorola", "-address-length=3"},
		{"narrow.s19", "-Motorola", "-address-length=2"},
	};
	CLEANUP(oracle_done) struct oracle oracle = oracle_or_skip("srec_cat");

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(image_done) struct image image = {0};

		RUN_WELL(&oracle, "srec_cat", "part0.bin", "-Binary", "-offset", "0xf000",
			"-execution-start-address=0xf002", "-o", cases[i].file, cases[i].format,
			cases[i].width);
		image = read_or_fail(&oracle, cases[i].file);
		cr_assert_eq(image.element_count, 1, "%s", cases[i].file);
		cr_expect_eq(image.elements[0].addr, 0xf000, "%s", cases[i].file);
		cr_expect_eq(image.entry, 0xf002, "%s", cases[i].file);
		cr_assert_eq(image.elements[0].size, parts[0].size, "%s", cases[i].file);
		cr_expect(memcmp(image.elements[0].data, oracle.image.elements[0].data,
				  parts[0].size) == 0,
			"%s", cases[i].file);
	}
}

Test(image_oracle, objcopy_reads_our_text_files)
{
	CLEANUP(oracle_done) struct oracle oracle = oracle_or_skip("objcopy");

	write_or_fail(&oracle, &oracle.image, "our.hex");
	write_or_fail(&oracle, &oracle.image, "our.s37");
	RUN_WELL(&oracle, "objcopy", "-I", "ihex", "-O", "binary", "--gap-fill", "0xff", "our.hex",
		"hex.bin");
	expect_flat(&oracle, "hex.bin");
	RUN_WELL(&oracle, "objcopy", "-I", "srec", "-O", "binary", "--gap-fill", "0xff", "our.s37",
		"srec.bin");
	expect_flat(&oracle, "srec.bin");
}

Test(image_oracle, we_read_the_text_files_of_objcopy)
{
	CLEANUP(oracle_done) struct oracle oracle = oracle_or_skip("objcopy");

	write_or_fail(&oracle, &oracle.image, "our.hex");
	RUN_WELL(&oracle, "objcopy", "-I", "ihex", "-O", "ihex", "our.hex", "their.hex");
	expect_elements(&oracle, "their.hex");
	RUN_WELL(&oracle, "objcopy", "-I", "ihex", "-O", "srec", "our.hex", "their.s37");
	expect_elements(&oracle, "their.s37");
}

Test(image_oracle, dfuse_pack_reads_our_dfuse_file)
{
	CLEANUP(oracle_done) struct oracle oracle = oracle_or_skip("dfuse-pack");

	image_name_target(&oracle.image.targets[0], "Flash");
	write_or_fail(&oracle, &oracle.image, "our.dfu");
	RUN_WELL(&oracle, "dfuse-pack", "-d", "our.dfu");
	cr_expect_null(strstr(oracle.log, "ERROR"), "%s", oracle.log);
	cr_expect(strstr(oracle.log, "name: \"b'Flash'\""), "%s", oracle.log);
	cr_expect(strstr(oracle.log, "usb: 0483:df11"), "%s", oracle.log);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		char dumped[64];

		snprintf(dumped, sizeof(dumped), "our.dfu.target0.image%zu.bin", i);
		RUN_WELL(&oracle, "cmp", dumped, parts[i].file);
		cr_expect(strstr(oracle.log, "differ") == NULL, "%s", oracle.log);
	}
}

Test(image_oracle, we_read_the_dfuse_file_of_dfuse_pack)
{
	CLEANUP(oracle_done) struct oracle oracle = oracle_or_skip("dfuse-pack");
	CLEANUP(image_done) struct image image = {0};

	RUN_WELL(&oracle, "dfuse-pack", "-b", "0x08000000:part0.bin", "-b", "0x0800fff3:part1.bin",
		"-b", "0x1fffc000@1:part2.bin", "-D", "0x1209:0x5740", "their.dfu");
	image = read_or_fail(&oracle, "their.dfu");
	cr_expect_eq(image.format, IMAGE_DFUSE);
	cr_expect_eq(image.warning_count, 0, "%s", image.warnings[0]);
	cr_expect_eq(image.ids.vid, 0x1209);
	cr_expect_eq(image.ids.pid, 0x5740);
	cr_assert_eq(image.target_count, 2);
	cr_expect_eq(image.targets[1].alternate, 1);
	cr_expect_str_eq(image.targets[0].name, "ST...");
	cr_assert_eq(image.element_count, 3);
	cr_expect_eq(image.elements[2].addr, 0x1fffc000);
	cr_expect_eq(image.elements[2].target, 1);
	oracle.image.elements[2].target = 1;
	oracle.image.elements[2].addr = 0x1fffc000;
	cr_expect_null(image_element_difference(&image, &oracle.image));
}

Test(image_oracle, dfuse_pack_makes_the_same_of_our_text_files_as_we_do)
{
	CLEANUP(oracle_done) struct oracle oracle = oracle_or_skip("dfuse-pack");

	write_or_fail(&oracle, &oracle.image, "our.hex");
	write_or_fail(&oracle, &oracle.image, "our.s37");
	RUN_WELL(&oracle, "dfuse-pack", "-i", "our.hex", "hex.dfu");
	expect_elements(&oracle, "hex.dfu");
	RUN_WELL(&oracle, "dfuse-pack", "-s", "our.s37", "srec.dfu");
	expect_elements(&oracle, "srec.dfu");
}

/* Apart from the name and bcdDevice, which dfuse-pack sets itself, the files are the same byte for byte. */
Test(image_oracle, our_dfuse_file_is_that_of_dfuse_pack)
{
	CLEANUP(oracle_done) struct oracle oracle = oracle_or_skip("dfuse-pack");

	RUN_WELL(&oracle, "dfuse-pack", "-b", "0x08000000:part0.bin", "-b", "0x0800fff3:part1.bin",
		"-b", "0x08020000:part2.bin", "their.dfu");
	image_name_target(&oracle.image.targets[0], "ST...");
	oracle.image.has_ids = true;
	oracle.image.ids = (struct image_ids){0x0483, 0xdf11, 0};
	write_or_fail(&oracle, &oracle.image, "our.dfu");
	cr_expect_eq(RUN(&oracle, "cmp", "our.dfu", "their.dfu"), 0, "%s", oracle.log);
}

Test(image_oracle, dfu_suffix_checks_our_suffixes)
{
	CLEANUP(oracle_done) struct oracle oracle = oracle_or_skip("dfu-suffix");
	CLEANUP(image_done) struct image image = read_or_fail(&oracle, "part0.bin");

	image.has_ids = true;
	image.ids = (struct image_ids){0x1209, 0x5740, 0x0123};
	write_or_fail(&oracle, &image, "our.dfu");
	RUN_WELL(&oracle, "dfu-suffix", "-c", "our.dfu");
	cr_expect(strstr(oracle.log, "BCD device:\t0x0123"), "%s", oracle.log);
	cr_expect(strstr(oracle.log, "Product ID:\t0x5740"), "%s", oracle.log);
	cr_expect(strstr(oracle.log, "Vendor ID:\t0x1209"), "%s", oracle.log);
	cr_expect(strstr(oracle.log, "BCD DFU:\t0x0100"), "%s", oracle.log);
	write_or_fail(&oracle, &oracle.image, "our.dfu");
	RUN_WELL(&oracle, "dfu-suffix", "-c", "our.dfu");
	cr_expect(strstr(oracle.log, "BCD DFU:\t0x011A"), "%s", oracle.log);
}

Test(image_oracle, we_read_the_file_of_dfu_suffix)
{
	CLEANUP(oracle_done) struct oracle oracle = oracle_or_skip("dfu-suffix");
	CLEANUP(image_done) struct image image = {0};

	RUN_WELL(
		&oracle, "dfu-suffix", "-v", "1209", "-p", "5740", "-d", "0123", "-a", "part0.bin");
	image = read_or_fail(&oracle, "part0.bin");
	cr_expect_eq(image.format, IMAGE_DFU);
	cr_expect_eq(image.ids.vid, 0x1209);
	cr_expect_eq(image.ids.pid, 0x5740);
	cr_expect_eq(image.ids.bcd_device, 0x0123);
	cr_assert_eq(image_size(&image), parts[0].size);
	cr_expect(
		memcmp(image.elements[0].data, oracle.image.elements[0].data, parts[0].size) == 0);
}
