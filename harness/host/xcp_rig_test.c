/* SPDX-License-Identifier: MIT */
/* The XCP client, the simulated OpenBLT and the ECU that it starts, through a board, its bus and the serial host. */
#include "harness/host/serial_host_direct.h"
#include "harness/host/ts_client.h"
#include "harness/host/xcp_client.h"

#include "harness/testing/usb_rig.h"
#include "simulators/ecu/ecu.h"
#include "simulators/firmware/firmware.h"
#include "simulators/stm32/board.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BASE     0x08000000u
#define APP_BASE 0x08008000u
#define APP_SIZE 0x12344u
#define SECOND   UINT64_C(1000000)

struct rig {
	struct usb_rig usb;
	struct serial_host *serial;
	struct serial_port *port;
	struct board *board;
	struct xcp_client xcp;
	struct buf loader, app;
	struct why why;
};

static void build(struct rig *rig, const struct firmware *firmware, struct buf *out)
{
	buf_init(out, 1u << 20);
	cr_assert_eq(firmware_build(firmware, out, &rig->why), 0, "%s", rig->why.text);
}

/* dfu_check: OpenBLT looks for the magic word. */
static void build_images(struct rig *rig, bool dfu_check)
{
	const struct chip *chip = chip_find("stm32f407xg");
	struct firmware loader = {
		.kind = FIRMWARE_OPENBLT,
		.base = BASE,
		.size = 0x5000,
		.signature = "1.2.3",
		.chip = "stm32f407xg",
		.app_base = APP_BASE,
		.dfu_check = dfu_check,
		.probes = true,
	};
	struct firmware app = firmware_defaults(chip, true);

	app.size = APP_SIZE;
	snprintf(app.signature, sizeof(app.signature),
		"rusEFI main.2026.07.14.f407-discovery.3461352391");
	build(rig, &loader, &rig->loader);
	build(rig, &app, &rig->app);
}

/* Lets the rig's time pass. */
static void pass(struct rig *rig, uint64_t us)
{
	uint64_t end = rig->usb.clock.time_us + us;

	while (vusb_bus_deadline_us(rig->usb.bus) <= end) {
		if (vusb_bus_deadline_us(rig->usb.bus) > rig->usb.clock.time_us)
			rig->usb.clock.time_us = vusb_bus_deadline_us(rig->usb.bus);
		vusb_bus_tick(rig->usb.bus);
	}
	rig->usb.clock.time_us = end;
	vusb_bus_tick(rig->usb.bus);
}

static void set(struct rig *rig, enum board_pin pin, bool high)
{
	cr_assert_eq(
		rig->board->ops->set_pin(rig->board, pin, high, &rig->why), 0, "%s", rig->why.text);
}

/* A board with OpenBLT in flash, and `app_size` bytes of the application; powered. */
static void init_with(struct rig *rig, size_t app_size, bool dfu_check)
{
	memset(rig, 0, sizeof(*rig));
	build_images(rig, dfu_check);
	usb_rig_init_or_fail(&rig->usb);
	rig->serial = serial_host_direct_new(rig->usb.bus, rig->usb.host);
	cr_assert_not_null(rig->serial);
	cr_assert_eq(stm32_board_new(
			     &(struct stm32_board_config){
				     .name = "toy",
				     .chip = "stm32f407xg",
				     .pace = ROM_PACE_CHIP,
				     .flash = rig->loader.data,
				     .flash_size = rig->loader.size,
				     .loaders = ecu_loaders,
			     },
			     rig->usb.bus, vusb_bus_port(rig->usb.bus, 1), &rig->board, &rig->why),
		0, "%s", rig->why.text);
	if (app_size)
		cr_assert_eq(
			rig->board->ops->write_flash(rig->board, APP_BASE, rig->app.data, app_size),
			0);
	set(rig, BOARD_VBUS, true);
	set(rig, BOARD_POWER, true);
	pass(rig, 2 * SECOND);
}

static void init(struct rig *rig, size_t app_size)
{
	init_with(rig, app_size, true);
}

static void close_port(struct rig *rig)
{
	if (rig->port)
		rig->port->ops->close(rig->port);
	rig->port = NULL;
}

static void done(struct rig *rig)
{
	close_port(rig);
	serial_host_direct_free(rig->serial);
	rig->board->ops->free(rig->board);
	usb_rig_done(&rig->usb);
	buf_done(&rig->loader);
	buf_done(&rig->app);
}

/* Opens the only port. */
static void open_port(struct rig *rig)
{
	struct serial_port_entry entry;
	size_t count = 0;

	cr_assert_eq(rig->serial->ops->list(rig->serial, &entry, 1, &count, &rig->why), 0);
	cr_assert_eq(count, 1);
	cr_assert_eq(rig->serial->ops->open(rig->serial, entry.name, &rig->port, &rig->why), 0,
		"%s", rig->why.text);
	xcp_client_init(&rig->xcp, rig->port);
}

static enum board_mode mode(const struct rig *rig)
{
	return rig->board->ops->mode(rig->board);
}

