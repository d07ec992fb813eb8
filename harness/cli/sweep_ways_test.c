/* SPDX-License-Identifier: MIT */
/* Which cuts are made where: a table of occasions. */
#include "harness/cli/sweep_ways.h"

#include "harness/cli/sweep_again.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define SECTOR .addr = 0x08004000, .size = 0x4000

static const struct {
	struct fault_occasion occasion;
	const char *all;    /* at every transaction, of all kinds */
	const char *blocks; /* at every block */
} rows[] = {
	{{.point = FAULT_REQUEST, .match = "DNLOAD", .also = "write", SECTOR},
		"vdd brown-out nrst usb kill stall nak corrupt",
		"vdd brown-out nrst usb kill stall nak corrupt"},
	{{.point = FAULT_REQUEST, .match = "GETSTATUS", .also = "GETSTATUS write"},
		"vdd brown-out nrst usb kill stall nak", ""},
	{{.point = FAULT_ANSWER, .match = "GETSTATUS"}, "vdd brown-out nrst usb kill short corrupt",
		""},
	{{.point = FAULT_ANSWER, .match = "DNLOAD", .also = "write"}, "", ""},
	{{.point = FAULT_REQUEST, .match = "control"}, "vdd brown-out nrst usb", ""},
	{{.point = FAULT_REQUEST, .match = "in"}, "vdd brown-out nrst usb kill", ""},
	{{.point = FAULT_ERASE, SECTOR, .takes_us = 1000},
		"vdd+10 vdd+50 vdd+90 brown-out+10 brown-out+50 brown-out+90 nrst+10 nrst+50 "
		"nrst+90 usb+50 kill+50",
		"vdd+10 vdd+50 vdd+90 brown-out+10 brown-out+50 brown-out+90 nrst+10 nrst+50 "
		"nrst+90 usb+50 kill+50"},
	{{.point = FAULT_ERASE, SECTOR}, "", ""}, /* at fast pace */
	{{.point = FAULT_PROGRAM, SECTOR, .takes_us = 1000}, "vdd+50 brown-out+50 nrst+50 flip",
		"vdd+50 brown-out+50 nrst+50 flip"},
	{{.point = FAULT_DFU_EXECUTE, .match = "write", SECTOR}, "error", "error"},
	{{.point = FAULT_DFU_STATE, .match = "dfuDNBUSY"}, "", ""},
	{{.point = FAULT_BOARD_RESET, .match = "software"}, "vdd brown-out nrst usb kill lose-ram",
		"vdd brown-out nrst usb kill lose-ram"},
	{{.point = FAULT_DFU_CONNECT}, "vdd brown-out nrst usb kill no-show",
		"vdd brown-out nrst usb kill no-show"},
};

static const char *list(
	enum sweep_at at, const struct fault_occasion *occasion, char *out, size_t size)
{
	struct sweep_way ways[SWEEP_WAY_MAX];
	size_t count = sweep_ways(SWEEP_CUTS_ALL, at, occasion, ways), used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count && used < size; i++) {
		used += (size_t)snprintf(out + used, size - used, "%s%s", i ? " " : "",
			names_text(&sweep_cut_names, ways[i].cut));
		if (ways[i].inside && used < size)
			used += (size_t)snprintf(out + used, size - used, "+%u", ways[i].percent);
		cr_expect_eq(ways[i].rule.points, 1u << occasion->point);
	}
	return out;
}

Test(sweep_ways, are_those_that_make_sense_at_an_occasion)
{
	char got[256];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cr_expect_str_eq(list(SWEEP_AT_TRANSACTIONS, &rows[i].occasion, got, sizeof(got)),
			rows[i].all, "row %zu: %s", i, got);
		cr_expect_str_eq(list(SWEEP_AT_BLOCKS, &rows[i].occasion, got, sizeof(got)),
			rows[i].blocks, "row %zu at blocks: %s", i, got);
	}
}

