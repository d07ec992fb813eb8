/* SPDX-License-Identifier: MIT */
/* Cuts and recoveries in a fake world: each need, and each promise that a flasher can break. */
#include "harness/scenario/sweep.h"

#include "harness/scenario/fake_world_test.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define HEAD  "name: s\ntitle: A story\nsource: a test\n"
#define STORY HEAD "flow: auto\nstart: {firmware: old}\nimage: new\nexpect: {outcome: updated}\n"
#define TWICE STORY "sweep: {fake: {tries: 2, because: a test}}\n"

struct fixture {
	struct fake_world world;
	struct sweep_cell cell;
	struct sweep_story story;
	struct why why;
	int runs;  /* of the flasher so far */
	int fails; /* runs after the first that fail */
	bool cut;
};

static struct fixture *fixture_of(struct fake_world *world)
{
	return CONTAINER_OF(world, struct fixture, world);
}

static void begin(struct sweep_story *story)
{
	(void)story;
}

static void end(struct sweep_story *story)
{
	struct fixture *fixture = story->user;

	story->cut = fixture->cut;
	story->cut_us = story->begin_us + 500000;
}

static const struct sweep_story_ops ops = {.begin = begin, .end = end};

static int play(struct fixture *fixture, fake_flasher *flash, const char *yaml)
{
	struct scenario *scenario = NULL;
	int r = scenario_parse(
		"f.yaml", (const uint8_t *)yaml, strlen(yaml), &scenario, &fixture->why);

	cr_assert_eq(r, 0, "%s", why_text(&fixture->why));
	fixture->world.flash = flash;
	fixture->story = (struct sweep_story){
		.scenario = scenario,
		.flasher = &fixture->world.flasher,
		.world = &fixture->world.world,
		.ops = &ops,
		.user = fixture,
		.cell = &fixture->cell,
	};
	r = sweep_story_run(&fixture->story, &fixture->why);
	scenario_free(scenario);
	return r;
}

static void fixture_done(struct fixture *fixture)
{
	fake_world_done(&fixture->world);
}

#define FIXTURE(name)                                                                              \
	CLEANUP(fixture_done) struct fixture name = {.cut = true};                                 \
	fake_world_init(&name.world, 1)

static void say_failed(struct flasher_result *ret)
{
	ret->exit_code = 74;
	ret->reason = FLASHER_WRITE_FAILED;
	fake_say(ret, "it began\nit failed\n");
}

/* In the bootloader, with half of the image written. */
static void write_half(struct fake_world *world, const char *image)
{
	fake_enter_dfu(world);
	fake_pass(world, 1000000);
	fake_write(world, 0, image);
	world->boards[0].flash[90] = 0;
}

/* ---- needs ---- */

static void expect_need(const struct fixture *fixture, enum sweep_need need, unsigned int tries)
{
	const struct sweep_cell *cell = &fixture->cell;

	cr_expect_eq(cell->verdict, VERDICT_PASS, "%s: expected %s, got %s: %s",
		names_text(&verdict_names, cell->verdict), cell->expected, cell->got, cell->why);
	cr_expect_eq(cell->need, need, "%s", names_text(&sweep_need_names, cell->need));
	cr_expect_eq(cell->tries, tries, "%u runs", cell->tries);
	cr_expect_eq(cell->tune, SWEEP_TUNE_KEPT);
}

Test(sweep_story, without_a_cut_the_update_must_succeed)
{
	FIXTURE(f);

	f.cut = false;
	cr_expect_eq(play(&f, fake_good_flasher, STORY), 0, "%s", why_text(&f.why));
	cr_expect_eq(f.story.image_size, FAKE_IMAGE);
	cr_expect_gt(f.story.update_us, 0);
}

static void fails(struct fake_world *world, enum flasher_flow flow, const char *image,
	struct flasher_result *ret)
{
	(void)world;
	(void)flow;
	(void)image;
	say_failed(ret);
}

Test(sweep_story, an_update_that_fails_anyway_proves_nothing)
{
	FIXTURE(f);

	f.cut = false;
	cr_expect_eq(play(&f, fails, STORY), -ECANCELED);
	cr_expect(strstr(why_text(&f.why), "without any cut"), "%s", why_text(&f.why));
}

Test(sweep_story, a_cut_that_did_no_harm_needs_nothing)
{
	FIXTURE(f);

	cr_assert_eq(play(&f, fake_good_flasher, STORY), 0);
	expect_need(&f, SWEEP_NOTHING, 0);
	cr_expect(f.cell.said_success);
}

static void unplugged_once(struct fake_world *world, enum flasher_flow flow, const char *image,
	struct flasher_result *ret)
{
	struct board *board = &world->boards[0].board;

	if (fixture_of(world)->runs++) {
		fake_good_flasher(world, flow, image, ret);
		return;
	}
	write_half(world, image);
	board->ops->set_pin(board, BOARD_USB, false, NULL);
	say_failed(ret);
}

Test(sweep_story, a_board_in_its_bootloader_comes_back_by_running_again)
{
	FIXTURE(f);

	cr_assert_eq(play(&f, unplugged_once, STORY), 0);
	expect_need(&f, SWEEP_RUN_AGAIN, 1);
	cr_expect_not(f.cell.said_success);
	cr_expect_gt(f.cell.recovery_us, 1000000);
}

