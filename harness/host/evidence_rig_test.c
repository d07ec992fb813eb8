/* SPDX-License-Identifier: MIT */
/* What is gathered of simulated boards, on a host in-process. */
#include "harness/host/evidence.h"

#include "harness/host/dfuse_client.h"
#include "harness/host/host_os_direct.h"
#include "harness/host/serial_host_direct.h"
#include "harness/host/twin.h"
#include "harness/host/usb_host_direct.h"
#include "harness/testing/fake_pnp.h"
#include "harness/testing/usb_rig.h"
#include "simulators/ecu/ecu.h"
#include "simulators/firmware/firmware.h"
#include "simulators/stm32/board.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define SIGNATURE "rusEFI main.2026.07.14.f407-discovery.3461352391"
#define IMAGE_MAX (1u << 20)

struct scene {
	struct usb_rig usb;
	struct serial_host *serial;
	struct host_os *os;
	struct board *boards[2];
	struct firmware firmware; /* change it before a board is added */
	bool blank;
	enum rom_pace pace; /* fast, unless a test changes it */
	struct fault_plan faults;
	struct evidence_options options;
	struct evidence seen;
};

static void scene_init(struct scene *scene)
{
	*scene = (struct scene){.pace = ROM_PACE_FAST,
		.firmware = firmware_defaults(chip_find("stm32f407xg"), false)};
	scene->firmware.size = 40000;
	snprintf(scene->firmware.signature, sizeof(scene->firmware.signature), SIGNATURE);
	usb_rig_init_or_fail(&scene->usb);
	scene->serial = serial_host_direct_new(scene->usb.bus, scene->usb.host);
	cr_assert(scene->serial);
	scene->os = host_os_direct_new(scene->usb.host, scene->serial, host_twins);
	cr_assert(scene->os);
}

static void scene_done(struct scene *scene)
{
	host_os_direct_free(scene->os);
	serial_host_direct_free(scene->serial);
	for (size_t i = 0; i < ARRAY_SIZE(scene->boards); i++)
		if (scene->boards[i])
			scene->boards[i]->ops->free(scene->boards[i]);
	usb_rig_done(&scene->usb);
}

static void wait_ms(struct scene *scene, uint32_t ms)
{
	struct clock *clock = scene->usb.host->clock;

	clock_sleep_until_us(clock, clock_after_us(clock, ms * UINT64_C(1000)));
}

static void set(struct board *board, enum board_pin pin, bool level)
{
	cr_assert_eq(board->ops->set_pin(board, pin, level, NULL), 0);
}

/* In the port behind the last one; with power, PROGRAM held or not. */
static struct board *add(struct scene *scene, bool boot0)
{
	CLEANUP(buf_done) struct buf image;
	size_t n = scene->boards[0] ? 1 : 0;
	struct stm32_board_config config = {
		.name = "board",
		.chip = "stm32f407xg",
		.pace = scene->pace,
		.loaders = ecu_loaders,
		.faults = &scene->faults,
		.uid = {0x57, 0, 0x27, 0, 0x03, 0x35, 0x56, 0xb9, 0x3f, 0x28, 0x33,
			(uint8_t)(0x31 + n)},
	};
	struct why why = {""};

	buf_init(&image, IMAGE_MAX);
	cr_assert_eq(firmware_build(&scene->firmware, &image, &why), 0, "%s", why.text);
	if (!scene->blank) {
		config.flash = image.data;
		config.flash_size = image.size;
	}
	cr_assert_eq(
		stm32_board_new(&config, scene->usb.bus,
			vusb_bus_port(scene->usb.bus, (uint8_t)(n + 1)), &scene->boards[n], &why),
		0, "%s", why.text);
	set(scene->boards[n], BOARD_BOOT0, boot0);
	set(scene->boards[n], BOARD_POWER, true);
	wait_ms(scene, 2000);
	return scene->boards[n];
}

static const struct evidence *gather(struct scene *scene)
{
	cr_assert_eq(evidence_gather(scene->os, &scene->options, &scene->seen), 0);
	return &scene->seen;
}

