/* SPDX-License-Identifier: MIT */
#include "harness/report/digest.h"

#include "harness/report/story_fixture_test.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct digest digest_or_fail(const struct teller *teller)
{
	struct digest digest;

	cr_assert_eq(digest_make(&teller->story, &digest), 0);
	return digest;
}

static void expect_items(const struct teller *teller, const char *const *lines, size_t count)
{
	struct digest digest = digest_or_fail(teller);

	for (size_t i = 0; i < digest.count && i < count; i++) {
		const struct digest_item *item = &digest.items[i];
		char line[600];

		snprintf(line, sizeof(line), "%s%s%s%s%s", item->text, item->answer[0] ? " | " : "",
			item->answer, item->peer ? " @" : "", item->peer ? item->peer : "");
		cr_expect_str_eq(line, lines[i]);
	}
	cr_expect_eq(digest.count, count, "%zu items", digest.count);
	digest_done(&digest);
}

Test(digest, an_update_is_told_in_a_few_lines)
{
	static const char *const lines[] = {
		"boot0 released, power on",
		"runs rusEFI old",
		"0483:5740 \"rusEFI Engine Management ECU\" serial 0123456789ABCDEF01234567",
		"the tool runs",
		"/usr/bin/tool --auto",
		"S | OK, 52 bytes @ECU",
		"E reboot_dfu | no answer @ECU",
		"resets, the firmware resets itself",
		"0483:5740 gone",
		"0483:df11 \"STM32  BOOTLOADER\" serial 315A28A0B956",
		"erase sectors 0 to 3, 65,536 bytes at 0x08000000 | dfuDNLOAD-SYNC \u00d74, "
		"dfuDNBUSY \u00d74, dfuDNLOAD-IDLE \u00d74 @DFU",
		"write 65,536 bytes in 32 blocks at 0x08000000 | dfuDNLOAD-SYNC \u00d732, "
		"dfuDNBUSY \u00d732, dfuDNLOAD-IDLE \u00d732 @DFU",
		"leave, jump to 0x08000000 @DFU",
		"0483:df11 gone",
		"exit 0",
		"runs rusEFI new",
		"0483:5740 \"rusEFI Engine Management ECU\" serial 0123456789ABCDEF01234567",
	};
	struct teller teller;

	teller_init(&teller);
	teller_good_run(&teller);
	expect_items(&teller, lines, ARRAY_SIZE(lines));
	teller_done(&teller);
}

Test(digest, work_lasts_until_its_last_state)
{
	struct teller teller;
	struct digest digest;

	teller_init(&teller);
	teller_flash(&teller, 0x8000);
	digest = digest_or_fail(&teller);
	cr_assert_eq(digest.count, 2);
	cr_assert_eq(digest.items[0].time_us, 0);
	cr_assert_eq(digest.items[0].end_us, 1000000);
	cr_assert_eq(digest.items[1].time_us, 1000000);
	cr_assert_eq(digest.items[1].end_us, 1000000 + 16 * 8000);
	cr_assert_eq(digest.items[1].requests, 15, "%u", digest.items[1].requests);
	digest_done(&digest);
	teller_done(&teller);
}

static void ask(struct teller *teller, const char *command, const char *reply)
{
	TELL(teller, .kind = EVENT_ECU_COMMAND, .text = command, .size = 13);
	if (reply)
		TELL(teller, .kind = EVENT_ECU_REPLY, .text = reply, .size = 1407);
}

Test(digest, reads_of_the_tune_are_one_item_with_their_answers_counted)
{
	static const char reads[] = "R page 0, offset 0, 1400 bytes ... 4 times | "
				    "OK \u00d73, wrong CRC \u00d71, 5,628 bytes in all @ECU";
	static const char *const lines[] = {
		reads,
		"E one | OK @ECU",
		"E two | OK @ECU",
		"S ... 2 times | no answer \u00d72 @ECU",
		"Z 0xba | no answer @ECU",
	};
	struct teller teller;

	teller_init(&teller);
	ask(&teller, "R page 0, offset 0, 1400 bytes", "OK, 1400 bytes");
	ask(&teller, "R page 0, offset 1400, 1400 bytes", "OK, 1400 bytes");
	ask(&teller, "R page 0, offset 2800, 1400 bytes", "OK, 1400 bytes");
	ask(&teller, "R page 0, offset 4200, 1400 bytes", "wrong CRC");
	ask(&teller, "E one", "OK");
	ask(&teller, "E two", "OK");
	ask(&teller, "S", NULL);
	ask(&teller, "S", NULL);
	ask(&teller, "Z 0xba", NULL);
	expect_items(&teller, lines, ARRAY_SIZE(lines));
	teller_done(&teller);
}

