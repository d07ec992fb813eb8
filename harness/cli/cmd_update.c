/* SPDX-License-Identifier: MIT */
/* dfurig update: updates a board as a host's tool does, from the running ECU or from its bootloader. */
#include "harness/cli/cmd_update.h"

#include "harness/cli/cli.h"
#include "harness/cli/json_out.h"
#include "harness/cli/parse_to.h"
#include "harness/flasher/flasher_text.h"
#include "harness/flasher/update.h"
#include "harness/host/host_os_linux.h"
#include "harness/host/serial_host_tty.h"
#include "harness/host/usb_host_libusb.h"
#include "harness/transport/mock/protocol.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FLASH_START 0x08000000u /* where raw images belong */

enum update_option {
	OPTION_IMAGE = 'i',
	OPTION_PROFILE = 'f',
	OPTION_PORT = 'p',
	OPTION_SERIAL = 's',
	OPTION_JSON = 'j',
	OPTION_FORCE = 0x200,
	OPTION_FLAW,
};

struct update_args {
	struct update_options update;
	bool has_flow;
	bool json;
};

/* ---- command line ---- */

static error_t set_profile(struct argp_state *state, const char *name)
{
	struct update_args *args = state->input;
	char known[128] = "";
	size_t used = 0;

	args->update.profile = update_profile_find(name);
	if (args->update.profile)
		return 0;
	for (size_t i = 0; update_profiles[i] && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
			used ? ", " : "", update_profiles[i]->name);
	argp_error(state, "--profile: \"%s\" is not one of %s", name, known);
	return EINVAL;
}

static error_t set_flow(struct argp_state *state, const char *text)
{
	struct update_args *args = state->input;
	int flow = names_value(&flasher_flow_names, text);

	if (args->has_flow || flow < 0) {
		argp_error(state, "\"%s\": say auto or manual", text);
		return EINVAL;
	}
	args->has_flow = true;
	args->update.flow = (enum flasher_flow)flow;
	return 0;
}

static error_t add_flaw(struct argp_state *state, const char *name)
{
	struct update_args *args = state->input;
	int flaw = names_value(&update_flaw_names, name);
	char list[400];

	if (flaw < 0) {
		argp_error(state, "--flaw: \"%s\" is not one of %s", name,
			names_list(&update_flaw_names, list, sizeof(list)));
		return EINVAL;
	}
	args->update.flaws |= UINT32_C(1) << flaw;
	return 0;
}