/* The command, and the GETSTATUS that carries it out; nobody waits for its end. */
static void start_mass_erase(struct dfuse_client *client)
{
	static const uint8_t command[] = {DFUSE_ERASE};
	struct usb_setup download = {.bmRequestType = USB_TYPE_CLASS | USB_RECIPIENT_INTERFACE,
		.bRequest = DFU_DNLOAD,
		.wLength = sizeof(command)};
	struct usb_setup getstatus = {
		.bmRequestType = USB_DIR_IN | USB_TYPE_CLASS | USB_RECIPIENT_INTERFACE,
		.bRequest = DFU_GETSTATUS,
		.wLength = DFU_STATUS_SIZE};
	uint8_t bytes[DFU_STATUS_SIZE];

	cr_assert_eq(dfuse_client_idle(client, NULL), 0);
	memcpy(bytes, command, sizeof(command));
	cr_assert_eq(client->usb->ops->control(client->usb, &download, bytes, 1000), 1);
	cr_assert_eq(
		client->usb->ops->control(client->usb, &getstatus, bytes, 1000), DFU_STATUS_SIZE);
}

static void gather_all(struct scene *scene)
{
	scene->options.serial = NULL;
	gather(scene);
}

static void add_fault(struct scene *scene, enum fault_point point, const char *match,
	enum fault_action action, uint64_t value)
{
	struct fault_rule rule = {
		.points = 1u << point, .nth = 1, .action = action, .value = value};

	snprintf(rule.match, sizeof(rule.match), "%s", match);
	cr_assert_eq(fault_add(&scene->faults, &rule), 0);
}

Test(evidence, of_nothing_is_that_it_was_looked_for)
{
	CLEANUP(scene_done) struct scene scene;
	const struct evidence *seen;

	scene_init(&scene);
	seen = gather(&scene);
	cr_expect_eq(seen->usb.listed, EVIDENCE_YES);
	cr_expect_eq(seen->usb.devices, 0);
	cr_expect_eq(seen->board.face, EVIDENCE_NOTHING);
	cr_expect_eq(seen->ecu.answer, EVIDENCE_ANSWER_UNKNOWN);
	cr_expect_eq(seen->kernel.usb, EVIDENCE_UNKNOWN);
	cr_expect_eq(seen->tool.installed, EVIDENCE_YES);
	cr_expect_eq(seen->system, EVIDENCE_LINUX);
}

Test(evidence, of_an_ecu_is_who_it_is_and_that_its_tune_can_be_read)
{
	CLEANUP(scene_done) struct scene scene;
	const struct evidence *seen;

	scene_init(&scene);
	add(&scene, false);
	seen = gather(&scene);
	cr_expect_eq(seen->board.face, EVIDENCE_SERIAL);
	cr_expect_eq(seen->ecu.answer, EVIDENCE_ANSWERS_ECU);
	cr_expect_str_eq(seen->ecu.signature, SIGNATURE);
	cr_expect_eq(seen->ecu.tune_readable, EVIDENCE_YES);
	cr_expect_eq(seen->ecu.tune_size, scene.firmware.settings_size);
	cr_expect_eq(seen->ecu.openblt, EVIDENCE_NO);
	cr_expect_eq(seen->trial.into_dfu, EVIDENCE_NOT_TRIED);
	cr_expect_eq(scene.boards[0]->ops->mode(scene.boards[0]), BOARD_ECU);
}

Test(evidence, of_a_bootloader_is_its_state_its_options_and_its_flash)
{
	CLEANUP(scene_done) struct scene scene;
	const struct evidence *seen;

	scene_init(&scene);
	add(&scene, true);
	seen = gather(&scene);
	cr_expect_eq(seen->board.face, EVIDENCE_DFU);
	cr_expect_eq(seen->dfu.open, EVIDENCE_OPENED);
	cr_expect_str_eq(seen->dfu.state_text, "dfuERROR");
	cr_expect_str_eq(seen->dfu.status_text, "errFIRMWARE");
	cr_expect_eq(seen->dfu.rests, EVIDENCE_YES);
	cr_expect_eq(seen->dfu.family, EVIDENCE_F4);
	cr_expect(seen->dfu.has_options);
	cr_expect_eq(seen->dfu.rdp, 0xaa);
	cr_expect_eq(seen->dfu.protected_sectors, 0);
	cr_expect_eq(seen->flash.whole, EVIDENCE_YES);
	cr_expect_eq(seen->flash.end, 0x08000000 + scene.firmware.size);
}

