/* SPDX-License-Identifier: MIT */
/* The board with firmware: what it boots, RAM and its loss, jumps and resets, and what programs do to flash and USB. */
#include "simulators/stm32/conformance_rig_test.h"
#include "simulators/stm32/toy_program_test.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LOG_MAX 512

/* A board that can run toys, with what it told. */
struct toy_rig {
	struct rig rig;
	struct fault_plan faults;
	struct stm32_board_observer observer;
	char log[LOG_MAX]; /* "off reset ecu ..." */
	char told[64];     /* the last fact of a program */
};

static void log_word(struct toy_rig *self, const char *word)
{
	size_t used = strlen(self->log);

	snprintf(self->log + used, sizeof(self->log) - used, "%s%s", used ? " " : "", word);
}

static void on_mode(struct stm32_board_observer *observer, enum board_mode mode, const char *reason)
{
	static const char *const words[] = {[BOARD_OFF] = "off",
		[BOARD_RESET] = "reset",
		[BOARD_DFU] = "dfu",
		[BOARD_ECU] = "ecu",
		[BOARD_OPENBLT] = "openblt",
		[BOARD_FIRMWARE] = "firmware",
		[BOARD_DEAD] = "dead"};

	cr_expect_eq(reason != NULL, mode == BOARD_DEAD);
	log_word(CONTAINER_OF(observer, struct toy_rig, observer), words[mode]);
}

static void on_program(struct stm32_board_observer *observer, enum program_fact_kind kind UNUSED,
	uint32_t size UNUSED, const char *text)
{
	struct toy_rig *self = CONTAINER_OF(observer, struct toy_rig, observer);

	snprintf(self->told, sizeof(self->told), "%s", text);
}

static void on_reset(struct stm32_board_observer *observer, enum reset_cause cause)
{
	char word[32];

	snprintf(word, sizeof(word), "(%s)", reset_cause_text(cause));
	log_word(CONTAINER_OF(observer, struct toy_rig, observer), word);
}

static struct stm32_board_config toy_config(struct toy_rig *self)
{
	struct stm32_board_config config = rig_config();

	*self = (struct toy_rig){
		.observer = {.mode = on_mode, .program = on_program, .reset = on_reset}};
	config.loaders = toy_loaders;
	config.faults = &self->faults;
	config.board_observer = &self->observer;
	return config;
}

static void put_toy(struct toy_rig *self, uint32_t addr, enum toy_kind kind)
{
	uint8_t image[TOY_IMAGE_SIZE];

	toy_image(image, addr, kind);
	rig_poke(&self->rig, addr, image, sizeof(image));
}

/* Without power, a toy at the start of the flash. */
static void toy_rig_new(struct toy_rig *self, enum toy_kind kind)
{
	struct stm32_board_config config = toy_config(self);

	rig_new(&self->rig, &config);
	put_toy(self, FLASH, kind);
}

/* The same, powered and a second old. */
static void toy_rig_start(struct toy_rig *self, enum toy_kind kind)
{
	toy_rig_new(self, kind);
	rig_pin(&self->rig, BOARD_POWER, true);
	rig_wait_ms(&self->rig, 1000);
}

static void add_fault(struct toy_rig *self, enum fault_point point, const char *match,
	enum fault_action action, uint64_t value)
{
	struct fault_rule rule = {
		.points = 1u << point, .nth = 1, .times = 1, .action = action, .value = value};

	snprintf(rule.match, sizeof(rule.match), "%s", match);
	cr_assert_eq(fault_add(&self->faults, &rule), 0);
}

static enum board_mode mode(struct toy_rig *self)
{
	return self->rig.board->ops->mode(self->rig.board);
}

/* A vendor request to whatever is on the bus. */
static int request(struct toy_rig *self, enum toy_request what, uint16_t value)
{
	int r;

	rig_open(&self->rig);
	r = rig_control(&self->rig,
		(struct usb_setup){
			.bmRequestType = USB_TYPE_VENDOR, .bRequest = what, .wValue = value},
		NULL);
	rig_close(&self->rig);
	return r;
}

static void expect_request(struct toy_rig *self, enum toy_request what, uint16_t value)
{
	cr_assert_eq(request(self, what, value), 0, "request %d", (int)what);
}

static void expect_log(struct toy_rig *self, const char *log)
{
	cr_expect_str_eq(self->log, log);
}

/* --- what boots --- */

