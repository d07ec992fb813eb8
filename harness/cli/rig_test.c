/* SPDX-License-Identifier: MIT */
/* A rig as `exec`, `flash` and scenarios make it, in this process, on virtual time. */
#include "harness/cli/rig.h"

#include "harness/cli/image_file.h"
#include "harness/testing/temp.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct bench {
	struct virtual_clock clock;
	struct rig rig;
	struct event_sink sink;
	char log[1024]; /* "mode ecu, firmware rusEFI ..., " of what is listened to */
};

static void hear(struct event_sink *sink, const struct event *event)
{
	struct bench *self = CONTAINER_OF(sink, struct bench, sink);
	size_t used = strlen(self->log);

	snprintf(self->log + used, sizeof(self->log) - used, "%s %s%s%s, ",
		event_kind_text(event->kind), event->name ? event->name : "",
		event->name && event->text ? " " : "", event->text ? event->text : "");
}

static const struct event_sink_ops hear_ops = {.name = "log", .emit = hear};

static void begin_or_fail(struct bench *self, const struct rig_options *options)
{
	struct why why = {""};

	*self = (struct bench){.sink.ops = &hear_ops};
	virtual_clock_init(&self->clock);
	cr_assert_eq(
		rig_begin(&self->rig, options, &self->clock.clock, &why), 0, "%s", why_text(&why));
	event_stream_add(&self->rig.events, &self->sink);
}

static void end_or_fail(struct bench *self)
{
	struct why why = {""};

	event_stream_remove(&self->sink);
	cr_assert_eq(rig_finish(&self->rig, &why), 0, "%s", why_text(&why));
}

static enum board_mode mode_of(struct bench *self, unsigned int index)
{
	struct board *board = self->rig.boards[index].board;

	return board->ops->mode(board);
}

static void pin(struct bench *self, enum board_pin which, bool high)
{
	struct board *board = self->rig.boards[0].board;

	cr_assert_eq(board->ops->set_pin(board, which, high, NULL), 0);
}

static void pass_ms(struct bench *self, uint64_t ms)
{
	struct clock *clock = &self->clock.clock;
	uint64_t until_us = clock_after_us(clock, ms * 1000);

	vusb_bus_tick(self->rig.bus);
	while (clock_now_us(clock) < until_us) {
		uint64_t next_us = vusb_bus_deadline_us(self->rig.bus);

		clock_sleep_until_us(clock, next_us < until_us ? next_us : until_us);
		vusb_bus_tick(self->rig.bus);
	}
}

static void expect_heard(struct bench *self, const char *words)
{
	cr_expect_not_null(strstr(self->log, words), "\"%s\" is not in: %s", words, self->log);
}

Test(rig, starts_in_the_bootloader_by_default)
{
	struct bench bench;

	begin_or_fail(&bench, &(struct rig_options){.pace = ROM_PACE_FAST});
	cr_expect_eq(mode_of(&bench, 0), BOARD_DFU);
	cr_expect_not_null(vusb_bus_port(bench.rig.bus, 1)->device);
	end_or_fail(&bench);
}

