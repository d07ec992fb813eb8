/* SPDX-License-Identifier: MIT */
#include "harness/report/event_text.h"

#include "harness/base/attr.h"

#include <criterion/criterion.h>
#include <string.h>

Test(event_text, each_kind_has_its_sentence)
{
	static const struct {
		struct event event;
		const char *sentence;
	} cases[] = {
		{{.kind = EVENT_PIN, .name = "power", .level = true}, "power on"},
		{{.kind = EVENT_PIN, .name = "boot0", .level = true}, "boot0 held"},
		{{.kind = EVENT_PIN, .name = "nrst"}, "nrst released"},
		{{.kind = EVENT_PIN, .name = "usb"}, "usb unplugged"},
		{{.kind = EVENT_PIN, .name = "led"}, "led low"},
		{{.kind = EVENT_MODE, .name = "ecu"}, "now ecu"},
		{{.kind = EVENT_OUTPUT, .name = "dfu-util", .text = "done"}, "| done"},
		{{.kind = EVENT_FIRMWARE, .text = "rusEFI x"}, "runs rusEFI x"},
		{{.kind = EVENT_ECU_COMMAND, .text = "E reboot_dfu"}, "is asked \"E reboot_dfu\""},
		{{.kind = EVENT_ECU_REPLY, .text = "OK, 4 bytes"}, "answers OK, 4 bytes"},
		{{.kind = EVENT_TUNE, .text = "read from the first copy"},
			"tune read from the first copy"},
		{{.kind = EVENT_FAULT, .text = "ecu-reply R: bad-crc"},
			"planned fault: ecu-reply R: bad-crc"},
		{{.kind = EVENT_SCENARIO, .name = "auto-dfu", .text = "A title"},
			"scenario auto-dfu: A title"},
		{{.kind = EVENT_SCENARIO, .name = "auto-dfu"}, "scenario auto-dfu"},
		{{.kind = EVENT_STEP, .name = "wait", .text = "500 ms pass"}, "step: 500 ms pass"},
		{{.kind = EVENT_STEP, .name = "update"}, "step: update"},
		{{.kind = EVENT_SECTOR,
			 .sector = 3,
			 .addr = 0x0800c000,
			 .size = 16384,
			 .name = "image",
			 .text = "written"},
			"sector 3 (0x0800c000, 16,384 bytes, image) written"},
		{{.kind = EVENT_EXPECTATION,
			 .name = "tune",
			 .expected = "kept",
			 .text = "kept",
			 .level = true},
			"as expected: tune kept"},
		{{.kind = EVENT_EXPECTATION, .name = "tune", .expected = "kept", .text = "lost"},
			"NOT as expected: tune kept, got lost"},
		{{.kind = EVENT_DRIVER}, "Device Manager shows no device of it"},
		{{.kind = EVENT_DRIVER, .name = "STM32  BOOTLOADER", .text = "WinUSB (oem3.inf)"},
			"Device Manager shows \"STM32  BOOTLOADER\", driver WinUSB (oem3.inf)"},
		{{.kind = EVENT_DRIVER, .name = "STM32  BOOTLOADER", .status = 28},
			"Device Manager shows \"STM32  BOOTLOADER\" with a yellow triangle, code "
			"28"},
		{{.kind = EVENT_DRIVER, .name = "STM32  BOOTLOADER", .status = 1},
			"Device Manager shows \"STM32  BOOTLOADER\", whose driver is being "
			"installed"},
		{{.kind = EVENT_DIAGNOSIS,
			 .name = "no-power",
			 .title = "the board has no power",
			 .sure = "sure",
			 .text = "it is dark"},
			"triage: the board has no power (no-power), sure: it is dark"},
		{{.kind = EVENT_VERDICT, .name = "FAIL", .text = "it lied"}, "FAIL, it lied"},
	};
	char sentence[EVENT_SENTENCE_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(event_sentence(&cases[i].event, 1, sentence, sizeof(sentence)),
			cases[i].sentence);
}

Test(event_text, an_event_without_anything_has_a_sentence)
{
	char sentence[EVENT_SENTENCE_SIZE];

	for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++) {
		memset(sentence, 'x', sizeof(sentence));
		event_sentence(&(struct event){.kind = kind}, 1, sentence, sizeof(sentence));
		cr_expect_lt(strlen(sentence), 80);
		event_sentence(&(struct event){.kind = kind}, 1, sentence, 5);
		cr_expect_lt(strlen(sentence), 5);
	}
}

Test(event_text, somebody_is_always_named)
{
	cr_expect_str_eq(event_who(&(struct event){.kind = EVENT_MODE, .board = "b"}), "b");
	cr_expect_str_eq(event_who(&(struct event){.kind = EVENT_OUTPUT}), "command");
	cr_expect_str_eq(event_who(&(struct event){.kind = EVENT_SCENARIO}), "rig");
}
