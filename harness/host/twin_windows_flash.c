/* SPDX-License-Identifier: MIT */
/*
 * ST's tools for the bootloader: STM32_Programmer_CLI, on Windows over WinUSB and elsewhere over libusb, and the older
 * DfuSeCommand, over the driver STTub30 only. On a host that is not Windows there is no driver to be wrong.
 */
#include "harness/host/twin_windows.h"

#include "harness/dfu/image.h"
#include "harness/host/host_os_direct.h"

#include <errno.h>
#include <string.h>

#define ENTRY_MAX   64
#define FLASH_START 0x08000000u

/* Not Windows: the first one, as port usb1 is. */
static int open_first(struct host_os *os, struct dfuse_client *ret)
{
	struct usb_host_entry entries[ENTRY_MAX];
	size_t count;
	int r = os->usb->ops->list(os->usb, entries, ENTRY_MAX, &count, NULL);

	for (size_t i = 0; r == 0 && i < count && i < ENTRY_MAX; i++) {
		if (entries[i].vid != DFUSE_VID || entries[i].pid != DFUSE_PID)
			continue;
		r = dfuse_client_open(ret, os->usb, &entries[i], NULL);
		if (r == 0)
			ret->deadline_us = host_os_direct_deadline_us(os);
		return r;
	}
	return r < 0 ? r : -ENODEV;
}

static int open_by(struct host_os *os, enum pnp_route route, struct dfuse_client *ret)
{
	return os->pnp ? windows_open_bootloader(os, route, ret) : open_first(os, ret);
}

static uint32_t deadline_ms(const struct host_os *os)
{
	uint64_t until_us = host_os_direct_deadline_us(os), now_us = clock_now_us(os->clock);

	return until_us == CLOCK_NEVER ? 0 : (uint32_t)((until_us - now_us) / 1000 + 1);
}

/* What is to be flashed, and how. */
struct job {
	const char *path; /* raw files go to the start of the flash */
	enum pnp_route route;
	bool leave;
};

/* 0, -ENODEV, or another negative errno with why. */
static int flash_file(struct host_os *os, const struct job *job, struct why *why)
{
	CLEANUP(image_done) struct image image = {0};
	struct dfuse_options options = {
		.verify = true, .leave = job->leave, .deadline_ms = deadline_ms(os)};
	struct dfuse_result result;
	struct dfuse_client client;
	int r = image_read(job->path, IMAGE_AUTO, &image, why);

	if (r == 0 && !image.addressed)
		r = image_set_address(&image, FLASH_START, why);
	if (r < 0)
		return why_prefix(why, -EINVAL, "file");
	r = open_by(os, job->route, &client);
	if (r < 0)
		return why_set(why, r, "Target device not found");
	r = dfuse_update(&client, &image, &options, &result, why);
	dfuse_client_close(&client);
	return r;
}

/* ---- STM32_Programmer_CLI ---- */

static int programmer_erase(struct host_os *os, struct buf *out)
{
	struct dfuse_client client;
	struct why why = {0};
	int r = open_by(os, PNP_ROUTE_WINUSB, &client);

	if (r < 0) {
		SAY(out, "Error: Target device not found\r\n");
		return 1;
	}
	SAY(out, "Mass erase ...\r\n\r\n");
	r = dfuse_client_idle(&client, &why);
	if (r == 0)
		r = dfuse_client_mass_erase(&client, &why);
	dfuse_client_close(&client);
	SAY(out, r < 0 ? "Error: Mass erase operation failed\r\n"
		       : "Mass erase successfully achieved\r\n");
	return r < 0;
}

/* Exit codes are guessed: rusEFI's console does not look at them. That it needs WinUSB is known from its driver's INF: the
 * service that it installs [STM32Bootloader.inf of STM32CubeProgrammer]. */
static int programmer_main(const struct host_program *program UNUSED, struct host_os *os,
	char *const argv[], struct buf *out)
{
	const struct job job = {windows_value_of(argv, "-w"), PNP_ROUTE_WINUSB, true};
	struct why why = {0};
	int r;

	SAY(out, "      STM32CubeProgrammer\r\n\r\n");
	if (!job.path)
		return windows_value_of(argv, "-e") ? programmer_erase(os, out) : 1;
	r = flash_file(os, &job, &why);
	if (r == -ENODEV || r == -EACCES) {
		SAY(out, "Error: Target device not found\r\n");
		return 1;
	}
	if (r == 0)
		SAY(out, "File download complete\r\n\r\nDownload verified successfully\r\n\r\n"
			 "Start operation achieved successfully\r\n");
	else
		SAY(out, "Error: %s\r\n", why_text(&why));
	return r < 0;
}

/* ---- DfuSeCommand ---- */

/* "Matching not good" is its word for a verify that found a difference; 0x12340005 its error of a device that does not
 * answer as it should (rusEFI's console of 2021 knew both). It finds devices by the interface class of STTub30, so one with
 * another driver is not there at all [DfuSeCommand.c, STDFU's device enumeration]. */
static int dfuse_command_main(const struct host_program *program UNUSED, struct host_os *os,
	char *const argv[], struct buf *out)
{
	const struct job job = {windows_value_of(argv, "--fn"), PNP_ROUTE_STTUB30, false};
	struct why why = {0};
	int r = job.path ? flash_file(os, &job, &why) : -EINVAL;

	if (r == 0)
		SAY(out, "Upgrade successful !\r\nVerify successful !\r\n");
	else if (r == -ENODEV || r == -EACCES)
		SAY(out, "0 Device(s) found. Plug your DFU Device ! \r\n");
	else if (r == -EILSEQ)
		SAY(out, "Matching not good. %s\r\n", why_text(&why));
	else
		SAY(out, "Error 0x12340005: %s\r\n", why_text(&why));
	return r < 0;
}

const struct host_program twin_stm32_programmer = {
	.name = "STM32_Programmer_CLI",
	.main = programmer_main,
	.source = "rusEFI's DfuFlasher (2026), logs in rusEFI issues 4847 and 5574",
};

const struct host_program twin_dfuse_command = {
	.name = "DfuSeCommand",
	.main = dfuse_command_main,
	.source = "rusEFI's console of 2021, rusEFI issues 2675 and 3232; ST's DfuSeCommand.c for "
		  "the "
		  "sentence when there is no device",
	.on = HOST_ON_WINDOWS,
};