Test(digest, what_the_firmware_writes_while_the_host_talks_to_it_is_one_item)
{
	static const char *const lines[] = {
		"PROGRAM_MAX ... 3 times | OK \u00d73, 4,221 bytes in all @OpenBLT",
		"write 768 bytes in 3 blocks at 0x08008000, by the firmware",
	};
	struct teller teller;

	teller_init(&teller);
	TELL(&teller, .kind = EVENT_MODE, .name = "openblt");
	for (uint32_t i = 0; i < 3; i++) {
		ask(&teller, "PROGRAM_MAX", NULL);
		TELL(&teller, .kind = EVENT_PROGRAM, .addr = 0x08008000 + i * 256, .size = 256,
			.text = "by the firmware");
		TELL(&teller, .kind = EVENT_ECU_REPLY, .text = "OK", .size = 1407);
	}
	expect_items(&teller, lines, ARRAY_SIZE(lines));
	teller_done(&teller);
}

Test(digest, openblt_is_named)
{
	static const char *const lines[] = {"CONNECT | 8 bytes @OpenBLT"};
	struct teller teller;

	teller_init(&teller);
	TELL(&teller, .kind = EVENT_MODE, .name = "openblt");
	ask(&teller, "CONNECT", "8 bytes");
	expect_items(&teller, lines, ARRAY_SIZE(lines));
	teller_done(&teller);
}

Test(digest, errors_of_the_device_are_items_of_their_own)
{
	static const char *const lines[] = {
		"erase sector 3, 16,384 bytes at 0x0800c000 | dfuDNBUSY @DFU",
		"dfuERROR, errVENDOR (2 times)",
		"DFU_GETSTATUS: STALL",
		"3 requests: descriptors, strings, configuration | 1 refused",
		"is dead: no vector table",
		"error: no",
	};
	struct teller teller;

	teller_init(&teller);
	TELL(&teller, .kind = EVENT_ERASE, .addr = 0x0800c000, .size = 0x4000, .sector = 3);
	TELL(&teller, .kind = EVENT_DFU_STATE, .name = "dfuDNBUSY", .text = "OK");
	TELL(&teller, .kind = EVENT_DFU_STATE, .name = "dfuERROR", .text = "errVENDOR");
	TELL(&teller, .kind = EVENT_DFU_STATE, .name = "dfuERROR", .text = "errVENDOR");
	TELL(&teller, .kind = EVENT_REQUEST, .text = "DFU_GETSTATUS: STALL", .status = -32);
	for (int i = 0; i < 3; i++)
		TELL(&teller, .kind = EVENT_REQUEST, .text = "GET_DESCRIPTOR",
			.status = i / 2 * -32);
	TELL(&teller, .kind = EVENT_MODE, .name = "dead", .text = "no vector table");
	TELL(&teller, .kind = EVENT_ERROR, .text = "no");
	expect_items(&teller, lines, ARRAY_SIZE(lines));
	teller_done(&teller);
}

Test(digest, a_story_without_end_is_bounded_and_keeps_its_faults)
{
	struct teller teller;
	struct digest digest;
	char text[16];

	teller_init(&teller);
	for (unsigned int i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "n%u", i);
		TELL(&teller, .kind = EVENT_NOTE, .text = text);
	}
	TELL(&teller, .kind = EVENT_FAULT, .text = "late");
	digest = digest_or_fail(&teller);
	cr_assert_eq(digest.count, DIGEST_ITEM_MAX + 1);
	cr_assert_eq(digest.more, 5000 - DIGEST_ITEM_MAX);
	cr_assert_str_eq(digest.items[DIGEST_ITEM_MAX].text, "late");
	digest_done(&digest);
	teller_done(&teller);
}

Test(digest, an_empty_story_has_no_items)
{
	struct teller teller;

	teller_init(&teller);
	expect_items(&teller, NULL, 0);
	teller_done(&teller);
}

Test(digest, a_command_lines_first_word_names_the_tool)
{
	static const struct {
		const char *command, *name;
	} cases[] = {
		{"/usr/bin/dfu-util -l", "dfu-util"},
		{"lsusb", "lsusb"},
		{"./a/b -f /c/d", "b"},
		{"", ""},
		{"/ x", ""},
		{"averyverylongname", "averyve"},
	};
	char name[8];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(digest_tool_name(cases[i].command, name,
					 i == 0 ? sizeof(char[9]) - 1 : sizeof(name)),
			i == 0 ? "dfu-uti" : cases[i].name, "%s: %s", cases[i].command, name);
}