enum content {
	ERASED,
	PLAIN,
	LOOKS_FOR_WORD, /* its reset handler knows the word that means DFU */
	DAMAGED,
	UNKNOWN, /* a vector table, and nothing that a loader knows */
};

static void put_content(struct toy_rig *self, enum content content)
{
	static const enum toy_kind kinds[] = {
		[PLAIN] = TOY_PLAIN, [LOOKS_FOR_WORD] = TOY_MAGIC, [DAMAGED] = TOY_DAMAGED};
	struct stm32_board_config config = toy_config(self);

	rig_new(&self->rig, &config);
	if (content == UNKNOWN)
		rig_poke(&self->rig, FLASH, rig_vectors, sizeof(rig_vectors));
	else if (content != ERASED)
		put_toy(self, FLASH, kinds[content]);
}

static void put_word(struct toy_rig *self)
{
	const uint8_t word[] = {0xef, 0xbe, 0xad, 0xde};

	cr_assert_eq(
		memory_write_ram(self->rig.memory, TOY_MAGIC_ADDR, word, sizeof(word)), MEMORY_OK);
}

/* From a board that runs for a while to the next start, by this way. */
static void restart(struct toy_rig *self, enum reset_cause cause)
{
	enum board_pin pin = cause == RESET_PIN ? BOARD_NRST : BOARD_POWER;

	rig_pin(&self->rig, pin, cause == RESET_PIN);
	rig_wait_ms(&self->rig, 100);
	rig_pin(&self->rig, pin, cause != RESET_PIN);
	rig_wait_ms(&self->rig, 1000);
}

Test(boot, is_decided_by_pins_word_and_content)
{
	static const struct {
		const char *name;
		enum content content;
		bool boot0, word;
		enum reset_cause cause;
		enum board_mode mode;
	} rows[] = {
		{"erased, power", ERASED, false, false, RESET_POWER, BOARD_DEAD},
		{"erased, reset", ERASED, false, false, RESET_PIN, BOARD_DEAD},
		{"erased, BOOT0", ERASED, true, false, RESET_PIN, BOARD_DFU},
		{"erased, word", ERASED, false, true, RESET_PIN, BOARD_DEAD},
		{"unknown, power", UNKNOWN, false, false, RESET_POWER, BOARD_FIRMWARE},
		{"unknown, word", UNKNOWN, false, true, RESET_PIN, BOARD_FIRMWARE},
		{"damaged, power", DAMAGED, false, false, RESET_POWER, BOARD_DEAD},
		{"damaged, BOOT0", DAMAGED, true, false, RESET_POWER, BOARD_DFU},
		{"plain, power", PLAIN, false, false, RESET_POWER, BOARD_ECU},
		{"plain, reset", PLAIN, false, false, RESET_PIN, BOARD_ECU},
		{"plain, word", PLAIN, false, true, RESET_PIN, BOARD_ECU},
		{"plain, BOOT0", PLAIN, true, false, RESET_POWER, BOARD_DFU},
		{"looks, power", LOOKS_FOR_WORD, false, false, RESET_POWER, BOARD_ECU},
		{"looks, reset", LOOKS_FOR_WORD, false, false, RESET_PIN, BOARD_ECU},
		{"looks, word, reset", LOOKS_FOR_WORD, false, true, RESET_PIN, BOARD_DFU},
		{"looks, word, power", LOOKS_FOR_WORD, false, true, RESET_POWER, BOARD_ECU},
		{"looks, BOOT0", LOOKS_FOR_WORD, true, false, RESET_PIN, BOARD_DFU},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct toy_rig self;

		put_content(&self, rows[i].content);
		rig_pin(&self.rig, BOARD_POWER, true);
		rig_wait_ms(&self.rig, 1000);
		if (rows[i].word)
			put_word(&self);
		rig_pin(&self.rig, BOARD_BOOT0, rows[i].boot0);
		restart(&self, rows[i].cause);
		cr_expect_eq(mode(&self), rows[i].mode, "%s: mode %d", rows[i].name, mode(&self));
		cr_expect_eq(rig_devices(&self.rig),
			rows[i].mode == BOARD_ECU || rows[i].mode == BOARD_DFU, "%s", rows[i].name);
		rig_stop(&self.rig);
	}
}

