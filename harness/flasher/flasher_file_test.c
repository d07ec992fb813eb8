/* SPDX-License-Identifier: MIT */
#include "harness/flasher/flasher_file.h"

#include "harness/base/file.h"
#include "harness/flasher/flasher_text.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define GOOD                                                                                       \
	"name: tool\ntitle: a tool\ncommand: [tool, \"-D{image}\", \"{flow}\", \"{serial}\"]\n"    \
	"flows: [manual]\nsuccess: {exit: 0}\nlimit: 3 min\nsource: here\n"

static int parse(const char *text, struct flasher *ret, struct why *why)
{
	return flasher_parse("tool.yaml", (const uint8_t *)text, strlen(text), ret, why);
}

/* fixtures/flashers/<name>.yaml */
static struct flasher flasher_or_fail(const char *name)
{
	struct flasher flasher = {0};
	struct why why = {0};
	struct buf buf;
	char path[300];

	snprintf(path, sizeof(path), DFURIG_FIXTURES "/flashers/%s.yaml", name);
	buf_init(&buf, FLASHER_FILE_MAX);
	cr_assert_eq(file_read(path, &buf, &why), 0, "%s", why.text);
	cr_assert_eq(flasher_parse(path, buf.data, buf.size, &flasher, &why), 0, "%s", why.text);
	buf_done(&buf);
	return flasher;
}

Test(flasher_file, every_shipped_one_loads_and_is_called_as_its_file)
{
	DIR *dir = opendir(DFURIG_FIXTURES "/flashers");
	struct dirent *entry;
	size_t count = 0;

	cr_assert(dir);
	while ((entry = readdir(dir))) {
		char name[64] = "";
		struct flasher flasher;

		if (sscanf(entry->d_name, "%48[a-z0-9-].yaml", name) != 1)
			continue;
		flasher = flasher_or_fail(name);
		cr_expect_str_eq(flasher.name, name);
		flasher_done(&flasher);
		count++;
	}
	closedir(dir);
	cr_expect_geq(count, 6);
}

Test(flasher_file, words_are_filled_in)
{
	struct flasher flasher = {0};
	struct flasher_vars vars = {.image = "/tmp/{flow}.bin", .flow = FLASHER_MANUAL};
	struct why why = {0};
	char **argv = NULL;

	cr_assert_eq(parse(GOOD, &flasher, &why), 0, "%s", why.text);
	cr_assert_eq(flasher_expand(&flasher, &vars, &argv), 0);
	cr_expect_str_eq(argv[0], "tool");
	cr_expect_str_eq(argv[1], "-D/tmp/{flow}.bin", "a value is no template");
	cr_expect_str_eq(argv[2], "manual");
	cr_expect_str_eq(argv[3], "");
	cr_expect_null(argv[4]);
	flasher_argv_free(argv);
	cr_expect(flasher.flows[FLASHER_MANUAL] && !flasher.flows[FLASHER_AUTO]);
	cr_expect_eq(flasher.limit_ms, 180000);
	cr_expect_str_eq(flasher.in_process, "");
	flasher_done(&flasher);
}

Test(flasher_file, dfu_util_is_called_as_the_console_calls_it)
{
	static const char *const words[] = {"dfu-util", "--device", "0483:df11", "--alt", "0",
		"--dfuse-address", "0x08000000:leave", "--download", "/x.bin"};
	struct flasher flasher = flasher_or_fail("dfu-util");
	struct flasher_vars vars = {.image = "/x.bin"};
	char **argv = NULL;

	cr_assert_eq(flasher_expand(&flasher, &vars, &argv), 0);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		cr_assert_str_eq(argv[i], words[i]);
	cr_expect_null(argv[ARRAY_SIZE(words)]);
	flasher_argv_free(argv);
	flasher_done(&flasher);
}

static void expect_judged(const char *name, int exit_code, const char *output, bool success,
	enum flasher_reason reason)
{
	struct flasher flasher = flasher_or_fail(name);
	enum flasher_reason got;
	bool good = flasher_judge(&flasher, exit_code, output, strlen(output), &got);

	cr_expect_eq(good, success, "%s: %s", name, output);
	cr_expect_eq(
		got, reason, "%s: %s: %s", name, output, names_text(&flasher_reason_names, got));
	flasher_done(&flasher);
}

