/* SPDX-License-Identifier: MIT */
#include "harness/scenario/fake_world_test.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_US 10000

struct fake_image {
	const char *name;
	const char *signature;
	const char *start; /* of its bytes */
};

static const struct fake_image images[] = {
	{"old", "rusEFI main.2025.01.01.f407-discovery.1", "ECU old"},
	{"new", "rusEFI main.2026.07.14.f407-discovery.2", "ECU new"},
	{"alien", "", "F7 code"},
};

static uint8_t image_data[ARRAY_SIZE(images)][FAKE_IMAGE];

static const uint8_t *data_of(size_t i)
{
	memset(image_data[i], 0x5a, FAKE_IMAGE);
	memcpy(image_data[i], images[i].start, strlen(images[i].start));
	return image_data[i];
}

/* ---- boards ---- */

static struct fake_board *board_of(const struct board *board)
{
	return CONTAINER_OF((struct board *)board, struct fake_board, board);
}

static const struct fake_image *image_in(const struct fake_board *board)
{
	for (size_t i = 0; i < ARRAY_SIZE(images); i++)
		if (memcmp(board->flash, data_of(i), FAKE_IMAGE) == 0)
			return &images[i];
	return NULL;
}

static void add_timer(struct fake_world *world, struct fake_timer timer)
{
	for (size_t i = 0; i < FAKE_TIMERS; i++)
		if (world->timers[i].at_us == CLOCK_NEVER) {
			world->timers[i] = timer;
			return;
		}
	cr_assert_fail("too many timers");
}

static void set_plugged(struct fake_board *board, bool plugged)
{
	bool dfu = board->mode == BOARD_DFU;

	if (plugged == board->plugged)
		return;
	board->plugged = plugged;
	EVENT_EMIT(&board->world->events, .kind = plugged ? EVENT_PLUGGED : EVENT_UNPLUGGED,
		.board = board->board.name, .vid = 0x0483, .pid = dfu ? 0xdf11 : 0x5740);
}

static void appear(struct fake_board *board)
{
	if (board->pins[BOARD_USB] && board->pins[BOARD_VBUS])
		set_plugged(board, true);
}

static void boot(struct fake_board *board)
{
	const struct fake_image *image = image_in(board);
	struct fake_world *world = board->world;
	bool dfu = board->pins[BOARD_BOOT0] || board->magic;
	bool ecu = image && image->signature[0];

	set_plugged(board, false);
	board->boot++;
	board->magic = false;
	if (!board->pins[BOARD_POWER] || board->pins[BOARD_NRST]) {
		board->mode = board->pins[BOARD_POWER] ? BOARD_RESET : BOARD_OFF;
		return;
	}
	board->mode = dfu ? BOARD_DFU : ecu ? BOARD_ECU : BOARD_DEAD;
	if (dfu || ecu)
		add_timer(world, (struct fake_timer){
					 .at_us = world->clock.time_us + START_US +
						  (dfu ? world->dfu_delay_us : world->ecu_delay_us),
					 .board = board,
					 .boot = board->boot,
				 });
}

static int set_pin(struct board *port, enum board_pin pin, bool high, struct why *why)
{
	struct fake_board *board = board_of(port);

	(void)why;
	if (board->pins[pin] == high)
		return 0;
	board->pins[pin] = high;
	if (pin == BOARD_POWER || pin == BOARD_NRST)
		boot(board);
	else if (pin == BOARD_USB || pin == BOARD_VBUS)
		set_plugged(board, high && (board->mode == BOARD_ECU || board->mode == BOARD_DFU));
	return 0;
}

static bool get_pin(const struct board *port, enum board_pin pin)
{
	return board_of(port)->pins[pin];
}

static enum board_mode mode(const struct board *port)
{
	return board_of(port)->mode;
}

static int read_flash(struct board *port, uint32_t addr, uint8_t *ret_data, size_t size)
{
	memcpy(ret_data, board_of(port)->flash + (addr - FAKE_FLASH), size);
	return 0;
}

void fake_reset(struct fake_board *board)
{
	boot(board);
}

/* ---- time ---- */