Test(sweep_ways, keep_to_the_kinds_that_were_asked_for)
{
	struct sweep_way ways[SWEEP_WAY_MAX];

	cr_assert_eq(
		sweep_ways(1u << SWEEP_USB, SWEEP_AT_TRANSACTIONS, &rows[0].occasion, ways), 1);
	cr_expect_eq(ways[0].rule.action, FAULT_UNPLUG);
	cr_expect_eq(sweep_ways(SWEEP_CUTS_ALL, SWEEP_AT_POINTS, &rows[0].occasion, ways), 0);
}

Test(sweep_ways, happen_inside_of_what_takes_time)
{
	const struct fault_occasion erase = {
		.point = FAULT_ERASE, .starts_in_us = 100, .takes_us = 1000};
	struct sweep_way ways[SWEEP_WAY_MAX];

	cr_assert_eq(sweep_ways(1u << SWEEP_VDD, SWEEP_AT_TRANSACTIONS, &erase, ways), 3);
	cr_expect_eq(sweep_way_delay_us(&ways[2], &erase), 100 + 900);
}

Test(sweep_ways, say_where_they_are)
{
	struct sweep_way ways[SWEEP_WAY_MAX];
	char text[80];

	cr_assert_gt(sweep_ways(SWEEP_CUTS_ALL, SWEEP_AT_TRANSACTIONS, &rows[0].occasion, ways), 0);
	cr_expect_str_eq(sweep_where(&rows[0].occasion, &ways[0], text, sizeof(text)),
		"before DNLOAD (write 0x08004000)");
	cr_assert_gt(sweep_ways(SWEEP_CUTS_ALL, SWEEP_AT_TRANSACTIONS, &rows[6].occasion, ways), 0);
	cr_expect_str_eq(sweep_where(&rows[6].occasion, &ways[0], text, sizeof(text)),
		"erase 0x08004000, 10 %");
}

Test(sweep_ways, phases_follow_each_other)
{
	static const struct {
		struct fault_occasion occasion;
		enum sweep_phase phase;
	} story[] = {
		{{.point = FAULT_REQUEST, .match = "out"}, SWEEP_BEFORE},
		{{.point = FAULT_DFU_CONNECT}, SWEEP_OPENING},
		{{.point = FAULT_REQUEST, .match = "DNLOAD", .also = "erase"}, SWEEP_ERASING},
		{{.point = FAULT_REQUEST, .match = "GETSTATUS"}, SWEEP_ERASING},
		{{.point = FAULT_REQUEST, .match = "DNLOAD", .also = "write"}, SWEEP_WRITING},
		{{.point = FAULT_REQUEST, .match = "UPLOAD"}, SWEEP_READING},
		{{.point = FAULT_REQUEST, .match = "DNLOAD", .also = "leave"}, SWEEP_LEAVING},
		{{.point = FAULT_ECU_CONNECT, .match = "ecu"}, SWEEP_AFTER},
		{{.point = FAULT_REQUEST, .match = "in"}, SWEEP_AFTER},
	};
	enum sweep_phase phase = SWEEP_BEFORE;

	for (size_t i = 0; i < ARRAY_SIZE(story); i++) {
		phase = sweep_phase_next(phase, &story[i].occasion);
		cr_expect_eq(phase, story[i].phase, "row %zu: %s", i,
			names_text(&sweep_phase_names, phase));
	}
}

Test(sweep_again, reads_the_name_of_a_cell)
{
	static const char *const wrong[] = {
		"", "vdd", "vdd@", "vdd@0", "off@1", "vdd@1+", "vdd@1x", "vdd@1+50", "@3"};
	struct sweep_cell cell;

	cr_assert(sweep_cell_parse("brown-out@1234+50%", &cell));
	cr_expect_eq(cell.cut, SWEEP_BROWN_OUT);
	cr_expect_eq(cell.occasion, 1234);
	cr_expect(cell.inside && cell.percent == 50);
	cr_assert(sweep_cell_parse("vdd@7", &cell));
	cr_expect(!cell.inside && cell.occasion == 7);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		cr_expect_not(sweep_cell_parse(wrong[i], &cell), "\"%s\"", wrong[i]);
}