Test(evidence, leaves_the_bootloader_idle_and_the_flash_as_it_was)
{
	CLEANUP(scene_done) struct scene scene;
	static uint8_t before[IMAGE_MAX], after[IMAGE_MAX];
	struct board *board;

	scene_init(&scene);
	board = add(&scene, true);
	cr_assert_eq(board->ops->read_flash(board, 0x08000000, before, sizeof(before)), 0);
	gather(&scene);
	cr_assert_eq(board->ops->read_flash(board, 0x08000000, after, sizeof(after)), 0);
	cr_expect_arr_eq(before, after, sizeof(before));
	cr_expect_str_eq(gather(&scene)->dfu.state_text, "dfuIDLE");
	cr_expect_eq(board->ops->mode(board), BOARD_DFU);
}

Test(evidence, of_a_blank_chip_is_that_it_is_blank)
{
	CLEANUP(scene_done) struct scene scene;

	scene_init(&scene);
	scene.blank = true;
	add(&scene, true);
	cr_expect_eq(gather(&scene)->flash.blank, EVIDENCE_YES);
}

Test(evidence, of_read_protection_is_that_the_options_are_refused)
{
	CLEANUP(scene_done) struct scene scene;
	const struct evidence *seen;
	struct board *board;

	scene_init(&scene);
	board = add(&scene, true);
	options_preset_rdp(&stm32_board_memory(board)->options, 0x00);
	seen = gather(&scene);
	cr_expect_eq(seen->dfu.options_refused, EVIDENCE_YES);
	cr_expect_eq(seen->flash.readable, EVIDENCE_NO);
	cr_expect_eq(seen->dfu.rests, EVIDENCE_YES);
}

/* The chip erases itself, and answers nothing for 16 s. */
Test(evidence, of_a_chip_that_is_busy_is_waited_for)
{
	CLEANUP(scene_done) struct scene scene;
	struct dfuse_client client;
	struct usb_host_entry entry;

	scene_init(&scene);
	scene.pace = ROM_PACE_CHIP;
	add(&scene, true);
	cr_assert_eq(usb_rig_list_or_fail(&scene.usb, &entry), 1);
	cr_assert_eq(dfuse_client_open(&client, scene.usb.host, &entry, NULL), 0);
	start_mass_erase(&client);
	dfuse_client_close(&client);
	cr_expect_eq(gather(&scene)->flash.blank, EVIDENCE_YES, "%s", scene.seen.dfu.why);
}

Test(evidence, of_write_protection_is_which_sectors)
{
	CLEANUP(scene_done) struct scene scene;
	struct board *board;

	scene_init(&scene);
	board = add(&scene, true);
	options_preset_write_protected(&stm32_board_memory(board)->options, 0x00c);
	cr_expect_eq(gather(&scene)->dfu.protected_sectors, 0x00c);
}

Test(evidence, of_two_boards_is_both_and_neither)
{
	CLEANUP(scene_done) struct scene scene;
	const struct evidence *seen;
	char serial[64];

	scene_init(&scene);
	add(&scene, true);
	add(&scene, false);
	seen = gather(&scene);
	cr_expect_eq(seen->usb.count, 2);
	cr_expect_eq(seen->usb.dfu_count, 1);
	cr_expect_eq(seen->usb.serial_count, 1);
	cr_expect_eq(seen->board.face, EVIDENCE_NOTHING);
	cr_expect_eq(seen->dfu.open, EVIDENCE_OPEN_UNKNOWN);
	snprintf(serial, sizeof(serial), "%s", seen->usb.boards[1].serial);
	scene.options.serial = serial;
	cr_expect_eq(gather(&scene)->board.face, EVIDENCE_SERIAL);
}

