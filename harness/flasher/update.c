/* SPDX-License-Identifier: MIT */
#include "harness/flasher/update.h"

#include "harness/base/wire.h"
#include "harness/flasher/flasher_text.h"
#include "harness/flasher/update_state.h"
#include "harness/host/host_os_direct.h"
#include "harness/ts/signature_scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- before ---- */

static void read_image_signature(struct update *update)
{
	const struct image *image = update->options->image;
	char *text = update->result->image;

	for (size_t i = 0; i < image->element_count; i++)
		if (ts_signature_scan(image->elements[i].data, image->elements[i].size, text) == 0)
			return;
	text[0] = '\0';
}

static bool in_image(const struct image *image, uint32_t addr)
{
	for (size_t i = 0; i < image->element_count; i++)
		if (addr - image->elements[i].addr < image->elements[i].size)
			return true;
	return false;
}

/* Where an STM32 has RAM: CCM, SRAM, AXI SRAM; the initial stack pointer may be its end. */
static bool is_ram(uint32_t addr)
{
	uint32_t base = (addr - 4) & 0xfff00000u;

	return addr % 4 == 0 && (base == 0x10000000 || base == 0x20000000 || base == 0x24000000);
}

/* The first words of firmware are its stack pointer and where it starts, in itself and in Thumb code. [ARMv7-M, B1.5.3] */
static bool begins_as_firmware(const struct image *image)
{
	struct reader words;
	uint32_t stack, start;

	if (!image->element_count)
		return false;
	words = reader_of(image->elements[0].data, image->elements[0].size);
	stack = reader_le32(&words);
	start = reader_le32(&words);
	return !words.failed && is_ram(stack) && (start & 1) && in_image(image, start - 1);
}

static int check_image(struct update *update)
{
	if (!update->profile->checks_image || update->options->force ||
		begins_as_firmware(update->options->image))
		return 0;
	return update_fail(update, FLASHER_WRONG_IMAGE,
		"the image does not begin as STM32 firmware does; --force flashes it all the same");
}

/* The console compares the bundle's target with the ECU's; so do we. */
static int guard(struct update *update)
{
	struct ts_signature ecu, image;

	if (!update->profile->guard || update->options->force ||
		update_has(update, UPDATE_FLAW_NO_GUARD))
		return 0;
	if (ts_signature_read(update->result->image, &image) < 0)
		return update_fail(update, FLASHER_WRONG_IMAGE,
			"the image holds no rusEFI signature, so it may be for another board");
	if (ts_signature_read(update->result->before, &ecu) < 0)
		return update_fail(update, FLASHER_WRONG_IMAGE,
			"the ECU's signature \"%s\" does not say what board it is",
			update->result->before);
	if (strcmp(ecu.target, image.target) == 0)
		return 0;
	return update_fail(update, FLASHER_WRONG_IMAGE, "the image is for %s, the ECU is %s",
		image.target, ecu.target);
}

/* Nobody awaits an answer: the ECU resets before it could give one. */
static int send_reboot(struct update *update)
{
	struct why why = {0};
	int r = ts_client_execute(&update->ecu.ts, "reboot_dfu", false, &why);

	if (r < 0)
		update_say(update, "reboot_dfu: %s", why_text(&why));
	else
		update_say(update, "reboot_dfu sent to %s", update->result->port);
	update_close_ecu(&update->ecu);
	return 0;
}

static int ask_into_bootloader(struct update *update)
{
	int r = update_find_ecu(update);

	if (r == 0 && update_has(update, UPDATE_FLAW_REBOOTS_FIRST))
		(void)!ts_client_execute(&update->ecu.ts, "reboot_dfu", false, NULL);
	if (r == 0)
		r = update_read_tune(update);
	if (r == 0)
		r = update_check_tool(update);
	if (r == 0 && update->profile->reopens)
		r = update_reopen_ecu(update);
	if (r == 0)
		r = guard(update);
	if (r == 0)
		r = send_reboot(update);
	if (r < 0 || !update->profile->look.settle_ms)
		return r;
	update_say(
		update, "%u s of time for USB enumeration", update->profile->look.settle_ms / 1000);
	return update_wait(update, update->profile->look.settle_ms);
}

/* ---- after ---- */

static int check_signature(struct update *update)
{
	const struct update_result *result = update->result;

	if (!update->profile->after.check_signature || !result->image[0] ||
		strcmp(result->after, result->image) == 0)
		return 0;
	return update_fail(update, FLASHER_VERIFY_FAILED,
		"the ECU runs \"%s\", the image is \"%s\"", result->after, result->image);
}

static int bring_back(struct update *update, uint32_t limit_ms)
{
	const struct update_after *after = &update->profile->after;
	uint64_t until_us;
	int r = update_wait(update, after->settle_ms);

	if (r < 0)
		return r;
	until_us = clock_after_us(update->os->clock, limit_ms * UINT64_C(1000));
	r = update_await_ecu(update, until_us);
	if (r == 0)
		r = check_signature(update);
	if (r == 0)
		r = update_restore_tune(update);
	return r;
}

/* In flow manual nobody has seen the ECU: its serial number is not known, only one that is made of the same UID. */
static int after_flash(struct update *update)
{
	const struct update_after *after = &update->profile->after;
	bool manual = update->options->flow == FLASHER_MANUAL;

	if (!after->waits || update_has(update, UPDATE_FLAW_NO_WAIT) ||
		(manual && !after->manual_limit_ms))
		return 0;
	if (manual && !update->result->image[0])
		return 0; /* not rusEFI: nothing to wait for */
	return bring_back(update, manual ? after->manual_limit_ms : after->limit_ms);
}

static int run(struct update *update)
{
	int r;

	if (update_has(update, UPDATE_FLAW_DONE_AT_ONCE))
		return 0;
	r = check_image(update);
	if (r == 0)
		r = update->options->flow == FLASHER_AUTO ? ask_into_bootloader(update)
							  : update_check_tool(update);
	if (r == 0)
		r = update_look_for_dfu(update);
	if (r == 0)
		r = update_flash(update);
	if (r == 0)
		r = after_flash(update);
	return r;
}

static void say_end(struct update *update)
{
	struct update_result *result = update->result;
	char line[sizeof(result->why.text) + 64];

	if (result->reason == FLASHER_NO_REASON) {
		update_say(update, "update: done");
		return;
	}
	snprintf(line, sizeof(line), "dfurig: %s: %s",
		names_text(&flasher_reason_names, result->reason), why_text(&result->why));
	update_say_plain(update, line);
}

int update_run(struct host_os *os, const struct update_options *options, struct buf *out,
	struct update_result *ret)
{
	struct update update = {
		.os = os,
		.options = options,
		.profile = options->profile,
		.out = out,
		.result = ret,
		.start_us = clock_now_us(os->clock),
		.deadline_us = host_os_direct_deadline_us(os),
	};
	int r;

	*ret = (struct update_result){.reason = FLASHER_NO_REASON};
	read_image_signature(&update);
	update_say(&update, "%s: %s update with %s", update.profile->title,
		names_text(&flasher_flow_names, options->flow),
		ret->image[0] ? ret->image : "an image without a signature");
	r = run(&update);
	if (r == -ECANCELED && update_has(&update, UPDATE_FLAW_IGNORES_FAILURE))
		ret->reason = FLASHER_NO_REASON;
	ret->took_us = clock_now_us(os->clock) - update.start_us;
	if (r == 0 || r == -ECANCELED)
		say_end(&update);
	update_close_ecu(&update.ecu);
	free(update.tune);
	return r == -ECANCELED ? 0 : r;
}
