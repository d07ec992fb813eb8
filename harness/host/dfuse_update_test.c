/* SPDX-License-Identifier: MIT */
/* Whole updates of a simulated F407: what the flash holds afterwards, and what a person reads when it went wrong. */
#include "harness/host/dfuse_rig_test.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct dfuse_options plain = {0};
static const struct dfuse_options verified = {.verify = true};

Test(update, a_whole_mebibyte_arrives_and_each_sector_is_erased_once)
{
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;
	CLEANUP(free_ptr) uint8_t *data = malloc(FLASH_SIZE);

	dfuse_rig_init(&rig, ROM_PACE_FAST);
	dfuse_rig_pattern(data, FLASH_SIZE);
	cr_assert_eq(
		dfuse_rig_update(&rig, FLASH, data, FLASH_SIZE, &verified), 0, "%s", rig.why.text);
	dfuse_rig_expect_flash(&rig, FLASH, data, FLASH_SIZE);
	for (size_t i = 0; i < SECTORS; i++)
		cr_expect_eq(rig.erased[i], 1, "sector %zu: %u times", i, rig.erased[i]);
	cr_expect_eq(rig.programmed, FLASH_SIZE);
	cr_expect_eq(rig.result.erased_sectors, SECTORS);
	cr_expect_eq(rig.result.erased_bytes, FLASH_SIZE);
	cr_expect_eq(rig.result.programmed_bytes, FLASH_SIZE);
	cr_expect_eq(rig.result.verified_bytes, FLASH_SIZE);
	cr_expect(!rig.result.left);
}

Test(update, takes_the_chips_time_on_virtual_time)
{
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;
	CLEANUP(free_ptr) uint8_t *data = malloc(FLASH_SIZE);
	uint64_t start_us;

	dfuse_rig_init(&rig, ROM_PACE_CHIP);
	dfuse_rig_pattern(data, FLASH_SIZE);
	start_us = dfuse_rig_now_us(&rig);
	cr_assert_eq(
		dfuse_rig_update(&rig, FLASH, data, FLASH_SIZE, &plain), 0, "%s", rig.why.text);
	/* 513 blocks and pointers at 104 ms alone. */
	cr_expect_gt(dfuse_rig_now_us(&rig) - start_us, 513 * 104000);
	cr_expect_lt(dfuse_rig_now_us(&rig) - start_us, 120000000);
}

Test(update, only_what_the_image_needs_is_erased)
{
	static const struct {
		const char *name;
		uint32_t addr;
		size_t size;
		unsigned first, last;
	} rows[] = {
		{"one byte at the start", FLASH, 1, 0, 0},
		{"one byte in the middle of a sector", FLASH + 0x12345, 1, 4, 4},
		{"across an edge", FLASH + 0x3fff, 2, 0, 1},
		{"exactly one sector", FLASH + 0x4000, 0x4000, 1, 1},
		{"the last byte", FLASH + FLASH_SIZE - 1, 1, 11, 11},
		{"odd start and length", FLASH + 1, 2047, 0, 0},
	};
	CLEANUP(free_ptr) uint8_t *data = malloc(0x4000);

	dfuse_rig_pattern(data, 0x4000);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(dfuse_rig_done) struct dfuse_rig rig;

		dfuse_rig_init(&rig, ROM_PACE_FAST);
		cr_assert_eq(dfuse_rig_update(&rig, rows[i].addr, data, rows[i].size, &verified), 0,
			"%s: %s", rows[i].name, rig.why.text);
		for (unsigned s = 0; s < SECTORS; s++)
			cr_expect_eq(rig.erased[s], s >= rows[i].first && s <= rows[i].last,
				"%s: sector %u", rows[i].name, s);
		dfuse_rig_expect_flash(&rig, rows[i].addr, data, rows[i].size);
	}
}