static struct fake_timer *next_timer(struct fake_world *world)
{
	struct fake_timer *next = &world->timers[0];

	for (size_t i = 1; i < FAKE_TIMERS; i++)
		if (world->timers[i].at_us < next->at_us)
			next = &world->timers[i];
	return next;
}

static void fire(struct fake_world *world, struct fake_timer *timer)
{
	struct fake_timer copy = *timer;

	timer->at_us = CLOCK_NEVER;
	if (copy.at_us > world->clock.time_us)
		world->clock.time_us = copy.at_us;
	if (!copy.board)
		copy.fn(copy.user);
	else if (copy.board->boot == copy.boot)
		appear(copy.board);
}

static struct fake_world *world_of(struct world *world)
{
	return CONTAINER_OF(world, struct fake_world, world);
}

static int run_until(struct world *world, bool (*done)(void *user), void *user, uint64_t until_us,
	struct why *why)
{
	struct fake_world *fake = world_of(world);
	bool is_done = done && done(user);

	if (fake->broken)
		return why_set(why, fake->broken, "the rig is broken");
	while (!is_done) {
		struct fake_timer *timer = next_timer(fake);

		if (timer->at_us > until_us) {
			fake->clock.time_us = until_us;
			return -ETIMEDOUT;
		}
		fire(fake, timer);
		is_done = done && done(user);
	}
	return 0;
}

void fake_pass(struct fake_world *world, uint64_t us)
{
	run_until(&world->world, NULL, NULL, world->clock.time_us + us, NULL);
}

static int at(struct world *world, uint64_t when_us, void (*fn)(void *user), void *user)
{
	add_timer(world_of(world), (struct fake_timer){.at_us = when_us, .fn = fn, .user = user});
	return 0;
}

/* ---- programs ---- */

void fake_say(struct flasher_result *ret, const char *text)
{
	buf_init(&ret->output, 1000);
	cr_assert_eq(buf_append(&ret->output, text, strlen(text)), 0);
}

void fake_enter_dfu(struct fake_world *world)
{
	if (world->boards[0].mode != BOARD_ECU)
		return;
	world->boards[0].magic = !world->ecu_forgets;
	fake_reset(&world->boards[0]);
}

static int run_program(struct world *world, char *const argv[], uint32_t limit_ms,
	struct world_program *ret, struct why *why)
{
	struct fake_world *fake = world_of(world);

	(void)limit_ms;
	(void)why;
	fake->ran[0] = '\0';
	for (size_t i = 0, used = 0; argv[i] && used < sizeof(fake->ran); i++)
		used += (size_t)snprintf(
			fake->ran + used, sizeof(fake->ran) - used, "%s%s", i ? " " : "", argv[i]);
	ret->missing = fake->program_missing;
	if (strcmp(argv[0], "dfurig") == 0 && strcmp(argv[2], "reboot-dfu") == 0 &&
		!fake->program_exit) {
		fake_enter_dfu(fake);
		return 0;
	}
	ret->exit_code = fake->program_exit;
	buf_init(&ret->output, 1000);
	return fake->program_says
		       ? buf_append(&ret->output, fake->program_says, strlen(fake->program_says))
		       : 0;
}

/* The path of an image is its name. */
void fake_write(struct fake_world *world, size_t board, const char *image_path)
{
	for (size_t i = 0; i < ARRAY_SIZE(images); i++)
		if (strcmp(images[i].name, image_path) == 0)
			memcpy(world->boards[board].flash, data_of(i), FAKE_IMAGE);
	for (uint32_t sector = 0; sector < 2 && board == 0; sector++) {
		EVENT_EMIT(&world->events, .kind = EVENT_ERASE, .board = "board",
			.addr = FAKE_FLASH + sector * FAKE_SECTOR, .size = FAKE_SECTOR,
			.sector = sector);
		EVENT_EMIT(&world->events, .kind = EVENT_PROGRAM, .board = "board",
			.addr = FAKE_FLASH + sector * FAKE_SECTOR,
			.size = sector ? FAKE_IMAGE - FAKE_SECTOR : FAKE_SECTOR);
	}
}

