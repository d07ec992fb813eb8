/* SPDX-License-Identifier: MIT */
/* Finding the bootloader, and flashing it. */
#include "harness/flasher/update_state.h"

#include "harness/dfu/stm32_serial.h"
#include "harness/host/dfuse_client.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGV_MAX     32
#define TELL_PERCENT 20 /* how often progress is told */

/* ---- programs ---- */

/* Runs a command of the profile. 0, -ENOENT, -EACCES, or the rig's failure. ret->output is to be freed in all cases. */
static int run(struct update *update, const char *const *command, uint32_t limit_ms,
	struct host_program_result *ret)
{
	char *argv[ARGV_MAX + 1] = {NULL};
	struct why why = {0};
	int r;

	for (size_t i = 0; command[i] && i < ARGV_MAX; i++)
		argv[i] = (char *)(strcmp(command[i], "{image}") == 0 ? update->options->image_path
								      : command[i]);
	r = update->os->ops->run(update->os, argv, limit_ms, ret, &why);
	if (r < 0)
		update_say(update, "%s: %s", command[0],
			r == -ENOENT ? "no such program" : why_text(&why));
	return r;
}

/* In lower case, NUL behind it; owned by the caller. NULL when out of memory. */
static char *lower(const struct buf *text)
{
	char *out = malloc(text->size + 1);

	for (size_t i = 0; out && i < text->size; i++)
		out[i] = (char)tolower(text->data[i]);
	if (out)
		out[text->size] = '\0';
	return out;
}

static bool contains(const struct buf *text, const char *part)
{
	return text->size && memmem(text->data, text->size, part, strlen(part));
}

int update_check_tool(struct update *update)
{
	const char *const *command = update->profile->flash.check;
	struct host_program_result result = {0};
	int r;

	if (update->os->macos && update->profile->not_on_macos)
		return update_fail(update, FLASHER_SYSTEM_UNSUPPORTED,
			"%s does not flash on macOS; the board was left alone",
			update->profile->title);
	if (!command)
		return 0;
	r = run(update, command, update->profile->look.command_ms, &result);
	buf_done(&result.output);
	if (r == -ENOENT || r == -EACCES || (r == 0 && result.exit_code != 0))
		return update_fail(update, FLASHER_TOOL_MISSING,
			"%s is not installed; the ECU was left alone", command[0]);
	return r;
}

/* ---- look ---- */

/* Without blanks around ":", and "=" in place of it, as the console compares. */
static bool says(const struct buf *output, const char *what)
{
	CLEANUP(free_ptr) char *text = malloc(output->size + 1);
	size_t used = 0;

	if (!text)
		return false;
	for (size_t i = 0; i < output->size; i++) {
		char c = (char)output->data[i];

		if (c == ':' || c == '=') {
			while (used && text[used - 1] == ' ')
				used--;
			while (i + 1 < output->size && output->data[i + 1] == ' ')
				i++;
		}
		text[used++] = c;
	}
	text[used] = '\0';
	if (strchr(what, '='))
		for (size_t i = 0; i < used; i++)
			text[i] = text[i] == ':' ? '=' : text[i];
	return strstr(text, what) != NULL;
}

static bool is_h7(const struct update *update)
{
	struct ts_signature parts;

	return ts_signature_read(
		       update->result->before[0] ? update->result->before : update->result->image,
		       &parts) == 0 &&
	       strstr(parts.target, "h7");
}

static void say_own(struct update *update, const char *text)
{
	if (text)
		update_say(update, "%s", text);
}

static int look_by_command(struct update *update)
{
	const struct update_look *look = &update->profile->look;
	const char *const *command =
		look->command_h7 && is_h7(update) ? look->command_h7 : look->command;
	struct host_program_result result = {0};
	bool found;
	int r;

	update_say(update, "look for the bootloader with %s", command[0]);
	r = run(update, command, look->command_ms, &result);
	found = r == 0 && !result.timed_out && says(&result.output, look->says);
	update_quote(update, &result.output);
	buf_done(&result.output);
	if (r < 0 && r != -ENOENT && r != -EACCES)
		return r;
	if (found)
		return 0;
	say_own(update, r < 0 ? look->cannot_run : look->not_found);
	if (r < 0 && look->assumes)
		return 0;
	return update_fail(update, FLASHER_NO_DFU,
		r < 0 ? "the bootloader cannot be looked for: %s cannot be run"
		      : "no bootloader was found by one look (%s)",
		command[0]);
}