static void without_power_once(struct fake_world *world, enum flasher_flow flow, const char *image,
	struct flasher_result *ret)
{
	struct board *board = &world->boards[0].board;

	if (fixture_of(world)->runs++) {
		fake_good_flasher(world, flow, image, ret);
		return;
	}
	write_half(world, image);
	board->ops->set_pin(board, BOARD_POWER, false, NULL);
	say_failed(ret);
}

Test(sweep_story, a_torn_image_needs_program_held)
{
	FIXTURE(f);

	cr_assert_eq(play(&f, without_power_once, STORY), 0);
	expect_need(&f, SWEEP_PROGRAM_HELD, 1);
}

static void hangs_once(struct fake_world *world, enum flasher_flow flow, const char *image,
	struct flasher_result *ret)
{
	struct fixture *fixture = fixture_of(world);

	if (fixture->runs++) {
		fake_good_flasher(world, flow, image, ret);
		return;
	}
	/* It was not written to, and does not show itself until it gets power again. */
	world->dfu_delay_us = 60000000;
	fake_enter_dfu(world);
	world->dfu_delay_us = 0;
	fake_pass(world, 1000000);
	say_failed(ret);
}

Test(sweep_story, a_board_that_shows_nothing_is_plugged_anew)
{
	FIXTURE(f);

	cr_assert_eq(play(&f, hangs_once, STORY), 0);
	expect_need(&f, SWEEP_REPLUG, 1);
}

/* ---- promises ---- */

static void expect_fail(const struct fixture *fixture, const char *expected)
{
	const struct sweep_cell *cell = &fixture->cell;

	cr_expect_eq(cell->verdict, VERDICT_FAIL);
	cr_expect(strstr(cell->expected, expected), "expected %s", cell->expected);
	cr_expect(cell->got[0] && cell->why[0]);
}

/* After the first, `fails` runs fail; unless the board has been without power meanwhile. */
static void fails_again(struct fake_world *world, enum flasher_flow flow, const char *image,
	struct flasher_result *ret)
{
	struct fixture *fixture = fixture_of(world);

	if (fixture->runs++ > fixture->fails || world->boards[0].boot > 3) {
		fake_good_flasher(world, flow, image, ret);
		return;
	}
	if (fixture->runs == 1)
		write_half(world, image);
	say_failed(ret);
}

Test(sweep_story, a_board_in_its_bootloader_must_not_need_more_than_the_flasher)
{
	FIXTURE(f);

	f.fails = 1;
	cr_assert_eq(play(&f, fails_again, STORY), 0);
	expect_fail(&f, "a board in its bootloader comes back by running the flasher again");
	cr_expect(strstr(f.cell.why, "it failed"), "%s", f.cell.why);
}

Test(sweep_story, a_flasher_may_be_granted_a_second_try)
{
	FIXTURE(f);

	f.fails = 1;
	cr_assert_eq(play(&f, fails_again, TWICE), 0);
	expect_need(&f, SWEEP_RUN_AGAIN, 2);
}

static void lies(struct fake_world *world, enum flasher_flow flow, const char *image,
	struct flasher_result *ret)
{
	without_power_once(world, flow, image, ret);
	ret->success = true;
}

Test(sweep_story, no_success_is_claimed_over_another_flash)
{
	FIXTURE(f);

	cr_assert_eq(play(&f, lies, STORY), 0);
	expect_fail(&f, "no success is claimed");
}

static void leaves_damaged(struct fake_world *world, enum flasher_flow flow, const char *image,
	struct flasher_result *ret)
{
	if (!fixture_of(world)->runs)
		EVENT_EMIT(
			&world->events, .kind = EVENT_LEAVE, .board = "board", .addr = FAKE_FLASH);
	without_power_once(world, flow, image, ret);
}

Test(sweep_story, the_bootloader_is_left_only_for_the_image)
{
	FIXTURE(f);

	cr_assert_eq(play(&f, leaves_damaged, STORY), 0);
	expect_fail(&f, "the bootloader is left only when");
}

static void loses_tune(struct fake_world *world, enum flasher_flow flow, const char *image,
	struct flasher_result *ret)
{
	memset(world->boards[0].flash + FAKE_SETTINGS, 0xff, FAKE_SECTOR);
	without_power_once(world, flow, image, ret);
}

Test(sweep_story, a_tune_is_not_lost_in_silence)
{
	FIXTURE(f);

	cr_assert_eq(play(&f, loses_tune, STORY), 0);
	expect_fail(&f, "the settings are what they were");
	cr_expect_eq(f.cell.tune, SWEEP_TUNE_LOST);
}

static void never_again(struct fake_world *world, enum flasher_flow flow, const char *image,
	struct flasher_result *ret)
{
	(void)flow;
	if (!fixture_of(world)->runs++)
		write_half(world, image);
	say_failed(ret);
}

Test(sweep_story, a_board_may_be_lost)
{
	FIXTURE(f);

	cr_assert_eq(play(&f, never_again, STORY), 0);
	expect_fail(&f, "the board can be brought back");
	cr_expect_eq(f.cell.need, SWEEP_LOST);
	cr_expect_eq(f.cell.tries, 3, "%u runs", f.cell.tries);
}

Test(sweep_story, the_rig_fails_as_the_rig)
{
	FIXTURE(f);

	f.world.broken = -EIO;
	cr_expect_eq(play(&f, fake_good_flasher, STORY), -EIO);
}
