/* SPDX-License-Identifier: MIT */
/* The twin of dfu-util against the real one through the mock: the same command lines on the same boards. */
#include "harness/cli/exec_files_test.h"
#include "harness/host/host_os_direct.h"
#include "harness/host/twin.h"
#include "harness/testing/usb_rig.h"
#include "simulators/stm32/board.h"

#include <unistd.h>

#define BOARDS_MAX 2
#define WORDS_MAX  12

/* "{image}": the image; "{file}": a file that is not there; "{serial}": of the second board. */
static const struct twin_case {
	const char *name;
	size_t boards;
	const char *argv[WORDS_MAX];
	const char *says; /* in both outputs; NULL = nothing in particular */
} cases[] = {
	{"console", 1,
		{"--device", "0483:df11", "--alt", "0", "--dfuse-address", "0x08000000:leave",
			"--download", "{image}"},
		"File downloaded successfully\nSubmitting leave request...\n"
		"Transitioning to dfuMANIFEST state\n"},
	{"write", 1, {"-a", "0", "-s", "0x08010000", "-D", "{image}"}, "Download done.\n"},
	{"odd address", 1, {"-a0", "-s0x08000001", "-D", "{image}"}, "Erase    done.\n"},
	{"mass erase", 1, {"-a", "0", "-s", "0x08000000:mass-erase:force", "-D", "{image}"},
		"Performing mass erase, this can take a moment\n"},
	{"mass erase alone", 1, {"-a", "0", "-s", "0x08000000:mass-erase:force"},
		"DfuSe command mode\n"},
	{"mass erase without force", 1, {"-a", "0", "-s", "0x08000000:mass-erase", "-D", "{image}"},
		"dfu-util: The mass erase command can only be used with force\n"},
	{"unprotect", 1, {"-a", "0", "-s", "0x08000000:unprotect:force", "-D", "{image}"},
		"Device disconnects, erases flash and resets now\n"},
	{"unprotect without force", 1, {"-a", "0", "-s", ":unprotect", "-D", "{image}"},
		"can only be used with force"},
	{"out of range", 1, {"-a", "0", "-s", "0x08200000", "-D", "{image}"},
		"dfu-util: Last page at 0x08201387 is not writeable\n"},
	{"no address", 1, {"-a", "0", "-D", "{image}"},
		"dfu-util: Only DfuSe file version 1.1a is supported\n"},
	{"bad address", 1, {"-a", "0", "-s", "abc", "-D", "{image}"},
		"dfu-util: Invalid dfuse address: abc\n"},
	{"bad modifier", 1, {"-a", "0", "-s", "0x08000000:foo", "-D", "{image}"},
		"dfu-util: Invalid dfuse modifier: foo\n"},
	{"no device", 0, {"-a", "0", "-s", "0x08000000", "-D", "{image}"},
		"dfu-util: No DFU capable USB device available\n"},
	{"no alternate", 1, {"-a", "7", "-s", "0x08000000", "-D", "{image}"},
		"dfu-util: No DFU capable USB device available\n"},
	{"another product, which does not matter", 1,
		{"-d", "1234:5678", "-a", "0", "-s", "0x08000000", "-D", "{image}"},
		"File downloaded successfully\n"},
	{"another product in DFU mode", 1,
		{"-d", "0483:df11,1234:5678", "-a", "0", "-s", "0x08000000", "-D", "{image}"},
		"dfu-util: No DFU capable USB device available\n"},
	{"this product in DFU mode", 1,
		{"-d", ",0483:df11", "-a", "0", "-s", "0x08000000", "-D", "{image}"},
		"File downloaded successfully\n"},
	{"another serial number", 1, {"-S", "NOPE", "-a", "0", "-s", "0x08000000", "-D", "{image}"},
		"dfu-util: No DFU capable USB device available\n"},
	{"alternate by name", 1,
		{"-a", "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg", "-s",
			"0x08000000", "-D", "{image}"},
		"File downloaded successfully\n"},
	{"any alternate", 1, {"-s", "0x08000000", "-D", "{image}"},
		"dfu-util: More than one DFU capable USB device found!"},
	{"two boards", 2, {"-a", "0", "-s", "0x08000000", "-D", "{image}"},
		"dfu-util: More than one DFU capable USB device found! Try `--list' and specify "
		"the serial number or disconnect all but one device\n"},
	{"the second of two", 2,
		{"--serial", "315A28A1B956", "-a", "0", "-s", "0x08000000", "-D", "{image}"},
		"File downloaded successfully\n"},
	{"missing file", 1, {"-a", "0", "-s", "0x08000000", "-D", "{file}"},
		"dfu-util: Could not open file "},
	{"upload", 1, {"-a", "0", "-s", "0x08000000:100", "-U", "{file}"}, "Upload done.\n"},
	{"upload onto a file", 1, {"-a", "0", "-s", "0x08000000:100", "-U", "{image}"},
		"dfu-util: Cannot open file "},
	{"detach", 1, {"-R", "-a", "0", "-s", "0x08000000", "-D", "{image}"},
		"Resetting USB to switch back to Run-Time mode\n"},
	{"version", 0, {"--version"}, "dfu-util 0.11\n"},
	{"list", 2, {"-l"},
		"path=\"1-2\", alt=0, name=\"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,"
		"07*128Kg\", serial=\""},
	{"nothing to do", 1, {"-a", "0"}, "You need to specify one of -D or -U\n"},
	{"unknown option", 1, {"--foo"}, "dfu-util: unrecognized option '--foo'\n"},
	{"reset alone", 1, {"-a", "0", "-R"}, "You need to specify one of -D or -U\n"},
};