Test(boot, firmware_takes_its_time_until_it_is_on_usb)
{
	struct toy_rig self;

	toy_rig_new(&self, TOY_PLAIN);
	rig_pin(&self.rig, BOARD_POWER, true);
	rig_wait_ms(&self.rig, 1);
	cr_expect_eq(mode(&self), BOARD_RESET);
	rig_wait_ms(&self.rig, 1);
	cr_expect_eq(mode(&self), BOARD_ECU);
	cr_expect_eq(rig_devices(&self.rig), 0);
	rig_wait_ms(&self.rig, 5);
	cr_expect_eq(rig_devices(&self.rig), 1);
	expect_log(&self, "reset ecu");
	rig_stop(&self.rig);
}

Test(boot, a_loader_in_flash_jumps_to_the_application)
{
	struct toy_rig self;

	toy_rig_new(&self, TOY_LOADER);
	put_toy(&self, TOY_APP, TOY_PLAIN);
	rig_pin(&self.rig, BOARD_POWER, true);
	rig_wait_ms(&self.rig, 100);
	expect_log(&self, "reset ecu");
	rig_stop(&self.rig);
}

Test(boot, a_jump_into_nothing_hangs)
{
	struct toy_rig self;

	toy_rig_start(&self, TOY_LOADER);
	expect_log(&self, "reset dead");
	cr_expect_str_eq(
		stm32_board_dead_text(self.rig.board), "there is no vector table to start from");
	rig_stop(&self.rig);
}

Test(boot, a_firmware_that_always_resets_lets_time_pass)
{
	struct toy_rig self;

	toy_rig_start(&self, TOY_LOOP);
	cr_expect_eq(mode(&self), BOARD_RESET);
	cr_expect_not_null(strstr(self.log, "(watchdog) (watchdog)"), "%s", self.log);
	rig_pin(&self.rig, BOARD_BOOT0, true);
	rig_wait_ms(&self.rig, 1000);
	cr_expect_eq(mode(&self), BOARD_DFU, "BOOT0 gets it out of this");
	rig_stop(&self.rig);
}

Test(boot, says_why_it_is_dead)
{
	struct toy_rig self;

	toy_rig_start(&self, TOY_DAMAGED);
	cr_expect_str_eq(
		stm32_board_dead_text(self.rig.board), "the firmware in flash is not whole");
	rig_pin(&self.rig, BOARD_POWER, false);
	cr_expect_null(stm32_board_dead_text(self.rig.board));
	rig_stop(&self.rig);
}

/* --- software entry into DFU --- */

Test(software_dfu, comes_up_as_the_rom_and_only_once)
{
	struct toy_rig self;

	toy_rig_start(&self, TOY_MAGIC);
	expect_request(&self, TOY_ENTER_DFU, 0);
	rig_wait_ms(&self.rig, 1000);
	expect_log(&self, "reset ecu (software) reset dfu");
	rig_open(&self.rig);
	rig_expect(&self.rig, DFU_ERROR, DFU_ERR_FIRMWARE, 0, "the ROM's fresh state");
	rig_close(&self.rig);
	restart(&self, RESET_PIN);
	expect_log(&self, "reset ecu (software) reset dfu reset ecu");
	rig_stop(&self.rig);
}

Test(software_dfu, takes_the_roms_start_up_time_from_the_jump)
{
	struct toy_rig self;
	uint64_t start_us;

	toy_rig_start(&self, TOY_MAGIC);
	start_us = rig_now_us(&self.rig);
	expect_request(&self, TOY_ENTER_DFU, 0);
	while (mode(&self) != BOARD_DFU || !rig_devices(&self.rig))
		rig_wait_ms(&self.rig, 1);
	cr_expect_geq(rig_now_us(&self.rig) - start_us, 250000);
	cr_expect_lt(rig_now_us(&self.rig) - start_us, 260000);
	rig_stop(&self.rig);
}

Test(software_dfu, is_lost_with_the_ram)
{
	struct toy_rig self;

	toy_rig_start(&self, TOY_MAGIC);
	add_fault(&self, FAULT_BOARD_RESET, "software", FAULT_LOSE_RAM, 0);
	expect_request(&self, TOY_ENTER_DFU, 0);
	rig_wait_ms(&self.rig, 1000);
	cr_expect_eq(mode(&self), BOARD_ECU);
	cr_expect_null(fault_never_fired(&self.faults));
	expect_request(&self, TOY_ENTER_DFU, 0);
	rig_wait_ms(&self.rig, 1000);
	cr_expect_eq(mode(&self), BOARD_DFU, "the fault was for one time");
	rig_stop(&self.rig);
}