Test(update, elements_in_one_sector_share_its_erase)
{
	uint8_t bytes[2][3] = {{1, 2, 3}, {4, 5, 6}};
	struct image_element parts[] = {
		{.addr = FLASH + 0x100, .data = bytes[0], .size = 3},
		{.addr = FLASH + 0x10, .data = bytes[1], .size = 3},
	};
	CLEANUP(image_done) struct image image = {.addressed = true};
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;
	uint8_t back[3];

	dfuse_rig_init(&rig, ROM_PACE_FAST);
	cr_assert_eq(image_add_target(&image, 0, NULL), 0);
	cr_assert_eq(image_add_element(&image, &parts[0], NULL), 0);
	cr_assert_eq(image_add_element(&image, &parts[1], NULL), 0);
	cr_assert_eq(dfuse_update(&rig.client, &image, &verified, &rig.result, &rig.why), 0, "%s",
		rig.why.text);
	cr_expect_eq(rig.erased[0], 1);
	cr_assert_eq(rig.board->ops->read_flash(rig.board, FLASH + 0x100, back, 3), 0);
	cr_expect_arr_eq(back, bytes[0], 3);
}

Test(update, a_mass_erase_clears_the_rest_too)
{
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;
	const struct dfuse_options options = {.mass_erase = true, .verify = true};
	uint8_t data[100];

	dfuse_rig_init(&rig, ROM_PACE_CHIP);
	dfuse_rig_pattern(data, sizeof(data));
	cr_assert_eq(rig.board->ops->write_flash(rig.board, FLASH + 0x80000, data, 100), 0);
	cr_assert_eq(dfuse_rig_update(&rig, FLASH, data, 100, &options), 0, "%s", rig.why.text);
	dfuse_rig_expect_flash(&rig, FLASH, data, 100);
	cr_expect_eq(rig.mass_erased, 1);
	cr_expect_eq(rig.result.erased_sectors, 0);
	cr_expect_eq(rig.result.erased_bytes, FLASH_SIZE);
}

Test(update, leaving_starts_the_new_firmware_and_takes_the_device_off_the_bus)
{
	/* SP = end of RAM, PC in the flash, Thumb. */
	static const uint8_t vectors[] = {0x00, 0x00, 0x02, 0x20, 0x05, 0x00, 0x00, 0x08};
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;
	const struct dfuse_options options = {.verify = true, .leave = true};

	dfuse_rig_init(&rig, ROM_PACE_CHIP);
	cr_assert_eq(dfuse_rig_update(&rig, FLASH, vectors, sizeof(vectors), &options), 0, "%s",
		rig.why.text);
	cr_expect(rig.result.left);
	clock_sleep_until_us(rig.usb.host->clock, dfuse_rig_now_us(&rig) + 1000000);
	cr_expect_eq(usb_rig_list_or_fail(&rig.usb, NULL), 0);
	cr_expect_eq(rig.board->ops->mode(rig.board), BOARD_FIRMWARE);
}

Test(update, a_device_that_vanishes_instead_of_an_answer_has_left)
{
	static const struct spoil_rule rules[] = {
		{.request = DFU_GETSTATUS, .value = SPOIL_ANY, .count = 1, .pull = true},
		{.request = DFU_DNLOAD, .value = SPOIL_ANY, .count = 1, .pull = true},
		{.request = DFU_GETSTATUS, .value = SPOIL_ANY, .count = 1, .result = VUSB_ERROR},
		{.request = DFU_DNLOAD, .value = SPOIL_ANY, .count = 1, .result = VUSB_ERROR},
	};
	static const uint8_t data[8] = {1};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		CLEANUP(dfuse_rig_done) struct dfuse_rig rig;
		struct spoil_rule rule = rules[i];

		dfuse_rig_init(&rig, ROM_PACE_FAST);
		cr_assert_eq(dfuse_rig_update(&rig, FLASH, data, sizeof(data), &plain), 0);
		/* Set Address: one DNLOAD, two GETSTATUS. */
		rule.skip = rule.request == DFU_GETSTATUS ? 2 : 1;
		spoil_tap_set(&rig.spoil, &rule);
		cr_expect_eq(
			dfuse_client_leave(&rig.client, FLASH, &rig.why), 0, "%s", rig.why.text);
		cr_expect_eq(rig.spoil.fired, 1);
	}
}