/* What became of a case. */
struct outcome {
	int code;
	char *text;     /* owned; stdout, then stderr */
	uint8_t *flash; /* owned; of the last board, FLASH_SIZE bytes; NULL without a board */
};

static void outcome_done(struct outcome *outcome)
{
	free(outcome->text);
	free(outcome->flash);
}

static const char *word(const struct exec_files *files, const char *text)
{
	if (strcmp(text, "{image}") == 0)
		return files->image;
	return strcmp(text, "{file}") == 0 ? files->extra : text;
}

static struct outcome run_real(const struct exec_files *files, const struct twin_case *c)
{
	const char *argv[WORDS_MAX + 16] = {DFURIG, "exec"};
	struct outcome outcome = {0};
	size_t n = 2;

	for (size_t i = 0; i < c->boards; i++) {
		argv[n++] = "-b";
		argv[n++] = "f407-discovery";
	}
	if (c->boards) {
		argv[n++] = "--dump-flash";
		argv[n++] = files->dump;
	} else {
		argv[n++] = "--start=off";
	}
	argv[n++] = "--";
	argv[n++] = "dfu-util";
	for (size_t i = 0; c->argv[i]; i++)
		argv[n++] = word(files, c->argv[i]);
	CLEANUP(run_done) struct run run = run_or_fail(argv);

	outcome.code = run.code;
	cr_assert_geq(asprintf(&outcome.text, "%s%s", run.out, run.err), 0);
	if (c->boards) {
		CLEANUP(buf_done) struct buf flash = content_or_fail(files->dump);

		cr_assert_eq(flash.size, FLASH_SIZE);
		outcome.flash = malloc(FLASH_SIZE);
		memcpy(outcome.flash, flash.data, FLASH_SIZE);
	}
	return outcome;
}

/* The UID of fixtures/boards/f407-discovery.yaml, the n-th board's. */
static struct board *board_or_fail(struct usb_rig *usb, uint8_t n)
{
	struct stm32_board_config config = {
		.name = "board",
		.chip = "stm32f407xg",
		.pace = ROM_PACE_FAST,
		.uid = {0x57, 0x00, 0x27, 0x00, 0x03, 0x35, 0x56, 0xb9, 0x3f, 0x28, 0x33, 0x31},
	};
	struct board *board = NULL;
	struct why why = {0};

	config.uid[0] = (uint8_t)(config.uid[0] + n - 1);
	cr_assert_eq(stm32_board_new(&config, usb->bus, vusb_bus_port(usb->bus, n), &board, &why),
		0, "%s", why.text);
	cr_assert_eq(board->ops->set_pin(board, BOARD_BOOT0, true, NULL), 0);
	cr_assert_eq(board->ops->set_pin(board, BOARD_POWER, true, NULL), 0);
	return board;
}