Test(xcp_rig, a_board_without_an_application_is_programmed_and_starts_it)
{
	struct xcp_identity identity;
	struct rig rig;
	uint8_t *back;

	init(&rig, 0);
	cr_assert_eq(mode(&rig), BOARD_OPENBLT);
	open_port(&rig);
	cr_assert_eq(xcp_client_probe(&rig.xcp, &identity, &rig.why), XCP_PROBE_OPENBLT, "%s",
		rig.why.text);
	cr_assert_str_eq(identity.version, "1.2.3");
	cr_assert_eq(xcp_client_connect(&rig.xcp, 0, &rig.why), 0, "%s", rig.why.text);
	cr_assert_eq(
		xcp_client_program(&rig.xcp,
			&(struct xcp_image){APP_BASE, rig.app.data, rig.app.size}, NULL, &rig.why),
		0, "%s", rig.why.text);
	back = malloc(rig.app.size);
	cr_assert_not_null(back);
	cr_assert_eq(rig.board->ops->read_flash(rig.board, APP_BASE, back, rig.app.size), 0);
	cr_assert_arr_eq(back, rig.app.data, rig.app.size);
	cr_assert_eq(xcp_client_read(&rig.xcp, APP_BASE, back, 1000, &rig.why), 0);
	cr_assert_arr_eq(back, rig.app.data, 1000);
	cr_assert_eq(xcp_client_reset(&rig.xcp, &rig.why), 0);
	free(back);
	close_port(&rig);
	pass(&rig, 2 * SECOND);
	cr_assert_eq(mode(&rig), BOARD_ECU);
	done(&rig);
}

Test(xcp_rig, a_half_written_application_stays_in_openblt)
{
	struct rig rig;

	init(&rig, APP_SIZE / 2);
	cr_assert_eq(mode(&rig), BOARD_OPENBLT);
	open_port(&rig);
	cr_assert_eq(xcp_client_connect(&rig.xcp, 0, &rig.why), 0, "%s", rig.why.text);
	cr_assert_eq(xcp_client_reset(&rig.xcp, &rig.why), 0);
	close_port(&rig);
	pass(&rig, 2 * SECOND);
	cr_assert_eq(mode(&rig), BOARD_OPENBLT);
	done(&rig);
}

Test(xcp_rig, a_power_cut_in_the_middle_leaves_openblt_and_a_second_try_works)
{
	struct rig rig;

	init(&rig, APP_SIZE);
	cr_assert_eq(mode(&rig), BOARD_ECU);
	cr_assert_eq(rig.board->ops->write_flash(
			     rig.board, APP_BASE + 0x1000, (const uint8_t[]){0, 0, 0, 0}, 4),
		0);
	set(&rig, BOARD_POWER, false);
	pass(&rig, SECOND);
	set(&rig, BOARD_POWER, true);
	pass(&rig, 2 * SECOND);
	cr_assert_eq(mode(&rig), BOARD_OPENBLT);
	open_port(&rig);
	cr_assert_eq(xcp_client_connect(&rig.xcp, 0, &rig.why), 0, "%s", rig.why.text);
	cr_assert_eq(xcp_client_program(&rig.xcp,
			     &(struct xcp_image){APP_BASE, rig.app.data, rig.app.size / 3}, NULL,
			     &rig.why),
		0, "%s", rig.why.text);
	set(&rig, BOARD_POWER, false);
	close_port(&rig);
	pass(&rig, SECOND);
	set(&rig, BOARD_POWER, true);
	pass(&rig, 2 * SECOND);
	cr_assert_eq(mode(&rig), BOARD_OPENBLT);
	open_port(&rig);
	cr_assert_eq(xcp_client_connect(&rig.xcp, 0, &rig.why), 0, "%s", rig.why.text);
	cr_assert_eq(
		xcp_client_program(&rig.xcp,
			&(struct xcp_image){APP_BASE, rig.app.data, rig.app.size}, NULL, &rig.why),
		0, "%s", rig.why.text);
	cr_assert_eq(xcp_client_reset(&rig.xcp, &rig.why), 0);
	close_port(&rig);
	pass(&rig, 2 * SECOND);
	cr_assert_eq(mode(&rig), BOARD_ECU);
	done(&rig);
}

Test(xcp_rig, openblts_own_area_cannot_be_overwritten)
{
	struct rig rig;

	init(&rig, 0);
	open_port(&rig);
	cr_assert_eq(xcp_client_connect(&rig.xcp, 0, &rig.why), 0, "%s", rig.why.text);
	cr_assert_eq(xcp_client_clear(&rig.xcp, BASE, 4096, &rig.why), -EREMOTEIO);
	cr_assert_eq(
		xcp_client_write(&rig.xcp, APP_BASE - 4, rig.app.data, 8, &rig.why), -EREMOTEIO);
	done(&rig);
}