Test(flasher_file, a_tool_is_judged_by_its_word)
{
	expect_judged("dfu-util", 0, "", true, FLASHER_NO_REASON);
	expect_judged(
		"dfu-util", 74, "No DFU capable USB device available\n", false, FLASHER_NO_DFU);
	expect_judged("dfu-util", 74,
		"dfu-util: Cannot open DFU device 0483:df11 found on devnum 2 "
		"(LIBUSB_ERROR_ACCESS)\ndfu-util: No DFU capable USB device available\n",
		false, FLASHER_NO_PERMISSION);
	expect_judged("dfu-util", 74,
		"dfu-util: Cannot open DFU device 0483:df11 found on devnum 2 "
		"(LIBUSB_ERROR_NOT_SUPPORTED)\ndfu-util: No DFU capable USB device available\n",
		false, FLASHER_WRONG_DRIVER);
	expect_judged("dfu-util", 74, "something else", false, FLASHER_NO_REASON);
	expect_judged("stm32-programmer-cli", 0, "Error: Target device not found\n", false,
		FLASHER_NO_DFU);
	expect_judged("stm32-programmer-cli", 1, "Download verified successfully\n", true,
		FLASHER_NO_REASON);
	expect_judged("builtin", 0, "  1.000  update: done\n", true, FLASHER_NO_REASON);
	expect_judged("builtin", 0, "", false, FLASHER_NO_REASON);
	expect_judged("builtin", 1, "dfurig: came-back-as-ecu: it came back\n", false,
		FLASHER_CAME_BACK_AS_ECU);
}

/* The schema has its own list: each name of a reason must be in it. */
Test(flasher_file, every_reason_can_be_said)
{
	for (size_t i = 1; i < flasher_reason_names.count; i++) {
		struct flasher flasher = {0};
		struct why why = {0};
		char text[600];

		snprintf(text, sizeof(text), GOOD "says: [{text: x, reason: %s}]\n",
			names_text(&flasher_reason_names, i));
		cr_expect_eq(parse(text, &flasher, &why), 0, "%s", why.text);
		cr_expect_eq(flasher.says[0].reason, i);
		flasher_done(&flasher);
	}
}

Test(flasher_file, a_windows_tool_says_which_driver_it_needs)
{
	struct flasher flasher = {0};
	struct why why = {0};

	cr_assert_eq(parse(GOOD, &flasher, &why), 0, "%s", why.text);
	cr_expect_eq(flasher.system, FLASHER_ON_ANY);
	cr_expect_str_eq(flasher.driver, "");
	flasher_done(&flasher);
	cr_assert_eq(parse(GOOD "system: windows\ndriver: st-bootloader\n", &flasher, &why), 0,
		"%s", why.text);
	cr_expect_eq(flasher.system, FLASHER_ON_WINDOWS);
	cr_expect_str_eq(flasher.driver, "st-bootloader");
	flasher_done(&flasher);
}

static const struct mistake {
	const char *text, *says;
} mistakes[] = {
	{"name: tool\n", "title"},
	{GOOD "nonsense: 1\n", "nonsense"},
	{"name: Tool\ntitle: t\ncommand: [t]\nflows: [auto]\nsuccess: {exit: 0}\nlimit: 1 s\n"
	 "source: s\n",
		"tool.yaml:1: name: \"Tool\" is not"},
	{"name: t\ntitle: t\ncommand: [\"{file}\"]\nflows: [auto]\nsuccess: {exit: 0}\n"
	 "limit: 1 s\nsource: s\n",
		"tool.yaml:3: command: {file}"},
	{"name: t\ntitle: t\ncommand: [t]\nflows: [auto]\nsuccess: {}\nlimit: 1 s\nsource: s\n",
		"success"},
	{"name: t\ntitle: t\ncommand: [t]\nflows: [later]\nsuccess: {exit: 0}\nlimit: 1 s\n"
	 "source: s\n",
		"tool.yaml:4: flows"},
	{"name: t\ntitle: t\ncommand: [t]\nflows: [auto]\nsuccess: {exit: 0}\nlimit: soon\n"
	 "source: s\n",
		"tool.yaml:6: limit: \"soon\" is not a time"},
	{"name: t\ntitle: t\ncommand: [t]\nflows: [auto]\nsuccess: {exit: 0}\nlimit: 1 s\n"
	 "progress: \"[\"\nsource: s\n",
		"tool.yaml:7: progress"},
	{"name: t\ntitle: t\ncommand: [t]\nflows: [auto]\nsuccess: {exit: 0}\nlimit: 1 s\n"
	 "progress: \"([0-9]{1,255}){1,255}%\"\nsource: s\n",
		"at most one {}"},
	{"name: t\ntitle: t\ncommand: [t]\nflows: [auto]\nsuccess: {exit: 0}\nlimit: 1 s\n"
	 "progress: \"([0-9]{1,32767})%\"\nsource: s\n",
		"at most one {}"},
	{GOOD "says: [{text: x, reason: bored}]\n", "is not one of no-ecu"},
	{GOOD "system: dos\n", "system: \"dos\" is not one of linux, windows"},
	{GOOD "driver: \"a/b\"\n", "driver: \"a/b\" is not the name"},
};

Test(flasher_file, mistakes_are_told_with_their_line)
{
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		struct flasher flasher = {0};
		struct why why = {0};

		cr_expect_eq(parse(mistakes[i].text, &flasher, &why), -EBADMSG, "case %zu", i);
		cr_expect(strstr(why.text, mistakes[i].says), "case %zu: %s", i, why.text);
	}
}