/* What a list of USB devices says of the board. */
struct sight {
	size_t bootloaders; /* that may be the board's */
	bool came_back;     /* its ECU is another USB device than before */
	bool is_gone;       /* the ECU's USB device */
};

static bool may_be_ours(const struct update *update, const struct usb_host_entry *entry)
{
	const struct update_result *result = update->result;

	if (entry->vid != DFUSE_VID || entry->pid != DFUSE_PID)
		return false;
	if (update_has(update, UPDATE_FLAW_ANY_DEVICE))
		return true;
	if (update->options->flow == FLASHER_MANUAL)
		return !update->options->serial ||
		       strcmp(update->options->serial, entry->serial) == 0;
	switch (stm32_serial_match(result->ecu_serial, entry->serial)) {
	case STM32_SERIAL_SAME:
		return true;
	case STM32_SERIAL_OTHER:
		return false;
	case STM32_SERIAL_UNKNOWN: /* then by the socket that it is in */
		return !update->ecu.entry.usb_path[0] ||
		       strcmp(update->ecu.entry.usb_path, entry->path) == 0;
	}
	return false;
}

static int look_at_usb(struct update *update, struct sight *ret)
{
	struct usb_host_entry entries[UPDATE_USB_MAX];
	struct usb_host *usb = update->os->usb;
	struct why why = {0};
	size_t count;
	int r = usb->ops->list(usb, entries, UPDATE_USB_MAX, &count, &why);

	if (r < 0)
		return update_fail(update, FLASHER_NO_DFU, "%s", why_text(&why));
	*ret = (struct sight){.is_gone = true};
	for (size_t i = 0; i < count && i < UPDATE_USB_MAX; i++) {
		bool first = ret->bootloaders == 0;
		const struct usb_host_entry *entry = &entries[i];
		bool same_place =
			update->ecu_devnum && strcmp(entry->path, update->ecu.entry.usb_path) == 0;

		if (may_be_ours(update, entry)) {
			ret->bootloaders += first || !update_has(update, UPDATE_FLAW_ANY_DEVICE);
			update->dfu = first ? *entry : update->dfu;
		} else if (same_place && strcmp(entry->serial, update->result->ecu_serial) == 0) {
			ret->came_back |= entry->devnum != update->ecu_devnum;
			ret->is_gone = false;
		}
	}
	return 0;
}

static int no_bootloader(struct update *update, const struct sight *sight)
{
	const struct update_look *look = &update->profile->look;

	if (sight->came_back)
		return update_fail(update, FLASHER_CAME_BACK_AS_ECU,
			"the board was asked into its bootloader and came back as ECU; hold "
			"PROGRAM (BOOT0) while it gets power, and use the manual update");
	if (update->options->flow == FLASHER_MANUAL)
		return update_fail(
			update, FLASHER_NO_DFU, "there is no board in its bootloader (0483:df11)");
	if (!sight->is_gone)
		return update_fail(update, FLASHER_NO_DFU,
			"the ECU did not react to the reboot command within %u s; hold PROGRAM "
			"(BOOT0) while it gets power, and use the manual update",
			look->react_ms / 1000);
	return update_fail(update, FLASHER_NO_DFU,
		"the ECU went away, but no bootloader showed up within %u s",
		look->limit_ms / 1000);
}