/* The one that was named, not just any bootloader. */
Test(evidence, is_about_the_bootloader_with_the_serial_number)
{
	CLEANUP(scene_done) struct scene scene;
	char serial[64];

	scene_init(&scene);
	add(&scene, true);
	scene.blank = true;
	add(&scene, true);
	gather(&scene);
	snprintf(serial, sizeof(serial), "%s", scene.seen.usb.boards[0].serial);
	scene.options.serial = serial;
	cr_expect_eq(gather(&scene)->flash.blank, EVIDENCE_NO);
	gather_all(&scene);
	snprintf(serial, sizeof(serial), "%s", scene.seen.usb.boards[1].serial);
	scene.options.serial = serial;
	cr_expect_eq(gather(&scene)->flash.blank, EVIDENCE_YES);
}

Test(evidence, of_a_port_that_is_held_is_that_it_is)
{
	CLEANUP(scene_done) struct scene scene;

	scene_init(&scene);
	add(&scene, false);
	serial_host_direct_set_held(scene.serial, true);
	cr_expect_eq(gather(&scene)->ecu.answer, EVIDENCE_PORT_BUSY);
}

Test(evidence, of_a_device_without_permission_is_that_it_is_denied)
{
	CLEANUP(scene_done) struct scene scene;

	scene_init(&scene);
	add(&scene, true);
	usb_host_direct_set_permission(scene.usb.host, false);
	cr_expect_eq(gather(&scene)->dfu.open, EVIDENCE_OPEN_DENIED);
}

Test(evidence, of_a_missing_tool_is_that_it_is_missing)
{
	static const char *const missing[] = {"dfu-util", "lsusb", NULL};
	CLEANUP(scene_done) struct scene scene;
	const struct evidence *seen;

	scene_init(&scene);
	host_os_direct_set_missing(scene.os, missing);
	seen = gather(&scene);
	cr_expect_eq(seen->tool.installed, EVIDENCE_NO);
	cr_expect_eq(seen->tool.query_installed, EVIDENCE_NO);
	cr_expect_not(seen->tool.named);
	scene.options.tool = "my-own-tool";
	seen = gather(&scene);
	cr_expect(seen->tool.named);
	cr_expect_eq(seen->tool.installed, EVIDENCE_NO);
	cr_expect_str_eq(seen->tool.program, "my-own-tool");
	scene.options.tool = "builtin";
	cr_expect_eq(gather(&scene)->tool.installed, EVIDENCE_UNKNOWN);
}

Test(evidence, of_a_tune_that_does_not_come_is_why)
{
	CLEANUP(scene_done) struct scene scene;
	const struct evidence *seen;

	scene_init(&scene);
	scene.faults.count = 0;
	add_fault(&scene, FAULT_ECU_REPLY, "R", FAULT_NO_SHOW, 0);
	add(&scene, false);
	seen = gather(&scene);
	cr_expect_eq(seen->ecu.answer, EVIDENCE_ANSWERS_ECU);
	cr_expect_eq(seen->ecu.tune_readable, EVIDENCE_NO);
	cr_expect(seen->ecu.tune_why[0]);
}

/* ---- on Windows ---- */

struct windows_case {
	const struct fake_driver *driver;
	enum evidence_open open;
};

/* Only what WinUSB has can be opened; of others is known what Device Manager shows. */
Test(evidence, of_windows_is_the_driver_and_what_it_lets_through)
{
	static const struct fake_driver missing = {
		.caption = "STM32  BOOTLOADER", .service = "", .inf = "", .problem = PNP_NO_DRIVER};
	static const struct windows_case cases[] = {
		{&fake_driver_new, EVIDENCE_OPENED},
		{&fake_driver_old, EVIDENCE_OPEN_UNKNOWN},
		{&missing, EVIDENCE_OPEN_UNKNOWN},
	};
	CLEANUP(scene_done) struct scene scene;
	struct fake_pnp pnp;

	scene_init(&scene);
	add(&scene, true);
	fake_pnp_init(&pnp, scene.usb.host);
	scene.os->pnp = &pnp.pnp;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct evidence *seen;

		pnp.drivers[0] = cases[i].driver;
		seen = gather(&scene);
		cr_expect_eq(seen->system, EVIDENCE_WINDOWS);
		cr_expect_eq(seen->windows.present, EVIDENCE_YES);
		cr_expect(seen->windows.bootloader);
		cr_expect_str_eq(seen->windows.node.caption, cases[i].driver->caption);
		cr_expect_eq(seen->windows.node.problem, cases[i].driver->problem);
		cr_expect_eq(seen->dfu.open, cases[i].open, "%s", cases[i].driver->caption);
	}
}

