/* SPDX-License-Identifier: MIT */
/* The twins alone, on simulated chips. That the one of dfu-util does as the real one, harness/cli compares. */
#include "harness/host/twin.h"

#include "harness/base/file.h"
#include "harness/host/host_os_direct.h"
#include "harness/testing/temp.h"
#include "harness/testing/usb_rig.h"
#include "simulators/stm32/board.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLASH      0x08000000u
#define FLASH_SIZE (1u << 20)
#define BOARDS     2

struct twin_rig {
	struct usb_rig usb;
	struct host_os *os;
	struct board *boards[BOARDS];
	struct temp_dir dir;
	char image[300], copy[300];
	uint8_t bytes[5000];
	struct host_program_result result;
	char *text; /* of the output */
	struct why why;
};

static struct board *make_board(struct twin_rig *rig, uint8_t n)
{
	struct stm32_board_config config = {
		.name = "board", .chip = "stm32f407xg", .pace = ROM_PACE_FAST, .uid = {n}};
	struct board *board = NULL;

	cr_assert_eq(stm32_board_new(&config, rig->usb.bus, vusb_bus_port(rig->usb.bus, n), &board,
			     &rig->why),
		0, "%s", rig->why.text);
	cr_assert_eq(board->ops->set_pin(board, BOARD_BOOT0, true, NULL), 0);
	cr_assert_eq(board->ops->set_pin(board, BOARD_POWER, true, NULL), 0);
	return board;
}

static void twin_rig_init(struct twin_rig *rig, size_t boards)
{
	*rig = (struct twin_rig){.dir = temp_dir_or_fail()};
	usb_rig_init_or_fail(&rig->usb);
	for (size_t i = 0; i < boards; i++)
		rig->boards[i] = make_board(rig, (uint8_t)(i + 1));
	rig->os = host_os_direct_new(rig->usb.host, NULL, host_twins);
	cr_assert(rig->os);
	for (size_t i = 0; i < sizeof(rig->bytes); i++)
		rig->bytes[i] = (uint8_t)(i * 7 % 251);
	snprintf(rig->image, sizeof(rig->image), "%s",
		temp_file_or_fail(&rig->dir, "image.bin", rig->bytes, sizeof(rig->bytes)));
	snprintf(rig->copy, sizeof(rig->copy), "%s", temp_path(&rig->dir, "copy.bin"));
	clock_sleep_until_us(rig->usb.host->clock, 1000000);
}

static void twin_rig_done(struct twin_rig *rig)
{
	free(rig->text);
	buf_done(&rig->result.output);
	host_os_direct_free(rig->os);
	for (size_t i = 0; i < BOARDS; i++)
		if (rig->boards[i])
			rig->boards[i]->ops->free(rig->boards[i]);
	usb_rig_done(&rig->usb);
	temp_dir_done(&rig->dir);
}

static int run(struct twin_rig *rig, char *const argv[])
{
	int r;

	buf_done(&rig->result.output);
	free(rig->text);
	rig->result = (struct host_program_result){0};
	r = rig->os->ops->run(rig->os, argv, 60000, &rig->result, &rig->why);
	rig->text =
		strndup(r < 0 || !rig->result.output.data ? "" : (char *)rig->result.output.data,
			rig->result.output.size);
	return r < 0 ? r : rig->result.exit_code;
}

#define RUN(rig, ...) run(rig, (char *const[]){__VA_ARGS__, NULL})

static void expect_flash(struct twin_rig *rig, size_t board, size_t offset)
{
	uint8_t *flash = malloc(FLASH_SIZE), *want = malloc(FLASH_SIZE);
	struct board *it = rig->boards[board];

	memset(want, 0xff, FLASH_SIZE);
	if (offset < FLASH_SIZE)
		memcpy(want + offset, rig->bytes, sizeof(rig->bytes));
	cr_assert_eq(it->ops->read_flash(it, FLASH, flash, FLASH_SIZE), 0);
	cr_expect(memcmp(flash, want, FLASH_SIZE) == 0, "the flash is not as it should be");
	free(flash);
	free(want);
}

#define NOWHERE FLASH_SIZE

Test(twin, dfu_util_writes_as_rusefi_s_console_asks_it)
{
	CLEANUP(twin_rig_done) struct twin_rig rig;

	twin_rig_init(&rig, 1);
	cr_expect_eq(RUN(&rig, "dfu-util", "--device", "0483:df11", "--alt", "0", "--dfuse-address",
			     "0x08000000:leave", "--download", rig.image),
		0, "%s", rig.text);
	cr_expect(strstr(rig.text, "File downloaded successfully\nSubmitting leave request...\n"),
		"%s", rig.text);
	cr_expect(strstr(rig.text, "Download\t[=========================] 100%         5000 bytes"),
		"%s", rig.text);
	expect_flash(&rig, 0, 0);
	clock_sleep_until_us(rig.os->clock, clock_after_us(rig.os->clock, 1000000));
	cr_expect_eq(RUN(&rig, "lsusb"), 0);
	cr_expect_str_eq(rig.text, "", "it has left");
}

Test(twin, dfu_util_reads_back_what_it_wrote)
{
	CLEANUP(twin_rig_done) struct twin_rig rig;
	struct buf copy;

	twin_rig_init(&rig, 1);
	cr_expect_eq(
		RUN(&rig, "dfu-util", "-a0", "-s0x08010000", "-D", rig.image), 0, "%s", rig.text);
	cr_expect_eq(RUN(&rig, "dfu-util", "-a", "0", "-s", "0x08010000:5000", "-U", rig.copy), 0,
		"%s", rig.text);
	buf_init(&copy, 1 << 20);
	cr_assert_eq(file_read(rig.copy, &copy, NULL), 0);
	cr_assert_eq(copy.size, sizeof(rig.bytes));
	cr_expect_arr_eq(copy.data, rig.bytes, sizeof(rig.bytes));
	buf_done(&copy);
	cr_expect_eq(RUN(&rig, "dfu-util", "-a", "0", "-s", "0x08010000:5000", "-U", rig.copy), 73);
	expect_flash(&rig, 0, 0x10000);
}