Test(update, progress_grows_to_its_total_in_each_phase)
{
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;
	uint8_t data[10000];

	dfuse_rig_init(&rig, ROM_PACE_FAST);
	dfuse_rig_pattern(data, sizeof(data));
	cr_assert_eq(dfuse_rig_update(&rig, FLASH, data, sizeof(data), &verified), 0);
	cr_expect(!rig.went_back);
	cr_expect_eq(rig.phases[DFUSE_ERASING], 2, "start and one sector");
	cr_expect_eq(rig.phases[DFUSE_PROGRAMMING], 6, "start and five blocks");
	cr_expect_eq(rig.phases[DFUSE_VERIFYING], 6);
	cr_expect_eq(rig.last.done, sizeof(data));
	cr_expect_eq(rig.last.total, sizeof(data));
}

/* ---- what goes wrong ---- */

Test(update, an_image_that_does_not_fit_erases_nothing)
{
	static const struct {
		uint32_t addr;
		size_t size;
		const char *why;
	} rows[] = {
		{FLASH - 1, 2, "image: 0x07ffffff lies outside of the device's Internal Flash"},
		{FLASH + FLASH_SIZE - 1, 2,
			"image: 0x08100000 lies outside of the device's Internal Flash"},
		{0x20000000, 4, "image: 0x20000000 lies outside of the device's Internal Flash"},
		{0xffffffff, 1, "image: 0xffffffff lies outside of the device's Internal Flash"},
	};
	static const uint8_t data[4] = {0};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(dfuse_rig_done) struct dfuse_rig rig;

		dfuse_rig_init(&rig, ROM_PACE_FAST);
		cr_expect_eq(
			dfuse_rig_update(&rig, rows[i].addr, data, rows[i].size, &plain), -EFAULT);
		cr_expect_str_eq(rig.why.text, rows[i].why);
		cr_expect_eq(rig.erased[0] + rig.erased[11], 0);
	}
}

Test(update, an_image_without_an_address_or_for_another_memory_is_refused)
{
	uint8_t data[4] = {0};
	struct image_element element = {.data = data, .size = 4};
	CLEANUP(image_done) struct image raw = {0};
	CLEANUP(image_done) struct image other = {.addressed = true};
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;

	dfuse_rig_init(&rig, ROM_PACE_FAST);
	cr_assert_eq(image_add_target(&raw, 0, NULL), 0);
	cr_assert_eq(image_add_element(&raw, &element, NULL), 0);
	cr_expect_eq(dfuse_update(&rig.client, &raw, &plain, &rig.result, &rig.why), -EINVAL);
	cr_expect_str_eq(rig.why.text, "the image has no address");
	element.addr = FLASH;
	cr_assert_eq(image_add_target(&other, 7, NULL), 0);
	cr_assert_eq(image_add_element(&other, &element, NULL), 0);
	cr_expect_eq(dfuse_update(&rig.client, &other, &plain, &rig.result, &rig.why), -EFAULT);
	cr_expect_str_eq(rig.why.text, "image: the device has no memory number 7");
}

Test(update, an_image_for_another_product_is_refused)
{
	static const struct {
		struct image_ids ids;
		int expected;
	} rows[] = {
		{{.vid = 0x0483, .pid = 0xdf11, .bcd_device = 0}, 0},
		{{.vid = IMAGE_ANY_ID, .pid = IMAGE_ANY_ID}, 0},
		{{.vid = 0x0483, .pid = 0x5740}, -EINVAL},
		{{.vid = 0x1209, .pid = IMAGE_ANY_ID}, -EINVAL},
	};
	uint8_t data[4] = {0};
	struct image_element element = {.addr = FLASH, .data = data, .size = 4};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(image_done)
		struct image image = {.addressed = true, .has_ids = true, .ids = rows[i].ids};
		CLEANUP(dfuse_rig_done) struct dfuse_rig rig;

		dfuse_rig_init(&rig, ROM_PACE_FAST);
		cr_assert_eq(image_add_target(&image, 0, NULL), 0);
		cr_assert_eq(image_add_element(&image, &element, NULL), 0);
		cr_expect_eq(dfuse_update(&rig.client, &image, &plain, &rig.result, &rig.why),
			rows[i].expected, "row %zu: %s", i, rig.why.text);
		if (i == 2)
			cr_expect_str_eq(rig.why.text,
				"the image is for 0483:5740, the device is 0483:df11");
	}
}

