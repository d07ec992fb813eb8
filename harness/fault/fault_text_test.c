/* SPDX-License-Identifier: MIT */
#include "harness/fault/fault_text.h"

#include <criterion/criterion.h>
#include <errno.h>

static const struct {
	const char *text, *again; /* NULL: the same */
} good[] = {
	{"request DNLOAD block=5 nth=2: stall", NULL},
	{"erase addr=0x08020000 after=50%: cut-power", NULL},
	{"answer GETSTATUS nth=3: corrupt 4", NULL},
	{"answer GETSTATUS erase times=2: stall", NULL},
	{"time after=2s: unplug", NULL},
	{"time after=0s: unplug", NULL},
	{"dfu-execute write block=7: dfu-error errVENDOR", NULL},
	{"request GETSTATUS leave: say dfuIDLE", NULL},
	{"ecu-reply E reboot_dfu times=0: no-show", NULL},
	{"ecu-reply R: code 0x83", NULL},
	{"erase,program after=25%+3ms: reset 100ms", NULL},
	{"any: kill", NULL},
	{"program: slow 300%", NULL},
	{"  request  write   block = 5:stall ", ""},
	{"request DNLOAD write block=5:stall", "request write block=5: stall"},
	{"erase, program addr=0x08000000 after=50 %: cut-power 0.5 s",
		"erase,program addr=0x08000000 after=50%: cut-power 500ms"},
	{"answer out: nak 1500 us", "answer out: nak 1500us"},
	{"request write nth=1 times=1: corrupt", "request write: corrupt 0"},
	{"board-reset after=2 ms: brown-out", "board-reset after=2ms: brown-out"},
};

Test(fault_text, a_rule_is_read_and_told_as_people_write_it)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		const char *again = good[i].again ? good[i].again : good[i].text;
		struct fault_rule rule, same;
		struct why why = {""};
		char text[FAULT_TEXT_MAX];

		if (!again[0]) {
			cr_expect_eq(fault_rule_parse(good[i].text, &rule, &why), -EBADMSG);
			continue;
		}
		cr_assert_eq(fault_rule_parse(good[i].text, &rule, &why), 0, "%s: %s", good[i].text,
			why.text);
		cr_expect_str_eq(fault_rule_text(&rule, text, sizeof(text)), again);
		cr_assert_eq(fault_rule_parse(text, &same, &why), 0, "%s: %s", text, why.text);
		cr_expect_str_eq(fault_rule_text(&same, text, sizeof(text)), again);
	}
}