Test(evidence, of_windows_is_the_driver_of_the_board_that_is_meant)
{
	CLEANUP(scene_done) struct scene scene;
	struct fake_pnp pnp;

	scene_init(&scene);
	add(&scene, true);
	add(&scene, true);
	fake_pnp_init(&pnp, scene.usb.host);
	pnp.drivers[0] = &fake_driver_old;
	scene.os->pnp = &pnp.pnp;
	for (size_t i = 0; i < 2; i++) {
		char serial[64];

		gather_all(&scene);
		snprintf(serial, sizeof(serial), "%s", scene.seen.usb.boards[i].serial);
		scene.options.serial = serial;
		cr_expect_str_eq(gather(&scene)->windows.node.usb_path, scene.seen.board.path);
		scene.options.serial = NULL;
	}
}

Test(evidence, of_windows_is_what_the_tool_needs_there)
{
	static const struct {
		const char *tool, *program, *query;
		enum pnp_route route;
	} cases[] = {
		{NULL, "STM32_Programmer_CLI", "powershell", PNP_ROUTE_WINUSB},
		{"console-windows-2026", "STM32_Programmer_CLI", "powershell", PNP_ROUTE_WINUSB},
		{"console-windows-2025", "STM32_Programmer_CLI", "wmic", PNP_ROUTE_WINUSB},
		{"console-windows-2021", "DfuSeCommand", "", PNP_ROUTE_STTUB30},
		{"stm32-programmer-cli", "STM32_Programmer_CLI", "", PNP_ROUTE_WINUSB},
	};
	CLEANUP(scene_done) struct scene scene;
	struct fake_pnp pnp;

	scene_init(&scene);
	fake_pnp_init(&pnp, scene.usb.host);
	scene.os->pnp = &pnp.pnp;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct evidence_tool *tool;

		scene.options.tool = cases[i].tool;
		tool = &gather(&scene)->tool;
		cr_expect_str_eq(tool->program, cases[i].program);
		cr_expect_str_eq(tool->query, cases[i].query);
		cr_expect_eq(tool->route, cases[i].route);
		cr_expect_eq(tool->installed, EVIDENCE_YES, "%s", tool->program);
		cr_expect_eq(
			tool->query_installed, cases[i].query[0] ? EVIDENCE_YES : EVIDENCE_UNKNOWN);
	}
}

Test(evidence, of_a_query_is_whether_it_runs_and_answers_in_time)
{
	static const char *const missing[] = {"powershell", NULL};
	static const struct host_trouble late = {.program = "powershell", .late_ms = 20000};
	static const struct host_trouble mute = {.program = "powershell", .mute = true};
	CLEANUP(scene_done) struct scene scene;
	struct fake_pnp pnp;

	scene_init(&scene);
	add(&scene, true);
	fake_pnp_init(&pnp, scene.usb.host);
	scene.os->pnp = &pnp.pnp;
	cr_expect_eq(gather(&scene)->tool.query_answers, EVIDENCE_YES);
	host_os_direct_set_troubles(scene.os, &late, 1);
	cr_expect_eq(gather(&scene)->tool.query_answers, EVIDENCE_NO);
	host_os_direct_set_troubles(scene.os, &mute, 1);
	cr_expect_eq(gather(&scene)->tool.query_answers, EVIDENCE_NO);
	host_os_direct_set_troubles(scene.os, NULL, 0);
	host_os_direct_set_missing(scene.os, missing);
	cr_expect_eq(gather(&scene)->tool.query_installed, EVIDENCE_NO);
	cr_expect_eq(scene.seen.tool.query_answers, EVIDENCE_UNKNOWN);
}