static struct outcome run_twin(const struct exec_files *files, const struct twin_case *c)
{
	char *argv[WORDS_MAX + 2] = {"dfu-util"};
	struct host_program_result result = {0};
	struct board *boards[BOARDS_MAX] = {NULL};
	struct outcome outcome = {0};
	CLEANUP(usb_rig_done) struct usb_rig usb;
	struct host_os *os;

	usb_rig_init_or_fail(&usb);
	os = host_os_direct_new(usb.host, NULL, host_twins);
	for (size_t i = 0; i < c->boards; i++)
		boards[i] = board_or_fail(&usb, (uint8_t)(i + 1));
	clock_sleep_until_us(os->clock, 1000000);
	for (size_t i = 0; c->argv[i]; i++)
		argv[i + 1] = (char *)word(files, c->argv[i]);
	cr_assert_eq(os->ops->run(os, argv, 0, &result, NULL), 0);
	outcome.code = result.exit_code;
	outcome.text =
		strndup(result.output.data ? (char *)result.output.data : "", result.output.size);
	if (c->boards)
		outcome.flash = malloc(FLASH_SIZE);
	for (size_t i = 0; i < c->boards; i++) {
		cr_assert_eq(boards[i]->ops->read_flash(
				     boards[i], 0x08000000, outcome.flash, FLASH_SIZE),
			0);
		boards[i]->ops->free(boards[i]);
	}
	buf_done(&result.output);
	host_os_direct_free(os);
	return outcome;
}

/* The real one has the root hub besides. */
Test(twin, lsusb_and_its_twin_list_the_same_boards)
{
	need_tool("lsusb");
	CLEANUP(run_done)
	struct run real = RUN_OR_FAIL(
		DFURIG, "exec", "-b", "f407-discovery", "-b", "f407-discovery", "--", "lsusb");
	CLEANUP(usb_rig_done) struct usb_rig usb;
	struct host_program_result result = {0};
	struct board *boards[BOARDS_MAX];
	struct host_os *os;
	size_t lines = 0;
	char *save = NULL;

	usb_rig_init_or_fail(&usb);
	os = host_os_direct_new(usb.host, NULL, host_twins);
	for (size_t i = 0; i < BOARDS_MAX; i++)
		boards[i] = board_or_fail(&usb, (uint8_t)(i + 1));
	clock_sleep_until_us(os->clock, 1000000);
	cr_assert_eq(os->ops->run(os, (char *const[]){"lsusb", NULL}, 0, &result, NULL), 0);
	cr_assert_eq(buf_append(&result.output, "", 1), 0);
	for (char *line = strtok_r((char *)result.output.data, "\n", &save); line;
		line = strtok_r(NULL, "\n", &save), lines++)
		expect_text(real.out, line);
	cr_expect_eq(lines, BOARDS_MAX);
	for (size_t i = 0; i < BOARDS_MAX; i++)
		boards[i]->ops->free(boards[i]);
	buf_done(&result.output);
	host_os_direct_free(os);
}

Test(twin, dfu_util_and_its_twin_do_the_same)
{
	need_tool("dfu-util");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct twin_case *c = &cases[i];
		CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(5000);
		CLEANUP(outcome_done) struct outcome real = run_real(&files, c);

		unlink(files.extra);
		CLEANUP(outcome_done) struct outcome twin = run_twin(&files, c);

		cr_expect_eq(real.code, twin.code, "%s: dfu-util %d, its twin %d: %s%s", c->name,
			real.code, twin.code, real.text, twin.text);
		if (c->says) {
			cr_expect(
				strstr(real.text, c->says), "%s: dfu-util: %s", c->name, real.text);
			cr_expect(strstr(twin.text, c->says), "%s: twin: %s", c->name, twin.text);
		}
		cr_expect(!real.flash || memcmp(real.flash, twin.flash, FLASH_SIZE) == 0,
			"%s: the flash differs", c->name);
	}
}