static const struct {
	const char *text, *says;
} wrong[] = {
	{"", "\"\" is not \"where: what\""},
	{"request", "is not \"where: what\""},
	{": stall", "it must be the name of a point"},
	{"request:", "\"\" is not one of nothing, delay"},
	{"moon: stall", "\"moon\" is not one of board-reset, "},
	{"request: explode", "\"explode\" is not one of nothing, delay"},
	{"board-reset: stall",
		"\"stall\" is not possible at board-reset; possible are delay, lose-ram, no-show, "
		"cut-power, brown-out, reset, unplug, kill"},
	{"request,erase: stall", "\"stall\" is not possible at request,erase; possible are "
				 "cut-power, "},
	{"request DNLODE: stall", "\"DNLODE\" is not one of DETACH, DNLOAD"},
	{"request GETSTATUS moon: stall", "is not one of DETACH"},
	{"request UPLOAD: corrupt", "corrupt at request is for one of DNLOAD, "},
	{"answer write: corrupt", "corrupt at answer is for one of UPLOAD, GETSTATUS"},
	{"answer: short 3", "short at answer is for one of UPLOAD"},
	{"request write: say dfuIDLE", "say at request is for one of GETSTATUS"},
	{"erase sector: slow 300%", "nothing matches at erase"},
	{"dfu-state dfuBUSY: reset", "\"dfuBUSY\" is not one of a state"},
	{"request block=70000: stall", "block: \"70000\" is not a number up to 65535"},
	{"board-reset block=5: lose-ram", "block: there is none at board-reset"},
	{"dfu-connect addr=0x10: no-show", "addr: there is none at dfu-connect"},
	{"request addr=here: stall", "addr: \"here\" is not an address such as 0x08020000"},
	{"request nth=0: stall", "nth: \"0\" is not a number from 1"},
	{"request times=-1: stall", "times: \"-1\" is not a number"},
	{"request times=1 times=2: stall", "times: said twice"},
	{"request colour=2: stall", "\"colour\" is not one of block, addr, nth, times, after"},
	{"request at=erase: stall", "\"at\" is not one of block, "},
	{"request after=1s: stall", "after: \"stall\" happens at once"},
	{"request after=50%: kill", "after: nothing at request takes a time"},
	{"erase after=150%: kill", "after: \"150%\" is not a time such as 20 ms"},
	{"erase after=1ms+50%: kill", "after: \"1ms+50%\" is not a time"},
	{"time: kill", "after: a time such as 2 s is needed"},
	{"time,erase after=1s: kill", "time comes alone"},
	{"time after=1s nth=2: kill", "nth: a time comes once"},
	{"dfu-connect: delay", "a delay needs a time such as 2.9 s"},
	{"dfu-connect: delay 5", "\"5\" is not a time such as 2.9 s"},
	{"dfu-execute: dfu-error 3", "\"3\" is not a DFU status such as errVENDOR"},
	{"ecu-reply: code 0x183", "\"0x183\" is not a response code such as 0x83"},
	{"request: stall 3", "\"3\": a stall has no value"},
	{"erase: slow 300", "\"300\" is not per cent such as 300 %"},
};

Test(fault_text, what_makes_no_sense_is_refused_with_what_would)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct fault_rule rule = {.value = 77};
		struct why why = {""};

		cr_expect_eq(fault_rule_parse(wrong[i].text, &rule, &why), -EBADMSG, "%s",
			wrong[i].text);
		cr_expect(strstr(why.text, wrong[i].says), "%s: %s", wrong[i].text, why.text);
		cr_expect_eq(rule.value, 77, "%s", wrong[i].text);
	}
}

Test(fault_text, words_of_a_file_name_the_one_that_is_wrong)
{
	struct fault_words words = {{
		[FAULT_WORD_AT] = "request",
		[FAULT_WORD_DO] = "nak",
		[FAULT_WORD_VALUE] = "soon",
	}};
	enum fault_word bad = FAULT_WORD_COUNT;
	struct fault_rule rule;
	struct why why = {""};

	cr_assert_eq(fault_rule_of_words(&words, &rule, &bad, &why), -EBADMSG);
	cr_expect_eq(bad, FAULT_WORD_VALUE);
	words.text[FAULT_WORD_VALUE] = NULL;
	cr_assert_eq(fault_rule_of_words(&words, &rule, &bad, &why), 0, "%s", why.text);
	cr_expect_eq(rule.points, 1u << FAULT_REQUEST);
	cr_expect_eq(rule.nth, 1);
	cr_expect_eq(rule.times, 1);
}

Test(fault_text, what_has_fired_says_where_it_was)
{
	struct fault_occasion occasion = {
		.point = FAULT_REQUEST,
		.match = "DNLOAD",
		.also = "write",
		.has_block = true,
		.block = 5,
		.addr = 0x08001800,
		.size = 2048,
	};
	struct fault_rule rule;
	struct why why;
	char text[FAULT_TEXT_MAX];

	cr_assert_eq(fault_rule_parse("request nth=9: stall", &rule, &why), 0);
	cr_expect_str_eq(fault_fired_text(&rule, &occasion, text, sizeof(text)),
		"request DNLOAD write block=5 addr=0x08001800: stall");
	cr_expect_str_eq(fault_fired_text(&rule, &occasion, text, 12), "request DNL");
}