Test(evidence, of_macos_is_that_it_is_macos)
{
	CLEANUP(scene_done) struct scene scene;

	scene_init(&scene);
	scene.os->macos = true;
	cr_expect_eq(gather(&scene)->system, EVIDENCE_MACOS);
	cr_expect_not(scene.seen.tool.sees_macos);
	scene.options.tool = "dfu-util";
	cr_expect(gather(&scene)->tool.sees_macos);
}

/* ---- with a try ---- */

static const struct evidence *try_board(struct scene *scene)
{
	scene->options.try = true;
	return gather(scene);
}

Test(evidence, a_try_goes_into_the_bootloader_and_comes_back)
{
	CLEANUP(scene_done) struct scene scene;
	const struct evidence *seen;

	scene_init(&scene);
	add(&scene, false);
	seen = try_board(&scene);
	cr_expect_eq(seen->trial.into_dfu, EVIDENCE_TRY_DFU);
	cr_expect_eq(seen->dfu.open, EVIDENCE_OPENED);
	cr_expect_eq(seen->trial.left, EVIDENCE_YES);
	cr_expect_eq(seen->trial.starts, EVIDENCE_YES);
	cr_expect_eq(scene.boards[0]->ops->mode(scene.boards[0]), BOARD_ECU);
}

Test(evidence, a_try_sees_firmware_that_does_not_jump)
{
	CLEANUP(scene_done) struct scene scene;

	scene_init(&scene);
	scene.firmware.dfu_jump = false;
	add(&scene, false);
	cr_expect_eq(try_board(&scene)->trial.into_dfu, EVIDENCE_TRY_STAYED);
}

Test(evidence, a_try_sees_a_board_that_forgets)
{
	CLEANUP(scene_done) struct scene scene;

	scene_init(&scene);
	add_fault(&scene, FAULT_BOARD_RESET, "software", FAULT_LOSE_RAM, 0);
	add(&scene, false);
	cr_expect_eq(try_board(&scene)->trial.into_dfu, EVIDENCE_TRY_CAME_BACK);
}

Test(evidence, a_try_measures_how_long_the_bootloader_takes)
{
	CLEANUP(scene_done) struct scene scene;
	const struct evidence *seen;

	scene_init(&scene);
	add_fault(&scene, FAULT_DFU_CONNECT, "", FAULT_DELAY, 7000000);
	add(&scene, false);
	seen = try_board(&scene);
	cr_expect_eq(seen->trial.into_dfu, EVIDENCE_TRY_DFU);
	cr_expect(seen->trial.into_dfu_ms > 6500 && seen->trial.into_dfu_ms < 7500, "%u ms",
		seen->trial.into_dfu_ms);
}

Test(evidence, a_try_sees_a_bootloader_that_never_comes)
{
	CLEANUP(scene_done) struct scene scene;

	scene_init(&scene);
	add_fault(&scene, FAULT_DFU_CONNECT, "", FAULT_NO_SHOW, 0);
	add(&scene, false);
	cr_expect_eq(try_board(&scene)->trial.into_dfu, EVIDENCE_TRY_GONE);
}

Test(evidence, a_try_sees_firmware_that_does_not_start)
{
	CLEANUP(scene_done) struct scene scene;
	const struct evidence *seen;

	scene_init(&scene);
	add_fault(&scene, FAULT_ECU_CONNECT, "", FAULT_NO_SHOW, 0);
	add(&scene, true);
	seen = try_board(&scene);
	cr_expect_eq(seen->trial.left, EVIDENCE_YES);
	cr_expect_eq(seen->trial.starts, EVIDENCE_NO);
}

Test(evidence, a_try_leaves_a_board_without_firmware_where_it_is)
{
	CLEANUP(scene_done) struct scene scene;

	scene_init(&scene);
	scene.blank = true;
	add(&scene, true);
	cr_expect_eq(try_board(&scene)->trial.left, EVIDENCE_UNKNOWN);
	cr_expect_eq(scene.boards[0]->ops->mode(scene.boards[0]), BOARD_DFU);
}