Test(software_dfu, the_device_in_hand_gets_its_answer_and_is_gone)
{
	struct toy_rig self;

	toy_rig_start(&self, TOY_MAGIC);
	rig_open(&self.rig);
	cr_expect_eq(rig_control(&self.rig,
			     (struct usb_setup){
				     .bmRequestType = USB_TYPE_VENDOR, .bRequest = TOY_ENTER_DFU},
			     NULL),
		0);
	cr_expect_eq(
		rig_control(&self.rig,
			(struct usb_setup){.bmRequestType = USB_TYPE_VENDOR, .bRequest = TOY_JUMP},
			NULL),
		-ENODEV, "who is resetting answers nothing");
	rig_close(&self.rig);
	rig_wait_ms(&self.rig, 1000);
	cr_expect_eq(mode(&self), BOARD_DFU);
	rig_stop(&self.rig);
}

static void transfer_done(struct vusb_transfer *transfer UNUSED)
{
}

/* A host that does not wait: the second request comes before the reset is carried out. */
Test(software_dfu, a_program_that_resets_answers_nothing_more)
{
	struct vusb_transfer transfers[2];
	struct toy_rig self;

	toy_rig_start(&self, TOY_MAGIC);
	for (size_t i = 0; i < 2; i++) {
		transfers[i] = (struct vusb_transfer){.port = vusb_bus_port(self.rig.bus, 1),
			.type = VUSB_CONTROL,
			.setup = {.bmRequestType = USB_TYPE_VENDOR,
				.bRequest = i ? TOY_TELL_CAUSE : TOY_ENTER_DFU},
			.complete = transfer_done};
		vusb_bus_submit(&transfers[i]);
	}
	cr_expect_not(transfers[0].pending);
	cr_expect_eq(transfers[0].result, VUSB_ACK);
	cr_expect(transfers[1].pending);
	cr_expect_str_eq(self.told, "toy");
	vusb_bus_tick(self.rig.bus);
	cr_expect_not(transfers[1].pending);
	cr_expect_eq(transfers[1].result, VUSB_GONE);
	rig_stop(&self.rig);
}

Test(software_dfu, the_rom_works_in_its_part_of_the_ram)
{
	const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8};
	uint8_t low[8], high[8];
	struct toy_rig self;

	toy_rig_start(&self, TOY_MAGIC);
	cr_assert_eq(memory_write_ram(self.rig.memory, 0x20000000, data, 8), MEMORY_OK);
	cr_assert_eq(memory_write_ram(self.rig.memory, 0x20010000, data, 8), MEMORY_OK);
	expect_request(&self, TOY_ENTER_DFU, 0);
	rig_wait_ms(&self.rig, 1000);
	cr_assert_eq(memory_peek(self.rig.memory, 0x20000000, low, 8), 0);
	cr_assert_eq(memory_peek(self.rig.memory, 0x20010000, high, 8), 0);
	cr_expect_arr_neq(low, data, 8);
	cr_expect_arr_eq(high, data, 8);
	rig_stop(&self.rig);
}

/* --- resets --- */

Test(reset, the_program_knows_its_cause)
{
	static const struct {
		int request; /* the cause that the program asks for; -1: by pin or power */
		enum reset_cause cause;
	} rows[] = {
		{-1, RESET_POWER},
		{-1, RESET_PIN},
		{RESET_SOFTWARE, RESET_SOFTWARE},
		{RESET_WATCHDOG, RESET_WATCHDOG},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct toy_rig self;

		toy_rig_start(&self, TOY_PLAIN);
		if (rows[i].request >= 0)
			expect_request(&self, TOY_RESET, (uint16_t)rows[i].request);
		else
			restart(&self, rows[i].cause);
		rig_wait_ms(&self.rig, 100);
		expect_request(&self, TOY_TELL_CAUSE, 0);
		cr_expect_str_eq(self.told, reset_cause_text(rows[i].cause));
		rig_stop(&self.rig);
	}
}

Test(reset, the_first_wish_counts)
{
	struct toy_rig self;

	toy_rig_start(&self, TOY_PLAIN);
	expect_request(&self, TOY_RESET_TWICE, 0);
	rig_wait_ms(&self.rig, 100);
	expect_log(&self, "reset ecu (software) reset ecu");
	rig_stop(&self.rig);
}