Test(update, read_protection_is_named)
{
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;
	static const uint8_t data[4] = {0};

	dfuse_rig_init(&rig, ROM_PACE_FAST);
	options_preset_rdp(&rig.memory->options, 0x55);
	cr_expect_eq(dfuse_rig_update(&rig, FLASH + 0x4000, data, 4, &plain), -EREMOTEIO);
	cr_expect_str_eq(rig.why.text,
		"erase 0x08004000: the device says errVENDOR (read protection is active?)");
	cr_expect_eq(rig.client.last.status, DFU_ERR_VENDOR);
	cr_expect_eq(dfuse_client_program(&rig.client, FLASH, data, 4, &rig.why), -EREMOTEIO);
	cr_expect(
		strstr(rig.why.text, "errVENDOR (read protection is active?)"), "%s", rig.why.text);
}

Test(update, a_write_protected_sector_is_found_by_the_verify_only)
{
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;
	static const uint8_t data[4] = {1, 2, 3, 4};

	dfuse_rig_init(&rig, ROM_PACE_FAST);
	options_preset_write_protected(&rig.memory->options, 1);
	cr_expect_eq(dfuse_rig_update(&rig, FLASH, data, 4, &plain), 0);
	cr_expect_eq(dfuse_rig_update(&rig, FLASH, data, 4, &verified), -EILSEQ);
	cr_expect_str_eq(rig.why.text, "verify 0x08000000: 0x01 was written, 0xff is there");
	cr_expect_eq(rig.result.programmed_bytes, 4);
	cr_expect_eq(rig.result.verified_bytes, 0);
}