/* errVENDOR is what a ROM says of much else too. */
Test(evidence, one_refused_address_is_asked_for_again)
{
	CLEANUP(scene_done) struct scene scene;
	const struct evidence *seen;

	scene_init(&scene);
	add_fault(&scene, FAULT_DFU_EXECUTE, "set-address", FAULT_DFU_ERROR, DFU_ERR_VENDOR);
	scene.faults.rules[0].times = 1;
	add(&scene, true);
	seen = gather(&scene);
	cr_expect_eq(scene.faults.rules[0].fired, 1);
	cr_expect_eq(seen->dfu.options_refused, EVIDENCE_UNKNOWN);
	cr_expect(seen->dfu.has_options);
	cr_expect_eq(seen->flash.whole, EVIDENCE_YES);
}

Test(evidence, of_flash_that_can_be_read_in_part_is_that_it_broke_off)
{
	CLEANUP(scene_done) struct scene scene;
	const struct evidence *seen;

	scene_init(&scene);
	add_fault(&scene, FAULT_DFU_EXECUTE, "set-address", FAULT_DFU_ERROR, DFU_ERR_VENDOR);
	scene.faults.rules[0].nth = 3;
	scene.faults.rules[0].times = 0;
	add(&scene, true);
	seen = gather(&scene);
	cr_expect(seen->flash.broke_off);
	cr_expect_eq(seen->flash.cut, EVIDENCE_NO);
}

static void unplug(struct fault_plan *plan, const struct fault_rule *rule,
	const struct fault_occasion *occasion UNUSED)
{
	struct board *board = plan->user;

	if (rule->action == FAULT_BAD_CRC || rule->action == FAULT_DFU_ERROR)
		set(board, BOARD_VBUS, false);
}

Test(evidence, of_a_bootloader_that_leaves_is_that_it_left)
{
	CLEANUP(scene_done) struct scene scene;
	const struct evidence *seen;

	scene_init(&scene);
	add_fault(&scene, FAULT_DFU_EXECUTE, "set-address", FAULT_DFU_ERROR, DFU_ERR_VENDOR);
	scene.faults.rules[0].nth = 3;
	scene.faults.user = add(&scene, true);
	scene.faults.on_fire = unplug;
	seen = gather(&scene);
	cr_expect_eq(seen->usb.left, EVIDENCE_YES);
	cr_expect_eq(seen->dfu.rests, EVIDENCE_UNKNOWN);
	cr_expect_eq(seen->flash.readable, EVIDENCE_UNKNOWN);
}

Test(evidence, of_an_ecu_that_leaves_is_that_it_left)
{
	CLEANUP(scene_done) struct scene scene;
	const struct evidence *seen;

	scene_init(&scene);
	add_fault(&scene, FAULT_ECU_REPLY, "R", FAULT_BAD_CRC, 0);
	scene.faults.user = add(&scene, false);
	scene.faults.on_fire = unplug;
	seen = gather(&scene);
	cr_expect_eq(seen->usb.left, EVIDENCE_YES);
	cr_expect_eq(seen->ecu.answer, EVIDENCE_ANSWER_UNKNOWN);
}

static struct board *to_be_unplugged;

static void unplug_when_it_is_read(const char *what)
{
	if (strstr(what, "bootloader"))
		set(to_be_unplugged, BOARD_VBUS, false);
}

Test(evidence, nobody_waits_long_for_a_bootloader_that_left)
{
	CLEANUP(scene_done) struct scene scene;
	uint64_t start_us;

	scene_init(&scene);
	to_be_unplugged = add(&scene, true);
	scene.options.step = unplug_when_it_is_read;
	start_us = clock_now_us(scene.usb.host->clock);
	cr_expect_eq(gather(&scene)->usb.left, EVIDENCE_YES);
	cr_expect_lt(clock_now_us(scene.usb.host->clock) - start_us, 10000000);
}