static int look_by_usb(struct update *update)
{
	const struct update_look *look = &update->profile->look;
	bool once =
		update->options->flow == FLASHER_MANUAL || update_has(update, UPDATE_FLAW_ONE_LOOK);
	uint32_t limit_ms = once ? 0 : look->limit_ms;
	uint64_t until_us = clock_after_us(update->os->clock, limit_ms * UINT64_C(1000));
	uint64_t react_us = clock_after_us(update->os->clock, look->react_ms * UINT64_C(1000));
	struct sight sight = {0};

	for (;;) {
		int r = look_at_usb(update, &sight);

		if (r < 0)
			return r;
		if (sight.bootloaders > 1)
			return update_fail(update, FLASHER_SEVERAL_DEVICES,
				"%zu boards are in their bootloader; say which with --serial",
				sight.bootloaders);
		if (sight.bootloaders == 1)
			break;
		if (sight.came_back || update_is_over(update, until_us) ||
			(!sight.is_gone && update_is_over(update, react_us)))
			return no_bootloader(update, &sight);
		r = update_wait(update, look->gap_ms);
		if (r < 0)
			return r;
	}
	update_say(update, "bootloader at USB %s, serial %s", update->dfu.path, update->dfu.serial);
	return 0;
}

int update_look_for_dfu(struct update *update)
{
	switch (update->profile->look.by) {
	case UPDATE_LOOK_USB:
		return look_by_usb(update);
	case UPDATE_LOOK_COMMAND:
		return look_by_command(update);
	case UPDATE_LOOK_NOT:
		return 0;
	}
	return 0;
}

/* ---- flash ---- */

/* Why a program did not flash, in its own words. */
static enum flasher_reason flash_reason(const struct update *update, const struct buf *output)
{
	CLEANUP(free_ptr) char *text = lower(output);
	const struct flasher_says *rows = update->profile->flash.says;

	for (size_t i = 0; text && i < UPDATE_SAYS_MAX && rows[i].text[0]; i++)
		if (strstr(text, rows[i].text))
			return rows[i].reason;
	return FLASHER_WRITE_FAILED;
}

static bool holds_any(const char *line, const char *const *words)
{
	for (; *words; words++)
		if (strcasestr(line, *words))
			return true;
	return false;
}

/* The lines of a report that a user is shown. True: the wrong driver is bound, by one of them. */
static bool say_report(struct update *update, char *text)
{
	const struct update_report *report = &update->profile->flash.report;
	bool wrong = false;
	char *save = NULL;

	for (char *line = strtok_r(text, "\r\n", &save); line;
		line = strtok_r(NULL, "\r\n", &save)) {
		if (!holds_any(line, report->keeps))
			continue;
		if (strstr(line, report->driver)) {
			say_own(update, report->banner);
			wrong = true;
		}
		update_say(update, "Devices: %s", line);
	}
	return wrong;
}

/* *reason is changed when the report knows better. 0, or the rig's failure. */
static int report_devices(struct update *update, enum flasher_reason *reason)
{
	const struct update_report *report = &update->profile->flash.report;
	struct host_program_result result = {0};
	CLEANUP(free_ptr) char *text = NULL;
	int r;

	if (!report->command)
		return 0;
	r = run(update, report->command, report->limit_ms, &result);
	if (r == 0)
		text = strndup(
			result.output.size ? (char *)result.output.data : "", result.output.size);
	buf_done(&result.output);
	if (r < 0)
		return r == -ENOENT || r == -EACCES ? 0 : r;
	if (text && say_report(update, text))
		*reason = FLASHER_WRONG_DRIVER;
	return 0;
}

static int judge(struct update *update, const struct host_program_result *result)
{
	enum flasher_reason reason;
	int r;

	const struct update_flash *flash = &update->profile->flash;
	bool good = !result->timed_out &&
		    (flash->success_exit < 0 || result->exit_code == flash->success_exit) &&
		    (!flash->success_says || contains(&result->output, flash->success_says));

	if (good)
		return 0;
	if (result->timed_out)
		return update_fail(update, FLASHER_TIMED_OUT, "%s was ended after %u s",
			flash->command[0], flash->limit_ms / 1000);
	reason = flash_reason(update, &result->output);
	say_own(update, flash->failed);
	r = report_devices(update, &reason);
	if (r < 0)
		return r;
	return update_fail(update, reason, "%s ended with %d and without success",
		flash->command[0], result->exit_code);
}

