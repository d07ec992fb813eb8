/* SPDX-License-Identifier: MIT */
/* The command line of `dfurig update`, in-process without a device. What it does, the tests of harness/flasher check. */
#include "harness/cli/cmd_update.h"

#include "harness/cli/cli.h"
#include "harness/cli/host_programs.h"
#include "harness/host/host_os_direct.h"
#include "harness/host/serial_host_direct.h"
#include "harness/testing/run.h"
#include "harness/testing/temp.h"
#include "harness/testing/usb_rig.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct update_cli {
	struct usb_rig usb;
	struct serial_host *serial;
	struct host_os *os;
	struct temp_dir dir;
	char image[300];
	char *text;
};

/* A vector table: the stack's end, and a start in the image itself. */
static const uint8_t firmware[16] = {0x00, 0x00, 0x02, 0x20, 0x09, 0x00, 0x00, 0x08};

static void update_cli_init(struct update_cli *cli)
{
	*cli = (struct update_cli){.dir = temp_dir_or_fail()};
	usb_rig_init_or_fail(&cli->usb);
	cli->serial = serial_host_direct_new(cli->usb.bus, cli->usb.host);
	cli->os = host_os_direct_new(cli->usb.host, cli->serial, host_programs);
	cr_assert(cli->serial && cli->os);
	snprintf(cli->image, sizeof(cli->image), "%s",
		temp_file_or_fail(&cli->dir, "image.bin", firmware, sizeof(firmware)));
}

static void update_cli_done(struct update_cli *cli)
{
	free(cli->text);
	host_os_direct_free(cli->os);
	serial_host_direct_free(cli->serial);
	usb_rig_done(&cli->usb);
	temp_dir_done(&cli->dir);
}

static int run(struct update_cli *cli, char *const argv[])
{
	struct host_program_result result = {0};
	struct why why = {0};

	free(cli->text);
	cr_assert_eq(cli->os->ops->run(cli->os, argv, 0, &result, &why), 0, "%s", why.text);
	cli->text =
		strndup(result.output.data ? (char *)result.output.data : "", result.output.size);
	buf_done(&result.output);
	return result.exit_code;
}

#define RUN(cli, ...) run(cli, (char *const[]){"dfurig", "update", __VA_ARGS__, NULL})

Test(cmd_update, says_in_its_last_line_why_not)
{
	CLEANUP(update_cli_done) struct update_cli cli;

	update_cli_init(&cli);
	cr_expect_eq(RUN(&cli, "auto", "--image", cli.image), CLI_FAIL);
	cr_expect(
		strstr(cli.text, "\ndfurig: no-ecu: there is no port of an ECU\n"), "%s", cli.text);
	cr_expect_eq(RUN(&cli, "manual", "--image", cli.image, "--profile=linux-2026"), CLI_FAIL);
	cr_expect(strstr(cli.text, "\ndfurig: no-dfu: "), "%s", cli.text);
}

Test(cmd_update, gives_json_alone_when_asked)
{
	CLEANUP(update_cli_done) struct update_cli cli;
	json_t *root;

	update_cli_init(&cli);
	cr_expect_eq(RUN(&cli, "manual", "--image", cli.image, "--json"), CLI_FAIL);
	root = json_loads(cli.text, 0, NULL);
	cr_assert(root, "%s", cli.text);
	cr_expect(json_is_false(json_object_get(root, "ok")));
	cr_expect_str_eq(json_string_value(json_object_get(root, "reason")), "no-dfu");
	cr_expect_str_eq(json_string_value(json_object_get(root, "flow")), "manual");
	cr_expect_str_eq(json_string_value(json_object_get(root, "profile")), "builtin");
	json_decref(root);
}

Test(cmd_update, a_wrong_command_line_ends_with_2_and_no_process)
{
	CLEANUP(update_cli_done) struct update_cli cli;

	update_cli_init(&cli);
	cr_expect_eq(RUN(&cli, "auto"), CLI_USAGE);
	cr_expect(strstr(cli.text, "which --image?"), "%s", cli.text);
	cr_expect_eq(RUN(&cli, "--image", cli.image), CLI_USAGE);
	cr_expect(strstr(cli.text, "auto or manual?"), "%s", cli.text);
	cr_expect_eq(RUN(&cli, "sometimes", "--image", cli.image), CLI_USAGE);
	cr_expect_eq(RUN(&cli, "auto", "--image", cli.image, "--profile", "mac"), CLI_USAGE);
	cr_expect(strstr(cli.text, "\"mac\" is not one of builtin, linux-2026, windows-2026, "
				   "windows-2025, windows-2022, windows-2021"),
		"%s", cli.text);
	cr_expect_eq(RUN(&cli, "auto", "--nonsense"), CLI_USAGE);
}

Test(cmd_update, does_it_wrong_on_simulated_boards_only)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *image = temp_file_or_fail(&dir, "image.bin", "12345678", 8);
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG_BUILD "/harness/cli/dfurig", "update", "manual",
		"--image", image, "--flaw", "done-at-once");

	cr_expect_eq(run.code, CLI_USAGE);
	cr_expect(strstr(run.err, "--flaw spoils boards"), "%s", run.err);
}

Test(cmd_update, an_image_that_is_missing_ends_with_3)
{
	CLEANUP(update_cli_done) struct update_cli cli;

	update_cli_init(&cli);
	cr_expect_eq(RUN(&cli, "auto", "--image", "/no/such/file.bin"), CLI_INPUT);
	cr_expect(strstr(cli.text, "/no/such/file.bin"), "%s", cli.text);
}