/* Each way that one request can go wrong in the middle of an update of 10000 bytes (one erase, then blocks 2 to 6). */
Test(update, every_fault_ends_with_its_reason)
{
	static const struct {
		const char *name;
		struct spoil_rule rule;
		int expected;
		const char *why;
	} rows[] = {
		{"unplugged at the erase", {DFU_DNLOAD, 0, 0, 1, .pull = true}, -ENODEV,
			"erase 0x08000000: the device is gone"},
		{"unplugged in a block", {DFU_DNLOAD, 4, 0, 1, .pull = true}, -ENODEV,
			"program 0x08001000: the device is gone"},
		{"unplugged in a status", {DFU_GETSTATUS, SPOIL_ANY, 8, 1, .pull = true}, -ENODEV,
			"program 0x08000800: the device is gone"},
		{"block refused", {DFU_DNLOAD, 3, 0, 1, .result = VUSB_STALL}, -EPIPE,
			"program 0x08000800: the device refused it (STALL)"},
		{"erase refused", {DFU_DNLOAD, 0, 0, 1, .result = VUSB_STALL}, -EPIPE,
			"erase 0x08000000: the device refused it (STALL)"},
		{"bus error", {DFU_DNLOAD, 3, 0, 1, .result = VUSB_ERROR}, -EPROTO,
			"program 0x08000800: USB: Protocol error"},
		{"babble", {DFU_GETSTATUS, SPOIL_ANY, 3, 1, .result = VUSB_BABBLE}, -EOVERFLOW,
			"erase 0x08000000: the device sent more than it was asked for"},
		{"short status", {DFU_GETSTATUS, SPOIL_ANY, 3, 1, .size = 3}, -EBADMSG,
			"erase 0x08000000: GETSTATUS: 3 bytes came, 6 are due"},
		{"no such state",
			{DFU_GETSTATUS, SPOIL_ANY, 3, 1, .size = 6, .bytes = {0, 0, 0, 0, 99}},
			-EPROTO, "erase 0x08000000: GETSTATUS: there is no state 99"},
		{"a state that does not belong here",
			{DFU_GETSTATUS, SPOIL_ANY, 3, 1, .size = 6,
				.bytes = {0, 0, 0, 0, DFU_UPLOAD_IDLE}},
			-EPROTO,
			"erase 0x08000000: the device is in dfuUPLOAD-IDLE, dfuDNLOAD-IDLE is due"},
		{"error while writing",
			{DFU_GETSTATUS, SPOIL_ANY, 8, 1, .size = 6,
				.bytes = {DFU_ERR_PROG, 0, 0, 0, DFU_ERROR}},
			-EREMOTEIO, "program 0x08000800: the device says errPROG"},
		{"error of an unknown number",
			{DFU_GETSTATUS, SPOIL_ANY, 8, 1, .size = 6,
				.bytes = {77, 0, 0, 0, DFU_ERROR}},
			-EREMOTEIO, "program 0x08000800: the device says ?"},
		{"busy for ever",
			{DFU_GETSTATUS, SPOIL_ANY, 3, SPOIL_FOREVER, .size = 6,
				.bytes = {0, 100, 0, 0, DFU_DNBUSY}},
			-ETIMEDOUT, "erase 0x08000000: the device stays busy"},
		{"busy for ever without a poll time",
			{DFU_GETSTATUS, SPOIL_ANY, 8, SPOIL_FOREVER, .size = 6,
				.bytes = {0, 0, 0, 0, DFU_DNBUSY}},
			-ETIMEDOUT, "program 0x08000800: the device stays busy"},
		{"a poll time of hours",
			{DFU_GETSTATUS, SPOIL_ANY, 3, SPOIL_FOREVER, .size = 6,
				.bytes = {0, 0xff, 0xff, 0xff, DFU_DNBUSY}},
			-ETIMEDOUT, "erase 0x08000000: the device stays busy"},
		{"silent", {DFU_GETSTATUS, SPOIL_ANY, 3, SPOIL_FOREVER, .result = VUSB_NAK},
			-ETIMEDOUT, "erase 0x08000000: the device does not answer"},
		{"short upload", {DFU_UPLOAD, 4, 0, 1, .size = 100}, -EBADMSG,
			"verify: read 0x08001000: 100 bytes came, 2048 are due"},
		{"upload refused", {DFU_UPLOAD, 4, 0, 1, .result = VUSB_STALL}, -EPIPE,
			"verify: read 0x08001000: the device refused it (STALL)"},
		{"never at rest",
			{DFU_GETSTATUS, SPOIL_ANY, 0, SPOIL_FOREVER, .size = 6,
				.bytes = {DFU_ERR_UNKNOWN, 0, 0, 0, DFU_ERROR}},
			-ETIMEDOUT, "getting to dfuIDLE: the device does not come to rest"},
		{"firmware in place of the ROM",
			{DFU_GETSTATUS, SPOIL_ANY, 0, 1, .size = 6,
				.bytes = {0, 0, 0, 0, DFU_APP_IDLE}},
			-EPROTO,
			"getting to dfuIDLE: the device runs its firmware, not the bootloader "
			"(appIDLE)"},
		{"waits for a reset",
			{DFU_GETSTATUS, SPOIL_ANY, 0, 1, .size = 6,
				.bytes = {0, 0, 0, 0, DFU_MANIFEST_WAIT_RESET}},
			-EPROTO, "getting to dfuIDLE: the device waits for a reset: unplug it"},
		{"clear refused", {DFU_CLRSTATUS, SPOIL_ANY, 0, 1, .result = VUSB_STALL}, -EPIPE,
			"getting to dfuIDLE: DFU_CLRSTATUS: the device refused it (STALL)"},
	};
	uint8_t data[10000];

	dfuse_rig_pattern(data, sizeof(data));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(dfuse_rig_done) struct dfuse_rig rig;
		uint64_t start_us;

		dfuse_rig_init(&rig, ROM_PACE_FAST);
		spoil_tap_set(&rig.spoil, &rows[i].rule);
		start_us = dfuse_rig_now_us(&rig);
		cr_expect_eq(dfuse_rig_update(&rig, FLASH, data, sizeof(data), &verified),
			rows[i].expected, "%s: %s", rows[i].name, rig.why.text);
		cr_expect_str_eq(rig.why.text, rows[i].why, "%s: %s", rows[i].name, rig.why.text);
		cr_expect_gt(rig.spoil.fired, 0, "%s", rows[i].name);
		cr_expect(!rig.went_back, "%s", rows[i].name);
		cr_expect_lt(dfuse_rig_now_us(&rig) - start_us, 9000000, "%s", rows[i].name);
	}
}

