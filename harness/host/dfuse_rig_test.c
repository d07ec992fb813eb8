/* SPDX-License-Identifier: MIT */
#include "harness/host/dfuse_rig_test.h"

#include "harness/base/rng.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void take_fact(struct rom_observer *observer, const struct rom_fact *fact)
{
	struct dfuse_rig *rig = CONTAINER_OF(observer, struct dfuse_rig, observer);

	if (fact->kind == ROM_FACT_ERASE)
		rig->erased[fact->index]++;
	if (fact->kind == ROM_FACT_MASS_ERASE)
		rig->mass_erased++;
	if (fact->kind == ROM_FACT_PROGRAM)
		rig->programmed += fact->size;
}

static void take_progress(void *user, const struct dfuse_progress *progress)
{
	struct dfuse_rig *rig = user;
	bool same = rig->phases[progress->phase] > 0;

	if (progress->done > progress->total || (same && progress->done < rig->last.done) ||
		(!same && progress->phase < rig->last.phase))
		rig->went_back = true;
	rig->last = *progress;
	rig->phases[progress->phase]++;
}

static void make_board(struct dfuse_rig *rig, enum rom_pace pace)
{
	struct stm32_board_config config = {
		.name = "board",
		.chip = "stm32f407xg",
		.pace = pace,
		.observer = &rig->observer,
	};

	cr_assert_eq(stm32_board_new(&config, rig->usb.bus, vusb_bus_port(rig->usb.bus, 1),
			     &rig->board, &rig->why),
		0, "%s", rig->why.text);
	rig->memory = stm32_board_memory(rig->board);
	cr_assert_eq(rig->board->ops->set_pin(rig->board, BOARD_BOOT0, true, NULL), 0);
	cr_assert_eq(rig->board->ops->set_pin(rig->board, BOARD_POWER, true, NULL), 0);
	clock_sleep_until_us(rig->usb.host->clock, 1000000);
}

void dfuse_rig_init(struct dfuse_rig *rig, enum rom_pace pace)
{
	const struct dfuse_filter any = {NULL, NULL};

	*rig = (struct dfuse_rig){.observer.fact = take_fact};
	usb_rig_init_or_fail(&rig->usb);
	make_board(rig, pace);
	spoil_tap_add(&rig->spoil, rig->usb.bus);
	cr_assert_eq(
		dfuse_find(rig->usb.host, &any, &rig->entry, &rig->why), 0, "%s", rig->why.text);
	cr_assert_eq(dfuse_client_open(&rig->client, rig->usb.host, &rig->entry, &rig->why), 0,
		"%s", rig->why.text);
	rig->client.on_progress = take_progress;
	rig->client.user = rig;
}

void dfuse_rig_done(struct dfuse_rig *rig)
{
	dfuse_client_close(&rig->client);
	spoil_tap_remove(&rig->spoil);
	rig->board->ops->free(rig->board);
	usb_rig_done(&rig->usb);
}

int dfuse_rig_update(struct dfuse_rig *rig, uint32_t addr, const uint8_t *data, size_t size,
	const struct dfuse_options *options)
{
	struct image_element element = {.addr = addr, .data = (uint8_t *)data, .size = size};
	CLEANUP(image_done) struct image image = {.addressed = true};

	cr_assert_eq(image_add_target(&image, 0, NULL), 0);
	cr_assert_eq(image_add_element(&image, &element, NULL), 0);
	return dfuse_update(&rig->client, &image, options, &rig->result, &rig->why);
}

void dfuse_rig_expect_flash(struct dfuse_rig *rig, uint32_t addr, const uint8_t *data, size_t size)
{
	uint8_t *all = malloc(FLASH_SIZE);

	cr_assert_not_null(all);
	cr_assert_eq(rig->board->ops->read_flash(rig->board, FLASH, all, FLASH_SIZE), 0);
	cr_expect_eq(memcmp(all + (addr - FLASH), data, size), 0, "the bytes are there");
	memset(all + (addr - FLASH), 0xff, size);
	for (size_t i = 0; i < FLASH_SIZE; i++)
		cr_assert_eq(all[i], 0xff, "0x%08zx is not erased", FLASH + i);
	free(all);
}

uint64_t dfuse_rig_now_us(const struct dfuse_rig *rig)
{
	return clock_now_us(&rig->usb.clock.clock);
}

void dfuse_rig_pattern(uint8_t *data, size_t size)
{
	struct rng rng = {.state = 1};

	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)rng_below(&rng, 0xff);
}