static error_t check_args(struct argp_state *state)
{
	const struct update_args *args = state->input;

	if (args->has_flow && args->update.image_path)
		return 0;
	argp_error(state, args->has_flow ? "which --image?" : "auto or manual?");
	return EINVAL;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct update_args *args = state->input;

	switch (key) {
	case OPTION_IMAGE:
		args->update.image_path = text;
		return 0;
	case OPTION_PROFILE:
		return set_profile(state, text);
	case OPTION_FLAW:
		return add_flaw(state, text);
	case OPTION_PORT:
		args->update.port = text;
		return 0;
	case OPTION_SERIAL:
		args->update.serial = text;
		return 0;
	case OPTION_JSON:
		args->json = true;
		return 0;
	case OPTION_FORCE:
		args->update.force = true;
		return 0;
	case ARGP_KEY_ARG:
		return set_flow(state, text);
	case ARGP_KEY_END:
		return check_args(state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"image", OPTION_IMAGE, "FILE", 0, "What to flash; raw bytes belong to 0x08000000", 0},
	{"profile", OPTION_PROFILE, "NAME", 0,
		"How it is done: builtin (default), or as rusEFI's console does it: linux-2026, "
		"windows-2026, windows-2025, windows-2022, windows-2021",
		0},
	{"port", OPTION_PORT, "NAME", 0, "The ECU's serial port; without it the one that answers",
		0},
	{"serial", OPTION_SERIAL, "TEXT", 0,
		"Only the bootloader with this serial number (manual, builtin)", 0},
	{"force", OPTION_FORCE, NULL, 0,
		"Flash what is for another board, or no firmware; and without a copy of a tune "
		"that "
		"cannot be read",
		0},
	{"flaw", OPTION_FLAW, "NAME", 0,
		"Do it wrong on purpose, to see a scenario fail: done-at-once, no-restore, ... "
		"(builtin, simulated boards only; may be given several times)",
		0},
	{"json", OPTION_JSON, NULL, 0, "Print the result as JSON, and nothing else", 0},
	{0},
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "auto|manual",
	.doc = "Update a board as a host's tool does. auto: the ECU runs; its tune is kept, it is "
	       "asked into its bootloader, flashed, waited for, and gets its tune back. manual: "
	       "the board is in its bootloader (PROGRAM held at power-up).\v"
	       "Example:\n  dfurig update auto --image rusefi.bin\n\n"
	       "The last line of a failure is \"dfurig: REASON: sentence\".\n"
	       "Exit codes: 0 updated, 1 not updated, 2 usage, 3 the image is missing or damaged, "
	       "125 the rig itself failed.",
};

/* ---- result ---- */

static const char *tune_text(enum update_tune tune)
{
	switch (tune) {
	case UPDATE_TUNE_UNKNOWN:
		return "unknown";
	case UPDATE_TUNE_SAME:
		return "kept";
	case UPDATE_TUNE_RESTORED:
		return "restored";
	case UPDATE_TUNE_LOST:
		return "lost";
	}
	return "?";
}

static json_t *text_or_null(const char *text)
{
	return json_out_text(text[0] ? text : NULL);
}

static int append_json(
	struct buf *out, const struct update_args *args, const struct update_result *result)
{
	bool done = result->reason == FLASHER_NO_REASON;
	json_t *root = json_pack(
		"{s:b, s:s, s:o, s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:s, s:I, s:f}", "ok",
		(int)done, "reason", names_text(&flasher_reason_names, result->reason), "why",
		json_out_text(done ? NULL : why_text(&result->why)), "flow",
		names_text(&flasher_flow_names, args->update.flow), "profile",
		args->update.profile->name, "flashed", (int)result->flashed, "port",
		text_or_null(result->port), "ecu_serial", text_or_null(result->ecu_serial),
		"signature_before", text_or_null(result->before), "signature_after",
		text_or_null(result->after), "signature_image", text_or_null(result->image), "tune",
		tune_text(result->tune), "tune_bytes", (json_int_t)result->tune_size, "seconds",
		(double)result->took_us / 1e6);
	char *text = root ? json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
	int r = text ? buf_printf(out, "%s\n", text) : -ENOMEM;

	free(text);
	json_decref(root);
	return r;
}

/* ---- run ---- */

/* Which end of it went wrong is said in out. */
static int load_image(
	struct update_args *args, char path[static PATH_MAX], struct image *ret, struct buf *out)
{
	struct why why = {0};
	int r = image_read(args->update.image_path, IMAGE_AUTO, ret, &why);

	if (r == 0 && !ret->addressed)
		r = image_set_address(ret, FLASH_START, &why);
	if (r < 0) {
		(void)!buf_printf(out, "dfurig: %s\n", why_text(&why));
		return r == -ENOMEM ? CLI_RIG : CLI_INPUT;
	}
	if (realpath(args->update.image_path, path))
		args->update.image_path = path;
	args->update.image = ret;
	return CLI_OK;
}

/* With --json, out gets the result alone. */
static int update(struct host_os *os, struct update_args *args, struct buf *out)
{
	CLEANUP(buf_done) struct buf unseen;
	struct update_result result;
	int r;

	buf_init(&unseen, HOST_OUTPUT_MAX);
	r = update_run(os, &args->update, args->json ? &unseen : out, &result);
	if (r == 0 && args->json)
		r = append_json(out, args, &result);
	if (r < 0) {
		(void)!buf_printf(out, "dfurig: %s\n", strerror(-r));
		return CLI_RIG;
	}
	return result.reason == FLASHER_NO_REASON ? CLI_OK : CLI_FAIL;
}

/* ---- in-process ---- */

/* The image of the last run: the next one is often of the same file. */
struct kept_image {
	char path[PATH_MAX];
	struct stat file;
	struct image image;
};

static void free_kept(void *kept)
{
	struct kept_image *self = kept;

	if (self)
		image_done(&self->image);
	free(self);
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static struct kept_image *find_kept(const struct host_os *os, const struct stat *file)
{
	struct kept_image *kept = os->free_kept == free_kept ? os->kept : NULL;

	return kept && is_same_file(&kept->file, file) ? kept : NULL;
}

/* Takes the image. */
static void keep(struct host_os *os, const char *path, const struct stat *file, struct image *image)
{
	struct kept_image *kept = calloc(1, sizeof(*kept));

	if (!kept)
		return;
	snprintf(kept->path, sizeof(kept->path), "%s", path);
	kept->file = *file;
	kept->image = *image;
	*image = (struct image){0};
	if (os->free_kept)
		os->free_kept(os->kept);
	os->kept = kept;
	os->free_kept = free_kept;
}

static int load_or_find(struct host_os *os, struct update_args *args, char path[static PATH_MAX],
	struct image *ret, struct buf *out)
{
	struct stat file = {0};
	bool known = stat(args->update.image_path, &file) == 0;
	struct kept_image *kept = known ? find_kept(os, &file) : NULL;
	int code;

	if (!kept) {
		code = load_image(args, path, ret, out);
		if (code != CLI_OK || !known)
			return code;
		keep(os, args->update.image_path, &file, ret);
		kept = find_kept(os, &file);
	}
	if (kept) {
		args->update.image_path = kept->path;
		args->update.image = &kept->image;
	}
	return CLI_OK;
}

int cmd_update_program(struct host_os *os, char *const argv[], struct buf *out)
{
	CLEANUP(image_done) struct image image = {0};
	struct update_args args = {.update.profile = update_profiles[0]};
	char path[PATH_MAX];
	int code = cli_parse_to(&argp, "dfurig update", argv + 1, &args, out);

	if (code != PARSE_TO_GO_ON)
		return code;
	code = load_or_find(os, &args, path, &image, out);
	return code == CLI_OK ? update(os, &args, out) : code;
}

static void print_line(void *user UNUSED, const char *line)
{
	puts(line);
	fflush(stdout);
}

/* What was not said line by line. */
static void print_rest(const struct buf *out)
{
	if (out->size)
		fwrite(out->data, 1, out->size, stdout);
}

static int run_here(struct update_args *args, struct usb_host *usb)
{
	struct serial_host *serial = serial_host_tty_new("");
	struct host_os *os = host_os_linux_new(usb, serial);
	CLEANUP(buf_done) struct buf out;
	int code = CLI_RIG;

	buf_init(&out, HOST_OUTPUT_MAX);
	if (!args->json)
		args->update.said = print_line;
	if (os && serial)
		code = update(os, args, &out);
	else
		cli_errorf(CLI_RIG, "out of memory");
	if (args->json)
		print_rest(&out);
	host_os_linux_free(os);
	serial_host_tty_free(serial);
	return code;
}

static int run(int argc, char **argv)
{
	CLEANUP(image_done) struct image image = {0};
	CLEANUP(buf_done) struct buf out;
	struct update_args args = {.update.profile = update_profiles[0]};
	struct why why = {0};
	struct usb_host *usb;
	char path[PATH_MAX];
	int code = cli_parse(&argp, argc, argv, &args, CLI_USAGE);

	buf_init(&out, HOST_OUTPUT_MAX);
	if (code == CLI_OK)
		code = load_image(&args, path, &image, &out);
	if (code != CLI_OK) {
		fwrite(out.data, 1, out.size, stderr);
		return code;
	}
	if (args.update.flaws && !getenv(MOCK_ENV))
		return cli_errorf(CLI_USAGE, "--flaw spoils boards: only simulated ones, below "
					     "`dfurig run` or `dfurig exec`");
	usb = usb_host_libusb_new(&why);
	if (!usb)
		return cli_error(CLI_RIG, &why);
	code = run_here(&args, usb);
	usb_host_libusb_free(usb);
	return code;
}

const struct cli_command cli_command_update = {
	.name = "update",
	.summary = "update a board as a host's tool does, from the running ECU",
	.run = run,
};