Test(twin, dfu_util_wants_to_know_which_of_two)
{
	CLEANUP(twin_rig_done) struct twin_rig rig;
	struct usb_host_entry entries[4];
	size_t count;

	twin_rig_init(&rig, 2);
	cr_expect_eq(RUN(&rig, "dfu-util", "-a", "0", "-s", "0x08000000", "-D", rig.image), 74);
	cr_expect(strstr(rig.text, "More than one DFU capable USB device found! Try `--list'"),
		"%s", rig.text);
	cr_assert_eq(rig.usb.host->ops->list(rig.usb.host, entries, 4, &count, NULL), 0);
	cr_assert_eq(count, 2);
	cr_expect_eq(RUN(&rig, "dfu-util", "--serial", entries[1].serial, "-a", "0", "-s",
			     "0x08000000", "-D", rig.image),
		0, "%s", rig.text);
	expect_flash(&rig, 0, NOWHERE);
	expect_flash(&rig, 1, 0);
}

Test(twin, dfu_util_ends_with_the_codes_of_the_real_one)
{
	CLEANUP(twin_rig_done) struct twin_rig rig;

	twin_rig_init(&rig, 1);
	cr_expect_eq(RUN(&rig, "dfu-util", "--version"), 0);
	cr_expect(strstr(rig.text, "dfu-util 0.11\n"));
	cr_expect_eq(RUN(&rig, "dfu-util", "-l"), 0);
	cr_expect(strstr(rig.text, "alt=3, name=\"@Device Feature/0xFFFF0000/01*004 e\""), "%s",
		rig.text);
	cr_expect_eq(RUN(&rig, "dfu-util"), 64);
	cr_expect_eq(RUN(&rig, "dfu-util", "--nonsense"), 64);
	cr_expect_eq(RUN(&rig, "dfu-util", "-D", "/no/such/file"), 66);
	cr_expect_eq(RUN(&rig, "dfu-util", "-a", "7", "-s", "0x08000000", "-D", rig.image), 74);
	cr_expect(strstr(rig.text, "No DFU capable USB device available"), "%s", rig.text);
	cr_expect_eq(RUN(&rig, "dfu-util", "-a", "0", "-s", "0x08200000", "-D", rig.image), 64);
	cr_expect_eq(RUN(&rig, "dfu-util", "-a", "0", "-D", rig.image), 64);
	cr_expect_eq(RUN(&rig, "dfu-util", "-a", "0", "-s", "0x08000000:mass-erase"), 64);
	expect_flash(&rig, 0, NOWHERE);
}

Test(twin, dfu_util_mass_erases_without_a_file)
{
	CLEANUP(twin_rig_done) struct twin_rig rig;

	twin_rig_init(&rig, 1);
	cr_expect_eq(RUN(&rig, "dfu-util", "-a", "0", "-s", "0x08000000", "-D", rig.image), 0);
	cr_expect_eq(RUN(&rig, "dfu-util", "-a", "0", "-s", "0x08000000:mass-erase:force"), 0, "%s",
		rig.text);
	expect_flash(&rig, 0, NOWHERE);
}

/* As dfu-util 0.11 does (measured): the chip's refusal is an I/O error, whatever was asked for. */
Test(twin, dfu_util_fails_at_read_protection)
{
	static const uint8_t level_1[16] = {0xef, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	CLEANUP(twin_rig_done) struct twin_rig rig;
	char options[300];

	twin_rig_init(&rig, 1);
	snprintf(options, sizeof(options), "%s",
		temp_file_or_fail(&rig.dir, "options.bin", level_1, sizeof(level_1)));
	cr_expect_eq(RUN(&rig, "dfu-util", "-a", "0", "-s", "0x08000000", "-D", rig.image), 0);
	cr_expect_eq(RUN(&rig, "dfu-util", "-a", "1", "-s", "0x1fffc000:will-reset", "-D", options),
		0, "%s", rig.text);
	clock_sleep_until_us(rig.os->clock, clock_after_us(rig.os->clock, 1000000));
	cr_expect_eq(RUN(&rig, "dfu-util", "-a", "0", "-s", "0x08000000", "-D", rig.image), 74);
	cr_expect_eq(RUN(&rig, "dfu-util", "-a", "0", "-s", "0x08000000:100", "-U", rig.copy), 74);
	cr_expect_eq(RUN(&rig, "dfu-util", "-a", "0", "-s", "0x08000000:mass-erase:force"), 74);
	expect_flash(&rig, 0, 0);
	cr_expect_eq(RUN(&rig, "dfu-util", "-a", "0", "-s", "0x08000000:unprotect:force"), 0);
	expect_flash(&rig, 0, NOWHERE);
}

Test(twin, lsusb_lists_as_the_real_one)
{
	CLEANUP(twin_rig_done) struct twin_rig rig;

	twin_rig_init(&rig, 1);
	cr_expect_eq(RUN(&rig, "lsusb"), 0);
	cr_expect(strstr(rig.text, ": ID 0483:df11 STMicroelectronics STM Device in DFU Mode\n"),
		"%s", rig.text);
}
