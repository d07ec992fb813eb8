/* SPDX-License-Identifier: MIT */
#include "harness/flasher/update_rig_test.h"

#include "harness/flasher/flasher_text.h"
#include "harness/host/host_os_direct.h"
#include "harness/host/serial_host_direct.h"
#include "harness/host/twin.h"
#include "simulators/ecu/ecu.h"
#include "simulators/ecu/tune.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_MS    2000 /* until a board is there */
#define CUSTOM_SEED 42

static struct firmware make_firmware(const char *signature)
{
	struct firmware firmware = firmware_defaults(chip_find("stm32f407xg"), false);

	firmware.size = 40000;
	snprintf(firmware.signature, sizeof(firmware.signature), "%s", signature);
	return firmware;
}

void update_rig_init(struct update_rig *rig)
{
	*rig = (struct update_rig){.dir = temp_dir_or_fail(),
		.old = make_firmware(RIG_OLD),
		.new = make_firmware(RIG_NEW)};
	usb_rig_init_or_fail(&rig->usb);
	rig->serial = serial_host_direct_new(rig->usb.bus, rig->usb.host);
	cr_assert(rig->serial);
	rig->os = host_os_direct_new(rig->usb.host, rig->serial, host_twins);
	cr_assert(rig->os);
	fake_pnp_init(&rig->pnp, rig->usb.host);
	update_rig_image_or_fail(rig);
}

void update_rig_done(struct update_rig *rig)
{
	free(rig->text);
	image_done(&rig->image);
	host_os_direct_free(rig->os);
	serial_host_direct_free(rig->serial);
	for (size_t i = 0; i < RIG_BOARDS; i++)
		if (rig->boards[i])
			rig->boards[i]->ops->free(rig->boards[i]);
	usb_rig_done(&rig->usb);
	temp_dir_done(&rig->dir);
}

static void build_or_fail(const struct firmware *firmware, struct buf *out)
{
	struct why why = {0};

	buf_init(out, RIG_FLASH_SIZE);
	cr_assert_eq(firmware_build(firmware, out, &why), 0, "%s", why.text);
}

/* The old firmware with a tune of the owner's in its settings sector. */
static uint8_t *make_flash(const struct firmware *firmware)
{
	CLEANUP(buf_done) struct buf image, container;
	uint8_t *flash = malloc(RIG_FLASH_SIZE);
	uint8_t *tune = malloc(firmware->settings_size);

	cr_assert(flash && tune);
	memset(flash, 0xff, RIG_FLASH_SIZE);
	build_or_fail(firmware, &image);
	memcpy(flash, image.data, image.size);
	tune_custom(firmware, CUSTOM_SEED, tune);
	buf_init(&container, RIG_FLASH_SIZE);
	cr_assert_eq(tune_container_append(&container, firmware, tune), 0);
	memcpy(flash + firmware->settings_addr[0] - RIG_FLASH_ADDR, container.data, container.size);
	free(tune);
	return flash;
}

static struct board *add(struct update_rig *rig, bool power, bool boot0)
{
	CLEANUP(free_ptr) uint8_t *flash = make_flash(&rig->old);
	struct stm32_board_config config = {
		.name = "board",
		.chip = "stm32f407xg",
		.pace = ROM_PACE_FAST,
		.flash = flash,
		.flash_size = RIG_FLASH_SIZE,
		.loaders = ecu_loaders,
		.uid = {0x57, 0, 0x27, 0, 0x03, 0x35, 0x56, 0xb9, 0x3f, 0x28, 0x33, 0x31},
	};
	struct why why = {0};
	size_t n = rig->boards[0] ? 1 : 0;
	struct board *board = NULL;

	config.uid[0] = (uint8_t)(config.uid[0] + n);
	config.faults = n ? NULL : &rig->faults;
	cr_assert_eq(stm32_board_new(&config, rig->usb.bus,
			     vusb_bus_port(rig->usb.bus, (uint8_t)(n + 1)), &board, &why),
		0, "%s", why.text);
	rig->boards[n] = board;
	cr_assert_eq(board->ops->set_pin(board, BOARD_BOOT0, boot0, NULL), 0);
	cr_assert_eq(board->ops->set_pin(board, BOARD_POWER, power, NULL), 0);
	update_rig_run_ms(rig, START_MS);
	cr_assert_eq(board->ops->set_pin(board, BOARD_BOOT0, false, NULL), 0);
	return board;
}