Test(update, a_few_refused_polls_are_a_chip_that_is_busy)
{
	const struct spoil_rule rule = {
		DFU_GETSTATUS, SPOIL_ANY, .skip = 2, .count = 3, .result = VUSB_STALL};
	const struct spoil_rule more = {
		DFU_GETSTATUS, SPOIL_ANY, .skip = 1, .count = 4, .result = VUSB_STALL};
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;
	static const uint8_t data[4] = {1, 2, 3, 4};

	dfuse_rig_init(&rig, ROM_PACE_FAST);
	spoil_tap_set(&rig.spoil, &rule);
	cr_expect_eq(dfuse_rig_update(&rig, FLASH, data, 4, &verified), 0, "%s", rig.why.text);
	cr_expect_eq(rig.spoil.fired, 3);
	spoil_tap_set(&rig.spoil, &more);
	cr_expect_eq(dfuse_rig_update(&rig, FLASH, data, 4, &verified), -EPIPE);
}

Test(update, the_deadline_of_the_whole_update_is_kept)
{
	const struct dfuse_options hurried = {.deadline_ms = 3000};
	const struct spoil_rule silent = {
		DFU_GETSTATUS, SPOIL_ANY, .skip = 4, .count = SPOIL_FOREVER, .result = VUSB_NAK};
	CLEANUP(free_ptr) uint8_t *data = malloc(FLASH_SIZE);

	dfuse_rig_pattern(data, FLASH_SIZE);
	for (int i = 0; i < 2; i++) {
		CLEANUP(dfuse_rig_done) struct dfuse_rig rig;
		uint64_t start_us;

		dfuse_rig_init(&rig, ROM_PACE_CHIP);
		if (i)
			spoil_tap_set(&rig.spoil, &silent);
		start_us = dfuse_rig_now_us(&rig);
		cr_expect_eq(dfuse_rig_update(&rig, FLASH, data, FLASH_SIZE, &hurried), -ETIMEDOUT);
		cr_expect(strstr(rig.why.text, "the time for all is over"), "%s", rig.why.text);
		cr_expect_geq(dfuse_rig_now_us(&rig) - start_us, 3000000);
		cr_expect_lt(dfuse_rig_now_us(&rig) - start_us, 3002000);
		cr_expect_eq(rig.client.deadline_us, CLOCK_NEVER);
		/* Afterwards there is no deadline any more, and the chip is finished with what it had in hand. */
		spoil_tap_set(&rig.spoil, &(struct spoil_rule){0});
		cr_expect_eq(
			dfuse_rig_update(&rig, FLASH, data, 4, &verified), 0, "%s", rig.why.text);
	}
}