void fake_good_flasher(struct fake_world *world, enum flasher_flow flow, const char *image_path,
	struct flasher_result *ret)
{
	if (flow == FLASHER_AUTO)
		fake_enter_dfu(world);
	fake_pass(world, 1000000);
	if (world->boards[0].mode != BOARD_DFU || !world->boards[0].plugged) {
		ret->exit_code = 74;
		ret->reason = FLASHER_NO_DFU;
		fake_say(ret, "No DFU capable USB device available\n");
		return;
	}
	fake_write(world, 0, image_path);
	fake_pass(world, 1000000);
	fake_reset(&world->boards[0]);
	ret->success = true;
	fake_say(ret, "Done\n");
}

static int run_flasher(struct world *world, const struct flasher_job *job,
	struct flasher_result *ret, struct why *why)
{
	struct fake_world *fake = world_of(world);

	(void)why;
	fake->limit_ms = job->limit_ms;
	fake->flash(fake, job->flow, job->image, ret);
	return 0;
}

/* ---- the second channel ---- */

static int set_host(struct world *world, const struct world_host *host, struct why *why)
{
	(void)why;
	world_of(world)->host = *host;
	return 0;
}

static int windows(struct world *world, const struct world_windows *what, struct why *why)
{
	struct fake_world *fake = world_of(world);

	fake->windows = *what;
	snprintf(fake->windows_driver, sizeof(fake->windows_driver), "%s", what->driver);
	return fake->windows_answer ? why_set(why, fake->windows_answer, "Access is denied.") : 0;
}

static int image(struct world *world, const char *name, struct world_image *ret, struct why *why)
{
	(void)world;
	for (size_t i = 0; i < ARRAY_SIZE(images); i++)
		if (strcmp(images[i].name, name) == 0) {
			*ret = (struct world_image){
				.path = images[i].name,
				.signature = images[i].signature,
				.addr = FAKE_FLASH,
				.data = data_of(i),
				.size = FAKE_IMAGE,
				.settings_addr = {images[i].signature[0]
							  ? FAKE_FLASH + FAKE_SETTINGS
							  : 0},
			};
			return 0;
		}
	return why_set(why, -ENOENT, "no image \"%s\"", name);
}

static int copy_tune(const uint8_t *tune, uint8_t **ret, size_t *ret_size)
{
	*ret = malloc(FAKE_TUNE);
	cr_assert_not_null(*ret);
	memcpy(*ret, tune, FAKE_TUNE);
	*ret_size = FAKE_TUNE;
	return 0;
}

static int tune(
	struct world *world, struct board *port, uint8_t **ret, size_t *ret_size, struct why *why)
{
	const struct fake_board *board = board_of(port);
	const struct fake_image *in = image_in(board);
	const uint8_t *at_settings = board->flash + FAKE_SETTINGS;

	(void)world;
	(void)why;
	if (!in || !in->signature[0] || at_settings[0] == 0xff)
		return -ENODATA;
	return copy_tune(at_settings, ret, ret_size);
}

static int default_tune(
	struct world *world, struct board *port, uint8_t **ret, size_t *ret_size, struct why *why)
{
	const struct fake_image *in = image_in(board_of(port));

	(void)world;
	(void)why;
	if (!in || !in->signature[0])
		return -ENODATA;
	return copy_tune((const uint8_t *)"factory!", ret, ret_size);
}

static int signature(
	struct world *world, struct board *port, char *ret, size_t room, struct why *why)
{
	const struct fake_image *in = image_in(board_of(port));

	(void)world;
	(void)why;
	snprintf(ret, room, "%s", in ? in->signature : "");
	return 0;
}

static int sector(struct world *world, const struct board *board, size_t index, uint32_t *ret_addr,
	uint32_t *ret_size)
{
	(void)world;
	(void)board;
	if (index >= FAKE_SECTORS)
		return -ENOENT;
	*ret_addr = FAKE_FLASH + (uint32_t)index * FAKE_SECTOR;
	*ret_size = FAKE_SECTOR;
	return 0;
}

