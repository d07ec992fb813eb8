/* SPDX-License-Identifier: MIT */
/* Windows and a simulated board on one bus, as scenarios have them. */
#include "harness/base/file.h"
#include "harness/testing/usb_rig.h"
#include "simulators/stm32/board.h"
#include "simulators/windows/windows.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define SECOND UINT64_C(1000000)

struct rig {
	struct usb_rig usb;
	struct board *board;
	struct windows *windows;
	struct pnp *pnp;
	struct pnp_device device; /* the only one */
};

static struct rig rig;

static void add_driver(const char *name)
{
	CLEANUP(buf_done) struct buf text;
	char path[512];

	snprintf(path, sizeof(path), "%s/drivers/%s.inf", DFURIG_FIXTURES, name);
	buf_init(&text, 65536);
	cr_assert_eq(file_read(path, &text, NULL), 0);
	cr_assert_eq(windows_add_inf(rig.windows, name, (char *)text.data, text.size, NULL), 0);
	cr_assert_eq(rig.pnp->ops->add_driver(rig.pnp, name, true, true, NULL), 0);
}

static void setup(void)
{
	struct stm32_board_config config = {
		.name = "board", .chip = "stm32f407xg", .pace = ROM_PACE_CHIP, .uid = {7}};

	rig = (struct rig){0};
	usb_rig_init_or_fail(&rig.usb);
	cr_assert_eq(stm32_board_new(
			     &config, rig.usb.bus, vusb_bus_port(rig.usb.bus, 1), &rig.board, NULL),
		0);
	cr_assert_eq(rig.board->ops->set_pin(rig.board, BOARD_BOOT0, true, NULL), 0);
	rig.windows = windows_new(rig.usb.host, rig.usb.host->clock);
	cr_assert(rig.windows);
	rig.pnp = windows_pnp(rig.windows);
	add_driver("st-bootloader");
}

static void teardown(void)
{
	windows_free(rig.windows);
	rig.board->ops->free(rig.board);
	usb_rig_done(&rig.usb);
}

TestSuite(windows_board, .init = setup, .fini = teardown);

static void power(bool on)
{
	cr_assert_eq(rig.board->ops->set_pin(rig.board, BOARD_POWER, on, NULL), 0);
	clock_sleep_until_us(rig.usb.host->clock, clock_after_us(rig.usb.host->clock, 2 * SECOND));
}

/* How many devices there are; the first is in rig.device. */
static size_t look(void)
{
	size_t count;

	cr_assert_eq(rig.pnp->ops->devices(rig.pnp, &rig.device, 1, &count, NULL), 0);
	return count;
}

Test(windows_board, nothing_is_there_before_there_is_power)
{
	cr_assert_eq(look(), 0);
}

Test(windows_board, a_bootloader_is_named_by_its_descriptors)
{
	struct usb_host_entry entry;

	power(true);
	cr_assert_eq(look(), 1);
	cr_assert_eq(usb_rig_list_or_fail(&rig.usb, &entry), 1);
	cr_expect(strstr(rig.device.instance, entry.serial));
	cr_expect_str_eq(rig.device.hardware_ids[0], "USB\\VID_0483&PID_DF11&REV_2200");
	cr_expect_str_eq(rig.device.usb_path, entry.path);
	cr_expect_eq(rig.device.problem, PNP_OK);
	cr_assert_eq(rig.device.route, PNP_ROUTE_WINUSB);
}

Test(windows_board, a_board_without_power_is_remembered)
{
	power(true);
	cr_assert_eq(look(), 1);
	power(false);
	cr_assert_eq(look(), 1);
	cr_expect_eq(rig.device.problem, PNP_NOT_PRESENT);
	power(true);
	cr_assert_eq(look(), 1);
	cr_assert_eq(rig.device.problem, PNP_OK);
}

/* Off and on between two looks: no look saw it away. */
Test(windows_board, a_removed_device_is_back_after_a_power_cycle_that_nobody_saw)
{
	power(true);
	cr_assert_eq(look(), 1);
	cr_assert_eq(
		rig.pnp->ops->remove_device(rig.pnp, rig.device.instance, false, true, NULL), 0);
	cr_assert_eq(look(), 0);
	power(false);
	power(true);
	cr_assert_eq(look(), 1);
	cr_assert_str_eq(rig.device.inf, "oem0.inf");
}

Test(windows_board, looking_does_not_disturb_who_has_the_device_open)
{
	CLEANUP(usb_rig_close) struct usb_handle *handle = NULL;
	uint8_t config[64];

	power(true);
	handle = usb_rig_open_or_fail(&rig.usb);
	cr_assert_eq(handle->ops->claim(handle, 0), 0);
	cr_assert_eq(look(), 1);
	cr_expect_gt(handle->ops->config(handle, config, sizeof(config)), 0);
	cr_assert_eq(handle->ops->set_alternate(handle, 0, 0), 0);
}