/* 16 option bytes with sector 0 write-protected. */
static const uint8_t option_bytes[16] = {0xef, 0xaa, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static int write_option_bytes(
	struct dfuse_rig *rig, uint32_t addr, const struct dfuse_options *options)
{
	CLEANUP(image_done) struct image image = {.addressed = true};
	const struct image_element element = {
		.addr = addr, .data = (uint8_t *)option_bytes, .size = sizeof(option_bytes)};

	cr_assert_eq(image_add_target(&image, addr == OPTION_BYTES ? 1 : 0, NULL), 0);
	cr_assert_eq(image_add_element(&image, &element, NULL), 0);
	return dfuse_update(&rig->client, &image, options, &rig->result, &rig->why);
}

Test(update, option_bytes_reset_the_chip_and_that_is_a_success_when_it_is_expected)
{
	for (int expected = 0; expected < 2; expected++) {
		const struct dfuse_options options = {.will_reset = expected, .leave = true};
		CLEANUP(dfuse_rig_done) struct dfuse_rig rig;

		dfuse_rig_init(&rig, ROM_PACE_CHIP);
		cr_expect_eq(write_option_bytes(&rig, OPTION_BYTES, &options),
			expected ? 0 : -ENODEV, "%s", rig.why.text);
		cr_expect_eq(rig.result.reset, expected);
		cr_expect(!rig.result.left);
		cr_expect_eq(options_write_protected(&rig.memory->options), 1);
	}
}

Test(update, a_device_that_should_reset_and_does_not_is_given_up)
{
	const struct dfuse_options options = {.will_reset = true};
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;

	dfuse_rig_init(&rig, ROM_PACE_FAST);
	cr_expect_eq(write_option_bytes(&rig, FLASH, &options), -ETIMEDOUT);
	cr_expect_str_eq(rig.why.text, "program 0x08000000: the device does not reset");
	cr_expect(!rig.result.reset);
}

Test(update, what_does_not_fit_in_one_block_cannot_be_followed_by_a_reset)
{
	const struct dfuse_options options = {.will_reset = true};
	CLEANUP(free_ptr) uint8_t *data = calloc(1, 2049);
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;

	dfuse_rig_init(&rig, ROM_PACE_FAST);
	cr_expect_eq(dfuse_rig_update(&rig, FLASH, data, 2049, &options), -E2BIG);
	cr_expect_str_eq(rig.why.text,
		"image: its last element has 2049 bytes, and the device resets after 2048");
	cr_expect_eq(rig.erased[0], 0, "nothing is erased before");
}

Test(update, two_boards_are_told_apart)
{
	struct stm32_board_config config = {
		.name = "other", .chip = "stm32f407xg", .uid = {1, 2, 3, 4, 5, 6}};
	const struct dfuse_filter any = {NULL, ""};
	struct dfuse_filter one = {.path = "1-2"};
	struct usb_host_entry entry;
	struct board *other;
	CLEANUP(dfuse_rig_done) struct dfuse_rig rig;

	dfuse_rig_init(&rig, ROM_PACE_FAST);
	cr_assert_eq(
		stm32_board_new(&config, rig.usb.bus, vusb_bus_port(rig.usb.bus, 2), &other, NULL),
		0);
	other->ops->set_pin(other, BOARD_BOOT0, true, NULL);
	other->ops->set_pin(other, BOARD_POWER, true, NULL);
	clock_sleep_until_us(rig.usb.host->clock, 5000000);
	cr_expect_eq(dfuse_find(rig.usb.host, &any, &entry, &rig.why), -ENOTUNIQ);
	cr_expect(strstr(rig.why.text, "at USB 1-1"), "%s", rig.why.text);
	cr_expect_eq(dfuse_find(rig.usb.host, &one, &entry, &rig.why), 0);
	one = (struct dfuse_filter){.serial = entry.serial};
	cr_expect_eq(dfuse_find(rig.usb.host, &one, &entry, &rig.why), 0);
	cr_expect_str_eq(entry.path, "1-2");
	one.serial = "NOBODY";
	cr_expect_eq(dfuse_find(rig.usb.host, &one, &entry, &rig.why), -ENODEV);
	cr_expect_str_eq(rig.why.text, "no device in DFU mode with serial \"NOBODY\"");
	other->ops->free(other);
}