Test(reset, a_jump_starts_another_program_with_what_the_ram_holds)
{
	struct toy_rig self;

	toy_rig_new(&self, TOY_PLAIN);
	put_toy(&self, TOY_APP, TOY_MAGIC);
	rig_pin(&self.rig, BOARD_POWER, true);
	rig_wait_ms(&self.rig, 100);
	put_word(&self);
	expect_request(&self, TOY_JUMP, 0);
	rig_wait_ms(&self.rig, 1000);
	expect_log(&self, "reset ecu reset dfu");
	rig_stop(&self.rig);
}

Test(reset, a_planned_delay_holds_the_chip_in_reset)
{
	struct toy_rig self;

	toy_rig_new(&self, TOY_PLAIN);
	add_fault(&self, FAULT_BOARD_RESET, "power", FAULT_DELAY, 500000);
	rig_pin(&self.rig, BOARD_POWER, true);
	rig_wait_ms(&self.rig, 501);
	cr_expect_eq(mode(&self), BOARD_RESET);
	rig_wait_ms(&self.rig, 1);
	cr_expect_eq(mode(&self), BOARD_ECU);
	rig_stop(&self.rig);
}

/* --- appearing on USB --- */

static const struct show {
	const char *name;
	enum toy_kind kind;
	bool boot0;
	enum fault_point point;
	const char *match;
	enum fault_action action;
	size_t devices_early, devices_late; /* after 2.9 s and after 3.4 s */
} shows[] = {
	{"ROM, late", TOY_PLAIN, true, FAULT_DFU_CONNECT, "", FAULT_DELAY, 0, 1},
	{"ROM, never", TOY_PLAIN, true, FAULT_DFU_CONNECT, "", FAULT_NO_SHOW, 0, 0},
	{"ECU, late", TOY_PLAIN, false, FAULT_ECU_CONNECT, "ecu", FAULT_DELAY, 0, 1},
	{"ECU, never", TOY_PLAIN, false, FAULT_ECU_CONNECT, "ecu", FAULT_NO_SHOW, 0, 0},
	{"OpenBLT, never", TOY_BLT, false, FAULT_ECU_CONNECT, "openblt", FAULT_NO_SHOW, 0, 0},
	{"another's", TOY_BLT, false, FAULT_ECU_CONNECT, "ecu", FAULT_NO_SHOW, 1, 1},
};

Test(connect, is_late_or_fails_as_planned)
{
	for (size_t i = 0; i < ARRAY_SIZE(shows); i++) {
		const struct show *show = &shows[i];
		struct toy_rig self;

		toy_rig_new(&self, show->kind);
		add_fault(&self, show->point, show->match, show->action, 3000000);
		rig_pin(&self.rig, BOARD_BOOT0, show->boot0);
		rig_pin(&self.rig, BOARD_POWER, true);
		rig_wait_ms(&self.rig, 2900);
		cr_expect_eq(rig_devices(&self.rig), show->devices_early, "%s", show->name);
		rig_wait_ms(&self.rig, 500);
		cr_expect_eq(rig_devices(&self.rig), show->devices_late, "%s", show->name);
		rig_stop(&self.rig);
	}
}

Test(connect, a_program_can_leave_the_bus_and_come_back)
{
	struct toy_rig self;

	toy_rig_start(&self, TOY_PLAIN);
	expect_request(&self, TOY_DISCONNECT, 250);
	rig_wait_ms(&self.rig, 1);
	cr_expect_eq(rig_devices(&self.rig), 0);
	rig_wait_ms(&self.rig, 250);
	cr_expect_eq(rig_devices(&self.rig), 1);
	expect_log(&self, "reset ecu");
	rig_stop(&self.rig);
}

Test(connect, cable_and_vbus_take_the_device_away_and_the_program_runs_on)
{
	static const enum board_pin pins[] = {BOARD_USB, BOARD_VBUS};

	for (size_t i = 0; i < ARRAY_SIZE(pins); i++) {
		struct toy_rig self;

		toy_rig_start(&self, TOY_PLAIN);
		rig_pin(&self.rig, pins[i], false);
		cr_expect_eq(rig_devices(&self.rig), 0);
		rig_wait_ms(&self.rig, 1000);
		rig_pin(&self.rig, pins[i], true);
		cr_expect_eq(rig_devices(&self.rig), 1);
		expect_log(&self, "reset ecu");
		rig_stop(&self.rig);
	}
}