struct board *update_rig_add_ecu(struct update_rig *rig)
{
	struct board *board = add(rig, true, false);

	cr_assert_eq(board->ops->mode(board), BOARD_ECU);
	return board;
}

struct board *update_rig_add_dfu(struct update_rig *rig)
{
	struct board *board = add(rig, true, true);

	cr_assert_eq(board->ops->mode(board), BOARD_DFU);
	return board;
}

struct board *update_rig_add_off(struct update_rig *rig)
{
	return add(rig, false, false);
}

void update_rig_image_or_fail(struct update_rig *rig)
{
	CLEANUP(buf_done) struct buf bytes;
	struct image_source source = {.name = "image.bin", .format = IMAGE_BIN};
	struct why why = {0};

	image_done(&rig->image);
	build_or_fail(&rig->new, &bytes);
	source.data = bytes.data;
	source.size = bytes.size;
	cr_assert_eq(image_parse(&source, &rig->image, &why), 0, "%s", why.text);
	cr_assert_eq(image_set_address(&rig->image, RIG_FLASH_ADDR, &why), 0, "%s", why.text);
	snprintf(rig->image_path, sizeof(rig->image_path), "%s",
		temp_file_or_fail(&rig->dir, "image.bin", bytes.data, bytes.size));
	rig->options.image = &rig->image;
	rig->options.image_path = rig->image_path;
}

void update_rig_fault(struct update_rig *rig, const struct fault_rule *rule)
{
	cr_assert_eq(fault_add(&rig->faults, rule), 0);
}

void update_rig_run_ms(struct update_rig *rig, uint32_t ms)
{
	clock_sleep_until_us(rig->os->clock, clock_after_us(rig->os->clock, ms * UINT64_C(1000)));
}

/* The console of 2021 flashes through the old driver. */
static void set_system(struct update_rig *rig, const char *profile)
{
	const struct fake_driver *driver =
		strcmp(profile, "windows-2021") == 0 ? &fake_driver_old : &fake_driver_new;

	rig->os->pnp = strncmp(profile, "windows", 7) == 0 ? &rig->pnp.pnp : NULL;
	for (size_t i = 0; i < FAKE_PNP_DRIVERS; i++)
		rig->pnp.drivers[i] = rig->driver ? rig->driver : driver;
	if (rig->second_driver)
		rig->pnp.drivers[1] = rig->second_driver;
}

enum flasher_reason update_rig_update(struct update_rig *rig, const char *profile)
{
	CLEANUP(buf_done) struct buf out;

	rig->options.profile = update_profile_find(profile);
	cr_assert(rig->options.profile);
	set_system(rig, profile);
	buf_init(&out, HOST_OUTPUT_MAX);
	cr_assert_eq(update_run(rig->os, &rig->options, &out, &rig->result), 0);
	free(rig->text);
	rig->text = strndup((const char *)out.data, out.size);
	return rig->result.reason;
}

bool update_rig_holds(struct update_rig *rig, size_t board, const struct firmware *firmware)
{
	CLEANUP(buf_done) struct buf want;
	CLEANUP(free_ptr) uint8_t *got = malloc(RIG_FLASH_SIZE);
	struct board *it = rig->boards[board];

	build_or_fail(firmware, &want);
	cr_assert_eq(it->ops->read_flash(it, RIG_FLASH_ADDR, got, want.size), 0);
	return memcmp(got, want.data, want.size) == 0;
}

static int read_board(void *user, uint32_t addr, uint8_t *ret_data, size_t size)
{
	struct board *board = user;

	return board->ops->read_flash(board, addr, ret_data, size);
}

bool update_rig_has_tune(struct update_rig *rig, size_t board, const struct firmware *firmware)
{
	CLEANUP(free_ptr) uint8_t *want = malloc(firmware->settings_size);
	CLEANUP(free_ptr) uint8_t *got = malloc(firmware->settings_size);

	tune_custom(&rig->old, CUSTOM_SEED, want);
	cr_assert_geq(tune_load(firmware, read_board, rig->boards[board], got), 0);
	return memcmp(got, want, firmware->settings_size) == 0;
}
