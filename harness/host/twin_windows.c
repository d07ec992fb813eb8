/* SPDX-License-Identifier: MIT */
/*
 * A Windows host in-process, in one state only: every bootloader has the newer driver (its caption is iProduct), bound and
 * without a problem code. What the tools print is known from logs and from what rusEFI's console looks for; nothing of it
 * was run here. What is not known is marked as guessed.
 */
#include "harness/host/twin.h"

#include "harness/dfu/image.h"
#include "harness/host/dfuse_client.h"
#include "harness/host/host_os_direct.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ENTRY_MAX   64
#define FLASH_START 0x08000000u

#define SAY(out, ...) ((void)!buf_printf((out), __VA_ARGS__))

/* ---- Device Manager by query ---- */

static bool contains(const char *text, const char *part, size_t size)
{
	for (; *text; text++)
		if (strncasecmp(text, part, size) == 0)
			return true;
	return false;
}

/* Every '%text%' of a WQL filter must be in the caption. WQL's LIKE does not look at the case. */
static bool caption_fits(const char *caption, const char *filter)
{
	const char *at = filter;

	while ((at = strstr(at, "'%"))) {
		const char *end = strstr(at + 2, "%'");

		if (!end || !contains(caption, at + 2, (size_t)(end - at - 2)))
			return false;
		at = end + 2;
	}
	return at != filter;
}

/* Calls print for each device that the filter lets through. Returns how many, or negative errno. */
static int query(struct host_os *os, const char *filter,
	void (*print)(struct buf *out, const char *caption), struct buf *out)
{
	struct usb_host_entry entries[ENTRY_MAX];
	size_t count;
	int found = 0;
	int r = os->usb->ops->list(os->usb, entries, ENTRY_MAX, &count, NULL);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count && i < ENTRY_MAX; i++) {
		if (!caption_fits(entries[i].product, filter))
			continue;
		print(out, entries[i].product);
		found++;
	}
	return found;
}

static const char *word_with(char *const argv[], const char *text)
{
	for (size_t i = 1; argv[i]; i++)
		if (strstr(argv[i], text))
			return argv[i];
	return NULL;
}

static void print_list(struct buf *out, const char *caption)
{
	SAY(out, "\r\nCaption                : %s\r\nConfigManagerErrorCode : 0\r\n\r\n", caption);
}

static int powershell_main(const struct host_program *program UNUSED, struct host_os *os,
	char *const argv[], struct buf *out)
{
	const char *command = word_with(argv, "Get-CimInstance Win32_PnPEntity");

	if (!command) {
		SAY(out, "powershell: this twin knows Get-CimInstance Win32_PnPEntity only\r\n");
		return 1;
	}
	return query(os, command, print_list, out) < 0;
}

static void print_pairs(struct buf *out, const char *caption)
{
	SAY(out, "\r\n\r\nCaption=%s\r\nConfigManagerErrorCode=0\r\n\r\n\r\n", caption);
}

static int wmic_main(const struct host_program *program UNUSED, struct host_os *os,
	char *const argv[], struct buf *out)
{
	const char *where = word_with(argv, "'%");
	int found = where ? query(os, where, print_pairs, out) : -EINVAL;

	if (found == 0)
		SAY(out, "No Instance(s) Available.\r\n");
	return found < 0;
}

/* ---- flashing ---- */

/* The first bootloader, as port usb1 is. NULL: none. */
static const struct usb_host_entry *first_bootloader(
	struct host_os *os, struct usb_host_entry entries[static ENTRY_MAX])
{
	size_t count;