Test(rig, started_to_run_it_waits_until_the_ecu_is_on_usb)
{
	static const struct {
		const char *image;
		enum board_mode mode;
		bool on_usb;
	} rows[] = {
		{"rusefi-2026", BOARD_ECU, true},
		{"rusefi-2021-unpaged", BOARD_ECU, true},
		{"rusefi-2026-openblt", BOARD_ECU, true},
		{"openblt-only", BOARD_OPENBLT, true},
		{"rusefi-2026-proteus-f7", BOARD_DEAD, false},
		{NULL, BOARD_DEAD, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (enum rom_pace pace = 0; pace < ROM_PACE_COUNT; pace++) {
			struct rig_options options = {.start = RIG_START_RUN,
				.pace = pace,
				.board_count = 1,
				.boards[0].name = "f407-discovery",
				.boards[0].flash = rows[i].image};
			struct bench bench;

			begin_or_fail(&bench, &options);
			cr_expect_eq(mode_of(&bench, 0), rows[i].mode, "%s: mode %d", rows[i].image,
				(int)mode_of(&bench, 0));
			cr_expect_eq(vusb_bus_port(bench.rig.bus, 1)->device != NULL,
				rows[i].on_usb, "%s", rows[i].image);
			end_or_fail(&bench);
		}
}

Test(rig, takes_a_flash_as_bytes)
{
	CLEANUP(image_file_done) struct image_file image = {0};
	struct rig_options options = {
		.start = RIG_START_RUN, .board_count = 2, .boards[0].name = "f407-discovery"};
	struct bench bench;

	cr_assert_eq(image_file_load("rusefi-2025", &image, NULL), 0);
	options.boards[1] = (struct rig_board_options){.name = "f407-discovery",
		.flash_data = image.bytes.data,
		.flash_size = image.bytes.size};
	begin_or_fail(&bench, &options);
	cr_expect_eq(mode_of(&bench, 0), BOARD_DEAD);
	cr_expect_eq(mode_of(&bench, 1), BOARD_ECU);
	cr_expect_str_eq(bench.rig.boards[1].events.runs,
		"rusEFI main.2025.01.01.f407-discovery.1205846173");
	end_or_fail(&bench);
}

Test(rig, tells_what_runs_and_which_fault_fired)
{
	struct fault_plan faults = {0};
	const struct fault_rule rule = {.points = 1u << FAULT_BOARD_RESET,
		.match = "power",
		.nth = 1,
		.times = 1,
		.action = FAULT_LOSE_RAM};
	struct rig_options options = {.start = RIG_START_OFF,
		.faults = &faults,
		.board_count = 1,
		.boards[0] = {.name = "f407-discovery", .flash = "rusefi-2026"}};
	struct bench bench;

	cr_assert_eq(fault_add(&faults, &rule), 0);
	begin_or_fail(&bench, &options);
	pin(&bench, BOARD_POWER, true);
	pass_ms(&bench, 1000);
	expect_heard(&bench, "mode reset, ");
	expect_heard(&bench, "fault board-reset power: lose-ram, ");
	expect_heard(&bench, "firmware rusEFI main.2026.07.14.f407-discovery.3461352391, ");
	expect_heard(&bench, "tune ");
	expect_heard(&bench, "mode ecu, ");
	cr_expect_null(fault_never_fired(&faults));
	end_or_fail(&bench);
}

Test(rig, says_why_a_board_is_dead)
{
	struct rig_options options = {.start = RIG_START_OFF,
		.board_count = 1,
		.boards[0] = {.name = "f407-discovery", .flash = "rusefi-2026-proteus-f7"}};
	struct bench bench;

	begin_or_fail(&bench, &options);
	pin(&bench, BOARD_POWER, true);
	pass_ms(&bench, 1000);
	expect_heard(&bench, "mode dead the vector table's stack is not in this chip's RAM");
	end_or_fail(&bench);
}

Test(rig, a_file_comes_before_an_image_of_the_same_name)
{
	static const uint8_t bytes[] = {0x12, 0x34};
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	struct rig_options options = {.start = RIG_START_OFF,
		.board_count = 1,
		.boards[0] = {.name = "f407-discovery",
			.flash = temp_file_or_fail(&dir, "rusefi-2026", bytes, sizeof(bytes))}};
	uint8_t back[2];
	struct bench bench;

	begin_or_fail(&bench, &options);
	cr_assert_eq(bench.rig.boards[0].board->ops->read_flash(
			     bench.rig.boards[0].board, 0x08000000, back, 2),
		0);
	cr_expect_arr_eq(back, bytes, 2);
	end_or_fail(&bench);
}

Test(rig, a_flash_that_is_neither_file_nor_image_is_refused)
{
	static const struct {
		const char *flash, *says;
		int r;
	} rows[] = {
		{"rusefi-1999", "no image \"rusefi-1999\"; there are: ", -ENOENT},
		{"none/rusefi.bin", "none/rusefi.bin", -ENOENT},
		{"none/rusefi.yaml", "none/rusefi.yaml", -ENOENT},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rig_options options = {.board_count = 1,
			.boards[0] = {.name = "f407-discovery", .flash = rows[i].flash}};
		struct virtual_clock clock;
		struct why why = {""};
		struct rig rig;

		virtual_clock_init(&clock);
		cr_expect_eq(rig_begin(&rig, &options, &clock.clock, &why), rows[i].r, "%s",
			rows[i].flash);
		cr_expect_not_null(strstr(why.text, rows[i].says), "%s", why.text);
	}
}

Test(rig, the_same_seed_gives_the_same_garbage_in_ram)
{
	uint8_t ram[3][16];

	for (size_t i = 0; i < 3; i++) {
		struct rig_options options = {.start = RIG_START_OFF, .seed = i / 2};
		struct bench bench;

		begin_or_fail(&bench, &options);
		cr_assert_eq(memory_peek(stm32_board_memory(bench.rig.boards[0].board), 0x2001fff0,
				     ram[i], 16),
			0);
		end_or_fail(&bench);
	}
	cr_expect_arr_eq(ram[0], ram[1], 16);
	cr_expect_arr_neq(ram[0], ram[2], 16);
}