/* What comes within 3 s, as hex, and when its first byte did. */
static const char *listen(struct rig *rig, uint64_t *ret_first_us, char ret_hex[64])
{
	uint64_t end = rig->usb.clock.time_us + 3 * SECOND;
	size_t used = 0;

	*ret_first_us = 0;
	ret_hex[0] = '\0';
	while (rig->usb.clock.time_us < end && used < 60) {
		uint8_t byte;
		int got = rig->port->ops->read(rig->port, &byte, 1, 100);

		cr_assert_geq(got, 0);
		if (got && !used)
			*ret_first_us = rig->usb.clock.time_us;
		if (got)
			used += (size_t)snprintf(ret_hex + used, 64 - used, "%02x", byte);
	}
	return ret_hex;
}

static void ask_signature(struct rig *rig)
{
	char signature[TS_SIGNATURE_ROOM];
	struct ts_client ts;

	ts_client_init(&ts, rig->port);
	cr_assert_eq(
		ts_client_signature(&ts, false, 0, signature, &rig->why), 0, "%s", rig->why.text);
	cr_assert_str_eq(signature, "rusEFI main.2026.07.14.f407-discovery.3461352391");
	ts_client_done(&ts);
}

Test(xcp_rig, a_fresh_ecu_swallows_the_probe)
{
	struct rig rig;
	uint64_t first;
	char hex[64];

	init(&rig, APP_SIZE);
	open_port(&rig);
	cr_assert_eq(xcp_client_probe(&rig.xcp, NULL, &rig.why), XCP_PROBE_SILENT);
	cr_assert_str_eq(listen(&rig, &first, hex), "");
	ask_signature(&rig);
	done(&rig);
}

Test(xcp_rig, an_ecu_in_sync_answers_the_probe_a_second_later)
{
	struct rig rig;
	uint64_t start, first;
	char hex[64];

	init(&rig, APP_SIZE);
	open_port(&rig);
	ask_signature(&rig);
	start = rig.usb.clock.time_us;
	cr_assert_eq(xcp_client_probe(&rig.xcp, NULL, &rig.why), XCP_PROBE_SILENT);
	cr_assert_lt(rig.usb.clock.time_us - start, SECOND / 2);
	cr_assert_str_eq(listen(&rig, &first, hex), "0001803fba6cad", "underrun: %s", hex);
	cr_assert_geq(first - start, SECOND);
	cr_assert_lt(first - start, SECOND + SECOND / 10);
	ask_signature(&rig);
	done(&rig);
}

static void io_test(struct rig *rig, uint16_t command)
{
	struct ts_client ts;

	open_port(rig);
	ts_client_init(&ts, rig->port);
	cr_assert_eq(ts_client_io_test(&ts, command, 0, false, &rig->why), 0, "%s", rig->why.text);
	ts_client_done(&ts);
	close_port(rig);
}

Test(xcp_rig, the_ecu_goes_to_openblt_when_asked_and_comes_back)
{
	struct rig rig;

	init(&rig, APP_SIZE);
	io_test(&rig, TS_Z_OPENBLT);
	pass(&rig, 2 * SECOND);
	cr_assert_eq(mode(&rig), BOARD_OPENBLT);
	pass(&rig, 60 * SECOND);
	cr_assert_eq(mode(&rig), BOARD_OPENBLT);
	open_port(&rig);
	cr_assert_eq(xcp_client_probe(&rig.xcp, NULL, &rig.why), XCP_PROBE_OPENBLT);
	cr_assert_eq(xcp_client_reset(&rig.xcp, &rig.why), 0);
	close_port(&rig);
	pass(&rig, 2 * SECOND);
	cr_assert_eq(mode(&rig), BOARD_ECU);
	done(&rig);
}

Test(xcp_rig, an_ecu_that_resets_itself_too_often_ends_in_openblt)
{
	struct rig rig;

	init(&rig, APP_SIZE);
	for (int n = 1; n <= 16; n++) {
		cr_assert_eq(mode(&rig), BOARD_ECU, "after %d resets", n - 1);
		io_test(&rig, TS_Z_REBOOT);
		pass(&rig, SECOND);
	}
	cr_assert_eq(mode(&rig), BOARD_OPENBLT);
	done(&rig);
}

Test(xcp_rig, an_ecu_that_runs_for_a_while_is_no_reset_loop)
{
	struct rig rig;

	init(&rig, APP_SIZE);
	for (int n = 1; n <= 20; n++) {
		io_test(&rig, TS_Z_REBOOT);
		pass(&rig, 6 * SECOND);
		cr_assert_eq(mode(&rig), BOARD_ECU, "after %d resets", n);
	}
	done(&rig);
}

Test(xcp_rig, openblt_passes_the_jump_to_dfu_on_or_loses_it)
{
	for (int dfu_check = 0; dfu_check < 2; dfu_check++) {
		struct rig rig;

		init_with(&rig, APP_SIZE, dfu_check);
		cr_assert_eq(mode(&rig), BOARD_ECU);
		io_test(&rig, TS_Z_DFU);
		pass(&rig, 3 * SECOND);
		cr_assert_eq(mode(&rig), dfu_check ? BOARD_DFU : BOARD_ECU);
		done(&rig);
	}
}