	if (os->usb->ops->list(os->usb, entries, ENTRY_MAX, &count, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < count && i < ENTRY_MAX; i++)
		if (entries[i].vid == DFUSE_VID && entries[i].pid == DFUSE_PID)
			return &entries[i];
	return NULL;
}

static int open_first(struct host_os *os, struct dfuse_client *ret)
{
	struct usb_host_entry entries[ENTRY_MAX];
	const struct usb_host_entry *entry = first_bootloader(os, entries);
	int r = entry ? dfuse_client_open(ret, os->usb, entry, NULL) : -ENODEV;

	if (r == 0)
		ret->deadline_us = host_os_direct_deadline_us(os);
	return r;
}

static uint32_t deadline_ms(const struct host_os *os)
{
	uint64_t until_us = host_os_direct_deadline_us(os), now_us = clock_now_us(os->clock);

	return until_us == CLOCK_NEVER ? 0 : (uint32_t)((until_us - now_us) / 1000 + 1);
}

/* Writes a file, raw ones at the start of the flash. 0, -ENODEV, or another negative errno with why. */
static int flash_file(struct host_os *os, const char *path, bool leave, struct why *why)
{
	CLEANUP(image_done) struct image image = {0};
	struct dfuse_options options = {
		.verify = true, .leave = leave, .deadline_ms = deadline_ms(os)};
	struct dfuse_result result;
	struct dfuse_client client;
	int r = image_read(path, IMAGE_AUTO, &image, why);

	if (r == 0 && !image.addressed)
		r = image_set_address(&image, FLASH_START, why);
	if (r < 0)
		return why_prefix(why, -EINVAL, "file");
	r = open_first(os, &client);
	if (r < 0)
		return why_set(why, r, "Target device not found");
	r = dfuse_update(&client, &image, &options, &result, why);
	dfuse_client_close(&client);
	return r;
}

/* The word behind an option; NULL: it is not there. */
static const char *value_of(char *const argv[], const char *option)
{
	for (size_t i = 1; argv[i]; i++)
		if (strcmp(argv[i], option) == 0)
			return argv[i + 1];
	return NULL;
}

static int programmer_erase(struct host_os *os, struct buf *out)
{
	struct dfuse_client client;
	struct why why = {0};
	int r = open_first(os, &client);

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

/* Exit codes are guessed: rusEFI's console does not look at them. */
static int programmer_main(const struct host_program *program UNUSED, struct host_os *os,
	char *const argv[], struct buf *out)
{
	const char *path = value_of(argv, "-w");
	struct why why = {0};
	int r;

	SAY(out, "      STM32CubeProgrammer\r\n\r\n");
	if (!path)
		return value_of(argv, "-e") ? programmer_erase(os, out) : 1;
	r = flash_file(os, path, true, &why);
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

/* "Matching not good" is its word for a verify that found a difference; 0x12340005 its error of a device that does not
 * answer as it should (rusEFI's console of 2021 knew both). */
static int dfuse_command_main(const struct host_program *program UNUSED, struct host_os *os,
	char *const argv[], struct buf *out)
{
	const char *path = value_of(argv, "--fn");
	struct why why = {0};
	int r = path ? flash_file(os, path, false, &why) : -EINVAL;

	if (r == 0)
		SAY(out, "Upgrade successful !\r\nVerify successful !\r\n");
	else if (r == -ENODEV || r == -EACCES)
		SAY(out, "0 Device(s) found. Plug your DFU devices !\r\n");
	else if (r == -EILSEQ)
		SAY(out, "Matching not good. %s\r\n", why_text(&why));
	else
		SAY(out, "Error 0x12340005: %s\r\n", why_text(&why));
	return r < 0;
}

const struct host_program twin_powershell = {
	.name = "powershell",
	.main = powershell_main,
	.source = "rusEFI's DfuFlasher (2026): the query and what is looked for in its answer",
};

const struct host_program twin_wmic = {
	.name = "wmic",
	.main = wmic_main,
	.source = "rusEFI issues 4626 and 6774: the query and its answers",
};

const struct host_program twin_stm32_programmer = {
	.name = "STM32_Programmer_CLI",
	.main = programmer_main,
	.source = "rusEFI's DfuFlasher (2026), logs in rusEFI issues 4847 and 5574",
};

const struct host_program twin_dfuse_command = {
	.name = "DfuSeCommand",
	.main = dfuse_command_main,
	.source = "rusEFI's console of 2021, rusEFI issues 2675 and 3232; the sentence for no "
		  "device is guessed",
};

const struct host_program *const host_twins[] = {
	&twin_dfu_util,
	&twin_lsusb,
	&twin_powershell,
	&twin_wmic,
	&twin_stm32_programmer,
	&twin_dfuse_command,
	NULL,
};