Test(power, of_a_board_that_is_fed_over_usb_comes_and_goes_with_the_cable)
{
	struct toy_rig self;
	struct stm32_board_config config = toy_config(&self);

	config.usb_powered = true;
	rig_new(&self.rig, &config);
	put_toy(&self, FLASH, TOY_PLAIN);
	rig_wait_ms(&self.rig, 100);
	cr_expect_eq(mode(&self), BOARD_OFF);
	rig_pin(&self.rig, BOARD_USB, true);
	rig_wait_ms(&self.rig, 100);
	rig_pin(&self.rig, BOARD_VBUS, false);
	rig_pin(&self.rig, BOARD_VBUS, true);
	rig_wait_ms(&self.rig, 100);
	rig_pin(&self.rig, BOARD_POWER, true);
	rig_pin(&self.rig, BOARD_USB, false);
	rig_wait_ms(&self.rig, 100);
	expect_log(&self, "reset ecu off reset ecu");
	rig_stop(&self.rig);
}

/* --- a program's flash --- */

static uint8_t flash_at(struct toy_rig *self, uint16_t kib)
{
	uint8_t byte;

	rig_peek(&self->rig, FLASH + kib * 1024u, &byte, 1);
	return byte;
}

Test(flash_of_program, takes_the_chips_time_and_one_operation_at_once)
{
	struct toy_rig self;

	toy_rig_start(&self, TOY_PLAIN);
	rig_poke(&self.rig, FLASH + 512 * 1024, "old!", 4);
	expect_request(&self, TOY_ERASE, 512);
	cr_expect_eq(request(&self, TOY_PROGRAM, 512), -EPIPE, "the flash is busy");
	rig_wait_ms(&self.rig, 1900);
	cr_expect_eq(flash_at(&self, 512), 'o');
	rig_wait_ms(&self.rig, 200);
	cr_expect_eq(flash_at(&self, 512), 0xff);
	expect_request(&self, TOY_PROGRAM, 512);
	rig_wait_ms(&self.rig, 1);
	cr_expect_eq(flash_at(&self, 512), 'd');
	rig_stop(&self.rig);
}

Test(flash_of_program, is_not_beyond_its_end)
{
	struct toy_rig self;

	toy_rig_start(&self, TOY_PLAIN);
	cr_expect_eq(request(&self, TOY_ERASE, 1024), -EPIPE);
	cr_expect_eq(request(&self, TOY_PROGRAM, 1024), -EPIPE);
	rig_stop(&self.rig);
}

Test(flash_of_program, works_under_read_protection_and_leaves_write_protected_sectors)
{
	struct toy_rig self;

	toy_rig_new(&self, TOY_PLAIN);
	options_preset_rdp(&self.rig.memory->options, 0x55);
	options_preset_write_protected(&self.rig.memory->options, 1u << 8);
	rig_pin(&self.rig, BOARD_POWER, true);
	rig_wait_ms(&self.rig, 100);
	expect_request(&self, TOY_PROGRAM, 512);
	rig_wait_ms(&self.rig, 1);
	expect_request(&self, TOY_PROGRAM, 640);
	rig_wait_ms(&self.rig, 1);
	cr_expect_eq(flash_at(&self, 512), 0xff, "sector 8 is write-protected");
	cr_expect_eq(flash_at(&self, 640), 'd');
	rig_stop(&self.rig);
}

Test(flash_of_program, is_torn_by_a_power_cut_as_the_roms_is)
{
	uint8_t sector[128 * 1024];
	size_t changed = 0, erased = 0;
	struct toy_rig self;

	toy_rig_start(&self, TOY_PLAIN);
	memset(sector, 0x5a, sizeof(sector));
	rig_poke(&self.rig, FLASH + 512 * 1024, sector, sizeof(sector));
	expect_request(&self, TOY_ERASE, 512);
	rig_wait_ms(&self.rig, 500);
	rig_pin(&self.rig, BOARD_POWER, false);
	rig_peek(&self.rig, FLASH + 512 * 1024, sector, sizeof(sector));
	for (size_t i = 0; i < sizeof(sector); i++) {
		changed += sector[i] != 0x5a;
		erased += sector[i] == 0xff;
	}
	cr_expect_gt(changed, 0);
	cr_expect_lt(erased, sizeof(sector));
	rig_stop(&self.rig);
}