static int flash_by_command(struct update *update)
{
	const struct update_flash *flash = &update->profile->flash;
	struct host_program_result result = {0};
	int r;

	update_say(update, "flash with %s", flash->command[0]);
	r = run(update, flash->command, flash->limit_ms, &result);
	update_quote(update, &result.output);
	if (r == 0)
		r = judge(update, &result);
	else if (r == -ENOENT || r == -EACCES)
		r = update_fail(
			update, FLASHER_TOOL_MISSING, "%s is not installed", flash->command[0]);
	buf_done(&result.output);
	return r;
}

static void tell_progress(void *user, const struct dfuse_progress *progress)
{
	struct update *update = user;
	unsigned int percent =
		progress->total ? (unsigned int)(progress->done * 100 / progress->total) : 100;

	if (!progress->done)
		update->told_percent = 0;
	if (percent < 100 ? percent < update->told_percent + TELL_PERCENT
			  : percent == update->told_percent)
		return;
	update->told_percent = percent;
	update_say(update, "%s %u %%", dfuse_phase_text(progress->phase), percent);
}

static enum flasher_reason client_reason(int r)
{
	if (r == -EACCES || r == -EPERM)
		return FLASHER_NO_PERMISSION;
	if (r == -EBUSY)
		return FLASHER_WRONG_DRIVER;
	if (r == -EILSEQ)
		return FLASHER_VERIFY_FAILED;
	if (r == -EFAULT || r == -EINVAL || r == -E2BIG)
		return FLASHER_WRONG_IMAGE;
	return r == -ETIMEDOUT ? FLASHER_TIMED_OUT : FLASHER_WRITE_FAILED;
}

static uint32_t left_ms(const struct update *update)
{
	uint64_t now_us = clock_now_us(update->os->clock);

	if (update->deadline_us == CLOCK_NEVER)
		return 0;
	if (now_us >= update->deadline_us)
		return 1;
	return (uint32_t)((update->deadline_us - now_us) / 1000 + 1);
}

static int flash_once(struct update *update, struct why *why)
{
	struct dfuse_options options = {
		.verify = !update_has(update, UPDATE_FLAW_SKIPS_VERIFY) &&
			  !update_has(update, UPDATE_FLAW_LEAVES_UNVERIFIED),
		.leave = !update_has(update, UPDATE_FLAW_NO_LEAVE),
		.mass_erase = update_has(update, UPDATE_FLAW_MASS_ERASE),
		.deadline_ms = left_ms(update),
	};
	CLEANUP(image_done) struct image flawed = {0};
	const struct image *image = update->options->image;
	char bytes[UPDATE_NUMBER_ROOM];
	struct dfuse_result result = {0};
	struct dfuse_client client;
	int r = update->options->flaws ? update_flawed_image(update, &flawed) : 0;

	if (r == 0)
		r = dfuse_client_open(&client, update->os->usb, &update->dfu, why);
	if (r < 0)
		return r;
	client.on_progress = tell_progress;
	client.user = update;
	if (update->options->flaws)
		r = update_flawed_dfu(update, &client, image = &flawed, why);
	if (r == 0)
		r = dfuse_update(&client, image, &options, &result, why);
	else if (r > 0)
		r = 0;
	dfuse_client_close(&client);
	if (r == 0)
		update_say(update, "%s bytes written%s%s",
			update_number(result.programmed_bytes, bytes),
			options.verify ? " and verified" : "",
			result.left ? "; left the bootloader" : "");
	return r;
}

/* An error that the bootloader reports once in a while goes away by trying again (rusEFI forum 1747: errVENDOR, 1 in 30). */
static int flash_by_client(struct update *update)
{
	struct why why = {0};
	int r = flash_once(update, &why);

	if (r == -EREMOTEIO) {
		update_say(update, "%s; once more", why_text(&why));
		r = flash_once(update, &why);
	}
	if (r == -ENOMEM)
		return r;
	if (r == -EACCES || r == -EPERM)
		update_say(update, "hint: a udev rule must let you open 0483:df11 (MODE=\"0666\" "
				   "or TAG+=\"uaccess\")");
	return r < 0 ? update_fail(update, client_reason(r), "%s", why_text(&why)) : 0;
}

int update_flash(struct update *update)
{
	int r = update->profile->flash.command ? flash_by_command(update) : flash_by_client(update);

	update->result->flashed = r == 0;
	return r;
}
