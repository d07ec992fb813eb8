/* SPDX-License-Identifier: MIT */
/* The twin of dfu-util against the real one through the mock: the same command lines on the same boards. */
#include "harness/cli/exec_files_test.h"
#include "harness/fault/fault_effects.h"
#include "harness/fault/fault_tap.h"
#include "harness/fault/fault_text.h"
#include "harness/host/host_os_direct.h"
#include "harness/host/twin.h"
#include "harness/testing/usb_rig.h"
#include "simulators/stm32/board.h"

#include <unistd.h>

#define BOARDS_MAX 2
#define WORDS_MAX  12

#define WRITE                                                                                      \
	{                                                                                          \
		"-a", "0", "-s", "0x08000000", "-D", "{image}"                                     \
	}
#define LEAVE                                                                                      \
	{                                                                                          \
		"-a", "0", "-s", "0x08000000:leave", "-D", "{image}"                               \
	}
#define MASS_ERASE                                                                                 \
	{                                                                                          \
		"-a", "0", "-s", "0x08000000:mass-erase:force"                                     \
	}
#define UNPROTECT                                                                                  \
	{                                                                                          \
		"-a", "0", "-s", "0x08000000:unprotect:force"                                      \
	}
#define UPLOAD                                                                                     \
	{                                                                                          \
		"-a", "0", "-s", "0x08000000:5000", "-U", "{file}"                                 \
	}

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