static const char *unfired(struct world *world)
{
	return world_of(world)->unfired;
}

/* ---- all of it ---- */

static void keep(struct event_sink *sink, const struct event *event)
{
	struct fake_world *world = CONTAINER_OF(sink, struct fake_world, sink);
	struct fake_seen *seen = &world->seen[world->seen_count];

	if (world->seen_count == FAKE_EVENTS)
		return;
	world->seen_count++;
	seen->kind = event->kind;
	seen->level = event->level;
	seen->sector = event->sector;
	snprintf(seen->name, sizeof(seen->name), "%s", event->name ? event->name : "");
	snprintf(seen->expected, sizeof(seen->expected), "%s",
		event->expected ? event->expected : "");
	snprintf(seen->text, sizeof(seen->text), "%s", event->text ? event->text : "");
}

static void init_board(struct fake_world *world, size_t i)
{
	static const struct board_ops ops = {
		.set_pin = set_pin,
		.get_pin = get_pin,
		.mode = mode,
		.read_flash = read_flash,
	};
	struct fake_board *board = &world->boards[i];

	*board = (struct fake_board){
		.board = {.ops = &ops, .flash_addr = FAKE_FLASH, .flash_size = FAKE_SIZE},
		.world = world,
		.pins = {[BOARD_USB] = true, [BOARD_DATA] = true, [BOARD_VBUS] = true},
	};
	snprintf(board->board.name, sizeof(board->board.name), i ? "board-2" : "board");
	memset(board->flash, 0xff, FAKE_SIZE);
	memcpy(board->flash, data_of(0), FAKE_IMAGE);
	memcpy(board->flash + FAKE_SETTINGS, "my tune!", FAKE_TUNE);
	world->world.boards[i] = &board->board;
}

void fake_world_init(struct fake_world *fake, size_t count)
{
	static const struct event_sink_ops sink_ops = {.name = "keep", .emit = keep};
	static const struct world_ops ops = {
		.name = "unreal",
		.run_until = run_until,
		.run_program = run_program,
		.run_flasher = run_flasher,
		.set_host = set_host,
		.windows = windows,
		.at = at,
		.image = image,
		.tune = tune,
		.default_tune = default_tune,
		.sector = sector,
		.unfired = unfired,
		.signature = signature,
	};

	*fake = (struct fake_world){.flash = fake_good_flasher};
	virtual_clock_init(&fake->clock);
	event_stream_init(&fake->events, &fake->clock.clock);
	fake->sink.ops = &sink_ops;
	event_stream_add(&fake->events, &fake->sink);
	fake->world = (struct world){
		.ops = &ops,
		.clock = &fake->clock.clock,
		.events = &fake->events,
		.board_count = count,
	};
	for (size_t i = 0; i < FAKE_TIMERS; i++)
		fake->timers[i].at_us = CLOCK_NEVER;
	for (size_t i = 0; i < count; i++)
		init_board(fake, i);
	snprintf(fake->flasher.name, sizeof(fake->flasher.name), "fake-tool");
	fake->flasher.flows[FLASHER_AUTO] = fake->flasher.flows[FLASHER_MANUAL] = true;
}

void fake_world_done(struct fake_world *fake)
{
	event_stream_remove(&fake->sink);
}

enum verdict fake_run(struct fake_world *fake, const char *yaml, struct why *reason)
{
	struct scenario *scenario = NULL;
	enum verdict verdict;
	struct why why = {""};
	int r = scenario_parse("f.yaml", (const uint8_t *)yaml, strlen(yaml), &scenario, &why);

	cr_assert_eq(r, 0, "%s", why_text(&why));
	r = scenario_run(scenario, &fake->flasher, &fake->world, &verdict, reason);
	scenario_free(scenario);
	cr_assert_eq(r, 0);
	return verdict;
}

const struct fake_seen *fake_find(
	const struct fake_world *fake, enum event_kind kind, const char *name)
{
	for (size_t i = fake->seen_count; i-- > 0;)
		if (fake->seen[i].kind == kind && strcmp(fake->seen[i].name, name) == 0)
			return &fake->seen[i];
	return NULL;
}