/* What goes wrong on the bus or in the bootloader; stories of several runs are scenarios. */
static const struct twin_fault_case {
	const char *fault; /* as --fault of exec */
	struct twin_case c;
} fault_cases[] = {
	{"request write nth=2: stall",
		{"stalled block", 1, WRITE, "returned -9 (LIBUSB_ERROR_PIPE)\n"}},
	{"request set-address: stall",
		{"stalled command", 1, WRITE,
			"Error during special command \"SET_ADDRESS\" download\n"}},
	{"request erase: stall", {"stalled erase", 1, WRITE,
					 "Error during special command \"ERASE_PAGE\" download\n"}},
	{"request GETSTATUS erase: stall",
		{"first status stalls", 1, WRITE,
			"Error during special command \"ERASE_PAGE\" get_status\n"}},
	{"request GETSTATUS write: stall",
		{"block's status stalls", 1, WRITE, "Error during download get_status\n"}},
	{"answer GETSTATUS write: short 5",
		{"block is cut short", 1, WRITE,
			"Failed to write whole chunk: -1 of 2048 bytes\n"}},
	{"answer GETSTATUS erase: short 5",
		{"command's status is short", 1, WRITE,
			"Wrong state after command \"ERASE_PAGE\" download\n"}},
	{"answer GETSTATUS erase nth=2: short 0", {"command's second status is short", 1, WRITE,
							  "ERASE_PAGE not correctly executed\n"}},
	{"dfu-execute erase: dfu-error errVENDOR",
		{"command is not carried out", 1, WRITE, "ERASE_PAGE not correctly executed\n"}},
	{"dfu-execute set-address: dfu-error errTARGET",
		{"address is not set", 1, WRITE, "SET_ADDRESS not correctly executed\n"}},
	{"request GETSTATUS leave: say dfuERROR",
		{"error at leave", 1, LEAVE, "Submitting leave request...\n"}},
	{"request GETSTATUS leave: say dfuMANIFEST",
		{"manifest twice", 1, LEAVE, "Transitioning to dfuMANIFEST state\n"}},
	{"request GETSTATUS leave times=3: say dfuMANIFEST-SYNC",
		{"still at sync", 1, LEAVE, "Transitioning to dfuMANIFEST state\n"}},
	{"request leave: stall", {"leave refused", 1, LEAVE, "Error during download\n"}},
	{"request GETSTATUS: unplug", {"unplugged at the first request", 1, WRITE,
					      "error get_status: LIBUSB_ERROR_NO_DEVICE\n"}},
	{"request GETSTATUS: stall", {"first status stalls, nothing sent", 1, WRITE,
					     "error get_status: LIBUSB_ERROR_PIPE\n"}},
	{"request CLRSTATUS: stall", {"error cannot be cleared", 1, WRITE, "error clear_status\n"}},
	{"request GETSTATUS nth=2 times=3: say dfuERROR",
		{"error comes back", 1, WRITE, "File downloaded successfully\n"}},
	{"request GETSTATUS: say appIDLE",
		{"run time", 1, WRITE, "Device still in Run-Time Mode!\n"}},
	{"request GETSTATUS: say dfuMANIFEST", {"begins in dfuMANIFEST", 1, WRITE, NULL}},
	{"request ABORT: stall",
		{"abort is refused", 1, WRITE, "Error sending dfu abort request\n"}},
	{"request GETSTATUS nth=17: say dfuDNLOAD-IDLE",
		{"abort does not help", 1, WRITE, "Failed to enter idle state on abort\n"}},
	{"dfu-execute mass-erase: dfu-error errERASE",
		{"mass erase is not carried out", 1, MASS_ERASE,
			"MASS_ERASE not correctly executed\n"}},
	{"request unprotect: stall",
		{"unprotect is refused", 1, UNPROTECT,
			"Error during special command \"READ_UNPROTECT\" download\n"}},
	{"request GETSTATUS unprotect: say dfuDNLOAD-IDLE",
		{"unprotect in another state", 1, UNPROTECT,
			"Wrong state after command \"READ_UNPROTECT\" download\n"}},
	{"request UPLOAD: stall", {"upload is refused", 1, UPLOAD,
					  "dfuse_upload: libusb_control_transfer returned -9"}},
	{"answer UPLOAD nth=2: short 7", {"upload is short", 1, UPLOAD, "Upload done.\n"}},
	{"request UPLOAD nth=2: unplug",
		{"unplugged while it uploads", 1, UPLOAD, "(LIBUSB_ERROR_NO_DEVICE)\n"}},
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

static struct outcome run_real(
	const struct exec_files *files, const struct twin_case *c, const char *fault)
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
	if (fault) {
		argv[n++] = "--fault";
		argv[n++] = fault;
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
static struct board *board_or_fail(struct usb_rig *usb, uint8_t n, struct fault_plan *faults)
{
	struct stm32_board_config config = {
		.name = "board",
		.chip = "stm32f407xg",
		.pace = ROM_PACE_FAST,
		.faults = faults,
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

/* What is wrong with the first board of the twin's rig and its bus, as exec has it. */
struct twin_faults {
	struct fault_plan plan;
	struct fault_tap tap;
	struct fault_effects effects;
};

/* text NULL: none. */
static void twin_faults_plan(struct twin_faults *faults, const char *text)
{
	struct fault_rule rule;
	struct why why = {""};

	if (!text)
		return;
	cr_assert_eq(fault_rule_parse(text, &rule, &why), 0, "%s: %s", text, why.text);
	cr_assert_eq(fault_add(&faults->plan, &rule), 0);
}

static void pull(void *user, enum fault_action action, bool begin)
{
	struct board *board = user;

	cr_assert_eq(action, FAULT_UNPLUG);
	cr_assert_eq(board->ops->set_pin(board, BOARD_USB, !begin, NULL), 0);
}

static void twin_faults_begin(struct twin_faults *faults, struct vusb_bus *bus, struct board *board)
{
	fault_tap_begin(&faults->tap, bus, 1, &faults->plan);
	fault_effects_begin(&faults->effects, bus, &faults->plan);
	faults->effects.act = pull;
	faults->effects.user = board;
}

static void twin_faults_end(struct twin_faults *faults, const struct twin_case *c)
{
	cr_expect_null(fault_never_fired(&faults->plan), "%s: the fault never fired", c->name);
	fault_effects_done(&faults->effects);
	fault_tap_done(&faults->tap);
}

static struct outcome run_twin(
	const struct exec_files *files, const struct twin_case *c, const char *fault)
{
	char *argv[WORDS_MAX + 2] = {"dfu-util"};
	struct host_program_result result = {0};
	struct board *boards[BOARDS_MAX] = {NULL};
	struct outcome outcome = {0};
	struct twin_faults faults = {0};
	CLEANUP(usb_rig_done) struct usb_rig usb;
	struct host_os *os;

	usb_rig_init_or_fail(&usb);
	os = host_os_direct_new(usb.host, NULL, host_twins);
	twin_faults_plan(&faults, fault);
	for (size_t i = 0; i < c->boards; i++)
		boards[i] = board_or_fail(&usb, (uint8_t)(i + 1), i ? NULL : &faults.plan);
	clock_sleep_until_us(os->clock, 1000000);
	twin_faults_begin(&faults, usb.bus, boards[0]);
	for (size_t i = 0; c->argv[i]; i++)
		argv[i + 1] = (char *)word(files, c->argv[i]);
	cr_assert_eq(os->ops->run(os, argv, 0, &result, NULL), 0);
	outcome.code = result.exit_code;
	outcome.text =
		strndup(result.output.data ? (char *)result.output.data : "", result.output.size);
	twin_faults_end(&faults, c);
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
		boards[i] = board_or_fail(&usb, (uint8_t)(i + 1), NULL);
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

static void compare(const struct twin_case *c, const char *fault)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(5000);
	CLEANUP(outcome_done) struct outcome real = run_real(&files, c, fault);

	unlink(files.extra);
	CLEANUP(outcome_done) struct outcome twin = run_twin(&files, c, fault);

	cr_expect_eq(real.code, twin.code, "%s: dfu-util %d, its twin %d: %s%s", c->name, real.code,
		twin.code, real.text, twin.text);
	if (c->says) {
		cr_expect(strstr(real.text, c->says), "%s: dfu-util: %s", c->name, real.text);
		cr_expect(strstr(twin.text, c->says), "%s: twin: %s", c->name, twin.text);
	}
	cr_expect(!real.flash || memcmp(real.flash, twin.flash, FLASH_SIZE) == 0,
		"%s: the flash differs", c->name);
}

Test(twin, dfu_util_and_its_twin_do_the_same)
{
	need_tool("dfu-util");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		compare(&cases[i], NULL);
}

Test(twin, dfu_util_and_its_twin_fail_alike)
{
	need_tool("dfu-util");
	for (size_t i = 0; i < ARRAY_SIZE(fault_cases); i++)
		compare(&fault_cases[i].c, fault_cases[i].fault);
}
